"""Predictions and splits in; how much worse items of unseen parties (or outlets, …) are labelled out."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.audits.audit_protocol import FRAMES, Queries, Subject
from harness.audits.intervals import format_share, gap, rate
from harness.audits.verdicts import at_most, what_would_decide
from harness.splits import Split, count_repeats
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding, Measure, not_applicable
from harness.values.formatting import interval, number
from harness.values.label_columns import label_codes
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import pandas as pd

NAME = "unseen"
LATER = "date"
"""The column of a split forward in time: its test items are later, not of another value."""


def unseen(*, by: str = "", large: float = 0.1) -> Unseen:
    """Compare test items whose party (or outlet, …) occurs in train with those whose does not.

    Parameters
    ----------
    by : str
        A column of the corpus; by default the column that the split holds out, else the target.
    large : float
        A smaller gap in accuracy counts as none, in (0, 1]: the audit fails if the interval of the gap begins
        above this, passes if it ends at or below it, and is undecided otherwise.

    Raises
    ------
    ConfigError
        If ``large`` is out of range.
    """
    if not 0 < large <= 1:
        raise ConfigError([Problem("large", f"should be a share above 0 and up to 1, got {large}")])
    return Unseen(by, large)


@dataclass(frozen=True)
class Unseen:
    """See :func:`unseen`."""

    by: str
    large: float
    needs_model = False

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Compare seen and unseen items; no prediction is needed."""
        column = self.by or subject.held_out_by or "target"
        if column == "target" and subject.task == "framing":
            return not_applicable(NAME, FRAMES)
        if subject.predictions is None or not subject.splits:
            return not_applicable(NAME, "It is not known what the model was trained on.")
        if column not in subject.corpus.rows.columns:
            return not_applicable(NAME, f"{subject.corpus.name} has no column {column!r}.")
        rows = subject.predictions.rows
        # No validation rows: early stopping and tuning used them, so that they are labelled too well.
        scored = rows[rows["split"].isin(["test", "calibration"])]
        # Of a repeated cross-validation the first repeat, in which each item is tested once.
        n_folds = len(subject.splits) // count_repeats(subject.splits)
        scored = scored[scored["fold"].isin([split.fold for split in subject.splits[:n_folds]])]
        marked = _marked(subject, scored, column)
        test = marked["split"] == "test"
        seen = marked["seen"]
        # If the split holds out every value that it tests, no test item is seen: calibration rows stand in.
        enough = (test & seen).sum() >= MIN_ITEMS
        used = marked[test if enough else (test & ~seen) | (~test & seen)]
        is_unseen = ~used["seen"]
        if is_unseen.sum() < MIN_ITEMS or (~is_unseen).sum() < MIN_ITEMS:
            sizes = f"{int((~is_unseen).sum())} seen and {int(is_unseen.sum())} unseen"
            return not_applicable(
                NAME, f"By {column}, the scored items are {sizes}; {MIN_ITEMS} of each are needed."
            )
        measures = _measured(used, is_unseen)
        seen_in = "held-out rows of" if (used["split"] == "calibration").any() else "test items of"
        verdict = at_most(measures[-1], self.large)
        sentence = _sentence(measures, column, seen_in)
        if verdict == "undecided":
            gap_of_all = replace(measures[-1], n=len(used))
            sentence = (
                f"{sentence} Whether it is at most {number(self.large, places=2)} is not shown."
                f" {what_would_decide(gap_of_all, self.large)}"
            )
        return Finding(NAME, verdict, sentence, tuple(measures))


def _marked(subject: Subject, scored: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return for each scored item whether training saw its value, and the share of seeds that are correct."""
    import pandas as pd

    corpus = subject.corpus
    value_of = dict(zip(corpus.rows["id"].astype(str), corpus.rows[column], strict=True))
    parts = []
    for split in subject.splits:
        items = scored[scored["fold"] == split.fold].copy()
        values = items["id"].astype(str).map(value_of)
        if column == LATER:
            # Dates do not recur: rows held out before the cut are compared with those after it.
            items["seen"] = items["split"] == "calibration"
        else:
            items["seen"] = values.isin(_training_values(corpus, split, column))
        parts.append(items[values.notna()])
    marked = pd.concat(parts, ignore_index=True)
    labels = subject.labels
    if labels.multi:
        truth, predicted = (label_codes(marked, word, labels) for word in ("truth", "prediction"))
        correct = (truth == predicted).all(axis=1)
    else:
        # An empty prediction equals no label.
        correct = (marked["truth"] == marked["prediction"]).to_numpy(dtype=bool, na_value=False)
    marked["correct"] = correct.astype(float)
    marked["cluster"] = marked["group"].astype(object).where(marked["group"].notna(), marked["id"])
    keys = ["fold", "split", "id", "cluster", "seen"]
    if marked["seed"].nunique() < 2:
        return marked[[*keys, "correct"]]
    # The seeds of an item are no further items: their mean is one value.
    averaged: pd.DataFrame = marked.groupby(keys, sort=False, dropna=False)["correct"].mean().reset_index()
    return averaged


def _training_values(corpus: Corpus, split: Split, column: str) -> Collection[object]:
    train = set(split.train)
    rows = corpus.rows
    return set(rows.loc[rows["id"].isin(train), column].dropna())


def _measured(used: pd.DataFrame, is_unseen: pd.Series[bool]) -> list[Measure]:
    values, clusters = used["correct"].to_numpy(), used["cluster"].to_numpy()
    unseen_items = is_unseen.to_numpy()
    return [
        rate("seen_right", values[~unseen_items], clusters[~unseen_items]),
        rate("unseen_right", values[unseen_items], clusters[unseen_items]),
        gap("gap", values, ~unseen_items, clusters),
    ]


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _sentence(measures: list[Measure], column: str, seen_in: str) -> str:
    seen, other, difference = measures
    later = column == LATER
    unseen_items = "later items" if later else f"items of {_with_article(column)} that training never saw"
    seen_items = "earlier ones" if later else f"{seen_in} one that it saw"
    accuracy = (
        f"Of {unseen_items}, {format_share(other)} are labelled correctly;"
        f" of {seen_items}, {format_share(seen)}."
    )
    if math.isnan(difference.low):
        return f"{accuracy} The gap has no interval."
    bounds = interval(difference.low, difference.high, signed=True)
    return f"{accuracy} The gap is {number(difference.value, signed=True)} ({bounds})."
