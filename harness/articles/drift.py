"""Labelled rows with dates in; each week beside a reference, and an alarm where the stream changed, out.

Shares of labels, the model's confidence and the length of sentences are compared with those of the first
weeks. The alarm rests on articles, not rows (:mod:`harness.scoring.statistics.change_alarm`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.readings_table import (
    Rows,
    in_order,
    is_true,
    named,
    read_rows,
    refuse_picked,
    week_of,
)
from harness.audits.intervals import mean
from harness.scoring.statistics.change_alarm import evidence, together
from harness.values.errors import ArticleError, Problem
from harness.values.findings import Measure
from harness.values.formatting import counted, percent
from harness.values.minimums import MIN_PARITY_GROUPS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONFIDENCE, WORDS = "confidence", "words"
"""What is watched beside the share of each label."""


@dataclass(frozen=True)
class Week:
    """One week of a stream.

    Attributes
    ----------
    monday : str
        ISO date.
    rows, articles : int
    is_reference : bool
    measures : dict
        Label, ``confidence`` and ``words`` → mean over rows with its 95 % interval over articles; without one
        for fewer than 10 articles; empty for a week without rows.
    log_evidence : float
        Logarithm of the evidence for a change by the end of the week, of all covariates together.
    strongest : str
        The covariate with the most evidence by then; empty in the reference.
    alarm : bool
        Whether the evidence passed the bound in this week or before.
    """

    monday: str
    rows: int
    articles: int
    is_reference: bool
    measures: dict[str, Measure]
    log_evidence: float = 0.0
    strongest: str = ""
    alarm: bool = False


@dataclass(frozen=True)
class Drift:
    """A stream by week.

    Attributes
    ----------
    weeks : tuple of Week
        Every week from the first to the last, those without rows, too.
    covariates : tuple of str
    alpha : float
        The highest probability of an alarm without a change, over the whole stream.
    undated : int
        Rows without a date, which are left out.
    """

    weeks: tuple[Week, ...]
    covariates: tuple[str, ...]
    alpha: float
    undated: int

    @property
    def alarm(self) -> Week | None:
        """The week in which the alarm went off."""
        return next((week for week in self.weeks if week.alarm), None)

    def reference(self, covariate: str) -> float:
        """Return the mean of a covariate over the rows of the reference."""
        weeks = [week for week in self.weeks if week.is_reference and covariate in week.measures]
        rows = sum(week.measures[covariate].n for week in weeks)
        total = sum(week.measures[covariate].value * week.measures[covariate].n for week in weeks)
        return total / rows if rows else math.nan


def read_stream(path: Rows) -> pd.DataFrame:
    """Read labelled rows: what ``harness read`` or ``harness predict`` wrote, or a table like it.

    Parameters
    ----------
    path : Path or DataFrame

    Returns
    -------
    DataFrame
        ``date``, ``article``, ``label``, ``confidence``, ``words``; an article is a row of its own where no
        column ``article`` or ``group`` names it.

    Raises
    ------
    ArticleError
        Where there is no date or no label, or the rows are no random sample.
    """
    import pandas as pd

    rows = read_rows(path, ("date",))
    refuse_picked(rows, path, "show how a stream changes")
    label = next((name for name in ("stance", "label") if name in rows[0]), "")
    if not label:
        raise ArticleError([Problem(named(path), "has no column 'stance' or 'label'")])
    article = next((name for name in ("article", "group") if name in rows[0]), "")
    stream = [
        (
            str(row["date"] or "")[:10],
            str(row[article]) if article and row[article] else f"row {number}",
            str(row[label]),
            _confidence(row, str(row[label])),
            float(len(str(row["text"]).split())) if row.get("text") else math.nan,
        )
        for number, row in enumerate(rows)
        # As for shares: it has to be sure that the party is meant.
        if "sure" not in row or is_true(row["sure"])
    ]
    return pd.DataFrame(stream, columns=["date", "article", "label", CONFIDENCE, WORDS])


def _confidence(row: dict[str, Any], label: str) -> float:
    value = row.get(f"p_{label}")
    return math.nan if value in (None, "") else float(value)


def drift(stream: pd.DataFrame, *, reference: int = 8, alpha: float = 0.05, seed: int = 0) -> Drift:
    """Compare each week with the first ones, and look for a change.

    Parameters
    ----------
    stream : DataFrame
        Of :func:`read_stream`.
    reference : int
        Weeks at the beginning that the others are compared with.
    alpha : float
        The alarm goes off where the evidence passes ``1 / alpha``: without a change that happens with at most
        this probability, however long the stream is.
    seed : int
        Of the order of articles within a day, and of ties.

    Raises
    ------
    ArticleError
        Where an option is out of range, or there are too few weeks or articles.
    """
    if reference < 1 or not 0 < alpha < 1:
        problems = [Problem("reference", f"should be 1 or more, got {reference}")] if reference < 1 else []
        if not 0 < alpha < 1:
            problems.append(Problem("alarm", f"should be above 0 and below 1, got {alpha:g}"))
        raise ArticleError(problems)
    dated = stream.assign(week=stream["date"].map(week_of))
    dated = dated[dated["week"] != ""]
    mondays = _every_week(dated["week"]) if len(dated) else []
    before = dated[dated["week"].isin(mondays[:reference])]
    n_reference = before["article"].nunique()
    if len(mondays) <= reference or n_reference < MIN_PARITY_GROUPS:
        what = (
            f"needs more than {counted(reference, 'week')} with {MIN_PARITY_GROUPS} articles in these;"
            f" there are {counted(len(mondays), 'week')}, and {counted(n_reference, 'article')} in the first"
        )
        raise ArticleError([Problem("reference", what)])
    labels = in_order(dated["label"])
    covariates = [*labels, *(name for name in (CONFIDENCE, WORDS) if dated[name].notna().any())]
    values = np.column_stack(
        [dated["label"] == name if name in labels else dated[name] for name in covariates]
    ).astype(float)
    watched = _watched(dated, values, n_reference, covariates, seed)
    weeks: list[Week] = []
    log_evidence, alarm = 0.0, False
    for index, monday in enumerate(mondays):
        measures, rows, articles = _measured(dated, values, covariates, monday)
        # In a week without articles nothing is bet: the evidence stays as it is.
        log_evidence, highest, strongest = watched.get(monday, (log_evidence, log_evidence, ""))
        alarm = alarm or highest >= -math.log(alpha)
        weeks.append(
            Week(monday, rows, articles, index < reference, measures, log_evidence, strongest, alarm)
        )
    return Drift(tuple(weeks), tuple(covariates), alpha, len(stream) - len(dated))


def _every_week(weeks: pd.Series[str]) -> list[str]:
    """Return the Mondays from the first week to the last."""
    first, last = (dt.date.fromisoformat(day) for day in (weeks.min(), weeks.max()))
    return [(first + dt.timedelta(weeks=k)).isoformat() for k in range((last - first).days // 7 + 1)]


def _watched(
    dated: pd.DataFrame,
    values: NDArray[np.float64],
    n_reference: int,
    covariates: Sequence[str],
    seed: int,
) -> dict[str, tuple[float, float, str]]:
    """Return the evidence by the end of each later week, the highest in it, and its strongest covariate."""
    import pandas as pd

    codes, articles = pd.factorize(dated["article"])
    # An article counts in the week of its first row.
    first = pd.Series(dated["date"].to_numpy()).groupby(codes).min().to_numpy()
    # In no order of its own within a day: a table may be sorted by what is watched.
    order = np.lexsort([np.random.default_rng(seed).permutation(len(articles)), first])
    with np.errstate(invalid="ignore"):
        counts = np.stack([np.bincount(codes, ~np.isnan(column)) for column in values.T], axis=1)
        sums = np.stack([np.bincount(codes, np.nan_to_num(column)) for column in values.T], axis=1)
        scores = sums / np.where(counts > 0, counts, np.nan)
    logs = evidence(scores[order], n_reference, seed=seed)
    course = together(logs)
    later = np.array([week_of(str(day)) for day in first[order][n_reference:]])
    watched = {}
    for monday in dict.fromkeys(later.tolist()):
        inside = np.flatnonzero(later == monday)
        strongest = covariates[int(logs[inside[-1]].argmax())]
        watched[monday] = float(course[inside[-1]]), float(course[inside].max()), strongest
    return watched


def _measured(
    dated: pd.DataFrame, values: NDArray[np.float64], covariates: Sequence[str], monday: str
) -> tuple[dict[str, Measure], int, int]:
    """Return the means of a week with their intervals, and its rows and articles."""
    inside = (dated["week"] == monday).to_numpy()
    articles = dated["article"].to_numpy()[inside]
    n_articles = len(set(articles))
    measures = {}
    for name, column in zip(covariates, values[inside].T, strict=True):
        if len(column) and not np.isnan(column).all():
            measure = mean(name, column, articles)
            # Resamples of few articles vary too little: the value alone.
            few = n_articles < MIN_PARITY_GROUPS
            measures[name] = Measure(name, measure.value, n=measure.n) if few else measure
    return measures, len(articles), n_articles


def drift_rows(drift: Drift) -> list[dict[str, Any]]:
    """Return one row a week and covariate; what is unknown is empty."""
    rows = []
    for week in drift.weeks:
        for name in drift.covariates:
            measure = week.measures.get(name, Measure(name, math.nan))
            reference = drift.reference(name)
            numbers = {
                "value": measure.value,
                "low": measure.low,
                "high": measure.high,
                "reference": reference,
                "difference": measure.value - reference,
                "evidence": math.exp(min(week.log_evidence, 700.0)),
            }
            rows.append(
                {
                    "week": week.monday,
                    "rows": week.rows,
                    "articles": week.articles,
                    "is_reference": week.is_reference,
                    "covariate": name,
                    **{key: "" if math.isnan(value) else round(value, 6) for key, value in numbers.items()},
                    "alarm": week.alarm,
                }
            )
    return rows


def drift_notes(drift: Drift) -> Iterator[str]:
    """Say whether the alarm went off, where and by what, and what it can and cannot tell."""
    bound = f"1/{drift.alpha:g} = {1 / drift.alpha:,.0f}"
    chance = f"without a change the chance of an alarm is at most {percent(drift.alpha, unit=' %')} in all"
    week = drift.alarm
    if week is None:
        last = drift.weeks[-1].log_evidence
        ends = f"the evidence for a change is {_evidence(last)} in the last week, below {bound}"
        yield f"no alarm: {ends}; {chance}"
    else:
        name = week.strongest
        value, reference = week.measures[name].value, drift.reference(name)
        shown = (
            (f"{value:.1f}", f"{reference:.1f}")
            if name == WORDS
            else (percent(value, unit=" %"), percent(reference, unit=" %"))
        )
        yield (
            f"alarm in the week of {week.monday}: the evidence for a change passed {bound}, most by {name}:"
            f" {shown[0]} in that week, {shown[1]} in the reference; {chance}"
        )
        yield "an alarm says that the stream changed; whether the model errs more, only labels can tell"
    few = [week for week in drift.weeks if 0 < week.articles < MIN_PARITY_GROUPS]
    empty = [week for week in drift.weeks if not week.rows]
    if few:
        yield f"{counted(len(few), 'week')} with fewer than {MIN_PARITY_GROUPS} articles: no intervals"
    if empty:
        yield f"{counted(len(empty), 'week')} without any row"
    if drift.undated:
        yield f"{counted(drift.undated, 'row')} without a date: left out"


def _evidence(log: float) -> str:
    return f"{math.exp(log):,.1f}" if log < math.log(1e6) else "more than a million"
