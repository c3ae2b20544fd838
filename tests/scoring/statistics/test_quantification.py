"""Shares without gold: the estimators against brute force, and against worlds whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from harness.scoring.statistics.quantification import (
    LabelledErrors,
    UnlabelledRows,
    adjusted_count,
    check_labels,
    expectation_maximisation,
    quantify,
)

MIX, BEFORE = np.array([0.7, 0.1, 0.2]), np.array([0.3, 0.4, 0.3])


def world(mix: np.ndarray, n: int, seed: int, sharpness: float = 1.3) -> tuple[np.ndarray, ...]:
    """Draw labels and the probabilities of a classifier that is calibrated for the mix before."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(3, n, p=mix)
    evidence = draw.normal(size=(n, 3)) + sharpness * np.eye(3)[truth]
    # Bayes' rule for three normal classes of equal spread.
    proba = BEFORE * np.exp(sharpness * evidence)
    proba /= proba.sum(axis=1, keepdims=True)
    return truth, proba.argmax(axis=1), proba, np.arange(n) // 2


def errors_of(n: int = 600, seed: int = 1, sharpness: float = 1.3) -> LabelledErrors:
    return LabelledErrors(*world(BEFORE, n, seed, sharpness))


def rows_of(n: int = 800, seed: int = 2, mix: np.ndarray = MIX) -> UnlabelledRows:
    _, predicted, proba, clusters = world(mix, n, seed)
    return UnlabelledRows(predicted, proba, clusters)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_adjusted_count_is_the_least_on_the_simplex(k: int) -> None:
    draw = np.random.default_rng(k)
    for _ in range(25):
        rates = draw.dirichlet(np.ones(k), k).T
        shares = draw.dirichlet(np.full(k, 0.5))
        mix = adjusted_count(rates, shares)
        assert mix.sum() == pytest.approx(1)
        assert mix.min() >= 0

        def loss(candidate: np.ndarray, rates: np.ndarray = rates, shares: np.ndarray = shares) -> float:
            return float(((rates @ candidate - shares) ** 2).sum())

        random = draw.dirichlet(np.full(k, 0.4), 3_000)
        assert loss(mix) <= min(map(loss, random)) + 1e-12
        found = minimize(
            loss,
            np.full(k, 1 / k),
            bounds=[(0, 1)] * k,
            constraints={"type": "eq", "fun": lambda candidate: candidate.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert loss(mix) <= loss(found.x) + 1e-9


def test_adjusted_count_inverts_the_confusion_where_it_can() -> None:
    rates = errors_of().rates
    np.testing.assert_allclose(adjusted_count(rates, rates @ MIX), MIX, atol=1e-12)
    # Many at once.
    both = adjusted_count(np.stack([rates, np.eye(3)]), np.stack([rates @ MIX, BEFORE]))
    np.testing.assert_allclose(both, [MIX, BEFORE], atol=1e-12)


def test_expectation_maximisation_is_the_most_likely_mix() -> None:
    rows = rows_of(400)

    def likelihood(mix: np.ndarray) -> float:
        return float(np.log((rows.proba / BEFORE) @ mix).sum())

    mix = expectation_maximisation(rows.proba, BEFORE, np.ones(400))
    grid = [np.array([a, b, 100 - a - b]) / 100 for a in range(101) for b in range(101 - a)]
    best = max(grid, key=likelihood)
    assert likelihood(mix) >= likelihood(best) - 1e-6
    np.testing.assert_allclose(mix, best, atol=0.01)


def test_a_weight_is_a_row_that_occurs_as_often() -> None:
    rows = rows_of(100)
    weights = np.random.default_rng(0).integers(0, 4, 100)
    repeated = np.repeat(rows.proba, weights, axis=0)
    np.testing.assert_allclose(
        expectation_maximisation(rows.proba, BEFORE, weights.astype(float)),
        expectation_maximisation(repeated, BEFORE, np.ones(len(repeated))),
        atol=1e-9,
    )


@pytest.mark.parametrize("method", ["acc", "emq"])
def test_shares_are_those_of_the_world_where_counting_is_wrong(method: str) -> None:
    rows, errors = rows_of(4_000), errors_of(4_000)
    shares = quantify(rows, errors, method)  # type: ignore[arg-type]
    counted = np.bincount(rows.predicted, minlength=3) / 4_000
    values = np.array([share.value for share in shares])
    assert abs(values - MIX).max() < 0.03
    assert abs(counted - MIX).max() > 0.05
    for share, true in zip(shares, MIX, strict=True):
        assert share.low < true < share.high
        assert share.high - share.low < 0.15
    assert quantify(rows, errors, method) == shares  # type: ignore[arg-type]


def test_articles_whose_rows_are_alike_make_intervals_wider() -> None:
    rows, errors = rows_of(600), errors_of()
    repeated = UnlabelledRows(
        *(np.repeat(part, 4, axis=0) for part in (rows.predicted, rows.proba, rows.clusters))
    )
    widths = [share.high - share.low for share in quantify(repeated, errors)]
    alone = UnlabelledRows(repeated.predicted, repeated.proba, np.arange(2_400))
    assert all(
        wide > share.high - share.low for wide, share in zip(widths, quantify(alone, errors), strict=True)
    )


def test_labels_that_are_always_confused_have_no_share() -> None:
    truth, _, proba, clusters = world(BEFORE, 300, 3)
    blind = LabelledErrors(truth, np.ones(300, dtype=np.int64), proba, clusters)
    assert blind.condition == float("inf")
    assert all(np.isnan(share.value) for share in quantify(rows_of(), blind))
    assert errors_of(3_000, sharpness=8.0).condition == pytest.approx(1, abs=0.01)
    assert errors_of().condition > 1.5


def test_labels_with_few_labelled_rows_are_named() -> None:
    assert check_labels(errors_of(), ("a", "b", "c"), 5) == []
    few = LabelledErrors(
        np.zeros(9, dtype=np.int64), np.zeros(9, dtype=np.int64), np.ones((9, 3)) / 3, np.arange(9)
    )
    assert check_labels(few, ("a", "b", "c"), 5) == ["b", "c"]
