"""What trials and classifiers leave: the values that travel from the loop to who shows or keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config.plan import PlannedClassifier
from harness.scoring.slice_tests import SliceResult
from harness.serving.decisions.decider import Decider
from harness.values.findings import Finding
from harness.values.tables import Predictions, Scores


@dataclass(frozen=True)
class Trial:
    """One seed on one fold of one classifier; ``digest`` identifies all that its result depends on."""

    classifier: PlannedClassifier
    seed: int
    fold: int
    digest: str

    @property
    def name(self) -> str:
        """A name that a person can tell apart: ``linear seed 1``, ``linear seed 1 fold 2``."""
        return f"{self.classifier.name} seed {self.seed}" + (f" fold {self.fold}" if self.fold else "")


@dataclass(frozen=True)
class TrialResult:
    """What a trial leaves: what the classifier itself said, before anything is calibrated or decided by it.

    Attributes
    ----------
    trial : Trial
    predictions : Predictions
        Raw, of validation, calibration and test, with run, seed and fold filled in.
    options : mapping
        Those of the fitted classifier: the tuned ones are the chosen ones.
    curves : list of dict
        One a training step (an epoch), for classifiers that have them.
    seconds : mapping
        ``fit``, ``predict``: wall time.
    folder : Path or None
        ``model/`` in it holds what the classifier saved, with ``loader.txt`` beside it; None where the
        classifier cannot be saved or the folder is gone.
    """

    trial: Trial
    predictions: Predictions
    options: Mapping[str, Any]
    curves: list[dict[str, float]] = field(default_factory=list)
    seconds: Mapping[str, float] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True)
class ClassifierResult:
    """All trials of one classifier, pooled and scored.

    Attributes
    ----------
    classifier : PlannedClassifier
    trials : tuple of TrialResult
    predictions : Predictions
        Of all trials, decided (:mod:`harness.evaluation.decisions`); folds pooled per seed.
    scores : Scores
        Of validation, calibration and test.
    served : TrialResult or None
        The trial whose model is served: the seed with the median validation score.
    model : Path or None
        Folder with ``model/`` and ``loader.txt`` of what is served, see :class:`TrialResult`; with k
        folds a refit on all rows.
    findings : tuple of Finding
        What the audits found.
    decider : Decider or None
        What the served model decides by.
    slice_results : tuple of SliceResult, or None
        How well each slice of the test items is labelled; None for a result read from a store, whose scores
        hold them.
    """

    classifier: PlannedClassifier
    trials: tuple[TrialResult, ...]
    predictions: Predictions
    scores: Scores
    served: TrialResult | None = None
    model: Path | None = None
    findings: tuple[Finding, ...] = ()
    decider: Decider | None = None
    slice_results: tuple[SliceResult, ...] | None = None

    @property
    def raw(self) -> Predictions:
        """What the classifier itself said, of all trials."""
        return Predictions.concat([one.predictions for one in self.trials])
