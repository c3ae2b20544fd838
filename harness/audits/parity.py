"""Predictions in; by how much error rates differ between parties, outlets or other groups of items out.

Each group is compared with all other items: its error rate, and for each label its recall and the rate at
which it is given wrongly. Which gap is the largest is known only afterwards, so that its interval is one that
holds for all gaps at once (:mod:`harness.scoring.statistics.simultaneous`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.audits.audit_protocol import FRAMES, Queries, Subject
from harness.audits.unanswered import MAX_UNANSWERED, with_unanswered
from harness.audits.verdicts import deciding_items
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.statistics.simultaneous import Contrast, Gap, simultaneous_gaps
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.formatting import counted, interval, number, percent, rounded_up
from harness.values.labels import missing_rows
from harness.values.minimums import MIN_ITEMS, MIN_PARITY_GROUPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

NAME = "parity"
Rate = Literal["error", "recall", "false_positive"]
RATES: tuple[Rate, ...] = ("error", "recall", "false_positive")
COLUMNS = ("column", "group", "rate", "items", "articles", "value", "rest", "gap", "low", "high", "p")
MAX_ROWS = 60
"""Gaps that the table lists, the largest first."""


def parity(
    *,
    by: tuple[str, ...] = ("target", "outlet"),
    large: float = 0.1,
    min_items: int = MIN_ITEMS,
    rates: tuple[Rate, ...] = RATES,
) -> Parity:
    """Compare error rates between groups of test items, by party and outlet.

    Parameters
    ----------
    by : tuple of str
        Columns of the corpus whose values make groups.
    large : float
        A smaller gap counts as none, in (0, 1]: the audit fails if some gap is shown to be above this, passes
        if each is shown to be at or below it, and is undecided otherwise.
    min_items : int
        A rate over fewer items of a group is not compared, 10 or more.
    rates : tuple of {"error", "recall", "false_positive"}
        What is compared: the share of items that are labelled wrongly; for each label the share of its items
        that are recognised, and that of all others that are given it.

    Raises
    ------
    ConfigError
        If an option is out of range.
    """
    problems = []
    if not 0 < large <= 1:
        problems.append(Problem("large", f"should be a share above 0 and up to 1, got {large}"))
    if min_items < MIN_PARITY_GROUPS:
        problems.append(Problem("min_items", f"should be {MIN_PARITY_GROUPS} or more, got {min_items}"))
    problems += [
        Problem(name, "names nothing to compare")
        for name, values in (("by", by), ("rates", rates))
        if not values
    ]
    if problems:
        raise ConfigError(problems)
    return Parity(by, large, min_items, rates)


@dataclass(frozen=True)
class GroupRate:
    """One rate of one group against that of all other items.

    Attributes
    ----------
    column, group : str
        ``target`` and ``Harbour Party``, say.
    rate : str
        ``error``, ``recall critical``, ``false positive critical``.
    contrast : Contrast
    """

    column: str
    group: str
    rate: str
    contrast: Contrast


@dataclass(frozen=True)
class Parity:
    """See :func:`parity`."""

    by: tuple[str, ...]
    large: float
    min_items: int
    rates: tuple[Rate, ...]
    needs_model = False

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Compare the groups; no prediction is needed."""
        columns = [name for name in self.by if name != "target" or subject.task != "framing"]
        if not columns:
            return not_applicable(NAME, FRAMES)
        items = Items.of(subject)
        corpus = subject.corpus.rows
        comparisons: list[GroupRate] = []
        small: dict[str, int] = {}
        missing = [name for name in columns if name not in corpus.columns]
        for column in columns:
            if column in missing:
                continue
            value_of = dict(zip(corpus["id"].astype(str), corpus[column], strict=True))
            values = np.array([_text(value_of[id_]) for id_ in items.ids], dtype=object)
            large_enough, small[column] = self._groups(values, items)
            for group in large_enough:
                comparisons += self._compared(column, group, values, items)
        if not comparisons:
            return not_applicable(NAME, self._why_not(subject, columns, missing, small))
        # By name, so that the order of labels decides nothing.
        comparisons.sort(key=lambda comparison: (comparison.column, comparison.group, comparison.rate))
        gaps = simultaneous_gaps([comparison.contrast for comparison in comparisons], items.clusters)
        finding = self._finding(items, list(zip(comparisons, gaps, strict=True)), small)
        finding = with_unanswered(finding, subject)
        if finding.verdict == "passed" and missing_rows(subject.predicted).mean() > MAX_UNANSWERED:
            # Groups are alike in what is not answered: that shows nothing of the answers.
            return replace(finding, verdict="undecided")
        return finding

    def _groups(self, values: NDArray[np.object_], items: Items) -> tuple[list[str], int]:
        """Return the groups that are large enough, and the number of the others."""
        groups = sorted({value for value in values if value})
        large = [group for group in groups if self._enough(values == group, items)]
        return large, len(groups) - len(large)

    def _enough(self, mask: Mask, items: Items) -> bool:
        n_groups = len(np.unique(items.clusters[mask]))
        return bool(mask.sum() >= self.min_items and n_groups >= MIN_PARITY_GROUPS)

    def _compared(
        self, column: str, group: str, values: NDArray[np.object_], items: Items
    ) -> Iterator[GroupRate]:
        # Items without a value, of an unknown outlet say, are in no group and not among the others.
        inside, has_value = values == group, values != ""
        for rate, hits, of in items.rates(self.rates):
            arms = [inside & of, ~inside & has_value & of]
            if all(self._enough(arm, items) for arm in arms):
                yield GroupRate(column, group, rate, Contrast(hits, inside, has_value & of))

    def _why_not(
        self, subject: Subject, columns: Sequence[str], missing: Sequence[str], small: dict[str, int]
    ) -> str:
        if len(missing) == len(columns):
            names = " and ".join(repr(name) for name in missing)
            return f"{subject.corpus.name} has no column {names}."
        sizes = ", ".join(f"{n} of {column}" for column, n in small.items() if n)
        too_small = f" Too small: {sizes}." if sizes else ""
        return (
            f"No two groups of test items can be compared: each needs {counted(self.min_items, 'item')} in"
            f" {MIN_PARITY_GROUPS} articles.{too_small}"
        )

    def _finding(
        self, items: Items, compared: Sequence[tuple[GroupRate, Gap]], small: dict[str, int]
    ) -> Finding:
        # Rounded, so that equal gaps stay in the order of their names.
        ranked = sorted(compared, key=lambda pair: -round(abs(pair[1].value), 9))
        largest = _largest(ranked, len(items))
        verdict = self._verdict(ranked)
        sentences = [_largest_sentence(*ranked[0], largest, len(ranked)), *self._reasons(ranked, verdict)]
        if verdict == "undecided":
            sentences.append(self._deciding(ranked, len(items)))
        if any(small.values()):
            sizes = ", ".join(f"{n} by {column}" for column, n in small.items() if n)
            sentences.append(f"Groups too small to compare: {sizes}.")
        measures = [largest]
        errors = [pair for pair in ranked if pair[0].rate == "error"]
        if errors and len(errors) < len(ranked):
            measures.append(_largest(errors, len(items), "largest_error_gap"))
        return Finding(NAME, verdict, " ".join(sentences), tuple(measures), (_table(ranked),))

    def _verdict(self, ranked: Sequence[tuple[GroupRate, Gap]]) -> Verdict:
        gaps = [gap for _, gap in ranked]
        if any(_distance(gap)[0] > self.large for gap in gaps):
            return "failed"
        # That all gaps are small is shown if each is by itself: no correction (Berger 1982).
        each = all(max(abs(gap.low), abs(gap.high)) <= self.large for gap in gaps)
        return "passed" if each else "undecided"

    def _reasons(self, ranked: Sequence[tuple[GroupRate, Gap]], verdict: Verdict) -> Iterator[str]:
        bound = number(self.large, places=2)
        if verdict == "passed":
            yield f"Each gap by itself is shown to be at most {bound}."
        if verdict == "failed":
            shown = [pair for pair in ranked if _distance(pair[1])[0] > self.large]
            names = [
                f"{comparison.rate} of {comparison.group} ({number(gap.value, signed=True)})"
                for comparison, gap in shown[:3]
            ]
            more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
            yield f"Shown to be above {bound}: {', '.join(names)}{more}."

    def _deciding(self, ranked: Sequence[tuple[GroupRate, Gap]], n: int) -> str:
        """Say how many test items would show a gap above the bound, or all to be below it."""
        above = [pair for pair in ranked if abs(pair[1].value) > self.large]
        # A single gap above the bound decides; below it, all have to be shown to be.
        needed = [
            deciding_items(Measure("gap", abs(gap.value), *ends, n), self.large)
            for _, gap in (above or ranked)
            for ends in [(gap.low_all, gap.high_all) if above else (gap.low, gap.high)]
        ]
        bound, items = number(self.large, places=2), min(needed) if above else max(needed)
        what = f"Whether a gap is above {bound} is not shown."
        if not np.isfinite(items):
            return f"{what} A gap is the bound itself, so that no number of items can be named."
        return f"{what} About {counted(rounded_up(items), 'item')} would decide it, if gaps stay as measured."


@dataclass(frozen=True)
class Items:
    """The test items, once each, with what all models of the run predict for them.

    Attributes
    ----------
    ids : (n,) array
    truth : (n,) or (n, k) array
        Label codes, or 0 and 1 for each label.
    predicted : (models, n) or (models, n, k) array
        One for each seed and repeat.
    clusters : (n,) array
        Codes from 0.
    labels : tuple of str
    """

    ids: NDArray[np.object_]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    clusters: NDArray[np.int64]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, subject: Subject) -> Items:
        """Take the test rows of all seeds and folds; of a model alone, the audited rows."""
        labels = subject.labels.names
        if subject.predictions is None:
            ids = subject.tested.rows["id"].astype(str).to_numpy(dtype=object)
            return cls(ids, subject.truth, subject.predicted[None], subject.clusters, labels)
        # The seeds of an item are no further items: their mean is one value.
        aligned = AlignedPredictions.of(subject.predictions.only(split="test")).by_model
        return cls(aligned.ids, aligned.truth, aligned.predicted, aligned.clusters, labels)

    def rates(self, wanted: Sequence[Rate]) -> Iterator[tuple[str, Array, Mask]]:
        """Yield the name of each rate, its hits in [0, 1], and the items that it is of."""
        multi = self.truth.ndim == 2
        everything = np.ones(len(self), dtype=bool)
        if "error" in wanted:
            wrong = self.predicted != self.truth
            yield "error", (wrong.any(axis=-1) if multi else wrong).mean(axis=0), everything
        for code, name in enumerate(self.labels):
            true = self.truth[:, code] == 1 if multi else self.truth == code
            given = (self.predicted[..., code] == 1 if multi else self.predicted == code).mean(axis=0)
            if "recall" in wanted:
                yield f"recall {name}", given, true
            if "false_positive" in wanted:
                yield f"false positive {name}", given, ~true


def _text(value: object) -> str:
    """Return a value of a column as text; empty where it is missing."""
    import pandas as pd

    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _distance(gap: Gap) -> tuple[float, float]:
    """Return the interval of the size of a gap, whichever its sign, that holds for all gaps at once."""
    ends = abs(gap.low_all), abs(gap.high_all)
    return (0.0 if gap.low_all <= 0 <= gap.high_all else min(ends)), max(ends)


def _largest(ranked: Sequence[tuple[GroupRate, Gap]], n: int, name: str = "largest_gap") -> Measure:
    """Return the size of the largest gap: where all intervals hold, the largest true gap lies in this one."""
    lows, highs = zip(*(_distance(gap) for _, gap in ranked), strict=True)
    return Measure(name, abs(ranked[0][1].value), max(lows), min(1.0, max(highs)), n)


def _largest_sentence(comparison: GroupRate, gap: Gap, largest: Measure, n: int) -> str:
    bounds = interval(largest.low, largest.high)
    shares = f"{percent(gap.share, unit=' %')}, elsewhere {percent(gap.rest, unit=' %')}"
    return (
        f"The largest of {counted(n, 'gap')} is {number(abs(gap.value))}: {comparison.rate} of"
        f" {comparison.group} is {shares}. The largest that there is lies in {bounds}, corrected for"
        " having looked at all."
    )


def _table(ranked: Sequence[tuple[GroupRate, Gap]]) -> Detail:
    rows = [
        (
            comparison.column,
            comparison.group,
            comparison.rate,
            gap.n,
            gap.clusters,
            gap.share,
            gap.rest,
            gap.value,
            gap.low_all,
            gap.high_all,
            gap.p,
        )
        for comparison, gap in ranked[:MAX_ROWS]
    ]
    title = "Gaps to all other items, intervals and p-values corrected for the number of gaps"
    return Detail("gaps", title, COLUMNS, tuple(rows))
