"""Laws for every way to fit decisions: ``fitted(raw predictions) -> Decider``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from harness.scoring.metrics.calibration import log_loss
from harness.serving.decisions.decider import Decider
from harness.values.labels import LabelSet
from harness.values.tables import ABSTAIN, Predictions
from tests.evaluation.decisions.simulated_predictions import table

Fit = Callable[[Predictions], Decider]


def permuted(raw: Predictions, parts: tuple[str, ...], root: int = 5) -> Predictions:
    """Permute the true labels within some parts."""
    rows = raw.rows.copy()
    columns = [name for name in rows.columns if name.startswith("truth")]
    index = np.flatnonzero(rows["split"].isin(parts))
    for column in columns:
        truth = rows.loc[index, column].to_numpy()
        rows.loc[index, column] = np.random.default_rng(root).permutation(truth)
    return replace(raw, rows=rows)


def law_test_is_not_looked_at(fitted: Fit, labels: LabelSet) -> None:
    """The true labels of test, and whether there are test rows at all, change nothing."""
    raw = table(labels)
    expected = fitted(raw)
    assert fitted(permuted(raw, ("test",))) == expected
    assert fitted(replace(raw, rows=raw.rows[raw.rows["split"] != "test"])) == expected


def law_truth_is_read(fitted: Fit, labels: LabelSet) -> None:
    """The true labels of validation and calibration matter: permuting them flattens the probabilities."""
    raw = table(labels)
    informed, misled = fitted(raw), fitted(permuted(raw, ("validation", "calibration")))
    proba = raw.only(split="test").proba()
    assert misled.calibrated(proba).std() < 0.7 * informed.calibrated(proba).std()


def law_probabilities(fitted: Fit, labels: LabelSet) -> None:
    """Calibrated values are probabilities, row by row, with a lower log loss on fresh rows."""
    raw = table(labels, power=3.0)
    decider, test = fitted(raw), raw.only(split="test")
    calibrated = decider.calibrated(test.proba())
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert labels.multi or np.allclose(calibrated.sum(axis=1), 1)
    np.testing.assert_allclose(decider.calibrated(test.proba()[:1]), calibrated[:1], rtol=0, atol=1e-12)
    codes = test.truth()
    assert log_loss(codes, calibrated, codes).mean() < log_loss(codes, test.proba(), codes).mean()


def law_ranking(fitted: Fit, labels: LabelSet) -> None:
    """In a multi-label task, each label keeps its ranking of the rows."""
    if not labels.multi:
        return
    decider = fitted(table(labels))
    grid = np.tile(np.linspace(0, 1, 101)[:, None], (1, len(labels)))
    assert (np.diff(decider.calibrated(grid), axis=0) >= 0).all()


def law_order(fitted: Fit, labels: LabelSet) -> None:
    """The order of the rows changes nothing."""
    raw = table(labels)
    shuffled = replace(raw, rows=raw.rows.sample(frac=1, random_state=0).reset_index(drop=True))
    first, second = fitted(raw), fitted(shuffled)
    proba = raw.only(split="test").proba()
    np.testing.assert_allclose(first.calibrated(proba), second.calibrated(proba), rtol=0, atol=1e-6)
    np.testing.assert_allclose(first.thresholds or (), second.thresholds or (), rtol=0, atol=1e-6)


def law_plain(fitted: Fit, labels: LabelSet) -> None:
    """A decider written as JSON is read back equal."""
    decider = fitted(table(labels))
    assert Decider.read(json.loads(json.dumps(decider.plain())), labels) == decider


def law_decided(fitted: Fit, labels: LabelSet) -> None:
    """A decided table has the same rows and truth, with the decider's probabilities and labels."""
    raw = table(labels)
    decider = fitted(raw)
    decided = decider.apply(raw)
    assert decided.fingerprint() == raw.fingerprint()
    np.testing.assert_array_equal(decided.truth(), raw.truth())
    proba = decider.calibrated(raw.proba())
    codes = labels.decide(proba, decider.thresholds)
    np.testing.assert_array_equal(decided.proba(), proba)
    np.testing.assert_array_equal(decided.predicted(), codes)
    if decider.rule is None:
        assert ABSTAIN not in decided.rows
    else:
        np.testing.assert_array_equal(decided.rows[ABSTAIN], decider.abstains(proba, codes))


LAWS = (
    law_test_is_not_looked_at,
    law_truth_is_read,
    law_probabilities,
    law_ranking,
    law_order,
    law_plain,
    law_decided,
)
