"""The verbs ui and relocate."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.models import Experiment
from harness.cli.reporting import Report


def ui(
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the address, which only this computer can open. Default: the first free one from"
            " 5000 on.",
            show_default=False,
        ),
    ] = None,
    experiment: Experiment = "",
) -> None:
    """Serve the runs in the MLflow UI until Ctrl-C."""
    from harness.tracking.store import Store
    from harness.tracking.store.ui import serve_ui

    sys.exit(serve_ui(Store.open(), port=port, experiment=experiment or None))


def relocate() -> Report:
    """Correct the addresses in a store that was moved or copied."""
    from harness.tracking.store import Store
    from harness.tracking.store.relocate import relocate as correct

    # A moved store is what this verb is for; the check would refuse it.
    relocated = correct(Store.open(check=False))
    typer.echo(relocated.describe())
    return {"rows": relocated.counts, "backup": relocated.backup}


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (ui, relocate):
        app.command()(verb)
