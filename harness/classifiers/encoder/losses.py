"""Scores and codes in, what training makes small out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import device
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Of = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Loss:
    """A mean that can be taken in parts: of a batch that several processes share, each computes a sum.

    Attributes
    ----------
    total : callable
        Of scores ``(rows, k)`` and codes; a sum over rows.
    mass : callable
        Of the codes of the whole batch, an array; what the sum is divided by.
    """

    total: Of
    mass: Callable[[NDArray[Any]], float]


def loss_for(labels: LabelSet, codes: NDArray[Any], terms: Regularization) -> Loss:
    """Make the loss of a batch: cross-entropy, binary where several labels may apply.

    Parameters
    ----------
    labels : LabelSet
    codes : array
        Of all training rows, ``(n,)``, or ``(n, k)`` where several labels may apply; class weights are made
        from their frequencies. A single-label task may be taught with probabilities, ``(n, k)``.
    terms : Regularization

    Returns
    -------
    Loss
    """
    return _binary(codes, terms) if labels.multi else _single(len(labels), codes, terms)


def _binary(codes: NDArray[Any], terms: Regularization) -> Loss:
    import torch
    from torch.nn import functional

    # Of each label, the positive rows weigh more the rarer they are.
    present = np.maximum(codes.sum(axis=0), 1)
    balance = (np.maximum(len(codes) - present, 1) / present) ** terms.class_weights
    weights = torch.tensor(balance, dtype=torch.float32, device=device())
    smoothing = terms.label_smoothing

    def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        soft = truth.float() * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(raw, soft, pos_weight=weights, reduction="sum")

    return Loss(total, lambda truth: float(truth.size))


def _single(count: int, codes: NDArray[Any], terms: Regularization) -> Loss:
    import torch
    from torch.nn import functional

    soft = codes.ndim == 2
    counts = np.maximum(codes.sum(axis=0) if soft else np.bincount(codes, minlength=count), 1)
    balance = (counts.mean() / counts) ** terms.class_weights
    weights = torch.tensor(balance, dtype=torch.float32, device=device())

    def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        given = truth.to(raw.dtype) if soft else truth
        return functional.cross_entropy(
            raw, given, weight=weights, label_smoothing=terms.label_smoothing, reduction="sum"
        )

    def mass(truth: NDArray[Any]) -> float:
        return float(len(truth) if soft else balance[truth].sum())

    return Loss(total, mass)


def divergence(one: torch.Tensor, two: torch.Tensor, multi: bool) -> torch.Tensor:
    """Return the symmetric Kullback-Leibler divergence of two passes, ``(rows,)``.

    For R-Drop (Liang et al. 2021). Where several labels may apply it is the mean over them.
    """
    import torch
    from torch.nn import functional

    if multi:
        one, two = (torch.stack([raw, torch.zeros_like(raw)], dim=-1) for raw in (one, two))
    first, second = one.log_softmax(dim=-1), two.log_softmax(dim=-1)
    forth = functional.kl_div(second, first, log_target=True, reduction="none")
    back = functional.kl_div(first, second, log_target=True, reduction="none")
    each = (forth + back).sum(dim=-1) / 2
    return each.mean(dim=-1) if multi else each
