"""Predictions that may abstain in, coverage and risk of what is served out, with intervals.

Coverage is the share of items that get a label, risk the share of those labels that are wrong: selective
classification in the terms of El-Yaniv & Wiener (2010).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import cluster_codes, effective_number
from harness.scoring.metrics.selective import errors
from harness.scoring.retraining import first_repeat
from harness.scoring.statistics.bootstrap import Draws, by_cluster, interval, over_items_and_seeds, totals
from harness.values.labels import NO_FRAME
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import ABSTAIN, Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 2_000
MAX_TARGETS = 30


@dataclass(frozen=True)
class CoverageResult:
    """Coverage and risk of some items, mean over seeds.

    Attributes
    ----------
    kind : {"all", "label", "target"}
        How the items were selected: by their true label, or by their target.
    name : str
    n : int
        Items.
    coverage, coverage_low, coverage_high : float
        Share of the items that got a label, in [0, 1], and its 95 % interval over items (by group) and seeds.
        A missing prediction is none.
    risk, risk_low, risk_high : float
        Share of those labels that are wrong, in [0, 1] (of a multi-label task, of items with any label
        wrong); NaN where no item got a label. Bounds of shares of fewer than :data:`MIN_ITEMS` items are NaN.
    """

    kind: str
    name: str
    n: int
    coverage: float = math.nan
    coverage_low: float = math.nan
    coverage_high: float = math.nan
    risk: float = math.nan
    risk_low: float = math.nan
    risk_high: float = math.nan


def measure_coverage(
    predictions: Predictions, *, parts: bool = True, draws: int = DRAWS
) -> tuple[CoverageResult, ...]:
    """Measure coverage and risk: of all items, of each label's and of each target's.

    Parameters
    ----------
    predictions : Predictions
        Decided, of one split; every seed has the same items.
    parts : bool
        False stops after all items.
    draws : int
        Of the bootstrap over groups of items and over seeds.

    Returns
    -------
    tuple of CoverageResult
        Empty where nothing can abstain, or there are no rows. Labels without items are left out. Targets come
        by frequency, at most :data:`MAX_TARGETS` of them; none where there is only one.
    """
    # Of the repeats of a cross-validation the first: an item is one item, however often it is labelled.
    predictions = first_repeat(predictions)
    rows = predictions.rows
    if ABSTAIN not in rows or rows.empty:
        return ()
    # With the items in the same order for every seed, all that follows is an array of (seeds, items).
    order = rows.sort_values(["seed", "fold", "id"], kind="stable").index.to_numpy()
    n_seeds = rows["seed"].nunique()
    shape = (n_seeds, len(rows) // n_seeds)
    served = ~rows[ABSTAIN].to_numpy(dtype=bool)[order].reshape(shape)
    wrong = errors(predictions.truth(), predictions.predicted())[order].reshape(shape) > 0
    first = order[: shape[1]]
    groups = _dense(cluster_codes(rows)[first])
    of_parts = _parts(predictions, rows, first) if parts else ()
    selections = [("all", "all", np.ones(shape[1], dtype=bool)), *of_parts]
    masks = np.stack([mask for *_, mask in selections], axis=1)
    # Items, served and served wrongly are counted by group, seed and part, so that a resample of groups is a
    # weighted sum of counts and no row is touched again.
    counted = np.stack([np.ones(shape, dtype=bool), served, served & wrong], axis=-1).transpose(1, 0, 2)
    cells = by_cluster(
        (counted[:, :, None, :] & masks[:, None, :, None]).astype(np.int64), groups, int(groups.max()) + 1
    )
    intervals = _intervals(cells, [effective_number(groups[mask]) for *_, mask in selections], draws)
    counts = cells.sum(axis=0).mean(axis=0)[:, :2]
    return tuple(
        CoverageResult(kind, name, int(mask.sum()), *_without_bounds(numbers, few))
        for (kind, name, mask), numbers, few in zip(selections, intervals, counts < MIN_ITEMS, strict=True)
    )


def _parts(
    predictions: Predictions, rows: pd.DataFrame, first: NDArray[np.intp]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield kind, name and mask of each label's and each target's items."""
    truth, labels = predictions.truth()[first], predictions.labels
    for code, name in enumerate(labels.names):
        applies = truth[:, code] == 1 if labels.multi else truth == code
        # A share of no items is undefined, and so is its interval.
        if applies.any():
            yield "label", name, np.asarray(applies)
    if labels.multi and (unlabelled := truth.sum(axis=1) == 0).any():
        yield "label", NO_FRAME, np.asarray(unlabelled)
    targets = rows["target"].iloc[first]
    frequency = targets.dropna().value_counts()
    if len(frequency) > 1:
        for name in frequency.index[:MAX_TARGETS]:
            yield "target", str(name), targets.eq(name).to_numpy(dtype=bool)


def _intervals(
    cells: NDArray[np.int64], sizes: list[float], draws: int
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yield coverage and risk with their bounds for each part; ``cells`` is ``(groups, seeds, parts, 3)``."""
    # A fixed seed: the same predictions have the same interval in every report.
    resamples = Draws(len(cells), draws, 0)
    whole = _shares(totals(np.ones((1, len(cells)), dtype=np.float32), cells))[0]
    drawn = np.concatenate([_shares(totals(block, cells)) for block in resamples.blocks(cells[0].size)])
    values = over_items_and_seeds(drawn, resamples.seed_shares(cells.shape[1]))
    for part, size in enumerate(sizes):
        numbers: list[float] = []
        for quantity in (0, 1):
            low, high = interval(values[:, part, quantity], clusters=size)
            numbers += [float(whole[:, part, quantity].mean()), max(0.0, float(low)), min(1.0, float(high))]
        # Where a share is undefined, so are its bounds.
        yield tuple(math.nan if math.isnan(numbers[3 * (at // 3)]) else numbers[at] for at in range(6))  # type: ignore[misc]


def _without_bounds(numbers: tuple[float, ...], few: NDArray[np.bool_]) -> tuple[float, ...]:
    """Blank the bounds of shares of too few items: every share is followed by its two bounds."""
    return tuple(math.nan if at % 3 and few[at // 3] else number for at, number in enumerate(numbers))


def _shares(counts: Array) -> Array:
    """Turn items, served and served wrongly into coverage and risk, on the last axis."""
    above, below = counts[..., 1:], counts[..., :2]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
