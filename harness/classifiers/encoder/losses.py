"""Scores and codes in, what training makes small out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import device
from harness.labels import LabelSet

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_for(labels: LabelSet, codes: NDArray[np.int64], terms: Regularization) -> Loss:
    """Make the loss of a batch: cross-entropy, binary where several labels may apply.

    Parameters
    ----------
    labels : LabelSet
    codes : array
        Of all training rows; class weights are made from their frequencies.
    terms : Regularization

    Returns
    -------
    callable
        Of scores ``(rows, k)`` and codes ``(rows,)`` or ``(rows, k)``.
    """
    import torch
    from torch.nn import functional

    smoothing = terms.label_smoothing
    if labels.multi:
        # Of each label, the positive rows weigh more the rarer they are.
        present = np.maximum(codes.sum(axis=0), 1)
        balance = (np.maximum(len(codes) - present, 1) / present) ** terms.class_weights
        weights = torch.tensor(balance, dtype=torch.float32, device=device())

        def binary(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
            soft = truth.float() * (1 - smoothing) + smoothing / 2
            return functional.binary_cross_entropy_with_logits(raw, soft, pos_weight=weights)

        return binary
    counts = np.maximum(np.bincount(codes, minlength=len(labels)), 1)
    balance = (counts.mean() / counts) ** terms.class_weights
    weights = torch.tensor(balance, dtype=torch.float32, device=device())

    def single(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(raw, truth, weight=weights, label_smoothing=smoothing)

    return single


def divergence(one: torch.Tensor, two: torch.Tensor, multi: bool) -> torch.Tensor:
    """Return the symmetric Kullback-Leibler divergence of two passes (R-Drop; Liang et al. 2021)."""
    import torch
    from torch.nn import functional

    if multi:
        one, two = (torch.stack([raw, torch.zeros_like(raw)], dim=-1) for raw in (one, two))
    first, second = one.log_softmax(dim=-1), two.log_softmax(dim=-1)
    forth = functional.kl_div(second, first, log_target=True, reduction="none")
    back = functional.kl_div(first, second, log_target=True, reduction="none")
    return (forth + back).sum(dim=-1).mean() / 2
