"""Labels of one task, or of two, in; what training makes small, and how validation is judged, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.classifiers.encoder.losses import Loss, divergence, loss_for
from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import f1_macro, mean_loss, probabilities
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from harness.classifiers.protocol import Labelled


class Objective(Protocol):
    """What the outputs of a network stand for."""

    @property
    def identity(self) -> list[Any]:
        """Plain data that differ where the outputs do."""

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:
        """Make the loss, from the codes of all training rows."""

    def divergence(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """Return how far two passes are apart, ``(rows,)``."""

    def judged(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """Return ``validation_loss``, ``validation_f1_macro`` and what else is worth a curve."""


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

    def divergence(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`."""
        return divergence(one, two, self.labels.multi)

    def judged(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """See :class:`Objective`."""
        proba = probabilities(raw, self.labels)
        return {
            "validation_loss": mean_loss(proba, codes, self.labels),
            "validation_f1_macro": f1_macro(codes, self.labels.decide(proba), self.labels),
        }


@dataclass(frozen=True)
class TwoTasks:
    """Two heads on one body: the outputs of the first task, then those of the second.

    A row is of one task. Its codes are ``(k1 + k2,)``, with NaN for the labels of the other.

    Attributes
    ----------
    first, second : LabelSet
    weight : float
        Of a row of the second task, where one of the first weighs 1. A row's loss is the negative log of the
        probability of all its labels: of several, their sum, so that each counts as much as a single one.
    """

    first: LabelSet
    second: LabelSet
    weight: float

    @property
    def identity(self) -> list[Any]:
        """See :class:`Objective`."""
        return [[list(one.names), one.multi] for one in (self.first, self.second)] + [self.weight]

    @property
    def outputs(self) -> LabelSet:
        """All outputs, under names of their own."""
        names = [
            f"{place}:{name}"
            for place, one in enumerate((self.first, self.second), start=1)
            for name in one.names
        ]
        return LabelSet(tuple(names), multi=True)

    @property
    def spans(self) -> tuple[slice, slice]:
        """Which outputs are whose."""
        k = len(self.first)
        return slice(0, k), slice(k, k + len(self.second))

    def together(self, first: Labelled, second: Labelled | None) -> Labelled:
        """Put the rows of both tasks below each other."""
        from harness.classifiers.protocol import Labelled as Rows

        examples: list[Any] = []
        blocks = []
        for rows, labels, span in zip((first, second), (self.first, self.second), self.spans, strict=True):
            if rows is None:
                continue
            block = np.full((len(rows), len(self.first) + len(self.second)), np.nan, dtype=np.float32)
            block[:, span] = rows.codes if labels.multi else np.eye(len(labels))[rows.codes]
            blocks.append(block)
            examples += rows.examples
        codes: Any = np.concatenate(blocks)
        return Rows(examples, codes)

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:
        """See :class:`Objective`; the mean over rows."""
        import torch

        heads = []
        for labels, span, weight in zip(
            (self.first, self.second), self.spans, (1.0, self.weight), strict=True
        ):
            own = codes[~np.isnan(codes[:, span.start])][:, span]
            heads.append((span, loss_for(labels, own, terms), weight))

        def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
            summed = raw.new_zeros(())
            for span, loss, weight in heads:
                own = ~torch.isnan(truth[:, span.start])
                summed = summed + weight * loss.total(raw[own][:, span], truth[own][:, span])
            return summed

        return Loss(total, lambda truth: float(len(truth)))

    def divergence(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`: of both heads, on every row."""
        pairs = zip((self.first, self.second), self.spans, strict=True)
        parts = [divergence(one[:, span], two[:, span], labels.multi) for labels, span in pairs]
        return parts[0] + self.weight * parts[1]

    def judged(self, raw: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, float]:
        """See :class:`Objective`: means over the tasks, and the macro-F1 of each."""
        found = []
        for labels, span in zip((self.first, self.second), self.spans, strict=True):
            own = ~np.isnan(codes[:, span.start])
            if own.any():
                given = codes[own][:, span]
                truth = given.astype(np.int64) if labels.multi else given.argmax(axis=1)
                found.append(OneTask(labels).judged(raw[own][:, span], truth))
        means = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        each = {
            f"validation_f1_macro_{place}": one["validation_f1_macro"]
            for place, one in enumerate(found, start=1)
        }
        return means | (each if len(found) > 1 else {})
