"""Command lines in, calls and rendered answers out; the verbs, nothing else."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import typer

from harness.cli import articles as article_cli
from harness.cli import audits as audit_cli
from harness.cli import suites as suite_cli
from harness.values.errors import ConfigError, HarnessError, HarnessWarning

app = typer.Typer(
    name="harness",
    help="Evaluate classifiers that label sentences by stance toward a party and by framing.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
corpus_app = typer.Typer(help="What corpora there are and what they hold.", no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")
article_cli.add_to(app)
suite_cli.add_to(app)
audit_cli.add_to(app)


class Format(StrEnum):
    """What standard input and output are written in."""

    csv = "csv"
    jsonl = "jsonl"


class EngineChoice(StrEnum):
    """What a model is computed by."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    int8 = "int8"


Config = Annotated[Path, typer.Argument(help="A YAML file.", show_default=False)]
Sets = Annotated[
    Optional[list[str]],  # noqa: UP045 (Typer reads the annotation at run time)
    typer.Option("--set", metavar="A.B=C", help="Override a setting; may be repeated."),
]
Experiment = Annotated[
    str, typer.Option("--experiment", "-e", help="Its name; left out, the last one that was run.")
]


@app.command()
def validate(
    configs: Annotated[list[Path], typer.Argument(help="YAML files.", show_default=False)],
    set_: Sets = None,
) -> None:
    """Resolve configs and report every problem; runs nothing."""
    from harness.config import plan

    problems = []
    for path in configs:
        try:
            plan.read(path, set_ or ())
        except ConfigError as error:
            problems += list(error.problems)
        else:
            typer.echo(f"{path}: ok")
    if problems:
        raise ConfigError(dict.fromkeys(problems))


@app.command()
def run(
    config: Config,
    set_: Sets = None,
    fresh: Annotated[bool, typer.Option(help="Repeat what is finished.")] = False,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Run although test repeats train; marks the runs.")
    ] = False,
) -> None:
    """Train and score what a config names, and log it to MLflow; finishes what an earlier run left undone."""
    from harness.cli import run as terminal
    from harness.config import plan

    planned = plan.read(config, set_ or ())
    terminal.run_experiment(planned, fresh=fresh, allow_leaks=allow_leaks)


@app.command()
def compare(
    experiment: Annotated[
        str, typer.Option("--experiment", "-e", help="Names, commas between; left out, the last one run.")
    ] = "",
    metric: Annotated[
        str, typer.Option(help="f1_macro, f1_critical, brier, ...; left out, what the config goes by.")
    ] = "",
) -> None:
    """Say which differences between finished classifiers are real; logs the comparison to MLflow."""
    from harness.cli import compare as screen
    from harness.runs import comparison
    from harness.tracking.store import Store, last

    store = Store.open()
    names = [name.strip() for name in (experiment or last.recall(store)).split(",") if name.strip()]
    screen.show_comparison(comparison.compare(store, names, metric))


@app.command()
def score(
    table: Annotated[
        Path, typer.Argument(help="CSV: id, prediction, where known p_<label>, seed.", show_default=False)
    ],
    config: Annotated[Path, typer.Option(help="Whose corpus and split it is scored on.", show_default=False)],
    name: Annotated[str, typer.Option(help="Of the run; left out, that of the file.")] = "",
    set_: Sets = None,
) -> None:
    """Score predictions that were made elsewhere, and log them as a run that compares like any other."""
    from harness.cli import compare as screen
    from harness.config import plan

    screen.score_table(plan.read(config, set_ or ()), table, name=name)


@app.command()
def promote(
    experiment: Experiment = "",
    classifier: Annotated[str, typer.Option(help="Left out, the best on validation.")] = "",
    model_name: Annotated[str, typer.Option(help="Left out, what the config says: the task.")] = "",
    replace: Annotated[
        bool, typer.Option(help="Replace a champion that was judged on another test set.")
    ] = False,
) -> None:
    """Register the best classifier of an experiment, by its primary metric on validation, as champion."""
    from harness.tracking import promotion
    from harness.tracking.store import Store, last

    store = Store.open()
    promoted = promotion.promote(
        store,
        experiment or last.recall(store),
        classifier=classifier or None,
        model_name=model_name or None,
        replace=replace,
    )
    typer.echo(promoted.describe())
    typer.echo(f"Label with it: make predict MODEL={promoted.uri} INPUT=sentences.csv OUTPUT=labelled.csv")


@app.command()
def rollback(model_name: Annotated[str, typer.Argument(help="stance or framing, say.")]) -> None:
    """Make the champion before this one champion again."""
    from harness.tracking import promotion
    from harness.tracking.store import Store

    typer.echo(promotion.rollback(Store.open(), model_name).describe())


@app.command()
def predict(
    model: Annotated[
        str, typer.Option(help="models:/NAME@champion, runs:/… or a folder.")
    ] = "models:/stance@champion",
    frames: Annotated[
        str, typer.Option(help="A frames model beside it, models:/framing@champion: both label each row.")
    ] = "",
    input_: Annotated[
        str, typer.Option("--input", "-i", help="CSV, JSONL or Parquet; - is standard input.")
    ] = "-",
    output: Annotated[
        str, typer.Option("--output", "-o", help="Its ending says the format; - is standard output.")
    ] = "-",
    format_: Annotated[
        Optional[Format],  # noqa: UP045
        typer.Option("--format", help="Of standard input and output; left out, CSV."),
    ] = None,
    engine: Annotated[
        EngineChoice, typer.Option(help="What computes, if a model has a choice.", envvar="HARNESS_ENGINE")
    ] = EngineChoice.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier attempt ended.")] = False,
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
        source_format=stated if source is None else None,
        output_format=stated if sink is None else None,
        resume=resume,
    )
    if sink is not None:
        typer.echo(f"{count:,} rows written to {sink}", err=True)


@app.command()
def ui(
    port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            help="Where it listens, on this machine alone; left out, the first free one from 5000 on."
        ),
    ] = None,
    experiment: Experiment = "",
) -> None:
    """Open the runs in the MLflow UI; Ctrl-C ends it."""
    from harness.tracking.store import Store
    from harness.tracking.store.ui import serve_ui

    sys.exit(serve_ui(Store.open(), port=port, experiment=experiment or None))


@app.command()
def relocate() -> None:
    """Mend the store after its folder was moved or copied."""
    from harness.tracking.store import Store
    from harness.tracking.store.relocate import relocate as mend

    typer.echo(mend(Store.open(check=False)).describe())


@app.command()
def schema() -> None:
    """Write the JSON Schema of config files to standard output."""
    import json

    from harness.config.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command(name="list")
def list_(
    section: Annotated[str, typer.Argument(help="corpus, split, classifier or metric; left out, all.")] = "",
) -> None:
    """List what a config can name, with its options and their defaults."""
    from harness.cli import run as terminal

    terminal.list_catalogue(section)


@corpus_app.command(name="list")
def corpus_list() -> None:
    """List the corpora, with tasks and where each is looked for."""
    from harness.cli import run as terminal

    terminal.list_corpora()


@corpus_app.command(name="describe")
def corpus_describe(
    name: Annotated[str, typer.Argument(help="A corpus of the list.")],
) -> None:
    """Print the data card of a corpus and what its files hold."""
    from harness.cli import run as terminal

    terminal.describe_corpus(name)


@corpus_app.command(name="fetch")
def corpus_fetch(
    name: Annotated[str, typer.Argument(help="A corpus of the list.")],
    mirror: Annotated[
        str, typer.Option(help="An address that has the files, in place of the official one.")
    ] = "",
    given: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads the annotation at run time)
        typer.Option("--from", help="A folder, or zip archive, of yours that has them.", show_default=False),
    ] = None,
) -> None:
    """Download a corpus into the cache, or say what to do; what broke off is taken up again."""
    from harness.cli import run as terminal

    terminal.fetch_corpus(name, mirror, given)


def _show(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Show the harness's own warnings as a line for people; the others as they are."""

    def shown(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, HarnessWarning):
            typer.echo(f"warning: {message}", err=True)
        else:
            otherwise(message, category, *where, **more)

    return shown


def main() -> None:
    """Run the command line; a failure that a person can act on ends in a message, not in a traceback."""
    # A scheduler that ends a job is answered like Ctrl-C: runs are closed as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show(warnings.showwarning)
    try:
        app()
    except HarnessError as error:
        typer.echo(error, err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
