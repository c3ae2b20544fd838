"""The answers of language models that are kept in, a list of them out; or they are deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report
from harness.values.errors import HarnessError, suggest
from harness.values.formatting import counted


def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete answers, so that they are asked for again.")
    ] = False,
    model: Annotated[
        str, typer.Option("--model", help="Of this model alone, as its server calls it. Default: of all.")
    ] = "",
) -> Report:
    """List or delete what language models answered.

    What was spent stays counted when answers are deleted.
    """
    from harness.classifiers.llm import answer_store

    path = answer_store.answers_file()
    if not path.is_file():
        typer.echo("no answer is kept yet")
        return {"models": []}
    database = answer_store.Database(path)
    try:
        models = answer_store.kept_models(database)
        if model and model not in {each.model for each in models}:
            raise HarnessError(
                f"no answer of {model!r} is kept; {suggest(model, [each.model for each in models])}"
            )
        shown = [each for each in models if model in ("", each.model)]
        if clear:
            deleted = answer_store.clear(database, model)
            typer.echo(f"{counted(deleted, 'answer')} deleted")
            return {"models": [asdict(each) for each in shown], "deleted": deleted}
    finally:
        database.close()
    for each in shown:
        spent = f", {each.spent:.3g} spent" if each.spent else ""
        line = (
            f"{each.model} at {each.address}: {counted(each.answers, 'answer')},"
            f" {each.first[:10]} to {each.last[:10]}{spent}"
        )
        typer.echo(screen.paragraph(line, then="  "))
    if not shown:
        typer.echo("no answer is kept yet")
    return {"models": [asdict(each) for each in shown]}


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(cache)
