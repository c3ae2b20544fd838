"""The verbs promote, rollback and predict."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer


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
    str, typer.Option("--experiment", "-e", help="Its name; left out, the last one that was run.")
]


def promote(
    experiment: Experiment = "",
    classifier: Annotated[str, typer.Option(help="Left out, the best on validation.")] = "",
    model_name: Annotated[str, typer.Option(help="Left out, the config's model_name, or the task.")] = "",
    replace: Annotated[
        bool, typer.Option(help="Replace a champion that was scored on another test set.")
    ] = False,
    with_wheel: Annotated[
        bool,
        typer.Option("--with-wheel", help="Add the package's wheel to the model, for serving elsewhere."),
    ] = False,
) -> None:
    """Register the best classifier of an experiment, by its primary metric on validation, as champion."""
    from harness.runs import model_promotion

    promoted = model_promotion.promote(
        experiment,
        classifier=classifier,
        model_name=model_name,
        replace=replace,
        with_wheel=with_wheel,
    )
    typer.echo(promoted.describe())
    typer.echo(f"Label with it: make predict MODEL={promoted.uri} INPUT=sentences.csv OUTPUT=labelled.csv")


def rollback(model_name: Annotated[str, typer.Argument(help="stance or framing, say.")]) -> None:
    """Make the champion before this one champion again."""
    from harness.runs import model_promotion

    typer.echo(model_promotion.rollback(model_name).describe())


def predict(
    model: Annotated[
        str, typer.Option(help="models:/NAME@champion, runs:/… or a folder.")
    ] = "models:/stance@champion",
    frames: Annotated[
        str, typer.Option(help="A framing model, models:/framing@champion: both label each row.")
    ] = "",
    input_: Annotated[
        str, typer.Option("--input", "-i", help="CSV, JSONL or Parquet; - is standard input.")
    ] = "-",
    output: Annotated[
        str, typer.Option("--output", "-o", help="Its ending says the format; - is standard output.")
    ] = "-",
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="Of standard input and output; left out, CSV."),
    ] = None,
    engine: Annotated[
        EngineChoice, typer.Option(help="What computes, if a model has a choice.", envvar="HARNESS_ENGINE")
    ] = EngineChoice.auto,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted labelling of the same file.")
    ] = False,
) -> None:
    """Label the rows of a file: text, target and, where known, target_start, target_end, holder."""
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
    # Last, on standard error: labels that are copied on from here should not go without it.
    for line in loaded.trust:
        typer.echo(line, err=True)


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (promote, rollback, predict):
        app.command()(verb)
