"""A table of readings in, a random sample of its rows to be labelled by hand out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.articles.readings import Readings
from harness.articles.rows import whole
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.minimums import MIN_STRATUM_ROWS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("row", "pi", "stratum", "article", "outlet", "date", "text", "target", "gold", "gold_voice")
STRATA = ("target", "outlet", "week", "voice", "stance")


def draw(
    readings: Readings, size: int, *, by: Sequence[str] = ("target", "voice"), seed: int = 1
) -> pd.DataFrame:
    """Draw rows at random, stratum by stratum.

    Parameters
    ----------
    readings : Readings
    size : int
        Rows, about; at least two a stratum. All rows where there are fewer.
    by : sequence of str
        What makes a stratum: of ``target``, ``outlet``, ``week``, ``voice``, ``stance``. A stratum gets rows
        in proportion to the root of its size, so that rare parties are not lost.
    seed : int

    Returns
    -------
    DataFrame
        In random order; ``pi`` is the share of its stratum that was drawn. ``gold`` and ``gold_voice`` are to
        be filled in: what the models say is not shown, so that it sways nobody.

    Raises
    ------
    ArticleError
        Where ``size`` or ``by`` cannot be used.
    """
    import pandas as pd

    problems = [
        Problem("by", f"cannot stratify by {name!r}", suggest(name, STRATA))
        for name in by
        if name not in STRATA
    ]
    if size < MIN_STRATUM_ROWS:
        problems.append(Problem("size", f"should be at least {MIN_STRATUM_ROWS}, got {size}"))
    if problems:
        raise ArticleError(problems)
    rows = readings.rows
    names = pd.Series("all", index=rows.index) if not by else rows[by[0]].astype(str)
    for name in by[1:]:
        names = names + " | " + rows[name].astype(str)
    sizes = names.value_counts().sort_index()
    wanted = _allotted(sizes.tolist(), size)
    random = np.random.default_rng(seed)
    parts = []
    for name, n, total in zip(sizes.index, wanted, sizes, strict=True):
        places = np.flatnonzero(names == name)
        chosen = random.permutation(places)[:n]
        parts.append(rows.iloc[chosen].assign(pi=n / total, stratum=name))
    drawn = pd.concat(parts).assign(gold="", gold_voice="")
    return drawn.iloc[random.permutation(len(drawn))][list(COLUMNS)].reset_index(drop=True)


def _allotted(sizes: Sequence[int], size: int) -> list[int]:
    """Share rows out by the roots of the sizes; what a small stratum cannot take goes to the others."""
    wanted = dict.fromkeys(range(len(sizes)), 0)
    full: dict[int, int] = {}
    left = size
    while len(full) < len(sizes):
        open_ = {k: sizes[k] ** 0.5 for k in wanted if k not in full}
        total = sum(open_.values())
        wanted |= {k: max(MIN_STRATUM_ROWS, round(left * root / total)) for k, root in open_.items()}
        over = {k: int(sizes[k]) for k in open_ if wanted[k] >= sizes[k]}
        if not over:
            break
        full |= over
        left = max(0, left - sum(over.values()))
    return [full.get(k, wanted[k]) for k in range(len(sizes))]


def write(drawn: pd.DataFrame, path: Path) -> None:
    """Write a sample as CSV."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(drawn.to_dict("records"))  # type: ignore[arg-type]
    with whole(path) as handle:
        handle.write(text.getvalue().encode("utf-8"))
