"""The evidence of a change: ranks by counting, fortunes by hand, and false alarms in simulated streams."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.statistics.change_alarm import JUMP, evidence, log_fortune, ranks, together
from harness.values import seeds


def test_ranks_count_what_is_higher() -> None:
    scores = np.random.default_rng(1).integers(0, 5, 60).astype(float)
    between = seeds.generator(4, "change alarm").random(60)
    expected = [
        (sum(scores[: k + 1] > scores[k]) + between[k] * sum(scores[: k + 1] == scores[k])) / (k + 1)
        for k in range(60)
    ]
    np.testing.assert_allclose(ranks(scores, seed=4), expected)


def test_ranks_are_uniform_where_nothing_changes() -> None:
    shares = np.concatenate([ranks(np.random.default_rng(k).normal(size=200), seed=k) for k in range(50)])
    assert np.histogram(shares, 10, (0, 1))[0] / len(shares) == pytest.approx([0.1] * 10, abs=0.012)


def test_a_fortune_by_hand() -> None:
    # One bet of each kind, a third of the fortune each; half of 1.2 and of 0.8, and what is kept.
    first = (1.2 + 1 + 0.8) / 3
    assert log_fortune(np.array([0.7])).tolist() == [math.log(first)]
    kept = [(1 - JUMP) * part / 3 + JUMP * first / 3 for part in (0.8, 1.0, 1.2)]
    second = kept[0] * 0.6 + kept[1] + kept[2] * 1.4
    assert log_fortune(np.array([0.7, 0.9]))[1] == pytest.approx(math.log(second))


def test_a_long_stream_does_not_overflow() -> None:
    course = log_fortune(np.full(20_000, 0.99))
    assert np.isfinite(course).all()
    assert course[-1] > 5_000


def test_articles_without_a_score_change_nothing() -> None:
    scores = np.random.default_rng(2).normal(size=(90, 1)) + (np.arange(90) > 60)[:, None]
    gaps = np.insert(scores, [5, 50, 70], np.nan, axis=0)
    course, with_gaps = evidence(scores, 40), evidence(gaps, 41)
    defined = ~np.isnan(gaps[41:, 0])
    np.testing.assert_allclose(with_gaps[defined], course)
    at = int(np.flatnonzero(~defined)[-1])
    assert with_gaps[at, 0] == with_gaps[at - 1, 0]


def test_fortunes_together_are_their_mean() -> None:
    logs = np.log(np.array([[1.0, 3.0], [2.0, 8.0]]))
    np.testing.assert_allclose(np.exp(together(logs)), [2, 5])


def test_false_alarms_are_rare_and_changes_are_found() -> None:
    bound, false, found = math.log(1 / 0.2), 0, 0
    for seed in range(120):
        draw = np.random.default_rng(seed)
        scores = draw.normal(size=(300, 2))
        false += bool((together(evidence(scores, 60, seed=seed)) >= bound).any())
        scores[150:, 0] += 1
        found += bool((together(evidence(scores, 60, seed=seed)) >= bound).any())
    # At most a fifth; three standard errors of 120 streams are a ninth.
    assert false / 120 <= 0.2 + 0.11
    assert found / 120 > 0.95
