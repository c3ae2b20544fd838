"""The command line about a model's audits in, calls and their findings on the screen out."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Optional

import typer

WIDTH = 80


def audit(
    model: Annotated[
        str, typer.Argument(help="models:/NAME@champion, runs:/… or a folder.", show_default=False)
    ],
    corpus: Annotated[
        str,
        typer.Option(help="partyline, newsmtsc, …, a table, or a config (its test rows and audits)."),
    ],
    output: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads the annotation at run time)
        typer.Option("--output", "-o", help="Folder for a page and tables.", show_default=False),
    ] = None,
    set_: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="A.B=C", help="Override a setting, such as audits.behaviour=off."),
    ] = None,
) -> None:
    """Ask a finished model what it labels by: all audits that need no training. Logged to MLflow."""
    from harness.audits.model_audits import audit_model, log_model_audit
    from harness.cli.findings import told
    from harness.tracking.store import Store

    examined = audit_model(model, corpus, set_ or ())
    typer.echo(f"{examined.uri} on {examined.n:,} rows of {examined.corpus}")
    for note in examined.notes:
        typer.echo(textwrap.fill(f"note: {note}", WIDTH))
    for paragraph in told(examined.findings, width=WIDTH, everything=True):
        typer.echo(paragraph)
    typer.echo(f"Logged to the experiment {log_model_audit(Store.open(), examined, output)!r}.")
    if output is not None:
        typer.echo(f"{output / 'report.html'}")


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(audit)
