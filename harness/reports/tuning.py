"""The records of a classifier's searches in, what a report says of how its options were chosen out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.evaluation.results import ClassifierResult
from harness.evaluation.search.record import SearchCandidate, SearchRecord
from harness.values.errors import listed
from harness.values.formatting import counted, duration, number

if TYPE_CHECKING:
    import pandas as pd

KINDS: Mapping[str, str] = {
    "grid": "a grid",
    "random": "random search",
    "tpe": "the tree-structured Parzen estimator",
}

SHOWN = 10
"""Candidates in the table of the report; the others are folded away."""

WIDTH, HEIGHT = 480, 200
"""Of the figures, in the units of their view box."""


@dataclass(frozen=True)
class SearchPage:
    """What the report of a run shows of a search.

    Attributes
    ----------
    record : SearchRecord
        Of the trial whose model is served, or of the seed that searched for it.
    about : tuple of str
        Sentences.
    options : tuple of str
        The tuned ones.
    best, rest : list of SearchCandidate
        The best :data:`SHOWN`, best first, and the others.
    path : list of dict
        Candidates with a score as points of the figure, in the order of their numbers.
    line : str
        The best score so far, as points of an SVG polyline.
    low, high : float
        Scores at the lower and the upper edge of the figure.
    finalists : list of SearchCandidate
        Those whose speed was measured, best first.
    weighed : list of dict
        The finalists as points of a figure of score over speed.
    fastest : float
        Rows a second at its right edge.
    """

    record: SearchRecord
    about: tuple[str, ...]
    options: tuple[str, ...]
    best: list[SearchCandidate]
    rest: list[SearchCandidate]
    path: list[dict[str, Any]]
    line: str
    low: float
    high: float
    finalists: list[SearchCandidate]
    weighed: list[dict[str, Any]]
    fastest: float


def records_of(result: ClassifierResult) -> tuple[SearchRecord, ...]:
    """Return the records of a classifier's searches, one a trial that searched."""
    return tuple(trial.search for trial in result.trials if trial.search is not None)


def tuning_in_short(result: ClassifierResult) -> str:
    """Say how many candidates the options were chosen from, what that took and how much luck is in it.

    Empty for a classifier without a search.
    """
    # None of a classifier that is read from a store of an earlier version, either.
    records = records_of(result)
    if not records:
        return ""
    seconds = sum(record.seconds for record in records)
    candidates = counted(sum(record.n_fitted for record in records), "candidate")
    times = f" in {counted(len(records), 'search', 'searches')}" if len(records) > 1 else ""
    text = f"options are the best of {candidates}{times}, fitted in {duration(seconds, places=1)}"
    # Of several searches, that of the served model stands for the others.
    record = _shown(result)
    if record is None:
        return text
    text += f"; {record.metric} {number(record.best.score)} on {_rows(record)}"
    if not math.isnan(record.optimism):
        text += f", expected to be {number(record.optimism)} too good for having been chosen"
    return text


def tuned_fact(result: ClassifierResult) -> str:
    """Say which options were tuned, and on what."""
    names = ", ".join(result.classifier.tune)
    record = _shown(result)
    return f"{names}, on {_rows(record)}" if names and record is not None else names or "nothing"


def search_page(result: ClassifierResult, scores: pd.DataFrame, budgets: str = "") -> SearchPage | None:
    """Return what the report shows of a search; None where there was none.

    Parameters
    ----------
    result : ClassifierResult
    scores : DataFrame
        Of whole splits, see :class:`harness.values.tables.Scores`.
    budgets : str
        What the classifiers of the experiment may spend on tuning.
    """
    record = _shown(result)
    if record is None:
        return None
    sign = -1.0 if record.direction == "lower" else 1.0
    # Those without a score of their own last: they are there for completeness.
    ranked = sorted(
        record.candidates,
        key=lambda each: (each.state not in ("complete",), -sign * _or_low(each.score), each.number),
    )
    low, high = _range(record)
    points = [
        {
            "x": round(WIDTH * (each.number + 0.5) / len(record.candidates), 1),
            "y": _height(each.score, low, high),
            "state": "chosen" if each.number == record.chosen else each.state,
            "title": f"candidate {each.number}: {number(each.score)}, {each.state}",
        }
        for each in record.candidates
        if each.state == "complete"
    ]
    return SearchPage(
        record,
        (*_sentences(result, record, scores), *([f"{budgets[:1].upper()}{budgets[1:]}."] if budgets else [])),
        tuple(result.classifier.tune),
        ranked[:SHOWN],
        ranked[SHOWN:],
        points,
        _best_so_far(points),
        low,
        high,
        [each for each in ranked if not math.isnan(each.rows_per_second)],
        _weighed(record, low, high),
        1.05 * _fastest(record),
    )


def option_text(value: Any) -> str:
    """Write the value of an option: numbers with four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def tuned_names(options: Mapping[str, Any]) -> list[str]:
    """Return the tuned options of a classifier, from its options in a config with all defaults."""
    tune = options.get("tune") or {}
    space = tune["space"] if isinstance(tune.get("space"), Mapping) else tune
    return [name for name, values in space.items() if values]


def tuned_clause(options: Mapping[str, Any], metric: str, *, halved: bool) -> str:
    """Say for a paper how options were chosen, from a config with all defaults; empty where none were.

    Parameters
    ----------
    options : mapping
        Of one classifier.
    metric : str
    halved : bool
        Whether half of validation was set apart for that.
    """
    names = tuned_names(options)
    if not names:
        return ""
    tune = options["tune"]
    how = ""
    if isinstance(tune.get("space"), Mapping):
        how = f" by {KINDS[tune['search']]}"
        how += f" from {counted(tune['trials'], 'candidate')}" if tune.get("trials") else ""
    where = "rows apart from validation" if halved else "rows held out from training"
    return f", with {listed(names)} chosen{how} by {metric} on {where}"


def _shown(result: ClassifierResult) -> SearchRecord | None:
    """Return the record of the served trial, or of the seed that searched for its options."""
    served = result.served
    if served is not None and served.search is not None:
        return served.search
    fold = served.trial.fold if served is not None else None
    of_fold = [trial.search for trial in result.trials if trial.search and trial.trial.fold == fold]
    return next(iter((*of_fold, *records_of(result))), None)


def _rows(record: SearchRecord) -> str:
    rows = counted(record.n_rows, "row")
    # Rows that are their own groups are said once.
    rows += f" in {counted(record.n_groups, 'group')}" if record.n_groups < record.n_rows else ""
    where = {
        "half": "that were set apart from validation for that",
        "folds": "of train, each labelled by a classifier fitted to the other folds",
        "part": "that were held out from train",
    }
    return f"{rows} {where[record.rows]}"


def _sentences(result: ClassifierResult, record: SearchRecord, scores: pd.DataFrame) -> list[str]:
    states = [each.state for each in record.candidates]
    counts = [
        f"{states.count(state)} {word}"
        for state, word in (("pruned", "given up on the way"), ("failed", "failed"), ("repeated", "repeated"))
        if state in states
    ]
    tried = f"{counted(len(states), 'candidate')} tried by {KINDS[record.kind]}"
    sentences = [f"{tried}{' (' + ', '.join(counts) + ')' if counts else ''}, judged on {_rows(record)}."]
    if not math.isnan(record.optimism):
        sentences.append(
            f"The best {record.metric}, {number(record.best.score)}, is expected to be"
            f" {number(record.optimism)} too good because it was chosen for it: so much of its lead over the"
            " mean candidate does not recur on groups that had no part in choosing it (BBC-CV; Tsamardinos,"
            " Greasidou & Borboudakis 2018)."
        )
    on_validation = scores[(scores["metric"] == record.metric) & (scores["split"] == "validation")]
    for value in on_validation["value"]:
        sentences.append(f"On validation, which no candidate was judged on, it is {number(value)}.")
    total = sum(each.seconds for each in records_of(result))
    fits = counted(sum(each.n_fitted for each in records_of(result)), "candidate")
    sentences.append(
        f"All searches of this classifier fitted {fits} in {duration(total, places=1)}; what was tuned less"
        " may lose by that alone."
    )
    return sentences


def _range(record: SearchRecord) -> tuple[float, float]:
    values = [each.score for each in record.candidates if each.state == "complete"]
    # Candidates may all have the same score: a figure without height has no place for them.
    margin = 0.05 * (max(values) - min(values)) or 0.05
    return min(values) - margin, max(values) + margin


def _height(score: float, low: float, high: float) -> float:
    # SVG counts y downwards.
    return round(HEIGHT * (1 - (score - low) / (high - low)), 1)


def _fastest(record: SearchRecord) -> float:
    return max((each.rows_per_second for each in record.finalists), default=1.0)


def _weighed(record: SearchRecord, low: float, high: float) -> list[dict[str, Any]]:
    """Return the finalists as points: further right is faster, higher is the better score."""
    # From zero: half as far right is half as fast.
    edge, front = 1.05 * _fastest(record), record.front
    return [
        {
            "x": round(WIDTH * each.rows_per_second / edge, 1),
            "y": _height(each.score, low, high),
            "front": each.number in front,
            "number": each.number,
        }
        for each in record.finalists
    ]


def _best_so_far(points: list[dict[str, Any]]) -> str:
    """Return the corners of the line through the best scores so far."""
    chosen = next((point for point in points if point["state"] == "chosen"), None)
    if chosen is None:
        return ""
    # The chosen candidate is the best: it lies at the better edge, whichever that is.
    better = min if chosen["y"] == min(point["y"] for point in points) else max
    corners, best = [], points[0]["y"]
    for point in points:
        # A step: the best stays what it was until the candidate that beats it.
        corners.append(f"{point['x']},{best}")
        best = better(best, point["y"])
        corners.append(f"{point['x']},{best}")
    return " ".join([*corners, f"{WIDTH},{best}"])


def _or_low(value: float) -> float:
    return -math.inf if math.isnan(value) else value
