"""The simulation of coverage: that it runs, and that its results say what is claimed of them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

TOP = Path(__file__).parents[2]
RESULTS = TOP / "experiments" / "statistics" / "results.csv"
ERROR = 0.0069
"""The standard error of a share of 1,000 at 0.95."""
ALARMS = ["bootstrap", "randomization", "any of 6 pairs, Holm", "McNemar"]
"""Tests whose false positives are counted: the column ``what`` of the results."""


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(TOP), *sys.path])
    from experiments.statistics import simulate as module
    from experiments.statistics import worlds

    monkeypatch.setattr(worlds, "LARGE", 400)
    monkeypatch.setattr(module, "DRAWS", 1_000)
    return module


def test_it_counts_what_it_says(simulate: ModuleType) -> None:
    from experiments.statistics.worlds import World

    rows = pd.DataFrame(simulate.coverage(World("small", 20, n_seeds=2), 3))
    assert rows["what"].tolist() == list(simulate.SINGLE)
    assert (rows["repeats"] == 3).all()
    assert rows["share"].between(0, 1).all()
    assert (rows["conditions"] == "outside").all()
    alarms = pd.DataFrame(simulate.alarms(World("few", 40, mean_size=1.0, n_seeds=1, shift=0.0), 2))
    assert alarms["what"].tolist() == ALARMS


def test_a_world_is_what_it_says(simulate: ModuleType) -> None:
    from experiments.statistics.worlds import World, endless, items, predictions

    stream = np.random.default_rng(0)
    world = World("w", 60)
    run = predictions(world, items(world, stream), stream, "run")
    assert run.rows["group"].nunique() == 60
    assert run.rows["seed"].nunique() == 5
    alone = World("alone", 60, mean_size=1.0)
    assert predictions(alone, items(alone, stream), stream, "run").rows["group"].isna().all()
    assert len(endless(alone)) == 400
    frames = World("f", 60, multi=True)
    assert predictions(frames, items(frames, stream), stream, "run").labels.multi


def test_intervals_cover_what_they_say_within_the_conditions() -> None:
    rows = pd.read_csv(RESULTS)
    inside = rows[(rows["question"] == "coverage") & (rows["conditions"] == "inside")]
    shown = inside[~inside["what"].isin(["favg_target_mean", "ece_equal_mass", "rmsce_debiased"])]
    assert len(shown) > 40
    assert (shown["seed_sd_to_item_se"] <= 1).all()
    assert (shown["repeats"] >= 300).all()
    # They are on the safe side. Of so many shares a few lie two errors off, none three.
    assert (shown["share"] >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / shown["repeats"])).all()
    assert 0.95 <= shown["share"].mean() <= 0.975


def test_the_debiased_calibration_error_is_covered_and_nearly_right_on_average() -> None:
    rows = pd.read_csv(RESULTS)
    debiased = rows[rows["what"] == "rmsce_debiased"]
    assert set(debiased["setting"]) >= {"binned-ungrouped-200", "binned-grouped-50", "binned-one-seed-200"}
    assert (debiased["repeats"] == 1_000).all()
    assert (debiased["share"] >= 0.95 - 2 * ERROR).all()
    # ECE, on as many items, is .03 to .11 too large (the same file).
    biased = rows[rows["what"] == "ece_equal_mass"]
    assert ((debiased["mean"] - debiased["truth"]).abs() < 0.01).all()
    assert (biased["mean"] - biased["truth"]).min() > 0.01


def test_equal_runs_are_told_apart_at_most_as_often_as_they_say() -> None:
    rows = pd.read_csv(RESULTS)
    alarms = rows[rows["question"] == "false positives"]
    assert set(alarms["what"]) == set(ALARMS)
    assert (alarms["share"] <= 0.05 + 2 * ERROR).all()


def test_abstention_serves_rows_and_misses_the_risk_as_rarely_as_it_says() -> None:
    rows = pd.read_csv(TOP / "experiments" / "statistics" / "abstention.csv")
    assert (rows["repeats"] >= 2_000).all()
    # One in ten may miss the risk.
    assert (rows["missed"] <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / rows["repeats"])).all()
    informative = rows[rows["informative"] & (rows["groups"] == 300)]
    assert len(informative) == 4
    assert (informative["nothing"] <= 0.15).all()
    assert (informative["coverage"] >= 0.4).all()
    # Where nothing can be served at this risk, next to nothing is.
    assert (rows[~rows["informative"]]["coverage"] < 0.1).all()


def test_intervals_of_costs_and_of_another_label_mix_cover_what_they_say() -> None:
    rows = pd.read_csv(TOP / "experiments" / "statistics" / "costs_and_mix.csv")
    assert set(rows["articles"]) == {60, 130, 400}
    assert set(rows["sentences"]) == {1.0, 4.0}
    assert set(rows["score"]) >= {"expected_cost", "expected_cost_shifted", "f1_macro_shifted"}
    # Where a label has too few items there is no interval: rarely.
    assert (rows["repeats"] >= 900).all()
    assert (rows["share"] >= 0.93).all()
    assert 0.95 <= rows["share"].mean() <= 0.98
    # The scores themselves are right on average; those of few critical items vary most.
    usual = rows[(rows["articles"] == 400) & (rows["score"] != "expected_cost_shifted")]
    assert ((usual["mean"] - usual["truth"]).abs() < 0.01).all()


def test_costs_and_mixes_are_drawn_as_stated(simulate: ModuleType) -> None:
    from experiments.statistics import costs_and_mix as module

    many = module.Setting(20_000, 4.0, "other", 3)
    sample = module.drawn(many, np.random.default_rng(0))
    assert (sample.n_clusters, len(sample.seeds)) == (20_000, 3)
    table = sample.cells.sum(axis=0) / len(sample)
    expected = np.array(module.MIXES["other"])[:, None] * module.TAKEN_FOR
    assert abs(table - expected).max() < 0.01
    true = module.true_scores(many, tuple(module.resolve(module.METRICS, module.METRICS[0], module.LABELS)))
    # By hand: .5 x (.25 x 2 + .15 x 5) + .3 x (.15 + .15) + .2 x (.05 x 5 + .20).
    assert true["expected_cost_shifted"] == pytest.approx(0.805)
    rows = pd.DataFrame(module.coverage(module.Setting(60, 4.0, "alike"), 3))
    assert (rows["repeats"] == 3).all()
    assert set(rows["score"]) == set(true)


def test_intervals_of_rare_labels_and_unequal_articles_cover_what_they_say() -> None:
    rows = pd.read_csv(TOP / "experiments" / "statistics" / "rare.csv")
    assert sorted(set(rows["expected"])) == [3, 5, 10, 30]
    assert rows["articles"].nunique() == 3
    # At each point, and on average over the recalls of each score in each setting.
    assert (rows["share"] >= 0.90).all()
    means = rows.groupby(["articles", "expected", "score"])["share"].mean()
    assert (means >= 0.93).all()
    assert (rows["width"] > 0).all()


def test_corrected_gaps_hold_together_and_are_rarely_found_where_there_are_none() -> None:
    rows = pd.read_csv(TOP / "experiments" / "statistics" / "parity.csv")
    error = np.sqrt(0.05 * 0.95 / rows["repeats"])
    assert (rows["all hold"] >= 0.95 - 2 * error).all()
    without = rows[rows["gap"] == 0]
    assert (without["any found"] <= (0.05 + 2 * error)[without.index]).all()
    # The largest gap alone was chosen for being large.
    assert (without["largest alone holds"] < 0.95).all()


def test_audits_fail_what_is_broken_and_never_what_is_sound() -> None:
    rows = pd.read_csv(TOP / "experiments" / "statistics" / "audit_power.csv")
    table = rows.pivot_table(
        index=["audit", "classifier", "items"], columns="verdict", values="count", fill_value=0
    )
    shares = table.div(table.sum(axis=1), axis=0)
    assert (shares.xs("sound", level="classifier")["failed"] == 0).all()
    broken = shares.drop(index=["sound", "twin as good"], level="classifier")
    # A broken classifier is undecided or found, at 500 items mostly found.
    assert (broken["passed"] == 0).all()
    assert (broken.xs(500, level="items")["failed"] >= 0.7).all()


TRAINED_ANEW = TOP / "experiments" / "statistics" / "trained_anew.csv"


def test_intervals_and_tests_of_repeated_folds_hold_for_the_classifier_trained_anew() -> None:
    rows = pd.read_csv(TRAINED_ANEW)
    folds = rows[rows["question"] == "folds"]
    repeated = folds[(folds["repeats"] == 10) & (folds["features"] == 20) & (folds["folds"] == 5)]
    assert set(repeated["articles"]) == {60, 130, 400}
    assert (repeated["repetitions"] >= 4_000).all()
    # In every setting, the hard ones too.
    assert (folds["covered"] >= 0.94).all()
    assert (folds["rejected"] <= 0.06).all()
    # Over items alone, equal classifiers are told apart too often.
    assert (repeated["rejected_items"] > 0.05).all()
    assert (folds["width"] > folds["width_items"]).all()


def test_seeds_that_enter_the_test_keep_equal_classifiers_together() -> None:
    rows = pd.read_csv(TRAINED_ANEW)
    seeded = rows[rows["question"] == "seeds"].set_index(["seeds", "items"])["rejected"]
    assert sorted(set(seeded.index.get_level_values("items"))) == [138, 448, 1_034, 10_000]
    # One seed shows nothing of what another would do: the more items, the more often they are told apart.
    assert seeded[1].is_monotonic_increasing
    assert seeded[1, 10_000] > 0.5
    several = seeded.drop(index=1, level="seeds")
    error = (0.05 * 0.95 / 1_000) ** 0.5
    # Two seeds know little of their own spread.
    assert (several.loc[2] <= 0.07 + 2 * error).all()
    assert (several.drop(index=2, level="seeds") <= 0.05 + 2 * error).all()


def test_the_simulation_trains_in_each_fold(simulate: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.statistics import trained_anew as module

    setting = module.Folds(40, 4, 3, features=5)
    drawn = module.drawn_articles(setting, np.random.default_rng(0))
    folds = module.partitions(setting, np.random.default_rng(1))
    sample = module.cross_validated(drawn, 0, folds, setting)
    assert (sample.design.folds, sample.design.repeats, sample.n_items) == (4, 3, len(drawn.truth))
    # The first fold of the first repeat, trained on the other rows one by one.
    inside = folds[0][drawn.article] == 0
    x = drawn.features[0]
    means = np.stack([x[~inside & (drawn.truth == code)].mean(axis=0) for code in range(3)])
    nearest = ((x[inside, None] - means) ** 2).sum(axis=-1).argmin(axis=1)
    assert sample.predicted[0, : len(x)][inside].tolist() == nearest.tolist()
    monkeypatch.setattr(module, "expected_score", lambda _: 0.5)
    counted = module.folds_setting(setting, 2)
    assert counted["repetitions"] == 2
    seeded = module.seeds_setting(module.Seeds(90, 2), 2)
    assert 0 <= seeded["rejected"] <= 1
