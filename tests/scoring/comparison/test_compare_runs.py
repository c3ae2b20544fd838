"""Runs are ranked and compared: by hand, and against other libraries."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from golden import Golden
from refused import refused
from scipy import stats
from scoring.comparison.toy_runs import frames, of, run, runs, with_rows
from sentences import words
from sklearn.metrics import f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.values.errors import PredictionsError
from harness.values.labels import STANCE
from harness.values.tables import Predictions


def test_values_and_spreads_are_those_of_scikit_learn() -> None:
    table = runs(0.5, 1.5)
    comparison = of(table)
    for name, predictions in table:
        rows = predictions.rows
        each = [
            f1_score(of_seed["truth"], of_seed["prediction"], labels=list(STANCE.names), average="macro")
            for _, of_seed in rows.groupby("seed")
        ]
        ranked = comparison.run(name)
        assert ranked.value == pytest.approx(np.mean(each))
        assert ranked.seed_sd == pytest.approx(np.std(each, ddof=1))
        assert ranked.low < ranked.value < ranked.high
    assert [ranked.name for ranked in comparison.runs] == ["b", "a"]
    assert (comparison.n_items, comparison.n_clusters, comparison.n_draws) == (240, 240, 2_000)


def test_a_clear_difference_is_established_and_a_small_one_is_not() -> None:
    comparison = of(runs(0.2, 1.6, 1.62))
    best, second = comparison.runs[0].name, comparison.runs[1].name
    assert {best, second} == {"b", "c"}
    assert comparison.groups == ((best, second), ("a",))
    assert [ranked.groups for ranked in comparison.runs] == [(1,), (1,), (2,)]
    near, far = comparison.pair("b", "c"), comparison.pair("a", best)
    assert not near.separable
    assert (far.better, far.separable) == (best, True)
    assert far.probability == 1
    assert far.randomization < 0.01
    assert far.difference.low > 0
    assert near.needed > comparison.n_items


def test_the_corrected_p_values_are_statsmodels() -> None:
    comparison = of(runs(1.0, 1.1, 1.2, 1.3))
    expected = multipletests([pair.difference.p for pair in comparison.pairs], method="holm")[1]
    assert [pair.holm for pair in comparison.pairs] == pytest.approx(expected)
    assert len(comparison.pairs) == 6


def test_the_interval_of_a_difference_is_scipys() -> None:
    # Ungrouped, one seed: the share of right labels is a mean of independent items.
    table = runs(0.9, 1.2, n_seeds=1)
    right = [
        (predictions.rows["truth"] == predictions.rows["prediction"]).to_numpy(dtype=float)
        for _, predictions in table
    ]
    theirs = stats.bootstrap(
        tuple(right),
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    difference = of(table, "accuracy", draws=10_000).pair("a", "b").difference
    error = theirs.standard_error
    assert difference.se == pytest.approx(error, rel=0.03)
    assert difference.low == pytest.approx(theirs.confidence_interval.low, abs=0.1 * error)
    assert difference.high == pytest.approx(theirs.confidence_interval.high, abs=0.1 * error)


def test_mcnemar_is_statsmodels_one_pair_of_seeds_at_a_time() -> None:
    (_, a), (_, b) = table = [("a", run("a", 0.8, n_seeds=2)), ("b", run("b", 1.2, n_seeds=3))]
    pair = of(table).pair("a", "b")
    expected = []
    # The two seeds of the shorter run are repeated in turn.
    for seed_a, seed_b in ((1, 1), (2, 2), (1, 3)):
        right_a, right_b = (
            (predictions.rows["truth"] == predictions.rows["prediction"]).to_numpy()
            for predictions in (a.only(seed=seed_a), b.only(seed=seed_b))
        )
        counts = [
            [(right_a & right_b).sum(), (right_a & ~right_b).sum()],
            [(~right_a & right_b).sum(), (~right_a & ~right_b).sum()],
        ]
        few = counts[0][1] + counts[1][0] < 25
        expected.append(mcnemar(counts, exact=few, correction=True).pvalue)
    assert sorted(pair.mcnemar) == pytest.approx(sorted(expected))


def test_tests_that_do_not_apply_are_omitted_with_the_reason(golden: Golden) -> None:
    grouped = of(runs(0.8, 1.2, group=3))
    assert grouped.n_clusters == 80
    assert grouped.pairs[0].mcnemar == ()
    assert list(grouped.omitted_tests) == ["McNemar"]
    ranks = of([("a", frames("a", 0.5)), ("b", frames("b", 1.0))], "average_precision_macro", draws=5_000)
    assert ranks.n_draws == 1_000
    assert math.isnan(ranks.pairs[0].randomization)
    assert list(ranks.omitted_tests) == ["McNemar", "randomization"]
    single = of([(name, with_rows(table, group="g")) for name, table in runs(0.5, 1.5)])
    assert list(single.omitted_tests) == ["McNemar", "randomization"]
    cases = {"grouped": grouped, "ranks of frames": ranks, "one group": single}
    lines = [
        f"{case}: {test}: {reason}"
        for case, comparison in cases.items()
        for test, reason in comparison.omitted_tests.items()
    ]
    golden("scoring/omitted-tests", "\n".join(lines))


def test_where_a_low_score_is_good_the_lower_one_is_better() -> None:
    comparison = of(runs(0.4, 1.5), "brier")
    (pair,) = comparison.pairs
    assert (pair.better, pair.worse) == ("b", "a")
    assert pair.difference.value < 0
    assert pair.difference.high < 0
    assert pair.probability == 1
    assert pair.separable
    assert pair.randomization < 0.01


def test_the_same_predictions_twice_are_no_difference() -> None:
    predictions = run("a", 1.0, n_seeds=1)
    comparison = of([("a", predictions), ("again", predictions)])
    (pair,) = comparison.pairs
    assert (pair.difference.value, pair.difference.low, pair.difference.high) == (0, 0, 0)
    assert (pair.holm, pair.probability, pair.randomization) == (1, 0.5, 1)
    assert (pair.mcnemar, pair.needed) == ((1.0,), math.inf)
    assert comparison.groups == (("a", "again"),)


def test_the_order_of_rows_does_not_matter() -> None:
    table = runs(1.0, 1.2, group=3)
    shuffled = [
        (
            name,
            Predictions(STANCE, predictions.rows.sample(frac=1, random_state=index).reset_index(drop=True)),
        )
        for index, (name, predictions) in enumerate(table)
    ]
    assert of(table).pairs == of(shuffled).pairs


def test_a_third_run_changes_nothing_between_two() -> None:
    two, three = of(runs(1.0, 1.2)), of(runs(1.0, 1.2, 1.4))
    assert two.pair("a", "b").difference == three.pair("a", "b").difference
    assert two.run("a").low == three.run("a").low
    # But it is one more comparison to be wrong about.
    assert three.pair("a", "b").detectable > two.pair("a", "b").detectable


def test_one_labels_score_can_be_compared() -> None:
    comparison = of(runs(0.5, 1.5), "f1_critical")
    assert comparison.metric == "f1_critical"
    rows = run("b", 1.5).rows
    each = [
        f1_score(of_seed["truth"] == "critical", of_seed["prediction"] == "critical")
        for _, of_seed in rows.groupby("seed")
    ]
    assert comparison.run("b").value == pytest.approx(np.mean(each))
    assert comparison.pairs[0].randomization < 0.01


def test_runs_that_are_too_many_are_compared_with_the_best_on_validation(golden: Golden) -> None:
    # 100 draws can give p = 2/101 at the least: three pairs of three runs would not survive Holm.
    table = [
        (name, run(name, 1.0 + index, splits=("validation", "test"))) for index, name in enumerate("abc")
    ]
    assert of(table, draws=10_000).reference == ""
    worse_on_test = [
        (
            name,
            Predictions.concat([predictions.only(split="validation"), run("x", 0.1)])
            if name == "c"
            else predictions,
        )
        for name, predictions in table
    ]
    comparison = of(worse_on_test, draws=100)
    assert comparison.reference == "c"
    assert [set(pair.names) for pair in comparison.pairs] == [{"b", "c"}, {"a", "c"}]
    assert comparison.groups == (("b", "a"), ("c",))
    errors = [refused(lambda: comparison.pair("a", "b")), refused(lambda: comparison.run("x"))]
    assert [type(error) for error in errors] == [PredictionsError] * 2
    assert {"a", "b"} <= set(words(str(errors[0])))
    assert [word for word in words(str(errors[1])) if word in "abcx"] == ["x", "b", "a", "c"]
    golden("scoring/not-compared", "\n".join(map(str, errors)))


def test_what_limits_a_comparison_of_many_runs(golden: Golden) -> None:
    three = of(runs(1.0, 2.0, 3.0), draws=100)
    assert three.reference == "c"
    # Four comparisons with one run: 4 × 2/101 is above 0.05.
    four = of(runs(1.0, 2.0, 3.0, 4.0), draws=100)
    assert four.limitations[0] == three.limitations[0]
    assert len(four.limitations) == len(three.limitations) + 1
    golden("scoring/limitations-of-many-runs", "\n".join(four.limitations))


def test_every_pair_is_compared_as_long_as_holm_could_establish_it() -> None:
    comparison = of(runs(*np.linspace(0.5, 1.5, 6)), draws=2_000)
    assert {pair.names for pair in comparison.pairs} == {frozenset(two) for two in combinations("abcdef", 2)}


def test_tables_have_a_row_a_run_and_a_row_a_pair() -> None:
    comparison = of(runs(0.5, 1.0, 1.5))
    table, pairs = comparison.runs_table(), comparison.pairs_table()
    assert table["name"].tolist() == [ranked.name for ranked in comparison.runs]
    assert table["tie"].tolist() == [ranked.tie for ranked in comparison.runs]
    assert len(pairs) == 3
    assert pairs.loc[0, "difference"] == comparison.pairs[0].difference.value
    assert pairs.loc[0, "p_mcnemar_lowest"] == min(comparison.pairs[0].mcnemar)
    assert pairs["established"].tolist() == [pair.separable for pair in comparison.pairs]


def test_biased_metrics_differ_around_their_difference() -> None:
    """ECE grows under resampling; the interval of a difference is moved back to it."""
    comparison = of(runs(0.5, 1.5, n_seeds=1), "ece_equal_mass")
    (pair,) = comparison.pairs
    assert pair.difference.low < pair.difference.value < pair.difference.high
    middle = (pair.difference.low + pair.difference.high) / 2
    assert middle == pytest.approx(pair.difference.value, abs=0.3 * pair.difference.se)
    for ranked in comparison.runs:
        assert ranked.low < ranked.value < ranked.high
