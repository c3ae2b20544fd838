"""Plan in, predictions out: the one loop over seeds and folds."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import seeds
from harness.catalog import Bound
from harness.classifiers.protocol import Classifier, Labelled, Saveable, Traced, examples_of
from harness.errors import ClassifierError
from harness.plan import Plan, PlannedClassifier
from harness.splits import Split
from harness.tables import Corpus, Predictions, Scores, fingerprint

SCORED_PARTS = ("select", "calibrate", "test")


@dataclass(frozen=True)
class Prepared:
    """A plan with its corpus read and its splits drawn.

    Attributes
    ----------
    plan : Plan
    corpus : Corpus
        What the task scores, see :meth:`Corpus.for_task`.
    splits : tuple of Split
        One a fold.
    """

    plan: Plan
    corpus: Corpus
    splits: tuple[Split, ...]

    def part(self, split: Split, name: str) -> Corpus:
        """Return the rows of ``"train"``, ``"select"``, ``"calibrate"`` or ``"test"``."""
        return self.corpus.take(getattr(split, name))

    def labelled(self, split: Split, name: str) -> Labelled:
        """Return the same as examples with encoded labels."""
        return self.whole(self.part(split, name))

    def whole(self, corpus: Corpus) -> Labelled:
        """Turn corpus rows into examples with encoded labels."""
        return Labelled(examples_of(corpus.rows, corpus.parties), corpus.truth(self.plan.labels))


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
    """What a trial leaves.

    Attributes
    ----------
    trial : Trial
    predictions : Predictions
        Of select, calibrate and test, with run, seed and fold filled in.
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
        Of all trials; folds pooled per seed.
    scores : Scores
        Of select, calibrate and test.
    served : TrialResult or None
        The trial whose model is served: the seed with the median select score.
    model : Path or None
        Folder with ``model/`` and ``loader.txt`` of what is served, see :class:`TrialResult`; with k
        folds a refit on all rows.
    """

    classifier: PlannedClassifier
    trials: tuple[TrialResult, ...]
    predictions: Predictions
    scores: Scores
    served: TrialResult | None = None
    model: Path | None = None
