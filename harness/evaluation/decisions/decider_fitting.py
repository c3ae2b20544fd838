"""Raw predictions of a trial in, the decider fitted on them and the decided predictions out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.config.schema import ExperimentConfig
from harness.evaluation.decisions import calibrator_fitting
from harness.evaluation.decisions.risk_control import RiskRows, conformal, empirical, learn_then_test
from harness.evaluation.decisions.support_measuring import count_support, shown_from
from harness.evaluation.decisions.threshold_tuning import HALF, tune_thresholds
from harness.scoring.aligned import cluster_codes
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.decider import LEAST_COST, Decider
from harness.serving.decisions.label_support import LabelSupport
from harness.values import seeds
from harness.values.formatting import counted, percent
from harness.values.labels import confidence
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

N_FOLDS = 5
"""Folds of validation: the thresholds that decide one are tuned on the others. Five is the usual compromise
between few rows to tune on and many refits; groups are not divided."""


LABELS_ALONE = "It gives labels without probabilities: they are neither calibrated nor withheld."


@dataclass(frozen=True)
class DecisionSettings:
    """The settings of a config for calibration, thresholds and abstention.

    Attributes
    ----------
    calibration : {"temperature", "platt", "isotonic", "none"}
    thresholds : {"tuned"} or float
        Of multi-label tasks; a number in (0, 1) is the threshold of every label.
    risk : float or None
        Share of served rows that may be wrong, in (0, 1); None never abstains.
    method : {"conformal", "learn_then_test", "empirical"}
    certainty : float
        Of ``learn_then_test``, in (0, 1).
    on_unmet : {"refuse", "serve", "abstain"}
        Where no threshold meets the risk.
    """

    calibration: str = "temperature"
    thresholds: str | float = "tuned"
    risk: float | None = None
    method: str = "conformal"
    certainty: float = 0.9
    on_unmet: str = "refuse"

    @classmethod
    def of(cls, config: ExperimentConfig) -> DecisionSettings:
        """Take the settings from a config."""
        settings = cls(config.calibration.kind, config.thresholds or "tuned")
        abstention = config.abstention
        if abstention is None:
            return settings
        return replace(
            settings,
            risk=abstention.risk,
            method=abstention.method,
            certainty=abstention.certainty or settings.certainty,
            on_unmet=abstention.on_unmet,
        )


def fit(predictions: Predictions, settings: DecisionSettings, *, refitted: bool = False) -> Decider:
    """Fit calibrator, thresholds and abstention, and measure where the labels of a multi-label task hold.

    Parameters
    ----------
    predictions : Predictions
        Raw, of one trial, or of one seed's trials on all folds. Only rows of ``calibration`` and
        ``validation`` are read, and of these the ones with a prediction: a missing one is withheld in any
        case, so that no map, threshold or risk is about it.
    settings : DecisionSettings
    refitted : bool
        Whether the decider serves a classifier that was refitted on other rows: no guarantee holds then.
    """
    labels = predictions.labels
    if not predictions.has_probabilities:
        return Decider(labels, notes=(LABELS_ALONE,))
    validation, calibration = (
        predictions.only(split=part).answered() for part in ("validation", "calibration")
    )
    held_out = calibration
    if settings.risk is not None and settings.calibration != "none":
        # A risk measured on the rows that the probabilities were fitted to would look too low.
        calibration, held_out = halves(calibration)
    calibrator, notes = calibrator_fitting.fit(
        settings.calibration, calibration.proba(), calibration.truth(), labels
    )
    decider = Decider(labels, calibrator, None, None, notes)
    if labels.prevalence is not None and labels.prevalence.adjusts:
        decider = _adjusted(decider, calibration)
        notes = decider.notes
    if decider.least_cost:
        decider = replace(decider, notes=(*notes, *_cost_notes(decider, validation, settings)))
    if labels.multi:
        decider = replace(decider, thresholds=_thresholds(decider, validation, settings))
        # All calibration rows, those that measure the risk included: nothing is fitted to them here.
        every = predictions.only(split="calibration").answered()
        decider = replace(decider, support=_support(decider, validation, every, settings))
    if settings.risk is None:
        return decider
    return replace(decider, rule=_rule(decider, validation, held_out, settings, refitted=refitted))


def decide(predictions: Predictions, settings: DecisionSettings) -> tuple[Decider, Predictions]:
    """Fit on a trial's raw predictions and decide all of them.

    Validation rows are decided by thresholds that were tuned on other groups of validation: scores of rows by
    the thresholds that were tuned on them would be optimistic, and models are chosen by these scores.

    Parameters
    ----------
    predictions : Predictions
        Raw, of one trial.
    settings : DecisionSettings
    """
    decider = fit(predictions, settings)
    if not predictions.has_probabilities:
        return decider, predictions
    decided = decider.apply(predictions)
    if not predictions.labels.multi or settings.thresholds != "tuned":
        return decider, decided
    validation = predictions.only(split="validation")
    folds = _folds(validation)
    parts = [_where(decided, (decided.rows["split"] != "validation").to_numpy())]
    for fold in sorted(set(folds.tolist())):
        inside = folds == fold
        thresholds = _thresholds(decider, _where(validation, ~inside).answered(), settings)
        parts.append(replace(decider, thresholds=thresholds).apply(_where(validation, inside)))
    return decider, Predictions.concat(parts)


def halves(predictions: Predictions) -> tuple[Predictions, Predictions]:
    """Divide rows in two by group, the same way whatever their order: about half the rows in each."""
    groups = cluster_codes(predictions.rows)
    if not len(groups):
        return predictions, predictions
    sizes = np.bincount(groups)
    order = np.argsort(_draws(predictions, groups))
    # A group goes where its middle row lies: this keeps the halves within half a group of each other.
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    in_first = np.zeros(len(sizes), dtype=bool)
    in_first[order] = middle <= len(groups) / 2
    return _where(predictions, in_first[groups]), _where(predictions, ~in_first[groups])


def _folds(predictions: Predictions) -> Codes:
    """Return each row's fold of :data:`N_FOLDS`, by group."""
    groups = cluster_codes(predictions.rows)
    if not len(groups):
        return groups
    ranks = np.argsort(np.argsort(_draws(predictions, groups)))
    return np.asarray((ranks % N_FOLDS)[groups], dtype=np.int64)


def _where(predictions: Predictions, mask: NDArray[np.bool_]) -> Predictions:
    return replace(predictions, rows=predictions.rows[mask].reset_index(drop=True))


def _draws(predictions: Predictions, groups: Codes) -> Sequence[int]:
    """Return a number for each group, drawn by its name: it does not change with the other groups."""
    # By name and not by position: a table in another order, or with other rows added, divides the same way.
    rows = predictions.rows.assign(cluster=groups).drop_duplicates("cluster")
    names = rows["group"].where(rows["group"].notna(), "item " + rows["id"].astype(str))
    return [seeds.derive(0, "decisions", str(name)) for name in names]


def _thresholds(decider: Decider, validation: Predictions, settings: DecisionSettings) -> tuple[float, ...]:
    if settings.thresholds != "tuned":
        return (float(settings.thresholds),) * len(decider.labels)
    # None at all, or all are of the group that is being decided, and none is left to tune on.
    if not len(validation):
        return (HALF,) * len(decider.labels)
    return tune_thresholds(decider.calibrated(validation.proba()), validation.truth())


def _support(
    decider: Decider, validation: Predictions, calibration: Predictions, settings: DecisionSettings
) -> tuple[LabelSupport, ...]:
    """Return where each label is shown, and how often it was right there on rows that were not tuned on."""
    limits = shown_from(decider, validation, _thresholds(decider, validation, settings))
    parts = [(calibration, limits)]
    folds = _folds(validation)
    for fold in np.unique(folds).tolist():
        others = _where(validation, folds != fold)
        # Of a single group no other rows are left to tune on: its own are no evidence.
        if len(others):
            of_others = shown_from(decider, others, _thresholds(decider, others, settings))
            parts.append((_where(validation, folds == fold), of_others))
    return count_support(decider, limits, parts)


def _adjusted(decider: Decider, calibration: Predictions) -> Decider:
    """Return the decider with probabilities for the label mix of the config."""
    labels = decider.labels
    assert labels.prevalence is not None
    counts = np.bincount(calibration.truth(), minlength=len(labels))
    # Half a row a label (Jeffreys): a label that is missing by chance would be multiplied by infinity.
    before = (counts + 0.5) / (counts.sum() + 0.5 * len(labels))
    wanted = labels.prevalence.vector(labels.names)
    mixes = ", ".join(
        f"{name} {percent(old)} to {percent(new)}"
        for name, old, new in zip(labels.names, before, wanted, strict=True)
    )
    note = (
        f"Probabilities are adjusted from the label mix of calibration to that of the config ({mixes}); that"
        " the sentences of a label are alike in both cannot be checked, and scores on test are of its mix."
    )
    return replace(decider, shift=tuple((wanted / before).tolist()), notes=(*decider.notes, note))


def _cost_notes(decider: Decider, validation: Predictions, settings: DecisionSettings) -> Iterator[str]:
    """Say what deciding by costs does to labels."""
    what = f"{LEAST_COST}, which need not be the most probable one"
    if len(validation):
        proba = decider.calibrated(validation.proba())
        likeliest, chosen = proba.argmax(axis=1), decider.decide(proba)
        changed = int((likeliest != chosen).sum())
        counts = ", ".join(
            f"{name} {(likeliest == code).sum():,} to {(chosen == code).sum():,}"
            for code, name in enumerate(decider.labels.names)
        )
        what += f": on validation, {changed:,} of {counted(len(proba), 'label')} differ ({counts})"
    yield f"{what}."
    if settings.calibration == "none":
        yield "Its probabilities are not calibrated, so that expected costs may be wrong."


def _rule(
    decider: Decider,
    validation: Predictions,
    held_out: Predictions,
    settings: DecisionSettings,
    *,
    refitted: bool,
) -> AbstentionRule:
    assert settings.risk is not None
    rows = _risk_rows(decider, held_out)
    if settings.method == "conformal":
        below = conformal(rows, settings.risk)
    elif settings.method == "empirical":
        below = empirical(rows, settings.risk)
    else:
        below = learn_then_test(rows, _risk_rows(decider, validation), settings.risk, settings.certainty)
    return AbstentionRule(
        below=below,
        risk=settings.risk,
        method=settings.method,
        certainty=settings.certainty,
        n=len(rows),
        groups=rows.n_groups,
        largest=rows.largest,
        refitted=refitted,
        on_unmet=settings.on_unmet,
    )


def _risk_rows(decider: Decider, predictions: Predictions) -> RiskRows:
    """Return the confidence of each decision and whether it is wrong."""
    labels, truth = decider.labels, predictions.truth()
    proba = decider.calibrated(predictions.proba())
    codes = decider.decide(proba)
    wrong = (codes != truth).any(axis=1) if labels.multi else codes != truth
    return RiskRows(confidence(proba, codes), wrong.astype("int64"), cluster_codes(predictions.rows))
