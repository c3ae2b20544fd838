"""Runs of which some have gaps: compared on all items, in every test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison import compare
from harness.scoring.comparison.disagreement import RunItems, disagreement
from harness.scoring.comparison.pairs import mcnemar
from harness.scoring.crosstab import ALL, cross_tables
from harness.scoring.limitations import limitations
from harness.scoring.slice_tests import slice_results
from harness.scoring.slices import Slice
from harness.scoring.statistics import paired
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.tables import Predictions
from tests.gaps import some, without_answers
from tests.scoring.comparison.toy_runs import run

import pandas as pd  # isort: skip


def pair(labels: LabelSet = STANCE, share: float = 0.3) -> tuple[Predictions, Predictions]:
    """Two runs of the same skill, of which the second does not answer everything."""
    whole = run("whole", 1.0, labels=labels)
    other = run("gappy", 1.0, labels=labels)
    return whole, without_answers(other, some(other, share))


@pytest.mark.parametrize("labels", [STANCE, FRAMING], ids=["single", "multi"])
@pytest.mark.parametrize("metric", ["f1_macro", "average_precision_macro"])
def test_gaps_cost_what_they_are_worth(labels: LabelSet, metric: str) -> None:
    whole, gappy = pair(labels)
    compared = compare([("whole", whole), ("gappy", gappy)], metric, draws=500)
    assert compared.n_items == 240
    assert [each.name for each in compared.runs] == ["whole", "gappy"]
    (tested,) = compared.pairs
    assert tested.difference.low < tested.difference.value < tested.difference.high
    assert tested.separable
    if metric == "f1_macro":
        assert tested.randomization < 0.01
    assert any("gappy" in sentence for sentence in compared.limitations)


def test_runs_without_gaps_are_told_nothing_new() -> None:
    whole, _ = pair()
    compared = compare([("whole", whole), ("other", run("other", 1.0))], "f1_macro", draws=200)
    assert not any("missing" in sentence.lower() for sentence in compared.limitations)
    assert not any("missing" in sentence for sentence in limitations(whole))


def test_a_missing_answer_is_wrong_in_paired_tests() -> None:
    whole, gappy = (table.only(seed=1) for table in pair())
    right = [table.predicted() == table.truth() for table in (whole, gappy)]
    assert not (right[1] & gappy.missing()).any()
    samples = [AlignedPredictions.of(table) for table in (whole, gappy)]
    assert mcnemar(*samples) == (paired.mcnemar(*right),)


def test_items_without_an_answer_can_be_disputed() -> None:
    whole, gappy = (table.only(seed=1) for table in pair())
    differing = disagreement(("whole", "gappy"), RunItems.of(whole), RunItems.of(gappy))
    assert differing.n == len(whole)
    disputed = [item for item in differing.items if item.worse == "no answer"]
    assert disputed
    assert all(math.isfinite(item.gap) for item in differing.items)


def test_a_slice_counts_all_its_items() -> None:
    _, gappy = pair()
    ids = frozenset(f"i{index:03}" for index in range(0, 240, 2))
    (result,) = slice_results(gappy, [Slice("half", "even", ids)])
    of_slice = gappy.rows["id"].isin(ids).to_numpy()
    assert result.n == 120
    right = (gappy.predicted() == gappy.truth())[of_slice]
    assert result.share == pytest.approx(right.mean())


def test_the_limit_of_a_split_is_how_many_are_missing() -> None:
    _, gappy = pair()
    (sentence,) = [each for each in limitations(gappy) if "missing" in each]
    assert f"{gappy.missing().sum()} of {len(gappy)}" in sentence


def test_a_mention_without_an_answer_counts_in_totals_alone() -> None:
    mentions = pd.DataFrame({"party": ["a"] * 4, "group": [f"g{k}" for k in range(4)]})
    mentions["given_stance"] = ["critical", None, "neutral", None]
    mentions["given_frames"] = [("conflict",), None, (), ("conflict",)]
    (table,) = cross_tables(mentions, ["conflict"], ["critical", "neutral"], draws=50)
    share = {(cell.frame, cell.stance): cell.predicted.value for cell in table.cells}
    assert share[ALL, "critical"] == share[ALL, "neutral"] == 0.25
    assert share["conflict", ALL] == 0.5
    # The second mention has not been said to be without frames.
    assert share["none", ALL] == 0.25
    assert np.isclose(share[ALL, ALL], 1.0)
