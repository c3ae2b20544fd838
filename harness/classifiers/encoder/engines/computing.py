"""Batches of tokens in, scores out, by PyTorch or by ONNX Runtime."""

from __future__ import annotations

import copy
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.prediction import token_budget, torch_pool
from harness.values.errors import ClassifierError, MissingPackageError
from harness.values.threads import thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import ScoringNetwork

EngineName = Literal["fp32", "onnx", "bf16", "int8"]
NAMES: tuple[EngineName, ...] = ("fp32", "onnx", "bf16", "int8")
"""The likelier one is to be the fastest, the later it stands."""

CORE_BUDGET = 512
"""Padded tokens of a batch that one core computes: more would not stay in its cache."""


class TorchEngine:
    """A network in PyTorch, on the device that holds it; on a CPU each core computes a batch of its own.

    Parameters
    ----------
    network : ScoringNetwork
        Put into evaluation mode.
    name : {"fp32", "bf16"}
    """

    def __init__(self, network: ScoringNetwork, name: Literal["fp32", "bf16"] = "fp32") -> None:
        self.network = _with_bf16_weights(network.eval()) if name == "bf16" else network.eval()
        self.name = name
        device = next(network.parameters()).device.type
        self.budget = CORE_BUDGET if device == "cpu" else token_budget(device)
        self.parallel = thread_count() if device == "cpu" else 1

    def pool(self) -> AbstractContextManager[Executor]:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        return torch_pool(self.parallel)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        import torch

        device = next(self.network.parameters()).device.type
        cast: Any = torch.autocast(device, torch.bfloat16) if self.name == "bf16" else nullcontext()
        with torch.inference_mode(), cast:
            scores: NDArray[np.float64] = self.network(batch).double().cpu().numpy()
        return scores


class OnnxEngine:
    """A graph in ONNX Runtime, on the CPU: each core computes a batch of its own and waits for no other.

    Parameters
    ----------
    file : Path
        As :mod:`.export` or :mod:`.quantization` wrote it; its weights may be in files of the same folder.

    Raises
    ------
    MissingPackageError
        Without ONNX Runtime.
    ClassifierError
        Where the file is missing or damaged, or needs what this version cannot do.
    """

    budget = CORE_BUDGET

    def __init__(self, file: Path) -> None:
        self.parallel = thread_count()
        self._session = open_session(file)
        self._inputs = [tensor.name for tensor in self._session.get_inputs()]

    def pool(self) -> Executor:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        return ThreadPoolExecutor(self.parallel)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        (scores,) = self._session.run(["scores"], graph_inputs(batch, self._inputs))
        result: NDArray[np.float64] = scores.astype(float)
        return result


def _with_bf16_weights(network: ScoringNetwork) -> ScoringNetwork:
    """Copy a network with the weights of its products in bf16: autocast would cast them for each batch."""
    from torch import nn

    # The memo makes the copy share all parameters; those of linear layers are replaced below.
    halved = copy.deepcopy(network, {id(parameter): parameter for parameter in network.parameters()})
    for module in halved.modules():
        if isinstance(module, nn.Linear):
            for name, value in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(value.detach().bfloat16(), requires_grad=False))
    return halved


def graph_inputs(batch: Batch, names: list[str]) -> dict[str, NDArray[Any]]:
    """Return a batch by the names of a graph's inputs; some architectures do not read all of it."""
    text = np.arange(len(batch.rows)) if batch.text is None else batch.text
    arrays = {
        "tokens": batch.tokens,
        "segments": batch.segments,
        "attention": batch.attention,
        "targets": batch.targets,
        "text": text,
    }
    return {name: arrays[name] for name in names}


def open_session(file: Path) -> Any:
    """Open a graph on one thread; see :class:`OnnxEngine`."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError("onnxruntime", "the engine int8") from error
    options = onnxruntime.SessionOptions()
    # Batches are computed in parallel, each on one thread; sessions with threads of their own would compete.
    options.intra_op_num_threads = 1
    # Errors only.
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # It raises a class of its own for each kind of failure, under no common one.
        raise ClassifierError(f"{file}: cannot be opened: {str(error).strip()}") from error
