"""Scores and codes in, the loss that training minimizes out."""

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

    TotalLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Loss:
    """A mean over the rows of a batch, as a sum and what it is divided by.

    Attributes
    ----------
    total : callable
        Of scores ``(rows, k)`` and codes; a sum over rows.
    mass : callable
        Of the codes of the whole batch, an array; what the sum is divided by.
    """

    total: TotalLoss
    mass: Callable[[NDArray[Any]], float]


def loss_for(labels: LabelSet, codes: NDArray[Any], terms: Regularization) -> Loss:
    """Make the loss of a batch: cross-entropy, binary for a multi-label task.

    Parameters
    ----------
    labels : LabelSet
    codes : array
        Of all training rows, ``(n,)``, or ``(n, k)`` for a multi-label task; class weights are computed from
        their frequencies. A single-label task may be trained on probabilities, ``(n, k)``.
    terms : Regularization

    Returns
    -------
    Loss
    """
    return _binary(codes, terms) if labels.multi else _single(len(labels), codes, terms)


def _binary(codes: NDArray[Any], terms: Regularization) -> Loss:
    import torch
    from torch.nn import functional

    # Of each label, the rarer its positive rows are, the more they weigh.
    positives = np.maximum(codes.sum(axis=0), 1)
    balance = (np.maximum(len(codes) - positives, 1) / positives) ** terms.class_weights
    weights = torch.tensor(balance, dtype=torch.float32, device=device())
    smoothing = terms.label_smoothing

    def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        # PyTorch smooths labels of several classes only; here each label is two: yes and no.
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
        targets = truth.to(raw.dtype) if soft else truth
        return functional.cross_entropy(
            raw, targets, weight=weights, label_smoothing=terms.label_smoothing, reduction="sum"
        )

    def mass(truth: NDArray[Any]) -> float:
        # As PyTorch's own mean: over the weights of the labels, but over rows where these are probabilities.
        return float(len(truth) if soft else balance[truth].sum())

    return Loss(total, mass)


def divergence(first: torch.Tensor, second: torch.Tensor, multi: bool) -> torch.Tensor:
    """Return the symmetric Kullback-Leibler divergence of two passes, for R-Drop (Liang et al. 2021).

    Parameters
    ----------
    first, second : (rows, k) tensors
        Scores of the same rows under two draws of dropout.
    multi : bool
        Whether each output is a label of its own; the divergence is then the mean over them.

    Returns
    -------
    (rows,) tensor
        In nats, at least 0.
    """
    import torch
    from torch.nn import functional

    if multi:
        # A sigmoid of x is a softmax of (x, 0).
        first, second = (torch.stack([raw, torch.zeros_like(raw)], dim=-1) for raw in (first, second))
    log_first, log_second = first.log_softmax(dim=-1), second.log_softmax(dim=-1)
    forth = functional.kl_div(log_second, log_first, log_target=True, reduction="none")
    back = functional.kl_div(log_first, log_second, log_target=True, reduction="none")
    each = (forth + back).sum(dim=-1) / 2
    return each.mean(dim=-1) if multi else each
