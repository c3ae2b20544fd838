"""An exported graph and some batches in, the same graph with its large matrices in 8 bits out.

Weights are rounded per output channel. What comes in is rounded on one scale a matrix, fixed by the batches
seen here, so that a row is rounded alike in whatever company it comes. A few input channels of an encoder
are many times as large as the others and would take up the scale. Where that is the cheaper way, all channels
are first divided by their size, and the weights multiplied by it (SmoothQuant; Xiao et al. 2023); else the
largest stay in 32 bits (as in LLM.int8(); Dettmers et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.engines.computing import feed, session
from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float32]

LARGE = 16
"""Channels that stay in 32 bits, where they are large."""

WORTH = 0.7
"""They are, if the others span less than this share of the whole range."""

MOVED = 0.7
"""How much of the difference in size between channels is moved into the weights, in [0, 1]."""

_MICROSOFT = "com.microsoft"
_TINY = 1e-9


@dataclass(frozen=True)
class Product:
    """A matrix product with fixed weights.

    Attributes
    ----------
    nodes : list of onnx nodes
        The product, and the addition of its bias where there is one.
    entering : str
        Name of what is multiplied.
    weights : (inputs, outputs) array
    bias : str
        Name of what is added, or the empty string.
    """

    nodes: list[Any]
    entering: str
    weights: Reals
    bias: str


@dataclass(frozen=True)
class Scale:
    """How what enters is rounded.

    Attributes
    ----------
    size : (inputs,) array or None
        What each channel is divided by before.
    step : float
    zero : int
        What stands for 0, in [0, 255].
    large : (n,) array
        Channels that are not rounded.
    """

    size: Reals | None
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
    products = sorted(_products(graph.graph, exact.parent), key=lambda one: one.entering)
    if not products:
        raise ClassifierError("the graph holds no matrix product that could be rounded")
    ranges = _ranges(exact, graph, sorted({one.entering for one in products}), batches)
    made: dict[int, list[Any]] = {}
    for number, (entering, sharing) in enumerate(groupby(products, key=lambda one: one.entering)):
        together = list(sharing)
        scale = _scale(*ranges[entering], [one.weights for one in together])
        writing = _Writing(f"int8_{number}", entering, scale)
        made |= {id(one.nodes[-1]): writing.product(one, place) for place, one in enumerate(together)}
        made |= {id(one.nodes[0]): [] for one in together if len(one.nodes) > 1}
        first = min(together, key=lambda one: _place(graph.graph, one.nodes[0]))
        made[id(first.nodes[0])] = [*writing.before(), *made[id(first.nodes[0])]]
        graph.graph.initializer.extend(writing.tensors())
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
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in turned:
            continue
        weights = numpy_helper.to_array(turned[node.input[1]], base_dir=str(folder)).T
        nodes, bias = [node], ""
        after = readers.get(node.output[0], [])
        if len(after) == 1 and after[0].op_type == "Add":
            added = next((name for name in after[0].input if name in fixed), "")
            if added and list(fixed[added].dims) == [weights.shape[1]]:
                nodes, bias = [node, after[0]], added
        yield Product(nodes, node.input[0], weights, bias)


def _place(graph: Any, wanted: Any) -> int:
    return next(place for place, node in enumerate(graph.node) if node is wanted)


def _ranges(
    exact: Path, graph: Any, names: list[str], batches: Sequence[Batch]
) -> dict[str, tuple[Reals, Reals]]:
    """Run the exact graph; return the least and the largest value of each channel that enters a product."""
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
    found: dict[str, tuple[Reals, Reals]] = {}
    for batch in batches:
        real = batch.attention.astype(bool)
        for name, states in zip(names, running.run(names, feed(batch, inputs)), strict=True):
            seen = states[real] if states.shape[:2] == real.shape else states.reshape(-1, states.shape[-1])
            bottom, top = seen.min(axis=0), seen.max(axis=0)
            low, high = found.get(name, (bottom, top))
            found[name] = np.minimum(low, bottom), np.maximum(high, top)
    return found


def _scale(low: Reals, high: Reals, weights: Sequence[Reals]) -> Scale:
    """Choose a scale from the least and the largest value of each channel.

    Dividing passes once over what enters, sparing the large ones once over what leaves: the narrower wins.
    """
    size = np.maximum(-low, high)
    if len(size) <= sum(one.shape[1] for one in weights):
        heaviest = np.max([np.abs(one).max(axis=1) for one in weights], axis=0)
        divisor = np.maximum(size, _TINY) ** MOVED / np.maximum(heaviest, _TINY) ** (1 - MOVED)
        divisor = np.maximum(divisor, _TINY).astype(np.float32)
        return Scale(divisor, *_step(low / divisor, high / divisor), np.empty(0, dtype=np.int64))
    order = np.argsort(-size, kind="stable")
    large, rest = np.sort(order[:LARGE]), order[LARGE:]
    if len(rest):
        (step, zero), (all_step, _) = _step(low[rest], high[rest]), _step(low, high)
        if step < WORTH * all_step:
            return Scale(None, step, zero, large)
    return Scale(None, *_step(low, high), large[:0])


def _step(low: Reals, high: Reals) -> tuple[float, int]:
    bottom, top = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    step = max((top - bottom) / 255, _TINY)
    return step, round(-bottom / step)


class _Writing:
    """The nodes that round what enters some products, and the products.

    Parameters
    ----------
    name : str
        What the names of all that is made begin with.
    entering : str
    scale : Scale
    """

    def __init__(self, name: str, entering: str, scale: Scale) -> None:
        self.name, self.entering, self.scale = name, entering, scale
        self.numbers: dict[str, Any] = {}

    def before(self) -> list[Any]:
        """Return the nodes that round what enters; they come once, before the first product."""
        from onnx import helper

        scale, even, nodes = self.scale, self.entering, []
        if scale.size is not None:
            even = f"{self.name}_even"
            self.numbers[f"{self.name}_size"] = 1 / scale.size
            nodes.append(helper.make_node("Mul", [self.entering, f"{self.name}_size"], [even]))
        self.numbers |= {
            f"{self.name}_step": np.float32(scale.step),
            f"{self.name}_zero": np.uint8(scale.zero),
        }
        ends = [even, f"{self.name}_step", f"{self.name}_zero"]
        nodes.append(helper.make_node("QuantizeLinear", ends, [f"{self.name}_rounded"]))
        if len(scale.large):
            self.numbers[f"{self.name}_large"] = scale.large
            ends = [self.entering, f"{self.name}_large"]
            nodes.append(helper.make_node("Gather", ends, [f"{self.name}_picked"], axis=-1))
        return nodes

    def product(self, one: Product, place: int) -> list[Any]:
        """Return the nodes that stand for a product."""
        from onnx import helper

        name, large, out = f"{self.name}_{place}", self.scale.large, one.nodes[-1].output[0]
        small = one.weights * (1 if self.scale.size is None else self.scale.size[:, None])
        self.numbers[f"{name}_exact"] = small[large]
        small[large] = 0
        steps = np.maximum(np.abs(small).max(axis=0), _TINY) / 127
        self.numbers[f"{name}_weights"] = np.rint(small / steps).astype(np.int8)
        self.numbers[f"{name}_steps"] = steps.astype(np.float32)
        inner = f"{name}_inner" if len(large) else out
        ends = [f"{self.name}_rounded", f"{name}_weights", f"{self.name}_step", f"{name}_steps"]
        ends += [f"{self.name}_zero", "", one.bias]
        nodes = [helper.make_node("MatMulIntegerToFloat", ends, [inner], domain=_MICROSOFT)]
        if len(large):
            ends = [f"{self.name}_picked", f"{name}_exact"]
            nodes += [
                helper.make_node("MatMul", ends, [f"{name}_product"]),
                helper.make_node("Add", [inner, f"{name}_product"], [out]),
            ]
        return nodes

    def tensors(self) -> list[Any]:
        """Return the numbers that the nodes read."""
        from onnx import numpy_helper

        return [numpy_helper.from_array(np.asarray(value), key) for key, value in self.numbers.items()]


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
