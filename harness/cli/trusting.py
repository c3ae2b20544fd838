"""A verb in; the same verb, which imports somebody's own code only if the person trusts it, out."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import screen
from harness.cli.reporting import Report, add_switches
from harness.values import own_code
from harness.values.errors import HarnessError

EXECUTING = frozenset({"run", "suite", "compare", "score", "audit", "promote", "predict", "read", "crosstab"})
"""Verbs that may call code of the person's own: a classifier, a corpus, a metric, an audit. All others only
read it."""

Trust = Annotated[
    bool,
    typer.Option("--trust", help="Import code of your own that the config or model names, whatever it is."),
]


def reading(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Let a verb read code that is named to it, and never import it."""

    @functools.wraps(verb)
    def read(*arguments: Any, **options: Any) -> Any:
        with own_code.access("read"):
            return verb(*arguments, **options)

    add_switches(verb, read, {})
    return read


def with_trust_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--trust`` to a verb."""

    @functools.wraps(verb)
    def trusting(*arguments: Any, trust: bool, **options: Any) -> Any:
        before = os.environ.get(own_code.VARIABLE)
        if trust:
            # Through the environment: the processes that a verb starts load the same code.
            os.environ[own_code.VARIABLE] = "1"
        try:
            return verb(*arguments, **options)
        finally:
            os.environ.pop(own_code.VARIABLE, None)
            if before is not None:
                os.environ[own_code.VARIABLE] = before

    add_switches(verb, trusting, {"trust": Trust})
    return trusting


def trust(
    file: Annotated[
        Path | None,
        typer.Argument(help="A Python file that configs or models name. Default: lists what is trusted."),
    ] = None,
) -> Report:
    """Trust code of your own on this machine, as it is now.

    Read it first. If it, or a module beside it that it imports, is changed, it has to be trusted again.
    """
    if file is not None:
        try:
            code = own_code.code_in(file)
        except own_code.UntrustedCodeError as error:
            raise HarnessError(str(error)) from None
        own_code.trust(code)
        sources = code.sources()
        names = ", ".join(path.name for path in sources)
        typer.echo(screen.paragraph(f"trusted on this machine, as it is now: {names}"))
        return {"file": code.file, "digest": code.digest(), "sources": sources}
    remembered = own_code.trusted()
    for digest, path in remembered.items():
        typer.echo(f"{digest[:12]}  {path}")
    if not remembered:
        typer.echo("nothing is trusted yet")
    return {"trusted": remembered}


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(trust)
