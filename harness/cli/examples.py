"""The verb example: a config and data to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.reporting import Report
from harness.values.commands import command_line, script


def example(
    name: Annotated[str, typer.Argument(help="quickstart (stance) or framing.")] = "quickstart",
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path(),
) -> Report:
    """Write a config and data to start with."""
    from harness.config.examples import write_example

    written = write_example(name, folder)
    for path in written.files:
        typer.echo(f"{path}")
    steps = [
        command_line("run", str(written.config)),
        command_line("promote"),
        command_line("predict", input=str(written.sentences), output="labelled.csv"),
    ]
    if written.missing_package:
        # It requires sentence-transformers, of which nothing is used besides these files.
        steps.insert(0, f"{script('pip')} install --no-deps {written.missing_package}")
    typer.echo("Next:")
    for step in steps:
        typer.echo(f"  {step}")
    return {"files": written.files, "next": steps}


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(example)
