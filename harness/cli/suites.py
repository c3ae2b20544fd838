"""The verbs suite and crosstab; and their tables on the screen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import screen
from harness.values.formatting import duration, number, percent, percent_interval

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness.runs.suites import SuiteCell, SuiteEntry, SuiteRow
    from harness.scoring.crosstab import CellShare, CrossTable


def suite(
    path: Annotated[
        Path, typer.Argument(help="A YAML file, as configs/suites/public.yaml.", show_default=False)
    ],
    only: Annotated[str, typer.Option(help="Experiments to run, commas between; left out, all.")] = "",
    classifier: Annotated[str, typer.Option(help="Classifiers to run, likewise.")] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for table.csv and table.md; left out, .harness/suites/NAME.", show_default=False
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Repeat what is finished.")] = False,
) -> None:
    """Run classifiers on many corpora and write one table; finish what an earlier run left undone."""
    from harness.runs.suites import FailedSuiteError, run_suite

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
            observer=_observer(console),
        )
    except FailedSuiteError as error:
        run, failure = error.run, error
    for key in dict.fromkeys(row.corpus for row in run.rows):
        console.print(suite_table([row for row in run.rows if row.corpus == key]))
    console.print(f"{run.folder / 'table.md'}", markup=False, soft_wrap=True)
    if failure is not None:
        raise failure


def crosstab(
    labelled: Annotated[Path, typer.Argument(help="What predict --frames wrote.", show_default=False)],
    group: Annotated[str, typer.Option(help="Column of the article; left out, the text stands for it.")] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A CSV file for all parties.", show_default=False),
    ] = None,
) -> None:
    """Show how each party is framed in a labelled file: frame × stance, with intervals over articles."""
    from harness.articles.frames_by_stance import frames_by_stance

    tables, left_out = frames_by_stance(labelled, group=group, output=output)
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
        console.print(f"{left_out:,} rows were left out because a model abstained.")


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
            how = "finished earlier" if outcome.reused else duration(outcome.seconds)
            console.print(f"  {cell.entry.key}: {outcome.name} ({how})", markup=False)

    return ScreenObserver()


def suite_table(rows: list[SuiteRow]) -> Table:
    """Set the classifiers of one corpus below each other, with what was published on which items."""
    from harness.runs.suites import table
    from harness.scoring.comparison.conclusions import shortened

    first = rows[0]
    shown = screen.table(
        f"{first.corpus}: {first.metric} on {first.items}",
        ["classifier"],
        ["value", "95 % interval", "seed sd", "macro-F1", "floor", "time"],
    )
    for row in (row for row in rows if not row.published):
        shown.add_row(
            shortened(row.classifier),
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
    shown = screen.table(f"{table.party}: {table.n:,} mentions", ["frame"], list(table.stances))
    for frame in table.frames:
        shown.add_row(frame, *(_share(cell.predicted) for cell in table.row(frame)))
    return shown


def _share(share: CellShare) -> str:
    value = percent(share.value, unit="", missing="nan")
    return value if math.isnan(share.low) else f"{value} ({percent_interval(share.low, share.high, unit='')})"
