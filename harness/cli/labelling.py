"""The verb label: a file or an experiment in, a screen to label its rows on, or files of the votes, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report
from harness.values.commands import command_line
from harness.values.errors import ConfigError, Problem
from harness.values.formatting import agreeing, counted

if TYPE_CHECKING:
    from harness.explorer.labelling.desk import LabelDesk
    from harness.explorer.labelling.task import LabelTask, Question
    from harness.explorer.labelling.vote_intake import TakenIn

PORTS = range(8300, 8351)
"""Where the screen looks for a free port."""


class AskedLabels(StrEnum):
    """What annotators are asked of a row."""

    stance = "stance"
    frames = "frames"
    both = "both"


class FrameSet(StrEnum):
    """Frames that may be asked for."""

    generic_frames = "generic_frames"
    policy_frames = "policy_frames"


class LabelledPart(StrEnum):
    """Which rows of an experiment are labelled."""

    test = "test"
    validation = "validation"


class OutputFormat(StrEnum):
    """What votes are written in."""

    table = "table"
    label_studio = "label-studio"
    argilla = "argilla"
    potato = "potato"


Source = Annotated[
    str,
    typer.Argument(
        help="A file of rows (.csv, .tsv, .jsonl, .parquet, .xlsx), such as one of `harness sample`, or"
        " the name of an experiment, whose test rows are labelled.",
        show_default=False,
    ),
]

Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the votes into this file (.csv, .jsonl, .json), and serve nothing. Repeatable.",
        show_default=False,
    ),
]

VoteFiles = Annotated[
    list[Path] | None,
    typer.Option(help="Take in the votes of this file, and serve nothing. Repeatable.", show_default=False),
]

Format = Annotated[
    OutputFormat,
    typer.Option("--format", help="Format of --output: a table has a column for each annotator."),
]

Asked = Annotated[AskedLabels, typer.Option(help="What is asked of each row.")]

Frames = Annotated[FrameSet, typer.Option(help="The frames that are asked for.")]

CodebookFile = Annotated[
    Path | None,
    typer.Option(help="A codebook of your own, a text, shown beside each row.", show_default=False),
]

PartiesFile = Annotated[
    Path | None,
    typer.Option(help="A registry of parties, a YAML file: their other names are marked, too."),
]

ModelName = Annotated[
    str, typer.Option(help="Of an experiment: whose labels may be shown afterwards. Default: the first.")
]

Part = Annotated[LabelledPart, typer.Option("--rows", help="Of an experiment: which rows.")]

Predicted = Annotated[
    str, typer.Option(help="Of a file: the column of the model's labels. Default: prediction or label.")
]

TaskName = Annotated[
    str, typer.Option(help="Name of the task, under which votes are kept. Default: that of the source.")
]

Port = Annotated[
    int | None,
    typer.Option(help="Port of the address. Default: the first free one from 8300 on.", show_default=False),
]

Host = Annotated[
    str,
    typer.Option(
        help="Interface to listen on. With 0.0.0.0 every computer that reaches this one, and has the"
        " printed address, can label, and read all rows; nothing is encrypted."
    ),
]

Raw = Annotated[
    bool,
    typer.Option("--raw", help="Write cells as they are, also those that a spreadsheet would compute."),
]


def label(
    source: Source,
    output: Outputs = None,
    votes: VoteFiles = None,
    format_: Format = OutputFormat.table,
    ask: Asked = AskedLabels.stance,
    frames: Frames = FrameSet.generic_frames,
    codebook: CodebookFile = None,
    parties: PartiesFile = None,
    classifier: ModelName = "",
    rows: Part = LabelledPart.test,
    predicted: Predicted = "",
    name: TaskName = "",
    port: Port = None,
    host: Host = "127.0.0.1",
    raw: Raw = False,
) -> Report:
    """Label rows by hand; write or read the votes.

    One row at a time, without the model's label. Every key is saved at once, by annotator.
    """
    from harness.values.outputs import claimed, keep_apart

    path = Path(source)
    sources = [path] if path.is_file() else []
    keep_apart(output or [], [*sources, *(votes or []), *([codebook] if codebook else [])])
    with ExitStack() as held:
        # Before rows are read, so that a second process is refused at once.
        for each in output or []:
            held.enter_context(claimed(each))
        desk = _desk(source, ask, frames, codebook, parties, (classifier, rows), predicted, name)
        report: Report = {"task": desk.task.name, "rows": len(desk.task.items), "log": desk.log.path}
        if votes:
            report["votes"] = _take_in(desk, votes)
        if output:
            report["written"] = [_write(desk, each, format_, raw) for each in output]
    if not votes and not output:
        _serve(desk, port, host, source)
    return report


def _desk(
    source: str,
    ask: AskedLabels,
    frames: FrameSet,
    codebook: Path | None,
    parties: Path | None,
    of_experiment: tuple[str, LabelledPart],
    predicted: str,
    name: str,
) -> LabelDesk:
    from harness.explorer.labelling.desk import LabelDesk
    from harness.explorer.labelling.row_files import TaskOptions, read_task
    from harness.explorer.labelling.task import Codebook
    from harness.explorer.labelling.vote_log import VoteLog, log_path
    from harness.tracking.store.location import home_folder
    from harness.values.labels import FRAME_SETS
    from harness.values.parties import EMPTY, read

    path, (classifier, part) = Path(source), of_experiment
    asks: tuple[Question, ...] = ("stance", "frames") if ask == AskedLabels.both else (_question(ask),)
    book = Codebook(
        frames=FRAME_SETS[frames.value], text=_codebook_text(codebook) if codebook is not None else ""
    )
    registry = read(parties) if parties is not None else EMPTY
    task_name = name or (path.name.partition(".")[0] if path.is_file() else source)
    options = TaskOptions(task_name, asks, book, registry, predicted)
    if path.is_file():
        _refuse("belongs to an experiment", {"--classifier": classifier, "--rows": part != LabelledPart.test})
        task = read_task(path, options)
    elif path.suffix or "/" in source:
        raise ConfigError([Problem(source, "there is no such file")])
    else:
        from harness.explorer.labelling.experiment_rows import experiment_task
        from harness.tracking.store import Store

        _refuse("belongs to a file", {"--predicted": predicted})
        store = Store.open(reading=True)
        task = experiment_task(store, source, options, classifier=classifier, part=part.value)
    return LabelDesk(task, VoteLog(log_path(home_folder(), task_name)))


def _refuse(what: str, given: Mapping[str, object]) -> None:
    """Refuse options that would do nothing here."""
    problems = [Problem(option, what) for option, value in given.items() if value]
    if problems:
        raise ConfigError(problems)


def _absent_note(task: LabelTask) -> str:
    """Say how many rows have no mark, since their text does not name the target; empty where each has."""
    rows = [item for item in task.items if item.target]
    absent = [item for item in rows if not item.spans]
    if not absent:
        return ""
    return (
        f"{len(absent):,} of {len(rows):,} targets do not occur in their text by name, the first"
        f" {absent[0].target!r}: nothing is marked there; a registry (--parties) gives their other names"
    )


def _question(ask: AskedLabels) -> Question:
    return "frames" if ask == AskedLabels.frames else "stance"


def _codebook_text(path: Path) -> str:
    from harness.corpora.text_files import content
    from harness.values.unreadable import usable_text

    return usable_text(content(path))


def _take_in(desk: LabelDesk, paths: list[Path]) -> list[Report]:
    from harness.explorer.labelling.vote_files import read_votes
    from harness.explorer.labelling.vote_intake import take_in

    reports = []
    for path in paths:
        taken = take_in(desk, read_votes(path, desk.task))
        typer.echo(f"{path}: {counted(taken.votes, 'vote')} taken in")
        for note in _left_out(desk, taken):
            typer.echo(screen.paragraph(f"note: {note}"))
        reports.append({"file": path, **asdict(taken)})
    return reports


def _left_out(desk: LabelDesk, taken: TakenIn) -> Iterator[str]:
    """Say which votes of a file were left out, and why."""
    if taken.earlier:
        left_out = counted(taken.earlier, "vote")
        yield f"{left_out} left out: the log has votes of these annotators on these rows"
    if taken.by_voters:
        left_out = counted(taken.by_voters, "settling vote")
        yield f"{left_out} left out: by somebody who voted on the row; a third person settles it"
    if taken.after_seeing:
        left_out = counted(taken.after_seeing, "vote")
        yield f"{left_out} left out: by somebody who has seen the votes of others on the row, to settle it"
    if taken.foreign:
        rows = counted(taken.foreign, "row")
        yield f"{rows} with votes {agreeing(taken.foreign, 'is', 'are')} not in {desk.task.name}"


def _write(desk: LabelDesk, path: Path, form: OutputFormat, raw: bool) -> Report:
    from harness.explorer.labelling.vote_files import corpus_lines, kept_aside, write_votes

    votes = desk.log.votes()
    rows = write_votes(path, desk.task, votes, form.value, raw=raw)
    typer.echo(f"{path}: {counted(rows, 'row')} of {len(desk.task.items):,} with votes")
    aside = kept_aside(desk.task, votes, form.value)
    if aside:
        typer.echo(screen.paragraph(f"note: {aside}"))
    lines = corpus_lines(path, desk.task, votes) if form == OutputFormat.table else []
    if lines:
        typer.echo("To train on it, or to audit against its annotators:")
        typer.echo("\n".join(f"  {line}" for line in lines))
    return {"file": path, "rows": rows, **({"notes": [aside]} if aside else {})}


def _serve(desk: LabelDesk, port: int | None, host: str, source: str) -> None:
    from harness.explorer.labelling.label_server import routes
    from harness.explorer.web_server import Access, guarded, listen, serve

    # Where rows are shown alone: votes are written and read the same without marks.
    if note := _absent_note(desk.task):
        typer.echo(screen.paragraph(f"note: {note}"))
    listening = listen(PORTS if port is None else (port,), host)
    access = Access(listening.getsockname()[1], host)
    app = guarded(routes(desk), access)

    def ready() -> None:
        typer.echo(f"{desk.task.name}: {counted(len(desk.task.items), 'row')} to label at")
        typer.echo(access.address)
        if not access.is_local:
            line = (
                "note: every computer that reaches this one and has this address can label and read all rows;"
                " what is sent is not encrypted"
            )
            typer.echo(screen.paragraph(line))
        typer.echo("Press Ctrl-C to stop it; votes are saved with every key. To write them into a file:")
        typer.echo(f"  {command_line('label', source, output='labelled.csv')}")

    serve(app, listening, ready)


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(label)
