"""A Comparison in, an MLflow run of its own out: tables, figures and a page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from harness.reports.comparison_page import comparison_page
from harness.reports.comparison_reasons import ComparisonReasons, reason_sentences
from harness.reports.forest import forest_png, tie_groups_png
from harness.scoring.comparison import Comparison
from harness.scoring.comparison.conclusions import conclusions, power
from harness.tracking import contents, context, descriptions, names, sending
from harness.tracking.finished_runs import file_of
from harness.tracking.store import Store
from harness.tracking.store.lease import Lease
from harness.tracking.store.ownership import Owner
from harness.values.commands import command_line
from harness.values.spreadsheets import frame_text
from harness.values.tables import fingerprint
from harness.values.version import VERSION

if TYPE_CHECKING:
    from mlflow.entities import Run

PAGE = descriptions.PAGE


@dataclass(frozen=True)
class LoggedComparison:
    """What is logged of a comparison.

    Attributes
    ----------
    comparison : Comparison
    reasons : ComparisonReasons
    experiment : str
        Name of the experiment that it is about; of several, the first.
    runs : mapping
        Name → id of each run that was compared or refused.
    command : str
        The command line that repeats it; shown on the page.
    attachments : callable
        Makes further files by name; called only where the comparison was not logged before.
    """

    comparison: Comparison
    reasons: ComparisonReasons
    experiment: str
    runs: Mapping[str, str]
    command: str
    attachments: Callable[[], Mapping[str, bytes]] = dict


def log_comparison(store: Store, logged: LoggedComparison) -> str:
    """Log a comparison, unless an equal one of the same runs was logged before; return the id of its run.

    Its run stands in an experiment of its own, beside that of the compared runs: among those it would look
    like one more classifier, without a score. The description of the compared experiment links to it.
    """
    comparison = logged.comparison
    # The version too: a later one may compare in another way.
    parts = [VERSION, comparison.metric, comparison.split, str(comparison.n_draws)]
    ids = (f"{name} {run_id}" for name, run_id in sorted(logged.runs.items()))
    digest = fingerprint([*parts, *ids])
    # Of two processes that compare the same runs, the second finds what the first has logged.
    with store.lock(f"comparison-{digest}"):
        return _logged_once(store, logged, digest)


def _logged_once(store: Store, logged: LoggedComparison, digest: str) -> str:
    client, comparison = store.client, logged.comparison
    home = store.experiment(f"{logged.experiment}{descriptions.COMPARISONS}")
    earlier = client.search_runs(
        [home],
        f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.ROLE}` = '{names.COMPARISON}'"
        " and attributes.status = 'FINISHED'",
        max_results=1,
    )
    if earlier:
        return str(earlier[0].info.run_id)
    _describe_home(store, home, logged.experiment)
    tags = {
        names.ROLE: names.COMPARISON,
        names.DIGEST: digest,
        names.TEST: comparison.fingerprint,
        names.PRIMARY: comparison.metric,
        "mlflow.user": context.user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "compare",
        descriptions.NOTE: _note(logged),
    }
    run = client.create_run(home, tags=tags, run_name=f"compare {comparison.metric}")
    run_id = str(run.info.run_id)
    with Lease(client, run_id, Owner.new()):
        _fill(store, logged, run)
    descriptions.describe_experiment(store, store.find_experiment(logged.experiment))
    return run_id


def _fill(store: Store, logged: LoggedComparison, run: Run) -> None:
    client, comparison, run_id = store.client, logged.comparison, str(run.info.run_id)
    try:
        with tempfile.TemporaryDirectory(prefix="harness-") as name:
            _write(Path(name), _located(store, logged, str(run.info.artifact_uri)))
            contents.write_attachments(Path(name), logged.attachments())
            sending.send_folder(store, run_id, Path(name))
        options, metrics = _parameters(comparison, logged.runs), names.metrics(_metrics(comparison))
        sending.send_values(client, run_id, options=options, metrics=metrics)
    # On Ctrl-C too: a run that stays RUNNING would look as if it were still at work.
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _describe_home(store: Store, home: str, experiment: str) -> None:
    """Say what an experiment of comparisons is, and mark it, so that the UI does not open on it."""
    link = f"#/experiments/{store.find_experiment(experiment)}/runs"
    tags = {
        names.ROLE: names.COMPARISON,
        descriptions.NOTE: f"Comparisons of the runs of [{experiment}]({link}): each run is one, with its"
        f" page `{PAGE}`, tables and figures.",
    }
    sending.for_each(store, lambda tag: store.client.set_experiment_tag(home, *tag), tags.items())


def _located(store: Store, logged: LoggedComparison, artifacts: str) -> LoggedComparison:
    """Make the links to reports relative to where the page will lie, so that a moved store keeps them."""
    if store.artifacts is None:
        return logged
    folder = Path(unquote(urlsplit(artifacts).path))
    reports = {
        name: Path(os.path.relpath(report, folder)).as_posix()
        for name, report in logged.reasons.reports.items()
        if not report.startswith("runs:/")
    }
    return replace(logged, reasons=replace(logged.reasons, reports=reports))


def page_of(store: Store, run_id: str) -> str:
    """Return the page of a logged comparison: a path, or on a server its address in MLflow."""
    if store.artifacts is None:
        return f"runs:/{run_id}/{PAGE}"
    # No folder for copies: the file lies on this machine.
    return str(file_of(store, run_id, PAGE, ""))


def _write(folder: Path, logged: LoggedComparison) -> None:
    comparison = logged.comparison
    for name, table in (("runs", comparison.runs_table()), ("pairs", comparison.pairs_table())):
        (folder / f"{name}.csv").write_text(frame_text(table), encoding="utf-8")
    date = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    choosing = command_line("promote", "--dry-run", experiment=logged.experiment)
    page = comparison_page(comparison, logged.reasons, date=date, command=logged.command, choosing=choosing)
    (folder / PAGE).write_text(page, encoding="utf-8")
    figures = folder / "figures"
    figures.mkdir()
    (figures / "forest.png").write_bytes(forest_png(comparison))
    (figures / "tie_groups.png").write_bytes(tie_groups_png(comparison))


def _note(logged: LoggedComparison) -> str:
    comparison = logged.comparison
    refused = [f"{name} was left out: {reason}." for name, reason in comparison.refused.items()]
    why = reason_sentences(logged.reasons)
    sentences = (
        *conclusions(comparison),
        *power(comparison),
        comparison.question,
        *comparison.limitations,
        *refused,
    )
    lines = [*(f"- {line}" for line in sentences)]
    lines += ["", "**Why:**", "", *(f"- {line}" for line in why)] if why else []
    note = "\n".join(lines)[: descriptions.MAX_LETTERS]
    return f"{note}\n\nIn full: `{PAGE}` under Artifacts; intervals as images: `figures/forest.png`."


def _parameters(comparison: Comparison, runs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "metric": comparison.metric,
        "split": comparison.split,
        "draws": comparison.n_draws,
        "runs": {name: runs[name] for name in (run.name for run in comparison.runs) if name in runs},
        "refused": dict(comparison.refused),
    }


def _metrics(comparison: Comparison) -> dict[str, float]:
    return {
        # With a prefix of their own: the UI groups metrics by what stands before the slash.
        "comparison/runs": float(len(comparison.runs)),
        "comparison/pairs": float(len(comparison.pairs)),
        "comparison/established": float(sum(pair.separable for pair in comparison.pairs)),
        "comparison/tie_groups": float(len(comparison.groups)),
        "comparison/test_items": float(comparison.n_items),
    }
