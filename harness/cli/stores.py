"""The verbs ui and relocate."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.models import Experiment


def ui(
    port: Annotated[
        int | None,
        typer.Option(
            help="Where it listens, on this machine alone; left out, the first free one from 5000 on."
        ),
    ] = None,
    experiment: Experiment = "",
) -> None:
    """Open the runs in the MLflow UI; Ctrl-C ends it."""
    from harness.tracking.store import Store
    from harness.tracking.store.ui import serve_ui

    sys.exit(serve_ui(Store.open(), port=port, experiment=experiment or None))


def relocate() -> None:
    """Mend the store after its folder was moved or copied."""
    from harness.tracking.store import Store
    from harness.tracking.store.relocate import relocate as mend

    # A moved store is what this verb is for; the check would refuse it.
    typer.echo(mend(Store.open(check=False)).describe())


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (ui, relocate):
        app.command()(verb)
