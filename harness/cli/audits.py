"""The verb audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import screen


def audit(
    model: Annotated[
        str, typer.Argument(help="models:/NAME@champion, runs:/… or a folder.", show_default=False)
    ],
    corpus: Annotated[
        str,
        typer.Option(help="partyline, newsmtsc, …, a table, or a config (its test rows and audits)."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for a page and tables.", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Override a setting, such as audits.behaviour=off."),
    ] = None,
) -> None:
    """Run the training-free audits on a model, and log them to MLflow."""
    from harness.cli.findings import render_findings
    from harness.runs.model_audit import audit as audit_model

    audited = audit_model(model, corpus=corpus, set=set_ or (), output=output)
    examined = audited.examined
    typer.echo(f"{examined.uri} on {examined.n:,} rows of {examined.corpus}")
    for note in audited.notes:
        typer.echo(screen.paragraph(f"note: {note}"))
    # Audits are all that was asked for: those that passed are explained, too.
    for paragraph in render_findings(audited.findings, width=screen.WIDTH, everything=True):
        typer.echo(paragraph)
    typer.echo(f"Logged to the experiment {audited.experiment!r}.")
    if output is not None:
        typer.echo(f"{output / 'report.html'}")


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(audit)
