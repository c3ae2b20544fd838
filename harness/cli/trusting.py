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
from harness.values import own_code, trusted_hosts
from harness.values.errors import HarnessError

EXECUTING = frozenset(
    {
        *("run", "suite", "compare", "explore", "learn", "score", "audit", "promote", "predict", "read"),
        "crosstab",
    }
)
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
    what: Annotated[
        str | None,
        typer.Argument(
            help="A Python file that configs or models name; or the word key, or host."
            " Default: lists what is trusted."
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="After key: the variable that holds it, and the host it may go to. After host: a host."
        ),
    ] = None,
) -> Report:
    """Trust code of your own, or a host, on this machine.

    Read code first. If it, or a module beside it that it imports, is changed, it has to be trusted again.
    A key of a language model goes only to hosts that it was bound to: `harness trust key LLM_KEY
    api.example.org`. A model of somebody else's sends texts only to hosts that were trusted: `harness trust
    host llm.example.org`.
    """
    if what == "key":
        return _bound_key(names or [])
    if what == "host":
        return _trusted_host(names or [])
    if names:
        raise HarnessError(f"trust takes one file, got {what} {' '.join(names)}")
    return _trusted_code(Path(what)) if what is not None else _listed()


def _bound_key(names: list[str]) -> Report:
    if len(names) != 2 or not trusted_hosts.NAME.fullmatch(names[0]):
        # Not repeated: it may be the key itself.
        raise HarnessError("trust key takes the name of an environment variable, such as LLM_KEY, and a host")
    name, address = names
    try:
        trusted_hosts.bind_key(name, address)
    except ValueError as error:
        raise HarnessError(str(error)) from None
    host = trusted_hosts.origin(address)
    typer.echo(screen.paragraph(f"from now on the key in {name} may go to {host}"))
    return {"key": name, "host": host}


def _trusted_host(names: list[str]) -> Report:
    if len(names) != 1:
        raise HarnessError("trust host takes a host")
    try:
        trusted_hosts.trust_host(names[0])
    except ValueError as error:
        raise HarnessError(str(error)) from None
    host = trusted_hosts.origin(names[0])
    typer.echo(screen.paragraph(f"from now on models may send the texts that they label to {host}"))
    return {"host": host}


def _trusted_code(file: Path) -> Report:
    try:
        code = own_code.code_in(file)
    except own_code.UntrustedCodeError as error:
        raise HarnessError(str(error)) from None
    own_code.trust(code)
    sources = code.sources()
    names = ", ".join(path.name for path in sources)
    typer.echo(screen.paragraph(f"trusted on this machine, as it is now: {names}"))
    return {"file": code.file, "digest": code.digest(), "sources": sources}


def _listed() -> Report:
    remembered = own_code.trusted()
    keys, hosts = trusted_hosts.remembered()
    for digest, path in remembered.items():
        typer.echo(f"{digest[:12]}  {path}")
    for name, bound in sorted(keys.items()):
        typer.echo(f"key {name}  {', '.join(bound)}")
    for host in hosts:
        typer.echo(f"host  {host}")
    if not (remembered or keys or hosts):
        typer.echo("nothing is trusted yet")
    return {"trusted": remembered, "keys": keys, "hosts": hosts}


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(trust)
