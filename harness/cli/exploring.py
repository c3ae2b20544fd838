"""The verb explore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.values.formatting import counted
from harness.values.outputs import claimed, write_text


def explore(
    experiments: Annotated[
        list[str] | None,
        typer.Argument(help="Experiments. Default: the one that was run last.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the page into this file, and serve nothing: it works without a server, but for what"
            " asks a model.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the address, which only this computer can open. Default: the first free one from"
            " 5100 on.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Look at every row and its answers, in a browser."""
    from harness.explorer.finished_experiments import explore as explored_of
    from harness.tracking.store import Store, last_experiment

    with claimed(output):
        store = Store.open(reading=True)
        explored = explored_of(store, experiments or [last_experiment.recall(store)])
        if output is not None:
            write_text(output, explored.page())
            rows, classifiers = counted(len(explored.rows), "row"), counted(len(explored.runs), "classifier")
            typer.echo(f"{output}: {rows} of {classifiers}")
            return
    from harness.explorer.server import serve

    serve(store, explored, port=port, say=typer.echo)


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(explore)
