"""A table of readings and a classifier's errors on labelled rows in, shares without gold out.

For readers who label nothing among these rows: see :mod:`harness.scoring.statistics.quantification`, and what
it supposes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.gold_sample import BOTH_VOICES
from harness.articles.readings_table import ReadingsTable, Rows, read_rows, row_key
from harness.articles.shares import NAIVE, SHARE_VOICES, ShareTable, StanceShare
from harness.articles.tested_models import TestedModel
from harness.scoring.statistics.quantification import METHODS, Method, UnlabelledRows, quantify
from harness.scoring.statistics.share_intervals import ShareEstimate
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.formatting import counted
from harness.values.minimums import MIN_ITEMS, MIN_PARITY_GROUPS

if TYPE_CHECKING:
    import pandas as pd

SUPPOSED = (
    "shares without gold suppose that the sentences of a stance are alike here and where the model was"
    " tested; that cannot be checked without labels"
)


def read_probabilities(path: Rows, labels: Sequence[str]) -> dict[str, list[float]]:
    """Read the probabilities of every row of a table of readings, by the key of the row.

    Raises
    ------
    ArticleError
        Where a column is missing.
    """
    columns = [f"p_{name}" for name in labels]
    return {row_key(row): [float(row[name] or "nan") for name in columns] for row in read_rows(path, columns)}


def quantified(
    table: ShareTable,
    readings: ReadingsTable,
    tested: TestedModel,
    method: str,
    proba_of: dict[str, list[float]] | None = None,
) -> ShareTable:
    """Return naive shares with those that the errors of the model suggest.

    Parameters
    ----------
    table : ShareTable
        Without gold.
    readings : ReadingsTable
    tested : TestedModel
    method : {"acc", "emq"}
    proba_of : dict, optional
        Of :func:`read_probabilities`; ``emq`` needs it.

    Returns
    -------
    ShareTable
        Shares of groups with fewer than 30 rows, or in fewer than 10 articles, stay naive.

    Raises
    ------
    ArticleError
        Where the method is unknown, or the readings have a stance that the tested model lacks.
    """
    if method not in METHODS:
        raise ArticleError([Problem("quantify", f"there is no method {method!r}", suggest(method, METHODS))])
    others = sorted(set(readings.rows["stance"]) - set(tested.labels))
    if others:
        what = f"knows no stance {others[0]!r}; it has {', '.join(tested.labels)}"
        raise ArticleError([Problem(tested.source, what, "it is of another model")])
    by = list(table.shares[0].group)
    groups = {tuple(map(str, key)): rows for key, rows in readings.rows.groupby(by, sort=True)}
    estimates: dict[tuple[tuple[str, ...], str], list[Any] | None] = {}
    shares = []
    for share in table.shares:
        key = share.group_key, share.voice
        if key not in estimates:
            rows = groups[share.group_key]
            rows = rows if share.voice == BOTH_VOICES else rows[rows["voice"] == share.voice]
            estimates[key] = _estimates(rows, tested, method, proba_of)
        of_group = estimates[key]
        if of_group is None or share.label not in tested.labels:
            shares.append(share)
            continue
        estimate = of_group[tested.labels.index(share.label)]
        how = NAIVE if math.isnan(estimate.value) else method
        # The bootstrap draws articles anew: its interval is for their stream, and none for these rows.
        of_rows = ShareEstimate(estimate.value, math.nan, math.nan, math.nan)
        shares.append(replace(share, corrected=of_rows, stream=estimate, method=how))
    return ShareTable(shares, table.fits, None)


def by_errors(
    table: ShareTable, readings: ReadingsTable, path: Rows, tested: TestedModel, method: str
) -> tuple[ShareTable, tuple[str, ...]]:
    """Return shares by the errors of a model, and what a reader should know of them.

    Parameters
    ----------
    table : ShareTable
    readings : ReadingsTable
    path : Path or DataFrame
        Of the readings.
    tested : TestedModel
    method : {"acc", "emq"}
    """
    proba_of = read_probabilities(path, tested.labels) if method == "emq" else None
    corrected = quantified(table, readings, tested, method, proba_of)
    return corrected, tuple(quantification_notes(corrected.shares, tested, method))


def _estimates(
    rows: pd.DataFrame, tested: TestedModel, method: Method, proba_of: dict[str, list[float]] | None
) -> list[Any] | None:
    if len(rows) < MIN_ITEMS or rows["article"].nunique() < MIN_PARITY_GROUPS:
        return None
    position = {name: code for code, name in enumerate(tested.labels)}
    predicted = np.array([position[label] for label in rows["stance"]], dtype=np.int64)
    proba = np.full((len(rows), len(tested.labels)), np.nan)
    if proba_of is not None:
        proba = np.array([proba_of[key] for key in rows["row"]], dtype=np.float64)
    articles = np.unique(rows["article"].to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    return quantify(UnlabelledRows(predicted, proba, articles), tested.errors, method)


def quantification_notes(shares: Sequence[StanceShare], tested: TestedModel, method: str) -> Iterator[str]:
    """Say what shares without gold rest on, where there is none, and how much labels are confused."""
    condition = tested.errors.condition
    yield SUPPOSED
    rows = counted(tested.n_items, "labelled row")
    if tested.seeds:
        yield tested.seeds
    if math.isinf(condition):
        yield f"by {rows} the model takes some stance for others as often as it is itself: no mix can be told"
    else:
        yield (
            f"errors are known from {rows}; the condition number of the confusion is {condition:.1f} (1:"
            " nothing is confused; an error in a count may grow as much)"
        )
    if method == "emq":
        yield "emq supposes calibrated probabilities, and its intervals do not cover that they may not be"
    groups = {share.group_key for share in shares}
    naive = {share.group_key for share in shares if share.voice == SHARE_VOICES[0] and share.method == NAIVE}
    if naive:
        yield (
            f"in {len(naive):,} of {counted(len(groups), 'group')} shares stay naive: fewer than"
            f" {MIN_ITEMS} rows or {MIN_PARITY_GROUPS} articles, or labels that are confused too much"
        )
