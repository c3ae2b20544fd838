"""Shares without gold: the estimators against brute force, and against worlds whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from harness.scoring.statistics.quantification import (
    LabelledErrors,
    UnlabelledRows,
    adjusted_count,
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


def of_seeds(n: int, seed: int, skills: np.ndarray) -> LabelledErrors:
    """What several seeds of different skill predict for the same labelled rows."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(3, n, p=BEFORE)
    given = [np.where(draw.random(n) < skill, truth, (truth + 1) % 3) for skill in skills]
    k, rows = len(skills), n * len(skills)
    return LabelledErrors(
        np.tile(truth, k),
        np.concatenate(given),
        np.full((rows, 3), np.nan),
        np.tile(np.arange(n), k),
        np.repeat(np.arange(k), n),
    )


def only(errors: LabelledErrors, seed: int) -> LabelledErrors:
    assert errors.seeds is not None
    at = errors.seeds == seed
    return LabelledErrors(errors.truth[at], errors.predicted[at], errors.proba[at], errors.clusters[at])


def test_the_confusion_of_several_seeds_is_their_mean() -> None:
    errors = of_seeds(400, 5, np.array([0.6, 0.7, 0.9]))
    mean = np.mean([only(errors, seed).rates for seed in range(3)], axis=0)
    np.testing.assert_allclose(errors.rates, mean, atol=1e-12)


def test_several_seeds_are_not_more_labelled_rows_and_their_spread_is_in_the_interval() -> None:
    one = of_seeds(400, 5, np.array([0.7]))
    copies = LabelledErrors(
        *(np.concatenate([part] * 4) for part in (one.truth, one.predicted, one.proba, one.clusters)),
        np.repeat(np.arange(4), 400),
    )
    rows = rows_of(2_000)
    assert quantify(rows, copies) == quantify(rows, one)
    spread = of_seeds(400, 5, np.array([0.5, 0.6, 0.8, 0.9]))
    for wide, narrow in zip(quantify(rows, spread), quantify(rows, one), strict=True):
        assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_intervals_hold_whichever_of_the_seeds_labelled_the_rows() -> None:
    held, naive = [], []
    for repeat in range(60):
        draw = np.random.default_rng(repeat)
        skills = np.clip(draw.normal(0.7, 0.06, 5), 0.5, 0.95)
        errors = of_seeds(500, repeat, skills)
        truth = draw.choice(3, 1_500, p=MIX)
        # One of them at random is at work.
        skill = skills[draw.integers(5)]
        predicted = np.where(draw.random(1_500) < skill, truth, (truth + 1) % 3)
        rows = UnlabelledRows(predicted, np.full((1_500, 3), np.nan), np.arange(1_500))
        true = MIX
        held += [
            share.low <= at <= share.high for share, at in zip(quantify(rows, errors), true, strict=True)
        ]
        alone = quantify(rows, only(errors, 0))
        naive += [share.low <= at <= share.high for share, at in zip(alone, true, strict=True)]
    # The first seed for all, as if it had labelled the rows, holds less often.
    assert np.mean(held) >= 0.93 > np.mean(naive)
