"""The verbs parties check and parties find: a registry or texts in, what may mislead or is missing out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report
from harness.values.formatting import counted

if TYPE_CHECKING:
    from harness.articles.unknown_names import UnknownName
    from harness.values.parties import Registry

MAX_LISTED = 10
"""Ambiguities of a kind that are listed; of more the number is given. ``--json`` has all of them."""

parties_app = typer.Typer(help="Check a registry of parties, find what it lacks.", no_args_is_help=True)


@parties_app.command(name="check")
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="The registry, a YAML file. Default: the one that ships.", show_default=False),
    ] = None,
) -> Report:
    """Show the faults and ambiguities of a registry.

    Faults, such as a name of two parties, end in an error that lists all of them. Ambiguities are none: they
    say where an article has to decide.
    """
    from harness.corpora.registry_check import check_registry, describe, summary

    registry = _registry(file)
    ambiguities = check_registry(registry)
    typer.echo(f"{file if file is not None else 'the registry that ships'}: {summary(registry)}, no faults")
    for kind in dict.fromkeys(ambiguity.kind for ambiguity in ambiguities):
        of_kind = [ambiguity for ambiguity in ambiguities if ambiguity.kind == kind]
        typer.echo(f"{describe(kind, of_kind)}:")
        for ambiguity in of_kind[:MAX_LISTED]:
            whose = ", ".join(ambiguity.parties)
            line = f"{ambiguity.form!r} ({whose}) {ambiguity.what}"
            typer.echo(screen.paragraph(line, first="  ", then="    "))
        if len(of_kind) > MAX_LISTED:
            typer.echo(f"  and {len(of_kind) - MAX_LISTED:,} more; --json lists all")
    return {
        "file": file,
        "parties": len(registry.parties),
        "ambiguities": [ambiguity.to_record() for ambiguity in ambiguities],
    }


@parties_app.command(name="find")
def find(
    texts: Annotated[
        list[Path],
        typer.Argument(help="Text, HTML or JSONL files, folders of them, or -.", show_default=False),
    ],
    parties: Annotated[
        Path | None,
        typer.Option(help="The registry that they are missing from. Default: the one that ships."),
    ] = None,
    minimum: Annotated[int, typer.Option(help="Sentences that name it, at least.", min=1)] = 2,
    language: Annotated[
        str, typer.Option(help="Language of the texts. Default: detected for each.", show_default=False)
    ] = "",
) -> Report:
    """Propose entries for names that a registry lacks.

    Capitalised names that occur often and in political roles, as YAML to paste into a registry of one's own.
    """
    from harness.articles.unread_texts import unknown_in

    names, n_texts = unknown_in(tuple(texts), parties, minimum=minimum, language=language)
    if names:
        typer.echo(_yaml(names), nl=False)
    else:
        typer.echo(
            f"# no name in a political role stands in {counted(minimum, 'sentence')} or more and is missing"
        )
    return {"texts": n_texts, "names": [{**name.to_record(), "sentences": name.sentences} for name in names]}


def _registry(file: Path | None) -> Registry:
    from harness.values.parties import read, shipped

    return shipped() if file is None else read(file)


def _yaml(names: list[UnknownName]) -> str:
    """Return names as entries of a registry, each with a comment on why it is listed."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    entries = CommentedSeq()
    for name in names:
        entry = CommentedMap(name.to_record())
        if name.aliases:
            entry["aliases"] = CommentedSeq(name.aliases)
            entry["aliases"].fa.set_flow_style()
        reasons = ", ".join(name.reasons)
        entry.yaml_add_eol_comment(f"{counted(name.sentences, 'sentence')}: {reasons}", "name")
        entries.append(entry)
    stream = io.StringIO()
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.width = 200
    yaml.dump(entries, stream)
    return stream.getvalue()


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    app.add_typer(parties_app, name="parties")
