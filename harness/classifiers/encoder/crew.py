"""A training in, the same training done by several processes out: one a GPU.

Every process sees every batch and computes its share of the rows; before each step accelerate makes one
gradient of theirs. The batches, their order and the weights after each step are those of a single process,
up to rounding and to dropout, which each process draws for itself.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import socket
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values import seeds
from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from torch import nn

    from harness.classifiers.encoder.batching import Batch
    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.training import Training, TrainingData

WEIGHTS = "weights.safetensors"
CURVES = "curves.json"
REFUSED = "refused.txt"


class Crew:
    """The processes that train a network together, seen by one of them: here the only one.

    Attributes
    ----------
    rank : int
        Which of them this is, from 0.
    size : int
        How many they are.
    """

    rank = 0
    size = 1

    def joined(self, network: Network) -> nn.Module:
        """Return what to call in training: gradients are averaged over the processes."""
        return network

    def first(self, value: Any) -> Any:
        """Return what the first process has."""
        return value

    def all(self, value: Any) -> list[Any]:
        """Return what each process has, plain data or tensors of the processor."""
        return [value]

    def share(self, batch: Batch) -> Batch:
        """Return this process's rows of a batch; there may be none."""
        return batch if self.size == 1 else _some(batch, slice(self.rank, None, self.size))

    def any_of(self, batch: Batch) -> Batch:
        """Return one row of a batch, for a process that has none."""
        return _some(batch, slice(1))


class Joined(Crew):
    """One process of several, which accelerate has brought together.

    Parameters
    ----------
    cpu : bool
        Whether they compute on the processor, as they do to be tested.
    """

    def __init__(self, cpu: bool) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        # Buffers do not change, and to send them round between two passes would spoil the first's gradients.
        options = DistributedDataParallelKwargs(broadcast_buffers=False)
        self.accelerator = Accelerator(cpu=cpu, kwargs_handlers=[options])
        self.rank = int(self.accelerator.process_index)
        self.size = int(self.accelerator.num_processes)

    def joined(self, network: Network) -> nn.Module:
        """Return what to call in training: gradients are averaged over the processes."""
        with warnings.catch_warnings():
            # A newer name for the option that older versions do not know.
            warnings.filterwarnings("ignore", ".*broadcast_buffers", FutureWarning)
            made: nn.Module = self.accelerator.prepare_model(network)
        return made

    def first(self, value: Any) -> Any:
        """Return what the first process has."""
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def all(self, value: Any) -> list[Any]:
        """Return what each process has, plain data or tensors of the processor."""
        from accelerate.utils import gather_object

        return list(gather_object([value]))


def processes() -> int:
    """Say how many processes train: one a GPU, as many as ``CUDA_VISIBLE_DEVICES`` shows."""
    import torch

    return max(torch.cuda.device_count(), 1)


def trained(
    training: Training, train: TrainingData, validation: TrainingData | None, processes: int
) -> list[dict[str, float]]:
    """Train with several processes; the network then has what they learned.

    Parameters
    ----------
    training : Training
        Not yet begun.
    train : TrainingData
    validation : TrainingData, optional
    processes : int
        At least 2; the GPUs of this machine, or so many on the processor where it has none.

    Returns
    -------
    list of dict
        As of :meth:`harness.classifiers.encoder.training.Training.run`.

    Raises
    ------
    ClassifierError
        As there.
    """
    from safetensors.torch import load_file

    # Typed, torch.multiprocessing exports nothing.
    spawning: Any = importlib.import_module("torch.multiprocessing.spawn")
    network, where = training.network, training.network.head.weight.device
    with tempfile.TemporaryDirectory() as name:
        job = _Job(training, train, validation, Path(name), processes, _port())
        # The processes take the weights from memory that they share.
        network.cpu()
        try:
            spawning.spawn(_work, (job,), nprocs=processes)
        except spawning.ProcessException as error:
            refused = job.folder / REFUSED
            if refused.is_file():
                raise ClassifierError(refused.read_text(encoding="utf-8")) from error
            raise ClassifierError(f"one of {processes} training processes died: {error}") from error
        network.load_state_dict(load_file(str(job.folder / WEIGHTS)))
        network.to(where).eval()
        curves: list[dict[str, float]] = json.loads((job.folder / CURVES).read_text(encoding="utf-8"))
    return curves


@dataclass(frozen=True)
class _Job:
    """What the processes are given; in ``folder`` the first of them leaves what was learned."""

    training: Training
    train: TrainingData
    validation: TrainingData | None
    folder: Path
    processes: int
    port: int


def _work(rank: int, job: _Job) -> None:
    import torch
    from safetensors.torch import save_model

    about: dict[str, object] = {"RANK": rank, "LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1"}
    about |= {"WORLD_SIZE": job.processes, "LOCAL_WORLD_SIZE": job.processes, "MASTER_PORT": job.port}
    os.environ.update({name: str(value) for name, value in about.items()})
    cpu = not torch.cuda.is_available()
    threads = max(torch.get_num_threads() // (job.processes if cpu else 1), 1)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    torch.set_num_threads(threads)
    training = job.training
    crew = training.crew = Joined(cpu)
    # What comes from shared memory would be every process's: each learns with weights of its own.
    training.network = copy.deepcopy(training.network).to(crew.accelerator.device)
    _settle(training.network, job.train, training.padding)
    torch.manual_seed(seeds.derive(training.seed, "encoder", "process", rank))
    try:
        curves = training.run(job.train, job.validation)
    except ClassifierError as error:
        if rank == 0:
            (job.folder / REFUSED).write_text(str(error), encoding="utf-8")
        raise
    if rank == 0:
        save_model(training.network, str(job.folder / WEIGHTS))
        (job.folder / CURVES).write_text(json.dumps(curves), encoding="utf-8")
    crew.all(rank)
    torch.distributed.destroy_process_group()


def _settle(network: Network, train: TrainingData, padding: int) -> None:
    """Take out of training what the scores do not depend on: the others would wait for its gradients."""
    from harness.classifiers.encoder.batching import batches

    network.eval()
    (batch,) = batches(train.rows, [np.array([0])], padding)
    network(batch).sum().backward()
    for parameter in network.parameters():
        parameter.requires_grad_(parameter.grad is not None)
        parameter.grad = None


def _some(batch: Batch, which: slice) -> Batch:
    names = ("rows", "tokens", "segments", "attention", "targets")
    return replace(batch, **{name: getattr(batch, name)[which] for name in names})


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
