"""Examples in, the vectors of a frozen encoder out.

A vector holds the mean states of the encoder over the sentence, over the mention of the target and over the
second text, as far as the setting ``target`` shows them. Everything is computed in fp32, in batches of
similar length. Vectors are cached for the life of the process, up to :data:`MAX_CACHE_BYTES`: seeds, folds
and parties repeat sentences.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.encoder.batching import Batch, Tokenizer, batches, sorted_order
from harness.classifiers.encoder.prediction import compute, torch_pool
from harness.classifiers.inputs import view
from harness.classifiers.protocol import Examples, Target
from harness.values.progress import progress
from harness.values.threads import thread_count

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MAX_CACHE_BYTES = 256 * 2**20
"""Some 80,000 sentences of the packaged encoder (two means of 384 floats each take 3 KB)."""

MAX_BATCH_TOKENS = 2048
"""Of a batch, padding included."""


@dataclass(frozen=True)
class FrozenEncoder:
    """A pretrained encoder that is not trained further, and how it is shown the target.

    Parameters
    ----------
    checkpoint : str
        See :mod:`harness.classifiers.checkpoints`.
    target : str
        See :mod:`harness.classifiers.inputs`.
    max_tokens : int
        Longer rows are cut to a window around the target.
    layers : int
        How many of the last layers are averaged, at least 1; all of them if there are fewer.
    """

    checkpoint: str
    target: Target
    max_tokens: int
    layers: int

    @property
    def parts(self) -> int:
        """How many means a vector holds: of the sentence, the mention and the second text."""
        return {"none": 1, "marked": 2, "masked": 2, "pair": 3, "marked_pair": 3}[self.target]

    def vectors(self, examples: Examples) -> Vectors:
        """Return an ``(n, parts * size)`` array; zeros stand for a mention or second text that a row lacks.

        Raises
        ------
        ClassifierError
            Where the checkpoint's files are missing or damaged.
        """
        folder = Path(checkpoints.resolve(self.checkpoint))
        keys = self._keys(folder, examples)
        by_key = _CACHE.get(keys)
        missing = {key: example for key, example in zip(keys, examples, strict=True) if key not in by_key}
        if missing:
            computed = dict(zip(missing, self._computed(folder, list(missing.values())), strict=True))
            _CACHE.add(computed)
            by_key |= computed
        return np.stack([by_key[key] for key in keys])

    def copy(self, folder: Path) -> None:
        """Write the encoder and its tokenizer to a folder, which is then a checkpoint itself."""
        source = Path(checkpoints.resolve(self.checkpoint))
        backend, body = _loaded(str(source), _stamp(source))
        with checkpoints.quietly():
            body.save_pretrained(folder)
        backend.save_pretrained(folder)

    def _keys(self, folder: Path, examples: Examples) -> list[bytes]:
        """Hash everything that the vector of each example depends on."""
        settings = f"{folder}\n{_stamp(folder)}\n{self}\n"
        views = (repr(view(example, self.target)) for example in examples)
        return [hashlib.sha256((settings + text).encode()).digest() for text in views]

    def _computed(self, folder: Path, examples: Examples) -> Vectors:

        backend, body = _loaded(str(folder), _stamp(folder))
        rows = Tokenizer(backend, self.target, self.max_tokens)(examples)
        engine = BodyEngine(body, self.layers, self.parts)
        # Rows of similar length in a batch, so that little is computed on padding.
        order = sorted_order(rows.lengths, engine.budget)
        result = np.zeros((len(examples), self.parts, body.config.hidden_size), dtype=np.float32)
        every = progress(batches(rows, order, backend.pad_token_id), "encoding", len(order), "batches")
        for batch, means in compute(engine, every):
            result[batch.rows] = means
        return result.reshape(len(examples), -1)


class BodyEngine:
    """An encoder without a head; on a CPU each core computes a batch of its own.

    Parameters
    ----------
    body : PreTrainedModel
        In evaluation mode.
    layers, parts : int
        See :class:`FrozenEncoder`.
    """

    budget = MAX_BATCH_TOKENS

    def __init__(self, body: Any, layers: int, parts: int) -> None:
        self.body, self.layers, self.parts = body, layers, parts
        self.parallel = thread_count() if body.device.type == "cpu" else 1

    def pool(self) -> AbstractContextManager[Executor]:
        """See :class:`harness.classifiers.encoder.prediction.BatchEngine`."""
        return torch_pool(self.parallel)

    def scores(self, batch: Batch) -> Vectors:
        """Return the means of each row, ``(rows, parts, size)``."""
        import torch

        masks = (batch.attention, batch.targets, batch.segments * batch.attention)
        with torch.inference_mode():
            states = _states(self.body, batch, self.layers)
            return np.stack([_mean(states, mask) for mask in masks[: self.parts]], axis=1)


class VectorCache:
    """Vectors by key: the most recently used, up to a number of bytes. Safe to use from several threads.

    Parameters
    ----------
    limit : int
        In bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self.vectors: OrderedDict[bytes, Vectors] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Return the cached vectors among these keys."""
        with self.lock:
            cached = {key: self.vectors[key] for key in keys if key in self.vectors}
            for key in cached:
                self.vectors.move_to_end(key)
            return cached

    def add(self, vectors: Mapping[bytes, Vectors]) -> None:
        """Add vectors; the least recently used ones make room."""
        with self.lock:
            for key, vector in vectors.items():
                if key not in self.vectors:
                    self.size += vector.nbytes
                    # A copy: a view would keep the whole table in memory that it is a row of.
                    self.vectors[key] = vector.copy()
            while self.size > self.limit:
                self.size -= self.vectors.popitem(last=False)[1].nbytes


_CACHE = VectorCache(MAX_CACHE_BYTES)


def _stamp(folder: Path) -> tuple[int, ...]:
    """Return times and sizes of the weights: they tell a checkpoint from a later one in the same folder."""
    weights = sorted(path for pattern in ("*.safetensors", "*.bin") for path in folder.glob(pattern))
    return tuple(number for path in weights for number in (path.stat().st_mtime_ns, path.stat().st_size))


@lru_cache(maxsize=2)
def _loaded(folder: str, _: tuple[int, ...]) -> tuple[Any, Any]:
    import torch

    # At most two encoders stay in memory, such as that of a classifier and that of the leak gate.
    body = checkpoints.load_body(folder)
    body.requires_grad_(False)
    return checkpoints.load_tokenizer(folder), body.to("cuda" if torch.cuda.is_available() else "cpu")


def _states(body: Any, batch: Batch, layers: int) -> torch.Tensor:
    """Average the states of the last layers, ``(rows, length, size)``."""
    import torch

    inputs = {"input_ids": batch.tokens, "attention_mask": batch.attention}
    # RoBERTa has an embedding for the first segment alone.
    if int(getattr(body.config, "type_vocab_size", 0) or 0) > 1:
        inputs["token_type_ids"] = batch.segments
    on_device = {name: torch.from_numpy(array).to(body.device) for name, array in inputs.items()}
    # The first are the embeddings of the tokens, before any layer: they hold no context.
    states = body(**on_device, output_hidden_states=True).hidden_states[1:]
    return torch.stack(states[-layers:]).mean(dim=0)


def _mean(states: torch.Tensor, mask: NDArray[Any]) -> Vectors:
    """Average over the tokens of a mask, ``(rows, size)``; zeros where the mask is empty."""
    import torch

    weight = torch.from_numpy(mask).to(states.device, states.dtype)
    total = (states * weight[:, :, None]).sum(dim=1)
    mean: Vectors = (total / weight.sum(dim=1, keepdim=True).clamp(min=1)).cpu().numpy()
    return mean
