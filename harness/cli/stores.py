"""The verbs ui, relocate and store check."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.models import Experiment
from harness.cli.reporting import Report, Unfinished
from harness.values.commands import command_line
from harness.values.errors import StoreError


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

    sys.exit(serve_ui(Store.open(reading=True), port=port, experiment=experiment or None))


def relocate() -> Report:
    """Correct the addresses in a store that was moved or copied."""
    from harness.tracking.store import Store
    from harness.tracking.store.relocate import relocate as correct

    # A moved store is what this verb is for; the check would refuse it.
    relocated = correct(Store.open(check=False))
    typer.echo(relocated.describe())
    return {"rows": relocated.counts, "backup": relocated.backup}


store = typer.Typer(help="Look after the store of runs.", no_args_is_help=True, rich_markup_mode=None)


@store.command()
def check(
    repair: Annotated[
        bool, typer.Option("--repair", help="Close these runs, and delete these models and files.")
    ] = False,
) -> Report | Unfinished:
    """List what killed processes left in the store.

    Runs that stay RUNNING, models that stay PENDING, and files that no living process owns. The next run
    clears them, too.
    """
    from harness.tracking import remnants
    from harness.tracking.store import Store

    opened = Store.open(reading=not repair)
    left = remnants.repair(opened) if repair else remnants.remnants(opened)
    for remnant in left:
        typer.echo(f"{remnant.kind} {remnant.name}: {remnant.what}")
    report: Report = {
        "store": opened.shown,
        "repaired": repair,
        "remnants": [{"kind": each.kind, "name": each.name, "what": each.what} for each in left],
    }
    if not left:
        typer.echo(f"{opened.shown}: nothing is left over")
    elif repair:
        typer.echo(f"cleared: {remnants.summary(left)}")
    else:
        line = command_line("store check", "--repair")
        error = StoreError(f"left by killed processes: {remnants.summary(left)}; clear them: {line}")
        return Unfinished(report, error)
    return report


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (ui, relocate):
        app.command()(verb)
    app.add_typer(store, name="store")
