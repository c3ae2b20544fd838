"""A candidate in, its score on the rows of the search out, unless its training falls behind or fails."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.classifiers.protocol import Classifier, Watched, fit
from harness.classifiers.remote import BudgetError
from harness.config.plan.search import with_options
from harness.evaluation.attempts import begin_attempt
from harness.evaluation.fitting import labelled_part, make_classifier, predicted_part, seed_of
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.study import Drawn, Judged
from harness.evaluation.search.tuning_rows import TuningRows
from harness.scoring.score import score
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError
from harness.values.tables import Predictions


class PrunedError(Exception):
    """Ends the training of a candidate that falls behind."""


@dataclass(frozen=True)
class Fitted:
    """A candidate that was judged, what it predicted, and the classifier that it left in this process."""

    judged: Judged
    predictions: Predictions | None = None
    classifier: Classifier | None = None


@dataclass(frozen=True)
class Judge:
    """Fits candidates and scores them.

    Attributes
    ----------
    prepared : Prepared
    trial : Trial
    rows : TuningRows
        Where candidates are judged.
    folder : Path or None
        Where trainings of candidates keep checkpoints.
    """

    prepared: Prepared
    trial: Trial
    rows: TuningRows
    folder: Path | None

    def __call__(self, drawn: Drawn) -> Fitted:
        """Judge a candidate.

        Parameters
        ----------
        drawn : Drawn
            Is told of each step of a training that may be given up.

        Raises
        ------
        ClassifierError
            Where a candidate of a plain grid fails, or a budget is spent.
        """
        bound = with_options(self.trial.classifier.bound, drawn.options)
        began = time.perf_counter()
        # Outlives the training: of one that is given up, it is all there is.
        reports: list[float] = []
        earlier: list[float] = []
        judged = Judged(drawn.number, drawn.options, math.nan, "failed", 0.0)
        classifier, predictions = None, None
        try:
            classifier, predictions, seconds = self._predict(bound, drawn, reports, earlier)
            value = oriented(predictions, self.prepared)
            judged = replace(judged, value=value, predict_seconds=seconds)
            if math.isnan(value):
                reason = f"{self.prepared.plan.primary.name} is undefined on these rows"
                judged = replace(judged, reason=reason)
            else:
                judged = replace(judged, state="complete")
        except PrunedError:
            judged = replace(judged, value=reports[-1], state="pruned")
        except ClassifierError as error:
            # The options of a plain grid were chosen one by one, and a budget is spent for all candidates.
            if self.trial.classifier.search is None or isinstance(error, BudgetError):
                raise
            judged = replace(judged, reason=str(error))
        taken = sum(earlier) + time.perf_counter() - began
        judged = replace(judged, seconds=taken, steps=tuple(reports))
        return Fitted(judged, predictions, classifier)

    def _predict(
        self, bound: Bound, drawn: Drawn, reports: list[float], earlier: list[float]
    ) -> tuple[Classifier, Predictions, float]:
        tables, seconds = [], 0.0
        checkpoints = checkpoints_of(self.folder, drawn.number) if self.folder is not None else None
        for fold, (inner, split, part) in enumerate(self.rows.parts):
            classifier = make_classifier(bound, self.prepared, seed_of(self.trial))
            # Of folds the first alone decides who goes on: the others would begin at step 1 again.
            if isinstance(classifier, Watched) and drawn.trial is not None and fold == 0:
                classifier.on_step = _watching(drawn, classifier.n_steps, reports)
            train, held = (labelled_part(inner, bound, split, name) for name in ("train", part))
            state_folder = (
                checkpoints if len(self.rows.parts) == 1 else checkpoints and checkpoints / str(fold)
            )
            earlier.append(begin_attempt(classifier, state_folder))
            fit(classifier, train, held, state_folder)
            began = time.perf_counter()
            tables.append(predicted_part(inner, self.trial, classifier, split, part))
            seconds += time.perf_counter() - began
        return classifier, Predictions.concat(tables), seconds


def _watching(drawn: Drawn, n_steps: int, reports: list[float]) -> Callable[[float], None]:
    def watch(value: float) -> None:
        reports.append(value)
        # After its last step a training is over anyway, and its score is worth having.
        if drawn.report(len(reports), value) and len(reports) < n_steps:
            raise PrunedError

    return watch


def oriented(predictions: Predictions, prepared: Prepared) -> float:
    """Score predictions of one part by the primary metric, higher is better; NaN where it is undefined."""
    metric = prepared.plan.primary
    part = str(predictions.rows["split"].iloc[0])
    value = score(predictions, [metric], draws=0).value(metric.name, part)
    return -value if metric.direction == "lower" else value


def checkpoints_of(folder: Path, number: int) -> Path:
    """Return where a candidate's training keeps its state."""
    return folder / str(number)


def table_of(folder: Path, number: int) -> Path:
    """Return the file of a candidate's predictions."""
    return folder / f"{number}.parquet"
