"""A file of rows and a model's folder in, the labelled file out: workers label its parts, which are joined.

While they do, the parts lie in ``OUTPUT.parts`` beside the output. A part that is finished, and the rows of
one that is not, are found there by a worker that takes the place of one that was killed, and by ``--resume``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.runs.executors import worker
from harness.runs.executors.processes import Processes, Work, Workers
from harness.runs.executors.resources import of_this_machine
from harness.serving.inference.bad_rows import join_bad_rows, none_usable
from harness.serving.inference.chunks import block_starts, count_rows, files_of
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.formats import format_of
from harness.serving.inference.labelling import predict_part
from harness.serving.inference.row_counter import RowCounter, Tally, aside_note
from harness.serving.inference.shards import Shard, merge, note_of
from harness.values.errors import ModelError
from harness.values.outputs import claimed, destination, is_stream, refused_writes
from harness.values.secrets import shown_secrets

if TYPE_CHECKING:
    from harness.serving.inference.model import LabelModel
    from harness.serving.inference.stance_and_frames import Together

PARTS_PER_WORKER = 4
"""Parts of a Parquet file for each worker: one that is slow is left with little at the end. Of text files
each worker has one part, since it reads all rows before it."""

SECONDS_BETWEEN_REPORTS = 1.0

GIB_BESIDE_THE_MODEL = 0.45
"""Memory of a process that labels, its model's files apart: `linear` took 0.33 GiB, the encoder 0.42."""

PARTS = ".parts"
_PART = re.compile(r"\.shard-\d+-of-(\d+)\.")


@dataclass(frozen=True)
class Labelling:
    """What is labelled, by what, into what.

    Attributes
    ----------
    models : tuple of Path
        The folder of a model; or of a stance model and a framing model.
    engine : str
        See :func:`harness.serving.inference.load_folder`.
    source, output : Path
    options : FileOptions
        Without a shard.
    """

    models: tuple[Path, ...]
    engine: str
    source: Path
    output: Path
    options: FileOptions

    @property
    def folder(self) -> Path:
        """Where the parts lie until they are joined."""
        target = destination(self.output)
        return target.with_name(target.name + PARTS)


@dataclass(frozen=True)
class PartJob:
    """A part to label; what a worker is sent.

    Attributes
    ----------
    models, engine, source
        See :class:`Labelling`.
    output : Path
        The name that the part's own is derived from.
    options : FileOptions
        With the part as its shard.
    total : int
        Rows of all parts.
    """

    models: tuple[Path, ...]
    engine: str
    source: Path
    output: Path
    options: FileOptions
    total: int

    @property
    def shard(self) -> Shard:
        """Which part it is."""
        assert self.options.shard is not None
        return self.options.shard

    @property
    def name(self) -> str:
        """For messages."""
        return f"part {self.shard.number} of {self.shard.of} of {self.source}"

    @property
    def rows_so_far(self) -> int:
        """Labelled rows that are on the disk: of the finished part, or of its draft."""
        written = self.shard.beside(self.output)
        for note, key in ((note_of(written), "written"), (_draft_note(written), "rows")):
            try:
                return int(json.loads(note.read_text(encoding="utf-8"))[key])
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return 0


def label_part(job: PartJob) -> Tally:
    """Label a part, or what is left of it; what a worker runs."""
    with warnings.catch_warnings():
        # The driver, which has loaded the same model, has warned of it.
        warnings.simplefilter("ignore")
        model = _loaded(job.models, job.engine)
        return predict_part(model, (job.source, job.output), job.options, job.total, resume=True, quiet=True)


def label_with_processes(labelling: Labelling, *, workers: int | None = None, resume: bool = False) -> int:
    """Label a file in several processes of this machine; the output is that of one process, to the byte.

    Parameters
    ----------
    labelling : Labelling
    workers : int, optional
        Processes. Default: one a CUDA device, else what cores and memory allow.
    resume : bool
        Continue where an earlier attempt ended.

    Returns
    -------
    int
        Rows of the output.

    Raises
    ------
    ModelError, OutputError
        See :func:`harness.serving.inference.labelling.predict_file`.
    """
    resources = of_this_machine(workers, None, gib_of_labelling(labelling.models))
    with prepared_parts(labelling, resources.most_workers, resume=resume) as jobs:
        work = Work(label_part, worker.begin, (b"", shown_secrets(), os.getpid()), ModelError)
        return label_parts(labelling, jobs, Processes(resources.environments(len(jobs)), work)).rows


@contextmanager
def prepared_parts(labelling: Labelling, workers: int, *, resume: bool) -> Iterator[list[PartJob]]:
    """Cut a file into parts for so many workers, and hold its output for the block.

    Parameters
    ----------
    labelling : Labelling
    workers : int
    resume : bool
        Keep the parts of an earlier attempt, and cut the file as it did.

    Yields
    ------
    list of PartJob

    Raises
    ------
    ModelError
        Where the file or its output has no parts.
    OutputError
        Where another process writes the output, or nothing can be written there.
    """
    source, output, folder = labelling.source, labelling.output, labelling.folder
    if is_stream(output) or format_of(output) == "xlsx":
        raise ModelError(
            f"{output}: cannot be joined of parts; write CSV, JSONL or Parquet, or use one process"
        )
    with claimed(output), claimed(labelling.options.skip_bad):
        total = count_rows(source, labelling.options.layout)
        if not total:
            raise ModelError(f"{source}: has no rows")
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        with refused_writes(folder):
            folder.mkdir(parents=True, exist_ok=True)
        per_worker = PARTS_PER_WORKER if format_of(files_of(source)[0]) == "parquet" else 1
        of = _earlier(folder) or min(workers * per_worker, len(block_starts(total)))
        aside = labelling.options.skip_bad
        yield [
            PartJob(
                labelling.models,
                labelling.engine,
                source,
                folder / output.name,
                replace(
                    labelling.options,
                    shard=Shard(number, of),
                    skip_bad=folder / "set-aside.csv" if aside is not None else None,
                ),
                total,
            )
            for number in range(1, of + 1)
        ]


def label_parts(labelling: Labelling, jobs: Sequence[PartJob], workers: Workers) -> Tally:
    """Label parts by workers of any kind, and join them; what is interrupted can be resumed.

    Parameters
    ----------
    labelling : Labelling
    jobs : sequence of PartJob
        From :func:`prepared_parts`, in order.
    workers : Workers
        That run :func:`label_part`. They are closed.

    Returns
    -------
    Tally
        Of all parts.
    """
    counter = RowCounter(sum(job.rows_so_far for job in jobs))
    try:
        # Long parts in front: a short one at the end keeps the others waiting for less.
        order = sorted(jobs, key=lambda job: -len(job.shard.rows(job.total)))
        futures = {job.shard.number: workers.submit(job, job.name) for job in order}
        workers.start()
        workers.finish()
        _wait(jobs, futures.values(), counter)
        tally = sum((futures[job.shard.number].result() for job in jobs), Tally())
    except BaseException:
        workers.close()
        rows = sum(job.rows_so_far for job in jobs)
        counter.print(f"{rows:,} labelled rows are in {labelling.folder}; --resume continues after them")
        raise
    workers.close()
    aside = labelling.options.skip_bad
    if aside is not None:
        # First: where no row can be labelled, they say why.
        join_bad_rows([job.shard.beside(labelling.folder / "set-aside.csv") for job in jobs], aside)
        counter.print(aside_note(tally.aside, aside))
    if not tally.rows:
        shutil.rmtree(labelling.folder, ignore_errors=True)
        raise ModelError(f"{labelling.source}: {none_usable(tally.aside, aside)}")
    merge(None, labelling.output, len(jobs), labelling.options.layout, parts_of=jobs[0].output)
    shutil.rmtree(labelling.folder, ignore_errors=True)
    counter.notes(tally.notes)
    return tally


def _wait(jobs: Sequence[PartJob], futures: Iterable[Future[Tally]], counter: RowCounter) -> None:
    """Wait for all parts, and report how many rows are labelled; raise what one of them raised."""
    pending = set(futures)
    while pending:
        ended, pending = wait(pending, SECONDS_BETWEEN_REPORTS, FIRST_COMPLETED)
        for future in ended:
            future.result()
        counter.tally = Tally(rows=sum(job.rows_so_far for job in jobs))
        counter.report()
    counter.end()


def _earlier(folder: Path) -> int:
    """Return into how many parts an earlier attempt cut the file; 0 where there was none."""
    matches = (_PART.search(path.name) for path in sorted(folder.iterdir()))
    return next((int(match[1]) for match in matches if match is not None), 0)


def _draft_note(output: Path) -> Path:
    return output.with_name(f"{output.name}.partial.json")


def gib_of_labelling(models: Sequence[Path]) -> float:
    """Return the memory that a process which labels is reckoned with, in GiB."""
    files = (path for model in models for path in model.rglob("*") if path.is_file())
    return GIB_BESIDE_THE_MODEL + sum(path.stat().st_size for path in files) / 2**30


_models: dict[tuple[tuple[Path, ...], str], list[LabelModel]] = {}
"""The models of this process: it labels several parts."""


def _loaded(folders: tuple[Path, ...], engine: str) -> LabelModel | Together:
    from harness.serving.inference import Together, load_folder

    key = (folders, engine)
    if key not in _models:
        _models[key] = [load_folder(folder, engine=engine) for folder in folders]
    models = _models[key]
    return Together(*models) if len(models) > 1 else models[0]
