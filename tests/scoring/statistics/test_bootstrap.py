"""Resamples of clusters and seeds: what they are, what they cost nothing to be, and that SciPy agrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.scoring.statistics import bootstrap as module
from harness.scoring.statistics.bootstrap import (
    Draws,
    bootstrap,
    by_cluster,
    interval,
    over_items_and_seeds,
    over_seeds,
    quantiles,
    seed_variances,
    totals,
)
from harness.scoring.statistics.few_clusters import corrected_p, expanded


def mean_of(counts: np.ndarray) -> np.ndarray:
    """Cells are (sum, how many)."""
    return counts[..., 0] / counts[..., 1]


def cells_of(values: np.ndarray) -> np.ndarray:
    """One seed, each value its own cluster."""
    return np.stack([values, np.ones_like(values)], axis=-1)[:, None]


def multiplicities(draws: Draws, width: int = 1) -> np.ndarray:
    return np.concatenate(list(draws.blocks(width)))


@pytest.mark.parametrize("n", [1, 2, 3, 39, 40, 2_000])
@pytest.mark.parametrize("ties", [False, True])
def test_quantiles_are_those_of_numpy_to_the_last_bit(n: int, ties: bool) -> None:
    draw = np.random.default_rng(n)
    for shape in ((n,), (n, 3)):
        values = draw.integers(0, 4, shape) / 7 if ties else draw.normal(size=shape)
        for tail in (0.0, 0.025, 0.3, 0.5):
            expected = np.quantile(values, [tail, 1 - tail], axis=0, method="weibull")
            assert np.array_equal(quantiles(values, (tail, 1 - tail)), expected)


def test_draws_that_are_kept_are_those_that_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = Draws(7, 500, 3)
    shared = [block.copy() for block in draws.blocks(100)]
    monkeypatch.setattr(module, "SHARED_NUMBERS", 0)
    anew = list(draws.blocks(100))
    assert [block.shape for block in shared] == [block.shape for block in anew]
    assert all(np.array_equal(first, second) for first, second in zip(shared, anew, strict=True))


def test_a_draw_has_as_many_clusters_as_there_are() -> None:
    weights = multiplicities(Draws(37, 200, 0))
    assert weights.shape == (200, 37)
    assert weights.dtype == np.float32
    assert (weights.sum(axis=1) == 37).all()
    assert (weights == np.round(weights)).all()


def test_clusters_are_drawn_evenly_and_apart() -> None:
    n, draws = 40, 20_000
    weights = multiplicities(Draws(n, draws, 1)).astype(float)
    # A cluster is drawn 1 time on average, with variance 1 - 1/n, and covariance -1/n with another.
    spread = np.cov(weights.T)
    assert weights.mean(axis=0) == pytest.approx(np.ones(n), abs=5 / np.sqrt(draws))
    assert np.diag(spread) == pytest.approx(np.full(n, 1 - 1 / n), abs=8 / np.sqrt(draws))
    off = spread[~np.eye(n, dtype=bool)]
    assert off.mean() == pytest.approx(-1 / n, abs=0.001)
    # How often a cluster stays out: (1 - 1/n)^n.
    assert (weights == 0).mean() == pytest.approx((1 - 1 / n) ** n, abs=0.003)


def test_the_same_draws_whatever_is_made_of_them() -> None:
    draws = Draws(300, 500, 7)
    wide = list(draws.blocks(width=50_000))
    assert len(wide) > 1
    assert np.array_equal(np.concatenate(wide), multiplicities(draws))
    # Fewer draws are the first of more.
    assert np.array_equal(multiplicities(Draws(300, 20, 7)), multiplicities(draws)[:20])
    assert not np.array_equal(multiplicities(Draws(300, 500, 8)), multiplicities(draws))


@pytest.mark.parametrize("n", [2**16, 2**16 + 1])
def test_more_clusters_than_16_bits_count(n: int) -> None:
    weights = multiplicities(Draws(n, 2, 0))
    assert (weights.sum(axis=1) == n).all()
    # The last cluster's share of draws is that of the others: the last hundred are drawn about 200 times.
    assert 120 < weights[:, -100:].sum() < 280


def test_seed_shares() -> None:
    draws = Draws(10, 5_000, 3)
    shares = draws.seed_shares(5)
    assert shares.sum(axis=1) == pytest.approx(np.ones(5_000))
    assert shares.mean(axis=0) == pytest.approx(np.full(5, 0.2), abs=0.01)
    assert (draws.seed_shares(1) == 1).all()
    assert np.array_equal(draws.seed_shares(5), shares)
    other = draws.seed_shares(5, "other run")
    assert abs(np.corrcoef(shares[:, 0], other[:, 0])[0, 1]) < 0.06


def test_totals_are_exact_on_whole_counts() -> None:
    stream = np.random.default_rng(0)
    cells = stream.integers(0, 1_000, (300, 2, 3))
    weights = stream.integers(0, 4, (50, 300)).astype(np.float32)
    expected = np.einsum("dc,csk->dsk", weights.astype(np.int64), cells)
    assert np.array_equal(totals(weights, cells), expected)


@pytest.mark.parametrize("size", [2**22 - 1, 2**22 + 1, 2**24 - 1])
def test_totals_are_exact_beyond_what_32_bits_hold(size: int) -> None:
    # Three odd numbers of this size: from the second on 32-bit floats could not hold their sum.
    weights = np.array([[3.0, 1.0]], dtype=np.float32)
    assert totals(weights, np.array([[size], [0]]))[0, 0] == 3.0 * size
    assert totals(weights, np.array([[0.1], [0.0]]))[0, 0] == pytest.approx(0.3, abs=1e-15)


def test_worked_by_hand() -> None:
    # Two clusters of one item, values 0 and 1: a draw has mean 0, 0.5 or 1 with probability 1/4, 1/2, 1/4.
    drawn = bootstrap(mean_of, cells_of(np.array([0.0, 1.0])), draws=20_000)
    values, times = np.unique(drawn, return_counts=True)
    assert values.tolist() == [0, 0.5, 1]
    assert times / 20_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.015)
    assert [float(bound) for bound in interval(drawn)] == [0, 1]


def test_seeds_are_resampled_inside_each_draw() -> None:
    # Items do not differ at all; two seeds, means 0 and 1: the mean over seeds is 0, 0.5 or 1.
    cells = np.stack([np.zeros(30), np.ones(30)], axis=1)[..., None] * [1.0, 0.0] + [0.0, 1.0]
    drawn = bootstrap(mean_of, cells, draws=4_000)
    values, times = np.unique(drawn, return_counts=True)
    assert values == pytest.approx([0, 0.5, 1])
    assert times / 4_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_as_scipy() -> None:
    values = np.random.default_rng(5).gamma(2.0, size=200)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    low, high = interval(bootstrap(mean_of, cells_of(values), draws=20_000))
    error = values.std() / np.sqrt(200)
    assert float(low) == pytest.approx(theirs.low, abs=0.05 * error)
    assert float(high) == pytest.approx(theirs.high, abs=0.05 * error)


def test_clustered_items_have_a_wider_interval() -> None:
    # 50 clusters of 20 equal items: the items say no more than 50 would.
    stream = np.random.default_rng(6)
    values = np.repeat(stream.normal(size=50), 20)
    clusters = np.repeat(np.arange(50), 20)
    items = cells_of(values)
    clustered = bootstrap(mean_of, by_cluster(items, clusters, 50), draws=2_000).std()
    assert clustered / bootstrap(mean_of, items, draws=2_000).std() == pytest.approx(np.sqrt(20), rel=0.1)


def test_equal_seeds_equal_draws() -> None:
    cells = cells_of(np.arange(20.0))
    assert np.array_equal(
        bootstrap(mean_of, cells, draws=50, seed=4), bootstrap(mean_of, cells, draws=50, seed=4)
    )
    assert not np.array_equal(
        bootstrap(mean_of, cells, draws=50, seed=4), bootstrap(mean_of, cells, draws=50, seed=5)
    )


def test_several_values_at_once() -> None:
    cells = np.random.default_rng(0).integers(0, 5, (30, 2, 4))
    both = bootstrap(lambda counts: counts / 30.0, cells, draws=40)
    assert both.shape == (40, 4)
    assert np.array_equal(both[:, 2], bootstrap(lambda counts: counts[..., 2] / 30.0, cells, draws=40))


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(0).integers(0, 5, (30, 2, 4))
    whole = bootstrap(lambda counts: counts / 30.0, cells, draws=5_000)
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 1)
    assert np.array_equal(bootstrap(lambda counts: counts / 30.0, cells, draws=5_000), whole)


def test_a_single_cluster_has_no_interval() -> None:
    drawn = bootstrap(mean_of, cells_of(np.array([0.7])), draws=30)
    assert np.isnan(drawn).all()
    assert np.isnan(interval(drawn)).all()


def test_no_draws_no_interval() -> None:
    low, high = interval(np.empty((0, 3)))
    assert low.shape == high.shape == (3,)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(("undefined", "has_interval"), [(5, True), (6, False)])
def test_draws_without_a_value(undefined: int, has_interval: bool) -> None:
    drawn = np.arange(100.0)
    drawn[:undefined] = np.nan
    low, high = interval(drawn)
    assert np.isfinite([low, high]).all() == has_interval
    if has_interval:
        # The other 95 draws are 5 … 99. They part the line in 96: 0.025 · 96 = 2.4, so between the second
        # and the third, 6 + 0.4; 0.975 · 96 = 93.6, so 97 + 0.6.
        assert [float(low), float(high)] == pytest.approx([6.4, 97.6])


def test_one_column_without_values_leaves_the_others() -> None:
    drawn = np.stack([np.arange(99.0), np.full(99, np.nan)], axis=1)
    low, high = interval(drawn)
    # The draws part the line in 100: 2.5 parts are up to between the second and the third.
    assert low[0] == pytest.approx(1.5)
    assert high[0] == pytest.approx(96.5)
    assert np.isnan([low[1], high[1]]).all()


def test_an_interval_is_moved_to_where_its_draws_belong() -> None:
    drawn = np.arange(99.0)
    # The draws' mean is 49; it belongs at 39, so both bounds fall by 10.
    low, high = interval(drawn, around=np.array(39.0))
    assert [float(low), float(high)] == pytest.approx([-8.5, 86.5])
    assert [float(bound) for bound in interval(drawn, 0.8)] == pytest.approx([9, 89])


def test_over_seeds() -> None:
    values = np.array([[[1.0, 10.0], [3.0, 30.0]]])
    assert over_seeds(values, np.array([[0.25, 0.75]])).tolist() == [[2.5, 25.0]]
    assert np.isnan(over_seeds(np.array([[np.nan, 1.0]]), np.array([[0.0, 1.0]]))).all()


def test_an_interval_of_few_clusters_is_expanded() -> None:
    draws = np.random.default_rng(0).normal(size=200_000)
    low, high = interval(draws, clusters=50)
    # Student's t with 49 degrees of freedom has 97.5 % below 2.0096; times the root of 50/49.
    assert [low, high] == pytest.approx([-2.0096 * (50 / 49) ** 0.5, 2.0096 * (50 / 49) ** 0.5], abs=0.02)
    plain = np.array(interval(draws))
    assert np.array([low, high]) == pytest.approx(np.array(interval(draws, expanded(0.95, 50))))
    assert low < plain[0]
    assert np.array(interval(draws, clusters=10_000_000)) == pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("clusters", [2, 20, 50, 1_000])
def test_a_p_value_is_the_smallest_level_whose_interval_leaves_0_out(clusters: int) -> None:
    draws = np.random.default_rng(1).normal(1.8, 1, size=50_000)
    p = corrected_p(2 * float((draws < 0).mean()), clusters)
    low, _ = interval(draws, 1 - p, clusters=clusters)
    assert low == pytest.approx(0, abs=2e-3)


def test_one_cluster_expands_nothing() -> None:
    assert expanded(0.95, 1) == 0.95
    assert corrected_p(0.03, 1) == 0.03
    assert math.isnan(corrected_p(math.nan, 40))
    assert corrected_p(1.0, 40) == 1


def test_what_seeds_owe_to_items_is_not_counted_twice() -> None:
    # Many draws of items; seed s has value b_s + noise that resampling moves, independently a seed.
    stream, n = np.random.default_rng(2), 5
    shifts = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
    moved = stream.normal(0, 0.01, (200_000, n))
    shares = Draws(2, len(moved), 0).seed_shares(n)
    off, total, noise = seed_variances(shifts + moved)
    assert off == pytest.approx(shifts, abs=1e-4)
    assert float(total) == pytest.approx(shifts.var(ddof=1), rel=0.01)
    assert float(noise) == pytest.approx(0.01**2, rel=0.01)
    # The mean's variance: of items 0.01² / 5, of seeds what the values' variance has beyond 0.01², by 5.
    expected = 0.01**2 / n + (shifts.var(ddof=1) - 0.01**2) / n
    assert over_items_and_seeds(shifts + moved, shares).var() == pytest.approx(expected, rel=0.02)
    # Plain resampling has the first part, (n - 1) / n of all the variance over seeds, and the noise again.
    plain = 0.01**2 / n + (shifts.var(ddof=1) + 0.01**2) * (n - 1) / n**2
    assert over_seeds(shifts + moved, shares).var() == pytest.approx(plain, rel=0.02)


def test_seeds_that_differ_by_items_alone_add_nothing() -> None:
    values = np.random.default_rng(3).normal(0, 0.01, (5_000, 3))
    shares = Draws(2, 5_000, 0).seed_shares(3)
    assert over_items_and_seeds(values, shares) == pytest.approx(values.mean(axis=1))
    first = values[:, :1]
    assert over_items_and_seeds(first, np.ones((5_000, 1))) == pytest.approx(first[:, 0])


def test_a_draw_without_a_value_has_none_whatever_the_seeds() -> None:
    values = np.random.default_rng(4).normal(0, 1, (100, 3, 2))
    values[5, 1, 0] = np.nan
    draws = over_items_and_seeds(values, Draws(2, 100, 0).seed_shares(3))
    assert np.isnan(draws).sum() == 1
    assert np.isnan(draws[5, 0])


def test_another_draw_falls_outside_as_often_as_it_should_even_of_few() -> None:
    # Of n draws the k-th lowest leaves k / (n + 1) below it on average: 39 draws, the lowest and the highest.
    low, high = interval(np.random.default_rng(12).permutation(np.arange(39.0)))
    assert [float(low), float(high)] == pytest.approx([0, 38])
