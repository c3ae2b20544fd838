"""The verb explore."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from harness.values.errors import ConfigError, Problem
from harness.values.formatting import agreeing, counted
from harness.values.outputs import claimed, write_text

MAX_EXPLAINED = 100_000

PageFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the page into this file, and serve nothing: it works without a server, but for what"
        " asks a model.",
        show_default=False,
    ),
]

PagePort = Annotated[
    int | None,
    typer.Option(
        help="Port of the address, which only this computer can open. Default: the first free one from"
        " 5100 on.",
        show_default=False,
    ),
]

ExplainedRows = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_EXPLAINED,
        metavar="N",
        help="Say in the page of N rows which words moved each label: of those that a classifier labels"
        " wrongly, then of others at random. Each row costs some thirty predictions of a classifier that"
        " does not sum over words.",
    ),
]


def explore(
    experiments: Annotated[
        list[str] | None,
        typer.Argument(help="Experiments. Default: the one that was run last.", show_default=False),
    ] = None,
    output: PageFile = None,
    explain: ExplainedRows = 0,
    log: Annotated[
        bool,
        typer.Option(
            "--log",
            help="Log the page of each run that has none, as runs of earlier versions, into MLflow, and serve"
            " nothing.",
        ),
    ] = False,
    port: PagePort = None,
) -> None:
    """Look at every row and its answers, in a browser."""
    if log:
        _log(experiments, {"--output": output, "--explain": explain, "--port": port})
        return
    from harness.explorer.answering import answering_of
    from harness.explorer.explained_rows import explained
    from harness.explorer.finished_experiments import explore as explored_of
    from harness.tracking.store import Store, last_experiment

    with claimed(output):
        store = Store.open(reading=True)
        explored = explored_of(store, experiments or [last_experiment.recall(store)])
        answering = answering_of(store, explored)
        explanations = explained(answering, explored, explain) if explain else None
        for note in explored.described.notes + (explanations.notes if explanations else ()):
            typer.echo(f"note: {note}", err=True)
        if output is not None:
            write_text(output, explored.page(explanations=explanations))
            rows, classifiers = counted(len(explored.rows), "row"), counted(len(explored.runs), "classifier")
            words = f"; words of {counted(len(explanations.at), 'row')}" if explanations else ""
            typer.echo(f"{output}: {rows} of {classifiers}{words}")
            return
    from harness.explorer.server import serve

    page = explored.page(served=True, explanations=explanations)
    serve(page, answering, port=port, say=typer.echo)


def _log(experiments: list[str] | None, others: Mapping[str, object]) -> None:
    """Log the pages of runs that have none."""
    from harness.explorer.run_files import log_missing_pages
    from harness.tracking.finished_runs import finished_runs
    from harness.tracking.store import Store, last_experiment

    problems = [Problem(option, "has no effect with --log") for option, value in others.items() if value]
    if problems:
        raise ConfigError(problems)
    store = Store.open()
    runs = finished_runs(store, experiments or [last_experiment.recall(store)])
    for run in (logged := log_missing_pages(store, runs)):
        typer.echo(f"{run.experiment}: {run.name}: explorer.html logged")
    rest = len(runs) - len(logged)
    if rest:
        typer.echo(f"{counted(rest, 'run')} {agreeing(rest, 'has', 'have')} a page from before")


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(explore)
