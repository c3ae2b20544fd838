"""The state of a training after an epoch in, the same state out in the next process.

All of it lies in one file, replaced at one stroke: a process may die at any moment. The file is read as plain
data (tensors, numbers, text), never as code. It is used only by the training that wrote it: the same options,
rows, labels, first weights, versions and kind of processor; any other begins anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch
    from numpy.typing import NDArray

FILE = "training.pt"


class Stateful(Protocol):
    """What has a state, as torch has it: a network, an optimizer, its schedule, an average."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: Any) -> Any:
        """Go on from a state."""


class Resumption:
    """A training's file, in a folder that belongs to it alone.

    Parameters
    ----------
    folder : Path or None
        Made if missing. None keeps nothing.
    identity : str
        What :func:`identity` returned; a file of another is overwritten.
    parts : mapping
        What changes while training, by name.
    """

    def __init__(self, folder: Path | None, identity: str, parts: Mapping[str, Stateful]) -> None:
        self.file = None if folder is None else folder / FILE
        self.identity = identity
        self.parts = parts

    def load(self) -> dict[str, Any]:
        """Put every part back to where it was; return what was saved beside them, nothing without a file."""
        import torch

        if self.file is None or not self.file.is_file():
            return {}
        try:
            found = torch.load(self.file, map_location="cpu", weights_only=True)
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
            # Not ours, or spoilt by a full disk: then there is nothing to go on from.
            return {}
        if not isinstance(found, dict) or found.get("identity") != self.identity:
            return {}
        for name, part in self.parts.items():
            part.load_state_dict(found["parts"][name])
        beside: dict[str, Any] = found["beside"]
        return beside

    def save(self, beside: Mapping[str, Any]) -> None:
        """Write every part, and plain data beside them."""
        import torch

        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        states = {name: part.state_dict() for name, part in self.parts.items()}
        fresh = self.file.with_suffix(".new")
        with fresh.open("wb") as stream:
            torch.save({"identity": self.identity, "parts": states, "beside": dict(beside)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.file)


def random_states() -> list[torch.Tensor]:
    """Return the states of torch's random streams: the processor's, and that of the GPU in use."""
    import torch

    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_available() else [])]


def set_random_states(states: list[torch.Tensor]) -> None:
    """Put torch's random streams back to what :func:`random_states` returned."""
    import torch

    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)


def identity(
    settings: Mapping[str, Any], arrays: Iterable[NDArray[np.generic]], weights: Mapping[str, torch.Tensor]
) -> str:
    """Identify a training by all that its result depends on.

    Parameters
    ----------
    settings : mapping
        Plain data.
    arrays : iterable of arrays
        The rows and their codes.
    weights : mapping
        Those that it begins with.
    """
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    digest = hashlib.sha256(json.dumps([settings, versions], sort_keys=True).encode())
    for one in arrays:
        digest.update(f"{one.dtype}{one.shape}".encode())
        digest.update(one.tobytes())
    for name, value in weights.items():
        digest.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
