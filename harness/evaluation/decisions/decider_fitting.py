"""Raw predictions of a trial in, the decider fitted on them and the decided predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.config.schema import ExperimentConfig
from harness.evaluation.decisions import calibrator_fitting
from harness.evaluation.decisions.risk_control import Rows, conformal, learn_then_test
from harness.evaluation.decisions.threshold_tuning import HALF, tuned
from harness.scoring.aligned import clusters
from harness.serving.decisions.abstention import Rule
from harness.serving.decisions.decider import Decider
from harness.values import seeds
from harness.values.labels import confidence
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

FOLDS = 5
"""Into so many folds the groups of validation are divided to decide each fold by the others' thresholds."""


@dataclass(frozen=True)
class Settings:
    """What a config says of decisions.

    Attributes
    ----------
    calibration : {"temperature", "platt", "isotonic", "none"}
    thresholds : {"tuned"} or float
        Of multi-label tasks.
    risk : float or None
        Share of served rows that may be wrong; None never abstains.
    method : {"conformal", "learn_then_test"}
    certainty : float
        Of ``learn_then_test``.
    """

    calibration: str = "temperature"
    thresholds: str | float = "tuned"
    risk: float | None = None
    method: str = "conformal"
    certainty: float = 0.9

    @classmethod
    def of(cls, config: ExperimentConfig) -> Settings:
        """Read them off a config."""
        said = cls(config.calibration.kind, config.thresholds or "tuned")
        wanted = config.abstention
        if wanted is None:
            return said
        return replace(
            said, risk=wanted.risk, method=wanted.method, certainty=wanted.certainty or said.certainty
        )


def fit(predictions: Predictions, settings: Settings, *, refitted: bool = False) -> Decider:
    """Fit calibrator, thresholds and abstention.

    Parameters
    ----------
    predictions : Predictions
        Raw, of one trial, or of one seed's trials on all folds. Of its rows ``calibration`` and
        ``validation`` are read; test is not looked at.
    settings : Settings
    refitted : bool
        Whether it is to serve a classifier that was fitted once more, on other rows: no guarantee then holds.
    """
    labels = predictions.labels
    validation, calibration = (predictions.only(split=part) for part in ("validation", "calibration"))
    kept = calibration
    if settings.risk is not None and settings.calibration != "none":
        calibration, kept = halves(calibration)
    calibrator, notes = calibrator_fitting.fit(
        settings.calibration, calibration.proba(), calibration.truth(), labels
    )
    decider = Decider(labels, calibrator, None, None, notes)
    if labels.multi:
        decider = replace(decider, thresholds=_thresholds(decider, validation, settings))
    if settings.risk is None:
        return decider
    return replace(decider, rule=_rule(decider, validation, kept, settings, refitted=refitted))


def decide(predictions: Predictions, settings: Settings) -> tuple[Decider, Predictions]:
    """Fit on a trial's raw predictions and decide them all.

    Validation rows are decided by thresholds that were tuned on other groups of validation, so that what is
    chosen by their scores is not flattered by them.

    Parameters
    ----------
    predictions : Predictions
        Raw, of one trial.
    settings : Settings
    """
    decider = fit(predictions, settings)
    decided = decider.apply(predictions)
    if not predictions.labels.multi or settings.thresholds != "tuned":
        return decider, decided
    validation = predictions.only(split="validation")
    places = _folds(validation)
    parts = [_at(decided, (decided.rows["split"] != "validation").to_numpy())]
    for fold in sorted(set(places.tolist())):
        inside = places == fold
        own = replace(decider, thresholds=_thresholds(decider, _at(validation, ~inside), settings))
        parts.append(own.apply(_at(validation, inside)))
    return decider, Predictions.concat(parts)


def halves(predictions: Predictions) -> tuple[Predictions, Predictions]:
    """Divide rows in two by group, the same way whatever their order: about half the rows in each."""
    found = clusters(predictions.rows)
    if not len(found):
        return predictions, predictions
    sizes = np.bincount(found)
    order = np.argsort(_draws(predictions, found))
    before = np.cumsum(sizes[order]) - sizes[order] / 2
    first = np.zeros(len(sizes), dtype=bool)
    first[order] = before <= len(found) / 2
    return _at(predictions, first[found]), _at(predictions, ~first[found])


def _folds(predictions: Predictions) -> Codes:
    """Return each row's fold of :data:`FOLDS`, by group."""
    found = clusters(predictions.rows)
    if not len(found):
        return found
    ranks = np.argsort(np.argsort(_draws(predictions, found)))
    return np.asarray((ranks % FOLDS)[found], dtype=np.int64)


def _at(predictions: Predictions, places: NDArray[np.bool_]) -> Predictions:
    return replace(predictions, rows=predictions.rows[places].reset_index(drop=True))


def _draws(predictions: Predictions, found: Codes) -> Sequence[int]:
    """Return a number for each group, drawn by its name."""
    rows = predictions.rows.assign(cluster=found).drop_duplicates("cluster")
    names = rows["group"].where(rows["group"].notna(), "item " + rows["id"].astype(str))
    return [seeds.derive(0, "decisions", str(name)) for name in names]


def _thresholds(decider: Decider, validation: Predictions, settings: Settings) -> tuple[float, ...]:
    if settings.thresholds != "tuned":
        return (float(settings.thresholds),) * len(decider.labels)
    if not len(validation):
        return (HALF,) * len(decider.labels)
    return tuned(decider.calibrated(validation.proba()), validation.truth())


def _rule(
    decider: Decider, validation: Predictions, kept: Predictions, settings: Settings, *, refitted: bool
) -> Rule:
    assert settings.risk is not None
    rows = _rows(decider, kept)
    if settings.method == "conformal":
        below = conformal(rows, settings.risk)
    else:
        below = learn_then_test(rows, _rows(decider, validation), settings.risk, settings.certainty)
    return Rule(
        below=below,
        risk=settings.risk,
        method=settings.method,
        certainty=settings.certainty,
        n=len(rows),
        groups=rows.n_groups,
        largest=rows.largest,
        refitted=refitted,
    )


def _rows(decider: Decider, predictions: Predictions) -> Rows:
    """Say how sure the decisions on rows are, and whether they are right."""
    labels, truth = decider.labels, predictions.truth()
    proba = decider.calibrated(predictions.proba())
    codes = labels.decide(proba, decider.thresholds)
    wrong = (codes != truth).any(axis=1) if labels.multi else codes != truth
    return Rows(confidence(proba, codes), wrong.astype("int64"), clusters(predictions.rows))
