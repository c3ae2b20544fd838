"""The verbs promote, rollback and predict."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli.reporting import Report, as_json
from harness.values.commands import command_line


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


Experiment = Annotated[
    str, typer.Option("--experiment", "-e", help="An experiment. Default: the one that was run last.")
]


def promote(
    experiment: Experiment = "",
    classifier: Annotated[
        str, typer.Option(help="The classifier to promote. Default: the best on validation.")
    ] = "",
    model_name: Annotated[
        str,
        typer.Option(help="Name of the registered model. Default: model_name of the config, or the task."),
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a champion that was scored on other test items.")
    ] = False,
    with_wheel: Annotated[
        bool,
        typer.Option(
            "--with-wheel", help="Add the wheel of this package to the model, to serve it elsewhere."
        ),
    ] = False,
) -> Report:
    """Register the best classifier of an experiment as champion.

    The best is the one with the best primary metric on the validation rows.
    """
    from harness.runs import model_promotion

    promoted = model_promotion.promote(
        experiment,
        classifier=classifier,
        model_name=model_name,
        replace=replace,
        with_wheel=with_wheel,
    )
    typer.echo(promoted.describe())
    line = command_line("predict", model=promoted.uri, input="sentences.csv", output="labelled.csv")
    typer.echo(f"Label with it: {line}")
    return {**as_json(promoted), "uri": promoted.uri}


def rollback(
    model_name: Annotated[str, typer.Argument(help="A registered model: stance, framing, …")],
) -> Report:
    """Make the previous champion champion again."""
    from harness.runs import model_promotion

    restored = model_promotion.rollback(model_name)
    typer.echo(restored.describe())
    return {**as_json(restored), "uri": restored.uri}


def predict(
    model: Annotated[
        str, typer.Option(help="The model: models:/NAME@champion, runs:/RUN_ID or a folder.")
    ] = "models:/stance@champion",
    frames: Annotated[
        str, typer.Option(help="A framing model besides, models:/framing@champion: both label each row.")
    ] = "",
    input_: Annotated[
        str, typer.Option("--input", "-i", help="A CSV, TSV, JSONL or Parquet file; - is standard input.")
    ] = "-",
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="The labelled file; its ending sets the format. - is standard output."
        ),
    ] = "-",
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Format of standard input and output. Default: CSV.", show_default=False
        ),
    ] = None,
    engine: Annotated[
        EngineChoice,
        typer.Option(
            help="Precision of a fine-tuned encoder. auto: the fastest that agrees with fp32.",
            envvar="HARNESS_ENGINE",
        ),
    ] = EngineChoice.auto,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue after the rows that an interrupted call labelled.")
    ] = False,
) -> Report:
    """Label the rows of a file with a model.

    Columns of the file: text and target; optional: target_start and target_end (offsets of the mention, end
    exclusive) and holder.
    """
    from harness.serving.inference.labelling import predict_file
    from harness.tracking import models

    source, sink = (None if name == "-" else Path(name) for name in (input_, output))
    stated: Literal["csv", "jsonl"] | None = format_.value if format_ is not None else None
    loaded = (
        models.load_both(model, frames, engine=engine.value)
        if frames
        else models.load(model, engine=engine.value)
    )
    count = predict_file(
        loaded,
        source,
        sink,
        # A file has an ending that says it; --format is for streams, which have none.
        source_format=stated if source is None else None,
        output_format=stated if sink is None else None,
        resume=resume,
    )
    if sink is not None:
        typer.echo(f"{count:,} rows written to {sink}", err=True)
    return {"rows": count, "output": sink}


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (promote, rollback, predict):
        app.command()(verb)
