"""What trials, classifiers and experiments leave: the values that reports, tracking and serving receive."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan import PlannedClassifier
from harness.evaluation.search.record import SearchRecord
from harness.scoring.slice_tests import SliceResult
from harness.scoring.slices import Slice
from harness.serving.decisions.decider import Decider
from harness.values.findings import Finding
from harness.values.formatting import counted
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus, Predictions, Scores

if TYPE_CHECKING:
    import pandas as pd

    from harness.corpora.card import Card
    from harness.scoring.metrics.metric import Metric


@dataclass(frozen=True)
class Trial:
    """One seed on one fold of one classifier; ``digest`` identifies everything that its result depends on."""

    classifier: PlannedClassifier
    seed: int
    fold: int
    digest: str

    def __repr__(self) -> str:
        return f"Trial({self.name!r})"

    @property
    def name(self) -> str:
        """A readable name: ``linear seed 1``, or ``linear seed 1 fold 2``."""
        return f"{self.classifier.name} seed {self.seed}" + (f" fold {self.fold}" if self.fold else "")


@dataclass(frozen=True)
class TrialResult:
    """The raw output of a trial, before calibration, thresholds and abstention.

    Attributes
    ----------
    trial : Trial
    predictions : Predictions
        Raw, of validation, calibration and test, with run, seed and fold filled in.
    options : mapping
        Options of the fitted classifier; a tuned option has the value that was chosen.
    curves : list of dict
        Training curves, one entry per step (an epoch), for classifiers that record them.
    seconds : mapping
        ``fit`` and ``predict``: wall time in seconds.
    folder : Path or None
        ``model/`` in it holds what the classifier saved, with ``loader.txt`` beside it; None where the
        classifier cannot be saved or the folder has been deleted.
    usage : mapping
        What the classifier took besides time, such as requests and their cost; empty for most.
    provenance : mapping
        Where its labels come from: ``model``, ``address``, ``answered``, …; empty for most.
    search : SearchRecord or None
        How its options were chosen; None where it has none to choose, or another seed chose them.
    """

    trial: Trial
    predictions: Predictions
    options: Mapping[str, Any]
    curves: list[dict[str, float]] = field(default_factory=list)
    seconds: Mapping[str, float] = field(default_factory=dict)
    folder: Path | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    search: SearchRecord | None = None

    def __repr__(self) -> str:
        return f"TrialResult({self.trial.name}: {self.predictions!r})"


SHARES = frozenset(
    {
        *("label_mass", "agreement", "cost_per_label", "seconds_per_label"),
        *("student_minus_teacher", "student_minus_teacher_low", "student_minus_teacher_high"),
    }
)
"""What of a classifier's usage is a share or another mean, and not summed over its trials."""

BALANCES = frozenset({"spent", "budget_left"})
"""What is a balance: that after the last trial counts."""


def summed_usage(trials: Sequence[TrialResult]) -> dict[str, float]:
    """Return what trials took besides time, by name: sums, or means of what are shares."""
    names = dict.fromkeys(name for trial in trials for name in trial.usage)
    measured = {name: [trial.usage[name] for trial in trials if name in trial.usage] for name in names}
    return {
        name: values[-1] if name in BALANCES else sum(values) / (len(values) if name in SHARES else 1)
        for name, values in measured.items()
    }


@dataclass(frozen=True)
class ClassifierResult:
    """All trials of one classifier, pooled and scored.

    Attributes
    ----------
    classifier : PlannedClassifier
    trials : tuple of TrialResult
    predictions : Predictions
        Of all trials, calibrated and decided (:mod:`harness.evaluation.decisions`); folds pooled per seed.
    scores : Scores
        Of validation, calibration and test.
    served : TrialResult or None
        The trial whose model is served: the seed with the median validation score.
    model : Path or None
        Folder with ``model/`` and ``loader.txt`` of the served model, see :class:`TrialResult`; with k
        folds a refit on all rows.
    findings : tuple of Finding
        Of the audits.
    decider : Decider or None
        Calibration, thresholds and abstention of the served model.
    slices : tuple of SliceResult
        The test items slice by slice; empty for a result that was read back from a store.
    """

    classifier: PlannedClassifier
    trials: tuple[TrialResult, ...]
    predictions: Predictions
    scores: Scores
    served: TrialResult | None = None
    model: Path | None = None
    findings: tuple[Finding, ...] = ()
    decider: Decider | None = None
    slices: tuple[SliceResult, ...] = ()

    def __repr__(self) -> str:
        served = f", serves seed {self.served.trial.seed}" if self.served is not None else ""
        return (
            f"ClassifierResult({self.classifier.name!r}: {counted(len(self.trials), 'trial')},"
            f" {counted(len(self.predictions), 'prediction')},"
            f" {counted(len(self.findings), 'finding')}{served})"
        )

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where its labels come from, over all trials; empty for most classifiers."""
        names = dict.fromkeys(name for trial in self.trials for name in trial.provenance)
        return {
            name: "; ".join(dict.fromkeys(trial.provenance.get(name, "") for trial in self.trials))
            for name in names
        }

    @property
    def raw(self) -> Predictions:
        """Predictions of all trials as the classifier gave them, before calibration."""
        return Predictions.concat([result.predictions for result in self.trials])

    @property
    def predict_seconds(self) -> float:
        """The mean time in which a trial labelled its rows; NaN where it is unknown."""
        times = [trial.seconds.get("predict", math.nan) for trial in self.trials]
        return sum(times) / len(times) if times else math.nan

    @property
    def n_candidates(self) -> int:
        """Sets of options that the longest search of a trial trained; 0 where nothing was tuned."""
        return max((trial.search.n_fitted for trial in self.trials if trial.search is not None), default=0)

    @property
    def missing_share(self) -> float:
        """Share of the test predictions of all trials that are missing."""
        return float(self.predictions.only(split="test").missing().mean())


@dataclass(frozen=True)
class CorpusInfo:
    """The corpus of an experiment.

    Attributes
    ----------
    name, fingerprint : str
    size : int
        Rows that the task scores.
    card : Card or None
        The data card of a corpus of the catalogue.
    source : str
        Where it was read from: an address or a path.
    label_counts : mapping
        Label → rows that have it; several labels of a row count once each.
    languages : tuple of str
        Codes of the languages of the texts; empty where they are unknown.
    notes : tuple of str
        What a reader should know about the languages, one sentence each.
    """

    name: str
    fingerprint: str
    size: int
    card: Card | None = None
    source: str = ""
    label_counts: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitInfo:
    """How the corpus was split.

    Attributes
    ----------
    kind : str
        As in the config.
    folds : int
        Of all repeats together: each is a training.
    sizes : mapping
        Part → rows, of the first fold: ``train``, ``validation``, ``calibration``, ``test``.
    fingerprint : str
        Of the first fold.
    notes : tuple of str
        What a reader should know about the split, one sentence each.
    repeats : int
        How often the rows were divided into folds anew.
    """

    kind: str
    folds: int
    sizes: Mapping[str, int]
    fingerprint: str
    notes: tuple[str, ...] = ()
    repeats: int = 1

    @property
    def described(self) -> str:
        """Folds and repeats: ``5 folds``, ``5 folds × 10 repeats``; empty for a single part."""
        if self.folds < 2:
            return ""
        folds = counted(self.folds // self.repeats, "fold")
        return f"{folds} × {counted(self.repeats, 'repeat')}" if self.repeats > 1 else folds


@dataclass(frozen=True)
class ExperimentInfo:
    """What a report says of an experiment: plain facts, without the rows of the corpus.

    Attributes
    ----------
    name, description : str
    task : {"stance", "framing"}
    labels : LabelSet
    metrics : tuple of Metric
    primary : Metric
        One of ``metrics``; models are chosen by it on validation.
    n_seeds : int
        Seeds in the config; a deterministic classifier runs only the first.
    tuned_thresholds : bool
        Whether the thresholds of a multi-label task are tuned; otherwise the config sets one for all labels.
    shows_text : bool
        Whether sentences may be shown (``tracking.log_text``).
    config_text : str
        The config with all defaults, as JSON.
    corpus : CorpusInfo
    split : SplitInfo
    budgets : str
        What its classifiers may spend on tuning, see :func:`harness.config.plan.budgets.budget_note`.
    """

    name: str
    description: str
    task: Task
    labels: LabelSet
    metrics: tuple[Metric, ...]
    primary: Metric
    n_seeds: int
    tuned_thresholds: bool
    shows_text: bool
    config_text: str
    corpus: CorpusInfo
    split: SplitInfo
    budgets: str = ""

    def __repr__(self) -> str:
        return (
            f"ExperimentInfo({self.name!r}: {self.task} on {self.corpus.name},"
            f" {counted(self.corpus.size, 'row')})"
        )


@dataclass(frozen=True)
class ReportRows:
    """The rows of a corpus that a report shows.

    Attributes
    ----------
    test : Corpus
        Test rows of all folds, as the task scores them.
    cross_labelled : DataFrame
        Rows with a target, a stance and frames: columns ``id, text, group, target, stance, frames``.
    frames, stances : tuple of str
        Label names of both tasks in this corpus; empty where it has none.
    slices : tuple of Slice
        What other runs on these test items can be compared on, see
        :func:`harness.scoring.slices.comparable_slices`.
    """

    test: Corpus
    cross_labelled: pd.DataFrame
    frames: tuple[str, ...] = ()
    stances: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()

    def __repr__(self) -> str:
        return (
            f"ReportRows(test={self.test!r}, {counted(len(self.cross_labelled), 'row')} with"
            " stance and frames)"
        )


@dataclass(frozen=True)
class FinishedClassifier:
    """A finished classifier with everything that its report, its figures and its card need.

    Attributes
    ----------
    experiment : ExperimentInfo
    result : ClassifierResult
    rows : ReportRows
    """

    experiment: ExperimentInfo
    result: ClassifierResult
    rows: ReportRows

    def __repr__(self) -> str:
        return f"FinishedClassifier({self.result.classifier.name!r} of {self.experiment.name!r})"
