"""A finished classifier in, the tables that its figures, its page and its card show out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.protocol import Example
from harness.evaluation.results import ClassifierResult, ExperimentInfo, FinishedClassifier, ReportRows
from harness.reports.asked_models import memory_caution, seed_note
from harness.reports.decision_report import DecisionReport
from harness.reports.mention_labels import mention_labels
from harness.scoring.aligned import cluster_codes
from harness.scoring.baseline import Baseline, without_skill
from harness.scoring.crosstab import CrossTable, cross_tables
from harness.scoring.limitations import limitations, missing_of
from harness.scoring.metrics.calibration import ReliabilityBin, claims, reliability_bins
from harness.scoring.metrics.counts import confusion, missed, one_vs_rest, ratio
from harness.scoring.retraining import first_repeat
from harness.scoring.score import score
from harness.scoring.slice_tests import SliceResult
from harness.scoring.validation_gap import test_exceeds_validation
from harness.scoring.variance import ScoreVariance, score_variance
from harness.values.findings import audits_in_short
from harness.values.labels import NO_FRAME, LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MAX_ERRORS = 25
MAX_TARGETS = 30
"""A table of more parties than this is too long to read; the slices say which parties differ."""

N_BINS = 10
"""Bins of equal mass in the reliability diagram: the usual ten, a tenth of the items in each."""


@dataclass(frozen=True)
class LabelRow:
    """One label: how often it is true and how often predicted, with precision, recall and F1 in [0, 1]."""

    name: str
    support: int
    predicted: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class TargetRow:
    """One party: its test items, the accuracy on them, and each label's true and predicted counts."""

    name: str
    n: int
    accuracy: float
    counts: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class WrongPrediction:
    """A wrong prediction on test.

    ``before``, ``mention`` and ``after`` make up the sentence; all are empty where it may not be shown.
    """

    id: str
    target: str
    truth: str
    predicted: str
    confidence: float
    before: str = ""
    mention: str = ""
    after: str = ""


@dataclass(frozen=True)
class Summary:
    """A finished classifier as a person reads it: the test items of one seed in detail, the scores of all.

    Attributes
    ----------
    finished : FinishedClassifier
    """

    finished: FinishedClassifier

    def __repr__(self) -> str:
        return f"Summary({self.result.classifier.name!r} of {self.experiment.name!r})"

    @property
    def experiment(self) -> ExperimentInfo:
        """The experiment it belongs to."""
        return self.finished.experiment

    @property
    def result(self) -> ClassifierResult:
        """The classifier's result."""
        return self.finished.result

    @property
    def rows(self) -> ReportRows:
        """The rows of the corpus that may be shown."""
        return self.finished.rows

    @property
    def labels(self) -> LabelSet:
        """The label set of the task."""
        return self.experiment.labels

    @property
    def shows_text(self) -> bool:
        """Whether sentences may be shown."""
        return self.experiment.shows_text

    @cached_property
    def seeds(self) -> list[int]:
        """All seeds that were run."""
        return sorted({int(seed) for seed in self.result.predictions.rows["seed"].unique()})

    @property
    def seed(self) -> int:
        """The seed shown in detail: that of the served model, otherwise the first."""
        served = self.result.served
        return served.trial.seed if served is not None else self.seeds[0]

    @cached_property
    def test(self) -> Predictions:
        """Test predictions of the seed shown in detail: folds pooled, of repeats the first."""
        return first_repeat(self.result.predictions.only(split="test", seed=self.seed))

    @cached_property
    def variance(self) -> ScoreVariance | None:
        """What the primary metric on test would be another time; None where it has no single value."""
        test = self.result.predictions.only(split="test")
        primary = self.experiment.primary
        if primary.per_label or (primary.probabilities and not test.has_probabilities):
            return None
        return score_variance(test, primary)

    @cached_property
    def decision_report(self) -> DecisionReport:
        """The effects of calibration, thresholds and abstention."""
        return DecisionReport(self.result, self.seed)

    @cached_property
    def has_probabilities(self) -> bool:
        """Whether there are probabilities."""
        return self.test.has_probabilities

    @cached_property
    def limitations(self) -> tuple[str, ...]:
        """What limits the scores, one sentence each."""
        gap = test_exceeds_validation(self.result.scores, self.experiment.primary)
        sentences = limitations(self.result.predictions, self.experiment.metrics)
        # First: of all limits these are the ones that may make the score worthless.
        first = (memory_caution(self.result, self.experiment), gap[:1].upper() + gap[1:])
        return (*filter(None, first), *sentences)

    @cached_property
    def seed_note(self) -> str:
        """What seeds change, a clause, where that is special; empty for most classifiers."""
        return seed_note(self.result, len(self.seeds))

    @cached_property
    def served_scores(self) -> pd.DataFrame:
        """Scores on test of the seed shown in detail, whose model is served: one row per metric."""
        # With one seed they were computed already; the bootstrap takes a second.
        rows = self.scores
        if len(self.seeds) > 1:
            metrics = [
                metric
                for metric in self.experiment.metrics
                # External predictions may have no probabilities.
                if not metric.per_label and (self.has_probabilities or not metric.probabilities)
            ]
            scored = score(self.result.predictions.only(split="test", seed=self.seed), metrics).rows
            rows = scored[scored["slice"] == "all"]
        return rows[rows["split"] == "test"]

    @cached_property
    def missing(self) -> str:
        """How many predictions on test are missing, over all seeds; empty where none is."""
        return missing_of(self.result.predictions.only(split="test"))

    @cached_property
    def missing_shown(self) -> bool:
        """Whether a prediction of the seed shown in detail is missing."""
        return bool(self.test.missing().any())

    @cached_property
    def baseline(self) -> Baseline | None:
        """The best score on test of an answer without reading; None where a metric has no such score."""
        return without_skill(self.test, self.experiment.primary)

    @cached_property
    def n_groups(self) -> int:
        """Groups of the test items, such as articles; an item without one is its own."""
        return len(np.unique(cluster_codes(self.test.rows)))

    @property
    def audits_in_short(self) -> str:
        """What the audits found, in a few words."""
        return audits_in_short(self.result.findings)

    @property
    def slices(self) -> tuple[SliceResult, ...]:
        """How well each slice of the test items is labelled."""
        return self.result.slices

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """See :func:`harness.scoring.metrics.counts.confusion`."""
        return confusion(self.test.truth(), self.test.predicted(), len(self.labels))

    @cached_property
    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """Ten bins of equal mass; of a multi-label task over the probabilities of all labels.

        Empty where there are no probabilities.
        """
        if not self.has_probabilities:
            return ()
        pairs = claims(self.test.truth(), self.test.proba())
        stated, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return reliability_bins(stated, true, bins=N_BINS)

    @cached_property
    def by_label(self) -> tuple[LabelRow, ...]:
        """One row per label, in label order; for a multi-label task a last row for items without labels."""
        # A single-label table becomes one 2×2 table per label, so that both kinds of task share the
        # arithmetic.
        tables = self.confusion if self.labels.multi else one_vs_rest(self.confusion.astype(float))
        rows = []
        for name, table in zip(self.labels.names, tables, strict=True):
            # Whatever is not found is missed, also where there is no answer.
            hits, misses, false_alarms = table[1, 1], missed(table), table[0, 1]
            shares = (
                ratio(hits, hits + false_alarms),
                ratio(hits, hits + misses),
                ratio(2 * hits, 2 * hits + misses + false_alarms),
            )
            rows.append(LabelRow(name, int(hits + misses), int(hits + false_alarms), *map(float, shares)))
        return (*rows, self._no_label_row()) if self.labels.multi else tuple(rows)

    def _no_label_row(self) -> LabelRow:
        """Treat "no label at all" as a label, so that over- and under-labelling show."""
        true, predicted = (codes.sum(axis=1) == 0 for codes in (self.test.truth(), self.test.predicted()))
        hits, n_true, n_predicted = (true & predicted).sum(), true.sum(), predicted.sum()
        shares = (ratio(hits, n_predicted), ratio(hits, n_true), ratio(2 * hits, n_true + n_predicted))
        return LabelRow(NO_FRAME, int(n_true), int(n_predicted), *map(float, shares))

    @cached_property
    def by_target(self) -> tuple[TargetRow, ...]:
        """One row per target, the most frequent first; empty for one target or more than thirty."""
        targets = self.test.rows["target"]
        names = targets.dropna().value_counts()
        # Frames belong to the sentence, not to a party; and the row of a single party would repeat the total.
        if self.labels.multi or not 1 < len(names) <= MAX_TARGETS:
            return ()
        truth, predicted = self.test.truth(), self.test.predicted()
        rows = []
        for name, n in names.items():
            mask = (targets == name).to_numpy()
            table = confusion(truth[mask], predicted[mask], len(self.labels))
            given = table.sum(axis=0)[: len(self.labels)]
            counts = tuple(zip(table.sum(axis=1).tolist(), given.tolist(), strict=True))
            rows.append(TargetRow(str(name), int(n), float(table.trace() / n), counts))
        return tuple(rows)

    @cached_property
    def crossed(self) -> tuple[CrossTable, ...]:
        """Frames by stance for each party, true and predicted; empty where the corpus lacks either."""
        rows = mention_labels(self.rows, self.test, self.experiment.task)
        if rows.empty:
            return ()
        frames = [name for name in self.rows.frames if name != NO_FRAME]
        return cross_tables(rows, frames, self.rows.stances)

    @cached_property
    def errors(self) -> tuple[WrongPrediction, ...]:
        """The most confident wrong predictions on test, the most confident first; one per item.

        Where there are no probabilities, the first ones, with confidence 1. Missing predictions are none.
        """
        truth, proba, missing = self.test.truth(), self.test.proba(), self.test.missing()
        # A missing prediction counts as right here: it is nothing that was confidently wrong.
        predicted = self.test.predicted().copy()
        predicted[missing], proba = truth[missing], np.where(missing[:, None], 0.0, proba)
        if not self.has_probabilities:
            proba = predicted.astype(float) if self.labels.multi else np.eye(len(self.labels))[predicted]
        # -1 marks what is right: it sorts last and is cut off.
        if self.labels.multi:
            # A missed label is an error, too: its confidence is the probability that the label is absent.
            by_label = np.where(predicted == truth, -1.0, np.where(predicted == 1, proba, 1 - proba))
            label, confidence = by_label.argmax(axis=1), by_label.max(axis=1)
        else:
            of_prediction = np.take_along_axis(proba, predicted[:, None], axis=1)[:, 0]
            label, confidence = predicted, np.where(predicted == truth, -1.0, of_prediction)
        # A stable sort: tied items keep the order of the corpus, so that equal runs list equal errors.
        order = [int(i) for i in np.argsort(-confidence, kind="stable")[:MAX_ERRORS] if confidence[i] >= 0]
        rows = self.test.rows.iloc[order]
        words = [self._label_names(truth, predicted, int(label[i]), i) for i in order]
        texts = self._texts(rows["id"].tolist())
        return tuple(
            WrongPrediction(
                str(id_),
                "" if _absent(target) else str(target),
                *names,
                float(confidence[i]),
                **texts.get(id_, {}),
            )
            for i, id_, target, names in zip(order, rows["id"], rows["target"], words, strict=True)
        )

    def _label_names(self, truth: Any, predicted: Any, label: int, row: int) -> tuple[str, str]:
        """Return the true and the predicted label of a row; of several labels, the one that is wrong."""
        names = self.labels.names
        if not self.labels.multi:
            return names[truth[row]], names[predicted[row]]
        true, wrong = (
            names[label] if codes[row, label] else f"not {names[label]}" for codes in (truth, predicted)
        )
        return true, wrong

    def _texts(self, ids: Sequence[str]) -> Mapping[str, dict[str, str]]:
        if not self.shows_text or not ids:
            return {}
        corpus = self.rows.test.take(ids)
        examples = corpus_examples(corpus)
        return {id_: _around_mention(example) for id_, example in zip(ids, examples, strict=True)}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of whole splits: one row per metric and split."""
        rows = self.result.scores.rows
        return rows[rows["slice"] == "all"]


def _around_mention(example: Example) -> dict[str, str]:
    if not example.spans:
        return {"before": example.text}
    # The first span is the mention that the row is about; others of the same party stay unmarked.
    start, end = example.spans[0]
    text = example.text
    return {"before": text[:start], "mention": text[start:end], "after": text[end:]}


def _absent(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
