"""A table of readings and a classifier's errors on labelled rows in, shares without gold out.

For readers who label nothing among these rows: see :mod:`harness.scoring.statistics.quantification`, and what
it supposes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.gold_sample import BOTH_VOICES
from harness.articles.readings_table import ReadingsTable, read_rows, row_key
from harness.articles.shares import NAIVE, SHARE_VOICES, ShareTable, StanceShare
from harness.scoring.aligned import cluster_codes
from harness.scoring.statistics.quantification import (
    METHODS,
    LabelledErrors,
    Method,
    UnlabelledRows,
    check_labels,
    quantify,
)
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.formatting import counted
from harness.values.minimums import MIN_ITEMS, MIN_ITEMS_PER_LABEL, MIN_PARITY_GROUPS

if TYPE_CHECKING:
    import pandas as pd

SUPPOSED = (
    "shares without gold suppose that the sentences of a stance are alike here and where the model was"
    " tested; that cannot be checked without labels"
)


@dataclass(frozen=True)
class TestedModel:
    """What a model predicted for rows whose stance is known.

    Attributes
    ----------
    labels : tuple of str
    errors : LabelledErrors
    source : str
        File that it was read from.
    """

    __test__ = False

    labels: tuple[str, ...]
    errors: LabelledErrors
    source: str


def read_tested(path: Path) -> TestedModel:
    """Read the predictions of a run, or a table of one's own.

    Parameters
    ----------
    path : Path
        ``predictions.parquet`` of a run, or any table with ``truth``, ``prediction``, a column ``p_<label>``
        for each label, and where known ``group``, ``split`` and ``seed``: the test rows are used, of the
        first seed, without those whose prediction is missing.

    Raises
    ------
    ArticleError
        Where a column is missing, or a label has too few rows to say what it is taken for.
    """
    import pandas as pd

    rows = pd.DataFrame(read_rows(path, ("truth", "prediction")))
    # A missing prediction says nothing of what a label is taken for.
    rows = rows[~rows["prediction"].isna() & (rows["prediction"].astype(str) != "")]
    labels = tuple(str(name).removeprefix("p_") for name in rows.columns if str(name).startswith("p_"))
    used = {str(label) for label in [*rows["truth"], *rows["prediction"]]}
    if not labels or not used <= set(labels):
        listed = ", ".join(f"p_{name}" for name in sorted(used))
        raise ArticleError([Problem(str(path), "has not a column of probabilities for each label", listed)])
    if "split" in rows.columns:
        rows = rows[rows["split"].astype(str) == "test"]
    if rows.empty:
        raise ArticleError([Problem(str(path), "has no test rows")])
    if "seed" in rows.columns:
        rows = rows[rows["seed"] == rows["seed"].iloc[0]]
    rows = rows.reset_index(drop=True)
    position = {name: code for code, name in enumerate(labels)}
    truth, predicted = (
        np.array([position[str(label)] for label in rows[name]], dtype=np.int64)
        for name in ("truth", "prediction")
    )
    for name in ("group", "id"):
        if name not in rows.columns:
            rows[name] = None if name == "group" else rows.index
    proba = rows[[f"p_{name}" for name in labels]].to_numpy(dtype=np.float64)
    errors = LabelledErrors(truth, predicted, proba, cluster_codes(rows))
    few = check_labels(errors, labels, MIN_ITEMS_PER_LABEL)
    if few:
        what = f"has fewer than {counted(MIN_ITEMS_PER_LABEL, 'test row')} of {', '.join(few)}"
        raise ArticleError([Problem(str(path), what, "what they are taken for is not known")])
    return TestedModel(labels, errors, str(path))


def read_probabilities(path: Path, labels: Sequence[str]) -> dict[str, list[float]]:
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
        shares.append(replace(share, corrected=estimate, stream=estimate, method=how))
    return ShareTable(shares, table.fits, None)


def by_errors(
    table: ShareTable, readings: ReadingsTable, path: Path, tested: tuple[Path, str]
) -> tuple[ShareTable, tuple[str, ...]]:
    """Return shares by the errors of a model, and what a reader should know of them.

    Parameters
    ----------
    table : ShareTable
    readings : ReadingsTable
    path : Path
        Of the readings.
    tested : (Path, str)
        Its predictions on labelled rows, and the method.
    """
    source, method = tested
    model = read_tested(source)
    proba_of = read_probabilities(path, model.labels) if method == "emq" else None
    corrected = quantified(table, readings, model, method, proba_of)
    return corrected, tuple(quantification_notes(corrected.shares, model, method))


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
    rows = counted(len(tested.errors.truth), "labelled row")
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
