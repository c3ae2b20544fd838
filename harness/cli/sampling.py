"""The verb sample: readings or an experiment in, a file of rows that are worth a label out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.articles import RawCells, strata_names
from harness.cli.reporting import Report
from harness.values.commands import command_line
from harness.values.errors import ArticleError, ConfigError, Problem
from harness.values.formatting import counted
from harness.values.outputs import claimed, keep_apart

if TYPE_CHECKING:
    import pandas as pd


class Picking(StrEnum):
    """How rows are picked."""

    random = "random"
    uncertain = "uncertain"
    disagreement = "disagreement"
    wrong = "wrong"
    slice = "slice"


def sample(
    readings: Annotated[
        str,
        typer.Argument(
            help="A table that `harness read` wrote (.csv, .jsonl, .parquet), or the name of an experiment,"
            " whose test rows are sampled.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The CSV file to label.", show_default=False)
    ],
    size: Annotated[int, typer.Option(help="About how many rows to draw.")] = 300,
    by: Annotated[
        str | None,
        typer.Option(
            help="Strata of a random sample, separated by commas: target, outlet, week, voice, stance; of an"
            " experiment target, outlet. Default: target,voice; of an experiment target.",
            show_default=False,
        ),
    ] = None,
    pick: Annotated[
        Picking,
        typer.Option(
            help="A random sample alone may correct shares or score a model; uncertain, disagreement (between"
            " classifiers), wrong or slice pick rows to learn from."
        ),
    ] = Picking.random,
    where: Annotated[
        str,
        typer.Option(metavar="COLUMN=VALUE", help="With --pick slice: which rows.", show_default=False),
    ] = "",
    classifier: Annotated[
        str, typer.Option(help="Of an experiment: whose errors and doubts count. Default: the first.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of the random draw.", min=0)] = 1,
    raw: RawCells = False,
) -> Report:
    """Draw or pick rows to label by hand.

    At random, or those that a model finds hard.

    With a random sample of readings `harness shares` corrects for the errors of the model.
    """
    path = Path(readings)
    if pick != Picking.random and by is not None:
        raise ConfigError([Problem("--by", f"has no effect with --pick {pick}")])
    if bool(where) != (pick == Picking.slice):
        raise ConfigError([Problem("--where", "belongs to --pick slice", "write --where outlet=NAME")])
    keep_apart([output], [path])
    if path.suffix or "/" in readings or path.exists():
        if pick == Picking.random:
            return _of_readings(path, output, (size, seed), by, raw=raw)
        drawn = _picked_readings(path, (size, seed), (pick, where))
    else:
        strata = strata_names(by if by is not None else "target")
        drawn = _of_experiment(readings, (size, seed), strata, (pick, where), classifier)
    with claimed(output):
        _write(drawn, output, raw=raw)
    typer.echo(f"{output}: {counted(len(drawn), 'row')}, {_origin(pick)}. To label them:")
    typer.echo(f"  {command_line('label', str(output))}")
    return {"output": output, "rows": len(drawn), "pick": pick.value}


def _of_experiment(
    name: str, drawing: tuple[int, int], by: tuple[str, ...], rule: tuple[Picking, str], classifier: str
) -> pd.DataFrame:
    from harness.explorer.finished_experiments import explore
    from harness.explorer.sampled_rows import SamplingRule, sample_experiment
    from harness.tracking.store import Store

    size, seed = drawing
    pick, where = rule
    explored = explore(Store.open(reading=True), [name])
    cut = _condition(where) if where else None
    applied = SamplingRule(pick.value, by, classifier, cut)
    return sample_experiment(explored, size, applied, seed=seed)


def _of_readings(
    readings: Path, output: Path, drawing: tuple[int, int], by: str | None, *, raw: bool
) -> Report:
    from harness.articles.readings_table import load_readings
    from harness.articles.sampling import draw_sample, sample_notes

    size, seed = drawing
    strata = strata_names(by if by is not None else "target,voice")
    # A missing input is said before anything else; a second process is refused before anything is read.
    if not readings.exists():
        load_readings(readings)
    with claimed(output):
        table = load_readings(readings)
        drawn = draw_sample(table, size, by=strata, seed=seed)
        _write(drawn, output, raw=raw)
    typer.echo(f"{output}: {counted(len(drawn), 'row')}. To label them on a screen, and to learn from them:")
    typer.echo(f"  {command_line('label', str(output))}")
    typer.echo(f"  {command_line('learn', str(output))}")
    typer.echo(
        "Or fill in gold: critical, neutral or supportive toward the target; and, where you care whose"
    )
    typer.echo("view it is, gold_voice: own (the outlet's) or quoted. To correct shares by them:")
    # Shares are corrected where enough rows of a group are labelled: in the strata, not in every week.
    grouped = [name for name in strata if name in ("target", "outlet", "week")] or ["target"]
    line = command_line("shares", str(readings), gold=str(output), by=",".join(grouped))
    typer.echo(f"  {line}")
    # Of weeks the sample has the dates alone.
    notes = sample_notes(drawn, size, groups=[name for name in grouped if name != "week"] or ["target"])
    for note in notes:
        typer.echo(screen.paragraph(f"note: {note}"))
    return {"output": output, "rows": len(drawn), "strata": strata, "notes": notes}


def _picked_readings(readings: Path, drawing: tuple[int, int], rule: tuple[Picking, str]) -> pd.DataFrame:
    from harness.articles.picking import pick_readings

    pick, where = rule
    if pick in (Picking.wrong, Picking.disagreement):
        what = "needs an experiment: readings hold the labels of one model, and no truth"
        raise ArticleError([Problem(f"--pick {pick}", what)])
    return pick_readings(readings, *drawing, where=_condition(where) if where else None)


def _write(drawn: pd.DataFrame, output: Path, *, raw: bool) -> None:
    from harness.articles.sampling import write_sample

    write_sample(drawn, output, raw=raw)


def _origin(pick: Picking) -> str:
    if pick == Picking.random:
        return "a random sample with known probabilities"
    return f"picked as {pick}: to learn from, not to score a model or to correct shares"


def _condition(where: str) -> tuple[str, str]:
    column, equals, value = where.partition("=")
    if not column or not equals:
        raise ConfigError([Problem("--where", f"should be COLUMN=VALUE, got {where!r}")])
    return column.strip(), value.strip()


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(sample)
