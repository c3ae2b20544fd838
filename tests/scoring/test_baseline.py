"""The best constant answer, worked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from harness.scoring.baseline import Baseline, best_constant
from harness.values.catalog import lookup
from harness.values.labels import STANCE, LabelSet
from harness.values.tables import Corpus, Predictions

FRAMES = LabelSet(("a", "b"), multi=True)


def single(truth: Sequence[str]) -> Predictions:
    rows = pd.DataFrame(
        {"id": [f"i{n}" for n in range(len(truth))], "stance": truth, "target": "X", "group": None}
    )
    proba = np.tile([0.2, 0.5, 0.3], (len(truth), 1))
    return Predictions.of(Corpus("c", rows), STANCE, proba, run="r", split="test")


def multi(truth: Sequence[tuple[str, ...]]) -> Predictions:
    rows = pd.DataFrame(
        {"id": [f"i{n}" for n in range(len(truth))], "frames": truth, "target": None, "group": None}
    )
    return Predictions.of(Corpus("c", rows), FRAMES, np.full((len(truth), 2), 0.1), run="r", split="test")


def test_the_most_frequent_label_is_the_best_constant() -> None:
    """Always critical: 3 of 4 right; F1 of critical 2 * 3 / (3 + 4), of the other two 0, mean over three."""
    table = single(["critical", "critical", "critical", "neutral"])
    assert best_constant(table, lookup("metric", "accuracy", "m")) == Baseline("critical", 0.75)
    baseline = best_constant(table, lookup("metric", "f1_macro", "m"))
    assert baseline is not None
    assert (baseline.answer, baseline.value) == ("critical", pytest.approx(6 / 7 / 3))


def test_of_frames_every_label_may_be_best_or_none() -> None:
    """Both labels true of one of two items: every label has F1 2 / 3 each; mostly none: no label is right."""
    f1 = lookup("metric", "f1_macro", "m")
    assert best_constant(multi([("a", "b"), ()]), f1) == Baseline("every label", pytest.approx(2 / 3))
    exact = lookup("metric", "exact_match", "m")
    assert best_constant(multi([(), (), ("a",)]), exact) == Baseline("no label", pytest.approx(2 / 3))


def test_lower_is_better_where_it_is() -> None:
    loss = lookup("metric", "hamming_loss", "m")
    assert best_constant(multi([("a",), ("a",)]), loss) == Baseline("a", 0.0)


@pytest.mark.parametrize("metric", ["log_loss", "brier", "aurc", "f1"])
def test_probabilities_and_single_labels_have_no_constant(metric: str) -> None:
    assert best_constant(single(["critical", "neutral"]), lookup("metric", metric, "m")) is None
