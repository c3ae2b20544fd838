"""Command lines about articles in, calls and rendered answers out: the verbs read, sample and shares."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer


class ArticleFormat(StrEnum):
    """What articles are written in."""

    text = "text"
    html = "html"
    jsonl = "jsonl"


def read(
    articles: Annotated[
        list[Path],
        typer.Argument(
            help="Text, HTML or JSONL files, folders, or - for standard input.", show_default=False
        ),
    ],
    parties: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A registry in YAML; left out, states, alliances and major parties."),
    ] = None,
    party: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Only this party, by name or alias; may be repeated."),
    ] = None,
    output: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(
            "--output", "-o", help="A page (.html), a table (.csv, .jsonl, .parquet), or a folder for pages."
        ),
    ] = None,
    stance: Annotated[str, typer.Option(help="A model's address, or none.")] = "models:/stance@champion",
    frames: Annotated[str, typer.Option(help="A model's address, or none.")] = "models:/framing@champion",
    explain: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(help="Say which words moved a label; left out, for one article.", show_default=False),
    ] = None,
    linked: Annotated[
        bool, typer.Option(help="Count he, the president, the party where that is safe.")
    ] = True,
    outlet: Annotated[str, typer.Option(help="Of articles that state none.")] = "",
    date: Annotated[
        str, typer.Option(help="YYYY-MM-DD, of articles that state none: who was in office.")
    ] = "",
    format_: Annotated[
        Optional[ArticleFormat],  # noqa: UP045
        typer.Option("--format", help="Left out, by the ending."),
    ] = None,
    language: Annotated[str, typer.Option(help="For sentence ends; who speaks is told in English.")] = "en",
) -> None:
    """Show how articles treat parties, sentence by sentence, own voice and quotes apart."""
    from harness.article import running, shown

    request = running.Request(
        tuple(articles),
        tuple(output or ()),
        parties,
        tuple(party or ()),
        stance,
        frames,
        explain,
        linked,
        format_.value if format_ is not None else None,
        outlet,
        date,
        language,
    )
    shown.show(running.run(request))


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (read,):
        app.command()(verb)
