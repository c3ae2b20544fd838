"""An exported graph and some batches in, the same graph with its large matrices in 8 bits out.

Weights are rounded per output channel. What comes in is rounded on one scale a matrix, fixed by the batches
seen here, so that a row is rounded alike in whatever company it comes. A few input channels of an encoder
are many times as large as the others and would take up the scale: they stay in 32 bits (as in LLM.int8();
Dettmers et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers.encoder.engines.computing import feed, session
from harness.classifiers.encoder.rows import Batch
from harness.errors import ClassifierError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Reals = NDArray[np.float32]

LARGE = 16
"""Channels that stay in 32 bits, where they are large."""

WORTH = 0.7
"""They are, if the others span less than this share of the whole range."""

_MICROSOFT = "com.microsoft"


@dataclass(frozen=True)
class Product:
    """A matrix product with fixed weights.

    Attributes
    ----------
    node : onnx node
    entering : str
        Name of what is multiplied.
    weights : (inputs, outputs) array
    """

    node: Any
    entering: str
    weights: Reals


@dataclass(frozen=True)
class Scale:
    """How what enters is rounded.

    Attributes
    ----------
    step : float
    zero : int
        What stands for 0, in [0, 255].
    large : (n,) array
        Channels that are not rounded.
    """

    step: float
    zero: int
    large: NDArray[np.int64]


def quantize(exact: Path, batches: Sequence[Batch], file: Path) -> None:
    """Write the graph in 8 bits.

    Parameters
    ----------
    exact : Path
        From :func:`harness.classifiers.encoder.engines.export.export`.
    batches : sequence of Batch
        Of a few hundred rows like those to come.
    file : Path
        Written, in the same folder.

    Raises
    ------
    ClassifierError
        Where the graph holds no product that could be rounded.
    """
    import onnx

    graph = onnx.load(str(exact), load_external_data=False)
    products = list(_products(graph.graph, exact.parent))
    if not products:
        raise ClassifierError("the graph holds no matrix product that could be rounded")
    scales = _scales(exact, graph, sorted({one.entering for one in products}), batches)
    made: dict[int, list[Any]] = {}
    rounded: set[str] = set()
    for number, one in enumerate(products):
        scale = scales[one.entering]
        nodes, tensors = _in_eight_bits(one, scale, f"int8_{number}", fresh=one.entering not in rounded)
        rounded.add(one.entering)
        made[id(one.node)] = nodes
        graph.graph.initializer.extend(tensors)
    kept = [new for node in graph.graph.node for new in made.get(id(node), [node])]
    del graph.graph.node[:]
    graph.graph.node.extend(kept)
    _prune(graph.graph)
    graph.opset_import.append(onnx.helper.make_opsetid(_MICROSOFT, 1))
    onnx.save(graph, str(file))


def _products(graph: Any, folder: Path) -> Iterator[Product]:
    """Find the products of states and fixed weights, which an export writes transposed."""
    from onnx import numpy_helper

    fixed = {one.name: one for one in graph.initializer}
    turned = {
        node.output[0]: fixed[node.input[0]]
        for node in graph.node
        if node.op_type == "Transpose" and node.input[0] in fixed and len(fixed[node.input[0]].dims) == 2
    }
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in turned:
            weights = numpy_helper.to_array(turned[node.input[1]], base_dir=str(folder))
            yield Product(node, node.input[0], weights.T)


def _scales(exact: Path, graph: Any, names: list[str], batches: Sequence[Batch]) -> dict[str, Scale]:
    """Run the exact graph and look at what enters each product."""
    import numpy as np
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    for name in names:
        watched.graph.output.append(onnx.ValueInfoProto(name=name))
    file = exact.with_name("watched.onnx")
    onnx.save(watched, str(file))
    try:
        running = session(file)
    finally:
        file.unlink()
    inputs = [one.name for one in running.get_inputs()]
    low: dict[str, NDArray[Any]] = {}
    high: dict[str, NDArray[Any]] = {}
    for batch in batches:
        real = batch.attention.astype(bool)
        for name, states in zip(names, running.run(names, feed(batch, inputs)), strict=True):
            seen = states[real] if states.shape[:2] == real.shape else states.reshape(-1, states.shape[-1])
            bottom, top = seen.min(axis=0), seen.max(axis=0)
            low[name] = np.minimum(low.get(name, bottom), bottom)
            high[name] = np.maximum(high.get(name, top), top)
    return {name: _scale(low[name], high[name]) for name in names}


def _scale(low: NDArray[Any], high: NDArray[Any]) -> Scale:
    """Choose a scale from the least and the largest value of each channel."""
    import numpy as np

    size = np.maximum(-low, high)
    order = np.argsort(-size, kind="stable")
    large, rest = np.sort(order[:LARGE]), order[LARGE:]
    bottom, top = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    if len(rest) == 0:
        large = large[:0]
    else:
        inner = min(float(low[rest].min()), 0.0), max(float(high[rest].max()), 0.0)
        if inner[1] - inner[0] < WORTH * (top - bottom):
            bottom, top = inner
        else:
            large = large[:0]
    step = max((top - bottom) / 255, 1e-12)
    return Scale(step, round(-bottom / step), large)


def _in_eight_bits(one: Product, scale: Scale, name: str, *, fresh: bool) -> tuple[list[Any], list[Any]]:
    """Return the nodes that stand for a product, and their tensors; what enters is rounded once."""
    import numpy as np
    from onnx import helper, numpy_helper

    small = one.weights.copy()
    small[scale.large] = 0
    steps = np.maximum(np.abs(small).max(axis=0), 1e-12) / 127
    entering = f"{one.entering}_int8"
    numbers: dict[str, Any] = {
        f"{name}_weights": np.rint(small / steps).astype(np.int8),
        f"{name}_steps": steps.astype(np.float32),
        f"{name}_step": np.float32(scale.step),
        f"{name}_zero": np.uint8(scale.zero),
    }
    nodes = []
    if fresh:
        ends = [one.entering, f"{name}_step", f"{name}_zero"]
        nodes.append(helper.make_node("QuantizeLinear", ends, [entering]))
    out = one.node.output[0]
    inner = out if not len(scale.large) else f"{name}_small"
    ends = [entering, *(f"{name}_{what}" for what in ("weights", "step", "steps", "zero"))]
    nodes.append(helper.make_node("MatMulIntegerToFloat", ends, [inner], domain=_MICROSOFT))
    if len(scale.large):
        numbers |= {f"{name}_large": scale.large, f"{name}_exact": one.weights[scale.large]}
        picked, product = f"{name}_picked", f"{name}_product"
        nodes += [
            helper.make_node("Gather", [one.entering, f"{name}_large"], [picked], axis=-1),
            helper.make_node("MatMul", [picked, f"{name}_exact"], [product]),
            helper.make_node("Add", [inner, product], [out]),
        ]
    return nodes, [numpy_helper.from_array(np.asarray(value), key) for key, value in numbers.items()]


def _prune(graph: Any) -> None:
    """Take out what nothing reads any more: the weights in 32 bits."""
    while True:
        read = {name for node in graph.node for name in node.input} | {one.name for one in graph.output}
        dead = [node for node in graph.node if not read.intersection(node.output)]
        for node in dead:
            graph.node.remove(node)
        if not dead:
            break
    unread = [one for one in graph.initializer if one.name not in read]
    for one in unread:
        graph.initializer.remove(one)
