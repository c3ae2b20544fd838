"""Predictions and slices in; the accuracy of each slice and which are worse than the rest out.

The tested score is the share of items that are labelled correctly (in a multi-label task, with all labels
correct): it means the same in every slice, whichever labels occur in it. A slice is compared with all other
test items on the same resamples, with Holm's correction for the number of slices.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions, effective_number
from harness.scoring.metrics.metric import Metric
from harness.scoring.retraining import stretch
from harness.scoring.score import score
from harness.scoring.slices import Slice
from harness.scoring.statistics.bootstrap import (
    Draws,
    by_cluster,
    interval,
    over_items_and_seeds,
    totals,
)
from harness.scoring.statistics.cross_validation import stretched
from harness.scoring.statistics.few_clusters import corrected_p
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.minimums import MIN_GROUPS, MIN_ITEMS, MIN_ITEMS_PER_LABEL
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MAX_VALUES = 30
"""For a column with more values than this, underpowered slices are counted, not listed."""

DRAWS = 10_000


@dataclass(frozen=True)
class SliceResult:
    """How well one slice of the test items is labelled.

    Attributes
    ----------
    column, value : str
        See :class:`harness.scoring.slices.Slice`.
    n, groups : int
        Number of items, and of the groups that they belong to.
    share : float
        Share of items that are labelled correctly, mean over seeds; NaN if the slice is underpowered.
    low, high : float
        95 % interval of ``share`` over items and seeds.
    seed_sd : float
        Standard deviation of ``share`` over seeds, one degree of freedom taken off; NaN for one seed.
    gap : float
        ``share`` minus that of all other test items, in [-1, 1].
    p : float
        Two-sided p-value of the gap, corrected for the number of tested slices.
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
        """Name in the table of scores: ``target=Harbour Party``."""
        return f"{self.column}={self.value}"

    @property
    def underpowered(self) -> bool:
        """Whether it has too few items or groups to be tested."""
        return math.isnan(self.share)

    @property
    def worse(self) -> bool:
        """Whether it is established that it is labelled worse than the other test items."""
        return self.p <= SIGNIFICANCE_LEVEL and self.gap < 0


def slice_results(
    predictions: Predictions, slices: Sequence[Slice], *, draws: int = DRAWS, seed: int = 0
) -> tuple[SliceResult, ...]:
    """Compare each slice with all other test items.

    Parameters
    ----------
    predictions : Predictions
        Of one run; its test rows are used.
    slices : sequence of Slice
    draws : int
        Bootstrap draws over groups of items and over seeds.
    seed : int
        Equal seeds give equal results.

    Returns
    -------
    tuple of SliceResult
        One for each slice that has test items, in the same order.
    """
    test = predictions.only(split="test")
    if test.rows.empty or not slices:
        return ()
    sample = AlignedPredictions.of(test)
    inside = [np.fromiter((id_ in slice_.ids for id_ in sample.ids), dtype=bool) for slice_ in slices]
    repeats = sample.design.repeats
    sizes = [(int(mask.sum()) // repeats, len(np.unique(sample.clusters[mask]))) for mask in inside]
    # A slice that holds every item has no other items to be compared with.
    tested = [
        index
        for index, (n, groups) in enumerate(sizes)
        if n >= MIN_ITEMS and groups >= MIN_GROUPS and n < sample.n_items
    ]
    numbers: dict[int, tuple[float, ...]] = {}
    if tested:
        masks = np.stack([inside[index] for index in tested], axis=1)
        compared = list(_compared(sample, masks, draws, seed))
        # Underpowered slices are not tested, so they do not count towards the correction.
        corrected = holm([p for *_, p in compared])
        for index, (*values, _), p in zip(tested, compared, corrected, strict=True):
            numbers[index] = (*values, p)
    return tuple(
        SliceResult(slice_.column, slice_.value, *sizes[index], *numbers.get(index, ()))
        for index, slice_ in enumerate(slices)
        if sizes[index][0]
    )


def reportable(results: Sequence[SliceResult]) -> tuple[list[SliceResult], dict[str, int]]:
    """Separate the slices that are listed from those that are only counted.

    Returns
    -------
    list of SliceResult
        All tested slices, and the underpowered ones of columns with few values.
    dict of str to int
        Column → number of its underpowered slices that are not listed.
    """
    n_values = Counter(result.column for result in results)
    listed, counts = [], Counter[str]()
    for result in results:
        if result.underpowered and n_values[result.column] > MAX_VALUES:
            counts[result.column] += 1
        else:
            listed.append(result)
    return listed, dict(counts)


def score_rows(
    predictions: Predictions, slices: Sequence[Slice], results: Sequence[SliceResult], primary: Metric
) -> pd.DataFrame:
    """Return the rows of a Scores table for the slices.

    Parameters
    ----------
    predictions : Predictions
        Of one run; its test rows are scored.
    slices : sequence of Slice
    results : sequence of SliceResult
        From :func:`slice_results`.
    primary : Metric
        Computed for tested slices in which every label occurs often enough, in addition to the share of
        correctly labelled items, ``accuracy`` or ``exact_match``.

    Returns
    -------
    DataFrame
        An underpowered slice has its ``n`` and no value; for those that are left out see
        :func:`reportable`.
    """
    import pandas as pd

    from harness.values.tables import SCORE_COLUMNS

    # The names of this share among the metrics.
    share = "exact_match" if predictions.labels.multi else "accuracy"
    rows = [
        (share, "test", result.name, result.share, result.low, result.high, result.seed_sd, result.n)
        for result in reportable(results)[0]
    ]
    shares = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    tested = {result.name for result in results if not result.underpowered}
    if not tested or primary.name == share:
        return shares
    sample = AlignedPredictions.of(predictions.only(split="test"))
    # With folds an item may be scored in several; it counts once.
    first = {str(id_): position for position, id_ in reversed(list(enumerate(sample.ids)))}
    ids = {
        slice_.name: slice_.ids
        for slice_ in slices
        if slice_.name in tested
        and _has_every_label(sample, [first[id_] for id_ in slice_.ids if id_ in first])
    }
    if not ids:
        return shares
    scores = score(predictions.only(split="test"), [primary], slices=ids).rows
    return pd.concat([shares, scores[scores["slice"] != "all"]], ignore_index=True)


def _compared(
    sample: AlignedPredictions, masks: NDArray[np.bool_], draws: int, seed: int
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yield share, low, high, seed sd, gap and p of each slice; ``masks`` is ``(n, slices)``."""
    cells = _cells(sample, masks)
    whole = _shares(totals(np.ones((1, sample.n_clusters), dtype=np.float32), cells))
    resamples = Draws(sample.n_clusters, draws, seed)
    drawn = np.concatenate([_shares(totals(part, cells)) for part in resamples.blocks(cells[0].size)])
    shares = resamples.seed_shares(len(sample.seeds))
    # Both the share and its gap vary with the choice of items and of seeds.
    values = over_items_and_seeds(drawn, shares)
    by_seed = whole[0]
    values = stretched(values, by_seed.mean(axis=0), stretch(sample))
    several = len(sample.seeds) > 1
    sds = by_seed[..., 0].std(axis=0, ddof=1) if several else np.full(masks.shape[1], np.nan)
    for index, (share, gap) in enumerate(by_seed.mean(axis=0)):
        # The precision of a share depends on the groups inside the slice, however many there are outside.
        groups = effective_number(sample.clusters[masks[:, index]])
        gaps = values[:, index, 1]
        gaps = gaps[~np.isnan(gaps)]
        # Two-sided: twice the share of draws on the rarer side of 0, plus one as in ``paired.difference``.
        extreme = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
        p = corrected_p(min(1.0, 2 * (1 + extreme) / (1 + len(gaps))), groups)
        low, high = map(float, interval(values[:, index, 0], clusters=groups))
        yield float(share), low, high, float(sds[index]), float(gap), p


def _cells(sample: AlignedPredictions, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count by group, seed and slice: correct and all items inside, correct and all items outside.

    Returns
    -------
    ndarray of int64
        ``(n_clusters, n_seeds, slices, 4)``.
    """
    # In a multi-label task an item counts as correct if all its labels are.
    correct = sample.predicted == sample.truth
    correct = (correct.all(axis=-1) if sample.labels.multi else correct).astype(np.int64)
    inside = masks.astype(np.int64)
    n_clusters, parts = sample.n_clusters, []
    for seed in range(len(sample.seeds)):
        hits = correct[seed][:, None]
        counted = np.stack([hits * inside, inside, hits * (1 - inside), 1 - inside], axis=-1)
        parts.append(by_cluster(counted, sample.clusters, n_clusters))
    return np.stack(parts, axis=1)


def _shares(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ``(..., slices, 4)`` counts into ``(..., slices, 2)``: share inside, and its gap to outside."""
    with np.errstate(invalid="ignore", divide="ignore"):
        inside, outside = sums[..., 0] / sums[..., 1], sums[..., 2] / sums[..., 3]
    return np.stack([inside, inside - outside], axis=-1)


def _has_every_label(sample: AlignedPredictions, positions: Sequence[int]) -> bool:
    """Say whether each label occurs often enough among some of the items."""
    truth = sample.truth[np.asarray(positions, dtype=np.int64)]
    k = len(sample.labels)
    counts = truth.sum(axis=0) if sample.labels.multi else np.bincount(truth, minlength=k)
    return bool(counts.min() >= MIN_ITEMS_PER_LABEL)
