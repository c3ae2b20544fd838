"""A job that came to a node in, its result and the files it wrote out, in pieces.

A node runs these functions in processes of Ray. Everything of ours travels as bytes, so that neither Ray nor
the process beside the driver has to know what a job is.
"""

from __future__ import annotations

import hashlib
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.runs.executors import worker

if TYPE_CHECKING:
    from harness.runs.executors.labelling import PartJob
    from harness.runs.executors.reading import ReadingJob

PIECE = 4 * 2**20
"""Bytes of a message: a node with a small object store takes large models, too."""

Message = tuple[Any, ...]

_begun: dict[str, Any] = {}
"""What a node was given for all jobs of a driver, by its digest; that of the last driver alone."""


@dataclass(frozen=True)
class Remote:
    """What nodes do with jobs.

    Attributes
    ----------
    run : callable
        What is given, a job and an empty folder → a result, and the folder that travels home, if any.
    given : object
        The same for all jobs.
    """

    run: Callable[[Any, Any, Path], tuple[Any, Path | None]]
    given: Any


def run_trial_of(
    given: tuple[bytes, dict[str, str]], job: worker.Runnable, scratch: Path
) -> tuple[Any, Path | None]:
    """Run a trial, or a part of its search.

    The result of a trial is a folder, which travels home unless it lies on storage that nodes share.
    """
    from harness.runs.executors.jobs import ENDED, Job

    worker.receive(*given)
    if not isinstance(job, Job) or job.is_shared:
        return worker.work(job), None
    return worker.work(replace(job, folder=scratch)), scratch / ENDED


def label_part_of(given: dict[str, str], job: PartJob, scratch: Path) -> tuple[Any, None]:
    """Label a part of a file on storage that nodes share."""
    del scratch
    from harness.runs.executors.labelling import label_part
    from harness.values.secrets import remember

    remember(given)
    return label_part(job), None


def read_part_of(given: dict[str, str], job: ReadingJob, scratch: Path) -> tuple[None, Path]:
    """Read a part of articles that lie on storage that nodes share; what was read travels home."""
    from harness.runs.executors.jobs import ENDED
    from harness.runs.executors.reading import read_part
    from harness.values.secrets import remember

    remember(given)
    read_part(replace(job, folder=scratch))
    return None, scratch / ENDED


def serve(shared: bytes, job: bytes) -> Iterator[Message]:
    """Run a job.

    Yields
    ------
    tuple
        ``("file", name, bytes)`` for each piece of a file, in order, then ``("result", bytes)``; or
        ``("raised", bytes, traceback)``.
    """
    import cloudpickle

    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        try:
            remote = _remote(shared)
            with warnings.catch_warnings():
                result, folder = remote.run(remote.given, cloudpickle.loads(job), Path(scratch))
            answer = cloudpickle.dumps(result)
        # Whatever it is belongs to the driver, which asks for the result.
        except BaseException as error:  # noqa: BLE001
            yield "raised", _pickled(error), traceback.format_exc()
            return
        if folder is not None:
            yield from _files(folder)
        yield "result", answer


def _remote(shared: bytes) -> Remote:
    import cloudpickle

    digest = hashlib.sha256(shared).hexdigest()
    if digest not in _begun:
        _begun.clear()
        _begun[digest] = cloudpickle.loads(shared)
    remote: Remote = _begun[digest]
    return remote


def _files(folder: Path) -> Iterator[Message]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            with path.open("rb") as file:
                piece = file.read(PIECE)
                # An empty file is a piece, too.
                yield "file", name, piece
                while piece := file.read(PIECE):
                    yield "file", name, piece


def _pickled(error: BaseException) -> bytes:
    import cloudpickle

    try:
        pickled: bytes = cloudpickle.dumps(error)
    except (TypeError, AttributeError, ValueError):
        # What cannot travel is told in words.
        pickled = cloudpickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return pickled
