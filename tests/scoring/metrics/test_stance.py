"""The averages over the two sides: by hand, and from scikit-learn's F1."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from harness.scoring.metrics.counts import confusion
from harness.scoring.metrics.stance import FAVG_TARGET_MEAN, favg_pooled, favg_target_mean
from harness.scoring.score import seed_values
from tests.scoring.metrics import toy_samples
from tests.scoring.metrics.toy_samples import SIDES, SINGLE, Recipe

CRITICAL, SUPPORTIVE, NEUTRAL = 0, 1, 2
"""The order in which the functions are given the labels."""


def tables(*pairs: tuple[list[int], list[int]]) -> np.ndarray:
    return np.stack(
        [confusion(np.array(truth), np.array(predicted), 3) for truth, predicted in pairs]
    ).astype(float)


def test_neutral_leaves_the_average_not_the_data() -> None:
    truth = [CRITICAL, CRITICAL, SUPPORTIVE, NEUTRAL, NEUTRAL]
    predicted = [CRITICAL, NEUTRAL, SUPPORTIVE, CRITICAL, NEUTRAL]
    # Critical: 1 hit, 1 missed, 1 wrong (a neutral item), F1 = 2/4. Supportive: F1 = 1.
    assert favg_pooled(tables((truth, predicted))[0]) == pytest.approx((0.5 + 1) / 2)


def test_a_majority_of_one_side_scores_well_when_pooled() -> None:
    truth = [CRITICAL] * 6 + [SUPPORTIVE] * 2 + [NEUTRAL] * 2
    # Always critical: F1 = 12/16 and 0.
    assert favg_pooled(tables((truth, [CRITICAL] * 10))[0]) == pytest.approx(0.375)


def test_targets_are_averaged_not_items() -> None:
    large = ([CRITICAL] * 4 + [SUPPORTIVE] * 4, [CRITICAL] * 8)
    small = ([CRITICAL, SUPPORTIVE], [CRITICAL, SUPPORTIVE])
    # Large: F1 = 8/12 and 0, mean 1/3. Small: 1. Their mean is 2/3; pooled it would be (10/14 + 2/6) / 2.
    assert favg_target_mean(tables(large, small)) == pytest.approx(2 / 3)
    assert favg_pooled(tables(large, small).sum(axis=0)) == pytest.approx((10 / 14 + 2 / 6) / 2)


@pytest.mark.parametrize(
    ("truth", "predicted", "mean"),
    [
        # Neither side in truth or prediction: nothing to average, so the other target stands alone.
        ([NEUTRAL, NEUTRAL], [NEUTRAL, NEUTRAL], 1.0),
        # A side that is only predicted is wrong: F1 0 and 0, and the target counts.
        ([NEUTRAL, NEUTRAL], [NEUTRAL, CRITICAL], 0.5),
        # One side alone, all found: 1 for it, 0 for the other.
        ([CRITICAL, NEUTRAL], [CRITICAL, NEUTRAL], 0.75),
    ],
)
def test_a_target_without_both_sides(truth: list[int], predicted: list[int], mean: float) -> None:
    whole = ([CRITICAL, SUPPORTIVE], [CRITICAL, SUPPORTIVE])
    assert favg_target_mean(tables(whole, (truth, predicted))) == pytest.approx(mean)


def test_no_side_anywhere_is_0() -> None:
    nothing = tables(([NEUTRAL], [NEUTRAL]))
    assert favg_target_mean(nothing) == 0
    assert favg_pooled(nothing[0]) == 0


@pytest.mark.parametrize("labels", [SINGLE, SIDES])
def test_as_scikit_learn_target_by_target(labels: toy_samples.LabelSet) -> None:
    sample = toy_samples.sample(Recipe(labels, n=200, n_targets=6))
    sides = [labels.names.index("critical"), labels.names.index("supportive")]
    expected = [
        np.mean(
            [
                f1_score(
                    sample.truth[members], predicted[members], labels=sides, average=None, zero_division=0
                ).mean()
                for target in range(6)
                if (members := sample.targets == target).any()
            ]
        )
        for predicted in sample.predicted
    ]
    assert seed_values(sample, FAVG_TARGET_MEAN) == pytest.approx(expected)
