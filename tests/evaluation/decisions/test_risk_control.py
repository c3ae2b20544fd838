from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from harness.evaluation.decisions.risk_control import (
    POWER,
    RiskRows,
    betting_p_value,
    binomial_p_value,
    candidates,
    conformal,
    empirical,
    groups_needed,
    learn_then_test,
)
from harness.serving.decisions.abstention_rule import SERVES_NOTHING


def rows(confidence: list[float], wrong: list[int], groups: list[int] | None = None) -> RiskRows:
    codes = list(range(len(wrong))) if groups is None else groups
    return RiskRows(np.array(confidence), np.array(wrong), np.array(codes, dtype=np.int64))


def test_the_conformal_threshold_by_hand() -> None:
    """Risk 0.4, groups of one row, so one wrong row is added: errors + 1 ≤ 0.4 (served + 1).

    Most confident first: served 1, errors 0: 1 ≤ 0.8 no; 2, 0: 1 ≤ 1.2 yes; 3, 1: 2 ≤ 1.6 no; 4, 1: 2 ≤ 2.0
    yes; 5, 2: 3 ≤ 2.4 no. The fourth is the lowest that meets it.
    """
    assert conformal(rows([0.9, 0.8, 0.7, 0.6, 0.5], [0, 0, 1, 0, 1]), 0.4) == 0.6


def test_the_empirical_threshold_by_hand() -> None:
    """Risk 0.4, nothing added: errors ≤ 0.4 served. Served 5, errors 2: 2 ≤ 2.0 yes. Risk 0.39: 2 ≤ 1.95 no,
    4, 1: 1 ≤ 1.56 yes. The size of the groups does not count.
    """
    confidence, wrong = [0.9, 0.8, 0.7, 0.6, 0.5], [0, 0, 1, 0, 1]
    assert empirical(rows(confidence, wrong), 0.4) == 0.5
    assert empirical(rows(confidence, wrong), 0.39) == 0.6
    assert empirical(rows(confidence, wrong, [0] * 5), 0.4) == 0.5
    assert empirical(rows([0.9, 0.8, 0.8], [0, 0, 1]), 0.3) == 0.9
    assert empirical(rows([0.9], [1]), 0.4) == SERVES_NOTHING


def test_larger_groups_need_more_rows() -> None:
    """The same rows in an article of two and three of one: errors + 2 ≤ 0.4 (served + 2).

    Served 2: 2 ≤ 1.6 no; 4, 1: 3 ≤ 2.4 no: nothing is served.
    """
    assert conformal(rows([0.9, 0.8, 0.7, 0.6, 0.5], [0, 0, 1, 0, 1], [0, 0, 1, 2, 3]), 0.4) == SERVES_NOTHING


def test_rows_of_equal_confidence_are_served_together() -> None:
    """Serving 2 would do, but the second and the third are equally confident: 3, 1: 2 ≤ 1.6 does not."""
    assert conformal(rows([0.9, 0.8, 0.8], [0, 0, 1]), 0.4) == SERVES_NOTHING


def test_no_rows_serve_nothing() -> None:
    none = rows([], [])
    assert conformal(none, 0.4) == SERVES_NOTHING
    assert empirical(none, 0.4) == SERVES_NOTHING
    assert learn_then_test(none, rows([0.5], [0]), 0.4, 0.9) == SERVES_NOTHING
    assert learn_then_test(rows([0.5], [0]), none, 0.4, 0.9) == SERVES_NOTHING


def test_the_binomial_p_value_is_that_of_scipy() -> None:
    for served, wrong in ((10, 0), (40, 3), (40, 12)):
        expected = stats.binomtest(wrong, served, 0.2, alternative="less").pvalue
        assert binomial_p_value(served, wrong, 0.2) == pytest.approx(expected)
    assert binomial_p_value(0, 0, 0.2) == 1.0


def test_the_betting_p_value_by_hand() -> None:
    """Risk 0.2; each group served rightly adds -0.2, and seen before was the same.

    The bet is .2 / (.2² + .2²) = 2.5 with one group seen, but .9 / .8 = 1.125 at the most: capital grows by
    1 + 1.125 * .2 = 1.225 a group. A group that is served wrongly (.8) takes 1 - 1.125 * .8 = .1 of it; what
    was won before counts, as it does in any game that may be left at any time.
    """
    right, seen = -0.2, np.array([-0.2])
    assert betting_p_value(np.array([right, right]), 0.2, seen) == pytest.approx(1 / 1.225**2)
    assert betting_p_value(np.array([right, right, 0.8]), 0.2, seen) == pytest.approx(1 / 1.225**2)
    assert betting_p_value(np.array([0.8, right]), 0.2, seen) == 1.0
    assert betting_p_value(np.array([]), 0.2) == 1.0


def test_a_bet_does_not_look_at_the_group_that_it_is_placed_on() -> None:
    stream = np.random.default_rng(0)
    excess = stream.choice([-0.2, 0.0, 0.8], 50, p=[0.7, 0.2, 0.1])
    until = [betting_p_value(excess[: n + 1], 0.2) for n in range(50)]
    # The largest capital until then: p-values of a longer game are never larger, whatever came after.
    assert all(later <= earlier for earlier, later in itertools.pairwise(until))


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.5, 0.5)])
def test_a_p_value_is_below_a_tenth_in_a_tenth_of_fair_games(shares: tuple[float, float]) -> None:
    """Where the risk is met just so, the test must not say that it is met."""
    stream = np.random.default_rng(3)
    risk = shares[1]
    games = stream.choice([-risk, 1 - risk], (1000, 100), p=shares)
    below = np.mean([betting_p_value(game, risk) <= 0.1 for game in games])
    assert below <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 1000)


def test_each_article_counts_alike() -> None:
    """The mean over its rows: one right of two served, one of two that is served right; of two one wrong."""
    articles = rows([0.9, 0.4, 0.8, 0.7], [0, 0, 1, 0], [0, 0, 1, 1])
    assert articles.largest == 2
    assert articles.excess(0.5, 0.2).tolist() == [pytest.approx(-0.1), pytest.approx(0.3)]
    assert articles.tally(0.5) == (3, 1)


@pytest.mark.parametrize("risk", [0.1, 0.2, 0.3])
def test_the_groups_that_are_needed_are_enough_and_one_fewer_is_not(risk: float) -> None:
    for wrong in (0.0, risk / 2):
        n = groups_needed(risk, 0.9, wrong=wrong)
        most = max((k for k in range(n + 1) if stats.binom.cdf(k, n, risk) <= 0.1), default=-1)
        assert stats.binom.cdf(most, n, wrong) >= POWER
        fewer = max((k for k in range(n) if stats.binom.cdf(k, n - 1, risk) <= 0.1), default=-1)
        assert fewer < 0 or stats.binom.cdf(fewer, n - 1, wrong) < POWER


@pytest.mark.parametrize(("size", "most"), [(1, 0.2), (6, 0.1)])
def test_rows_are_served_where_the_risk_can_be_met(size: int, most: float) -> None:
    """300 rows, or 300 articles of six: 31 % are wrong in all, and a confident part is much better."""
    source, stream = Source(level=1.1, size=size), np.random.default_rng(7)
    nothing = [
        learn_then_test(source.draw(300, stream), source.draw(300, stream), 0.2, 0.9) > 1 for _ in range(100)
    ]
    assert np.mean(nothing) <= most


def test_candidates_serve_equal_steps_of_validation() -> None:
    thresholds = candidates(rows([n / 40 for n in range(1, 41)], [0] * 40))
    assert len(thresholds) == 20
    assert thresholds[0] > thresholds[-1] == pytest.approx(1 / 40)


def fresh_risk(below: float, source: Source, stream: np.random.Generator) -> tuple[float, float]:
    """Errors and served rows, per group, on many fresh groups."""
    fresh = source.draw(3000, stream)
    served = fresh.confidence >= below
    return float(fresh.wrong[served].sum()) / 3000, float(served.sum()) / 3000


def fresh_risk_alike(below: float, source: Source, stream: np.random.Generator) -> tuple[float, float]:
    """Errors and served rows where each group counts alike: means over its rows, on many fresh groups."""
    fresh = source.draw(3000, stream)
    weight = (fresh.confidence >= below) / np.bincount(fresh.groups)[fresh.groups]
    return float((weight * fresh.wrong).sum()) / 3000, float(weight.sum()) / 3000


class Source:
    """Articles of one to five sentences, or of a certain size, that share what makes them hard."""

    def __init__(self, slope: float = 1.0, level: float = 1.0, size: int = 0) -> None:
        self.slope, self.level, self.size = slope, level, size

    def draw(self, n: int, stream: np.random.Generator) -> RiskRows:
        sizes = np.full(n, self.size) if self.size else stream.integers(1, 6, n)
        groups = np.repeat(np.arange(n), sizes)
        logits = self.level + 1.2 * stream.normal(size=len(groups)) + 0.8 * stream.normal(size=n)[groups]
        right = 1 / (1 + np.exp(-(self.slope * logits + (1 - self.slope) * self.level)))
        wrong = (stream.random(len(groups)) > right).astype(np.int64)
        return RiskRows(1 / (1 + np.exp(-logits)), wrong, groups)


@pytest.mark.parametrize("n", [60, 150])
def test_fresh_groups_meet_the_risk_on_average(n: int) -> None:
    """150 calibrations: expected errors at most the risk times expected rows served, for fresh groups."""
    source, stream = Source(), np.random.default_rng(1)
    measured = [fresh_risk(conformal(source.draw(n, stream), 0.15), source, stream) for _ in range(150)]
    errors, served = np.mean(measured, axis=0)
    assert errors <= 0.15 * served + 1e-9
    assert errors >= 0.10 * served, "the threshold is higher than needed"


def test_the_certainty_is_met_even_if_confidence_is_uninformative() -> None:
    """Where rows of any confidence are wrong too often, at most one calibration in ten may serve some.

    This is the gap of conformal: with 22 % wrong everywhere and a risk of 20 %, rows are often served by
    luck.
    """
    source, stream = Source(slope=0.0, level=1.2657), np.random.default_rng(2)
    lucky = {"conformal": 0, "tested": 0}
    for _ in range(200):
        calibration, validation = source.draw(120, stream), source.draw(60, stream)
        lucky["conformal"] += conformal(calibration, 0.2) < 1
        lucky["tested"] += learn_then_test(calibration, validation, 0.2, 0.9) < 1
    assert lucky["tested"] <= 20
    assert lucky["conformal"] > 40


def test_the_certainty_is_met_and_rows_are_served() -> None:
    source, stream = Source(level=1.4), np.random.default_rng(3)
    missed, coverages = 0, []
    for _ in range(100):
        calibration, validation = source.draw(200, stream), source.draw(100, stream)
        errors, served = fresh_risk_alike(learn_then_test(calibration, validation, 0.2, 0.9), source, stream)
        missed += errors > 0.2 * served
        coverages.append(served)
    assert missed <= 10
    assert np.mean(coverages) > 0.55
