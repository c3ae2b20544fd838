"""A network in, the same one out, whose passes a GPU replays instead of being told each of their steps.

A batch of short sentences keeps a GPU busy for less time than it takes to say what it is to do. The passes
over a batch of one shape are therefore recorded (CUDA graphs), and replayed for all others of that shape.
"""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from harness.classifiers.encoder.prediction import device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from harness.classifiers.encoder.batching import Batch
    from harness.classifiers.encoder.network import Network

STEP = 8
"""Rows are padded to a multiple of so many tokens, which leaves few shapes."""

COMMON = 2
"""A shape that is seen so often is recorded: there will be more of it."""

MAX_WEIGHTS = 200_000_000
"""Weights of a network whose passes are worth the memory that their recording takes."""

WARM = 3
"""Passes before one is recorded, in which libraries choose how to compute it."""

Tensors = list[torch.Tensor]


def stepped(lengths: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return lengths rounded up to those that rows are padded to, or to ``most``.

    Examples
    --------
    >>> stepped(np.array([3, 8, 9, 30]), 30)
    array([ 8,  8, 16, 30])
    """
    return np.minimum(-(-lengths // STEP) * STEP, most)


class Replayed(nn.Module):
    """A network in training that records its passes, on a GPU.

    Gradients are added to those that are there, as ever, but these must not be set to None in between.
    Between a batch and its gradients no other batch may be computed.

    Parameters
    ----------
    network : Network
    padding : int
        The padding token.
    most : int
        The most tokens of a row.

    Attributes
    ----------
    refused : str
        Why this network cannot be recorded; it then computes as it would without this.
    """

    def __init__(self, network: Network, padding: int, most: int) -> None:
        super().__init__()
        self.network, self.padding, self.most = network, padding, most
        few = sum(one.numel() for one in network.parameters()) <= MAX_WEIGHTS
        self.refused = "" if few else "it is large enough to keep a GPU busy, and its recordings take memory"
        # Recordings are made in a stream of their own; newer versions warn of what that costs each time.
        quiet = getattr(torch.autograd.graph, "set_warn_on_accumulate_grad_stream_mismatch", lambda _: None)
        quiet(False)
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._passes: dict[tuple[int, ...], _Pass] = {}
        # Autograd asks for gradients of what depends on something that has them.
        self._anchor = torch.zeros((), device=device(), requires_grad=True)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return scores, ``(rows, outputs)``, fp32."""
        inputs = self._inputs(batch)
        shape = tuple(inputs[0].shape)
        self._seen[shape] += 1
        if shape not in self._passes and self._seen[shape] == COMMON and not self.refused:
            self._record(shape, inputs)
        if shape not in self._passes:
            return self.network.compute(*(one.to(device()) for one in inputs))
        found = self._passes[shape]
        for place, value in zip(found.inputs, inputs, strict=True):
            place.copy_(value)
        scores: torch.Tensor = _Replay.apply(self._anchor, found)  # type: ignore[no-untyped-call]
        return scores

    def _inputs(self, batch: Batch) -> Tensors:
        width = int(stepped(np.array([batch.tokens.shape[1]]), self.most)[0])
        filled = ((batch.tokens, self.padding), (batch.segments, 0), (batch.attention, 0), (batch.targets, 0))
        wider = ((0, 0), (0, width - batch.tokens.shape[1]))
        return [torch.from_numpy(np.pad(one, wider, constant_values=value)) for one, value in filled]

    def _record(self, shape: tuple[int, ...], inputs: Tensors) -> None:
        drawing = torch.cuda.default_generators[torch.cuda.current_device()]
        # What is drawn meanwhile is no batch's; a recording that fails leaves stream and generator unusable.
        before, stream = drawing.clone_state(), torch.cuda.current_stream()
        try:
            self._passes[shape] = _Pass(self.network, inputs, next(iter(self._passes.values()), None))
        except RuntimeError as error:
            self.refused = str(error).partition("\n")[0] or type(error).__name__
            torch.cuda.set_stream(stream)
            drawing.graphsafe_set_state(before)
        else:
            drawing.set_state(before.get_state())


class _Pass:
    """A recorded pass there, and the one back; those of a network share their memory."""

    def __init__(self, network: Network, inputs: Tensors, other: _Pass | None) -> None:
        self.inputs = [one.to(device()) for one in inputs]
        learning = [one for one in network.parameters() if one.requires_grad]
        found: Any = ()
        with _aside(), _Filled():
            for turn in range(WARM):
                # A pass that waits for the GPU cannot be recorded; to try leaves more behind than an error.
                with _as_if_recorded() if turn == WARM - 1 else nullcontext():
                    scores = network.compute(*self.inputs)
                    found = torch.autograd.grad(scores, learning, torch.zeros_like(scores), allow_unused=True)
        used = [one for one, gradient in zip(learning, found, strict=True) if gradient is not None]
        for one in used:
            if one.grad is None:
                one.grad = torch.zeros_like(one)
        self.there, self.back = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        pool = torch.cuda.graph_pool_handle() if other is None else other.there.pool()
        with _uncached(), _Filled(), torch.cuda.graph(self.there, pool=pool):
            self.scores = network.compute(*self.inputs)
        self.gradient = torch.zeros_like(self.scores)
        with torch.cuda.graph(self.back, pool=pool):
            new = torch.autograd.grad(self.scores, used, self.gradient)
            gradients: Any = [one.grad for one in used]
            torch._foreach_add_(gradients, new)


class _Replay(torch.autograd.Function):
    """Replays a pass, and the one back where gradients are asked for."""

    @staticmethod
    def forward(ctx: Any, anchor: torch.Tensor, recorded: _Pass) -> torch.Tensor:  # noqa: ARG004
        ctx.recorded = recorded
        recorded.there.replay()
        return recorded.scores.detach().clone()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None]:
        ctx.recorded.gradient.copy_(gradient)
        ctx.recorded.back.replay()
        return None, None


@contextmanager
def _aside() -> Iterator[None]:
    """Compute in a stream of its own, as what is to be recorded must have been once."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream), _uncached():
        yield
    torch.cuda.current_stream().wait_stream(stream)


@contextmanager
def _as_if_recorded() -> Iterator[None]:
    """Raise a RuntimeError where the processor waits for the GPU, as to read a number or to hand one over.

    What transformers looks at only where nothing is recorded, it then does not look at.
    """
    said, before = torch.cuda.is_current_stream_capturing, torch.cuda.get_sync_debug_mode()
    try:
        torch.cuda.is_current_stream_capturing = lambda: True
        with warnings.catch_warnings():
            # That this is a prototype.
            warnings.simplefilter("ignore")
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
        torch.cuda.is_current_stream_capturing = said


class _Filled(TorchFunctionMode):
    """Makes tensors of one number on the GPU itself; older attention masks hand it over."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func is torch.tensor and args and isinstance(args[0], int | float) and given.get("device"):
            return torch.full((), args[0], **given)
        return func(*args, **given)


@contextmanager
def _uncached() -> Iterator[None]:
    """Keep a pass from weights that were cast before it: a replay would read what they were then."""
    if not torch.is_autocast_enabled("cuda"):
        yield
        return
    with torch.autocast("cuda", torch.get_autocast_dtype("cuda"), cache_enabled=False):
        yield
