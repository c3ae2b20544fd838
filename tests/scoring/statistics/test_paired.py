"""Differences between two runs: by hand, against SciPy and statsmodels, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from harness.scoring.statistics.bootstrap import Draws, totals
from harness.scoring.statistics.few_clusters import corrected_p
from harness.scoring.statistics.paired import (
    Difference,
    Resampled,
    detectable,
    difference,
    items_needed,
    mcnemar,
    resampled,
)
from harness.scoring.statistics.randomization import halved, randomization, randomized


def share(counts: np.ndarray) -> np.ndarray:
    """Cells are (right, how many)."""
    return counts[..., 0] / counts[..., 1]


def cells_of(right: np.ndarray) -> np.ndarray:
    """Each item its own cluster: ``(n_seeds, n)`` of 0 and 1 to ``(n, n_seeds, 2)``."""
    return np.stack([right.T, np.ones_like(right.T)], axis=-1)


def compared(a: np.ndarray, b: np.ndarray, draws: int = 2_000, root: int = 0) -> Difference:
    """Compare two runs given as ``(n_clusters, n_seeds, 2)`` cells."""
    resamples = Draws(len(a), draws, root)
    weights = np.concatenate(list(resamples.blocks()))
    whole = np.ones((1, len(a)), dtype=np.float32)
    run_a, run_b = (
        resampled(share(totals(whole, cells))[0], share(totals(weights, cells)), resamples, name)
        for name, cells in (("a", a), ("b", b))
    )
    return difference(run_a, run_b, len(a), len(a))


def test_worked_by_hand() -> None:
    draws = np.array([0.3, 0.1, 0.0, -0.1, 0.2, 0.2, 0.1, 0.1, 0.3, 0.2])
    a = Resampled(np.array([0.6, 0.8]), 0.5 + draws, 0.5 + draws)
    b = Resampled(np.array([0.5]), np.full(10, 0.5), np.full(10, 0.5))
    result = difference(a, b, 100, 10_000_000)
    assert result.value == pytest.approx(0.2)
    # Eight draws above 0, one at 0, one below.
    assert result.probability == pytest.approx(0.85)
    # 2 (1 + 2 draws not above) / (1 + 10) is 0.605 standard deviations. The variance of the items has no end
    # of degrees of freedom, that of two seeds has one: together V / (0.01 / 1).
    freedom = (draws.var(ddof=1) + 0.01) / 0.01
    assert result.p == pytest.approx(2 * stats.t.sf(stats.norm.isf(3 / 11), freedom), rel=1e-5)
    # Two seeds, 0.6 and 0.8: variance 0.02, of their mean 0.01; run B has one seed.
    assert result.se_seeds == pytest.approx(0.1)
    assert result.se_items == result.se == pytest.approx(draws.std(ddof=1))
    assert result.detectable == pytest.approx((1.959964 + 0.841621) * math.hypot(0.1, result.se_items))
    # Of ten draws the least and the most leave 1 in 11 out on either side: no others are further out. With so
    # few degrees of freedom the interval goes on from 3 standard deviations in proportion.
    wider = max(1.0, stats.t.ppf(0.975, freedom) / 3)
    assert [result.low, result.high] == pytest.approx([0.2 - 0.3 * wider, 0.2 + 0.1 * wider], rel=1e-5)
    # 0.2 / 2.8016 = 0.0714: less than the seeds' 0.1, which more items would not lower.
    assert result.needed == math.inf


def test_the_same_run_twice_is_no_difference() -> None:
    cells = cells_of(np.random.default_rng(0).integers(0, 2, (1, 40)))
    result = compared(cells, cells)
    assert (result.value, result.low, result.high, result.se) == (0, 0, 0, 0)
    assert (result.p, result.probability, result.needed) == (1, 0.5, math.inf)


def test_a_difference_without_variance() -> None:
    result = compared(cells_of(np.ones((1, 40))), cells_of(np.zeros((1, 40))), draws=999)
    assert (result.value, result.low, result.high, result.se) == (1, 1, 1, 0)
    # Never 0: as small as 999 draws can show.
    assert result.p == pytest.approx(corrected_p(2 / 1000, 40))
    assert (result.probability, result.needed) == (1, 0)


def test_a_single_cluster_says_nothing() -> None:
    nothing = Resampled(np.array([0.5]), np.full(10, np.nan), np.full(10, np.nan))
    some = Resampled(np.array([0.4]), np.full(10, 0.4), np.full(10, 0.4))
    result = difference(nothing, some, 3, 1)
    assert result.value == pytest.approx(0.1)
    assert np.isnan(
        [result.low, result.high, result.p, result.probability, result.se, result.detectable]
    ).all()
    assert np.isnan(difference(*[Resampled(np.array([0.5]), np.empty(0), np.empty(0))] * 2, 3, 2).p)
    assert math.isnan(randomization(share, np.ones((1, 1, 2)), np.ones((1, 1, 2))))


def test_as_scipy() -> None:
    stream = np.random.default_rng(1)
    right = stream.random((2, 300)) < [[0.75], [0.65]]
    theirs = stats.bootstrap(
        (right[0] * 1.0, right[1] * 1.0),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    result = compared(cells_of(right[:1] * 1), cells_of(right[1:] * 1), draws=10_000)
    error = theirs.standard_error
    assert result.se == pytest.approx(error, rel=0.03)
    assert result.low == pytest.approx(theirs.confidence_interval.low, abs=0.1 * error)
    assert result.high == pytest.approx(theirs.confidence_interval.high, abs=0.1 * error)


def test_seeds_of_the_two_runs_are_resampled_independently() -> None:
    # Items do not differ; two seeds each, 0 and 1: A minus B is -1, ±0.5, 0 or 1, and were the same
    # seeds drawn for both it would always be 0.
    cells = np.stack([np.zeros((30, 2)), np.ones((30, 2))], axis=1)
    cells[..., 1] = 1
    result = compared(cells, cells, draws=8_000)
    # By the runs themselves, one degree of freedom taken off: each mean has variance 1/4.
    assert result.se == pytest.approx(math.sqrt(0.5), abs=0.02)
    assert result.se_items == 0
    assert result.se_seeds == pytest.approx(math.sqrt(0.5))


def test_power_as_statsmodels() -> None:
    # A one-sample test of an effect in standard deviations, n items: se = 1 / sqrt(n).
    effect = NormalIndPower().solve_power(nobs1=400, alpha=0.05, power=0.8, ratio=0)
    assert detectable(1 / math.sqrt(400)) == pytest.approx(effect, rel=1e-3)
    needed = NormalIndPower().solve_power(effect_size=0.1, alpha=0.05, power=0.8, ratio=0)
    assert items_needed(0.1, 1 / math.sqrt(400), 0.0, 400) == pytest.approx(needed, abs=1)


def test_the_items_needed_make_the_difference_detectable() -> None:
    needed = items_needed(0.05, 0.03, 0.01, 500)
    assert detectable(math.hypot(0.03 * math.sqrt(500 / needed), 0.01)) <= 0.05
    assert detectable(math.hypot(0.03 * math.sqrt(500 / (needed - 1)), 0.01)) > 0.05


def test_randomization_is_the_exact_test_approximately() -> None:
    stream = np.random.default_rng(2)
    a, b = (stream.integers(0, 4, (8, 1, 1)) for _ in "ab")
    gaps = (a - b).ravel()
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    exact = (np.abs(signs @ gaps) >= abs(gaps.sum())).mean()
    result = randomization(lambda counts: counts[..., 0], a, b, draws=20_000)
    assert result == pytest.approx(exact, abs=0.015)


def test_randomization_repeats_the_seeds_of_a_shorter_run() -> None:
    stream = np.random.default_rng(3)
    several, single = stream.integers(0, 2, (3, 50)), stream.integers(0, 2, (1, 50))
    result = randomization(share, cells_of(several), cells_of(single), draws=500)
    assert 0 < result <= 1
    same = randomization(share, cells_of(single), cells_of(single), draws=500)
    assert same == 1


def test_randomization_counts_the_choice_of_seeds() -> None:
    # Equal on every item, but each seed moves all items at once: not to be told from chance.
    shift = np.array([0.70, 0.80, 0.75])
    a, b = (np.stack([np.tile(v, (200, 1)), np.ones((200, 3))], axis=-1) for v in (shift, shift - 0.02))
    assert randomization(share, a, b, draws=500) > 0.3


def test_randomization_does_not_count_twice_what_seeds_owe_to_items() -> None:
    # Seeds that say random things of every item: they differ by the items alone, and swapping holds that.
    stream = np.random.default_rng(11)
    a = cells_of(stream.integers(0, 2, (5, 400)))
    half = halved(share, a, name="a", draws=4_000)
    seed_variance = float(half.by_seed.var(ddof=1))
    assert float(half.noise.var()) < 0.7 * seed_variance / 5
    # And seeds that move all items alike owe nothing to them: variance (n - 1)/n² · Σ d² · n/(n - 1) = s²/n.
    shift = np.array([0.70, 0.80, 0.75])
    moved = halved(share, np.stack([np.tile(shift, (200, 1)), np.ones((200, 3))], axis=-1), name="a")
    assert float(moved.noise.var()) == pytest.approx(shift.var(ddof=1) / 3, rel=0.1)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (3, 0), (7, 17), (8, 17), (40, 25)], ids=str)
def test_mcnemar(only_a: int, only_b: int) -> None:
    right_a = np.repeat([True, True, False, False], [20, only_a, only_b, 5])
    right_b = np.repeat([True, False, True, False], [20, only_a, only_b, 5])
    n = only_a + only_b
    if n == 0:
        expected = 1.0
    elif n < 25:
        # Exact: of the disagreements, half should be either's.
        expected = stats.binomtest(only_a, n).pvalue
    else:
        expected = stats.chi2.sf((abs(only_a - only_b) - 1) ** 2 / n, 1)
    assert mcnemar(right_a, right_b) == pytest.approx(expected)


def equal_runs(
    stream: np.random.Generator, n_clusters: int, n_seeds: int, seed_sd: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Two runs, equally good: items in clusters of five, some hard for both, some for one; seeds differ."""
    shared, runs = stream.normal(size=(n_clusters, 1)), []
    for _ in "ab":
        difficulty = shared + 0.7 * stream.normal(size=(n_clusters, 1)) + stream.normal(size=(n_clusters, 5))
        shifts = seed_sd * stream.normal(size=n_seeds)
        right = (
            difficulty[None] + shifts[:, None, None] + 0.5 * stream.normal(size=(n_seeds, n_clusters, 5))
            > -0.5
        )
        runs.append(np.stack([right.sum(axis=2).T, np.full((n_clusters, n_seeds), 5)], axis=-1))
    return runs[0], runs[1]


@pytest.mark.parametrize(("n_clusters", "n_seeds", "seed_sd"), [(60, 5, 0.1), (60, 5, 0.0), (200, 1, 0.0)])
def test_equal_runs_are_seldom_told_apart(n_clusters: int, n_seeds: int, seed_sd: float) -> None:
    stream, repeats = np.random.default_rng(4), 200
    pairs = [equal_runs(stream, n_clusters, n_seeds, seed_sd) for _ in range(repeats)]
    differences = [compared(a, b, draws=400, root=root) for root, (a, b) in enumerate(pairs)]
    alarms = sum(gap.p < 0.05 for gap in differences)
    checks = sum(randomization(share, a, b, draws=200, seed=root) < 0.05 for root, (a, b) in enumerate(pairs))
    # 5 % of 200 is 10; 99.9 % of binomial draws are at most 20.
    most = stats.binom.ppf(0.999, repeats, 0.05)
    assert alarms <= most
    assert checks <= most
    covered = sum(gap.low <= 0 <= gap.high for gap in differences)
    assert covered >= repeats - most


def test_clusters_taken_for_items_are_told_apart_too_often() -> None:
    """The wrong way: items of a cluster taken as independent."""
    stream, alarms = np.random.default_rng(5), 0
    for root in range(60):
        a, b = (np.repeat(cells / 5, 5, axis=0) for cells in equal_runs(stream, 60, 1, 0.0))
        alarms += compared(a, b, draws=200, root=root).p < 0.05
    assert alarms > 10


def test_one_seed_proves_nothing() -> None:
    """The wrong way: one seed taken for all."""
    stream, alarms = np.random.default_rng(6), 0
    for root in range(60):
        alarms += compared(*equal_runs(stream, 200, 1, 0.2), draws=200, root=root).p < 0.05
    assert alarms > 10


def test_a_run_that_is_halved_once_serves_every_comparison() -> None:
    stream = np.random.default_rng(7)
    runs = {name: cells_of(stream.integers(0, 2, (2, 60))) for name in "abc"}
    halves = {name: halved(share, cells, name=name, draws=300, seed=1) for name, cells in runs.items()}
    for first, second in itertools.combinations("abc", 2):
        result = randomized(share, halves[first], halves[second])
        alone = randomization(share, runs[first], runs[second], draws=300, seed=1)
        # The same swaps; only the seeds' signs come from streams of other names.
        assert result == pytest.approx(alone, abs=0.08)
    assert randomized(share, halves["a"], halves["b"]) == randomization(
        share, runs["a"], runs["b"], draws=300, seed=1
    )


def test_the_swaps_do_not_depend_on_what_is_swapped() -> None:
    cells = cells_of(np.random.default_rng(8).integers(0, 2, (1, 40)))
    # So wide that it is gone through in other portions.
    many = np.repeat(cells, 3_000, axis=1)
    assert randomization(share, cells, many, draws=200) == 1


def test_few_seeds_widen_an_interval_as_students_t_does() -> None:
    stream = np.random.default_rng(3)
    draws = 0.02 * stream.standard_normal(4_000)
    of_items = 0.2 + draws
    b = Resampled(np.array([0.1]), np.full(4_000, 0.1), np.full(4_000, 0.1))
    widths = {}
    for n in (2, 3, 30):
        # Seeds that lie 0.02 from their mean, of which nothing is due to items.
        by_seed = 0.2 + 0.02 * np.linspace(-1, 1, n) / np.linspace(-1, 1, n).std(ddof=1)
        a = Resampled(by_seed, of_items, of_items)
        result = difference(a, b, 1_000, 1_000)
        widths[n] = result.high - result.low
        # The p-value is that of the interval: 0 is outside where it is at most 0.05.
        assert (result.p <= 0.05) == (not result.low <= 0 <= result.high)
    one = difference(Resampled(np.array([0.2]), of_items, of_items), b, 1_000, 1_000)
    # V / (V_seeds / 1) = 3 degrees of freedom for two seeds: t is 3.18; for three, (1 + 1/3) / (1/3 / 2) = 8.
    assert widths[2] / widths[30] == pytest.approx(stats.t.ppf(0.975, 3) / stats.norm.ppf(0.975), rel=0.08)
    assert widths[3] / widths[30] == pytest.approx(stats.t.ppf(0.975, 8) / stats.norm.ppf(0.975), rel=0.05)
    assert widths[30] == pytest.approx(one.high - one.low, rel=0.02)


def test_a_stretched_difference_has_more_standard_error_and_needs_more_items() -> None:
    stream = np.random.default_rng(4)
    right = stream.random((2, 400)) < [[0.75], [0.68]]
    cells = [cells_of(run[None] * 1) for run in right]
    resamples = Draws(400, 2_000, 0)
    weights = np.concatenate(list(resamples.blocks()))
    plain, wide = (
        difference(
            *(
                resampled(
                    share(each.sum(axis=0, keepdims=True))[0],
                    share(totals(weights, each)),
                    resamples,
                    name,
                    stretch,
                )
                for name, each in zip("ab", cells, strict=True)
            ),
            400,
            400,
        )
        for stretch in (1.0, 1.5)
    )
    assert plain.se_training == 0
    assert wide.se == pytest.approx(1.5 * plain.se)
    assert wide.se_training == pytest.approx(math.sqrt(1.5**2 - 1) * plain.se)
    assert wide.se_items == plain.se_items
    assert (wide.high - wide.low) == pytest.approx(1.5 * (plain.high - plain.low))
    assert wide.p > plain.p
    assert wide.needed == pytest.approx(1.5**2 * plain.needed, rel=0.01)
