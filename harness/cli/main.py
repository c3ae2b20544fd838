"""Arguments in, calls and rendered answers out: the command line as a whole."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

import typer

# The verbs import what they need when they are called: `harness --help` waits for nothing heavy.
from harness.cli import (
    articles,
    audits,
    comparisons,
    corpora,
    data_view,
    experiments,
    models,
    stores,
    suites,
)
from harness.values.errors import HarnessError, HarnessWarning

app = typer.Typer(
    name="harness",
    help="Evaluate classifiers that label sentences by stance toward a party and by framing.",
    no_args_is_help=True,
    # Help is plain text, as in the documentation: rich would draw boxes and read brackets as markup.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for room in (experiments, data_view, comparisons, models, articles, audits, suites, corpora, stores):
    room.add_to(app)


def _show(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Show the harness's own warnings as a line for people; the others as they are."""

    def shown(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, HarnessWarning):
            typer.echo(f"warning: {message}", err=True)
        else:
            otherwise(message, category, *where, **more)

    return shown


def main() -> None:
    """Run the command line; a failure that a person can act on ends in a message, not in a traceback."""
    # A scheduler that ends a job is answered like Ctrl-C: runs are closed as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show(warnings.showwarning)
    try:
        app()
    except HarnessError as error:
        typer.echo(error, err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        # As shells report a process that SIGINT (2) ended: 128 + 2.
        sys.exit(130)
