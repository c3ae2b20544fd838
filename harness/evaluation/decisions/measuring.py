"""Decided predictions in, how many labels were given and how many of those are wrong out, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import clusters, effective
from harness.scoring.metrics.selective import errors
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
class Served:
    """What was served of some items, mean over seeds.

    Attributes
    ----------
    kind : {"all", "label", "target"}
        By what the items were chosen: their true label, or their target.
    name : str
    n : int
        Items.
    coverage, coverage_low, coverage_high : float
        Share of them that got a label, and its 95 % interval over items (by group) and seeds.
    risk, risk_low, risk_high : float
        Share of those labels that are wrong (of a multi-label task, of items with any label wrong); NaN where
        none was given. Bounds of shares of fewer than :data:`MIN_ITEMS` items are NaN.
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


def measure(predictions: Predictions, *, parts: bool = True, draws: int = DRAWS) -> tuple[Served, ...]:
    """Say how much was served and how well: of all items, of each label's and of each target's.

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
    tuple of Served
        Empty where nothing can abstain, or there are no rows. Targets stand by frequency, at most
        :data:`MAX_TARGETS` of them; one that is the only one is left out.
    """
    rows = predictions.rows
    if ABSTAIN not in rows or rows.empty:
        return ()
    order = rows.sort_values(["seed", "fold", "id"], kind="stable").index.to_numpy()
    n_seeds = rows["seed"].nunique()
    shape = (n_seeds, len(rows) // n_seeds)
    given = ~rows[ABSTAIN].to_numpy(dtype=bool)[order].reshape(shape)
    wrong = errors(predictions.truth(), predictions.predicted())[order].reshape(shape) > 0
    first = order[: shape[1]]
    groups = _dense(clusters(rows)[first])
    named = list(_groups(predictions, rows, first)) if parts else []
    chosen = [("all", "all", np.ones(shape[1], dtype=bool)), *named]
    masks = np.stack([mask for *_, mask in chosen], axis=1)
    seen = np.stack([np.ones(shape, dtype=bool), given, given & wrong], axis=-1).transpose(1, 0, 2)
    cells = by_cluster(
        (seen[:, :, None, :] & masks[:, None, :, None]).astype(np.int64), groups, int(groups.max()) + 1
    )
    found = _intervals(cells, [effective(groups[mask]) for *_, mask in chosen], draws)
    counts = cells.sum(axis=0).mean(axis=0)[:, :2]
    return tuple(
        Served(kind, name, int(mask.sum()), *_known(numbers, few))
        for (kind, name, mask), numbers, few in zip(chosen, found, counts < MIN_ITEMS, strict=True)
    )


def _groups(
    predictions: Predictions, rows: pd.DataFrame, first: NDArray[np.intp]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    truth, labels = predictions.truth()[first], predictions.labels
    for code, name in enumerate(labels.names):
        applies = truth[:, code] == 1 if labels.multi else truth == code
        yield "label", name, np.asarray(applies)
    if labels.multi:
        yield "label", NO_FRAME, np.asarray(truth.sum(axis=1) == 0)
    targets = rows["target"].iloc[first]
    known = targets.dropna().value_counts()
    if len(known) > 1:
        for name in known.index[:MAX_TARGETS]:
            yield "target", str(name), targets.eq(name).to_numpy(dtype=bool)


def _intervals(
    cells: NDArray[np.int64], sizes: list[float], draws: int
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yield coverage and risk with their bounds for each part; ``cells`` is ``(groups, seeds, parts, 3)``."""
    resamples = Draws(len(cells), draws, 0)
    whole = _shares(totals(np.ones((1, len(cells)), dtype=np.float32), cells))[0]
    drawn = np.concatenate([_shares(totals(part, cells)) for part in resamples.blocks(cells[0].size)])
    values = over_items_and_seeds(drawn, resamples.seed_shares(cells.shape[1]))
    for place, size in enumerate(sizes):
        numbers: list[float] = []
        for at in (0, 1):
            low, high = interval(values[:, place, at], clusters=size)
            numbers += [float(whole[:, place, at].mean()), max(0.0, float(low)), min(1.0, float(high))]
        yield tuple(math.nan if math.isnan(numbers[3 * (at // 3)]) else numbers[at] for at in range(6))  # type: ignore[misc]


def _known(numbers: tuple[float, ...], few: NDArray[np.bool_]) -> tuple[float, ...]:
    """Leave out the bounds of shares of too few items."""
    return tuple(math.nan if at % 3 and few[at // 3] else one for at, one in enumerate(numbers))


def _shares(counts: Array) -> Array:
    """Turn items, served and served wrongly into coverage and risk, on the last axis."""
    above, below = counts[..., 1:], counts[..., :2]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
