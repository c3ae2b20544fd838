"""The verbs corpus list, corpus describe and corpus fetch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report, as_json
from harness.values import catalog
from harness.values.commands import command_line
from harness.values.formatting import agreeing, counted

if TYPE_CHECKING:
    from harness.corpora.fetch.fetching import FetchedCorpus

MAX_FILES = 12
"""Files listed by name, at most; more are counted."""

corpus_app = typer.Typer(help="List, describe and download corpora.", no_args_is_help=True)


@corpus_app.command(name="list")
def list_corpora() -> Report:
    """List the corpora, their tasks, and where each is read from."""
    from harness.corpora import describe
    from harness.corpora.fetch import checksums

    listed = []
    for card in describe.cards():
        folder = checksums.fetched_folder(card.name) or None
        state = "fetched" if folder else "folder named" if card.variable and card.default_folder() else ""
        typer.echo(f"{card.name:<17} {', '.join(card.tasks):<16} {card.title:<30} {state}".rstrip())
        listed.append(
            {
                "name": card.name,
                "tasks": card.tasks,
                "title": card.title,
                "variable": card.variable,
                "folder": folder,
            }
        )
    typer.echo(
        screen.paragraph(
            "A published corpus is read from its original files: from the folder that a variable such as"
            f" HARNESS_NEWSMTSC names, or from what {command_line('corpus fetch', 'NAME')} downloaded."
        )
    )
    return {"corpora": listed}


@corpus_app.command(name="describe")
def describe_corpus(
    name: Annotated[str, typer.Argument(help="A name that `harness corpus list` shows.")],
) -> Report:
    """Print the data card of a corpus and count what its files hold."""
    from harness.corpora import describe
    from harness.corpora.card import card_of
    from harness.scoring.statistics.krippendorff import alpha

    # Alpha is handed in: corpora stand below scoring and import nothing of it.
    text = describe.describe(name, alpha)
    typer.echo(text)
    card = card_of(name, catalog.lookup("corpus", name, "corpus"))
    return {"name": name, "card": card, "text": text}


@corpus_app.command(name="fetch")
def fetch_corpus(
    name: Annotated[str, typer.Argument(help="A name that `harness corpus list` shows.")],
    mirror: Annotated[str, typer.Option(help="Download from this address instead of the publisher's.")] = "",
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Copy the files from a folder or zip archive of yours.", show_default=False
        ),
    ] = None,
) -> Report:
    """Download a corpus into the cache; resume an interrupted download."""
    from harness.corpora.fetch.fetching import fetch

    fetched = fetch(name, mirror=mirror, copy_from=source)
    for line in _fetched(name, fetched):
        typer.echo(line)
    return {"name": name, **as_json(fetched)}


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
        lines += [f"  {counted(states.count(state), 'file')}: {state}" for state in dict.fromkeys(states)]
    if new := states.count("unverified"):
        files, theirs = counted(new, "file"), agreeing(new, "its own is", "theirs are")
        pinned = f"{theirs} pinned now, so that other files will not be accepted in their place"
        lines.append(f"No published checksum is known for {files}; {pinned}.")
    if fetched.missing:
        few = len(fetched.missing) <= MAX_FILES
        absent = ", ".join(fetched.missing) if few else f"{counted(len(fetched.missing), 'file')} of test"
        lines += [
            f"Missing, and not needed to read the corpus: {absent}.",
            "To get them from elsewhere, delete the folder and fetch again with --mirror or --from.",
        ]
    return [*lines, f"Next: {command_line('corpus describe', name)}"]
