"""The verb predict: rows and a model in, a labelled file out."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli.executor_options import Executor, RayAddress, Scratch, Where, Workers, check_executor
from harness.cli.reporting import Report, as_json
from harness.cli.server_spending import Budget, check_budget, resumable, say_cost
from harness.values.commands import command_line
from harness.values.errors import ModelError
from harness.values.formatting import counted
from harness.values.outputs import claimed, is_stream

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel, Together
    from harness.serving.inference.bucket_rows import LocalFiles
    from harness.serving.inference.file_options import FileOptions
    from harness.serving.inference.shards import Shard
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
    onnx = "onnx"
    bf16 = "bf16"
    int8 = "int8"


Input = Annotated[
    str,
    typer.Option(
        "--input",
        "-i",
        help="A CSV, TSV, JSONL (also .gz), Parquet or Excel file, or a folder of them, here or in a bucket"
        " (s3://, gs://); - is standard input.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="The labelled file, here or in a bucket; its ending sets the format. - is standard output.",
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
ModelAddress = Annotated[
    str, typer.Option(help="The model: models:/NAME@champion, runs:/RUN_ID or a folder.")
]
FramesAddress = Annotated[
    str, typer.Option(help="A framing model besides, models:/framing@champion: both label each row.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue after the rows that an interrupted call labelled.")
]
Part = Annotated[
    str, typer.Option(help="Label one part of the input: 3/64.", metavar="K/N", show_default=False)
]
Parts = Annotated[int | None, typer.Option(min=1, help="Join so many labelled parts.", show_default=False)]


def predict(
    model: ModelAddress = "models:/stance@champion",
    frames: FramesAddress = "",
    input_: Input = "-",
    output: Output = "-",
    format_: StreamFormat = None,
    engine: Engine = EngineChoice.auto,
    resume: Resume = False,
    columns: Columns = None,
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    skip_bad: SkipBad = None,
    raw: Raw = False,
    budget: Budget = None,
    shard: Part = "",
    shards: Parts = None,
    executor: Where = Executor.serial,
    workers: Workers = None,
    ray_address: RayAddress = "",
    scratch: Scratch = None,
) -> Report:
    """Label the rows of a file with a model.

    Columns of the file: text and target; optional: target_start and target_end (offsets of the mention, end
    exclusive) and holder.
    """
    from harness.serving.inference.bucket_rows import NamedFiles, local_files
    from harness.serving.inference.file_options import FileOptions
    from harness.serving.inference.shards import Shard
    from harness.serving.inference.text_layout import TextLayout
    from harness.values.bucket_addresses import check_local

    # Before the model is loaded: a wrong option should not cost half a minute.
    layout = TextLayout(encoding, "\t" if delimiter in ("tab", "\\t") else delimiter, raw)
    part = Shard.parse(shard) if shard else None
    check_executor(executor, workers, ray_address)
    _check_parts(part, shards, executor)
    options = FileOptions(_columns(columns or ()), layout, skip_bad, part)
    if input_ == "-" and sys.stdin.isatty():
        # It would wait for rows that nobody knows are wanted.
        line = command_line("predict", input="sentences.csv", output="labelled.csv")
        raise typer.BadParameter(f"is missing: {line}", param_hint="--input")
    check_local(skip_bad, "--skip-bad")
    named = NamedFiles(input_, output, part, shards, resume, scratch)
    trust, costs = list[str](), list[Any]()
    with local_files(named) as files:
        if shards is not None:
            count = _join_shards(files, shards, layout)
        else:
            labelling = _Call((model, frames), engine, options, budget, _stated(format_), resume)
            count, trust, costs = _label(labelling, files, (executor, workers, ray_address))
    # What is in a bucket is there when the block has ended.
    return _written(count, named.shown(), trust) | ({"server": costs} if costs else {})


def _check_parts(part: Shard | None, shards: int | None, executor: Executor) -> None:
    """Refuse options that each want something else of the parts of a file."""
    if part is not None and executor is not Executor.serial:
        raise ModelError(f"--shard labels one part, in one process: leave out --executor {executor}")
    if shards is not None and (part is not None or executor is not Executor.serial):
        raise ModelError("--shards joins labelled parts: leave out --shard and --executor, which label them")


@dataclass(frozen=True)
class _Call:
    """Models, and how they label; see the options of the same names."""

    models: tuple[str, str]
    engine: EngineChoice
    options: FileOptions
    budget: float | None
    stream_format: Literal["csv", "jsonl"] | None
    resume: bool


def _label(
    call: _Call, files: LocalFiles, where: tuple[Executor, int | None, str]
) -> tuple[int, list[str], list[Any]]:
    """Label rows; return how many were written, how far they may be trusted, and what servers are asked."""
    from harness.serving.inference.checked_files import check_files
    from harness.serving.inference.labelling import predict_file

    source, sink, options, part = files.source, files.output, call.options, call.options.shard
    check_files(source, sink, options)
    paths = _files_of_parts(where[0], (source, sink))
    written, aside = (
        part.beside(path) if part is not None and path else path for path in (sink, options.skip_bad)
    )
    # Before the model is loaded, too: of two processes with one output the second is told at once.
    with claimed(written), claimed(aside), resumable(sink):
        loaded, folders = _loaded(call.models, call.engine)
        costs = _say_costs(loaded, source, options, call.budget)
        origin = loaded.digest + options.digest
        count = files.rows_of_earlier(origin) if call.resume else None
        if count is None:
            if paths is not None:
                what = (folders, call.engine, paths, options)
                count = _label_elsewhere(loaded, what, where, call.resume)
            else:
                count = predict_file(
                    loaded,
                    source,
                    sink,
                    # A file has an ending that says it; --format is for streams, which have none.
                    stream_format=call.stream_format,
                    resume=call.resume,
                    options=options,
                )
            files.note_rows(origin, count)
    return count, list(loaded.trust), costs


def _files_of_parts(executor: Executor, files: tuple[Path | None, Path | None]) -> tuple[Path, Path] | None:
    """Return input and output where several processes label; None where this one does.

    Raises
    ------
    ModelError
        Where there is no file to cut into parts.
    """
    if executor is Executor.serial:
        return None
    source, sink = files
    # A pipe is empty once its rows were counted.
    if source is None or sink is None or is_stream(source):
        raise ModelError(f"--executor {executor} needs --input and --output: parts are cut out of files")
    return source, sink


def _label_elsewhere(
    model: LabelModel | Together,
    what: tuple[tuple[Path, ...], EngineChoice, tuple[Path, Path], FileOptions],
    where: tuple[Executor, int | None, str],
    resume: bool,
) -> int:
    from harness.runs.executors.labelling import Labelling, label_with_processes
    from harness.serving.inference.server_costs import asking

    (folders, engine, (source, sink), options), (executor, workers, ray_address) = what, where
    if asking(model):
        raise ModelError("this model asks a server, for many rows at a time: --executor serial is as fast")
    labelling = Labelling(folders, engine.value, source, sink, options)
    if executor is Executor.ray:
        from harness.runs.executors.cluster.address import Address
        from harness.runs.executors.cluster.labelling import label_on_cluster

        return label_on_cluster(labelling, Address.parse(ray_address), workers=workers, resume=resume)
    return label_with_processes(labelling, workers=workers, resume=resume)


def _written(count: int, output: str | None, trust: Sequence[str] = ()) -> dict[str, Any]:
    """Say how many rows were written where, and how far they may be trusted."""
    if output is not None:
        typer.echo(f"{counted(count, 'row')} written to {output}", err=True)
    # Last, on standard error: labels that are copied on from here should not go without it.
    for line in trust:
        typer.echo(line, err=True)
    return {"rows": count, "output": output}


def _stated(format_: Format | None) -> Literal["csv", "jsonl"] | None:
    return format_.value if format_ is not None else None


def _loaded(addresses: Sequence[str], engine: EngineChoice) -> tuple[LabelModel | Together, tuple[Path, ...]]:
    """Load a model, or a stance model and a framing model; return it, and the folder of each."""
    from harness.serving.inference import Together, load_folder
    from harness.tracking.models import located

    named = [(address, located(address)) for address in addresses if address]
    models = [load_folder(folder, engine=engine.value, uri=address) for address, folder in named]
    return Together(*models) if len(models) > 1 else models[0], tuple(folder for _, folder in named)


def _join_shards(files: LocalFiles, shards: int, layout: TextLayout) -> int:
    from harness.serving.inference.shards import merge

    if files.source is None or files.output is None:
        raise typer.BadParameter("needs --input and --output, as for the parts", param_hint="--shards")
    return merge(files.source, files.output, shards, layout)


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
    """Add the verb to a command line."""
    app.command()(predict)
