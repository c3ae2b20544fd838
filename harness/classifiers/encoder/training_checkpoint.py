"""The state of a training in, the same state out in the next process.

All of it lies in one file, which is replaced atomically: a process may die at any moment. The file is read as
plain data (tensors, numbers, text), never as code. Only the training that wrote it resumes from it: the same
options, rows, labels, initial weights, versions and kind of processor; any other starts over.
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
    """What has a state in PyTorch's sense: a network, an optimizer, a schedule."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: Any) -> Any:
        """Restore a state."""


class Checkpoint:
    """The file of a training, in a folder that belongs to it alone.

    Parameters
    ----------
    folder : Path or None
        Created if missing. None saves nothing.
    identity : str
        What :func:`identity` returned; a file with another identity is overwritten.
    parts : mapping
        By name, what changes during training.
    """

    def __init__(self, folder: Path | None, identity: str, parts: Mapping[str, Stateful]) -> None:
        self.file = None if folder is None else folder / FILE
        self.identity = identity
        self.parts = parts

    def load(self) -> dict[str, Any]:
        """Restore every part; return the plain data saved with them, empty where there is no usable file."""
        import torch

        if self.file is None or not self.file.is_file():
            return {}
        try:
            # Generators take their states from the CPU alone; parts copy theirs to their own device.
            saved = torch.load(self.file, map_location="cpu", weights_only=True)
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
            # Not ours, or cut off by a full disk: the training starts over, as it would without the file.
            return {}
        if not isinstance(saved, dict) or saved.get("identity") != self.identity:
            return {}
        for name, part in self.parts.items():
            part.load_state_dict(saved["parts"][name])
        progress: dict[str, Any] = saved["progress"]
        return progress

    def save(self, progress: Mapping[str, Any]) -> None:
        """Write every part, and plain data with them."""
        import torch

        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        states = {name: part.state_dict() for name, part in self.parts.items()}
        draft = self.file.with_suffix(".new")
        with draft.open("wb") as stream:
            torch.save({"identity": self.identity, "parts": states, "progress": dict(progress)}, stream)
            stream.flush()
            # Without it a power cut may leave the new name on an empty file.
            os.fsync(stream.fileno())
        draft.replace(self.file)


def random_states() -> list[torch.Tensor]:
    """Return the states of torch's random generators: the CPU's, and that of the GPU in use."""
    import torch

    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_available() else [])]


def set_random_states(states: list[torch.Tensor]) -> None:
    """Restore what :func:`random_states` returned."""
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
        The initial ones.

    Returns
    -------
    str
        A SHA-256, in hexadecimal.
    """
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    digest = hashlib.sha256(json.dumps([settings, versions], sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    for name, value in weights.items():
        digest.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
