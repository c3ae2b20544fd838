"""Predictions and slices in, how well each slice is labelled and which are worse out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scoring.comparison.made_runs import frames, run, with_rows

from harness.scoring.metrics.classification import ACCURACY, F1_MACRO
from harness.scoring.slice_tests import SliceResult, judge, reportable, score_rows
from harness.scoring.slices import Slice
from harness.scoring.statistics.bootstrap import corrected_p
from harness.values.minimums import MIN_GROUPS, MIN_ITEMS
from harness.values.tables import Predictions

IDS = [f"i{place:03}" for place in range(240)]


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
    (found,) = judge(table, [slice_of(IDS[:100])])
    rows = table.rows
    right = rows["truth"] == rows["prediction"]
    inside = rows["id"].isin(IDS[:100])
    each = right[inside].groupby(rows["seed"]).mean()
    assert found.share == pytest.approx(each.mean())
    assert found.seed_sd == pytest.approx(each.std(ddof=1))
    assert found.gap == pytest.approx(each.mean() - right[~inside].groupby(rows["seed"]).mean().mean())
    assert (found.n, found.groups) == (100, 100)
    assert found.low < found.share < found.high


def test_the_interval_is_that_of_scipy() -> None:
    table = run("a", 1.0, n_seeds=1)
    (found,) = judge(table, [slice_of(IDS[:120])])
    right = (table.rows["truth"] == table.rows["prediction"]).to_numpy(dtype=float)[:120]
    theirs = stats.bootstrap((right,), np.mean, method="percentile", n_resamples=5_000, rng=1)
    # Ours draws from all items, so the number inside varies a little, too.
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.15 * theirs.standard_error)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.15 * theirs.standard_error)


def test_a_slice_that_is_worse_is_flagged_and_others_are_not() -> None:
    table = spoilt(run("a", 2.0), IDS[:40])
    slices = [slice_of(IDS[at : at + 40], str(at)) for at in range(0, 240, 40)]
    found = judge(table, slices)
    assert [one.value for one in found if one.worse] == ["0"]
    assert found[0].share == 0
    assert found[0].p == pytest.approx(6 * corrected_p(2 / 10_001, 40))


def test_looking_at_many_is_corrected_for() -> None:
    """The villain: of many slices of a classifier that is equally good everywhere, some look bad."""
    stream = np.random.default_rng(0)
    slices = [slice_of(list(stream.permutation(IDS)[:35]), str(place)) for place in range(60)]
    found = judge(run("a", 0.6, n_seeds=1), slices)
    alone = [judge(run("a", 0.6, n_seeds=1), [one], draws=2_000)[0].p for one in slices]
    assert min(alone) <= 0.05
    assert [one.value for one in found if one.worse] == []


@pytest.mark.parametrize(("n", "judged"), [(MIN_ITEMS - 1, False), (MIN_ITEMS, True)])
def test_few_items_are_not_judged(n: int, judged: bool) -> None:
    (found,) = judge(run("a", 1.0), [slice_of(IDS[:n])])
    assert (found.n, found.underpowered) == (n, not judged)
    assert not found.worse


@pytest.mark.parametrize(("groups", "judged"), [(MIN_GROUPS - 1, False), (MIN_GROUPS, True)])
def test_few_groups_are_not_judged(groups: int, judged: bool) -> None:
    (found,) = judge(run("a", 1.0, group=3), [slice_of(IDS[: 3 * groups])])
    assert (found.groups, found.underpowered) == (groups, not judged)


def test_all_of_test_has_nothing_to_be_compared_with() -> None:
    (found,) = judge(run("a", 1.0), [slice_of(IDS)])
    assert found.underpowered


def test_a_slice_without_items_and_a_run_without_test_rows_are_nothing() -> None:
    assert judge(run("a", 1.0), [slice_of(["elsewhere"])]) == ()
    assert judge(run("a", 1.0, splits=("validation",)), [slice_of(IDS[:40])]) == ()


def test_of_frames_all_must_be_right() -> None:
    table = frames("a", 1.0, n_seeds=1)
    (found,) = judge(table, [slice_of(IDS[:100])])
    right = (table.truth() == table.predicted()).all(axis=1)
    assert found.share == pytest.approx(right[:100].mean())


def test_small_slices_of_a_column_with_many_values_are_counted() -> None:
    small = [SliceResult("target", f"t{place}", 2, 2) for place in range(40)]
    large = SliceResult("target", "t", 60, 60, 0.5, 0.4, 0.6, 0.1, 0.0, 1.0)
    few = [SliceResult("outlet", "o", 3, 3)]
    kept, counted = reportable([large, *small, *few])
    assert kept == [large, *few]
    assert counted == {"target": 40}


def test_rows_hold_the_share_and_the_primary_metric_where_labels_allow_it() -> None:
    table = run("a", 1.0)
    truth = dict(zip(table.rows["id"], table.rows["truth"], strict=True))
    whole, small = slice_of(IDS[:90], "whole"), slice_of(IDS[:10], "small")
    one_label = slice_of([id_ for id_ in IDS if truth[id_] == "critical"], "critical")
    slices = [whole, one_label, small]
    judged = judge(table, slices)
    rows = score_rows(table, slices, judged, F1_MACRO)
    assert rows[["metric", "slice"]].to_numpy().tolist() == [
        ["accuracy", "made=whole"],
        ["accuracy", "made=critical"],
        ["accuracy", "made=small"],
        ["f1_macro", "made=whole"],
    ]
    assert rows["value"].tolist()[:2] == [judged[0].share, judged[1].share]
    assert (rows["n"].tolist()[2], math.isnan(rows["value"].tolist()[2])) == (10, True)
    # Where the primary metric is the share itself it stands there once.
    assert len(score_rows(table, slices, judged, ACCURACY)) == 3
    assert set(rows["split"]) == {"test"}


def test_the_shares_metric_of_frames_is_named_as_elsewhere() -> None:
    table = frames("a", 1.0)
    slices = [slice_of(IDS[:60])]
    rows = score_rows(table, slices, judge(table, slices), F1_MACRO)
    assert rows["metric"].tolist() == ["exact_match", "f1_macro"]
