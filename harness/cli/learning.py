"""The verb learn: labels by hand in; two trainings, what the labels were worth, and the verdict out."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import screen
from harness.cli.experiments import Sets, print_note
from harness.cli.reporting import Report, Unfinished
from harness.cli.results_table import REUSED
from harness.values.commands import command_line
from harness.values.errors import HarnessError
from harness.values.formatting import counted, duration, interval, number
from harness.values.outputs import claimed, keep_apart

if TYPE_CHECKING:
    from rich.console import Console

    from harness.runs.classifiers import ClassifierOutcome
    from harness.runs.learning.account import Account
    from harness.runs.learning.curve import LearningCurve
    from harness.runs.learning.learned_runs import LearnedRuns
    from harness.runs.learning.mended_test import MendedTest
    from harness.runs.learning.pair import LearnCost
    from harness.runs.learning.version_file import VersionFile

MINUTES_FROM = 120
"""Seconds from which on an estimate is written in minutes."""

GoldFiles = Annotated[
    Path,
    typer.Argument(
        help="What `harness label --output` wrote, or the file that was labelled: its votes are read from the"
        " store. A table of one's own has the columns text, target and gold.",
        show_default=False,
    ),
]

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The config. Default: that of the experiment.", show_default=False),
]

ExperimentName = Annotated[
    str, typer.Option("--experiment", "-e", help="An experiment. Default: the one that was run last.")
]

After = Annotated[
    list[Path] | None,
    typer.Option(
        help="Gold that was learned before: both trainings have it. Repeatable.", show_default=False
    ),
]

Curve = Annotated[
    int,
    typer.Option(
        help="In how many orders gold is drawn for the learning curve; 0 for no curve. At most one for each"
        " seed of a classifier that has seeds."
    ),
]


TestVersion = Annotated[
    Path | None,
    typer.Option(
        help="Where labels of test are corrected: write the corpus with them into this file (.jsonl), which"
        " other configs then name as theirs.",
        show_default=False,
    ),
]


def learn(
    gold: GoldFiles,
    config: ConfigFile = None,
    experiment: ExperimentName = "",
    classifier: Annotated[
        str, typer.Option(help="The classifier of the config to train. Default: what the champion is.")
    ] = "",
    set_: Sets = None,
    after: After = None,
    curve: Curve = 3,
    gain: Annotated[float, typer.Option(help="The smallest gain that counts.", min=1e-6)] = 0.02,
    test_version: TestVersion = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Promote what learned, if that is the verdict.")
    ] = False,
    allow_leaks: Annotated[
        bool,
        typer.Option(
            "--allow-leaks", help="Train even if test rows of the corpus repeat training rows of it."
        ),
    ] = False,
) -> Report | Unfinished:
    """Train with labels by hand; test whether it paid.

    What the champion is, without and with them: chosen on validation, and test may veto.
    """
    from harness.runs.learning.learn import learn as learn_from

    console = screen.console()
    keep_apart([test_version], [gold, *([config] if config else []), *(after or [])])
    with claimed(test_version):
        learned = learn_from(
            gold,
            config,
            experiment=experiment,
            classifier=classifier,
            set=set_ or (),
            after=after or (),
            curve=curve,
            smallest=gain,
            test_version=test_version,
            allow_leaks=allow_leaks,
            observer=_observer(console, gold),
        )
    show_learned(console, learned)
    report = _report(learned)
    # A new version of the test set is a result, too.
    if learned.verdict is None:
        return report if learned.scores else Unfinished(report, HarnessError(f"{gold}: {learned.sentence}"))
    if learned.verdict.decision == "promote" and learned.corrected is not None:
        experiment, name = learned.experiment, learned.corrected.name
        if promote:
            return _promoted(report, experiment, name)
        line = command_line("promote", experiment=experiment, classifier=name)
        console.print(f"Next:\n  {line}", markup=False, soft_wrap=True)
    return report


def _promoted(report: Report, experiment: str, name: str) -> Report | Unfinished:
    from harness.cli.models import promote

    # As a person types it: with all gates, and the same words.
    promotion = promote(experiment, classifier=name)
    if isinstance(promotion, Unfinished):
        return Unfinished(report | promotion.report, promotion.error)
    return report | {"promotion": promotion}


def _observer(console: Console, gold: Path) -> Any:
    from harness.runs.learning.watching import LearnObserver

    # In the function: its base class imports all that training needs, and `harness --help` should not.
    class ScreenObserver(LearnObserver):
        def stage(self, description: str) -> AbstractContextManager[object]:
            return console.status(description)

        def note(self, text: str) -> None:
            print_note(console, text)

        def accounted(self, account: Account, version: MendedTest | None, refusal: str) -> None:
            show_account(console, gold, account)
            if version is not None:
                console.print(screen.paragraph(version.sentence.capitalize()), markup=False)
            if refusal:
                print_note(console, f"gold on test rows changes no label of test: {refusal}")

        def version_written(self, file: VersionFile) -> None:
            rows = counted(file.rows, "row")
            console.print(
                screen.paragraph(f"{file.path}: {rows}, test set {file.fingerprint}. To score others on it:"),
                markup=False,
            )
            for line in file.config.splitlines():
                console.print(f"  {line}", markup=False, soft_wrap=True)

        def costs(self, cost: LearnCost) -> None:
            console.print(screen.paragraph(cost_sentence(cost)), markup=False)

        def classifier_ended(self, outcome: ClassifierOutcome) -> None:
            # Without a score: what was gained is said once, with its interval.
            how = REUSED if outcome.reused else duration(outcome.seconds, places=1)
            console.print(f"  {outcome.name}: {how}", markup=False)

        def curve_began(self, seconds: float) -> None:
            time = duration(seconds, places=1)
            console.print(f"  first training of the learning curve: {time}", markup=False)

    return ScreenObserver()


def cost_sentence(cost: LearnCost) -> str:
    """Say what is going to be trained, and about how long that takes."""
    trainings = counted(cost.pair, "training")
    more = f", and {counted(cost.curve, 'training')} for the learning curve" if cost.curve else ""
    time = duration(cost.seconds, minutes_from=MINUTES_FROM)
    about = f": about {time} of fitting, audits not counted" if time else ""
    reused = "" if cost.pair else " (the pair is there from before)"
    return f"{trainings} without and with the gold{reused}{more}{about}"


def show_account(console: Console, gold: Path, account: Account) -> None:
    """Print what becomes of the rows of gold, each of them."""
    from harness.runs.learning.account import OUTCOMES

    table = screen.table(
        f"{gold.name}: {counted(len(account.rows), 'row')}", ["what becomes of them"], ["rows"]
    )
    for outcome, count in account.counts.items():
        table.add_row(OUTCOMES[outcome], f"{count:,}")
    console.print(table)


def show_learned(console: Console, learned: LearnedRuns) -> None:
    """Print scores, learning curve, what limits them, and the verdict."""
    if learned.curve is not None:
        show_curve(console, learned.curve)
    if learned.scores:
        table = screen.table(f"{learned.metric}", ["run", "on"], ["score", "95 % interval", "rows"])
        for score in learned.scores:
            bounds = interval(score.low, score.high)
            table.add_row(score.run, score.where, number(score.value), bounds, f"{score.n_items:,}")
        console.print(table)
    for note in learned.notes:
        console.print(screen.paragraph(f"caution: {note}", then="  "), style="yellow", markup=False)
    if learned.verdict is not None or learned.scores:
        console.print(screen.paragraph(learned.sentence), markup=False)


def show_curve(console: Console, curve: LearningCurve) -> None:
    """Print a learning curve, and what the next labels are worth."""
    title = f"learning curve on validation, {counted(curve.repeats, 'order')}"
    table = screen.table(title, [], ["labels", curve.metric, "95 % interval", "gain", "95 % interval"])
    for point in curve.points:
        table.add_row(
            f"{point.labels:,}",
            number(point.value),
            interval(point.low, point.high),
            number(point.gain, signed=True),
            interval(point.gain_low, point.gain_high, signed=True),
        )
    console.print(table)
    worth, low, high = curve.next_labels
    bounds = interval(low, high, signed=True)
    text = f"The next {curve.more} labels are worth about {number(worth, signed=True)} ({bounds})."
    console.print(screen.paragraph(text), markup=False)


def _report(learned: LearnedRuns) -> Report:
    """Return what was learned as plain data."""
    verdict, curve = learned.verdict, learned.curve
    return {
        "experiment": learned.experiment,
        "gold": learned.gold.path,
        "gold_digest": learned.gold.digest,
        "classifier": learned.classifier.planned.name,
        "runs": [run.name for run in (learned.without, learned.corrected) if run is not None],
        "counts": dict(learned.account.counts),
        "rows": learned.account.table(),
        "decision": verdict.decision if verdict is not None else None,
        "sentence": learned.sentence,
        "gains": [asdict(gain) for gain in (verdict.validation, *verdict.tests)]
        if verdict is not None
        else [],
        "needed": asdict(learned.needed) if learned.needed is not None else None,
        "curve": curve.table() if curve is not None else None,
        "next_labels": curve.next_labels if curve is not None else None,
        "scores": [asdict(score) for score in learned.scores],
        "test_version": learned.version.sentence if learned.version is not None else None,
        "test_refusal": learned.refusal,
        "notes": list(learned.notes),
    }


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(learn)
