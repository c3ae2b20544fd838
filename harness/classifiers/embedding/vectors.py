"""Examples in, the vectors of a frozen encoder out.

A vector holds the means of the encoder's states over the sentence, over the target's mention and over the
second text, as far as ``target:`` shows them. All is computed in fp32, in batches of about one length. What
was computed is kept while the process lives, up to :data:`KEPT_BYTES`: seeds, folds and parties repeat
sentences.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.encoder.batching import Batch, Tokenizer, batches, sorted_order
from harness.classifiers.inputs import view
from harness.classifiers.protocol import Examples, Target
from harness.values.progress import progress

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

KEPT_BYTES = 256 * 2**20
"""How much is kept: some 80,000 sentences of the packaged encoder."""

BUDGET = 2048
"""Padded tokens of a batch."""


@dataclass(frozen=True)
class Reader:
    """A frozen encoder, and how it is shown the target.

    Parameters
    ----------
    checkpoint : str
        See :mod:`harness.classifiers.checkpoints`.
    target : str
        See :mod:`harness.classifiers.inputs`.
    max_tokens : int
        Longer rows are cut to a window around the target.
    layers : int
        How many of the last layers are averaged, at least 1; all of them where there are fewer.
    """

    checkpoint: str
    target: Target
    max_tokens: int
    layers: int

    @property
    def parts(self) -> int:
        """How many means a vector holds."""
        return {"none": 1, "marked": 2, "masked": 2, "pair": 3, "marked_pair": 3}[self.target]

    def vectors(self, examples: Examples) -> Vectors:
        """Return ``(n, parts * size)``; a row has zeros for a mention or a second text that it lacks.

        Raises
        ------
        ClassifierError
            Where the checkpoint's files are missing or damaged.
        """
        folder = Path(checkpoints.resolve(self.checkpoint))
        keys = self._keys(folder, examples)
        found = _KEPT.known(keys)
        missing = {key: one for key, one in zip(keys, examples, strict=True) if key not in found}
        if missing:
            made = dict(zip(missing, self._computed(folder, list(missing.values())), strict=True))
            _KEPT.keep(made)
            found |= made
        return np.stack([found[key] for key in keys])

    def copy(self, folder: Path) -> None:
        """Write the encoder and its tokenizer into a folder, which is then a checkpoint of its own."""
        found = Path(checkpoints.resolve(self.checkpoint))
        backend, body = _loaded(str(found), _changed(found))
        with checkpoints.quietly():
            body.save_pretrained(folder)
        backend.save_pretrained(folder)

    def _keys(self, folder: Path, examples: Examples) -> list[bytes]:
        """Name what the encoder sees of every example: all that its vector depends on."""
        settings = f"{folder}\n{_changed(folder)}\n{self}\n"
        seen = (repr(view(one, self.target)) for one in examples)
        return [hashlib.sha256((settings + one).encode()).digest() for one in seen]

    def _computed(self, folder: Path, examples: Examples) -> Vectors:
        import torch

        backend, body = _loaded(str(folder), _changed(folder))
        rows = Tokenizer(backend, self.target, self.max_tokens)(examples)
        order = sorted_order(rows.lengths, BUDGET)
        result = np.zeros((len(examples), self.parts, body.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for batch in progress(batches(rows, order, backend.pad_token_id), "reading", len(order)):
                states = _states(body, batch, self.layers)
                masks = (batch.attention, batch.targets, batch.segments * batch.attention)
                for part, mask in enumerate(masks[: self.parts]):
                    result[batch.rows, part] = _mean(states, mask)
        return result.reshape(len(examples), -1)


class Kept:
    """Vectors by key, the latest used ones, up to a number of bytes; safe among threads."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self.vectors: OrderedDict[bytes, Vectors] = OrderedDict()
        self.lock = threading.Lock()

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Return those of the keys that are kept."""
        with self.lock:
            found = {key: self.vectors[key] for key in keys if key in self.vectors}
            for key in found:
                self.vectors.move_to_end(key)
            return found

    def keep(self, made: Mapping[bytes, Vectors]) -> None:
        """Add vectors; those that were not asked for longest make room."""
        with self.lock:
            for key, vector in made.items():
                if key not in self.vectors:
                    self.size += vector.nbytes
                    # A copy: a view would keep the whole table that it is a row of.
                    self.vectors[key] = vector.copy()
            while self.size > self.limit:
                self.size -= self.vectors.popitem(last=False)[1].nbytes


_KEPT = Kept(KEPT_BYTES)


def _changed(folder: Path) -> tuple[int, ...]:
    """Tell a checkpoint from another one that is written to the same folder later."""
    weights = sorted(path for pattern in ("*.safetensors", "*.bin") for path in folder.glob(pattern))
    return tuple(number for path in weights for number in (path.stat().st_mtime_ns, path.stat().st_size))


@lru_cache(maxsize=2)
def _loaded(folder: str, _: tuple[int, ...]) -> tuple[Any, Any]:
    import torch

    body = checkpoints.load_body(folder)
    body.requires_grad_(False)
    return checkpoints.load_tokenizer(folder), body.to("cuda" if torch.cuda.is_available() else "cpu")


def _states(body: Any, batch: Batch, layers: int) -> torch.Tensor:
    """Average the states of the last layers, ``(rows, length, size)``."""
    import torch

    inputs = {"input_ids": batch.tokens, "attention_mask": batch.attention}
    if int(getattr(body.config, "type_vocab_size", 0) or 0) > 1:
        inputs["token_type_ids"] = batch.segments
    on_device = {name: torch.from_numpy(array).to(body.device) for name, array in inputs.items()}
    # The first of them are the embeddings of the tokens, which know nothing of their context.
    states = body(**on_device, output_hidden_states=True).hidden_states[1:]
    return torch.stack(states[-layers:]).mean(dim=0)


def _mean(states: torch.Tensor, mask: NDArray[Any]) -> Vectors:
    """Average over the tokens of a mask, ``(rows, size)``; zeros where it is empty."""
    import torch

    weight = torch.from_numpy(mask).to(states.device, states.dtype)
    total = (states * weight[:, :, None]).sum(dim=1)
    mean: Vectors = (total / weight.sum(dim=1, keepdim=True).clamp(min=1)).cpu().numpy()
    return mean
