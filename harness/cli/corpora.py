"""The verbs corpus list, corpus describe and corpus fetch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.corpora.fetch.fetching import FetchedCorpus

MAX_FILES = 12
"""Files listed by name, at most; more are counted."""

corpus_app = typer.Typer(help="What corpora there are and what they hold.", no_args_is_help=True)


@corpus_app.command(name="list")
def list_corpora() -> None:
    """List the corpora, with tasks and where each is looked for."""
    from harness.corpora import describe
    from harness.corpora.fetch import checksums

    for card in describe.cards():
        where = f" [{card.variable}]" if card.variable else ""
        where += ", fetched" if checksums.fetched_folder(card.name) else ""
        typer.echo(f"{card.name:<18} {', '.join(card.tasks):<16} {card.title}{where}")


@corpus_app.command(name="describe")
def describe_corpus(name: Annotated[str, typer.Argument(help="A corpus of the list.")]) -> None:
    """Print the data card of a corpus and what its files hold."""
    from harness.corpora import describe
    from harness.scoring.statistics.krippendorff import alpha

    # Alpha is handed in: corpora stand below scoring and import nothing of it.
    typer.echo(describe.describe(name, alpha))


@corpus_app.command(name="fetch")
def fetch_corpus(
    name: Annotated[str, typer.Argument(help="A corpus of the list.")],
    mirror: Annotated[
        str, typer.Option(help="An address that has the files, in place of the official one.")
    ] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder, or zip archive, of yours that has them.", show_default=False),
    ] = None,
) -> None:
    """Download a corpus into the cache, or say what to do; an interrupted download is resumed."""
    from harness.corpora.fetch.fetching import fetch

    for line in _fetched(name, fetch(name, mirror=mirror, copy_from=source)):
        typer.echo(line)


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    app.add_typer(corpus_app, name="corpus")


def _fetched(name: str, fetched: FetchedCorpus) -> list[str]:
    """Say where a corpus is, how far its files were checked, and what is missing."""
    lines = [f"{name} is in {fetched.folder}{' already' if fetched.already else ''}"]
    states = list(fetched.states.values())
    if len(states) <= MAX_FILES:
        lines += [f"  {path}: {state}" for path, state in fetched.states.items()]
    else:
        lines += [f"  {states.count(state):,} files: {state}" for state in dict.fromkeys(states)]
    if new := states.count("unverified"):
        files, theirs = ("1 file", "its own is") if new == 1 else (f"{new:,} files", "theirs are")
        pinned = f"{theirs} pinned now, so that other files will not be accepted in their place"
        lines.append(f"No published checksum is known for {files}; {pinned}.")
    if fetched.missing:
        few = len(fetched.missing) <= MAX_FILES
        absent = ", ".join(fetched.missing) if few else f"{len(fetched.missing)} files of test"
        lines += [
            f"Missing, and not needed to read the corpus: {absent}.",
            "To get them from elsewhere, delete the folder and fetch again with --mirror or --from.",
        ]
    return [*lines, f"Next: harness corpus describe {name}"]
