"""A network and its saved weights in, an ONNX graph out that reads the weights from their file.

The graph holds no weights of its own: they stay in ``model.safetensors``, and the graph holds their offsets.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from harness.classifiers.encoder.network import ScoringNetwork

INPUTS = ("tokens", "segments", "attention", "targets", "text")
OPSET = 17
"""Version of ONNX's operators; since 17 layer normalization is one of them."""

_PREFIX = "network."


def export(network: ScoringNetwork, weights: Path, file: Path) -> None:
    """Write a network as a graph with the inputs of a batch and the output ``scores``.

    Parameters
    ----------
    network : ScoringNetwork
        On the CPU.
    weights : Path
        Its safetensors file, in the same folder as ``file``.
    file : Path
        Written.

    Raises
    ------
    ClassifierError
        Where the architecture cannot be exported.
    """
    import onnx

    _trace(network, file)
    graph = onnx.load(str(file))
    extents = _extents(weights)
    for tensor in graph.graph.initializer:
        extent = extents.get(tensor.name.removeprefix(_PREFIX))
        if extent is not None and tensor.data_type == onnx.TensorProto.FLOAT:
            _refer(tensor, weights.name, *extent)
    onnx.save(graph, str(file))


def _trace(network: ScoringNetwork, file: Path) -> None:
    import torch

    from harness.classifiers.encoder.network import Traceable

    # Two texts of different length and three rows: none of the sizes may be taken for a constant.
    tokens = torch.ones((2, 8), dtype=torch.int64)
    attention = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])
    targets = torch.zeros((3, 8), dtype=torch.bool)
    targets[0, 2:4] = True
    tensors = (tokens, torch.zeros_like(tokens), attention, targets, torch.tensor([0, 0, 1]))
    axes = {name: {0: "texts", 1: "length"} for name in INPUTS[:3]}
    axes |= {"targets": {0: "rows", 1: "length"}, "text": {0: "rows"}, "scores": {0: "rows"}}
    try:
        with warnings.catch_warnings():
            # It warns of each shape that it reads, and of being the older exporter. The newer one (dynamo)
            # takes ten times as long, and another package.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Traceable(network.eval()).eval(),
                tensors,
                str(file),
                dynamo=False,
                input_names=list(INPUTS),
                output_names=["scores"],
                dynamic_axes=axes,
                opset_version=OPSET,
                # Folded, transposed weights would be copied into the graph.
                do_constant_folding=False,
            )
    except (RuntimeError, TypeError, ValueError, NotImplementedError, torch.onnx.OnnxExporterError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ClassifierError(f"{network.body.config.model_type} cannot be exported: {reason}") from error


def _extents(weights: Path) -> dict[str, tuple[int, int]]:
    """Return the offset of each fp32 tensor in a safetensors file, and its size, in bytes."""
    with weights.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header: dict[str, Any] = json.loads(stream.read(length))
    # The offsets in the header count from its own end.
    offsets = {
        name: entry["data_offsets"]
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }
    return {name: (8 + length + start, end - start) for name, (start, end) in offsets.items()}


def _refer(tensor: Any, file: str, start: int, size: int) -> None:
    import onnx

    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", start), ("length", size)):
        tensor.external_data.add(key=key, value=str(value))
