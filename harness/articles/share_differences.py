"""Shares in; differences between parties, outlets or successive weeks, corrected for their number, out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.articles.gold_sample import BOTH_VOICES
from harness.articles.shares import BY, ShareTable, StanceShare
from harness.scoring.statistics.corrected_share import ShareFit
from harness.scoring.statistics.multiplicity import holm
from harness.scoring.statistics.share_difference import ShareDifference, share_difference
from harness.values.errors import ArticleError, Problem, suggest

MAX_COMPARED = 8
"""Parties or outlets that are compared with each other: those with most rows. Each pair more makes the
correction for their number stricter."""

_Side = tuple[StanceShare, ShareFit]


@dataclass(frozen=True)
class StanceDifference:
    """By how much the share of a stance in one group exceeds that in another.

    Attributes
    ----------
    group : dict
        Column → value, for the columns that are equal on both sides.
    column, first, second : str
        The column that is compared, and its two values.
    label : str
        The stance.
    rows, stream : ShareDifference
        In exactly these rows, and in the stream of articles that they are from.
    p_holm, p_holm_stream : float
        p-values, corrected for all differences of the table (Holm 1979).
    """

    group: dict[str, str]
    column: str
    first: str
    second: str
    label: str
    rows: ShareDifference
    stream: ShareDifference
    p_holm: float = 1.0
    p_holm_stream: float = 1.0


def share_differences(table: ShareTable, column: str) -> list[StanceDifference]:
    """Compare the shares of stances between groups; own voice and quotes together.

    Parameters
    ----------
    table : ShareTable
        Corrected by a sample.
    column : str
        A column that makes groups: ``week`` compares each week with the one before, ``target`` and ``outlet``
        each pair of the :data:`MAX_COMPARED` largest. The other columns are equal on both sides.

    Returns
    -------
    list of StanceDifference
        Of groups with an estimate of their own: shares that are corrected by the labels of all groups are
        drawn towards each other, so that their differences would be too small.

    Raises
    ------
    ArticleError
        Where there is no sample, or groups are not by this column.
    """
    columns = list(table.shares[0].group)
    if column not in columns:
        what = f"groups are not by {column!r}, but by {', '.join(columns)}"
        hint = "name it in --by, too" if column in BY else suggest(column, BY)
        raise ArticleError([Problem("compare", what, hint)])
    if table.design is None:
        raise ArticleError(
            [
                Problem(
                    "compare",
                    "needs a labelled sample",
                    "differences of naive shares are those of the errors",
                )
            ]
        )
    differences = []
    for first, second in _pairs(table, column):
        share, design = first[0], table.design
        differences.append(
            StanceDifference(
                {name: value for name, value in share.group.items() if name != column},
                column,
                share.group[column],
                second[0].group[column],
                share.label,
                share_difference(first[1], second[1], design),
                share_difference(first[1], second[1], design, stream=True),
            )
        )
    of_rows = holm([difference.rows.p for difference in differences])
    of_stream = holm([difference.stream.p for difference in differences])
    return [
        replace(difference, p_holm=p_rows, p_holm_stream=p_stream)
        for difference, p_rows, p_stream in zip(differences, of_rows, of_stream, strict=True)
    ]


def _pairs(table: ShareTable, column: str) -> Iterator[tuple[_Side, _Side]]:
    """Yield the pairs of shares that are compared."""
    families: dict[tuple[str, ...], list[_Side]] = {}
    for share, fit in zip(table.shares, table.fits, strict=True):
        # Rows without a date, or without an outlet, are no week and no outlet.
        if fit is not None and share.voice == BOTH_VOICES and share.group[column]:
            rest = tuple(value for name, value in share.group.items() if name != column)
            families.setdefault((*rest, share.label), []).append((share, fit))
    for sides in families.values():
        yield from _pairs_of(sides, column)


def _pairs_of(sides: Sequence[_Side], column: str) -> Iterator[tuple[_Side, _Side]]:
    if column == "week":
        ordered = sorted(sides, key=lambda side: side[0].group[column])
        yield from ((later, earlier) for earlier, later in itertools.pairwise(ordered))
    else:
        largest = sorted(sides, key=lambda side: (-side[0].n, side[0].group[column]))[:MAX_COMPARED]
        yield from itertools.combinations(largest, 2)
