"""Where labelled rows come from in; whether they may correct shares or score a model, out.

Rows that were picked as wrong, uncertain or disputed are the hard ones, and those of a slice are its own:
what a model gets right among them says nothing of the rest. Only from a random sample, with the probability
with which each row was drawn, does it follow what holds of all rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from harness.values.errors import Problem

Pick = Literal["random", "uncertain", "disagreement", "wrong", "slice"]

COLUMN = "pick"
"""Of a sample: how its rows were picked; a file without it was drawn at random, or not by the harness."""

RANDOM: Pick = "random"

OTHERS: tuple[Pick, ...] = ("uncertain", "disagreement", "wrong", "slice")


def picked_otherwise(values: Iterable[Any]) -> str:
    """Say which rows were not drawn at random; empty where all may be scored.

    Parameters
    ----------
    values : iterable
        Cells of the column ``pick``; a file may have a column of that name that says something else.

    Examples
    --------
    >>> picked_otherwise(["random", "", None]), picked_otherwise(["wrong", "random", "wrong"])
    ('', '2 as wrong')
    """
    names = (value.strip() for value in values if isinstance(value, str))
    counts = Counter(name for name in names if name in OTHERS)
    return ", ".join(f"{count:,} as {name}" for name, count in sorted(counts.items()))


REMEDY = "draw a random sample: harness sample --pick random; picked rows are for training"


def problems_of(values: Iterable[Any], where: str, what: str, part: str = "") -> list[Problem]:
    """Return why rows cannot do something that only rows drawn at random can; nothing where they can.

    Parameters
    ----------
    values : iterable
        See :func:`picked_otherwise`.
    where : str
        The file or corpus.
    what : str
        What they cannot do, a verb with its object.
    part : str
        Of the file or corpus, where not all of it is meant.
    """
    picked = picked_otherwise(values)
    if not picked:
        return []
    clause = f"holds rows that were picked and not drawn at random ({picked}): they cannot {what}"
    return [Problem(where, f"{part} {clause}".lstrip(), REMEDY)]
