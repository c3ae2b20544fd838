"""Runs in, a Comparison out: by hand, against other libraries, and what it refuses."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from compare.made_runs import frames, run, unstated, with_rows
from scipy import stats
from sklearn.metrics import f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.compare import Comparison, compare
from harness.errors import ConfigError, PredictionsError
from harness.labels import STANCE, LabelSet
from harness.tables import Predictions

Runs = list[tuple[str, Predictions]]


def runs(*skills: float, group: int = 0, n_seeds: int = 3) -> Runs:
    return [
        (name, run(name, skill, group=group, n_seeds=n_seeds))
        for name, skill in zip("abcdef", skills, strict=False)
    ]


def of(table: Runs, metric: str = "f1_macro", draws: int = 2_000, **options: object) -> Comparison:
    return compare(table, metric, draws=draws, **options)  # type: ignore[arg-type]


def test_values_and_spreads_are_those_of_scikit_learn() -> None:
    table = runs(0.5, 1.5)
    found = of(table)
    for name, predictions in table:
        rows = predictions.rows
        each = [
            f1_score(own["truth"], own["prediction"], labels=list(STANCE.names), average="macro")
            for _, own in rows.groupby("seed")
        ]
        entry = found.entry(name)
        assert entry.value == pytest.approx(np.mean(each))
        assert entry.seed_sd == pytest.approx(np.std(each, ddof=1))
        assert entry.low < entry.value < entry.high
    assert [entry.name for entry in found.entries] == ["b", "a"]
    assert (found.n_items, found.n_clusters, found.n_draws) == (240, 240, 2_000)


def test_a_clear_difference_is_established_and_a_small_one_is_not() -> None:
    found = of(runs(0.2, 1.6, 1.62))
    best, other = found.entries[0].name, found.entries[1].name
    assert {best, other} == {"b", "c"}
    assert found.groups == ((best, other), ("a",))
    assert [entry.group for entry in found.entries] == [1, 1, 2]
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
    assert found.without == {"McNemar": "items come in groups, and the test takes them for independent"}


def test_frames_have_no_mcnemar_and_rank_metrics_no_randomization() -> None:
    found = of([("a", frames("a", 0.5)), ("b", frames("b", 1.0))], "average_precision_macro", draws=5_000)
    assert found.n_draws == 1_000
    assert math.isnan(found.pairs[0].randomization)
    assert found.without == {
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
    assert two.entry("a").low == three.entry("a").low
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
    assert found.entry("b").value == pytest.approx(np.mean(each))
    assert found.pairs[0].randomization < 0.01


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("f1", "metric: 'f1' has one value a label; choose one of f1_critical, f1_neutral, f1_supportive"),
        ("f1_makro", "metric: unknown metric 'f1_makro'; did you mean 'f1_macro'?"),
        ("jaccard", "metric: 'jaccard' is for multi-label tasks, and this one is single-label"),
        ("math:pi", "metric: 'math:pi' is not a Metric; see harness.metrics.metric"),
    ],
)
def test_a_metric_that_does_not_apply_is_refused(metric: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        of(runs(0.5, 1.5), metric)
    assert str(caught.value) == message


def flipped(table: Predictions) -> Predictions:
    truth = table.rows["truth"].where(table.rows["id"] != "i000", "neutral")
    others = {"critical": "supportive", "supportive": "critical", "neutral": "critical"}
    return with_rows(table, truth=truth.where(table.rows["id"] != "i001", table.rows["truth"].map(others)))


REORDERED = LabelSet(("neutral", "critical", "supportive"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flipped, "it was scored on another test set: 240 items, fingerprint FINGERPRINT"),
        (
            lambda table: Predictions(STANCE, table.rows[table.rows["id"] != "i000"]),
            "it was scored on another test set: 239 items, fingerprint FINGERPRINT",
        ),
        (
            lambda table: Predictions(REORDERED, table.rows),
            "its labels are neutral, critical, supportive; those of the others are critical, neutral,"
            " supportive",
        ),
        (lambda table: with_rows(table, split="select"), "it has no test rows"),
        (
            lambda table: with_rows(table, group="g"),
            "it groups the test items in another way than the others",
        ),
        (lambda table: with_rows(table, target="t"), "it names other targets than the others"),
    ],
)
def test_what_does_not_belong_is_left_out_with_the_reason(change: object, reason: str) -> None:
    odd = change(run("c", 1.0))  # type: ignore[operator]
    found = of([*runs(0.8, 1.2), ("odd", odd)])
    fingerprint = odd.only(split="test").fingerprint()
    assert found.refused == {"odd": reason.replace("FINGERPRINT", fingerprint)}
    assert {entry.name for entry in found.entries} == {"a", "b"}


def test_the_test_set_is_the_one_that_most_runs_have() -> None:
    odd = flipped(run("odd", 1.0))
    found = of([("odd", odd), *runs(0.8, 1.2)])
    assert list(found.refused) == ["odd"]


def test_frames_do_not_compare_with_stances() -> None:
    with pytest.raises(PredictionsError) as caught:
        of([("a", run("a", 1.0)), ("b", frames("b", 1.0))])
    assert str(caught.value) == (
        "a comparison takes two runs, and only a is left\n"
        "b: its labels are conflict, human_interest, economic_consequences, morality, responsibility"
        " (several at once); those of the others are critical, neutral, supportive"
    )


def test_no_run_and_names_that_repeat_are_refused() -> None:
    with pytest.raises(PredictionsError, match="^there is no run to compare$"):
        of([])
    one = run("a", 1.0)
    with pytest.raises(PredictionsError, match="^two runs are called 'a'; give each a name of its own$"):
        of([("a", one), ("a", one)])


def test_without_probabilities_labels_compare_and_probabilities_do_not() -> None:
    table = [("a", unstated(run("a", 0.5))), ("b", run("b", 1.0)), ("c", run("c", 1.5))]
    assert of(table).refused == {}
    assert of(table, "brier").refused == {"a": "it has no probabilities, which brier needs"}


def test_a_single_group_gives_no_interval_and_says_so() -> None:
    found = of([(name, with_rows(one, group="g")) for name, one in runs(0.5, 1.5)])
    assert found.n_clusters == 1
    (pair,) = found.pairs
    assert np.isnan([entry.low for entry in found.entries]).all()
    assert np.isnan([entry.item_se for entry in found.entries]).all()
    assert np.isnan([pair.difference.p, pair.holm, pair.probability, pair.randomization, pair.needed]).any()
    assert not pair.separable
    assert found.without["randomization"] == "there is one group only"
    assert found.cautions[0] == "All items belong to one group, so no interval can be given."


def test_a_class_that_test_lacks_is_said() -> None:
    def lacking(one: Predictions) -> Predictions:
        return Predictions(STANCE, one.rows[one.rows["truth"] != "neutral"])

    found = of([(name, lacking(one)) for name, one in runs(0.5, 1.5)])
    assert found.cautions[0] == (
        "No item is 'neutral', so its F1 is 0 by convention and lowers macro averages."
    )


def test_a_difference_without_variance_is_said() -> None:
    right = run("a", 1.0, n_seeds=1)
    right = with_rows(right, prediction=right.rows["truth"])
    others = {"critical": "neutral", "neutral": "supportive", "supportive": "critical"}
    wrong = with_rows(right, prediction=right.rows["truth"].map(others))
    found = of([("right", right), ("wrong", wrong)], deterministic=("right", "wrong"))
    assert found.pairs[0].difference.low == found.pairs[0].difference.high == 1
    assert found.cautions == ("Some differences are the same in every draw; their intervals have no width.",)


def test_a_metric_that_is_undefined_is_refused_rather_than_ranked() -> None:
    with pytest.raises(PredictionsError) as caught:
        of(runs(0.5, 1.0), "compare.made_runs:NOWHERE")
    assert str(caught.value) == (
        "a comparison takes two runs, and none is left\n"
        "a: its nowhere is undefined on these items\n"
        "b: its nowhere is undefined on these items"
    )


@pytest.mark.parametrize(
    ("n_seeds", "deterministic", "cautions"),
    [
        (1, (), ["One seed only: a, b. What another seed would have given is not in the intervals."]),
        (1, ("a",), ["One seed only: b. What another seed would have given is not in the intervals."]),
        (1, ("a", "b"), []),
        (4, (), ["Fewer than 5 seeds: a, b. Their intervals are somewhat too narrow."]),
        (5, (), []),
    ],
)
def test_few_seeds_are_cautioned_of(
    n_seeds: int, deterministic: tuple[str, ...], cautions: list[str]
) -> None:
    found = of(runs(1.0, 1.2, n_seeds=n_seeds), deterministic=deterministic)
    assert [line for line in found.cautions if "seed" in line and "spread" not in line] == cautions


@pytest.mark.parametrize(("groups", "said"), [(49, True), (50, False)])
def test_few_groups_are_cautioned_of(groups: int, said: bool) -> None:
    table = [(name, run(name, 1.0, n=groups * 3, group=3, n_seeds=5)) for name in "ab"]
    caution = f"{groups} groups are few (50 are enough): intervals are too narrow."
    assert (caution in of(table).cautions) == said


def test_seeds_that_differ_more_than_items_are_cautioned_of() -> None:
    good, bad = run("a", 3.0, n_seeds=2), run("a", 0.0, n_seeds=2)
    wild = Predictions.concat([good.only(seed=1), bad.only(seed=2)])
    assert of([("wild", wild), ("tame", run("b", 1.0, n_seeds=1))]).cautions[-1] == (
        "The spread over seeds is larger than that over items: wild. Their intervals are too narrow unless"
        " there are many seeds."
    )


def test_runs_that_are_too_many_are_compared_with_the_best_on_select() -> None:
    # 100 draws can give p = 2/101 at the least: three pairs of three runs would not survive Holm.
    table = [(name, run(name, 1.0 + place, splits=("select", "test"))) for place, name in enumerate("abc")]
    assert of(table, draws=10_000).reference == ""
    worse_on_test = [
        (name, Predictions.concat([one.only(split="select"), run("x", 0.1)]) if name == "c" else one)
        for name, one in table
    ]
    found = of(worse_on_test, draws=100)
    assert found.reference == "c"
    assert [set(pair.names) for pair in found.pairs] == [{"b", "c"}, {"a", "c"}]
    assert found.groups == (("b", "a"), ("c",))
    with pytest.raises(StopIteration):
        found.pair("a", "b")


def test_without_select_the_choice_by_test_is_cautioned_of() -> None:
    found = of(runs(1.0, 2.0, 3.0), draws=100)
    assert found.reference == "c"
    assert found.cautions[0] == (
        "Not all runs have select rows, so the run that all are compared with was chosen by the test items"
        " themselves: that flatters it, and p-values are too small."
    )


def test_too_few_draws_to_establish_anything_are_said() -> None:
    # Four comparisons with one run: 4 × 2/101 is above 0.05.
    found = of(runs(1.0, 2.0, 3.0, 4.0), draws=100)
    assert found.cautions[-1] == "With so few draws no difference between so many runs can be established."


def test_every_pair_is_compared_as_long_as_holm_could_establish_it() -> None:
    found = of(runs(*np.linspace(0.5, 1.5, 6)), draws=2_000)
    assert {pair.names for pair in found.pairs} == {frozenset(two) for two in combinations("abcdef", 2)}


def test_tables_have_a_row_a_run_and_a_row_a_pair() -> None:
    found = of(runs(0.5, 1.0, 1.5))
    table, pairs = found.runs_table(), found.pairs_table()
    assert table["name"].tolist() == [entry.name for entry in found.entries]
    assert table["group"].tolist() == [entry.group for entry in found.entries]
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
    for entry in found.entries:
        assert entry.low < entry.value < entry.high
