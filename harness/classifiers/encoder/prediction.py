"""A network and rows in, scores and probabilities out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.rows import Rows, batches, sorted_order
from harness.labels import LabelSet
from harness.progress import progress

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import Network

BUDGET = 4096
"""Padded tokens of a batch: enough to fill the processor, few enough for its cache."""


def device() -> torch.device:
    """Return where to compute: the first GPU, if there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def scores(network: Network, rows: Rows, padding: int) -> NDArray[np.float64]:
    """Compute in fp32 what the head gives.

    Parameters
    ----------
    network : Network
        Left in evaluation mode.
    rows : Rows
        Any number of them.
    padding : int
        The padding token.

    Returns
    -------
    (n, outputs) array
        In the order of the rows.
    """
    import torch

    result = np.zeros((len(rows.lengths), network.head.out_features))
    order = sorted_order(rows.lengths, BUDGET)
    network.eval()
    with torch.inference_mode():
        for batch in progress(batches(rows, order, padding), "predicting", len(order)):
            result[batch.rows] = network(batch).double().cpu().numpy()
    return result


def probabilities(raw: NDArray[np.float64], labels: LabelSet) -> NDArray[np.float64]:
    """Turn scores into probabilities: a softmax over labels, a sigmoid each where several may apply."""
    if labels.multi:
        # The same as 1 / (1 + exp(-x)), without its overflow.
        return np.asarray((1 + np.tanh(raw / 2)) / 2)
    powers: Any = np.exp(raw - raw.max(axis=1, keepdims=True)) if len(raw) else raw
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def mean_loss(proba: NDArray[np.float64], codes: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the mean negative log of the probability given to the truth."""
    given = np.where(codes == 1, proba, 1 - proba) if labels.multi else proba[np.arange(len(proba)), codes]
    return float(-np.log(np.maximum(given, 1e-12)).mean())


def f1_macro(truth: NDArray[np.int64], predicted: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the unweighted mean over all labels of 2tp / (2tp + fp + fn), 0 where that is 0 / 0."""
    if not labels.multi:
        truth, predicted = (np.eye(len(labels), dtype=np.int64)[codes] for codes in (truth, predicted))
    hits = (truth & predicted).sum(axis=0)
    named = truth.sum(axis=0) + predicted.sum(axis=0)
    return float((2 * hits / np.maximum(named, 1)).mean())
