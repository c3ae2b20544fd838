"""The verbs suite and crosstab; and their tables on the screen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import screen
from harness.cli.reporting import Report, Unfinished
from harness.cli.results_table import REUSED
from harness.values.formatting import agreeing, counted, duration, number, percent, percent_interval
from harness.values.outputs import claimed, keep_apart

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness.runs.suites import SuiteCell, SuiteEntry, SuiteRow
    from harness.scoring.crosstab import CellShare, CrossTable


def suite(
    path: Annotated[
        Path, typer.Argument(help="The suite, a YAML file: configs/suites/public.yaml.", show_default=False)
    ],
    only: Annotated[str, typer.Option(help="Experiments to run, separated by commas. Default: all.")] = "",
    classifier: Annotated[
        str, typer.Option(help="Classifiers to run, separated by commas. Default: all.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for table.csv and table.md. Default: suites/NAME in the store.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Train everything again, also what finished in an earlier run.")
    ] = False,
    executor: Annotated[
        str, typer.Option(help="Where trials run: serial, processes or ray.", show_default=False)
    ] = "",
) -> Report | Unfinished:
    """Run classifiers on many corpora and write one table.

    An interrupted suite is finished by the same command: what is done is not repeated.
    """
    from harness.runs.suites import FailedSuiteError, run_suite

    keep_apart([output], [path])
    console = screen.console()
    # Raised at the end only: what has finished is shown all the same.
    failure: FailedSuiteError | None = None
    try:
        run = run_suite(
            path,
            only=screen.names(only),
            classifiers=screen.names(classifier),
            output=output,
            fresh=fresh,
            executor=executor,
            observer=_observer(console),
        )
    except FailedSuiteError as error:
        run, failure = error.run, error
    for key in dict.fromkeys(row.corpus for row in run.rows):
        console.print(suite_table([row for row in run.rows if row.corpus == key]))
    screen.sentences(run.across)
    console.print(f"{run.folder / 'table.md'}", markup=False, soft_wrap=True)
    report: Report = {"suite": run.suite.name, "rows": run.rows, "across": run.across, "folder": run.folder}
    return report if failure is None else Unfinished({**report, "failures": run.failures}, failure)


def crosstab(
    labelled: Annotated[
        Path, typer.Argument(help="A file that `harness predict --frames` wrote.", show_default=False)
    ],
    group: Annotated[
        str, typer.Option(help="The column that names the article. Default: rows with one text are one.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the tables of all parties into this CSV file.", show_default=False
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Write cells as they are, also those that a spreadsheet would compute."),
    ] = False,
) -> Report:
    """Show how each party is framed in a labelled file.

    Shares of frame × stance, with 95 % intervals over articles.
    """
    from harness.articles.frames_by_stance import frames_by_stance

    keep_apart([output], [labelled])
    with claimed(output):
        tables, left_out = frames_by_stance(labelled, group=group, output=output, raw=raw)
    console = screen.console()
    for table in tables:
        console.print(cross_table(table))
        if table.limitation:
            console.print(f"{table.limitation}\n")
    several = " Some sentences have several frames, so a column adds up to more than its last line."
    console.print(
        screen.paragraph(
            "Shares of all mentions of a party, in percent, with 95 % intervals over articles; they carry the"
            f" errors of the models.{several if any(table.frames_overlap for table in tables) else ''}"
        )
    )
    if left_out:
        console.print(
            f"{counted(left_out, 'row')} {agreeing(left_out, 'was', 'were')} left out because a"
            " model abstained."
        )
    return {"tables": tables, "left_out": left_out}


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (suite, crosstab):
        app.command()(verb)


def _observer(console: Console) -> Any:
    """Return what prints a suite while it runs: what is left out, and a line a classifier."""
    from harness.runs.suites import SuiteObserver

    class ScreenObserver(SuiteObserver):
        def absent(self, entry: SuiteEntry) -> None:
            self.note(f"note: {entry.key} is left out: {entry.absent}")

        def note(self, text: str) -> None:
            console.print(text, style="yellow", markup=False)

        def classifier_ended(self, cell: SuiteCell) -> None:
            outcome = cell.outcome
            how = REUSED if outcome.reused else duration(outcome.seconds)
            console.print(f"  {cell.entry.key}: {outcome.name} ({how})", markup=False)

    return ScreenObserver()


def suite_table(rows: list[SuiteRow]) -> Table:
    """Set the classifiers of one corpus below each other, with what was published on which items."""
    from harness.runs.suites import table
    from harness.scoring.comparison.conclusions import MAX_NAME_LETTERS, shortened

    first = rows[0]
    shown = screen.table(
        f"{first.corpus}: {first.metric} on {first.items}",
        ["classifier"],
        ["value", "95 % interval", "seed sd", "macro-F1", "floor", "time"],
    )
    for row in (row for row in rows if not row.published):
        shown.add_row(
            shortened(row.classifier, screen.room(MAX_NAME_LETTERS)),
            number(row.value),
            table.interval(row),
            number(row.seed_sd),
            number(row.f1_macro),
            table.floor(row),
            table.time(row),
        )
    # Not as rows: published scores are on other items, for orientation and not to be ranked.
    published = [
        f"published: {row.metric} {number(row.value)} on {row.items}, {row.classifier}"
        for row in rows
        if row.published
    ]
    shown.caption = "\n".join(published) or None
    shown.caption_justify = "left"
    return shown


def cross_table(table: CrossTable) -> Table:
    """Set the frames of a party one below the other, its stances side by side."""
    shown = screen.table(f"{table.party}: {counted(table.n, 'mention')}", ["frame"], list(table.stances))
    for frame in table.frames:
        shown.add_row(frame, *(_share(cell.predicted) for cell in table.row(frame)))
    return shown


def _share(share: CellShare) -> str:
    value = percent(share.value, unit="", missing="nan")
    return value if math.isnan(share.low) else f"{value} ({percent_interval(share.low, share.high, unit='')})"
