"""The verbs promote, rollback and registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from harness.cli import screen
from harness.cli.reporting import Report, Unfinished, as_json
from harness.values.commands import command_line
from harness.values.formatting import interval, number
from harness.values.gates import GateResult

Experiment = Annotated[
    str, typer.Option("--experiment", "-e", help="An experiment. Default: the one that was run last.")
]


def promote(
    experiment: Experiment = "",
    classifier: Annotated[
        str,
        typer.Option(
            help="The classifier to promote. Default: the best on validation; ties go by audits and cost."
        ),
    ] = "",
    model_name: Annotated[
        str,
        typer.Option(help="Name of the registered model. Default: model_name of the config, or the task."),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the table of gates and change nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a champion that was scored on another test set.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Promote in spite of gates that fail; the version keeps it.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why it is forced; the version keeps it.")] = "",
    with_wheel: Annotated[
        bool,
        typer.Option(
            "--with-wheel", help="Add the wheel of this package to the model, to serve it elsewhere."
        ),
    ] = False,
) -> Report | Unfinished:
    """Make the best classifier of an experiment champion.

    It has to pass the gates of its config.
    """
    from harness.runs import model_promotion
    from harness.tracking.promotion import RefusedPromotionError

    if reason and not force:
        raise typer.BadParameter("has no effect without --force", param_hint="--reason")
    try:
        promoted = model_promotion.promote(
            experiment,
            classifier=classifier,
            model_name=model_name,
            replace=replace,
            with_wheel=with_wheel,
            force=(reason or "no reason was given") if force else "",
            dry_run=dry_run,
        )
    except RefusedPromotionError as refusal:
        _print_gates(refusal.results)
        return Unfinished({"gates": refusal.results}, refusal)
    if dry_run:
        _print_gates(promoted.results)
    for line in promoted.describe().splitlines():
        typer.echo(screen.paragraph(line, then="  "))
    if not dry_run:
        line = command_line("predict", model=promoted.uri, input="sentences.csv", output="labelled.csv")
        typer.echo(f"Label with it: {line}")
    return {**as_json(promoted), "uri": promoted.uri}


def rollback(
    model_name: Annotated[
        str,
        typer.Argument(
            help="A registered model: stance, framing, …. Default: the only one that has a champion.",
            show_default=False,
        ),
    ] = "",
) -> Report:
    """Make the previous champion champion again.

    Called twice, the one before that.
    """
    from harness.runs import model_promotion

    restored = model_promotion.rollback(model_name)
    typer.echo(screen.paragraph(restored.describe().splitlines()[0], then="  "))
    return {**as_json(restored), "uri": restored.uri}


def registry() -> Report:
    """List registered models, their scores and verdicts.

    Also who made them champion, when and why.
    """
    from harness.runs import model_promotion

    versions = model_promotion.registry()
    if versions.empty:
        typer.echo("no model is registered yet")
    for text in registry_text(versions.to_dict("records")):
        typer.echo(text)
    return {"versions": versions}


def registry_text(rows: Iterable[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield the lines of a registry: one per version, and below it what a reader should know."""
    for row in rows:
        alias = f" [{row['aliases']}]" if row["aliases"] else ""
        yield f"{row['model']} version {row['version']}{alias}: {row['classifier']}, {row['experiment']}"
        test = f"{number(row['test'])} ({interval(row['low'], row['high'])})"
        yield f"  {row['metric']} {number(row['validation'])} on validation, {test} on test"
        facts = {
            "audits": row["audits"],
            "forced": row["forced"],
            "waived": row["waived"],
            "promoted": f"{row['at']} UTC by {row['by']}" if row["at"] else "",
            "why": row["why"],
        }
        for word, fact in facts.items():
            if fact:
                yield screen.paragraph(f"{word}: {fact}", first="  ", then="    ")


def _print_gates(results: Sequence[GateResult]) -> None:
    table = screen.table("", ["gate", "verdict"], ["value", "limit"])
    for result in results:
        cells = (number(result.value, missing=""), number(result.limit, missing=""))
        table.add_row(result.words, result.verdict, *cells)
    screen.console().print(table)
    for result in results:
        # What failed is said at the end, by how much.
        if result.verdict in ("warning", "undecided", "waived", "not checked"):
            text = f"{result.words}: {result.verdict}. {result.brief}"
            typer.echo(screen.paragraph(text, then="  "))


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (promote, rollback, registry):
        app.command()(verb)
