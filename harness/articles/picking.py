"""Rows and a rule in; the rows that are worth a label by that rule, and where they come from, out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.articles.readings_table import load_readings, read_rows, row_key
from harness.articles.sampling import COLUMNS
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.gold_origin import COLUMN, Pick
from harness.values.labels import STANCES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SLICES = ("target", "outlet", "date", "week", "voice", "article")
"""Columns of readings that may make a slice."""

WITHOUT_DESIGN = ("pi", "stratum")
"""Empty in what is picked: no row had a known probability to be drawn."""


def pick_rows(
    rows: pd.DataFrame,
    candidates: NDArray[np.bool_],
    size: int,
    pick: Pick,
    *,
    seed: int = 1,
    first: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Pick rows that are not a random sample of all.

    Parameters
    ----------
    rows : DataFrame
        n rows.
    candidates : (n,) array of bool
        Rows that the rule applies to.
    size : int
        Rows to pick, at most.
    pick : str
        The rule, which the column ``pick`` then says of each row.
    seed : int
        Of the order, and of which candidates are taken.
    first : (n,) array, optional
        Candidates with the highest value come first, ties at random; NaN last. Left out, all are alike.

    Returns
    -------
    DataFrame
        In random order, so that the order says nothing of the rule.

    Raises
    ------
    ArticleError
        Where no row is a candidate.
    """
    indices = np.flatnonzero(candidates)
    if not len(indices):
        raise ArticleError([Problem("pick", f"no row can be picked as {pick}")])
    random = np.random.default_rng(seed)
    order = random.permutation(indices)
    if first is not None:
        # Stable: rows with the same value stay in random order.
        order = order[np.argsort(-np.nan_to_num(first[order], nan=-np.inf), kind="stable")]
    chosen = random.permutation(order[:size])
    empty = dict.fromkeys(WITHOUT_DESIGN, "")
    return rows.iloc[chosen].assign(**empty, **{COLUMN: pick}).reset_index(drop=True)


def uncertainty(proba: NDArray[np.float64], *, multi: bool = False) -> NDArray[np.float64]:
    """Return how uncertain each answer is, in [0, 1]; NaN where there is none.

    One minus the margin between the two most probable labels (Scheffer, Decomain & Wrobel 2001); of several
    labels at once, how near the nearest to 0.5 is.

    Parameters
    ----------
    proba : (n, k) array
        With at least two labels, or of several at once.
    """
    if multi:
        return np.asarray(1 - 2 * np.abs(proba - 0.5).min(axis=1))
    ordered = np.sort(proba, axis=1)
    return np.asarray(1 - (ordered[:, -1] - ordered[:, -2]))


def pick_readings(
    path: Path, size: int, seed: int = 1, *, where: tuple[str, str] | None = None
) -> pd.DataFrame:
    """Pick rows of a table of readings: of a slice, or else those whose stance is least certain.

    Parameters
    ----------
    path : Path
        As `harness read` writes it; ``p_<stance>`` hold the probabilities.
    size, seed : int
    where : (str, str), optional
        Column and value of a slice: ``target``, ``outlet``, ``date``, ``week``, ``voice`` or ``article``.

    Returns
    -------
    DataFrame
        ``row``, ``pick`` and the columns of a sample, in random order.

    Raises
    ------
    ArticleError
        Where the table cannot be read, has no such column, or states no probabilities.
    """
    table = load_readings(path).rows
    if where is not None:
        column, value = where
        known_columns = [name for name in SLICES if name in table.columns]
        if column not in known_columns:
            hint = suggest(column, known_columns)
            raise ArticleError([Problem("--where", f"there is no column {column!r}", hint)])
        in_slice = np.asarray(table[column].astype(str) == value)
        drawn = pick_rows(table, in_slice, size, "slice", seed=seed)
    else:
        proba = _probabilities(path, list(table["row"]))
        values = uncertainty(proba)
        drawn = pick_rows(table, ~np.isnan(values), size, "uncertain", seed=seed, first=values)
    columns = [COLUMNS[0], COLUMN, *COLUMNS[1:]]
    return drawn.assign(gold="", gold_voice="")[columns]


def _probabilities(path: Path, keys: Sequence[str]) -> NDArray[np.float64]:
    """Read the probabilities of the stances of rows by their keys, ``(n, k)``; NaN where one is missing."""
    by_key = {}
    for row in read_rows(path, ("article", "sentence", "target")):
        cells = [row.get(f"p_{name}") for name in STANCES]
        stated = [cell for cell in cells if cell not in (None, "")]
        by_key[row_key(row)] = [float(str(cell)) for cell in stated] if len(stated) == len(STANCES) else None
    if not any(by_key.values()):
        what = f"states no probabilities ({', '.join(f'p_{name}' for name in STANCES)})"
        raise ArticleError([Problem(str(path), what)])
    missing = [np.nan] * len(STANCES)
    return np.array([by_key.get(key) or missing for key in keys], dtype=float)
