"""Runs in, a Comparison out: by hand, against other libraries, and what it refuses."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from scoring.comparison.toy_runs import frames, of, run, runs
from sklearn.metrics import f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.values.errors import PredictionsError
from harness.values.labels import STANCE
from harness.values.tables import Predictions


def test_values_and_spreads_are_those_of_scikit_learn() -> None:
    table = runs(0.5, 1.5)
    found = of(table)
    for name, predictions in table:
        rows = predictions.rows
        each = [
            f1_score(own["truth"], own["prediction"], labels=list(STANCE.names), average="macro")
            for _, own in rows.groupby("seed")
        ]
        entry = found.run(name)
        assert entry.value == pytest.approx(np.mean(each))
        assert entry.seed_sd == pytest.approx(np.std(each, ddof=1))
        assert entry.low < entry.value < entry.high
    assert [entry.name for entry in found.runs] == ["b", "a"]
    assert (found.n_items, found.n_clusters, found.n_draws) == (240, 240, 2_000)


def test_a_clear_difference_is_established_and_a_small_one_is_not() -> None:
    found = of(runs(0.2, 1.6, 1.62))
    best, other = found.runs[0].name, found.runs[1].name
    assert {best, other} == {"b", "c"}
    assert found.groups == ((best, other), ("a",))
    assert [entry.group for entry in found.runs] == [1, 1, 2]
    near, far = found.pair("b", "c"), found.pair("a", best)
    assert not near.separable
    assert (far.better, far.separable) == (best, True)
    assert far.probability == 1
    assert far.randomization < 0.01
    assert far.difference.low > 0
    assert near.needed > found.n_items


def test_the_corrected_p_values_are_statsmodels() -> None:
    found = of(runs(1.0, 1.1, 1.2, 1.3))
    expected = multipletests([pair.difference.p for pair in found.pairs], method="holm")[1]
    assert [pair.holm for pair in found.pairs] == pytest.approx(expected)
    assert len(found.pairs) == 6


def test_the_interval_of_a_difference_is_scipys() -> None:
    # Ungrouped, one seed: the share of right labels is a mean of independent items.
    table = runs(0.9, 1.2, n_seeds=1)
    right = [(one.rows["truth"] == one.rows["prediction"]).to_numpy(dtype=float) for _, one in table]
    theirs = stats.bootstrap(
        tuple(right),
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    found = of(table, "accuracy", draws=10_000).pair("a", "b").difference
    error = theirs.standard_error
    assert found.se == pytest.approx(error, rel=0.03)
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.1 * error)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.1 * error)


def test_mcnemar_is_statsmodels_one_pair_of_seeds_at_a_time() -> None:
    (_, a), (_, b) = table = [("a", run("a", 0.8, n_seeds=2)), ("b", run("b", 1.2, n_seeds=3))]
    pair = of(table).pair("a", "b")
    expected = []
    # The two seeds of the shorter run are repeated in turn.
    for seed_a, seed_b in ((1, 1), (2, 2), (1, 3)):
        one, other = (
            (own.rows["truth"] == own.rows["prediction"]).to_numpy()
            for own in (a.only(seed=seed_a), b.only(seed=seed_b))
        )
        counts = [[(one & other).sum(), (one & ~other).sum()], [(~one & other).sum(), (~one & ~other).sum()]]
        few = counts[0][1] + counts[1][0] < 25
        expected.append(mcnemar(counts, exact=few, correction=True).pvalue)
    assert sorted(pair.mcnemar) == pytest.approx(sorted(expected))


def test_with_groups_mcnemar_is_left_out_and_the_comparison_says_why() -> None:
    found = of(runs(0.8, 1.2, group=3))
    assert found.n_clusters == 80
    assert found.pairs[0].mcnemar == ()
    assert found.omitted_tests == {"McNemar": "items come in groups, and the test takes them for independent"}


def test_frames_have_no_mcnemar_and_rank_metrics_no_randomization() -> None:
    found = of([("a", frames("a", 0.5)), ("b", frames("b", 1.0))], "average_precision_macro", draws=5_000)
    assert found.n_draws == 1_000
    assert math.isnan(found.pairs[0].randomization)
    assert found.omitted_tests == {
        "McNemar": "items may have several labels, so none is simply right or wrong",
        "randomization": "average_precision_macro is not computed from sums over items",
    }


def test_where_a_low_score_is_good_the_lower_one_is_better() -> None:
    found = of(runs(0.4, 1.5), "brier")
    (pair,) = found.pairs
    assert (pair.better, pair.worse) == ("b", "a")
    assert pair.difference.value < 0
    assert pair.difference.high < 0
    assert pair.probability == 1
    assert pair.separable
    assert pair.randomization < 0.01


def test_the_same_predictions_twice_are_no_difference() -> None:
    one = run("a", 1.0, n_seeds=1)
    found = of([("a", one), ("again", one)])
    (pair,) = found.pairs
    assert (pair.difference.value, pair.difference.low, pair.difference.high) == (0, 0, 0)
    assert (pair.holm, pair.probability, pair.randomization) == (1, 0.5, 1)
    assert (pair.mcnemar, pair.needed) == ((1.0,), math.inf)
    assert found.groups == (("a", "again"),)


def test_the_order_of_rows_does_not_matter() -> None:
    table = runs(1.0, 1.2, group=3)
    shuffled = [
        (name, Predictions(STANCE, one.rows.sample(frac=1, random_state=place).reset_index(drop=True)))
        for place, (name, one) in enumerate(table)
    ]
    assert of(table).pairs == of(shuffled).pairs


def test_a_third_run_changes_nothing_between_two() -> None:
    two, three = of(runs(1.0, 1.2)), of(runs(1.0, 1.2, 1.4))
    assert two.pair("a", "b").difference == three.pair("a", "b").difference
    assert two.run("a").low == three.run("a").low
    # But it is one more comparison to be wrong about.
    assert three.pair("a", "b").detectable > two.pair("a", "b").detectable


def test_one_labels_score_can_be_compared() -> None:
    found = of(runs(0.5, 1.5), "f1_critical")
    assert found.metric == "f1_critical"
    rows = run("b", 1.5).rows
    each = [
        f1_score(own["truth"] == "critical", own["prediction"] == "critical")
        for _, own in rows.groupby("seed")
    ]
    assert found.run("b").value == pytest.approx(np.mean(each))
    assert found.pairs[0].randomization < 0.01


def test_runs_that_are_too_many_are_compared_with_the_best_on_validation() -> None:
    # 100 draws can give p = 2/101 at the least: three pairs of three runs would not survive Holm.
    table = [
        (name, run(name, 1.0 + place, splits=("validation", "test"))) for place, name in enumerate("abc")
    ]
    assert of(table, draws=10_000).reference == ""
    worse_on_test = [
        (name, Predictions.concat([one.only(split="validation"), run("x", 0.1)]) if name == "c" else one)
        for name, one in table
    ]
    found = of(worse_on_test, draws=100)
    assert found.reference == "c"
    assert [set(pair.names) for pair in found.pairs] == [{"b", "c"}, {"a", "c"}]
    assert found.groups == (("b", "a"), ("c",))
    with pytest.raises(PredictionsError, match="^a and b were not compared with each other$"):
        found.pair("a", "b")
    with pytest.raises(PredictionsError, match="^x is not among the runs: b, a, c$"):
        found.run("x")


def test_without_select_the_choice_by_test_is_cautioned_of() -> None:
    found = of(runs(1.0, 2.0, 3.0), draws=100)
    assert found.reference == "c"
    assert found.limitations[0] == (
        "Not all runs have validation rows, so the run that all are compared with was chosen by the test"
        " items themselves: that flatters it, and p-values are too small."
    )


def test_too_few_draws_to_establish_anything_are_said() -> None:
    # Four comparisons with one run: 4 × 2/101 is above 0.05.
    found = of(runs(1.0, 2.0, 3.0, 4.0), draws=100)
    assert found.limitations[-1] == "With so few draws no difference between so many runs can be established."


def test_every_pair_is_compared_as_long_as_holm_could_establish_it() -> None:
    found = of(runs(*np.linspace(0.5, 1.5, 6)), draws=2_000)
    assert {pair.names for pair in found.pairs} == {frozenset(two) for two in combinations("abcdef", 2)}


def test_tables_have_a_row_a_run_and_a_row_a_pair() -> None:
    found = of(runs(0.5, 1.0, 1.5))
    table, pairs = found.runs_table(), found.pairs_table()
    assert table["name"].tolist() == [entry.name for entry in found.runs]
    assert table["group"].tolist() == [entry.group for entry in found.runs]
    assert len(pairs) == 3
    assert pairs.loc[0, "difference"] == found.pairs[0].difference.value
    assert pairs.loc[0, "p_mcnemar_lowest"] == min(found.pairs[0].mcnemar)
    assert pairs["established"].tolist() == [pair.separable for pair in found.pairs]


def test_biased_metrics_differ_around_their_difference() -> None:
    """ECE grows under resampling; the interval of a difference is moved back to it."""
    found = of(runs(0.5, 1.5, n_seeds=1), "ece_equal_mass")
    (pair,) = found.pairs
    assert pair.difference.low < pair.difference.value < pair.difference.high
    middle = (pair.difference.low + pair.difference.high) / 2
    assert middle == pytest.approx(pair.difference.value, abs=0.3 * pair.difference.se)
    for entry in found.runs:
        assert entry.low < entry.value < entry.high
