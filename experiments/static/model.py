"""A transformer in, a table with one vector a word piece out; examples and a table in, features out.

The table is made as Model2Vec makes it (Tulkens & van Dongen 2024): each word piece is passed through the
encoder alone, principal components are taken, and each vector is multiplied by a weight that frequent pieces
have less of (SIF; Arora, Liang & Ma 2017), their frequency being guessed from their rank by Zipf's law.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.inputs import Marks, View, view
from harness.classifiers.protocol import Examples, Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

SIF = 1e-4
"""Model2Vec's: pieces that are more frequent than this lose weight."""

BATCH = 1024
MARKS = Marks("", "", "TARGET")


def distil(checkpoint: str, size: int) -> tuple[Any, Vectors]:
    """Return a checkpoint's tokenizer and a vector for each of its word pieces, ``(pieces, size)``."""
    import torch
    from sklearn.decomposition import PCA

    backend = checkpoints.load_tokenizer(checkpoint)
    body = checkpoints.load_body(checkpoint)
    ids = np.arange(len(backend.get_vocab()))
    wrapped = np.stack(
        [np.full_like(ids, backend.cls_token_id), ids, np.full_like(ids, backend.sep_token_id)]
    ).T
    states = []
    with torch.inference_mode():
        for start in range(0, len(ids), BATCH):
            tokens = torch.from_numpy(wrapped[start : start + BATCH])
            hidden = body(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state
            states.append(hidden.mean(dim=1).numpy())
    table = np.concatenate(states)
    if size < table.shape[1]:
        table = PCA(n_components=size, svd_solver="full").fit_transform(table)
    # Vocabularies of word pieces are sorted by frequency.
    inverse_rank = 1 / (ids + 2)
    probability = inverse_rank / inverse_rank.sum()
    return backend, (table * (SIF / (SIF + probability))[:, None]).astype(np.float32)


@dataclass(frozen=True)
class StaticFeatures:
    """Mean vectors of a sentence, of what stands before and after its target, and of the second text."""

    backend: Any
    table: Vectors
    target: Target
    window: float
    unit: bool = False

    def __call__(self, examples: Examples) -> NDArray[np.float64]:
        views = [view(example, self.target, MARKS) for example in examples]
        first = (
            self.backend.backend_tokenizer.encode_batch_fast(
                [row.text for row in views], add_special_tokens=False
            )
            if self.target in ("none", "pair")
            else self.backend.backend_tokenizer.encode_batch(
                [row.text for row in views], add_special_tokens=False
            )
        )
        blocks = [self._sums(first, None)]
        if self.target not in ("none", "pair"):
            offsets = [_distances(encoding, row) for encoding, row in zip(first, views, strict=True)]
            for side in (-1, 1):
                weights = [
                    np.where(np.sign(offset) == side, np.exp(-(np.abs(offset) - 1) / self.window), 0)
                    for offset in offsets
                ]
                blocks.append(self._sums(first, weights))
        if self.target != "none":
            second = self.backend.backend_tokenizer.encode_batch_fast(
                [row.pair or "" for row in views], add_special_tokens=False
            )
            blocks.append(self._sums(second, None))
        return np.concatenate(blocks, axis=1).astype(np.float64)

    def _sums(self, encodings: Any, weights: list[NDArray[np.float64]] | None) -> Vectors:
        """Average the vectors of each row, ``(rows, size)``; zeros for a row without any."""
        from scipy.sparse import csr_matrix

        lengths = np.array([len(encoding.ids) for encoding in encodings])
        ids = np.concatenate([encoding.ids for encoding in encodings] or [[]]).astype(np.int64)
        ends = np.concatenate([[0], np.cumsum(lengths)])
        values = np.ones(len(ids)) if weights is None else np.concatenate(weights)
        matrix = csr_matrix((values.astype(np.float32), ids, ends), (len(encodings), len(self.table)))
        total = np.asarray(matrix.sum(axis=1)).ravel()
        means = (matrix @ self.table) / np.maximum(total, 1e-9)[:, None]
        if self.unit:
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        return means


def _distances(encoding: Any, row: View) -> NDArray[np.int64]:
    """Return how many pieces each piece is away from the nearest mention, negative before it; 0 inside."""
    n = len(encoding.ids)
    best = np.zeros(n, dtype=np.int64)
    if not row.spans or not n:
        return best
    low, high = np.array(encoding.offsets).T
    position = np.arange(n)
    nearest = np.full(n, n + 1)
    for start, end in row.spans:
        inside = np.flatnonzero((low < end) & (high > start))
        if not len(inside):
            continue
        before, after = inside[0] - position, position - inside[-1]
        distance = np.maximum(np.maximum(before, after), 0)
        closer = distance < nearest
        best = np.where(closer, np.where(after > 0, distance, -distance), best)
        nearest = np.minimum(nearest, distance)
    return best
