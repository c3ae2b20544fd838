"""Predictions and slices in, how well each slice is labelled and which are worse than the rest out.

What is judged is the share of items labelled rightly (of a multi-label task, with all labels right): it means
the same in every slice, whichever labels occur there. A slice is compared with all other test items, under
the same resamples, and Holm's correction allows for looking at many.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions, effective
from harness.scoring.metrics.metric import Metric
from harness.scoring.score import score
from harness.scoring.slices import Slice
from harness.scoring.statistics.bootstrap import (
    Draws,
    by_cluster,
    corrected_p,
    interval,
    over_items_and_seeds,
    totals,
)
from harness.scoring.statistics.multiplicity import LEVEL, holm
from harness.values.minimums import MIN_GROUPS, MIN_ITEMS, MIN_ITEMS_PER_LABEL
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MAX_VALUES = 30
"""Of a column with more values than this, slices that are too small are counted, not listed."""

DRAWS = 10_000


@dataclass(frozen=True)
class SliceResult:
    """One slice of the test items.

    Attributes
    ----------
    column, value : str
        See :class:`harness.scoring.slices.Slice`.
    n, groups : int
        Items, and groups that they stand in.
    share : float
        Of items labelled rightly, mean over seeds; NaN where the slice is too small.
    low, high : float
        95 % interval over items and seeds.
    seed_sd : float
        Standard deviation of ``share`` over seeds, one degree of freedom taken off; NaN for one seed.
    gap : float
        ``share`` minus that of all other test items.
    p : float
        Of the gap, corrected for the number of slices that were looked at.
    """

    column: str
    value: str
    n: int
    groups: int
    share: float = math.nan
    low: float = math.nan
    high: float = math.nan
    seed_sd: float = math.nan
    gap: float = math.nan
    p: float = math.nan

    @property
    def name(self) -> str:
        """As it is scored: ``target=Harbour Party``."""
        return f"{self.column}={self.value}"

    @property
    def underpowered(self) -> bool:
        """Whether nothing is said of it."""
        return math.isnan(self.share)

    @property
    def worse(self) -> bool:
        """Whether it is established that it is labelled worse than the rest."""
        return self.p <= LEVEL and self.gap < 0


def judge(
    predictions: Predictions, slices: Sequence[Slice], *, draws: int = DRAWS, seed: int = 0
) -> tuple[SliceResult, ...]:
    """Compare every slice with the other test items.

    Parameters
    ----------
    predictions : Predictions
        Of one run; its test rows are looked at.
    slices : sequence of Slice
    draws : int
        Of the bootstrap over groups of items and over seeds.
    seed : int
        Equal seeds give equal results.

    Returns
    -------
    tuple of SliceResult
        One a slice that has items, in the same order.
    """
    own = predictions.only(split="test")
    if own.rows.empty or not slices:
        return ()
    sample = AlignedPredictions.of(own)
    inside = {one: np.fromiter((id_ in one.ids for id_ in sample.ids), dtype=bool) for one in slices}
    sizes = {one: (int(mask.sum()), len(np.unique(sample.clusters[mask]))) for one, mask in inside.items()}
    large = [
        one
        for one, (n, groups) in sizes.items()
        if n >= MIN_ITEMS and groups >= MIN_GROUPS and n < len(sample)
    ]
    found = {}
    if large:
        masks = np.stack([inside[one] for one in large], axis=1)
        found = dict(zip(large, _compared(sample, masks, draws, seed), strict=True))
        corrected = holm([p for *_, p in found.values()])
        found = {one: (*numbers[:-1], p) for (one, numbers), p in zip(found.items(), corrected, strict=True)}
    return tuple(
        SliceResult(one.column, one.value, *sizes[one], *found.get(one, ()))
        for one in slices
        if sizes[one][0]
    )


def reportable(judged: Sequence[SliceResult]) -> tuple[list[SliceResult], dict[str, int]]:
    """Part the slices that are worth a line from those that are only counted.

    Returns
    -------
    list of SliceResult
        All that are large enough, and of columns with few values the others too.
    dict of str to int
        Column → how many of its slices are too small and not listed.
    """
    values = Counter(one.column for one in judged)
    kept, counted = [], Counter[str]()
    for one in judged:
        if one.underpowered and values[one.column] > MAX_VALUES:
            counted[one.column] += 1
        else:
            kept.append(one)
    return kept, dict(counted)


def score_rows(
    predictions: Predictions, slices: Sequence[Slice], judged: Sequence[SliceResult], primary: Metric
) -> pd.DataFrame:
    """Return rows of a Scores table for the slices.

    Parameters
    ----------
    predictions : Predictions
        Of one run; its test rows are scored.
    slices : sequence of Slice
    judged : sequence of SliceResult
        Of :func:`judge`.
    primary : Metric
        Scored where a slice has every label; the share labelled rightly, ``accuracy`` or ``exact_match``,
        where it is large enough.

    Returns
    -------
    DataFrame
        A slice that is too small has its ``n`` and no value; see :func:`listed`.
    """
    import pandas as pd

    from harness.values.tables import SCORE_COLUMNS

    # The share of items labelled rightly goes by this name elsewhere.
    share = "exact_match" if predictions.labels.multi else "accuracy"
    rows = [
        (share, "test", one.name, one.share, one.low, one.high, one.seed_sd, one.n)
        for one in reportable(judged)[0]
    ]
    shares = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    kept = {one.name for one in judged if not one.underpowered}
    scored = {one.name: one.ids for one in slices if one.name in kept and _has_every_label(predictions, one)}
    if not scored or primary.name == share:
        return shares
    whole = score(predictions.only(split="test"), [primary], slices=scored).rows
    return pd.concat([shares, whole[whole["slice"] != "all"]], ignore_index=True)


def _compared(
    sample: AlignedPredictions, masks: NDArray[np.bool_], draws: int, seed: int
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yield share, low, high, seed sd, gap and p of each slice, ``(n, slices)``."""
    cells = _cells(sample, masks)
    whole = _shares(totals(np.ones((1, sample.n_clusters), dtype=np.float32), cells))
    resamples = Draws(sample.n_clusters, draws, seed)
    drawn = np.concatenate([_shares(totals(part, cells)) for part in resamples.blocks(cells[0].size)])
    shares = resamples.seed_shares(len(sample.seeds))
    values = over_items_and_seeds(drawn, shares)
    by_seed = whole[0]
    several = len(sample.seeds) > 1
    sds = by_seed[..., 0].std(axis=0, ddof=1) if several else np.full(masks.shape[1], np.nan)
    for place, (share, gap) in enumerate(by_seed.mean(axis=0)):
        # A share rests on the groups that the slice has, however many there are outside.
        groups = effective(sample.clusters[masks[:, place]])
        gaps = values[:, place, 1]
        known = gaps[~np.isnan(gaps)]
        least = min(int((known <= 0).sum()), int((known >= 0).sum()))
        p = corrected_p(min(1.0, 2 * (1 + least) / (1 + len(known))), groups)
        low, high = map(float, interval(values[:, place, 0], clusters=groups))
        yield float(share), low, high, float(sds[place]), float(gap), p


def _cells(sample: AlignedPredictions, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count by group, seed and slice: right and all inside, right and all outside.

    Returns
    -------
    ndarray of int64
        ``(n_clusters, n_seeds, slices, 4)``.
    """
    right = sample.predicted == sample.truth
    right = (right.all(axis=-1) if sample.labels.multi else right).astype(np.int64)
    inside = masks.astype(np.int64)
    n_clusters, parts = sample.n_clusters, []
    for seed in range(len(sample.seeds)):
        hits = right[seed][:, None]
        counted = np.stack([hits * inside, inside, hits * (1 - inside), 1 - inside], axis=-1)
        parts.append(by_cluster(counted, sample.clusters, n_clusters))
    return np.stack(parts, axis=1)


def _shares(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ``(..., slices, 4)`` counts into ``(..., slices, 2)``: share inside, and its gap to outside."""
    with np.errstate(invalid="ignore", divide="ignore"):
        inside, outside = sums[..., 0] / sums[..., 1], sums[..., 2] / sums[..., 3]
    return np.stack([inside, inside - outside], axis=-1)


def _has_every_label(predictions: Predictions, slice_: Slice) -> bool:
    rows = predictions.rows
    here = rows[(rows["split"] == "test") & rows["id"].isin(slice_.ids)].drop_duplicates("id")
    if predictions.labels.multi:
        counts = [int(here[f"truth_{name}"].sum()) for name in predictions.labels.names]
    else:
        counts = [int((here["truth"] == name).sum()) for name in predictions.labels.names]
    return min(counts) >= MIN_ITEMS_PER_LABEL
