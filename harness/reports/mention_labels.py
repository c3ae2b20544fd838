"""Test predictions and gold labels of both tasks in, mentions of parties with stance and frames out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.evaluation.results import ReportRows
from harness.values.labels import Task
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd

SENTENCE = ["group", "text"]
"""Framing scores a sentence once, whichever parties it names: rows of one sentence share these columns."""


def mention_labels(rows: ReportRows, test: Predictions, task: Task) -> pd.DataFrame:
    """Join predictions of one task with the gold labels of the other.

    Parameters
    ----------
    rows : ReportRows
    test : Predictions
        Of one seed.
    task : {"stance", "framing"}
        What ``test`` predicts.

    Returns
    -------
    DataFrame
        See :func:`harness.scoring.crosstab.cross_tables`; what the classifier does not predict is the true
        label, in both places. Empty where the corpus lacks one of the two.
    """
    import pandas as pd

    labelled, predicted = rows.cross_labelled, _predicted(test, task)
    if task == "framing":
        scored = rows.test.rows
        items = pd.DataFrame({"item": scored["id"], "scored_frames": scored["frames"]})
        sentences = pd.concat([scored[SENTENCE], items], axis=1)
        labelled = labelled.merge(sentences, on=SENTENCE, how="inner")
        labelled = labelled[labelled["item"].isin(predicted)]
        # A single-label task may score fewer frames than the corpus has: compare with those that were scored.
        labelled = labelled.assign(frames=labelled["scored_frames"])
        columns = {"given_stance": labelled["stance"], "given_frames": labelled["item"].map(predicted)}
    else:
        labelled = labelled[labelled["id"].isin(predicted)]
        columns = {"given_stance": labelled["id"].map(predicted), "given_frames": labelled["frames"]}
    mentioned = labelled[["target", "group", "stance", "frames"]].rename(columns={"target": "party"})
    return mentioned.assign(**columns).reset_index(drop=True)


def _predicted(test: Predictions, task: Task) -> dict[str, object]:
    """Map ids to predicted labels, frames as a sequence.

    Where a fold scores an item again, the last prediction counts: an item is one mention.
    """
    decoded = test.labels.decode_predicted(test.predicted())
    if task == "framing" and not test.labels.multi:
        decoded = [None if name is None else (name,) for name in decoded]
    return dict(zip(test.rows["id"].astype(str), decoded, strict=True))
