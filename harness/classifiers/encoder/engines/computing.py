"""Batches of tokens in, scores out, by one engine or another."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.prediction import budget
from harness.values.errors import ClassifierError, MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import Network

EngineName = Literal["fp32", "bf16", "int8"]
NAMES: tuple[EngineName, ...] = ("fp32", "bf16", "int8")

BUDGET = 512
"""Padded tokens of a batch that one core computes: more would not stay in its cache."""


class Engine(Protocol):
    """What computes.

    Attributes
    ----------
    budget : int
        Padded tokens of the batches that suit it: enough to fill the processor, few enough for its cache.
    at_once : int
        How many batches it may be asked for at the same time.
    """

    budget: int
    at_once: int

    def pool(self) -> AbstractContextManager[Executor]:
        """Open as many threads, each of which computes a batch on a core of its own."""

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """Return what the head gives, ``(rows, outputs)``, in the order of ``batch.rows``."""


class TorchEngine:
    """A network in PyTorch, on the device that it lies on; on a processor, a batch a core.

    Cores that share a batch wait for each other after every product; where another program holds one of them
    up, for most of the time.

    Parameters
    ----------
    network : Network
        Put into evaluation mode.
    name : {"fp32", "bf16"}
    """

    def __init__(self, network: Network, name: Literal["fp32", "bf16"] = "fp32") -> None:
        self.network = _halved(network.eval()) if name == "bf16" else network.eval()
        self.name = name
        device = network.head.weight.device.type
        self.budget = BUDGET if device == "cpu" else budget(device)
        self.at_once = threads() if device == "cpu" else 1

    @contextmanager
    def pool(self) -> Iterator[Executor]:
        """See :class:`Engine`."""
        import torch

        before = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(self.at_once, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                yield pool
        finally:
            # It holds for the thread that says it, and for all that are started later.
            torch.set_num_threads(before)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """See :class:`Engine`."""
        import torch

        device = self.network.head.weight.device.type
        cast: Any = torch.autocast(device, torch.bfloat16) if self.name == "bf16" else nullcontext()
        with torch.inference_mode(), cast:
            found: NDArray[np.float64] = self.network(batch).double().cpu().numpy()
        return found


class OnnxEngine:
    """A graph in ONNX Runtime, on the processor: a batch a core, which leaves no core waiting for another.

    Parameters
    ----------
    file : Path
        As :mod:`.export` or :mod:`.quantization` wrote it; its weights may lie in files beside it.

    Raises
    ------
    MissingPackageError
        Without ONNX Runtime.
    ClassifierError
        Where the file is missing or damaged, or asks for what this version cannot do.
    """

    budget = BUDGET

    def __init__(self, file: Path) -> None:
        self.at_once = threads()
        self._session = session(file)
        self._inputs = [one.name for one in self._session.get_inputs()]

    def pool(self) -> Executor:
        """See :class:`Engine`."""
        return ThreadPoolExecutor(self.at_once)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """See :class:`Engine`."""
        found: NDArray[np.float64] = self._session.run(["scores"], feed(batch, self._inputs))[0].astype(float)
        return found


def _halved(network: Network) -> Network:
    """Copy a network, its products' weights in bf16: autocast would make them anew for each batch."""
    from torch import nn

    found = copy.deepcopy(network, {id(one): one for one in network.parameters()})
    for module in found.modules():
        if isinstance(module, nn.Linear):
            for name, value in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(value.detach().bfloat16(), requires_grad=False))
    return found


def feed(batch: Batch, inputs: list[str]) -> dict[str, NDArray[Any]]:
    """Return a batch by the names of a graph's inputs; some architectures have no use for all of it."""
    text = np.arange(len(batch.rows)) if batch.text is None else batch.text
    arrays = {
        "tokens": batch.tokens,
        "segments": batch.segments,
        "attention": batch.attention,
        "targets": batch.targets,
        "text": text,
    }
    return {name: arrays[name] for name in inputs}


def session(file: Path) -> Any:
    """Open a graph; see :class:`OnnxEngine`."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError("onnxruntime", "the engine int8") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ClassifierError(f"{file}: cannot be opened: {str(error).strip()}") from error


def threads() -> int:
    """Return how many threads may compute: what OMP_NUM_THREADS says, or as many as there are cores."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
