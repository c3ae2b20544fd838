"""Experiments, runs and versions in, the Markdown that MLflow shows at the head of their pages out.

Each says what it is, what data it is about, its scores with intervals, what the audits found, what limits it,
and how to go on: so that the first screen answers which classifier is better, or links to what does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.reports.model_card import card_of
from harness.reports.run_summary import Summary
from harness.serving.trust import trust_line
from harness.tracking import names
from harness.values.commands import command_line
from harness.values.formatting import counted, interval, number
from harness.values.legacy import current_metrics, current_tags

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run

    from harness.config.plan import Plan
    from harness.tracking.store import Store

NOTE = "mlflow.note.content"
RESULTS, ABOUT = "#### Results", "#### About"
"""Headings of an experiment's description; what is before the second is written anew with every run."""

PAGE = "comparison.html"
"""The page of a comparison, in the files of its run."""

COMPARISONS = "-comparisons"
"""End of the name of the experiment that holds the comparisons of another."""

MAX_ROWS, MAX_LETTERS = 25, 4900
"""Rows of the table of results, and letters of a description: MLflow keeps 5,000 of an experiment's."""

HOW_TO_READ = (
    "Each run is a classifier and complete: scores with 95 % interval (`…_low`, `…_high`) and standard"
    " deviation over seeds (`…_seed_sd`), predictions, figures, `report.html`, model; every other number is"
    " in its `measures.csv`. Its child runs are its trials: seed × fold."
)


def experiment_head(plan: Plan) -> str:
    """Say what an experiment is about; the results follow it."""
    lines = [
        plan.config.description,
        f"**{plan.config.task}** on `{plan.corpus.kind}`; chosen by `{plan.primary.name}` on validation.",
        HOW_TO_READ,
    ]
    return "\n\n".join(line for line in lines if line)


def describe_experiment(store: Store, experiment_id: str, head: str = "") -> None:
    """Write the description of an experiment: what it is about, its results, and its latest comparison.

    Parameters
    ----------
    store : Store
    experiment_id : str
    head : str
        See :func:`experiment_head`; left out, that of the present description.
    """
    experiment = store.client.get_experiment(experiment_id)
    present = experiment.tags.get(NOTE, "")
    results, has_results, _ = present.partition(f"\n\n{ABOUT}\n\n")
    if head and has_results:
        # Before anything is run: the results are those of the last time.
        _set_note(store, experiment, f"{results}{has_results}{head}")
        return
    head = head or present.partition(f"{RESULTS}\n\n")[2].partition(f"\n\n{ABOUT}\n\n")[2]
    runs = _newest(store, experiment_id)
    # The answer first: of a closed description the UI shows the first line alone.
    first = [_which_is_better(store, experiment.name)] if len(runs) > 1 else []
    parts = [*first, RESULTS, _table(runs) if runs else "No classifier is finished.", ABOUT, head]
    _set_note(store, experiment, "\n\n".join(part for part in parts if part))


def _set_note(store: Store, experiment: Experiment, note: str) -> None:
    if note[:MAX_LETTERS] != experiment.tags.get(NOTE, ""):
        store.client.set_experiment_tag(experiment.experiment_id, NOTE, note[:MAX_LETTERS])


def run_link(run: Run) -> str:
    """Return the address of a run inside the MLflow UI, wherever that runs."""
    return f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def _newest(store: Store, experiment_id: str) -> list[Run]:
    """Return the newest finished run of each classifier, the best on test first."""
    runs = store.client.search_runs(
        [experiment_id],
        f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time ASC"],
    )
    newest = list({run.info.run_name: run for run in runs}.values())
    scored = {id(run): _primary(run, "test") for run in newest}
    # Without a score last.
    return sorted(newest, key=lambda run: -_signed(run, scored[id(run)]))


def _signed(run: Run, score: float | None) -> float:
    if score is None:
        return float("-inf")
    return -score if run.data.tags.get(names.DIRECTION) == "lower" else score


def _primary(run: Run, split: str, end: str = "") -> float | None:
    value = current_metrics(run.data.metrics).get(f"{split}/{run.data.tags.get(names.PRIMARY)}{end}")
    return float(value) if value is not None else None


def _table(runs: Sequence[Run]) -> str:
    metric = runs[0].data.tags.get(names.PRIMARY, "score")
    lines = [
        f"| classifier | {metric} on test | 95 % interval | on validation | audits |",
        "|---|---|---|---|---|",
    ]
    nan = float("nan")
    for run in runs[:MAX_ROWS]:
        value, low, high = (_primary(run, "test", end) for end in ("", "_low", "_high"))
        cells = [
            f"[{_plain(run.info.run_name)}]({run_link(run)})",
            number(nan if value is None else value),
            interval(nan if low is None else low, nan if high is None else high),
            number(_or_nan(_primary(run, "validation"))),
            current_tags(run.data.tags).get(names.AUDITS, ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if len(runs) > MAX_ROWS:
        lines.append(f"\n{len(runs) - MAX_ROWS} more are in the table of runs.")
    return "\n".join(lines)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain(text: str) -> str:
    """Escape what would end a cell or a link of Markdown."""
    return "".join(f"\\{letter}" if letter in "\\|[]*_`<>" else letter for letter in text)


def _which_is_better(store: Store, experiment: str) -> str:
    """Say what the latest comparison found, with a link to it; without one, how to compare."""
    run = latest_comparison(store, experiment)
    if run is None:
        return f"Which is better and why: `{command_line('compare', experiment=experiment)}`."
    first = run.data.tags.get(NOTE, "").partition("\n")[0].removeprefix("- ")
    # The link first: MLflow cuts a closed description off after one line.
    return f"[**Which is better, and why:**]({run_link(run)}/artifacts/{PAGE}) {first}"


def latest_comparison(store: Store, experiment: str) -> Run | None:
    """Return the newest finished comparison of an experiment; None where there is none."""
    home = store.client.get_experiment_by_name(f"{experiment}{COMPARISONS}")
    if home is None:
        return None
    runs = store.client.search_runs(
        [home.experiment_id],
        f"tags.`{names.ROLE}` = '{names.COMPARISON}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return runs[0] if runs else None


def run_note(summary: Summary, run_id: str = "") -> str:
    """Describe a run: trust line, scores, audits, data, limits, and how to load its model.

    Parameters
    ----------
    summary : Summary
    run_id : str
        Names the model in the line that loads it; left out where there is none.
    """
    sections = [
        trust_line(card_of(summary)),
        _scores(summary),
        _findings(summary),
        _data(summary),
        _limits(summary),
        f'**Load it:** `harness.load("runs:/{run_id}")` in Python.' if run_id else "",
        "**Read on:** `report.html`, `figures/` and `measures.csv` under Artifacts.",
    ]
    return "\n\n".join(section for section in sections if section)[:MAX_LETTERS]


def _scores(summary: Summary) -> str:
    experiment, rows = summary.experiment, summary.scores
    labels = {key for metric in experiment.metrics if metric.per_label for key in metric.keys(summary.labels)}
    test = [row for row in rows[rows["split"] == "test"].to_dict("records") if row["metric"] not in labels]
    # The primary metric first: the others are in the order of the config.
    test.sort(key=lambda row: row["metric"] != experiment.primary.name)
    baseline = summary.baseline
    always = f" {baseline.words.capitalize()} scores {number(baseline.value)}." if baseline else ""
    n_items, n_groups = len(summary.test), summary.n_groups
    groups = f" in {counted(n_groups, 'group')}" if n_groups < n_items else ""
    head = (
        f"**Scores** on {counted(n_items, 'test item')}"
        f"{groups}, mean over"
        f" {counted(len(summary.seeds), 'seed')}.{always}"
    )
    table = [
        f"| {row['metric']} | {number(row['value'])} | {interval(row['low'], row['high'])}"
        f" | {number(row['seed_sd'])} |"
        for row in test
    ]
    return "\n".join(
        [f"{head}\n", "| metric | value | 95 % interval | seed sd |", "|---|---|---|---|", *table]
    )


def _findings(summary: Summary) -> str:
    findings = [finding for finding in summary.result.findings if finding.verdict not in QUIET]
    lines = [
        f"- {finding.audit.replace('_', ' ')}: {finding.verdict}. {finding.sentence}" for finding in findings
    ]
    return "\n".join([f"**Audits:** {summary.audits_in_short}.", *lines])


QUIET = ("passed", "not applicable")
"""Verdicts that a description counts, and does not explain."""


def _data(summary: Summary) -> str:
    corpus, split = summary.experiment.corpus, summary.experiment.split
    about = f": {corpus.card.description}" if corpus.card is not None else "."
    return (
        f"**Data:** {corpus.name}, {counted(corpus.size, 'row')}; split {split.kind}"
        f" ({', '.join(f'{part} {size:,}' for part, size in split.sizes.items())}){about}"
    )


def _limits(summary: Summary) -> str:
    limits = summary.limitations
    return "\n".join(["**Limits:**", *(f"- {limit}" for limit in limits)]) if limits else ""


def version_note(tags: Mapping[str, str]) -> str:
    """Describe a registered version by the tags of its run: the run's own description."""
    return tags.get(NOTE, "")


def describe_champion(store: Store, model_name: str, alias: str) -> None:
    """Write the description of a registered model: what its champion is, and how to label with it.

    Parameters
    ----------
    store : Store
    model_name : str
    alias : str
        Of the champion.
    """
    from mlflow.exceptions import MlflowException

    # A description is no reason to fail a promotion that has happened.
    with contextlib.suppress(MlflowException):
        version = store.client.get_model_version_by_alias(model_name, alias)
        tags = store.client.get_run(version.run_id).data.tags if version.run_id else {}
        store.client.update_registered_model(
            model_name, registered_note(model_name, alias, str(version.version), tags)
        )


def registered_note(model_name: str, alias: str, version: str, tags: Mapping[str, str]) -> str:
    """Return the description of a registered model.

    Parameters
    ----------
    model_name, alias, version : str
    tags : mapping
        Of the champion's run; empty where that is unknown.
    """
    address = f"models:/{model_name}@{alias}"
    label = command_line("predict", model=address, input="sentences.csv", output="labelled.csv")
    lines = [
        f"The version with the alias `{alias}`, now version {version}, labels.",
        f"**How far to trust it:** {tags[names.TRUST]}" if names.TRUST in tags else "",
        f"**Label a file:** `{label}`",
        f'**Load it:** `harness.load("{address}")` in Python; `print(model.card)` says what it is.',
        f"**Go back** to the champion before it: `{command_line('rollback', model_name)}`.",
    ]
    return "\n\n".join(line for line in lines if line)
