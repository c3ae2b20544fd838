"""The verbs promote, rollback, registry and predict."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli import screen
from harness.cli.reporting import Report, Unfinished, as_json
from harness.cli.server_spending import Budget, check_budget, resumable, say_cost
from harness.values.commands import command_line
from harness.values.errors import ModelError
from harness.values.formatting import counted, interval, number
from harness.values.gates import GateResult
from harness.values.outputs import claimed

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel, Together
    from harness.serving.inference.file_options import FileOptions
    from harness.serving.inference.text_layout import TextLayout

_COMMA_BEFORE_NAME = re.compile(r",(?=\s*\w+\s*=)")


class Format(StrEnum):
    """Formats of standard input and output."""

    csv = "csv"
    jsonl = "jsonl"


class EngineChoice(StrEnum):
    """What a model is computed by."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    int8 = "int8"


Input = Annotated[
    str,
    typer.Option(
        "--input", "-i", help="A CSV, TSV, JSONL (also .gz), Parquet or Excel file; - is standard input."
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", help="The labelled file; its ending sets the format. - is standard output."
    ),
]
StreamFormat = Annotated[
    Format | None,
    typer.Option("--format", help="Format of standard input and output. Default: CSV.", show_default=False),
]
Engine = Annotated[
    EngineChoice,
    typer.Option(
        help="Precision of a fine-tuned encoder. auto: the fastest that agrees with fp32.",
        envvar="HARNESS_ENGINE",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="A=B,...",
        help="Columns of the file under other names: text=sentence,target=party; may be repeated.",
    ),
]
Delimiter = Annotated[
    str, typer.Option(help="Between the fields of a CSV file, read and written; tab is a tab.")
]
Encoding = Annotated[str, typer.Option(help="Of a text file, read and written: cp1252, utf-16, ….")]
SkipBad = Annotated[
    Path | None,
    typer.Option(
        metavar="ROWS.csv",
        help="Set rows that cannot be labelled aside, into this file, and go on.",
        show_default=False,
    ),
]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw", help="Read and write cells as they are, also those that a spreadsheet would compute."
    ),
]
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


def predict(
    model: Annotated[
        str, typer.Option(help="The model: models:/NAME@champion, runs:/RUN_ID or a folder.")
    ] = "models:/stance@champion",
    frames: Annotated[
        str, typer.Option(help="A framing model besides, models:/framing@champion: both label each row.")
    ] = "",
    input_: Input = "-",
    output: Output = "-",
    format_: StreamFormat = None,
    engine: Engine = EngineChoice.auto,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue after the rows that an interrupted call labelled.")
    ] = False,
    columns: Columns = None,
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    skip_bad: SkipBad = None,
    raw: Raw = False,
    budget: Budget = None,
    shard: Annotated[
        str, typer.Option(help="Label one part of the input: 3/64.", metavar="K/N", show_default=False)
    ] = "",
    shards: Annotated[
        int | None, typer.Option(min=1, help="Join so many labelled parts.", show_default=False)
    ] = None,
) -> Report:
    """Label the rows of a file with a model.

    Columns of the file: text and target; optional: target_start and target_end (offsets of the mention, end
    exclusive) and holder.
    """
    from harness.serving.inference.checked_files import check_files
    from harness.serving.inference.file_options import FileOptions
    from harness.serving.inference.labelling import predict_file
    from harness.serving.inference.shards import Shard
    from harness.serving.inference.text_layout import TextLayout

    # Before the model is loaded: a wrong option should not cost half a minute.
    layout = TextLayout(encoding, "\t" if delimiter in ("tab", "\\t") else delimiter, raw)
    part = Shard.parse(shard) if shard else None
    options = FileOptions(_columns(columns or ()), layout, skip_bad, part)
    if input_ == "-" and sys.stdin.isatty():
        # It would wait for rows that nobody knows are wanted.
        line = command_line("predict", input="sentences.csv", output="labelled.csv")
        raise typer.BadParameter(f"is missing: {line}", param_hint="--input")
    source, sink = (None if name == "-" else Path(name) for name in (input_, output))
    if shards is not None:
        return _join_shards(source, sink, shards, layout)
    check_files(source, sink, options)
    written, aside = (part.beside(path) if part is not None and path else path for path in (sink, skip_bad))
    # Before the model is loaded, too: of two processes with one output the second is told at once.
    with claimed(written), claimed(aside), resumable(sink):
        loaded = _loaded(model, frames, engine)
        costs = _say_costs(loaded, source, options, budget)
        count = predict_file(
            loaded,
            source,
            sink,
            # A file has an ending that says it; --format is for streams, which have none.
            stream_format=_stated(format_),
            resume=resume,
            options=options,
        )
    return _written(count, written, loaded.trust) | ({"server": costs} if costs else {})


def _written(count: int, output: Path | None, trust: Sequence[str] = ()) -> dict[str, Any]:
    """Say how many rows were written where, and how far they may be trusted."""
    if output is not None:
        typer.echo(f"{counted(count, 'row')} written to {output}", err=True)
    # Last, on standard error: labels that are copied on from here should not go without it.
    for line in trust:
        typer.echo(line, err=True)
    return {"rows": count, "output": output}


def _stated(format_: Format | None) -> Literal["csv", "jsonl"] | None:
    return format_.value if format_ is not None else None


def _loaded(model: str, frames: str, engine: EngineChoice) -> LabelModel | Together:
    from harness.tracking import models

    if frames:
        return models.load_both(model, frames, engine=engine.value)
    return models.load(model, engine=engine.value)


def _join_shards(source: Path | None, sink: Path | None, shards: int, layout: TextLayout) -> Report:
    from harness.serving.inference.shards import merge

    if source is None or sink is None:
        raise typer.BadParameter("needs --input and --output, as for the parts", param_hint="--shards")
    return _written(merge(source, sink, shards, layout), sink)


def _say_costs(
    model: LabelModel | Together, source: Path | None, options: FileOptions, budget: float | None
) -> list[Any]:
    """Say what a model asks of a server, if it asks one, before the first row is sent; limit its budget.

    Raises
    ------
    ModelError
        Where texts may not be sent there, or a budget has no effect.
    """
    from harness.serving.inference.server_costs import asking, check_effect, server_costs

    check_budget(budget)
    models = asking(model)
    check_effect(budget, models)
    costs = server_costs(models, source, options, budget) if models else []
    for cost in costs:
        say_cost(cost)
    return [as_json(cost) for cost in costs]


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``text=sentence,target=party``; a name in a file may hold a comma if its option is repeated."""
    columns = {}
    for part in (part for pair in pairs for part in _COMMA_BEFORE_NAME.split(pair)):
        name, equals, column = part.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise ModelError(f"--columns {part!r} is not of the form text=sentence")
        columns[name.strip()] = column.strip()
    return columns


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (promote, rollback, registry, predict):
        app.command()(verb)
