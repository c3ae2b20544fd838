"""Predictions and splits in, how much worse is labelled what training never saw out."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.audits.audit_protocol import FRAMES, Queries, Subject
from harness.audits.intervals import gap, rate, shown
from harness.scoring.limitations import MIN_ITEMS
from harness.splits import Split
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding, Measure, Verdict, not_applicable
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import pandas as pd

NAME = "unseen"
LATER = "date"
"""What a split goes by that goes forward in time: what it tests is later, not of another value."""


def unseen(*, by: str = "", large: float = 0.1) -> Unseen:
    """Compare test items whose party (or outlet, …) stands in train with those whose does not.

    Parameters
    ----------
    by : str
        A column of the corpus; left out, what the split leaves out, and else the target.
    large : float
        A gap beyond this, in share labelled rightly, fails.

    Raises
    ------
    ConfigError
        Where ``large`` is no share.
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
        """Compare the two; nothing is asked."""
        column = self.by or subject.left_out or "target"
        if column == "target" and subject.task == "framing":
            return not_applicable(NAME, FRAMES)
        if subject.predictions is None or not subject.splits:
            return not_applicable(NAME, "It is not known what the model was trained on.")
        if column not in subject.corpus.rows.columns:
            return not_applicable(NAME, f"{subject.corpus.name} has no column {column!r}.")
        rows = subject.predictions.rows
        scored = rows[rows["split"].isin(["test", "calibration"])]
        marked = _marked(subject, scored, column)
        test = marked["split"] == "test"
        known = marked["known"]
        # Where a split leaves all that it tests out of training, what is seen are rows held out of training.
        enough = (test & known).sum() >= MIN_ITEMS
        use = marked[test if enough else (test & ~known) | (~test & known)]
        unseen_part = ~use["known"]
        if unseen_part.sum() < MIN_ITEMS or (~unseen_part).sum() < MIN_ITEMS:
            sizes = f"{int((~unseen_part).sum())} seen and {int(unseen_part.sum())} unseen"
            return not_applicable(
                NAME, f"By {column} the scored items are {sizes}; {MIN_ITEMS} of each are needed."
            )
        measures = _measured(use, unseen_part)
        seen_in = "held-out rows of" if (use["split"] == "calibration").any() else "test items of"
        return Finding(
            NAME, self._verdict(measures[-1]), _sentence(measures, column, seen_in), tuple(measures)
        )

    def _verdict(self, found: Measure) -> Verdict:
        if not found.low > 0:
            return "passed"
        return "failed" if found.low > self.large else "warning"


def _marked(subject: Subject, scored: pd.DataFrame, column: str) -> pd.DataFrame:
    """Say of each scored item whether training saw its value, and how often seeds labelled it rightly."""
    import pandas as pd

    corpus = subject.corpus
    value_of = dict(zip(corpus.rows["id"].astype(str), corpus.rows[column], strict=True))
    parts = []
    for split in subject.splits:
        here = scored[scored["fold"] == split.fold].copy()
        known = _known(corpus, split, column)
        values = here["id"].astype(str).map(value_of)
        if column == LATER:
            here["known"] = here["split"] == "calibration"
        else:
            here["known"] = values.isin(known)
        parts.append(here[values.notna()])
    marked = pd.concat(parts, ignore_index=True)
    labels = subject.labels
    if labels.multi:
        truth, said = (
            marked[[f"{word}_{name}" for name in labels.names]].to_numpy() for word in ("truth", "prediction")
        )
        right = (truth == said).all(axis=1)
    else:
        right = (marked["truth"] == marked["prediction"]).to_numpy()
    marked["right"] = right.astype(float)
    marked["cluster"] = marked["group"].astype(object).where(marked["group"].notna(), marked["id"])
    keys = ["fold", "split", "id", "cluster", "known"]
    averaged: pd.DataFrame = marked.groupby(keys, sort=False, dropna=False)["right"].mean().reset_index()
    return averaged


def _known(corpus: Corpus, split: Split, column: str) -> Collection[object]:
    train = set(split.train)
    rows = corpus.rows
    return set(rows.loc[rows["id"].isin(train), column].dropna())


def _measured(use: pd.DataFrame, unseen_part: pd.Series[bool]) -> list[Measure]:
    values, clusters = use["right"].to_numpy(), use["cluster"].to_numpy()
    apart = unseen_part.to_numpy()
    return [
        rate("seen_right", values[~apart], clusters[~apart]),
        rate("unseen_right", values[apart], clusters[apart]),
        gap("gap", values, ~apart, clusters),
    ]


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _sentence(measures: list[Measure], column: str, seen_in: str) -> str:
    seen, other, found = measures
    what = "later items" if column == LATER else f"items of {_a(column)} that training never saw"
    first = "earlier ones" if column == LATER else f"{seen_in} one that it saw"
    told = f"Of {what}, {shown(other)} are labelled rightly; of {first}, {shown(seen)}."
    if math.isnan(found.low):
        return f"{told} The gap has no interval."
    return f"{told} The gap is {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})."
