"""Every metric where predictions are missing, beside a recomputation item by item.

A missing prediction is a miss of what is true and a hit of nothing; where none is missing, nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics import calibration, prevalence
from harness.scoring.metrics.classification import expected_cost
from harness.scoring.metrics.selection import default_names
from harness.scoring.score import drawn_values, score, seed_values
from harness.values.catalog import lookup
from harness.values.labels import STANCE, LabelSet, missing_rows
from harness.values.tables import Predictions

FRAMES = LabelSet(("conflict", "morality", "economic"), multi=True)
LABEL_SETS = pytest.mark.parametrize("labels", [STANCE, FRAMES], ids=["single", "multi"])
N = 90
SINGLE = [lookup("metric", name, "") for name in default_names(STANCE)]
MULTI = [lookup("metric", name, "") for name in default_names(FRAMES)]


def sample(labels: LabelSet, *, share: float = 0.2, n: int = N, seed: int = 0) -> AlignedPredictions:
    """Items with random labels, predictions and probabilities, of which a share is missing."""
    draw = np.random.default_rng(seed)
    # Rounded, so that there are ties.
    proba = draw.dirichlet(np.ones(len(labels)), size=n).round(1) + 1e-3
    proba = proba / proba.sum(axis=1, keepdims=True)
    if labels.multi:
        proba = draw.random((n, len(labels))).round(1)
        truth = (draw.random((n, len(labels))) < 0.4).astype(np.int64)
    else:
        truth = draw.integers(len(labels), size=n)
    proba[draw.random(n) < share] = np.nan
    return AlignedPredictions(
        labels=labels,
        ids=np.array([f"i{k}" for k in range(n)], dtype=object),
        truth=truth,
        predicted=labels.decide(proba)[None],
        proba=proba[None],
        clusters=draw.integers(n // 3, size=n),
        targets=draw.integers(4, size=n),
        seeds=(1,),
    ).compact()


def values(aligned: AlignedPredictions, name: str) -> NDArray[np.float64]:
    return seed_values(aligned, lookup("metric", name, ""))[0]


def names_of(aligned: AlignedPredictions) -> tuple[list[str], list[str]]:
    """True and predicted labels of a single-label sample; "nothing" is what is missing."""
    names = (*aligned.labels.names, "nothing")
    return [names[k] for k in aligned.truth], [names[k] for k in aligned.predicted[0]]


def test_scores_of_labels_are_those_of_an_answer_that_is_never_true() -> None:
    aligned = sample(STANCE)
    true, said = names_of(aligned)
    assert "nothing" in said
    options: dict[str, Any] = {"labels": list(STANCE.names), "zero_division": 0}
    by_label = {
        "f1": sklearn.f1_score(true, said, average=None, **options),
        "precision": sklearn.precision_score(true, said, average=None, **options),
        "recall": sklearn.recall_score(true, said, average=None, **options),
    }
    for name, expected in by_label.items():
        np.testing.assert_allclose(values(aligned, name), expected)
    assert values(aligned, "accuracy") == pytest.approx(sklearn.accuracy_score(true, said))
    assert values(aligned, "balanced_accuracy") == pytest.approx(by_label["recall"].mean())
    assert values(aligned, "f1_macro") == pytest.approx(by_label["f1"].mean())
    assert values(aligned, "mcc") == pytest.approx(sklearn.matthews_corrcoef(true, said))
    assert values(aligned, "favg_pooled") == pytest.approx(by_label["f1"][[0, 2]].mean())


def test_precision_stays_and_recall_falls() -> None:
    aligned = sample(STANCE)
    answered = aligned.at(np.flatnonzero(aligned.predicted[0] >= 0))
    np.testing.assert_allclose(values(aligned, "precision"), values(answered, "precision"))
    assert (values(aligned, "recall") < values(answered, "recall")).all()
    assert values(aligned, "accuracy") == pytest.approx(
        values(answered, "accuracy") * len(answered) / len(aligned)
    )


def test_the_mean_over_targets_takes_each_target_apart() -> None:
    aligned = sample(STANCE)
    true, said = names_of(aligned)
    means = []
    for target in np.unique(aligned.targets):
        rows = np.flatnonzero(aligned.targets == target)
        scored = sklearn.f1_score(
            [true[row] for row in rows],
            [said[row] for row in rows],
            labels=["critical", "supportive"],
            average=None,
            zero_division=0,
        )
        means.append(scored.mean())
    assert values(aligned, "favg_target_mean") == pytest.approx(np.mean(means))


def test_frames_without_an_answer_are_missed_and_never_rejected() -> None:
    aligned = sample(FRAMES)
    truth, said = aligned.truth, aligned.predicted[0]
    missing = missing_rows(said)
    none_given = np.where(missing[:, None], 0, said)
    for name in ("f1", "precision", "recall"):
        function = getattr(sklearn, f"{name}_score")
        expected = function(truth, none_given, average=None, zero_division=0)
        np.testing.assert_allclose(values(aligned, name), expected)
    micro = sklearn.f1_score(truth, none_given, average="micro", zero_division=0)
    assert values(aligned, "f1_micro") == pytest.approx(micro)
    exact, jaccard, wrong, both, given, empty = [], [], 0, 0, 0, 0
    for row, true in enumerate(truth.tolist()):
        labels = said[row].tolist()
        exact.append(not missing[row] and labels == true)
        either, common = (sum(map(f, zip(labels, true, strict=True))) for f in (any, all))
        jaccard.append(0.0 if missing[row] else common / either if either else 1.0)
        wrong += len(true) if missing[row] else sum(a != b for a, b in zip(labels, true, strict=True))
        both += not missing[row] and not any(labels) and not any(true)
        given += not missing[row] and not any(labels)
        empty += not any(true)
    assert values(aligned, "exact_match") == pytest.approx(np.mean(exact))
    assert values(aligned, "jaccard") == pytest.approx(np.mean(jaccard))
    assert values(aligned, "hamming_loss") == pytest.approx(wrong / truth.size)
    assert values(aligned, "f1_no_frame") == pytest.approx(2 * both / (given + empty))
    assert values(aligned, "no_frame_gap") == pytest.approx(abs(given - empty) / len(truth))


def outcomes(aligned: AlignedPredictions) -> list[tuple[list[bool], list[float]]]:
    """For each label whether it is true of an item, and its probability."""
    truth = aligned.truth if aligned.labels.multi else np.eye(len(aligned.labels))[aligned.truth]
    columns = zip(truth.T.astype(bool).tolist(), aligned.proba[0].T.tolist(), strict=True)
    return [(true, proba) for true, proba in columns]


def reached(true: Sequence[bool], proba: Sequence[float]) -> float:
    """Average precision: at the rank of each item that has the label, ties at once."""
    ranks = [p for p in proba if not math.isnan(p)]
    gained = 0.0
    for is_true, at in zip(true, proba, strict=True):
        if is_true and not math.isnan(at):
            hits = sum(t and p >= at for t, p in zip(true, proba, strict=True))
            gained += hits / sum(p >= at for p in ranks)
    return gained / sum(true)


def won(true: Sequence[bool], proba: Sequence[float]) -> float:
    """Area under the ROC curve: the share of pairs in the right order, half where there is no order."""
    points = []
    for is_true, high in zip(true, proba, strict=True):
        for is_true_too, low in zip(true, proba, strict=True):
            if is_true and not is_true_too:
                unordered = math.isnan(high) or math.isnan(low) or high == low
                points.append(0.5 if unordered else float(high > low))
    return sum(points) / len(points)


@LABEL_SETS
@pytest.mark.parametrize(("name", "recomputed"), [("average_precision", reached), ("auroc", won)])
def test_an_item_without_an_answer_has_no_rank(
    labels: LabelSet, name: str, recomputed: Callable[[Sequence[bool], Sequence[float]], float]
) -> None:
    aligned = sample(labels)
    expected = [recomputed(true, proba) for true, proba in outcomes(aligned)]
    np.testing.assert_allclose(values(aligned, name), expected)


@LABEL_SETS
def test_by_proper_scores_no_answer_knows_nothing(labels: LabelSet) -> None:
    aligned = sample(labels)
    nothing = 0.5 if labels.multi else 1 / len(labels)
    log_losses, squares = [], []
    for row, proba in enumerate(aligned.proba[0].tolist()):
        stated = [nothing if math.isnan(p) else p for p in proba]
        if labels.multi:
            of_label = zip(stated, aligned.truth[row].tolist(), strict=True)
            given = [(p if true else 1 - p, (p - true) ** 2) for p, true in of_label]
            log_losses.append(np.mean([-math.log(max(p, calibration.EPSILON)) for p, _ in given]))
            squares.append(np.mean([square for _, square in given]))
        else:
            true = int(aligned.truth[row])
            log_losses.append(-math.log(stated[true]))
            squares.append(sum((p - (k == true)) ** 2 for k, p in enumerate(stated)))
    assert values(aligned, "log_loss") == pytest.approx(np.mean(log_losses))
    assert values(aligned, "brier") == pytest.approx(np.mean(squares))


@LABEL_SETS
def test_calibration_errors_are_about_what_was_stated(labels: LabelSet) -> None:
    aligned = sample(labels)
    answered = aligned.at(np.flatnonzero(~missing_rows(aligned.predicted[0])))
    for name in ("ece_equal_mass", "ece_equal_width", "rmsce_debiased"):
        assert values(aligned, name) == values(answered, name)
    bins = calibration.reliability_bins(*calibration.claims(aligned.truth, aligned.proba[0])[0])
    assert sum(bin_.n for bin_ in bins) == pytest.approx(len(answered))


@LABEL_SETS
def test_no_answer_is_served_last_and_wrong(labels: LabelSet) -> None:
    aligned = sample(labels)
    rows = []
    for row, proba in enumerate(aligned.proba[0].tolist()):
        said = aligned.predicted[0][row]
        right = bool(np.all(said == aligned.truth[row]))
        sure = -1.0
        if not any(map(math.isnan, proba)):
            sure = max(proba) if not labels.multi else min(max(p, 1 - p) for p in proba)
        rows.append((sure, not right))
    risks = [np.mean([wrong for other, wrong in rows if other >= sure]) for sure, _ in rows]
    assert values(aligned, "aurc") == pytest.approx(np.mean(risks))


@LABEL_SETS
def test_draws_are_the_metric_on_the_drawn_items(labels: LabelSet) -> None:
    aligned = sample(labels, n=45)
    draw = np.random.default_rng(1)
    weights = draw.integers(0, 3, size=(5, aligned.n_clusters)).astype(np.float32)
    for metric in MULTI if labels.multi else SINGLE:
        if metric.debiased or metric.name == "rmsce_debiased":
            # An item that counts twice is not two items to it.
            continue
        view = aligned.ordered(metric.needs_labels)
        drawn = drawn_values(view, metric, weights)
        for row, times in zip(drawn, weights, strict=True):
            items = np.repeat(np.arange(len(view)), times[view.clusters].astype(int))
            expected = seed_values(aligned.at(items), metric)
            np.testing.assert_allclose(row, expected, rtol=1e-6, atol=1e-9, err_msg=metric.name)


@LABEL_SETS
def test_a_column_without_an_item_changes_no_score(labels: LabelSet) -> None:
    aligned = sample(labels, share=0.0)
    assert not aligned.has_missing
    for metric in MULTI if labels.multi else SINGLE:
        plain, wide = (seed_values(each, metric) for each in (aligned, replace(aligned, widened=True)))
        np.testing.assert_array_equal(plain, wide, err_msg=metric.name)


@LABEL_SETS
def test_the_order_of_labels_does_not_matter_to_a_missing_prediction(labels: LabelSet) -> None:
    aligned = sample(labels)
    turned = aligned.ordered(labels.names[::-1])
    assert (missing_rows(turned.predicted[0]) == missing_rows(aligned.predicted[0])).all()
    assert values(turned, "f1_macro") == pytest.approx(values(aligned, "f1_macro"))


def test_every_n_counts_all_items_and_intervals_hold_the_value() -> None:
    aligned = sample(STANCE)
    frame = Predictions.from_labels(
        [STANCE.names[k] for k in aligned.truth], [STANCE.names[max(k, 0)] for k in aligned.predicted[0]]
    ).rows
    missing = aligned.predicted[0] < 0
    frame["prediction"] = frame["prediction"].astype(object).mask(missing, None)
    for k, name in enumerate(STANCE.names):
        frame[f"p_{name}"] = aligned.proba[0][:, k]
    table = Predictions(STANCE, frame)
    assert table.missing().sum() == missing.sum() > 0
    rows = score(table, SINGLE, draws=200).rows
    assert (rows["n"] == len(aligned)).all()
    assert ((rows["low"] <= rows["value"] + 1e-12) & (rows["value"] <= rows["high"] + 1e-12)).all()


@LABEL_SETS
def test_where_nothing_is_answered_nothing_is_right(labels: LabelSet) -> None:
    aligned = sample(labels, share=1.0)
    assert values(aligned, "f1_macro") == 0
    assert values(aligned, "aurc") == 1
    assert math.isnan(values(aligned, "ece_equal_mass"))
    np.testing.assert_allclose(values(aligned, "auroc"), 0.5)


def test_a_missing_prediction_costs_as_much_as_the_dearest_error() -> None:
    costs = np.array([[0.0, 2.0, 7.0], [1.0, 0.0, 3.0], [4.0, 1.0, 0.0]])
    aligned = sample(STANCE)
    missing = missing_rows(aligned.predicted[0])
    assert missing.any()
    each = np.where(missing, costs.max(axis=1)[aligned.truth], costs[aligned.truth, aligned.predicted[0]])
    table = np.zeros((3, 4))
    np.add.at(table, (aligned.truth, np.where(missing, 3, aligned.predicted[0])), 1)
    assert expected_cost(table, costs) == pytest.approx(each.mean())
    # Under the mix that is there, the adjusted cost is the same one.
    mix = np.bincount(aligned.truth, minlength=3) / len(aligned.truth)
    assert prevalence.expected_cost(table, mix, costs) == pytest.approx(each.mean())
