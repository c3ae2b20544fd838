"""Training rows in, the labelled examples that a prompt shows out. No other rows are ever taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.checkpoints import MINILM
from harness.classifiers.embedding.vectors import FrozenEncoder
from harness.classifiers.llm.prompting import Shot
from harness.classifiers.llm.transports import NO, YES
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values import seeds
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pick:
    """How many examples a prompt shows, and which.

    Attributes
    ----------
    count : int
        0 for none.
    by : {"balanced", "nearest"}
        ``balanced``: the same for every row, as many of each label, drawn by the seed. ``nearest``: for each
        row those whose vectors of the packaged encoder are nearest to its own.
    """

    count: int
    by: Literal["balanced", "nearest"] = "balanced"


MAX_ROWS = 2_000
"""Training rows that the nearest are chosen from; of more, this many are drawn: each has to be encoded."""

SPARE = 4
"""More rows in a pool than a prompt shows: those of the same sentence, one for each party, are left out."""

MAX_TOKENS = 128


@dataclass(frozen=True)
class Shots:
    """The pool that examples are taken from.

    Attributes
    ----------
    pick : Pick
    labels : LabelSet
    rows : tuple of (Example, tuple of int)
        With the codes of their labels: one, or one for each of several labels.
    """

    pick: Pick
    labels: LabelSet
    rows: tuple[tuple[Example, tuple[int, ...]], ...] = ()

    @classmethod
    def drawn(cls, pick: Pick, labels: LabelSet, train: Labelled, seed: int) -> Shots:
        """Draw the pool from training rows."""
        if not pick.count:
            return cls(pick, labels)
        rng = seeds.generator(seed, "shots")
        codes = train.codes if labels.multi else train.codes[:, None]
        order = rng.permutation(len(train))
        if pick.by == "nearest":
            chosen = sorted(order[:MAX_ROWS].tolist())
        elif labels.multi:
            # A pool for each label: a question about one shows as many rows with it as without it.
            chosen = sorted(
                {row for column in codes.T for row in _balanced(column, order, 2, pick.count + SPARE)}
            )
        else:
            chosen = _balanced(train.codes, order, len(labels), pick.count + SPARE)
        return cls(pick, labels, tuple((train.examples[row], tuple(codes[row].tolist())) for row in chosen))

    def of(self, examples: Examples) -> list[list[list[Shot]]]:
        """Return for each row, and each question about it, what its prompt shows."""
        if not self.pick.count:
            return [[[] for _ in self._questions] for _ in examples]
        orders = (
            self._nearest(examples) if self.pick.by == "nearest" else [range(len(self.rows))] * len(examples)
        )
        return [
            [self._shots(example, order, question) for question in self._questions]
            for example, order in zip(examples, orders, strict=True)
        ]

    @property
    def _questions(self) -> Sequence[int]:
        return range(len(self.labels)) if self.labels.multi else (0,)

    def _shots(self, example: Example, order: Sequence[int], question: int) -> list[Shot]:
        # A row that is its own example would be given its label. So would one of the same sentence, whatever
        # its target: where that is not shown they are the same question.
        others = [self.rows[row] for row in order if self.rows[row][0].text != example.text]
        if self.labels.multi:
            answers = [(row, (NO, YES)[codes[question]]) for row, codes in others]
            if self.pick.by == "balanced":
                answers = _alternating(answers)
        else:
            answers = [(row, self.labels.names[codes[0]]) for row, codes in others]
        chosen = [Shot(row, answer) for row, answer in answers[: self.pick.count]]
        # The nearest last: models heed what they read last.
        return chosen[::-1] if self.pick.by == "nearest" else chosen

    def _nearest(self, examples: Examples) -> list[list[int]]:
        encoder = FrozenEncoder(MINILM, "none", MAX_TOKENS, 1)
        pool = _unit(encoder.vectors([row for row, _ in self.rows]))
        # One more than needed for each twin that is left out.
        near = -(_unit(encoder.vectors(examples)) @ pool.T)
        order = np.argsort(near, axis=1, kind="stable")[:, : 4 * self.pick.count + 4]
        return [[int(row) for row in nearest] for nearest in order]


def _balanced(codes: NDArray[np.int64], order: NDArray[np.int64], n_labels: int, count: int) -> list[int]:
    """Take rows in turn from each label, in the given order."""
    queues = [[row for row in order.tolist() if codes[row] == label] for label in range(n_labels)]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop(0))
    return chosen


def _alternating(answers: list[tuple[Example, str]]) -> list[tuple[Example, str]]:
    """Order rows so that yes and no take turns, as long as there are both."""
    queues = [[pair for pair in answers if pair[1] == answer] for answer in (YES, NO)]
    ordered: list[tuple[Example, str]] = []
    while any(queues):
        ordered += [queue.pop(0) for queue in queues if queue]
    return ordered


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), dtype=np.float32)
