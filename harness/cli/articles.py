"""Command lines about articles in, calls and rendered answers out: the verbs read and shares."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.executor_options import Executor, RayAddress, Scratch, Where, Workers, check_executor
from harness.cli.reporting import Report
from harness.values.commands import command_line

if TYPE_CHECKING:
    from harness.articles.pipeline import Elsewhere
    from harness.articles.reading import Reading


class ArticleFormat(StrEnum):
    """What articles are written in."""

    text = "text"
    html = "html"
    jsonl = "jsonl"
    pdf = "pdf"
    docx = "docx"
    epub = "epub"


ArticlePaths = Annotated[
    list[str],
    typer.Argument(
        help="Text, HTML, PDF, DOCX, EPUB or JSONL files, folders of them, here or in a bucket (s3://, gs://),"
        " or - for standard input.",
        show_default=False,
    ),
]


Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="A page (.html), a table (.csv, .tsv, .jsonl, .parquet) or a folder for pages. Repeatable:"
        " a page and a table in one go. Default: counts are printed, and nothing is written.",
    ),
]

RawCells = Annotated[
    bool,
    typer.Option("--raw", help="Write cells as they are, also those that a spreadsheet would compute."),
]

Language = Annotated[
    str,
    typer.Option(
        help="Language of the articles: en, de, fr, es or another code. Default: detected for each.",
        show_default=False,
    ),
]

Parties = Annotated[
    Path | None,
    typer.Option(help="A registry of parties, a YAML file. Default: states, alliances, major parties."),
]

ArticleDate = Annotated[
    str,
    typer.Option(help="Date of articles that do not state theirs, YYYY-MM-DD; it tells who was in office."),
]

FileFormat = Annotated[
    ArticleFormat | None,
    typer.Option("--format", help="Format of the files. Default: by their ending.", show_default=False),
]

Explained = Annotated[
    bool | None,
    typer.Option(
        help="Show which words moved a label. Default: for a single article of at most 200 rows.",
        show_default=False,
    ),
]


def read(
    articles: ArticlePaths,
    parties: Parties = None,
    party: Annotated[
        list[str] | None,
        typer.Option(help="Only this party, by name or alias. Repeatable."),
    ] = None,
    output: Outputs = None,
    stance: Annotated[str, typer.Option(help="The stance model, or none.")] = "models:/stance@champion",
    frames: Annotated[str, typer.Option(help="The framing model, or none.")] = "models:/framing@champion",
    explain: Explained = None,
    linked: Annotated[
        bool, typer.Option(help="Count mentions such as he, the president, the party where they are clear.")
    ] = True,
    outlet: Annotated[str, typer.Option(help="Outlet of articles that do not state theirs.")] = "",
    date: ArticleDate = "",
    format_: FileFormat = None,
    language: Language = "",
    raw: RawCells = False,
    executor: Where = Executor.serial,
    workers: Workers = None,
    ray_address: RayAddress = "",
    scratch: Scratch = None,
) -> Report:
    """Show how articles treat parties, sentence by sentence.

    What the outlet says in its own voice and what it quotes are counted apart.
    """
    from harness.articles import pipeline
    from harness.articles.bucket_articles import local_articles
    from harness.articles.reading_options import ReadingOptions
    from harness.values.bucket_addresses import check_local

    for path in output or ():
        check_local(path, "--output")
    options = ReadingOptions(
        outputs=tuple(output or ()),
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
        # Pages and tables have them; of thousands of articles they would fill the memory.
        keep_rows=False,
        raw=raw,
    )
    elsewhere = _elsewhere(executor, workers, ray_address)
    with local_articles(articles, scratch) as paths:
        reading = pipeline.read(paths, options, elsewhere)
    reading.show()
    if not output and reading.n_rows:
        # Asked for in so many words: a command that only shows does not leave files behind.
        page = "page.html" if reading.n_articles == 1 else "readings.csv"
        typer.echo(f"Nothing was written. To keep it: {command_line('read', articles[0], output=page)}")
    return _reading_report(reading)


def _elsewhere(executor: Executor, workers: int | None, ray_address: str) -> Elsewhere | None:
    """Return what reads articles in other processes; None where this one does."""
    check_executor(executor, workers, ray_address)
    if executor is Executor.serial:
        return None
    if executor is Executor.ray:
        from harness.runs.executors.cluster.address import Address
        from harness.runs.executors.cluster.reading import ReadOnCluster

        return ReadOnCluster(Address.parse(ray_address), workers)
    from harness.runs.executors.reading import ReadInProcesses

    return ReadInProcesses(workers)


def _reading_report(reading: Reading) -> Report:
    return {
        "articles": reading.n_articles,
        "rows": reading.n_rows,
        "counts": reading.counts,
        "written": reading.written,
        "unreadable": reading.unreadable,
        "notes": reading.notes,
    }


Table = Annotated[
    Path,
    typer.Argument(help="A table that `harness read` wrote (.csv, .jsonl, .parquet).", show_default=False),
]


Tested = Annotated[
    str | None,
    typer.Option(
        help="The model that labelled these rows: models:/NAME@champion, runs:/RUN_ID, EXPERIMENT/CLASSIFIER,"
        " or a table of its predictions on labelled rows. Shares are corrected by its errors there, where"
        " nothing is labelled here.",
        show_default=False,
    ),
]

Quantify = Annotated[
    str, typer.Option(help="With --tested: acc (adjusted counts) or emq (by probabilities).")
]

GoldSample = Annotated[
    Path | None,
    typer.Option(help="The labelled sample of `harness sample`. Default: shares are not corrected."),
]

ShareFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write a table and a page with plots into this folder. Default: nothing is written.",
        show_default=False,
    ),
]


def shares(
    readings: Table,
    gold: GoldSample = None,
    output: ShareFolder = None,
    by: Annotated[
        str, typer.Option(help="Groups, separated by commas: target, outlet, week.")
    ] = "target,outlet,week",
    compare: Annotated[
        str | None,
        typer.Option(
            help="Compare shares between the values of a column of --by: target, outlet, or week (each with"
            " the one before).",
            show_default=False,
        ),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option(
            help="Half the length that intervals should have, such as .03: how many labels that needs.",
            show_default=False,
        ),
    ] = None,
    tested: Tested = None,
    quantify: Quantify = "acc",
    raw: RawCells = False,
) -> Report:
    """Estimate shares of critical and supportive sentences.

    With a sample that was labelled by hand, they are corrected for the errors of the model.
    """
    from harness.runs.share_estimates import shares as estimate

    estimated = estimate(
        readings,
        gold=gold,
        tested=tested,
        quantify=quantify,
        by=strata_names(by),
        compare=compare,
        half_width=half_width,
        output=output,
        raw=raw,
    )
    estimated.show()
    report = estimated.report
    return {
        "shares": report.shares,
        "differences": report.differences,
        "notes": report.notes,
        "written": estimated.written,
    }


def strata_names(listed: str) -> tuple[str, ...]:
    """Read names that are separated by commas."""
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (read, shares):
        app.command()(verb)
