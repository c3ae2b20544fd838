"""The weights of every step in, their running average out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


class Average:
    """Averaged weights beside those that learn; nothing at decay 0.

    Parameters
    ----------
    network : Module
        Whose weights.
    decay : float
        Share of the average that a step keeps.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.live = list(network.parameters()) if decay else []
        self.kept = [one.detach().clone() for one in self.live]
        self.steps = 0

    def update(self) -> None:
        """Take the weights of a step in."""
        if self.decay:
            import torch

            self.steps += 1
            # Early on the average would remember little but the weights that it started from.
            decay = min(self.decay, self.steps / (self.steps + 10))
            torch._foreach_lerp_(self.kept, [one.detach() for one in self.live], 1 - decay)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Give the network the averaged weights within the block."""
        learning = [one.detach().clone() for one in self.live]
        self.settle()
        yield
        _assign(self.live, learning)

    def settle(self) -> None:
        """Give the network the averaged weights."""
        _assign(self.live, self.kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the average and how many steps it has seen."""
        return {"kept": self.kept, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        _assign(self.kept, state["kept"])
        self.steps = int(state["steps"])


def _assign(parameters: list[Any], values: list[torch.Tensor]) -> None:
    import torch

    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(value)
