"""A table of readings in, a stratified random sample of its rows to be labelled by hand out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.readings_table import ReadingsTable
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.formatting import counted
from harness.values.minimums import MIN_GOLD_ROWS, MIN_POOLED_ROWS, MIN_STRATUM_ROWS
from harness.values.outputs import write_text
from harness.values.spreadsheets import table_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("row", "pi", "stratum", "article", "outlet", "date", "text", "target", "gold", "gold_voice")
STRATA = ("target", "outlet", "week", "voice", "stance")
"""Columns that may make strata."""


def draw_sample(
    readings: ReadingsTable, size: int, *, by: Sequence[str] = ("target", "voice"), seed: int = 1
) -> pd.DataFrame:
    """Draw rows at random and without replacement, stratum by stratum.

    Parameters
    ----------
    readings : ReadingsTable
    size : int
        Rows to draw, about: at least :data:`MIN_STRATUM_ROWS` from each stratum, or all of a smaller one.
    by : sequence of str
        Columns whose values make the strata, of :data:`STRATA`. A stratum gets rows in proportion to the
        square root of its size (power allocation; Bankier 1988), so that rare parties are not lost.
    seed : int

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, in random order; ``pi`` is the probability in (0, 1] with which a row was drawn.
        ``gold`` and ``gold_voice`` are to be filled in. The predictions are left out: whoever labels would be
        swayed by them.

    Raises
    ------
    ArticleError
        Where ``size`` or ``by`` cannot be used.
    """
    problems = [
        Problem("by", f"cannot stratify by {name!r}", suggest(name, STRATA))
        for name in by
        if name not in STRATA
    ]
    problems += _size_problems(size)
    if problems:
        raise ArticleError(problems)
    return stratified(readings.rows, by, size, seed=seed).assign(gold="", gold_voice="")[list(COLUMNS)]


def stratified(rows: pd.DataFrame, by: Sequence[str], size: int, *, seed: int = 1) -> pd.DataFrame:
    """Draw rows at random and without replacement, stratum by stratum; see :func:`draw_sample`.

    Parameters
    ----------
    rows : DataFrame
    by : sequence of str
        Its columns whose values make the strata.
    size, seed : int

    Returns
    -------
    DataFrame
        In random order, with ``pi`` and ``stratum`` beside the other columns.

    Raises
    ------
    ArticleError
        Where ``size`` is too small.
    """
    import pandas as pd

    if problems := _size_problems(size):
        raise ArticleError(problems)
    names = pd.Series("all", index=rows.index) if not by else rows[by[0]].astype(str)
    for name in by[1:]:
        names = names + " | " + rows[name].astype(str)
    sizes = names.value_counts().sort_index()
    allocation = _allocation(sizes.tolist(), size)
    random = np.random.default_rng(seed)
    parts = []
    for name, n, total in zip(sizes.index, allocation, sizes, strict=True):
        indices = np.flatnonzero(names == name)
        chosen = random.permutation(indices)[:n]
        parts.append(rows.iloc[chosen].assign(pi=n / total, stratum=name))
    drawn = pd.concat(parts)
    # In random order: whoever labels the first half has labelled a random half of every stratum.
    return drawn.iloc[random.permutation(len(drawn))].reset_index(drop=True)


def _size_problems(size: int) -> list[Problem]:
    if size >= MIN_STRATUM_ROWS:
        return []
    return [Problem("size", f"should be at least {MIN_STRATUM_ROWS}, got {size}")]


def sample_notes(sample: pd.DataFrame, size: int, *, groups: Sequence[str]) -> tuple[str, ...]:
    """Say why a sample is larger or smaller than was asked for, and whether its labels would correct shares.

    Parameters
    ----------
    sample : DataFrame
        As :func:`draw_sample` returns it.
    size : int
        The rows that were asked for.
    groups : sequence of str
        Columns whose values make the groups of which shares are wanted; ``target`` or ``outlet``.
    """
    notes = []
    strata = sample["stratum"].nunique()
    smallest = int(sample["stratum"].value_counts().min())
    whole = bool((sample["pi"] == 1).all())
    # A row or two more than asked for are rounding.
    if len(sample) > size and smallest <= MIN_STRATUM_ROWS:
        notes.append(
            f"{counted(len(sample), 'row')} instead of {size:,}: at least {MIN_STRATUM_ROWS} are drawn from"
            f" each of {strata:,} strata, or all of a smaller one; with fewer columns in --by there are fewer"
            " strata"
        )
    elif whole and len(sample) < size:
        notes.append(f"{counted(len(sample), 'row')} instead of {size:,}: the table has no more that count")
    sizes = sample.groupby(list(groups)).size()
    few = int((sizes < MIN_GOLD_ROWS).sum())
    if few and len(sample) < MIN_POOLED_ROWS:
        of_groups = f"in {few:,} of {counted(len(sizes), 'group')} ({', '.join(groups)})"
        mend = (
            "read more articles"
            if whole
            else f"draw {MIN_POOLED_ROWS} rows or more, or read fewer parties (harness read --party)"
        )
        notes.append(
            f"{of_groups} fewer than {MIN_GOLD_ROWS} rows are drawn: their shares would not be corrected;"
            f" {mend}"
        )
    return tuple(notes)


def _allocation(sizes: Sequence[int], size: int) -> list[int]:
    """Allocate rows by the square roots of the sizes; what a small stratum lacks goes to the others."""
    allocation = dict.fromkeys(range(len(sizes)), 0)
    exhausted: dict[int, int] = {}
    remaining = size
    # Each round takes the strata that are too small whole, and allocates the rest anew.
    while len(exhausted) < len(sizes):
        roots = {k: sizes[k] ** 0.5 for k in allocation if k not in exhausted}
        total = sum(roots.values())
        allocation |= {k: max(MIN_STRATUM_ROWS, round(remaining * root / total)) for k, root in roots.items()}
        whole = {k: int(sizes[k]) for k in roots if allocation[k] >= sizes[k]}
        if not whole:
            break
        exhausted |= whole
        remaining = max(0, remaining - sum(whole.values()))
    return [exhausted.get(k, allocation[k]) for k in range(len(sizes))]


def write_sample(sample: pd.DataFrame, path: Path, *, raw: bool = False) -> None:
    """Write a sample as CSV.

    Parameters
    ----------
    sample : DataFrame
        As :func:`draw_sample` returns it.
    path : Path
    raw : bool
        Whether cells are written as they are, see :mod:`harness.values.spreadsheets`.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    records: list[dict[str, Any]] = sample.to_dict("records")  # type: ignore[assignment]
    write_text(path, table_text(list(sample.columns), records, raw=raw))
