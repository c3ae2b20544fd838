"""A finished experiment in, the table of its classifiers for a terminal out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.cli import screen
from harness.values.formatting import duration, interval, number, percent

if TYPE_CHECKING:
    from rich.table import Table

    from harness.runs.experiment import ExperimentRun

MAX_NAME = 20
"""Characters of a classifier's name that the table has room for in a terminal of 80 columns."""

MIN_NAME = 9
"""Characters that are left of a name where even the columns that are needed fill a line."""

SPREAD = "seed sd"

REUSED = "reused"
"""In place of seconds: the classifier finished in an earlier run, and nothing was trained."""


def results_table(run: ExperimentRun) -> Table:
    """Set the classifiers of an experiment side by side, in the order of the config.

    The primary metric stands with its 95 % interval over test items and its standard deviation over
    seeds; the one that promotion takes has an asterisk. Where a classifier gave no answer for some rows,
    a column has the share of them. Where a line has too few characters, the other metric and the deviation
    are left to the report: a number that is cut says nothing.
    """
    columns = _columns(run)
    table = _table(run, columns, screen.room(MAX_NAME))
    for heading in (*_other_metrics(run), SPREAD):
        if screen.fits(table):
            return table
        del columns[heading]
        table = _table(run, columns, screen.room(MAX_NAME))
    return table if screen.fits(table) else _table(run, columns, MIN_NAME)


def _columns(run: ExperimentRun) -> dict[str, list[str]]:
    """Return the cells of the columns of numbers, a cell a classifier, by heading and from left to right."""
    from harness.runs.experiment import score_of

    primary, every = run.plan.primary.name, list(run)
    on_test = [score_of(classifier.scores, "test", primary) for classifier in every]
    others = {
        other: [number(score_of(classifier.scores, "test", other)["value"]) for classifier in every]
        for other in _other_metrics(run)
    }
    missing = [classifier.result.missing_share for classifier in every]
    # Most experiments miss nothing, and have no room for a column that says so.
    extra = {"missing": [percent(share, unit=" %") for share in missing]} if any(missing) else {}
    return {
        primary: [number(test["value"]) for test in on_test],
        "95 % interval": [interval(test["low"], test["high"], between="–") for test in on_test],
        SPREAD: [number(test["seed_sd"]) for test in on_test],
        **others,
        "validation": [
            number(score_of(classifier.scores, "validation", primary)["value"]) for classifier in every
        ],
        **extra,
        "time": [
            REUSED if classifier.reused else duration(classifier.seconds, places=1) for classifier in every
        ],
    }


def _table(run: ExperimentRun, columns: Mapping[str, Sequence[str]], letters: int) -> Table:
    from harness.scoring.comparison.conclusions import shortened

    table = screen.table(f"{run.name}, on test", ["classifier"], list(columns))
    for classifier, *cells in zip(run, *columns.values(), strict=True):
        star = " *" if classifier.name == run.best else ""
        table.add_row(shortened(classifier.name, letters) + star, *cells)
    return table


def _other_metrics(run: ExperimentRun) -> list[str]:
    """Return the metrics worth a column beside the primary one: the first with one value."""
    others = [
        metric.name
        for metric in run.plan.metrics
        if not metric.per_label and metric.name != run.plan.primary.name
    ]
    return others[:1]
