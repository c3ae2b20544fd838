"""The repeats of an answer in, shares of labels out; and what a prior makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.llm.transports import Answer
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MIN_PRIOR = 1e-6
"""A label that the model hardly ever gives is not raised a million times."""


def mean_share(answers: Sequence[Answer], name: str) -> float:
    """Return the mean probability over the repeats that have an answer; NaN without any."""
    shares = [answer.shares.get(name, 0.0) for answer in answers if not answer.failure]
    return sum(shares) / len(shares) if shares else math.nan


def vote_share(answers: Sequence[Answer], name: str) -> float:
    """Return the share of a label among the repeats that have an answer; NaN without any."""
    votes = [answer.label == name for answer in answers if not answer.failure]
    return sum(votes) / len(votes) if votes else math.nan


def debiased(shares: Reals, prior: Reals, labels: LabelSet) -> Reals:
    """Divide by the prior and make rows sum to 1; of several labels each against its absence."""
    if (prior == 1).all():
        return shares
    raised = shares / prior
    if labels.multi:
        # A label is given or not: yes is divided by its mean, and no by that of no.
        rest = (1 - shares) / np.maximum(1 - prior, MIN_PRIOR)
        total = raised + rest
    else:
        total = raised.sum(axis=1, keepdims=True)
    return np.asarray(raised / total, dtype=np.float64)
