from __future__ import annotations

import math

import numpy as np
import pytest

from harness.serving.decisions.decider import Decider
from harness.serving.decisions.label_support import LabelSupport, support_line
from harness.values.labels import LabelSet

LABELS = LabelSet(("conflict", "morality"), multi=True)


# Of three the chance is 1/8, of four 1/16. Of five with four right it is (5 + 1) / 32 = .19; of ten with
# seven right (120 + 45 + 10 + 1) / 1024 = .17, with eight right 56 / 1024 = .05.
@pytest.mark.parametrize(
    ("given", "right", "holds"),
    [
        *((0, 0, False), (3, 3, False), (4, 4, True), (5, 4, False), (10, 7, False), (10, 8, True)),
        *((60, 36, True), (60, 35, False), (30, 18, False), (2000, 1200, True), (2000, 1199, False)),
    ],
)
def test_a_label_is_shown_where_it_was_right_in_three_of_five_rows_and_that_is_no_chance(
    given: int, right: int, holds: bool
) -> None:
    assert LabelSupport("conflict", 0.5, given, right).holds is holds


def test_the_chance_is_that_of_the_exact_test() -> None:
    from scipy.stats import binomtest

    for given, right in ((1, 0), (7, 5), (40, 24), (300, 180)):
        expected = binomtest(right, given, 0.5, alternative="greater").pvalue
        assert LabelSupport("conflict", 0.5, given, right).chance == pytest.approx(expected)


def test_a_label_that_was_never_given_has_no_precision() -> None:
    label = LabelSupport("morality", 0.5, 0, 0)
    assert math.isnan(label.precision)
    assert label.chance == 1


@pytest.mark.parametrize(
    ("shown_from", "given", "right"), [(1.1, 1, 1), (-0.1, 1, 1), (0.5, 1, 2), (0.5, 1, -1)]
)
def test_impossible_evidence_is_refused(shown_from: float, given: int, right: int) -> None:
    with pytest.raises(ValueError, match="support"):
        LabelSupport("conflict", shown_from, given, right)


def decider(*support: LabelSupport) -> Decider:
    return Decider(LABELS, thresholds=(0.3, 0.3), support=support or None)


STRONG, WEAK = LabelSupport("conflict", 0.6, 20, 16), LabelSupport("morality", 0.3, 20, 8)


def test_below_its_second_threshold_and_without_evidence_a_label_is_unsure() -> None:
    proba = np.array([[0.6, 0.9], [0.59, 0.2], [0.2, 0.3], [np.nan, np.nan]])
    strict = decider(STRONG, WEAK)
    codes = strict.decide(proba)
    assert codes.tolist() == [[1, 1], [1, 0], [0, 1], [-1, -1]]
    assert strict.shown(proba, codes).tolist() == [[1, 0], [0, 0], [0, 0], [-1, -1]]
    assert decider().shown(proba, codes) is codes


def test_a_decider_keeps_its_support() -> None:
    strict = decider(STRONG, WEAK)
    assert Decider.read(strict.plain(), LABELS) == strict
    # Models of earlier versions have none.
    assert Decider.read(decider().plain(), LABELS).support is None


def test_support_of_other_labels_is_refused() -> None:
    data = decider(STRONG, WEAK).plain()
    with pytest.raises(ValueError, match="support"):
        Decider.read(data, LabelSet(("morality", "conflict"), multi=True))
    with pytest.raises(ValueError, match="support"):
        Decider.read(data | {"thresholds": None}, LabelSet(LABELS.names))


EVIDENCE = {"16 of 20", "8 of 20", "unsure of morality"}


def test_labels_are_named_with_their_evidence() -> None:
    assert {part for part in EVIDENCE if part in support_line([STRONG, WEAK])} == EVIDENCE
    assert support_line([WEAK]).startswith("shows no label")
    assert "unsure" not in support_line([STRONG])
