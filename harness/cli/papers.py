"""The verb report methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import screen
from harness.cli.models import Experiment
from harness.cli.reporting import Report
from harness.values.outputs import write_text

report = typer.Typer(
    help="Describe finished experiments for a paper.", no_args_is_help=True, rich_markup_mode=None
)


@report.command()
def methods(
    experiment: Experiment = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to this file, as Markdown.", show_default=False),
    ] = None,
) -> Report:
    """Write the methods paragraph of a paper from what an experiment recorded."""
    from harness.reports.methods import as_markdown
    from harness.runs.methods import methods as describe

    described = describe(experiment)
    typer.echo(screen.paragraph(described.text))
    if described.references:
        typer.echo("\nReferences")
        screen.sentences(described.references)
    if output is not None:
        write_text(output, as_markdown(described))
    return {"text": described.text, "references": described.references, "file": output}


def add_to(app: typer.Typer) -> None:
    """Add the group to a command line."""
    app.add_typer(report, name="report")
