"""The verbs about experiments: validate, run, schema and list; and a finished experiment on the screen."""

from __future__ import annotations

import inspect
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import screen
from harness.values import catalog
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.formatting import duration, interval, number, percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness.evaluation.prepared import Prepared
    from harness.evaluation.results import ClassifierResult
    from harness.runs.classifiers import ClassifierOutcome
    from harness.runs.experiment import ExperimentRun

MAX_NAME = 20
"""Characters of a classifier's name that the table has room for."""

Config = Annotated[Path, typer.Argument(help="A YAML file.", show_default=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Override a setting; may be repeated."),
]


def validate(
    configs: Annotated[list[Path], typer.Argument(help="YAML files.", show_default=False)],
    set_: Sets = None,
) -> None:
    """Resolve configs and report every problem; run nothing."""
    from harness.config import plan

    problems = []
    for path in configs:
        try:
            plan.read(path, set_ or ())
        except ConfigError as error:
            problems += list(error.problems)
        else:
            typer.echo(f"{path}: ok")
    if problems:
        # Configs that extend one file repeat its problems.
        raise ConfigError(dict.fromkeys(problems))


def run(
    config: Config,
    set_: Sets = None,
    fresh: Annotated[bool, typer.Option(help="Repeat what is finished.")] = False,
    allow_leaks: Annotated[
        bool,
        typer.Option("--allow-leaks", help="Run although test repeats rows of train; tags the runs."),
    ] = False,
) -> None:
    """Train and score what a config names, and log it to MLflow; finish what an earlier run left undone."""
    from harness.runs.experiment import FailedClassifiersError
    from harness.runs.experiment import run as run_experiment

    console = screen.console(width=None)
    try:
        finished = run_experiment(
            config, set=set_ or (), fresh=fresh, allow_leaks=allow_leaks, observer=_observer(console)
        )
    except FailedClassifiersError as error:
        show_experiment(console, error.run)
        raise
    show_experiment(console, finished)


def schema() -> None:
    """Write the JSON Schema of config files to standard output."""
    import json

    from harness.config.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def list_entries(
    section: Annotated[
        str, typer.Argument(help="corpus, split, classifier, metric or audit; left out, all.")
    ] = "",
) -> None:
    """List what a config can name, with its options and their defaults."""
    if section and section not in catalog.CATALOGUES:
        hint = suggest(section, catalog.CATALOGUES)
        raise ConfigError([Problem("", f"there is no catalogue {section!r}", hint)])
    for name, kinds in catalog.CATALOGUES.items():
        if section in ("", name):
            typer.echo(f"{name}:")
            for kind in kinds:
                typer.echo(f"  {kind}{_options(name, catalog.lookup(name, kind, kind))}")


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (validate, run, schema):
        app.command()(verb)
    app.command(name="list")(list_entries)


def _observer(console: Console) -> Any:
    """Return what prints an experiment while it runs: what it stands on, notes, a line a classifier."""
    from harness.runs.observer import RunObserver

    # In the function: its base class imports all that training needs, and `harness --help` should not.
    class ScreenObserver(RunObserver):
        def stage(self, description: str) -> AbstractContextManager[object]:
            return console.status(description)

        def prepared(self, prepared: Prepared) -> None:
            self.primary = prepared.plan.primary.name
            console.print(_opening(prepared))

        def note(self, text: str) -> None:
            console.print(f"note: {text}", style="yellow")

        def classifier_ended(self, outcome: ClassifierOutcome) -> None:
            console.print(_ending(self.primary, outcome))

    return ScreenObserver()


def show_experiment(console: Console, run: ExperimentRun) -> None:
    """Print a finished experiment: its table, the verdicts of the audits, and what to do next."""
    from harness.evaluation.prepared import reads_both

    console.print(results_table(run))
    other = run.prepared.other
    for outcome in run.outcomes:
        if other is not None and reads_both(outcome.classifier.bound):
            console.print(f"{outcome.name} labels {other.plan.config.task} too: see {other.plan.name}")
    _print_verdicts(console, run)
    _print_next_steps(console, run)
    if run.unfinished:
        console.print(f"note: {run.unfinished}", style="yellow")


def results_table(run: ExperimentRun) -> Table:
    """Set the classifiers of an experiment side by side, in the order of the config.

    The primary metric stands with its 95 % interval over test items and its standard deviation over
    seeds; the one that promotion takes has an asterisk.
    """
    from harness.runs.experiment import score_of
    from harness.scoring.comparison.conclusions import shortened

    primary, others, best = run.plan.primary.name, _other_metrics(run), run.best
    headings = [primary, "95 % interval", "seed sd", *others, "validation", "time"]
    table = screen.table(f"{run.name}, on test", ["classifier"], headings)
    for classifier in run:
        test = score_of(classifier.scores, "test", primary)
        table.add_row(
            shortened(classifier.name, MAX_NAME) + (" *" if classifier.name == best else ""),
            number(test["value"]),
            interval(test["low"], test["high"], between="–"),
            number(test["seed_sd"]),
            *(number(score_of(classifier.scores, "test", other)["value"]) for other in others),
            number(score_of(classifier.scores, "validation", primary)["value"]),
            "reused" if classifier.reused else duration(classifier.seconds, places=1),
        )
    if best:
        table.caption = f"* {_why_chosen(run)}" + (
            "" if _blocking_audits(run) else ": `make promote` takes it"
        )
    return table


def _opening(prepared: Prepared) -> str:
    plan, first = prepared.plan, prepared.splits[0]
    parts = ", ".join(
        f"{len(getattr(first, part)):,} {part}" for part in ("train", "validation", "calibration", "test")
    )
    folds = f" in {len(prepared.splits)} folds" if len(prepared.splits) > 1 else ""
    rows = f"{len(prepared.corpus):,} rows{folds}"
    return f"{plan.name}: {plan.config.task} on {prepared.corpus.name}, {rows} ({parts})"


def _ending(primary: str, outcome: ClassifierOutcome) -> str:
    if outcome.result is None:
        return f"  {outcome.name}: failed after {duration(outcome.seconds, places=1)}"
    value = number(outcome.result.scores.value(primary))
    how = "finished earlier" if outcome.reused else duration(outcome.seconds, places=1)
    return f"  {outcome.name}: {primary} {value}{_coverage(outcome.result)} ({how})"


def _coverage(result: ClassifierResult) -> str:
    """Say how much of test is labelled, and how much of that wrongly, where labels may be held back."""
    from harness.evaluation.decisions.coverage import measure_coverage

    for served in measure_coverage(result.predictions.only(split="test"), parts=False):
        wrong = f", {percent(served.risk)} of that wrongly" if served.coverage > 0 else ""
        return f", labels {percent(served.coverage)} of test{wrong}"
    return ""


def _print_verdicts(console: Console, run: ExperimentRun) -> None:
    """Print what the audits found: with reasons for the classifier to promote, in one line for the others."""
    from harness.cli.findings import render_findings, summary_line
    from harness.scoring.comparison.conclusions import shortened

    classifiers = list(run)
    chosen = run.best or (classifiers[-1].name if classifiers else "")
    for classifier in classifiers:
        if classifier.findings and classifier.name != chosen:
            line = f"audits of {shortened(classifier.name, MAX_NAME)}: {summary_line(classifier.findings)}"
            console.print(screen.paragraph(line, then="    "), markup=False)
    for classifier in classifiers:
        if classifier.findings and classifier.name == chosen:
            console.print(f"audits of {shortened(chosen, MAX_NAME)}:", markup=False)
            for paragraph in render_findings(classifier.findings, width=screen.WIDTH):
                console.print(paragraph, markup=False)


def _print_next_steps(console: Console, run: ExperimentRun) -> None:
    if not len(run):
        return
    console.print("Next:")
    if len(run) > 1:
        console.print(f"  make compare EXPERIMENT={run.name}   compare them with paired tests")
    console.print(f"  make ui EXPERIMENT={run.name}        look at the runs in the MLflow UI")
    blocking = _blocking_audits(run)
    # What cannot be served, or would be refused, is not offered.
    if blocking:
        console.print(
            screen.paragraph(f"{run.best} cannot be promoted: it fails {', '.join(blocking)}", then="  ")
        )
    elif run.best:
        console.print(f"  make promote EXPERIMENT={run.name}   make {run.best} champion")


def _why_chosen(run: ExperimentRun) -> str:
    """Say in a few words why promotion takes this classifier; it says so at length itself."""
    assert run.choice is not None
    if run.choice.name == run.choice.best:
        return f"best {run.plan.primary.name} on validation"
    return f"not told from {run.choice.best} on validation; before it by audits or cost"


def _blocking_audits(run: ExperimentRun) -> list[str]:
    """Return the audits that would stop a promotion of the best classifier."""
    policy = run.plan.promotion
    return [
        finding.audit.replace("_", " ")
        for finding in (run[run.best].findings if run.best else ())
        if finding.verdict == "failed" and policy.blocks(finding.audit)
    ]


def _other_metrics(run: ExperimentRun) -> list[str]:
    """Return the metrics worth a column beside the primary one: the first with one value."""
    others = [
        metric.name
        for metric in run.plan.metrics
        if not metric.per_label and metric.name != run.plan.primary.name
    ]
    return others[:1]


def _options(section: catalog.Section, entry: Any) -> str:
    # Metrics are values without options: what tells them apart is their reference.
    if not callable(entry) or not inspect.isfunction(entry):
        return f"  {getattr(entry, 'reference', '')}".rstrip()
    options = catalog.options_model(entry, section).model_fields
    listed = ", ".join(
        f"{name}" if field.is_required() else f"{name}={field.default!r}" for name, field in options.items()
    )
    return f"({listed})"
