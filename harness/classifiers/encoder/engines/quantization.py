"""An exported graph and some batches in, the same graph with its large matrices in 8 bits out.

Weights are rounded per output channel. Activations are rounded on one scale a matrix, fixed by the batches
seen here ("static quantization"), so that a row is rounded alike whichever rows share its batch. A few input
channels of an encoder are many times as large as the others and would take up the whole scale. Where it is
the cheaper way, all channels are first divided by their size, and the weights multiplied by it (SmoothQuant;
Xiao et al. 2023); otherwise the largest channels stay in 32 bits (as in LLM.int8(); Dettmers et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.engines.computing import graph_inputs, open_session
from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float32]

OUTLIERS = 16
"""Channels that stay in 32 bits, where they are large."""

OUTLIER_SHARE = 0.7
"""They stay so if the other channels span less than this share of the whole range."""

MIGRATION = 0.7
"""How much of the difference in size between channels is moved into the weights, in [0, 1]; SmoothQuant's
alpha."""

_MICROSOFT = "com.microsoft"
_TINY = 1e-9


@dataclass(frozen=True)
class MatrixProduct:
    """A matrix product with fixed weights.

    Attributes
    ----------
    nodes : list of onnx nodes
        The product, and the addition of its bias where there is one.
    activation : str
        Name of what is multiplied.
    weights : (inputs, outputs) array
    bias : str
        Name of what is added, or the empty string.
    """

    nodes: list[Any]
    activation: str
    weights: Reals
    bias: str


@dataclass(frozen=True)
class Scale:
    """How an activation is rounded.

    Attributes
    ----------
    divisor : (inputs,) array or None
        What each channel is divided by first.
    step : float
        Distance between two neighbours of the 256 values.
    zero : int
        The number that stands for 0, in [0, 255].
    outliers : (n,) array
        Channels that are not rounded.
    """

    divisor: Reals | None
    step: float
    zero: int
    outliers: NDArray[np.int64]


def quantize(exact: Path, batches: Sequence[Batch], file: Path) -> None:
    """Write the graph in 8 bits.

    Parameters
    ----------
    exact : Path
        From :func:`harness.classifiers.encoder.engines.export.export`.
    batches : sequence of Batch
        A few hundred rows like those to come; the scales are computed from them.
    file : Path
        Written, in the same folder.

    Raises
    ------
    ClassifierError
        Where the graph holds no product that could be rounded.
    """
    import onnx

    # Without its external weights: those that stay in 32 bits would be saved into the new graph.
    graph = onnx.load(str(exact), load_external_data=False)
    products = sorted(_products(graph.graph, exact.parent), key=lambda product: product.activation)
    if not products:
        raise ClassifierError("the graph holds no matrix product that could be rounded")
    activations = sorted({product.activation for product in products})
    ranges = _channel_ranges(exact, graph, activations, batches)
    replacements: dict[int, list[Any]] = {}
    # Products of the same activation, such as query, key and value, share its rounding.
    for number, (activation, group) in enumerate(groupby(products, key=lambda product: product.activation)):
        sharing = list(group)
        scale = _choose_scale(*ranges[activation], [product.weights for product in sharing])
        writer = _NodeWriter(f"int8_{number}", activation, scale)
        replacements |= {
            id(product.nodes[-1]): writer.product(product, index) for index, product in enumerate(sharing)
        }
        replacements |= {id(product.nodes[0]): [] for product in sharing if len(product.nodes) > 1}
        # ONNX wants each node after those that it reads: the rounding goes before the first product.
        first = min(sharing, key=lambda product: _index(graph.graph, product.nodes[0]))
        rounding = writer.rounding()
        replacements[id(first.nodes[0])] = [*rounding, *replacements[id(first.nodes[0])]]
        graph.graph.initializer.extend(writer.tensors())
    nodes = [new for node in graph.graph.node for new in replacements.get(id(node), [node])]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    _prune(graph.graph)
    graph.opset_import.append(onnx.helper.make_opsetid(_MICROSOFT, 1))
    onnx.save(graph, str(file))


def _products(graph: Any, folder: Path) -> Iterator[MatrixProduct]:
    """Find the products of activations and fixed weights, which an export writes transposed."""
    from onnx import numpy_helper

    fixed = {tensor.name: tensor for tensor in graph.initializer}
    transposed = {
        node.output[0]: fixed[node.input[0]]
        for node in graph.node
        if node.op_type == "Transpose" and node.input[0] in fixed and len(fixed[node.input[0]].dims) == 2
    }
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in transposed:
            continue
        weights = numpy_helper.to_array(transposed[node.input[1]], base_dir=str(folder)).T
        nodes, bias = [node], ""
        after = readers.get(node.output[0], [])
        # Where the product has other readers, its sum with the bias may not replace it.
        if len(after) == 1 and after[0].op_type == "Add":
            added = next((name for name in after[0].input if name in fixed), "")
            if added and list(fixed[added].dims) == [weights.shape[1]]:
                nodes, bias = [node, after[0]], added
        yield MatrixProduct(nodes, node.input[0], weights, bias)


def _index(graph: Any, wanted: Any) -> int:
    return next(index for index, node in enumerate(graph.node) if node is wanted)


def _channel_ranges(
    exact: Path, graph: Any, names: list[str], batches: Sequence[Batch]
) -> dict[str, tuple[Reals, Reals]]:
    """Run the exact graph; return the least and the largest value of each channel of the activations."""
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    for name in names:
        watched.graph.output.append(onnx.ValueInfoProto(name=name))
    # In the folder of the weights, which the graph names relative to itself.
    file = exact.with_name("watched.onnx")
    onnx.save(watched, str(file))
    try:
        session = open_session(file)
    finally:
        file.unlink()
    inputs = [tensor.name for tensor in session.get_inputs()]
    ranges: dict[str, tuple[Reals, Reals]] = {}
    for batch in batches:
        attended = batch.attention.astype(bool)
        for name, states in zip(names, session.run(names, graph_inputs(batch, inputs)), strict=True):
            # Padding is left out where there is some: what it computes reaches no score.
            padded = states.shape[:2] == attended.shape
            values = states[attended] if padded else states.reshape(-1, states.shape[-1])
            bottom, top = values.min(axis=0), values.max(axis=0)
            low, high = ranges.get(name, (bottom, top))
            ranges[name] = np.minimum(low, bottom), np.maximum(high, top)
    return ranges


def _choose_scale(low: Reals, high: Reals, weights: Sequence[Reals]) -> Scale:
    """Choose a scale from the least and the largest value of each channel.

    Dividing passes once over the activation, sparing the outliers once over the outputs: the narrower of the
    two wins.
    """
    size = np.maximum(-low, high)
    if len(size) <= sum(matrix.shape[1] for matrix in weights):
        heaviest = np.max([np.abs(matrix).max(axis=1) for matrix in weights], axis=0)
        divisor = np.maximum(size, _TINY) ** MIGRATION / np.maximum(heaviest, _TINY) ** (1 - MIGRATION)
        divisor = np.maximum(divisor, _TINY).astype(np.float32)
        return Scale(divisor, *_step(low / divisor, high / divisor), np.empty(0, dtype=np.int64))
    order = np.argsort(-size, kind="stable")
    outliers, rest = np.sort(order[:OUTLIERS]), order[OUTLIERS:]
    if len(rest):
        (step, zero), (entire_step, _) = _step(low[rest], high[rest]), _step(low, high)
        if step < OUTLIER_SHARE * entire_step:
            return Scale(None, step, zero, outliers)
    return Scale(None, *_step(low, high), outliers[:0])


def _step(low: Reals, high: Reals) -> tuple[float, int]:
    # The range holds 0, so that 0 is rounded to itself.
    bottom, top = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    step = max((top - bottom) / 255, _TINY)
    return step, round(-bottom / step)


class _NodeWriter:
    """Makes the nodes that round an activation, and those of the products that read it.

    Parameters
    ----------
    name : str
        What the names of all new nodes and tensors begin with.
    activation : str
    scale : Scale
    """

    def __init__(self, name: str, activation: str, scale: Scale) -> None:
        self.name, self.activation, self.scale = name, activation, scale
        self.numbers: dict[str, Any] = {}

    def rounding(self) -> list[Any]:
        """Return the nodes that round the activation; they come once, before the first product."""
        from onnx import helper

        scale, even, nodes = self.scale, self.activation, []
        if scale.divisor is not None:
            even = f"{self.name}_even"
            self.numbers[f"{self.name}_size"] = 1 / scale.divisor
            nodes.append(helper.make_node("Mul", [self.activation, f"{self.name}_size"], [even]))
        self.numbers |= {
            f"{self.name}_step": np.float32(scale.step),
            # Unsigned, while weights are signed: x86 processors multiply one by the other (VPDPBUSD).
            f"{self.name}_zero": np.uint8(scale.zero),
        }
        inputs = [even, f"{self.name}_step", f"{self.name}_zero"]
        nodes.append(helper.make_node("QuantizeLinear", inputs, [f"{self.name}_rounded"]))
        if len(scale.outliers):
            self.numbers[f"{self.name}_large"] = scale.outliers
            inputs = [self.activation, f"{self.name}_large"]
            nodes.append(helper.make_node("Gather", inputs, [f"{self.name}_picked"], axis=-1))
        return nodes

    def product(self, product: MatrixProduct, index: int) -> list[Any]:
        """Return the nodes that replace a product."""
        from onnx import helper

        name, outliers, output = f"{self.name}_{index}", self.scale.outliers, product.nodes[-1].output[0]
        weights = product.weights * (1 if self.scale.divisor is None else self.scale.divisor[:, None])
        # Indexing with an array copies, so that this keeps what the next line sets to 0.
        self.numbers[f"{name}_exact"] = weights[outliers]
        weights[outliers] = 0
        # Symmetric, -127 to 127: weights need no zero point.
        steps = np.maximum(np.abs(weights).max(axis=0), _TINY) / 127
        self.numbers[f"{name}_weights"] = np.rint(weights / steps).astype(np.int8)
        self.numbers[f"{name}_steps"] = steps.astype(np.float32)
        inner = f"{name}_inner" if len(outliers) else output
        inputs = [f"{self.name}_rounded", f"{name}_weights", f"{self.name}_step", f"{name}_steps"]
        inputs += [f"{self.name}_zero", "", product.bias]
        # An operator of ONNX Runtime's own, which multiplies, scales back and adds the bias at once.
        nodes = [helper.make_node("MatMulIntegerToFloat", inputs, [inner], domain=_MICROSOFT)]
        if len(outliers):
            inputs = [f"{self.name}_picked", f"{name}_exact"]
            nodes += [
                helper.make_node("MatMul", inputs, [f"{name}_product"]),
                helper.make_node("Add", [inner, f"{name}_product"], [output]),
            ]
        return nodes

    def tensors(self) -> list[Any]:
        """Return the numbers that the nodes read."""
        from onnx import numpy_helper

        return [numpy_helper.from_array(np.asarray(value), key) for key, value in self.numbers.items()]


def _prune(graph: Any) -> None:
    """Remove what nothing reads any more: the weights in 32 bits."""
    # Again and again: a node that goes may have been the only reader of another.
    while True:
        read = {name for node in graph.node for name in node.input} | {out.name for out in graph.output}
        dead = [node for node in graph.node if not read.intersection(node.output)]
        for node in dead:
            graph.node.remove(node)
        if not dead:
            break
    unread = [tensor for tensor in graph.initializer if tensor.name not in read]
    for tensor in unread:
        graph.initializer.remove(tensor)
