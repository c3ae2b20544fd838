"""Parts of articles in, what outputs need of each article out, in order: workers read and label them.

What a worker has read waits on the disk until the parts before it are written: in ``OUTPUT.parts`` beside the
first output, or in a temporary folder where there is none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.article_parts import Part
from harness.articles.article_results import ArticleResult, part_texts, results
from harness.articles.pipeline import article_reader
from harness.articles.reading import Reading
from harness.articles.reading_options import ReadingOptions
from harness.runs.executors import worker
from harness.runs.executors.jobs import ENDED
from harness.runs.executors.labelling import PARTS, gib_of_labelling
from harness.runs.executors.processes import Processes, Work, Workers
from harness.runs.executors.resources import of_this_machine
from harness.serving.engine import ENGINE
from harness.serving.inference import load_folder
from harness.serving.inference.server_costs import asking
from harness.tracking.models import located
from harness.values.errors import ModelError, Problem
from harness.values.outputs import destination, is_stream, refused_writes
from harness.values.secrets import shown_secrets

if TYPE_CHECKING:
    from harness.articles.labelled_articles import ArticleReader
    from harness.serving.inference import LabelModel

RESULTS = "results"
"""In the folder of a job that has ended: its results, and last what is wrong with articles of the part."""


@dataclass(frozen=True)
class SentModel:
    """A model as a worker gets it.

    Attributes
    ----------
    folder : Path
    uri : str
        The address that it was loaded from, which pages show.
    """

    folder: Path
    uri: str


@dataclass(frozen=True)
class ReadingJob:
    """A part to read; what a worker is sent.

    Attributes
    ----------
    part : Part
    options : ReadingOptions
        Without models.
    stance, frames : SentModel or None
    engine : str
        See :func:`harness.serving.inference.load_folder`.
    folder : Path
        Of this job alone.
    """

    part: Part
    options: ReadingOptions
    stance: SentModel | None
    frames: SentModel | None
    engine: str
    folder: Path

    @property
    def name(self) -> str:
        """For messages."""
        return f"the part from {self.part[0].name} to {self.part[-1].name}"

    @property
    def models(self) -> tuple[Path, ...]:
        """The folders of its models."""
        return tuple(model.folder for model in (self.stance, self.frames) if model is not None)


def read_part(job: ReadingJob) -> None:
    """Read a part, and leave the results in the job's folder; what a worker runs."""
    import cloudpickle

    ended = job.folder / ENDED
    ended.mkdir(parents=True, exist_ok=True)
    problems: list[Problem] = []
    with warnings.catch_warnings(), (ended / RESULTS).open("wb") as file:
        # The driver, which has loaded the same models, has warned of them.
        warnings.simplefilter("ignore")
        for result in results(part_texts(job.part, job.options, problems), _reader(job), job.options):
            cloudpickle.dump(result, file)
        cloudpickle.dump(problems, file)


@dataclass(frozen=True)
class ReadInProcesses:
    """Reads articles in several processes of this machine; see :data:`harness.articles.pipeline.Elsewhere`.

    Attributes
    ----------
    workers : int or None
        Processes; None: one a CUDA device, else what cores and memory allow.
    """

    workers: int | None = None

    def __call__(
        self, parts: Sequence[Part], options: ReadingOptions, reader: ArticleReader, problems: list[Problem]
    ) -> Generator[ArticleResult, None, None]:
        """Read parts.

        Raises
        ------
        ModelError
            Where a model asks a server, or a part is lost again and again.
        OutputError
            Where nothing can be written beside the output.
        """
        with parts_folder(options) as folder:
            jobs = reading_jobs(parts, options, reader, folder)
            resources = of_this_machine(self.workers, None, gib_of_labelling(jobs[0].models))
            work = Work(read_part, worker.begin, (b"", shown_secrets(), os.getpid()), ModelError)
            yield from read_jobs(jobs, Processes(resources.environments(len(jobs)), work), problems)


def file_output(options: ReadingOptions) -> Path | None:
    """Return the first output that is no stream: a folder can lie beside it; None where there is none."""
    return next((path for path in options.outputs if not is_stream(path)), None)


@contextlib.contextmanager
def parts_folder(options: ReadingOptions) -> Iterator[Path]:
    """Provide an empty folder for the block: beside the first output, which this process holds."""
    with contextlib.ExitStack() as stack:
        output = file_output(options)
        if output is not None:
            target = destination(output)
            folder = target.with_name(target.name + PARTS)
            shutil.rmtree(folder, ignore_errors=True)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            with refused_writes(folder):
                folder.mkdir(parents=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
        yield folder


def reading_jobs(
    parts: Sequence[Part], options: ReadingOptions, reader: ArticleReader, folder: Path
) -> list[ReadingJob]:
    """Return a job for each part, in order.

    Raises
    ------
    ModelError
        Where a model asks a server.
    """
    models = [model for model in (reader.stance, reader.frames) if model is not None]
    if any(asking(model) for model in models):
        raise ModelError("a model asks a server, for many rows at a time: --executor serial is as fast")
    # Loaded models are large, and those of another engine: each worker loads its own.
    bare = replace(options, stance=None, frames=None, keep_rows=False)
    stance, frames = _sent(reader.stance), _sent(reader.frames)
    engine = os.environ.get(ENGINE, "")
    return [
        ReadingJob(part, bare, stance, frames, engine, folder / str(number))
        for number, part in enumerate(parts)
    ]


def read_jobs(
    jobs: Sequence[ReadingJob], workers: Workers, problems: list[Problem]
) -> Iterator[ArticleResult]:
    """Read parts by workers of any kind; yield the results in order.

    Parameters
    ----------
    jobs : sequence of ReadingJob
    workers : Workers
        That run :func:`read_part`. They are closed.
    problems : list of Problem
        Takes what is wrong with articles.
    """
    try:
        futures = [workers.submit(job, job.name) for job in jobs]
        workers.start()
        workers.finish()
        for job, future in zip(jobs, futures, strict=True):
            # In the order of the articles, whichever part ends first.
            future.result()
            yield from _taken(job, problems)
            shutil.rmtree(job.folder, ignore_errors=True)
    finally:
        workers.close()


def _taken(job: ReadingJob, problems: list[Problem]) -> Iterator[ArticleResult]:
    import cloudpickle

    with (job.folder / ENDED / RESULTS).open("rb") as file:
        while not isinstance(result := cloudpickle.load(file), list):
            yield result
    problems += result


def _sent(model: LabelModel | None) -> SentModel | None:
    return SentModel(located(model.uri).absolute(), model.uri) if model is not None else None


_readers: dict[ReadingJob, ArticleReader] = {}
"""The reader of this process, by what it reads with: its jobs have the same."""


def _reader(job: ReadingJob) -> ArticleReader:
    # What tells jobs of one call apart does not matter to what reads them.
    key = replace(job, part=(), folder=Path())
    if key not in _readers:
        stance, frames = (
            load_folder(model.folder, engine=job.engine, uri=model.uri) if model is not None else None
            for model in (job.stance, job.frames)
        )
        options = replace(job.options, stance=stance, frames=frames)
        # Several articles: a single one has no parts. Its notes are the driver's to give.
        _readers.clear()
        _readers[key] = article_reader(options, False, Reading())
    return _readers[key]
