"""Parts of articles and a cluster in, what outputs need of each article out, in order: nodes read the parts.

The articles lie on storage that all nodes see under the same paths. The models are copied beside the first
output, so that they may come from anywhere; what a node has read comes home in pieces.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.article_files import ArticleFile
from harness.articles.article_parts import Part
from harness.articles.article_results import ArticleResult
from harness.articles.language_files import VARIABLE, own_files
from harness.articles.reading_options import ReadingOptions
from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Request
from harness.runs.executors.cluster.connection import Cluster
from harness.runs.executors.cluster.labelling import models_beside
from harness.runs.executors.cluster.remote import Remote, read_part_of
from harness.runs.executors.cluster.workers import Arrivals, FolderArrivals, RayWorkers, Travel, say
from harness.runs.executors.labelling import gib_of_labelling
from harness.runs.executors.reading import ReadingJob, file_output, parts_folder, read_jobs, reading_jobs
from harness.values.errors import ModelError, Problem
from harness.values.secrets import shown_secrets

if TYPE_CHECKING:
    from harness.articles.labelled_articles import ArticleReader


@dataclass(frozen=True)
class ReadOnCluster:
    """Reads articles on the nodes of a Ray cluster; see :data:`harness.articles.pipeline.Elsewhere`.

    Attributes
    ----------
    address : Address
    workers : int or None
        Parts at once; None: one a GPU, else one a CPU.
    """

    address: Address
    workers: int | None = None

    def __call__(
        self, parts: Sequence[Part], options: ReadingOptions, reader: ArticleReader, problems: list[Problem]
    ) -> Generator[ArticleResult, None, None]:
        """Read parts.

        Raises
        ------
        ClusterError
            In one line, within 30 s: what the cluster lacks, or that it is gone.
        ModelError
            Where a model asks a server, there is no output, words of your own are in use, or a part is lost
            again and again.
        OutputError
            Where nothing can be written beside the output.
        """
        if file_output(options) is None:
            raise ModelError(
                "--executor ray needs --output: models are copied beside it, where all nodes look"
            )
        if own_files():
            # Nodes would read by the words of the package, and say nothing.
            raise ModelError(
                f"--executor ray does not send words of your own ({VARIABLE}); use --executor processes"
            )
        with parts_folder(options) as folder, contextlib.closing(Cluster(self.address, say)) as cluster:
            jobs = [_absolute(job) for job in reading_jobs(parts, options, reader, folder)]
            request = Request(self.workers, gib=gib_of_labelling(jobs[0].models))
            jobs = _with_models(jobs, models_beside(jobs[0].models, folder))
            # Asked of each node before anything is read: of a folder that it does not see no text is read.
            shared = (*_folders(parts), *jobs[0].models, *filter(None, [jobs[0].options.parties]))
            runners = RayWorkers(cluster, (request, shared), _travel(), len(jobs))
            yield from read_jobs(jobs, runners, problems)


def _absolute(job: ReadingJob) -> ReadingJob:
    """Name files as another working folder has them, and an engine that all nodes have."""
    parties = job.options.parties
    return replace(
        job,
        part=tuple(_absolute_file(file) for file in job.part),
        options=replace(job.options, parties=parties.absolute() if parties is not None else None),
        # Measured on each node, it could be another engine on each.
        engine=job.engine if job.engine not in ("", "auto") else "fp32",
    )


def _absolute_file(file: ArticleFile) -> ArticleFile:
    return replace(file, path=file.path.absolute() if file.path is not None else None)


def _with_models(jobs: Sequence[ReadingJob], folders: Sequence[Path]) -> list[ReadingJob]:
    copies = iter(folders)
    stance, frames = (
        replace(model, folder=next(copies)) if model is not None else None
        for model in (jobs[0].stance, jobs[0].frames)
    )
    return [replace(job, stance=stance, frames=frames) for job in jobs]


def _folders(parts: Sequence[Part]) -> list[Path]:
    """Return the folders that the articles lie in."""
    return sorted({file.path.absolute().parent for part in parts for file in part if file.path is not None})


def _travel() -> Travel:
    return Travel(
        Remote(read_part_of, shown_secrets()), lambda job: job, lambda job: str(job.name), _held, ModelError
    )


@contextlib.contextmanager
def _held(job: ReadingJob) -> Iterator[Arrivals]:
    with contextlib.closing(FolderArrivals(job.folder)) as arrivals:
        yield arrivals
