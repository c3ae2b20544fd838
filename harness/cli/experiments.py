"""The verbs about experiments: validate, run, schema and list; and a finished experiment on the screen."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import catalogue, screen
from harness.cli.cautions import about_intervals, limits, right_of, too_few_test_rows
from harness.cli.reporting import Report, Unfinished
from harness.cli.results_table import MAX_NAME, REUSED, results_table
from harness.values.commands import command_line
from harness.values.errors import ConfigError, ProblemsError
from harness.values.formatting import agreeing, counted, duration, number, percent

if TYPE_CHECKING:
    from rich.console import Console

    from harness.evaluation.prepared import Prepared
    from harness.evaluation.results import ClassifierResult
    from harness.runs.classifiers import ClassifierOutcome
    from harness.runs.experiment import ExperimentRun


Config = Annotated[Path, typer.Argument(help="The config, a YAML file.", show_default=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Override a setting of the config. Repeatable."),
]


def validate(
    configs: Annotated[list[Path], typer.Argument(help="Configs, YAML files.", show_default=False)],
    set_: Sets = None,
) -> Report:
    """Check configs and their corpora; train nothing.

    Every problem is reported at once.
    """
    from harness.cli.data_view import data_lines
    from harness.config import plan

    problems = []
    for path in configs:
        try:
            lines = data_lines(plan.read(path, set_ or ()))
        except ProblemsError as error:
            problems += list(error.problems)
        else:
            typer.echo(f"{path}: ok")
            for line in lines:
                typer.echo(line)
    if problems:
        # Configs that extend one file repeat its problems.
        raise ConfigError(dict.fromkeys(problems))
    return {"configs": configs}


def run(
    config: Config,
    set_: Sets = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Train everything again, also what finished in an earlier run.")
    ] = False,
    allow_leaks: Annotated[
        bool,
        typer.Option(
            "--allow-leaks", help="Run even if test rows repeat training rows. The runs are tagged with it."
        ),
    ] = False,
    executor: Annotated[
        str, typer.Option(help="Where trials run: serial, processes or ray.", show_default=False)
    ] = "",
    ray_address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Of the head of a Ray cluster.", show_default=False)
    ] = "",
) -> Report | Unfinished:
    """Train, score and log the classifiers of a config.

    An interrupted run is finished by the same command: what is done is not repeated.
    """
    from harness.runs.experiment import FailedClassifiersError
    from harness.runs.experiment import run as run_experiment

    console = screen.console()
    stated = {"run.executor": executor, "run.ray_address": ray_address}
    sets = [*(set_ or ()), *(f"{name}={json.dumps(value)}" for name, value in stated.items() if value)]
    try:
        finished = run_experiment(
            config, set=sets, fresh=fresh, allow_leaks=allow_leaks, observer=_observer(console)
        )
    except FailedClassifiersError as error:
        show_experiment(console, error.run)
        return Unfinished(_report(error.run), error)
    show_experiment(console, finished)
    return _report(finished)


def schema() -> None:
    """Print the JSON Schema that editors complete by."""
    from harness.config.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def list_entries(
    section: Annotated[
        str, typer.Argument(help="corpus, split, classifier, metric or audit. Default: all of them.")
    ] = "",
    kind: Annotated[
        str, typer.Argument(help="One kind, such as linear: shows what each of its options means.")
    ] = "",
) -> Report:
    """List what a config can name, with options and defaults."""
    entries = catalogue.entries(section, kind)
    for line in catalogue.render(entries, screen.prose_width(), explained=bool(kind)):
        typer.echo(line)
    return {"entries": entries}


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
            self.few_rows = bool(too_few_test_rows(prepared))
            console.print(screen.paragraph(_opening(prepared)), markup=False, soft_wrap=True)

        def note(self, text: str) -> None:
            print_note(console, text)

        def classifier_ended(self, outcome: ClassifierOutcome) -> None:
            console.print(_ending(self.primary, outcome, few_rows=self.few_rows))

    return ScreenObserver()


def show_experiment(console: Console, run: ExperimentRun) -> None:
    """Print a finished experiment: its table, the verdicts of the audits, and what to do next."""
    from harness.evaluation.prepared import reads_both

    few_rows = too_few_test_rows(run.prepared)
    if few_rows:
        console.print(screen.paragraph(few_rows), style="yellow", markup=False)
    else:
        # Where all failed the reasons follow, and a table would be a heading alone.
        if list(run):
            console.print(results_table(run))
        if better := which_is_better(run):
            console.print(screen.paragraph(better), markup=False)
        for sentence in about_intervals(run):
            console.print(screen.paragraph(sentence), markup=False)
    _print_limits(console, run)
    other = run.prepared.other
    for outcome in run.outcomes:
        if other is not None and reads_both(outcome.classifier.bound):
            console.print(f"{outcome.name} labels {other.plan.config.task} too: see {other.plan.name}")
    _print_verdicts(console, run)
    _print_next_steps(console, run)
    if run.unfinished:
        print_note(console, run.unfinished)


def _print_limits(console: Console, run: ExperimentRun) -> None:
    """Print what limits the scores on test, and how many more limits the reports have."""
    from harness.scoring.limitations import limitations, sample_size_limitations

    metrics = run.plan.metrics
    # The same for every corpus, so that nobody would read it twice: the reports have it.
    usual = tuple(sample_size_limitations(metrics))
    shown = [sentence for sentence in limits(run) if sentence not in usual]
    for sentence in shown:
        console.print(screen.paragraph(f"caution: {sentence}", then="  "), style="yellow", markup=False)
    every = {
        sentence for classifier in run for sentence in limitations(classifier.result.predictions, metrics)
    }
    if rest := len(every.difference(shown)):
        reports = agreeing(len(run), "report", "reports")
        text = f"{rest} more, of the other splits and of metrics, in the {reports}"
        console.print(text, style="yellow", markup=False)


def which_is_better(run: ExperimentRun) -> str:
    """Say whether validation tells the best classifier from the next, and what the asterisk means.

    Empty where no classifier can be promoted.
    """
    if run.choice is None:
        return ""
    return f"{run.choice.verdict} The asterisk marks what promotion takes: {run.choice.name}."


def _opening(prepared: Prepared) -> str:
    plan, first = prepared.plan, prepared.splits[0]
    parts = ", ".join(f"{len(first.part(part)):,} {part}" for part in first.shown_parts)
    split = prepared.info.split
    folds = f" in {split.described}" if split.described else ""
    rows = f"{counted(len(prepared.corpus), 'row')}{folds}"
    return f"{plan.name}: {plan.config.task} on {prepared.corpus.name}, {rows} ({parts})"


def _ending(primary: str, outcome: ClassifierOutcome, *, few_rows: bool = False) -> str:
    if outcome.result is None:
        return f"  {outcome.name}: failed after {duration(outcome.seconds, places=1)}"
    value = number(outcome.result.scores.value(primary))
    # On few rows a score looks like a finding, and a count does not.
    score = right_of(outcome.result) if few_rows else f"{primary} {value}"
    how = REUSED if outcome.reused else duration(outcome.seconds, places=1)
    result = outcome.result
    line = f"{score}{_coverage(result)}{_missing(result)}{_usage(result)} ({how})"
    return f"  {outcome.name}: {line}{_tuning(result)}{_teaching(result)}"


def _missing(result: ClassifierResult) -> str:
    """Say how many predictions on test are missing; empty where none is."""
    from harness.scoring.limitations import missing_of

    missing = missing_of(result.predictions.only(split="test"))
    return f", {missing} missing" if missing else ""


def _tuning(result: ClassifierResult) -> str:
    """Say, on a line of its own, how many candidates the options were chosen from, and what that took."""
    from harness.reports.tuning import tuning_in_short

    text = tuning_in_short(result)
    return f"\n    {text}" if text else ""


def _teaching(result: ClassifierResult) -> str:
    """Say, on a line of its own, what the labels of a student's teachers took, and what it keeps of them."""
    from harness.reports.teaching import teaching

    text = teaching(result.trials)
    return f"\n    taught by {text}" if text else ""


def _usage(result: ClassifierResult) -> str:
    """Say what a classifier asked of a server, what that cost, and what is left of its budget."""
    from harness.tracking.run_metrics import usage_of

    usage = usage_of(result.trials)
    if "usage/requests" not in usage:
        return ""
    text = f", {counted(round(usage['usage/requests']), 'request')}"
    if "usage/spent" in usage:
        text += f", cost {usage['usage/cost']:.3g}"
    if "usage/budget_left" in usage:
        text += f", {usage['usage/budget_left']:.3g} of the budget left"
    return text


def _coverage(result: ClassifierResult) -> str:
    """Say how much of test is labelled, and how much of that wrongly, where labels may be held back."""
    from harness.evaluation.decisions.coverage import measure_coverage

    for served in measure_coverage(result.predictions.only(split="test"), parts=False):
        wrong = f", {percent(served.risk)} of that wrongly" if served.coverage > 0 else ""
        return f", labels {percent(served.coverage)} of test{wrong}"
    return ""


def _print_verdicts(console: Console, run: ExperimentRun) -> None:
    """Print the verdicts of the audits: with reasons for the best classifier, in one line for the others."""
    from harness.cli.findings import render_findings, summary_line
    from harness.scoring.comparison.conclusions import shortened

    classifiers = list(run)
    chosen = run.best or (classifiers[-1].name if classifiers else "")
    for classifier in classifiers:
        if classifier.findings and classifier.name != chosen:
            name = shortened(classifier.name, screen.room(MAX_NAME))
            line = f"audits of {name}: {summary_line(classifier.findings)}"
            console.print(screen.paragraph(line, then="    "), markup=False)
    for classifier in classifiers:
        if classifier.findings and classifier.name == chosen:
            console.print(f"audits of {shortened(chosen, screen.room(MAX_NAME))}:", markup=False)
            for paragraph in render_findings(classifier.findings, width=screen.prose_width()):
                console.print(paragraph, markup=False)


def print_note(console: Console, text: str) -> None:
    """Print what a reader of the scores should know."""
    console.print(
        screen.paragraph(f"note: {text}", then="    "), style="yellow", markup=False, soft_wrap=True
    )


def _print_next_steps(console: Console, run: ExperimentRun) -> None:
    if not len(run):
        return
    steps = []
    if len(run) > 1:
        steps.append((command_line("compare", experiment=run.name), "compare them with paired tests"))
    steps.append((command_line("ui", experiment=run.name), "look at the runs in the MLflow UI"))
    blocking = _blocking_audits(run)
    # What cannot be served, or would be refused, is not offered.
    if run.best and not blocking:
        steps.append((command_line("promote", experiment=run.name), f"make {run.best} champion"))
    console.print("Next:")
    longest = max(len(command) for command, _ in steps)
    fits = max(len(purpose) for _, purpose in steps) + longest + 5 <= screen.width()
    for command, purpose in steps:
        # Unwrapped, so that it can be copied; a long path leaves no room beside it.
        text = f"  {command:<{longest}}   {purpose}" if fits else f"  {purpose}:\n    {command}"
        console.print(text, markup=False, soft_wrap=True)
    if blocking:
        text = f"{run.best} cannot be promoted: it fails {', '.join(blocking)}"
        console.print(screen.paragraph(text, then="  "), markup=False)


def _blocking_audits(run: ExperimentRun) -> list[str]:
    """Return the audits that would stop a promotion of the best classifier, and abstention where it would."""
    if not run.best:
        return []
    policy, classifier = run.plan.promotion, run[run.best]
    blocking = [
        finding.audit.replace("_", " ")
        for finding in classifier.findings
        if finding.verdict == "failed" and policy.blocks(finding.audit)
    ]
    rule = classifier.result.decider.rule if classifier.result.decider is not None else None
    is_refused = rule is not None and not rule.risk_met and rule.on_unmet == "refuse"
    return [*blocking, "abstention"] if is_refused and "abstention" not in policy.waive else blocking


def _report(run: ExperimentRun) -> Report:
    """Return a finished experiment as plain data."""
    return {
        "experiment": run.name,
        "primary": run.plan.primary.name,
        "best": run.best,
        "classifiers": run.summary,
        "scores": run.scores,
        "findings": run.findings,
        "intervals": list(about_intervals(run)),
        "failed": {name: str(error) for name, error in run.failed.items()},
    }
