"""Predictions are aligned over seeds and folds; what cannot be aligned is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden

from harness.scoring.aligned import AlignedPredictions, Design, effective_number
from harness.values.errors import PredictionsError
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

LABELS = LabelSet(("critical", "neutral", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)

ITEMS: tuple[dict[str, Any], ...] = (
    {"id": "a", "target": "X", "group": "g1", "truth": "critical"},
    {"id": "b", "target": "Y", "group": "g1", "truth": "neutral"},
    {"id": "c", "target": "X", "group": None, "truth": "supportive"},
    {"id": "g1", "target": None, "group": None, "truth": "critical"},
)


def rows(seed: int, items: tuple[Mapping[str, Any], ...] = ITEMS, **changed: Any) -> list[dict[str, Any]]:
    """One row per item; seed 1 predicts critical for all, seed 2 neutral."""
    proba = {"p_critical": 0.6, "p_neutral": 0.3, "p_supportive": 0.1}
    if seed == 2:
        proba = {"p_critical": 0.2, "p_neutral": 0.5, "p_supportive": 0.3}
    prediction = max(proba, key=lambda name: proba[name])[2:]
    keys = {"run": "r", "split": "test", "seed": seed, "fold": 0}
    return [{**keys, **item, "prediction": prediction, **proba, **changed} for item in items]


def table(*parts: list[dict[str, Any]], labels: LabelSet = LABELS) -> Predictions:
    return Predictions(labels, pd.DataFrame([row for part in parts for row in part]))


def refusal(*parts: list[dict[str, Any]]) -> str:
    with pytest.raises(PredictionsError) as caught:
        AlignedPredictions.of(table(*parts))
    return str(caught.value)


def test_seeds_are_aligned_whatever_their_order() -> None:
    sample = AlignedPredictions.of(table(rows(2)[::-1], rows(1)))
    assert sample.seeds == (1, 2)
    assert sample.ids.tolist() == ["a", "b", "c", "g1"]
    assert sample.truth.tolist() == [0, 1, 2, 0]
    assert sample.predicted.tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]
    assert sample.proba[:, 0].tolist() == [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]


def test_a_cluster_is_a_group_or_an_item_without_one() -> None:
    sample = AlignedPredictions.of(table(rows(1)))
    # The item g1 is not the group g1.
    assert sample.clusters.tolist() == [0, 0, 1, 2]
    assert sample.n_clusters == 3
    assert sample.targets.tolist() == [0, 1, 0, 2]


def test_folds_are_pooled_and_an_item_may_stand_in_several() -> None:
    sample = AlignedPredictions.of(table(rows(1), rows(1, fold=1), rows(2, fold=1), rows(2)))
    assert sample.ids.tolist() == ["a", "b", "c", "g1"] * 2
    # The same item is the same cluster, whichever fold scored it.
    assert sample.clusters.tolist() == [0, 0, 1, 2] * 2


def test_repeats_score_an_item_again() -> None:
    halves = [rows(1, ITEMS[:2], fold=1), rows(1, ITEMS[2:], fold=2)]
    again = [rows(1, ITEMS[1:3], fold=3), rows(1, (ITEMS[0], ITEMS[3]), fold=4)]
    sample = AlignedPredictions.of(table(*halves, *again))
    assert sample.design == Design(folds=2, repeats=2)
    assert sample.repeats is not None
    assert sample.repeats.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert (len(sample), sample.n_items, len(sample.once)) == (8, 4, 4)
    assert sample.once.ids.tolist() == ["a", "b", "c", "g1"]
    part = sample.only(["b", "c"])
    assert (part.n_items, part.design) == (2, sample.design)
    # Without repeats, folds are pooled; a single part has none.
    assert AlignedPredictions.of(table(*halves)).design == Design(folds=2)
    assert not AlignedPredictions.of(table(rows(1))).design.cross_validated


def test_repeats_stand_as_further_seeds_of_each_item() -> None:
    first = rows(1, ITEMS, fold=1)
    second = [dict(row, prediction="neutral") for row in rows(1, ITEMS[::-1], fold=2)]
    sample = AlignedPredictions.of(table(first, second)).by_model
    assert sample.ids.tolist() == ["a", "b", "c", "g1"]
    assert sample.predicted.tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]
    assert sample.repeats is None


def test_rows_that_folds_draw_anew_are_no_repeats() -> None:
    """Validation rows: an item is in those of one fold, of two, or of none."""
    sample = AlignedPredictions.of(table(rows(1, ITEMS[:2], fold=1), rows(1, ITEMS[1:], fold=2)))
    assert sample.design == Design(folds=2)
    assert sample.n_items == 5


def test_cells_count_what_each_cluster_holds() -> None:
    sample = AlignedPredictions.of(table(rows(1), rows(2)))
    assert sample.cells.shape == (3, 2, 3, 3)
    # Cluster 0 holds a (critical) and b (neutral); seed 1 predicts critical, seed 2 neutral.
    assert sample.cells[0].tolist() == [
        [[1, 0, 0], [1, 0, 0], [0, 0, 0]],
        [[0, 1, 0], [0, 1, 0], [0, 0, 0]],
    ]
    assert sample.cells.sum() == 8


def test_cells_by_target_are_the_same_counts_apart() -> None:
    sample = AlignedPredictions.of(table(rows(1), rows(2)))
    clusters, cells, shape = sample.target_cells
    assert shape == (2, 3, 3, 3)
    whole = np.zeros((3, *shape), dtype=int)
    np.add.at(whole.reshape(3, -1), (clusters, cells), 1)
    assert np.array_equal(whole.sum(axis=2), sample.cells)
    # Target 0 (X) has a in cluster 0, truly critical.
    assert whole[0, 0, 0].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_several_labels_a_row() -> None:
    keys = {"run": "r", "split": "test", "seed": 1, "fold": 0, "target": None, "group": "g"}
    predictions = {"prediction_conflict": 1, "prediction_morality": 1, "p_conflict": 0.9, "p_morality": 0.8}
    items = [
        {**keys, "id": "a", "truth_conflict": 1, "truth_morality": 0, **predictions},
        {**keys, "id": "b", "truth_conflict": 0, "truth_morality": 0, **predictions},
    ]
    sample = AlignedPredictions.of(table(items, labels=FRAMES))
    assert sample.truth.tolist() == [[1, 0], [0, 0]]
    # [label][truth][predicted]: conflict is once right and once wrong, morality twice wrong.
    assert sample.cells.tolist() == [[[[[0, 1], [0, 1]], [[0, 2], [0, 0]]]]]
    assert sample.ordered(["morality"]).cells.tolist() == [[[[[0, 2], [0, 0]], [[0, 1], [0, 1]]]]]


def test_labels_are_reordered_by_name() -> None:
    sample = AlignedPredictions.of(table(rows(1), rows(2))).ordered(["supportive", "critical"])
    assert sample.labels.names == ("supportive", "critical", "neutral")
    assert sample.truth.tolist() == [1, 2, 0, 1]
    assert sample.predicted.tolist() == [[1, 1, 1, 1], [2, 2, 2, 2]]
    assert sample.proba[1, 0].tolist() == [0.3, 0.2, 0.5]


def test_a_slice_numbers_its_clusters_anew() -> None:
    part = AlignedPredictions.of(table(rows(1), rows(2))).only(["c", "g1", "unknown"])
    assert part.ids.tolist() == ["c", "g1"]
    assert part.clusters.tolist() == [0, 1]
    assert part.cells.shape == (2, 2, 3, 3)
    assert len(AlignedPredictions.of(table(rows(1))).only([])) == 0


def test_clusters_of_unequal_size_count_as_fewer_equal_ones() -> None:
    # (Σ sizes)² / Σ sizes²: sizes 5, 1, 1, 1 give 64 / 28.
    assert effective_number(np.repeat([0, 1, 2, 3], [5, 1, 1, 1])) == pytest.approx(64 / 28)
    assert effective_number(np.repeat([0, 1, 2, 3], 7)) == 4
    # Codes of clusters that a slice does not hold count for nothing.
    assert effective_number(np.array([0, 0, 9, 9])) == 2
    assert effective_number(np.zeros(8, dtype=int)) == 1


def test_what_cannot_be_aligned(golden: Golden) -> None:
    changed = (*ITEMS[:2], {**ITEMS[2], "truth": "neutral"}, ITEMS[3])
    cases = {
        "a seed scores an item twice": (rows(1), rows(1)),
        "the second seed lacks an item": (rows(1), rows(2, ITEMS[:3])),
        "the first seed lacks an item": (rows(1, ITEMS[:3]), rows(2)),
        "seeds have different folds": (rows(1), rows(2, fold=1)),
        "seeds disagree on the truth": (rows(1), rows(2, changed)),
        "a probability is not a number": (rows(1, p_critical=float("nan")),),
        "probabilities do not sum to 1": (rows(1, p_critical=0.4),),
    }
    lines = [f"{case}: {refusal(*parts)}" for case, parts in cases.items()]
    with pytest.raises(PredictionsError) as caught:
        AlignedPredictions.of(table(rows(1)).only(split="validation"))
    golden("scoring/aligned-errors", "\n".join([*lines, f"there is no row: {caught.value}"]))
