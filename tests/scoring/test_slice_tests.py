"""Slices are compared with the other test items, and those that are worse are flagged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scoring.comparison.toy_runs import frames, run, with_rows

from harness.scoring.metrics.classification import ACCURACY, F1_MACRO
from harness.scoring.slice_tests import SliceResult, reportable, score_rows, slice_results
from harness.scoring.slices import Slice
from harness.scoring.statistics.few_clusters import corrected_p
from harness.values.minimums import MIN_GROUPS, MIN_ITEMS
from harness.values.tables import Predictions

IDS = [f"i{index:03}" for index in range(240)]


def slice_of(ids: list[str], value: str = "some") -> Slice:
    return Slice("made", value, frozenset(ids))


def spoilt(table: Predictions, ids: list[str], share: float = 1.0) -> Predictions:
    """Label these items wrongly."""
    others = {"critical": "neutral", "neutral": "supportive", "supportive": "critical"}
    chosen = table.rows["id"].isin(ids[: int(len(ids) * share)])
    wrong = table.rows["truth"].map(others)
    return with_rows(table, prediction=table.rows["prediction"].where(~chosen, wrong))


def test_shares_are_of_items_labelled_rightly() -> None:
    table = run("a", 1.0, n_seeds=2)
    (result,) = slice_results(table, [slice_of(IDS[:100])])
    rows = table.rows
    right = rows["truth"] == rows["prediction"]
    inside = rows["id"].isin(IDS[:100])
    each = right[inside].groupby(rows["seed"]).mean()
    assert result.share == pytest.approx(each.mean())
    assert result.seed_sd == pytest.approx(each.std(ddof=1))
    assert result.gap == pytest.approx(each.mean() - right[~inside].groupby(rows["seed"]).mean().mean())
    assert (result.n, result.groups) == (100, 100)
    assert result.low < result.share < result.high


def test_the_interval_is_that_of_scipy() -> None:
    table = run("a", 1.0, n_seeds=1)
    (result,) = slice_results(table, [slice_of(IDS[:120])])
    right = (table.rows["truth"] == table.rows["prediction"]).to_numpy(dtype=float)[:120]
    theirs = stats.bootstrap((right,), np.mean, method="percentile", n_resamples=5_000, rng=1)
    # Ours draws from all items, so the number inside varies a little, too.
    assert result.low == pytest.approx(theirs.confidence_interval.low, abs=0.15 * theirs.standard_error)
    assert result.high == pytest.approx(theirs.confidence_interval.high, abs=0.15 * theirs.standard_error)


def test_a_slice_that_is_worse_is_flagged_and_others_are_not() -> None:
    table = spoilt(run("a", 2.0), IDS[:40])
    slices = [slice_of(IDS[at : at + 40], str(at)) for at in range(0, 240, 40)]
    results = slice_results(table, slices)
    assert [result.value for result in results if result.worse] == ["0"]
    assert results[0].share == 0
    assert results[0].p == pytest.approx(6 * corrected_p(2 / 10_001, 40))


def test_looking_at_many_is_corrected_for() -> None:
    """Of many random slices of a classifier that is equally good everywhere, some look bad uncorrected."""
    stream = np.random.default_rng(0)
    slices = [slice_of(list(stream.permutation(IDS)[:35]), str(index)) for index in range(60)]
    results = slice_results(run("a", 0.6, n_seeds=1), slices)
    alone = [slice_results(run("a", 0.6, n_seeds=1), [slice_], draws=2_000)[0].p for slice_ in slices]
    assert min(alone) <= 0.05
    assert [result.value for result in results if result.worse] == []


@pytest.mark.parametrize(("n", "tested"), [(MIN_ITEMS - 1, False), (MIN_ITEMS, True)])
def test_few_items_are_not_tested(n: int, tested: bool) -> None:
    (result,) = slice_results(run("a", 1.0), [slice_of(IDS[:n])])
    assert (result.n, result.underpowered) == (n, not tested)
    assert not result.worse


@pytest.mark.parametrize(("groups", "tested"), [(MIN_GROUPS - 1, False), (MIN_GROUPS, True)])
def test_few_groups_are_not_tested(groups: int, tested: bool) -> None:
    (result,) = slice_results(run("a", 1.0, group=3), [slice_of(IDS[: 3 * groups])])
    assert (result.groups, result.underpowered) == (groups, not tested)


def test_all_of_test_has_nothing_to_be_compared_with() -> None:
    (result,) = slice_results(run("a", 1.0), [slice_of(IDS)])
    assert result.underpowered


def test_a_slice_without_items_and_a_run_without_test_rows_are_nothing() -> None:
    assert slice_results(run("a", 1.0), [slice_of(["elsewhere"])]) == ()
    assert slice_results(run("a", 1.0, splits=("validation",)), [slice_of(IDS[:40])]) == ()


def test_of_frames_all_must_be_right() -> None:
    table = frames("a", 1.0, n_seeds=1)
    (result,) = slice_results(table, [slice_of(IDS[:100])])
    right = (table.truth() == table.predicted()).all(axis=1)
    assert result.share == pytest.approx(right[:100].mean())


def test_small_slices_of_a_column_with_many_values_are_counted() -> None:
    small = [SliceResult("target", f"t{index}", 2, 2) for index in range(40)]
    large = SliceResult("target", "t", 60, 60, 0.5, 0.4, 0.6, 0.1, 0.0, 1.0)
    few = [SliceResult("outlet", "o", 3, 3)]
    listed, counted = reportable([large, *small, *few])
    assert listed == [large, *few]
    assert counted == {"target": 40}


def test_rows_hold_the_share_and_the_primary_metric_where_labels_allow_it() -> None:
    table = run("a", 1.0)
    truth = dict(zip(table.rows["id"], table.rows["truth"], strict=True))
    whole, small = slice_of(IDS[:90], "whole"), slice_of(IDS[:10], "small")
    one_label = slice_of([id_ for id_ in IDS if truth[id_] == "critical"], "critical")
    slices = [whole, one_label, small]
    results = slice_results(table, slices)
    rows = score_rows(table, slices, results, F1_MACRO)
    assert rows[["metric", "slice"]].to_numpy().tolist() == [
        ["accuracy", "made=whole"],
        ["accuracy", "made=critical"],
        ["accuracy", "made=small"],
        ["f1_macro", "made=whole"],
    ]
    assert rows["value"].tolist()[:2] == [results[0].share, results[1].share]
    assert (rows["n"].tolist()[2], math.isnan(rows["value"].tolist()[2])) == (10, True)
    # Where the primary metric is the share itself it stands there once.
    assert len(score_rows(table, slices, results, ACCURACY)) == 3
    assert set(rows["split"]) == {"test"}


def test_the_shares_metric_of_frames_is_named_as_elsewhere() -> None:
    table = frames("a", 1.0)
    slices = [slice_of(IDS[:60])]
    rows = score_rows(table, slices, slice_results(table, slices), F1_MACRO)
    assert rows["metric"].tolist() == ["exact_match", "f1_macro"]
