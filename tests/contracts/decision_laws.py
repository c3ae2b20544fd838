"""Laws that whatever fits decisions is held to: ``fitted(raw predictions) -> Decider``."""

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


def permuted(made: Predictions, parts: tuple[str, ...], root: int = 5) -> Predictions:
    """Exchange what is true among the rows of some parts."""
    rows = made.rows.copy()
    columns = [name for name in rows.columns if name.startswith("truth")]
    here = np.flatnonzero(rows["split"].isin(parts))
    for column in columns:
        rows.loc[here, column] = np.random.default_rng(root).permutation(rows.loc[here, column].to_numpy())
    return replace(made, rows=rows)


def law_test_is_not_looked_at(fitted: Fit, labels: LabelSet) -> None:
    """What is true of test, and whether there is a test at all, changes nothing."""
    made = table(labels)
    known = fitted(made)
    assert fitted(permuted(made, ("test",))) == known
    assert fitted(replace(made, rows=made.rows[made.rows["split"] != "test"])) == known


def law_truth_is_read(fitted: Fit, labels: LabelSet) -> None:
    """What is true of validation and calibration does matter: exchanging it flattens what is said."""
    made = table(labels)
    true, false = fitted(made), fitted(permuted(made, ("validation", "calibration")))
    proba = made.only(split="test").proba()
    spread = [one.calibrated(proba).std() for one in (true, false)]
    assert spread[1] < 0.7 * spread[0]


def law_probabilities(fitted: Fit, labels: LabelSet) -> None:
    """What comes out are probabilities, of one row as of many, and truer ones on rows never seen."""
    made = table(labels, power=3.0)
    decider, test = fitted(made), made.only(split="test")
    said = decider.calibrated(test.proba())
    assert ((said >= 0) & (said <= 1)).all()
    assert labels.multi or np.allclose(said.sum(axis=1), 1)
    np.testing.assert_allclose(decider.calibrated(test.proba()[:1]), said[:1], rtol=0, atol=1e-12)
    codes = test.truth()
    assert log_loss(codes, said, codes).mean() < log_loss(codes, test.proba(), codes).mean()


def law_ranking(fitted: Fit, labels: LabelSet) -> None:
    """Of several labels, each keeps its ranking of rows."""
    if not labels.multi:
        return
    decider = fitted(table(labels))
    grid = np.tile(np.linspace(0, 1, 101)[:, None], (1, len(labels)))
    assert (np.diff(decider.calibrated(grid), axis=0) >= 0).all()


def law_order(fitted: Fit, labels: LabelSet) -> None:
    """The order of rows means nothing."""
    made = table(labels)
    shuffled = replace(made, rows=made.rows.sample(frac=1, random_state=0).reset_index(drop=True))
    one, other = fitted(made), fitted(shuffled)
    proba = made.only(split="test").proba()
    np.testing.assert_allclose(one.calibrated(proba), other.calibrated(proba), rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.thresholds or (), other.thresholds or (), rtol=0, atol=1e-6)


def law_plain(fitted: Fit, labels: LabelSet) -> None:
    """It is written as JSON and read back equal."""
    decider = fitted(table(labels))
    assert Decider.read(json.loads(json.dumps(decider.plain())), labels) == decider


def law_decided(fitted: Fit, labels: LabelSet) -> None:
    """A decided table has the same rows and truth, and what the decider says of them."""
    made = table(labels)
    decider = fitted(made)
    decided = decider.apply(made)
    assert decided.fingerprint() == made.fingerprint()
    np.testing.assert_array_equal(decided.truth(), made.truth())
    proba = decider.calibrated(made.proba())
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
