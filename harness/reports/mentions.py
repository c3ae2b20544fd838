"""A finished classifier in, its test mentions of parties with stance and frames, true and given, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.evaluation.prepared import Prepared
from harness.values.labels import Task
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    import pandas as pd

SENTENCE = ["group", "text"]


def mentions(prepared: Prepared, test: Predictions) -> pd.DataFrame:
    """Join predictions of one task with the gold labels of the other.

    Parameters
    ----------
    prepared : Prepared
        Whose corpus may know stance, target and frames of a row.
    test : Predictions
        Of one seed.

    Returns
    -------
    DataFrame
        See :func:`harness.scoring.crosstab.cross_tables`; what the classifier does not give is
        the true label in both places. Empty where the corpus has not both.
    """
    import pandas as pd

    rows = _labelled(prepared)
    given = _given(test, prepared.plan.config.task)
    if prepared.corpus.task == "framing":
        scored = prepared.corpus.rows
        own = pd.DataFrame({"item": scored["id"], "own": scored["frames"]})
        sentences = pd.concat([scored[SENTENCE], own], axis=1)
        rows = rows.merge(sentences, on=SENTENCE, how="inner")
        rows = rows[rows["item"].isin(given)].assign(frames=lambda all_: all_["own"])
        said = {"given_stance": rows["stance"], "given_frames": rows["item"].map(given)}
    else:
        rows = rows[rows["id"].isin(given)]
        said = {"given_stance": rows["id"].map(given), "given_frames": rows["frames"]}
    found = rows[["target", "group", "stance", "frames"]].rename(columns={"target": "party"})
    return found.assign(**said).reset_index(drop=True)


def _labelled(prepared: Prepared) -> pd.DataFrame:
    corpus: Corpus = prepared.entire if prepared.entire is not None else prepared.corpus
    rows = corpus.rows
    return rows[rows["target"].notna() & rows["stance"].notna() & rows["frames"].notna()]


def _given(test: Predictions, task: Task) -> dict[str, object]:
    """Map ids to labels, frames as a sequence; a fold that scores an item again gives the same item."""
    decoded: list[Any] = test.labels.decode(test.predicted())
    if task == "framing" and not test.labels.multi:
        decoded = [(name,) for name in decoded]
    return dict(zip(test.rows["id"].astype(str), decoded, strict=True))
