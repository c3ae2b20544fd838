"""A table of readings and a hand-labelled sample in, the share of every stance by party, outlet, week out.

Counting predictions is biased by the errors of the model, however many rows there are. The corrected share
adds what the sample shows the predictions to be wrong by; the estimator, its interval and its sources are in
:mod:`harness.scoring.statistics.corrected_share`. experiments/shares measures how often the intervals cover
the truth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.articles.gold_sample import BOTH_VOICES, Gold, LabelledSample
from harness.articles.holders import OWN_VOICE, QUOTED
from harness.articles.readings_table import ReadingsTable, in_order
from harness.scoring.statistics.corrected_share import Predicted, ShareFit, fit_share
from harness.scoring.statistics.labels_needed import labels_needed, row_spread
from harness.scoring.statistics.pooled_share import group_errors, pooled_shares
from harness.scoring.statistics.sample_design import SampleDesign
from harness.scoring.statistics.share_intervals import UNKNOWN_SHARE, ShareEstimate, naive_share
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.formatting import counted
from harness.values.minimums import MIN_GOLD_ITEMS, MIN_GOLD_ROWS, MIN_POOLED_ROWS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BY = ("target", "outlet", "week")
"""Columns that may make groups."""

SHARE_VOICES = (BOTH_VOICES, OWN_VOICE, QUOTED)

NAIVE, TUNED, EXACT, POOLED = "naive", "tuned", "exact", "pooled"
"""How a share was estimated: from predictions alone; corrected by the labels of its group, by as much as the
predictions are worth; from few labels alone; corrected by the labels of all groups."""


@dataclass(frozen=True)
class StanceShare:
    """The share of a stance in a group of rows.

    Attributes
    ----------
    group : dict
        Column → value, for the columns that make groups.
    voice : {"all", "own voice", "quoted"}
    label : str
        The stance.
    n, n_gold : int
        Rows, and hand-labelled rows among them.
    n_abstained : int
        Rows among them on which the model abstains; the stance that it predicts there counts all the same.
    naive, corrected : ShareEstimate
        In [0, 1], with 95 % intervals; the corrected one is for exactly these rows, and NaN where it cannot
        be estimated. Corrected by the model's errors elsewhere, it has a value and no interval of its own.
    stream : ShareEstimate
        The same share in the stream of articles that the rows are from: its interval is wider, since other
        articles would have come, too. NaN where it cannot be estimated.
    method : {"naive", "tuned", "exact", "pooled"}
    needed, needed_stream : float
        Rows of the group to label for an interval of the half-width that was asked for; infinite where
        articles are too few for it; NaN where none was asked for, or nothing is known.
    """

    group: dict[str, str]
    voice: str
    label: str
    n: int
    n_gold: int
    naive: ShareEstimate
    corrected: ShareEstimate = UNKNOWN_SHARE
    stream: ShareEstimate = UNKNOWN_SHARE
    method: str = NAIVE
    needed: float = math.nan
    needed_stream: float = math.nan
    n_abstained: int = 0

    @property
    def group_key(self) -> tuple[str, ...]:
        """The values of the group."""
        return tuple(self.group.values())


@dataclass(frozen=True)
class ShareTable:
    """Shares, with what their differences need.

    Attributes
    ----------
    shares : list of StanceShare
    fits : list of ShareFit or None
        Of the same length; None where a share has no estimate of its own.
    design : SampleDesign or None
        None without a sample.
    """

    shares: list[StanceShare]
    fits: list[ShareFit | None]
    design: SampleDesign | None


def estimate_shares(
    readings: ReadingsTable,
    gold: Gold | None = None,
    *,
    by: Sequence[str] = BY,
    half_width: float | None = None,
) -> list[StanceShare]:
    """Estimate the shares of stances in groups of rows: see :func:`share_table`."""
    return share_table(readings, gold, by=by, half_width=half_width).shares


def share_table(
    readings: ReadingsTable,
    gold: Gold | None = None,
    *,
    by: Sequence[str] = BY,
    half_width: float | None = None,
    voices: Sequence[str] = SHARE_VOICES,
) -> ShareTable:
    """Estimate the shares of stances in groups of rows.

    Parameters
    ----------
    readings : ReadingsTable
    gold : Gold, optional
        Left out, shares are naive.
    by : sequence of str
        Columns that make groups, of :data:`BY`.
    half_width : float, optional
        Half the length that an interval should have, in (0, 0.5): how many labels that needs is estimated.
    voices : sequence of str
        Of :data:`SHARE_VOICES`.

    Returns
    -------
    ShareTable
        One share for each group, voice and stance; groups in ascending order.

    Raises
    ------
    ArticleError
        Where ``by`` names another column, or none, or the half-width is none.
    """
    import pandas as pd

    _check(by, half_width)
    index = pd.Index(readings.rows["article"].drop_duplicates())
    sample = None if gold is None else LabelledSample.of(gold, by, index)
    # A stance that only people gave has a share too.
    labels = in_order([*readings.labels, *([] if gold is None else gold.rows["gold"])])
    shares: list[StanceShare] = []
    fits: list[ShareFit | None] = []
    for names, rows in readings.rows.groupby(list(by), sort=True):
        key = dict(zip(by, map(str, names), strict=True))
        group = _Group.of(key, rows, index, readings.abstained)
        for share, fit in group.shares(labels, sample, voices):
            shares.append(share if half_width is None else _with_needed(share, fit, half_width))
            fits.append(fit)
    if sample is not None:
        shares = _pooled(shares, readings, sample, by)
    return ShareTable(shares, fits, None if sample is None else sample.design)


def _check(by: Sequence[str], half_width: float | None) -> None:
    problems = [
        Problem("by", f"cannot group by {name!r}", suggest(name, BY)) for name in by if name not in BY
    ]
    if not by:
        problems.append(Problem("by", "names no column", f"use one of {', '.join(BY)}"))
    if half_width is not None and not 0 < half_width < 0.5:
        problems.append(Problem("half_width", f"should be above 0 and below 0.5, got {half_width:g}"))
    if problems:
        raise ArticleError(problems)


@dataclass(frozen=True)
class _Group:
    """The rows of a group as arrays."""

    key: dict[str, str]
    voices: NDArray[np.object_]
    stances: NDArray[np.object_]
    articles: NDArray[np.int64]
    abstained: NDArray[np.bool_]

    @classmethod
    def of(
        cls, key: dict[str, str], rows: pd.DataFrame, articles: pd.Index, abstained: frozenset[str]
    ) -> _Group:
        import pandas as pd

        codes = np.asarray(articles.get_indexer(pd.Index(rows["article"])), dtype=np.int64)
        voices, stances = (rows[name].to_numpy(dtype=object) for name in ("voice", "stance"))
        return cls(key, voices, stances, codes, rows["row"].isin(abstained).to_numpy(dtype=bool))

    def shares(
        self, labels: Sequence[str], sample: LabelledSample | None, voices: Sequence[str]
    ) -> Iterator[tuple[StanceShare, ShareFit | None]]:
        """Yield the share of every voice and stance, and its fit."""
        inside = None if sample is None else sample.inside(self.key)
        for voice in voices:
            whole = np.ones(len(self.voices), dtype=bool) if voice == BOTH_VOICES else self.voices == voice
            for label in labels:
                part = whole & (self.stances == label)
                n = int(whole.sum())
                share = StanceShare(self.key, voice, label, n, 0, naive_share(int(part.sum()), n))
                share = replace(share, n_abstained=int((whole & self.abstained).sum()))
                if sample is None or inside is None:
                    yield share, None
                    continue
                counts = sample.counted(inside, voice, label)
                share = replace(share, n_gold=int(counts.whole.sum()))
                fit = None
                if share.n_gold >= MIN_GOLD_ROWS:
                    predicted = Predicted(part.astype(float), whole.astype(float), self.articles)
                    fit = fit_share(predicted, counts, sample.design)
                yield (share if fit is None else _with_fit(share, fit)), fit


def _with_fit(share: StanceShare, fit: ShareFit) -> StanceShare:
    return replace(
        share,
        corrected=fit.estimate(),
        stream=fit.estimate(stream=True),
        method=TUNED if fit.worth is None else EXACT,
    )


def _with_needed(share: StanceShare, fit: ShareFit | None, half_width: float) -> StanceShare:
    """Return a share with the labels that it needs; without a fit, as if the model were ignored."""
    if not share.n:
        return share
    if fit is None:
        return replace(share, needed=labels_needed(0.25, share.n, half_width))
    spread = row_spread(fit, share.n, share.n_gold)
    of_articles = max(fit.se[1] ** 2 - fit.se[0] ** 2, 0.0)
    return replace(
        share,
        needed=labels_needed(spread, share.n, half_width),
        needed_stream=labels_needed(spread, share.n, half_width, of_articles=of_articles),
    )


def _pooled(
    shares: Sequence[StanceShare], readings: ReadingsTable, sample: LabelledSample, by: Sequence[str]
) -> list[StanceShare]:
    """Return the shares with those of groups of few labels corrected by the labels of all groups."""
    import pandas as pd

    labelled = len(sample.design.pi)
    small = {share.group_key for share in shares if share.voice == BOTH_VOICES and share.method == NAIVE}
    if not small or labelled < MIN_POOLED_ROWS:
        return list(shares)
    rows = readings.rows
    keys = pd.MultiIndex.from_frame(rows[list(by)].astype(str))
    codes, groups = pd.factorize(keys)
    guesses, names = pd.factorize(rows["stance"])
    of_sample = groups.get_indexer(pd.MultiIndex.from_arrays([sample.columns[name] for name in by]))
    guess = pd.Index(names).get_indexer(sample.columns["stance"])
    positions = {tuple(map(str, group)): position for position, group in enumerate(groups)}
    estimates = {
        label: pooled_shares(
            group_errors(
                (np.asarray(codes), np.asarray(guesses)),
                (of_sample, guess, (sample.columns["gold"] == label).astype(float), 1 / sample.design.pi),
                len(names),
            )
        )
        for label in {share.label for share in shares}
    }
    return [
        share
        if share.voice != BOTH_VOICES or share.method != NAIVE
        else replace(share, corrected=estimates[share.label][positions[share.group_key]], method=POOLED)
        for share in shares
    ]


def limitations(shares: Sequence[StanceShare], gold: Gold | None) -> tuple[str, ...]:
    """Say what a reader of shares should know: about the sample, and where shares are corrected how."""
    if gold is None:
        return ("without a labelled sample, shares are naive",)
    both = [share for share in shares if share.voice == BOTH_VOICES]
    groups = {share.group_key for share in both}
    notes = list(gold.notes)
    few = {share.group_key for share in both if share.n_gold < MIN_GOLD_ROWS}
    pooled = {share.group_key for share in both if share.method == POOLED}
    if few:
        what = (
            f"in {len(few):,} of {counted(len(groups), 'group')} fewer than {MIN_GOLD_ROWS} rows are labelled"
        )
        how = (
            "their shares are corrected by the labels of all groups, and their intervals hold on average over"
            " groups, not in each"
            if pooled
            else f"with {MIN_POOLED_ROWS} labels in all they would be corrected by those of all groups"
        )
        notes.append(f"{what}: {how}; shares by voice are not corrected there")
    exact = sum(share.method == EXACT for share in shares)
    if exact:
        few_items = f"fewer than {MIN_GOLD_ITEMS} labelled rows with the label, or without it"
        notes.append(f"{counted(exact, 'share')} with {few_items}: from labels alone, with exact intervals")
    return tuple(notes)
