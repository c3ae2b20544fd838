"""The result of learning from gold: two runs, what the gold was worth, and what became of its rows."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from harness.runs.learning.account import Account
from harness.runs.learning.champion import LearningClassifier
from harness.runs.learning.curve import LearningCurve
from harness.runs.learning.gold_file import GoldFile
from harness.runs.learning.mended_test import MendedTest
from harness.runs.learning.needed import Needed
from harness.runs.learning.pair import TrainedRun
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.correction_verdict import CorrectionVerdict
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.values.tables import Predictions


@dataclass(frozen=True)
class PartScore:
    """The score of a run on some rows.

    Attributes
    ----------
    run : str
    where : str
        ``"validation"``, ``"test"``, ``"test with corrected labels"``.
    value, low, high : float
        With its 95 % interval.
    n_items : int
    fingerprint : str
        Of the rows and their labels.
    """

    run: str
    where: str
    value: float
    low: float
    high: float
    n_items: int
    fingerprint: str


@dataclass(frozen=True)
class LearnedRuns:
    """A classifier trained without and with gold.

    Attributes
    ----------
    experiment : str
    gold : GoldFile
    classifier : LearningClassifier
    account : Account
        What became of every row of the gold.
    metric : str
        The primary metric.
    without, corrected : TrainedRun or None
        None where nothing was trained.
    verdict : CorrectionVerdict or None
        None where no row of the gold can be learned from.
    needed : Needed or None
        What it would take to tell, where it cannot be told.
    curve : LearningCurve or None
    version : MendedTest or None
        The new version of the test set.
    refusal : str
        Why gold on test rows made none; empty where there is none of it, or it made one.
    scores : tuple of PartScore
        Of both runs.
    notes : tuple of str
        What limits the comparisons, a sentence each.
    """

    experiment: str
    gold: GoldFile = field(repr=False)
    classifier: LearningClassifier
    account: Account = field(repr=False)
    metric: str
    without: TrainedRun | None = None
    corrected: TrainedRun | None = None
    verdict: CorrectionVerdict | None = None
    needed: Needed | None = None
    curve: LearningCurve | None = field(default=None, repr=False)
    version: MendedTest | None = None
    refusal: str = ""
    scores: tuple[PartScore, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def sentence(self) -> str:
        """The answer in one line."""
        if self.verdict is None:
            what = "no row of the gold can be learned from, so that nothing was trained with it"
            if self.version is None:
                return what
            return f"{what}; both scores on test are of one model, and differ by the labels alone"
        # What would tell belongs to the answer that it cannot be told.
        more = f"; {self.needed.sentence}" if self.needed is not None and self.needed.sentence else ""
        return f"{self.verdict.sentence}{more}"

    def _repr_html_(self) -> str:
        """Show the answer in a notebook."""
        return f"<p><b>{html.escape(self.experiment)}</b>: {html.escape(self.sentence)}</p>"


def score_on(run: str, where: str, predictions: Predictions, metric: str) -> PartScore:
    """Score the rows of one split.

    Parameters
    ----------
    run, where : str
    predictions : Predictions
    metric : str
        See :meth:`ScalarMetric.named`.
    """
    scalar_metric = ScalarMetric.named(metric, predictions.labels)
    sample = AlignedPredictions.of(predictions)
    low, high = scalar_metric.interval(sample)
    # Mean over seeds, as everywhere.
    value = float(scalar_metric.by_seed(scalar_metric.view(sample)).mean())
    return PartScore(run, where, value, low, high, sample.n_items, predictions.fingerprint())
