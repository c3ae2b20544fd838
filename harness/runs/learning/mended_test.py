"""Gold on test rows in; a new version of the test set, or why there is none, out.

Mending only the rows that a model was picked to be wrong on flatters it: where its answer was right and the
label was not, it gains, and the rows where the label was wrong and the model was wrong with it are never
looked at. A random sample, with the probability with which each row was drawn, and the whole set do not ask
what any model says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.evaluation.prepared import Prepared
from harness.runs.learning.account import AccountedRow
from harness.runs.learning.gold_file import Label
from harness.values import gold_origin
from harness.values.formatting import counted, percent
from harness.values.labels import LabelSet
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    import pandas as pd

# How far the weights may miss the size of the test set: by rounding in a spreadsheet, not by deleted rows.
TOLERANCE = 0.02


@dataclass(frozen=True)
class MendedTest:
    """The test set with corrected labels.

    Attributes
    ----------
    labels : mapping
        Id of a test row → its label by hand, where that is another one.
    looked_at : int
        Test rows that were labelled by hand.
    n_test : int
        All test rows.
    share_changed : float
        Share of all test rows whose label would change, estimated from the sample with weights 1/pi; of the
        whole set, counted. In [0, 1].
    """

    labels: Mapping[str, Label] = field(repr=False)
    looked_at: int
    n_test: int
    share_changed: float

    @property
    def sentence(self) -> str:
        """What was changed."""
        whole = self.looked_at == self.n_test
        test = counted(self.n_test, "test row")
        rows = f"all {test}" if whole else f"{self.looked_at:,} of {test}"
        changed = f"{counted(len(self.labels), 'label')} changed"
        about = "" if whole else f"; of all test rows, about {percent(self.share_changed)} would"
        return f"a new version of the test set: {rows} labelled by hand, {changed}{about}"

    def applied(self, predictions: Predictions) -> Predictions:
        """Return predictions with the corrected truth of test rows: the same answers, another fingerprint."""
        rows, label_set = predictions.rows, predictions.labels
        ids = rows["id"].astype(str).where(rows["split"] == "test", "")
        changed = rows.copy()
        if not label_set.multi:
            names = {id_: _single(label) for id_, label in self.labels.items()}
            changed["truth"] = [names.get(id_, truth) for id_, truth in zip(ids, rows["truth"], strict=True)]
            return replace(predictions, rows=changed)
        for name in label_set.names:
            column = f"truth_{name}"
            changed[column] = [
                int(name in self.labels[id_]) if id_ in self.labels else truth
                for id_, truth in zip(ids, rows[column], strict=True)
            ]
        return replace(predictions, rows=changed)

    def corpus(self, prepared: Prepared) -> Corpus:
        """Return the corpus of an experiment with the corrected labels of test rows."""
        import pandas as pd

        corpus = prepared.corpus
        column = "frames" if prepared.plan.config.task == "framing" else "stance"
        labels = [
            self.labels.get(str(id_), label)
            for id_, label in zip(corpus.rows["id"], corpus.rows[column], strict=True)
        ]
        changed = pd.Series(labels, index=corpus.rows.index, dtype=object)
        return replace(corpus, rows=corpus.rows.assign(**{column: changed}))

    def table(self, prepared: Prepared) -> pd.DataFrame:
        """Return one row a label that changed: id, and the label before and now."""
        import pandas as pd

        before = _truths(prepared)
        records = [
            {"id": id_, "before": _cell(before[id_]), "now": _cell(label)}
            for id_, label in self.labels.items()
        ]
        return pd.DataFrame(records, columns=["id", "before", "now"])


def mend_test(prepared: Prepared, rows: Sequence[AccountedRow]) -> tuple[MendedTest | None, str]:
    """Make a new version of the test set from gold on its rows.

    Parameters
    ----------
    prepared : Prepared
        With one fold.
    rows : sequence of AccountedRow
        All of a file of gold.

    Returns
    -------
    version : MendedTest or None
    refusal : str
        Why there is none, a clause; empty where there is one, or no row of the gold is one of test.
    """
    test = set(prepared.splits[0].test)
    # Rows that annotators skipped were drawn as well: they belong to the sample, and to its weights.
    drawn = [row for row in rows if test & set(row.ids)]
    if not drawn:
        return None, ""
    decided = [row for row in drawn if row.outcome == "test"]
    labels = {
        id_: _ordered(prepared.plan.labels, row.gold.label)
        for row in decided
        for id_ in row.ids
        if id_ in test and row.gold.label is not None
    }
    if set(labels) != test and (refusal := _refusal(drawn, len(test))):
        return None, refusal
    if not decided:
        return None, "none of its rows of test has a label"
    before = _truths(prepared)
    changed = {id_: label for id_, label in labels.items() if label != before[id_]}
    # Each row stands for as many rows of test as its probability says (Horvitz & Thompson 1952).
    weights = {id_: 1.0 if set(labels) == test else 1 / _pi(row) for row in decided for id_ in row.ids}
    share = sum(weights[id_] for id_ in changed) / sum(weights[id_] for id_ in labels)
    return MendedTest(changed, len(labels), len(test), share), ""


def _refusal(drawn: Sequence[AccountedRow], n_test: int) -> str:
    """Return why gold on a part of the test rows makes no new version; empty where it does."""
    picked = gold_origin.picked_otherwise(row.gold.pick for row in drawn)
    if picked:
        return (
            f"they were picked and not drawn at random ({picked}): mending only such rows flatters the model"
            " that they were picked by"
        )
    if any(row.gold.pick != gold_origin.RANDOM for row in drawn):
        return "it is not known how they were picked: there is no column pick"
    weights = [1 / _pi(row) for row in drawn]
    if not all(math.isfinite(weight) for weight in weights):
        return "the probability with which they were drawn is not known: pi is missing"
    total = sum(weights)
    if abs(total / n_test - 1) > TOLERANCE:
        return f"they represent {total:,.0f} rows, and test has {n_test:,}: was it drawn elsewhere?"
    return ""


def _pi(row: AccountedRow) -> float:
    """Read the probability with which a row was drawn; NaN where there is none in (0, 1]."""
    try:
        pi = float(row.gold.pi.replace(",", "."))
    except ValueError:
        return math.nan
    return pi if 0 < pi <= 1 else math.nan


def _truths(prepared: Prepared) -> dict[str, Label]:
    rows = prepared.corpus.rows
    column = "frames" if prepared.plan.config.task == "framing" else "stance"
    return {
        str(id_): _ordered(prepared.plan.labels, label)
        for id_, label in zip(rows["id"], rows[column], strict=True)
    }


def _ordered(labels: LabelSet, label: Label) -> Label:
    """Put frames, which are a set, in one order."""
    return label if isinstance(label, str) else tuple(name for name in labels.names if name in label)


def _single(label: Label) -> str:
    return label if isinstance(label, str) else label[0]


def _cell(label: Label) -> str:
    return label if isinstance(label, str) else "|".join(label)
