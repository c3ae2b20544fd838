"""Candidates of a search in, what became of them out: who fits them, this process or others.

A search asks for a batch and takes the results in the order of the batch. What it draws and chooses is then
the same wherever candidates are fitted, by however many processes, and whichever of them ends first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.protocol import Classifier, fit
from harness.config.plan.search import with_options
from harness.evaluation.fitting import ending_rows, labelled_part, make_classifier, seed_of
from harness.evaluation.search.finalists import Measured, measured
from harness.evaluation.search.judging import Fitted, Judge
from harness.evaluation.search.study import Drawn, Judged


class CandidateWorkers(Protocol):
    """Fits the candidates of one search."""

    def judged(self, drawn: Sequence[Drawn]) -> Iterator[Fitted]:
        """Judge candidates, several at once where possible; yield the results in the order given."""

    def measured(self, judged: Judged, fitted: Classifier | None) -> tuple[Measured, Classifier | None]:
        """Measure the speed and size of a finalist, beside which nothing else of the experiment runs.

        Parameters
        ----------
        judged : Judged
        fitted : Classifier or None
            The candidate, fitted to all training rows, where it is in memory.

        Returns
        -------
        Measured
        Classifier or None
            None where another process has it.
        """


@dataclass(frozen=True)
class Here:
    """Fits one candidate after the other, in this process.

    Attributes
    ----------
    judge : Judge
    """

    judge: Judge

    def judged(self, drawn: Sequence[Drawn]) -> Iterator[Fitted]:
        """Judge each candidate when it is asked for."""
        return map(self.judge, drawn)

    def measured(self, judged: Judged, fitted: Classifier | None) -> tuple[Measured, Classifier | None]:
        """Measure a finalist, after it was fitted to all training rows."""
        prepared, rows = self.judge.prepared, self.judge.rows
        classifier = fitted or self._fitted(judged)
        examples = corpus_examples(prepared.take(rows.ids))
        return measured(judged.number, classifier, examples), classifier

    def _fitted(self, judged: Judged) -> Classifier:
        prepared, trial = self.judge.prepared, self.judge.trial
        bound = with_options(trial.classifier.bound, judged.options)
        split = prepared.split_of(trial.fold)
        classifier = make_classifier(bound, prepared, seed_of(trial))
        train = labelled_part(prepared, bound, split, "train")
        fit(classifier, train, ending_rows(prepared, bound, split), None)
        return classifier
