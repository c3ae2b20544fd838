"""Labels of one task or of two in; the loss of training and the metrics of validation out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.classifiers.encoder.losses import Loss, divergence, loss_for
from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import f1_macro, mean_loss, probabilities
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


class Objective(Protocol):
    """What the outputs of a network stand for."""

    @property
    def identity(self) -> list[Any]:
        """Plain data that differ where the meaning of the outputs does."""

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:
        """Make the loss, from the codes of all training rows."""

    def divergence(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return how far two passes are apart, ``(rows,)``; see :func:`.losses.divergence`."""

    def validation_metrics(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """Return ``validation_loss``, ``validation_f1_macro`` and what else belongs in the curves.

        Parameters
        ----------
        raw : (n, outputs) array
            Scores.
        codes : array
            The truth.
        """


@dataclass(frozen=True)
class OneTask:
    """One output a label."""

    labels: LabelSet

    @property
    def identity(self) -> list[Any]:
        """See :class:`Objective`."""
        return [list(self.labels.names), self.labels.multi]

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:
        """See :class:`Objective`."""
        return loss_for(self.labels, codes, terms)

    def divergence(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`."""
        return divergence(first, second, self.labels.multi)

    def validation_metrics(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """See :class:`Objective`."""
        proba = probabilities(raw, self.labels)
        return {
            "validation_loss": mean_loss(proba, codes, self.labels),
            "validation_f1_macro": f1_macro(codes, self.labels.decide(proba), self.labels),
        }


@dataclass(frozen=True)
class TwoTasks:
    """Two heads on one body: the outputs of the first task, then those of the second.

    A row belongs to one task. Its codes are ``(k1 + k2,)``, with NaN for the labels of the other.

    Attributes
    ----------
    first, second : LabelSet
    weight : float
        Of a row of the second task, where one of the first weighs 1. The loss of a row with several labels is
        their sum, not their mean, so that each label counts as much as a single one: with the mean, a frame
        among five weighed a fifth of a stance and framing lost .054 macro-F1 (experiments/joint).
    """

    first: LabelSet
    second: LabelSet
    weight: float

    @property
    def identity(self) -> list[Any]:
        """See :class:`Objective`."""
        return [[list(labels.names), labels.multi] for labels in (self.first, self.second)] + [self.weight]

    @property
    def outputs(self) -> LabelSet:
        """All outputs, under names of their own: ``1:critical``, …, ``2:conflict``, …."""
        names = [
            f"{number}:{name}"
            for number, labels in enumerate((self.first, self.second), start=1)
            for name in labels.names
        ]
        # Multi-label, since the probabilities of a row, over both heads, do not sum to 1.
        return LabelSet(tuple(names), multi=True)

    @property
    def columns(self) -> tuple[slice, slice]:
        """Which outputs belong to the first task, and which to the second."""
        k = len(self.first)
        return slice(0, k), slice(k, k + len(self.second))

    def stack(self, first: Labelled, second: Labelled | None) -> Labelled:
        """Put the rows of both tasks below each other.

        Parameters
        ----------
        first : Labelled
        second : Labelled or None

        Returns
        -------
        Labelled
            With codes ``(n1 + n2, k1 + k2)``.
        """
        examples: list[Example] = []
        blocks = []
        for rows, labels, columns in zip(
            (first, second), (self.first, self.second), self.columns, strict=True
        ):
            if rows is None:
                continue
            # Real numbers, since whole ones have no NaN.
            block = np.full((len(rows), len(self.first) + len(self.second)), np.nan, dtype=np.float32)
            block[:, columns] = rows.codes if labels.multi else np.eye(len(labels))[rows.codes]
            blocks.append(block)
            examples += rows.examples
        codes: Any = np.concatenate(blocks)
        return Labelled(examples, codes)

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:
        """See :class:`Objective`; the mean over the rows of both tasks."""
        import torch

        heads = []
        for labels, columns, weight in zip(
            (self.first, self.second), self.columns, (1.0, self.weight), strict=True
        ):
            # All codes of the other task are NaN, so that the first column tells the rows of the two apart.
            of_task = codes[~np.isnan(codes[:, columns.start])][:, columns]
            heads.append((columns, loss_for(labels, of_task, terms), weight))

        def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
            # Sums, not means: a batch may hold no row of one task, and the mean over none is NaN.
            result = raw.new_zeros(())
            for columns, loss, weight in heads:
                rows = ~torch.isnan(truth[:, columns.start])
                result = result + weight * loss.total(raw[rows][:, columns], truth[rows][:, columns])
            return result

        return Loss(total, lambda truth: float(len(truth)))

    def divergence(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`: of both heads, on every row."""
        # That two passes agree needs no label, so that each row counts for the other task's head as well.
        of_heads = [
            divergence(first[:, columns], second[:, columns], labels.multi)
            for labels, columns in zip((self.first, self.second), self.columns, strict=True)
        ]
        return of_heads[0] + self.weight * of_heads[1]

    def validation_metrics(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """See :class:`Objective`: means over the tasks, and the macro-F1 of each."""
        by_task = []
        for labels, columns in zip((self.first, self.second), self.columns, strict=True):
            rows = ~np.isnan(codes[:, columns.start])
            if rows.any():
                of_task = codes[rows][:, columns]
                truth = of_task.astype(np.int64) if labels.multi else of_task.argmax(axis=1)
                by_task.append(OneTask(labels).validation_metrics(raw[rows][:, columns], truth))
        means = {key: float(np.mean([metrics[key] for metrics in by_task])) for key in by_task[0]}
        each = {
            f"validation_f1_macro_{number}": metrics["validation_f1_macro"]
            for number, metrics in enumerate(by_task, start=1)
        }
        return means | (each if len(by_task) > 1 else {})
