"""A finished classifier in, the tables that its figures, its page and its card show out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import Example, examples_of
from harness.config.plan import Plan
from harness.evaluation.prepared import Prepared, labels_of
from harness.evaluation.results import ClassifierResult
from harness.reports.mentions import mentions
from harness.scoring.crosstab import CrossTable, cross_tables
from harness.scoring.limitations import caveats
from harness.scoring.metrics.calibration import ReliabilityBin, claims, reliability_bins
from harness.scoring.metrics.counts import confusion, one_vs_rest, ratio
from harness.scoring.slice_tests import SliceResult, judge
from harness.scoring.slices import slices_of
from harness.values.labels import NO_FRAME, LabelSet, Task
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ERRORS = 25
TARGETS = 30


@dataclass(frozen=True)
class LabelRow:
    """One label: how often it applies, how often it was given, and how well."""

    name: str
    support: int
    given: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class TargetRow:
    """One party: its test items, how many are labelled rightly, and each label's true and given counts."""

    name: str
    n: int
    accuracy: float
    counts: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Error:
    """A wrong decision; ``before``, ``mention`` and ``after`` make up the text, where it may be shown."""

    id: str
    target: str
    truth: str
    said: str
    confidence: float
    before: str = ""
    mention: str = ""
    after: str = ""


@dataclass(frozen=True)
class Summary:
    """What a person is shown of a classifier: the test items of one seed in detail, the scores of all.

    Attributes
    ----------
    prepared : Prepared
    result : ClassifierResult
    """

    prepared: Prepared
    result: ClassifierResult

    @property
    def labels(self) -> LabelSet:
        """The label set of the task."""
        return self.prepared.plan.labels

    @property
    def shows_text(self) -> bool:
        """Whether sentences may stand in runs."""
        return self.prepared.plan.config.tracking.log_text

    @property
    def seeds(self) -> list[int]:
        """All seeds that were run."""
        return sorted({int(one) for one in self.result.predictions.rows["seed"].unique()})

    @property
    def seed(self) -> int:
        """The seed shown in detail: that of the served model, else the first."""
        served = self.result.served
        return served.trial.seed if served is not None else self.seeds[0]

    @cached_property
    def test(self) -> Predictions:
        """Test predictions of the seed shown in detail, folds pooled."""
        return self.result.predictions.only(split="test", seed=self.seed)

    @cached_property
    def has_probabilities(self) -> bool:
        """Whether there are probabilities."""
        return self.test.has_probabilities

    @cached_property
    def caveats(self) -> tuple[str, ...]:
        """What limits the scores, a sentence each."""
        return caveats(self.result.predictions, self.prepared.plan.metrics)

    @cached_property
    def slices(self) -> tuple[SliceResult, ...]:
        """How well each slice of the test items is labelled."""
        prepared, plan = self.prepared, self.prepared.plan
        cut = slices_of(prepared.corpus, prepared.splits, plan.labels, plan.config.slices)
        return judge(self.result.predictions, cut)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """See :func:`harness.scoring.metrics.counts.confusion`."""
        return confusion(self.test.truth(), self.test.predicted(), len(self.labels))

    @cached_property
    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """Ten bins of equal mass; of a multi-label task over the probabilities of all labels.

        Empty where no probabilities are stated.
        """
        if not self.has_probabilities:
            return ()

        pairs = claims(self.test.truth(), self.test.proba())
        stated, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return reliability_bins(stated, true, bins=10)

    @cached_property
    def by_label(self) -> tuple[LabelRow, ...]:
        """One row a label, in label order; where there may be none, a last row for that."""
        tables = self.confusion if self.labels.multi else one_vs_rest(self.confusion.astype(float))
        rows = []
        for name, table in zip(self.labels.names, tables, strict=True):
            hits, missed, wrong = table[1, 1], table[1, 0], table[0, 1]
            shares = (
                ratio(hits, hits + wrong),
                ratio(hits, hits + missed),
                ratio(2 * hits, 2 * hits + missed + wrong),
            )
            rows.append(LabelRow(name, int(hits + missed), int(hits + wrong), *map(float, shares)))
        return (*rows, self._unframed()) if self.labels.multi else tuple(rows)

    def _unframed(self) -> LabelRow:
        """Take the items without any label for a label of their own."""
        true, said = (codes.sum(axis=1) == 0 for codes in (self.test.truth(), self.test.predicted()))
        hits, held, given = (true & said).sum(), true.sum(), said.sum()
        shares = (ratio(hits, given), ratio(hits, held), ratio(2 * hits, held + given))
        return LabelRow(NO_FRAME, int(held), int(given), *map(float, shares))

    @cached_property
    def by_target(self) -> tuple[TargetRow, ...]:
        """One row a target, the most frequent first; empty where there are none or more than thirty."""
        targets = self.test.rows["target"]
        names = targets.dropna().value_counts()
        if self.labels.multi or not 1 < len(names) <= TARGETS:
            return ()
        truth, said = self.test.truth(), self.test.predicted()
        rows = []
        for name, n in names.items():
            here = (targets == name).to_numpy()
            table = confusion(truth[here], said[here], len(self.labels))
            counts = tuple(zip(table.sum(axis=1).tolist(), table.sum(axis=0).tolist(), strict=True))
            rows.append(TargetRow(str(name), int(n), float(table.trace() / n), counts))
        return tuple(rows)

    @cached_property
    def crossed(self) -> tuple[CrossTable, ...]:
        """How parties are framed, by stance: true and given; empty where the corpus has not both."""
        found = mentions(self.prepared, self.test)
        if found.empty:
            return ()
        corpus = self.prepared.entire or self.prepared.corpus
        frames, stances = (_names(self.prepared.plan, corpus, task) for task in ("framing", "stance"))
        return cross_tables(found, [name for name in frames if name != NO_FRAME], stances)

    @cached_property
    def errors(self) -> tuple[Error, ...]:
        """The most confident wrong decisions on test, the surest first; one an item.

        Where no probabilities are stated, the first ones, as sure as can be.
        """
        truth, said, proba = self.test.truth(), self.test.predicted(), self.test.proba()
        if not self.has_probabilities:
            proba = said.astype(float) if self.labels.multi else np.eye(len(self.labels))[said]
        if self.labels.multi:
            sure = np.where(said == truth, -1.0, np.where(said == 1, proba, 1 - proba))
            place, confidence = sure.argmax(axis=1), sure.max(axis=1)
        else:
            confidence = np.where(said == truth, -1.0, np.take_along_axis(proba, said[:, None], axis=1)[:, 0])
            place = said
        order = [int(i) for i in np.argsort(-confidence, kind="stable")[:ERRORS] if confidence[i] >= 0]
        rows = self.test.rows.iloc[order]
        words = [self._words(truth, said, int(place[i]), i) for i in order]
        texts = self._texts(rows["id"].tolist())
        return tuple(
            Error(
                str(id_),
                "" if _absent(target) else str(target),
                *word,
                float(confidence[i]),
                **texts.get(id_, {}),
            )
            for i, id_, target, word in zip(order, rows["id"], rows["target"], words, strict=True)
        )

    def _words(self, truth: Any, said: Any, place: int, row: int) -> tuple[str, str]:
        names = self.labels.names
        if not self.labels.multi:
            return names[truth[row]], names[said[row]]
        right, given = (
            names[place] if codes[row, place] else f"not {names[place]}" for codes in (truth, said)
        )
        return right, given

    def _texts(self, ids: Sequence[str]) -> Mapping[str, dict[str, str]]:
        if not self.shows_text or not ids:
            return {}
        corpus = self.prepared.corpus.take(ids)
        shown = examples_of(corpus.rows, corpus.parties)
        return {id_: _pieces(one) for id_, one in zip(ids, shown, strict=True)}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of whole splits: one row a metric, columns test and validation × what a score has."""
        rows = self.result.scores.rows
        return rows[rows["slice"] == "all"]


def _pieces(example: Example) -> dict[str, str]:
    if not example.spans:
        return {"before": example.text}
    start, end = example.spans[0]
    text = example.text
    return {"before": text[:start], "mention": text[start:end], "after": text[end:]}


def _names(plan: Plan, corpus: Corpus, task: Task) -> tuple[str, ...]:
    labels = labels_of(plan, corpus, task)
    return labels.names if labels is not None else ()


def _absent(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
