"""Results in, tables on the screen out."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.values import catalog
from harness.values.errors import ConfigError, HarnessError, Problem, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from harness.config.plan import Plan
    from harness.evaluation.trial import ClassifierResult, Prepared
    from harness.runs.experiment import Outcome


WIDTH = 80
SHOWN = 12
"""So many files are named; of more, the numbers are told."""


class FailedClassifiersError(HarnessError):
    """Some classifiers of an experiment failed; the others are finished."""


def run_experiment(plan: Plan, *, fresh: bool, allow_leaks: bool = False) -> None:
    """Run a plan and show it: one line as each classifier ends, then the table and what to do next.

    Raises
    ------
    LeakError
        Where test repeats what is trained on, unless that is allowed.
    FailedClassifiersError
        After everything else is finished and shown.
    """
    from rich.console import Console

    from harness.evaluation import trial as evaluate
    from harness.evaluation.prepared import reads_both
    from harness.runs import experiment
    from harness.tracking.store import Store, last, pending

    console = Console(highlight=False)
    with console.status(f"reading {plan.corpus.kind}"):
        prepared = evaluate.prepare(plan)
    console.print(_opening(prepared))
    for note in dict.fromkeys(note for split in prepared.splits for note in split.notes):
        console.print(f"note: {note}", style="yellow")
    with console.status("looking for leaks"):
        leaks = experiment.gate(prepared, allow=allow_leaks)
    for note in leaks.notes if leaks is not None else ():
        console.print(f"note: {note}", style="yellow")
    store = Store.open(say=console.print)
    last.remember(store, plan.name)
    outcomes = []
    for outcome in experiment.run(prepared, store, fresh=fresh, leaks=leaks):
        outcomes.append(outcome)
        console.print(_ended(plan, outcome))
    console.print(results_table(plan, outcomes))
    for name in [one.classifier.name for one in outcomes if reads_both(one.classifier.bound)]:
        if prepared.other is not None:
            console.print(
                f"{name} labels {prepared.other.plan.config.task} too: see {prepared.other.plan.name}"
            )
    _verdicts(console, plan, outcomes)
    _next_steps(console, plan, outcomes)
    left = pending.prune(store).note()
    if left:
        console.print(f"note: {left}", style="yellow")
    failed = [one for one in outcomes if one.error is not None]
    if failed:
        raise FailedClassifiersError(
            "\n".join(f"{one.classifier.name} failed: {one.error}" for one in failed)
        )


def results_table(plan: Plan, outcomes: Iterable[Outcome]) -> Table:
    """Set the classifiers of an experiment side by side, in the order of the config.

    The primary metric stands with its 95 % interval over test items and its standard deviation over
    seeds; the best on validation, which is what promotion goes by, has an asterisk.
    """
    from rich import box
    from rich.table import Table

    from harness.scoring.comparison.findings import shortened

    primary = plan.primary.name
    finished = [one for one in outcomes if one.result is not None]
    best = best_on_validation(plan, finished)
    table = Table(
        title=f"{plan.name}, on test",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("classifier", no_wrap=True)
    headings = [primary, "95 % interval", "seed sd", *_others(plan), "validation", "time"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in finished:
        assert outcome.result is not None
        row = _row(outcome.result.scores.rows, "test", primary)
        name = shortened(outcome.classifier.name, 20) + (" *" if outcome is best else "")
        table.add_row(
            name,
            _number(row["value"]),
            f"{_number(row['low'])}–{_number(row['high'])}" if not math.isnan(row["low"]) else "–",
            _number(row["seed_sd"]),
            *(_number(_row(outcome.result.scores.rows, "test", other)["value"]) for other in _others(plan)),
            _number(_validation(plan, outcome)),
            "kept" if outcome.reused else f"{outcome.seconds:.1f} s",
        )
    if best is not None:
        table.caption = f"* best {primary} on validation: what `make promote` takes"
    return table


def best_on_validation(plan: Plan, outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the finished classifier with the best primary metric on validation; None without validation
    rows.
    """
    known = [(value, one) for one in outcomes if not math.isnan(value := _validation(plan, one))]
    if not known:
        return None
    pick = max if plan.primary.direction == "higher" else min
    return pick(known, key=lambda pair: pair[0])[1]


def list_catalogue(section: str) -> None:
    """Print what a config can name; every section where none is given.

    Raises
    ------
    ConfigError
        For an unknown section.
    """
    if section and section not in catalog.CATALOGUES:
        hint = suggest(section, catalog.CATALOGUES)
        raise ConfigError([Problem("", f"there is no catalogue {section!r}", hint)])
    for one in catalog.CATALOGUES:
        if section not in ("", one):
            continue
        print(f"{one}:")
        for kind in catalog.CATALOGUES[one]:
            print(f"  {kind}{_described(one, catalog.lookup(one, kind, kind))}")


def list_corpora() -> None:
    """Print name, tasks, variable and title of every corpus, and whether it has been fetched."""
    from harness.corpora import describe
    from harness.corpora.fetch import checksums

    for card in describe.cards():
        where = f" [{card.variable}]" if card.variable else ""
        where += ", fetched" if checksums.fetched_folder(card.name) else ""
        print(f"{card.name:<18} {', '.join(card.tasks):<16} {card.title}{where}")


def describe_corpus(name: str) -> None:
    """Print the data card of a corpus, with counts where its files are found."""
    from harness.corpora import describe
    from harness.scoring.statistics.agreement import alpha

    print(describe.describe(name, alpha))


def fetch_corpus(name: str, mirror: str, given: Path | None) -> None:
    """Fetch a corpus and print where it is and how far its files are known.

    Raises
    ------
    FetchError
        Where something stands in the way, with what to do.
    """
    from harness.corpora.fetch.fetching import fetch

    fetched = fetch(name, mirror=mirror, copy_from=given)
    print(f"{name} is in {fetched.folder}{' already' if fetched.already else ''}")
    states = list(fetched.states.values())
    if len(states) <= SHOWN:
        for path, state in fetched.states.items():
            print(f"  {path}: {state}")
    else:
        for state in dict.fromkeys(states):
            print(f"  {states.count(state):,} files: {state}")
    if new := states.count("unverified"):
        files, theirs = ("1 file", "its own is") if new == 1 else (f"{new:,} files", "theirs are")
        pinned = f"{theirs} pinned now, so that others will not pass for them"
        print(f"No published checksum is known of {files}; {pinned}.")
    if fetched.missing:
        few = len(fetched.missing) <= SHOWN
        absent = ", ".join(fetched.missing) if few else f"{len(fetched.missing)} files of test"
        print(f"Not there, and not needed to read the corpus: {absent}.")
        print("To have them from elsewhere, delete the folder and fetch again with --mirror or --from.")
    print(f"Next: harness corpus describe {name}")


def _opening(prepared: Prepared) -> str:
    plan, first = prepared.plan, prepared.splits[0]
    parts = ", ".join(
        f"{len(getattr(first, part)):,} {part}" for part in ("train", "validation", "calibration", "test")
    )
    folds = f" in {len(prepared.splits)} folds" if len(prepared.splits) > 1 else ""
    rows = f"{len(prepared.corpus):,} rows{folds}"
    return f"{plan.name}: {plan.config.task} on {prepared.corpus.name}, {rows} ({parts})"


def _ended(plan: Plan, outcome: Outcome) -> str:
    name = outcome.classifier.name
    if outcome.result is None:
        return f"  {name}: failed after {outcome.seconds:.1f} s"
    value = _number(outcome.result.scores.value(plan.primary.name))
    how = "finished earlier" if outcome.reused else f"{outcome.seconds:.1f} s"
    return f"  {name}: {plan.primary.name} {value}{_abstained(outcome.result)} ({how})"


def _abstained(result: ClassifierResult) -> str:
    """Say how much of test is labelled, and how much of that wrongly, where labels may be held back."""
    from harness.evaluation.decisions.measuring import measure

    for one in measure(result.predictions.only(split="test"), parts=False):
        wrong = f", {one.risk:.0%} of that wrongly" if one.coverage > 0 else ""
        return f", labels {one.coverage:.0%} of test{wrong}"
    return ""


def _verdicts(console: Any, plan: Plan, outcomes: Iterable[Outcome]) -> None:
    """Print what the audits found: of the classifier to promote with reasons, of the others in short."""
    from harness.cli.findings import in_short, told
    from harness.scoring.comparison.findings import shortened

    finished = [one for one in outcomes if one.result is not None]
    chosen = best_on_validation(plan, finished) or (finished[-1] if finished else None)
    for outcome in finished:
        assert outcome.result is not None
        findings = outcome.result.findings
        if not findings or outcome is chosen:
            continue
        line = f"audits of {shortened(outcome.classifier.name, 20)}: {in_short(findings)}"
        console.print(textwrap.fill(line, WIDTH, subsequent_indent="    "), markup=False)
    if chosen is not None and chosen.result is not None and chosen.result.findings:
        console.print(f"audits of {shortened(chosen.classifier.name, 20)}:", markup=False)
        for paragraph in told(chosen.result.findings, width=WIDTH):
            console.print(paragraph, markup=False)


def _next_steps(console: Any, plan: Plan, outcomes: Iterable[Outcome]) -> None:
    if not any(one.result is not None for one in outcomes):
        return
    console.print("Next:")
    if sum(one.result is not None for one in outcomes) > 1:
        console.print(f"  make compare EXPERIMENT={plan.name}   say which differences are real")
    console.print(f"  make ui EXPERIMENT={plan.name}        look at the runs in the MLflow UI")
    console.print(f"  make promote EXPERIMENT={plan.name}   make the best one champion")


def _others(plan: Plan) -> list[str]:
    """Return the metrics worth a column beside the primary one: the first with one value."""
    shown = [one.name for one in plan.metrics if not one.per_label and one.name != plan.primary.name]
    return shown[:1]


def _validation(plan: Plan, outcome: Outcome) -> float:
    if outcome.result is None:
        return float("nan")
    row = _row(outcome.result.scores.rows, "validation", plan.primary.name)
    return float(row["value"])


def _row(rows: Any, split: str, metric: str) -> dict[str, float]:
    found = rows[(rows["split"] == split) & (rows["metric"] == metric) & (rows["slice"] == "all")]
    if found.empty:
        return dict.fromkeys(("value", "low", "high", "seed_sd"), float("nan"))
    return dict(found.iloc[0])


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _described(section: catalog.Section, entry: Any) -> str:
    if not callable(entry) or not inspect.isfunction(entry):
        return f"  {getattr(entry, 'reference', '')}".rstrip()
    options = catalog.options_model(entry, section).model_fields
    shown = ", ".join(
        f"{name}" if field.is_required() else f"{name}={field.default!r}" for name, field in options.items()
    )
    return f"({shown})"
