"""The verb audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report, as_json
from harness.cli.server_spending import Budget, check_budget, say_cost
from harness.values.formatting import counted
from harness.values.outputs import keep_apart

if TYPE_CHECKING:
    from harness.serving.inference.server_costs import ServerCost


def audit(
    model: Annotated[
        str,
        typer.Argument(help="A model: models:/NAME@champion, runs:/RUN_ID or a folder.", show_default=False),
    ],
    corpus: Annotated[
        str,
        typer.Option(
            help="The rows to audit on: a corpus (partyline, newsmtsc, …), a table, or a config, whose test"
            " rows and audits are taken."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a page and tables into this folder.", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Override a setting: audits.behaviour=off. Repeatable."),
    ] = None,
    budget: Budget = None,
) -> Report:
    """Audit a finished model without training; log the verdicts."""
    from harness.cli.findings import render_findings
    from harness.runs.model_audit import audit as audit_model

    # The name of a corpus is no file, even where a folder is called like it.
    inputs = [Path(model), *([Path(corpus)] if Path(corpus).is_file() else [])]
    # The tables of an earlier audit, one of which may be the corpus, would be replaced.
    earlier = output.glob("audits/*") if output is not None else ()
    keep_apart([output, *earlier], inputs)
    check_budget(budget)
    costs: list[ServerCost] = []

    def announce(cost: ServerCost) -> None:
        say_cost(cost)
        costs.append(cost)

    audited = audit_model(
        model, corpus=corpus, set=set_ or (), output=output, budget=budget, announce=announce
    )
    examined = audited.examined
    typer.echo(f"{examined.uri} on {counted(examined.n, 'row')} of {examined.corpus}")
    for note in audited.notes:
        typer.echo(screen.paragraph(f"note: {note}"))
    # Audits are all that was asked for: those that passed are explained, too.
    for paragraph in render_findings(audited.findings, width=screen.prose_width(), everything=True):
        typer.echo(paragraph)
    typer.echo(f"Logged to the experiment {audited.experiment!r}.")
    if output is not None:
        typer.echo(f"{output / 'report.html'}")
    return {
        "model": examined.uri,
        "corpus": examined.corpus,
        "n": examined.n,
        "findings": audited.findings,
        "notes": audited.notes,
        "experiment": audited.experiment,
        "page": output / "report.html" if output is not None else None,
        "server": [as_json(cost) for cost in costs],
    }


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(audit)
