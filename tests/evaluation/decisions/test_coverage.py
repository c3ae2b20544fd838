from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.evaluation.decisions.coverage import measure
from harness.evaluation.decisions.decider_fitting import Settings, fit
from harness.serving.decisions.abstention import Rule
from harness.serving.decisions.decider import Decider
from harness.values.labels import NO_FRAME, LabelSet
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


def served(labels: LabelSet, below: float) -> Predictions:
    rule = Rule(below, 0.2, "conformal", 0.9, 300, 60, 5)
    return Decider(labels, rule=rule).apply(table(labels, parts=("test",)))


def test_coverage_and_risk_are_counted() -> None:
    decided = served(SINGLE, 0.8)
    rows = decided.rows
    given = ~rows["abstain"]
    wrong = given & (rows["truth"] != rows["prediction"])
    whole, *labels = measure(decided)
    assert (whole.kind, whole.n) == ("all", 300)
    assert whole.coverage == pytest.approx(given.mean())
    assert whole.risk == pytest.approx(wrong.sum() / given.sum())
    assert whole.coverage_low < whole.coverage < whole.coverage_high
    assert whole.risk_low < whole.risk < whole.risk_high
    for one, name in zip(labels, SINGLE.names, strict=True):
        here = rows["truth"] == name
        assert (one.kind, one.name, one.n) == ("label", name, here.sum())
        assert one.coverage == pytest.approx(given[here].mean())
        assert one.risk == pytest.approx(wrong[here].sum() / given[here].sum())


def test_an_item_of_several_labels_is_wrong_with_any_of_them() -> None:
    decided = served(MULTI, 0.0)
    wrong = (decided.truth() != decided.predicted()).any(axis=1)
    whole, *labels = measure(decided)
    assert (whole.coverage, whole.risk) == (1.0, pytest.approx(wrong.mean()))
    assert [one.name for one in labels] == [*MULTI.names, NO_FRAME]
    assert labels[2].n == int((decided.truth().sum(axis=1) == 0).sum())


def test_where_nothing_is_served_there_is_no_risk() -> None:
    (whole,) = measure(served(SINGLE, 2.0), parts=False)
    assert whole.coverage == 0
    assert all(math.isnan(one) for one in (whole.risk, whole.risk_low, whole.risk_high))


def test_where_nothing_can_abstain_there_is_nothing_to_say() -> None:
    assert measure(Decider(SINGLE).apply(table(SINGLE, parts=("test",)))) == ()


def test_targets_stand_by_frequency() -> None:
    decided = served(SINGLE, 0.6)
    names = np.where(np.arange(300) < 200, "Harbour Party", "Varna")
    found = measure(replace(decided, rows=decided.rows.assign(target=names)))
    assert [(one.name, one.n) for one in found if one.kind == "target"] == [
        ("Harbour Party", 200),
        ("Varna", 100),
    ]


@pytest.mark.parametrize(("n", "known"), [(29, False), (30, True)])
def test_a_share_of_few_items_has_no_interval(n: int, known: bool) -> None:
    decided = served(SINGLE, 0.0)
    names = np.where(np.arange(300) < 300 - n, "Harbour Party", "Varna")
    one = measure(replace(decided, rows=decided.rows.assign(target=names)))[-1]
    assert (one.name, one.n, one.coverage) == ("Varna", n, 1.0)
    assert [math.isnan(bound) for bound in (one.coverage_low, one.risk_high)] == [not known] * 2


def test_seeds_are_averaged() -> None:
    decided = served(SINGLE, 0.8)
    silent = replace(decided, rows=decided.rows.assign(seed=2, abstain=True))
    (alone,) = measure(decided, parts=False)
    (both,) = measure(Predictions.concat([decided, silent]), parts=False)
    assert both.coverage == pytest.approx(alone.coverage / 2)


def test_the_threshold_meets_the_risk_on_fresh_groups() -> None:
    """60 draws of 1,000 rows (200 articles) each: on average the wanted risk is kept on fresh articles."""
    settings = Settings(risk=0.2)
    risks, coverages = [], []
    for root in range(60):
        decider = fit(table(SINGLE, n=1_000, root=root, parts=("validation", "calibration")), settings)
        rows = decider.apply(table(SINGLE, n=1_000, root=1_000 + root, parts=("test",))).rows
        given = rows[~rows["abstain"]]
        risks.append(float((given["truth"] != given["prediction"]).mean()))
        coverages.append(len(given) / len(rows))
    error = np.std(risks, ddof=1) / math.sqrt(len(risks))
    assert np.mean(risks) <= 0.2 + 2 * error
    # It is no coward either.
    assert np.mean(risks) > 0.15
    assert np.mean(coverages) > 0.3


def test_with_certainty_the_risk_is_seldom_missed() -> None:
    settings = Settings(risk=0.25, method="learn_then_test", certainty=0.9)
    missed = 0
    for root in range(60):
        decider = fit(table(SINGLE, n=1_500, root=root, parts=("validation", "calibration")), settings)
        rows = decider.apply(table(SINGLE, n=4_000, root=1_000 + root, parts=("test",))).rows
        given = rows[~rows["abstain"]]
        missed += len(given) > 0 and (given["truth"] != given["prediction"]).mean() > 0.25
    # At most 6 expected; more than 11 happens in 1 of 100 series.
    assert missed <= 11
