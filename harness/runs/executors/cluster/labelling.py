"""A file of rows, the folder of a model and a cluster in, the labelled file out: nodes label its parts.

Input and output lie on storage that all nodes see under the same paths. The model is copied beside the parts,
so that it may come from anywhere.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Request, allocate
from harness.runs.executors.cluster.connection import Cluster
from harness.runs.executors.cluster.remote import Remote, label_part_of
from harness.runs.executors.cluster.workers import Arrivals, RayWorkers, Travel, say
from harness.runs.executors.labelling import (
    Labelling,
    PartJob,
    gib_of_labelling,
    label_parts,
    prepared_parts,
)
from harness.values.errors import ModelError
from harness.values.outputs import refused_writes
from harness.values.secrets import shown_secrets

MODEL = "model"
"""Beside the parts: the folder of each model, by its number."""

MANY_PARTS = 10**6
"""A file is cut into as many parts as there is room for."""


def label_on_cluster(
    labelling: Labelling, address: Address, *, workers: int | None = None, resume: bool = False
) -> int:
    """Label a file on the nodes of a Ray cluster; the output is that of one process, to the byte.

    Parameters
    ----------
    labelling : Labelling
        Its engine ``auto`` is ``fp32`` here: measured on each node, it could be another on each.
    address : Address
    workers : int, optional
        Parts at once. Default: one a GPU, else one a CPU.
    resume : bool
        Continue where an earlier attempt ended.

    Returns
    -------
    int
        Rows of the output.

    Raises
    ------
    ClusterError
        In one line, within 30 s: what the cluster lacks, or that it is gone.
    ModelError, OutputError
        See :func:`harness.serving.inference.labelling.predict_file`.
    """
    if labelling.engine == "auto":
        labelling = replace(labelling, engine="fp32")
    request = Request(workers, gib=gib_of_labelling(labelling.models))
    with contextlib.closing(Cluster(address, say)) as cluster:
        room = allocate(cluster.nodes, request, MANY_PARTS).slots
        with prepared_parts(labelling, room, resume=resume) as parts:
            models = models_beside(labelling.models, labelling.folder)
            jobs = [replace(part, models=models) for part in parts]
            shared = (labelling.source.absolute(), labelling.folder.absolute(), *models)
            runners = RayWorkers(cluster, (request, shared), _parts(), len(jobs))
            return label_parts(labelling, jobs, runners).rows


def models_beside(models: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    """Copy models to where the parts lie, which all nodes see."""
    folders = []
    for number, model in enumerate(models):
        copy = folder.absolute() / f"{MODEL}-{number}"
        # An earlier attempt may have been of another model: its parts tell, and are refused.
        shutil.rmtree(copy, ignore_errors=True)
        with refused_writes(copy):
            shutil.copytree(model, copy)
        folders.append(copy)
    return tuple(folders)


def _parts() -> Travel:
    return Travel(
        Remote(label_part_of, shown_secrets()), _packed, lambda job: str(job.name), _held, ModelError
    )


def _packed(job: PartJob) -> PartJob:
    # A node has another working folder.
    options = job.options
    aside = options.skip_bad.absolute() if options.skip_bad is not None else None
    options = replace(options, skip_bad=aside)
    return replace(job, source=job.source.absolute(), output=job.output.absolute(), options=options)


@contextlib.contextmanager
def _held(job: PartJob) -> Iterator[Arrivals]:
    del job
    yield Arrivals()
