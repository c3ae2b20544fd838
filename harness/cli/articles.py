"""Command lines about articles in, calls and rendered answers out: the verbs read, sample and shares."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ArticleFormat(StrEnum):
    """What articles are written in."""

    text = "text"
    html = "html"
    jsonl = "jsonl"


ArticlePaths = Annotated[
    list[Path],
    typer.Argument(help="Text, HTML or JSONL files, folders, or - for standard input.", show_default=False),
]


def read(
    articles: ArticlePaths,
    parties: Annotated[
        Path | None,
        typer.Option(help="A registry in YAML; left out, states, alliances and major parties."),
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option(help="Only this party, by name or alias; may be repeated."),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", help="A page (.html), a table (.csv, .jsonl, .parquet), or a folder for pages."
        ),
    ] = None,
    stance: Annotated[str, typer.Option(help="A model's address, or none.")] = "models:/stance@champion",
    frames: Annotated[str, typer.Option(help="A model's address, or none.")] = "models:/framing@champion",
    explain: Annotated[
        bool | None,
        typer.Option(
            help="Say which words moved a label; left out, for one article of at most 200 rows.",
            show_default=False,
        ),
    ] = None,
    linked: Annotated[
        bool, typer.Option(help="Count he, the president, the party where that is safe.")
    ] = True,
    outlet: Annotated[str, typer.Option(help="Of articles that state none.")] = "",
    date: Annotated[
        str, typer.Option(help="YYYY-MM-DD, of articles that state none: who was in office.")
    ] = "",
    format_: Annotated[
        ArticleFormat | None,
        typer.Option("--format", help="Left out, by the ending."),
    ] = None,
    language: Annotated[
        str, typer.Option(help="en, de, fr, es, or another code; left out, that of each article is detected.")
    ] = "",
) -> None:
    """Show how articles treat parties, sentence by sentence, own voice and quotes apart."""
    from harness.articles import pipeline

    options = pipeline.ReadingOptions(
        outputs=tuple(output) if output else None,
        parties=parties,
        only=tuple(party or ()),
        stance=stance,
        frames=frames,
        explain=explain,
        linked=linked,
        file_format=format_.value if format_ is not None else None,
        outlet=outlet,
        date=date,
        language=language,
        # Nobody reads them here; of thousands of articles they would fill the memory.
        keep_rows=False,
    )
    pipeline.read(tuple(articles), options).show()


Table = Annotated[
    Path, typer.Argument(help="A table that harness read wrote: .csv, .jsonl, .parquet.", show_default=False)
]


def sample(
    readings: Table,
    output: Annotated[Path, typer.Option("--output", "-o", help="A CSV file.", show_default=False)],
    size: Annotated[int, typer.Option(help="How many rows to label, about.")] = 300,
    by: Annotated[str, typer.Option(help="Strata: target, outlet, week, voice, stance.")] = "target,voice",
    seed: Annotated[int, typer.Option(help="Another draws other rows.")] = 1,
) -> None:
    """Draw a random sample of readings to label by hand, so that shares can be corrected."""
    from harness.articles.readings_table import load_readings
    from harness.articles.sampling import draw_sample, write_sample

    strata = _names(by)
    drawn = draw_sample(load_readings(readings), size, by=strata, seed=seed)
    write_sample(drawn, output)
    typer.echo(
        f"{output}: {len(drawn):,} rows. Fill in gold: critical, neutral or supportive toward the target;"
    )
    typer.echo("and, where you care whose view it is, gold_voice: own (the outlet's) or quoted. Then:")
    # Shares are corrected where enough rows of a group are labelled: in the strata, not in every week.
    grouped = ",".join(name for name in strata if name in ("target", "outlet", "week")) or "target"
    typer.echo(f"  harness shares {readings} --gold {output} --by {grouped}")


def shares(
    readings: Table,
    gold: Annotated[
        Path | None,
        typer.Option(help="What harness sample drew, labelled; left out, shares are naive."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder.")] = Path("shares"),
    by: Annotated[str, typer.Option(help="Of target, outlet, week.")] = "target,outlet,week",
) -> None:
    """Estimate how large a share of sentences is critical or supportive, corrected for the model's errors."""
    from harness.articles.readings_table import load_readings
    from harness.articles.share_report import print_shares, write_report
    from harness.articles.shares import estimate_shares, limitations, read_gold

    table = load_readings(readings)
    sample = read_gold(gold, table) if gold is not None else None
    estimates = estimate_shares(table, sample, by=_names(by))
    notes = limitations(estimates, sample)
    written = write_report(estimates, output, notes=notes)
    print_shares(estimates, notes, written)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (read, sample, shares):
        app.command()(verb)
