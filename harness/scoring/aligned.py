"""Predictions of one split in, arrays aligned over seeds out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import cell_codes
from harness.values.errors import PredictionsError
from harness.values.labels import LabelSet, check_probabilities
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class AlignedPredictions:
    """The scored items of one split, once, with what every seed said of each.

    Parameters
    ----------
    labels : LabelSet
        Order of the label axes.
    ids : (n,) array of str
        An item that several folds score stands here once a fold.
    truth : (n,) or (n, k) array
        Codes, or 0 and 1.
    predicted : (n_seeds, n) or (n_seeds, n, k) array
        Shaped as ``truth``, one a seed.
    proba : (n_seeds, n, k) array
        Rows sum to 1 for a single-label task; NaN throughout where none are stated.
    clusters, targets : (n,) array
        Codes from 0, none left out. A cluster is a group, or an item without one; rows without a target
        share one.
    seeds : tuple of int
        In rising order.
    """

    labels: LabelSet
    ids: NDArray[np.object_]
    truth: Codes
    predicted: Codes
    proba: NDArray[np.float64]
    clusters: Codes
    targets: Codes
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, predictions: Predictions) -> AlignedPredictions:
        """Align the rows of one split.

        Raises
        ------
        PredictionsError
            Where there are no rows, a seed scores an item twice, seeds score different items or disagree on
            the truth, or probabilities are none.
        """
        labels, rows = predictions.labels, predictions.rows
        if rows.empty:
            raise PredictionsError("there are no predictions to score")
        if predictions.has_probabilities:
            sums_to_one = not labels.multi
            check_probabilities(predictions.proba(), (len(rows), len(labels)), sums_to_one=sums_to_one)
        order = _aligned(rows)
        truth, first = predictions.truth()[order], order[0]
        if (truth != truth[0]).any():
            raise PredictionsError(f"seeds disagree on the truth of {_first_differing(truth, rows, order)!r}")
        return cls(
            labels=labels,
            ids=rows["id"].astype(str).to_numpy(dtype=object)[first],
            truth=truth[0],
            predicted=predictions.predicted()[order],
            proba=predictions.proba()[order],
            clusters=cluster_codes(rows)[first],
            targets=_codes(rows["target"].fillna("").astype(str).to_numpy(dtype=object)[first]),
            seeds=tuple(int(seed) for seed in np.unique(rows["seed"])),
        ).compact()

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return int(self.clusters.max()) + 1

    @property
    def effective_clusters(self) -> float:
        """How many clusters of equal size would tell as much: 1 where one of them holds nearly all items."""
        return effective_number(self.clusters)

    @cached_property
    def cells(self) -> Codes:
        """What each cluster adds to the confusion table: ``(n_clusters, n_seeds, k, k)``, or ``k, 2, 2``."""
        shape = (self.n_clusters, len(self.seeds), *self._table)
        owners = self.clusters * len(self.seeds) + np.arange(len(self.seeds))[:, None]
        places = owners[:, :, None] * int(np.prod(self._table)) + self._cell_codes
        return np.bincount(places.ravel(), minlength=int(np.prod(shape))).reshape(shape)

    @cached_property
    def target_cells(self) -> tuple[Codes, Codes, tuple[int, ...]]:
        """The same kept apart by target, as a list: an article names few of all targets.

        Returns
        -------
        clusters, cells : (m,) arrays
            Each pair adds 1 to a cell of the flattened table.
        shape : tuple of int
            Of the table: ``(n_seeds, n_targets, k, k)``, or ``…, k, 2, 2``.
        """
        shape = (len(self.seeds), int(self.targets.max()) + 1, *self._table)
        owners = np.arange(shape[0])[:, None] * shape[1] + self.targets
        cells = owners[:, :, None] * int(np.prod(self._table)) + self._cell_codes
        clusters = np.broadcast_to(self.clusters[:, None], cells.shape)
        return clusters.ravel(), cells.ravel(), shape

    def ordered(self, first: Sequence[str]) -> AlignedPredictions:
        """Reorder the labels: the named ones first, the others as they stood."""
        names = self.labels.names
        order = [*map(names.index, first), *(k for k, name in enumerate(names) if name not in first)]
        if order == sorted(order):
            return self
        labels = replace(self.labels, names=tuple(names[k] for k in order))
        if self.labels.multi:
            truth, predicted = self.truth[:, order], self.predicted[..., order]
        else:
            inverse = np.argsort(order)
            truth, predicted = inverse[self.truth], inverse[self.predicted]
        proba = self.proba[..., order]
        return replace(self, labels=labels, truth=truth, predicted=predicted, proba=proba)

    def only(self, ids: Collection[str]) -> AlignedPredictions:
        """Keep the items with these ids."""
        wanted = frozenset(ids)
        return self.at(np.flatnonzero([one in wanted for one in self.ids]))

    def at(self, places: Codes) -> AlignedPredictions:
        """Keep the items at these positions, in this order."""
        return replace(
            self,
            ids=self.ids[places],
            truth=self.truth[places],
            predicted=self.predicted[:, places],
            proba=self.proba[:, places],
            clusters=self.clusters[places],
            targets=self.targets[places],
        ).compact()

    def compact(self) -> AlignedPredictions:
        """Number clusters and targets from 0 without gaps."""
        return replace(self, clusters=_codes(self.clusters), targets=_codes(self.targets))

    @property
    def _table(self) -> tuple[int, ...]:
        k = len(self.labels)
        return (k, 2, 2) if self.labels.multi else (k, k)

    @cached_property
    def _cell_codes(self) -> Codes:
        k = len(self.labels)
        return np.stack([cell_codes(self.truth, one, k) for one in self.predicted])


def effective_number(clusters: Codes) -> float:
    """Return how many clusters of equal size would tell as much as these, ``(n,)`` codes.

    References
    ----------
    Kish 1965, Survey Sampling: the square of the sum of sizes by the sum of their squares.

    Examples
    --------
    >>> import numpy as np
    >>> effective_number(np.array([0, 0, 1, 1])), effective_number(np.array([0, 0, 0, 1]))
    (2.0, 1.6)
    """
    sizes = np.bincount(clusters)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def cluster_codes(rows: pd.DataFrame) -> Codes:
    """Number the groups of rows of predictions from 0; an item without one is a group of its own."""
    groups, items = rows["group"], rows["id"].astype(str)
    grouped = groups.notna().to_numpy()
    # The prefix keeps a group and an ungrouped item of the same name apart.
    names = np.where(grouped, "group " + groups.astype(str), "item " + items)
    return _codes(names)


def _aligned(rows: pd.DataFrame) -> NDArray[np.intp]:
    """Return ``(n_seeds, n)`` positions of the rows: every seed's items in one order."""
    import pandas as pd

    keys = pd.MultiIndex.from_arrays([rows["fold"], rows["id"]])
    seeds = rows["seed"].to_numpy()
    places = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    for own in places:
        if keys[own].has_duplicates:
            again = rows.iloc[own[keys[own].duplicated().argmax()]]
            raise PredictionsError(
                f"seed {again['seed']} scores {again['id']!r} of fold {again['fold']} twice"
            )
    reference = keys[places[0]]
    order = [places[0]]
    for own in places[1:]:
        found = keys[own].get_indexer(reference)
        if len(own) != len(reference) or (found < 0).any():
            one, other = seeds[places[0][0]], seeds[own[0]]
            raise PredictionsError(f"seeds {one} and {other} score different items; score whole runs")
        order.append(own[found])
    return np.stack(order)


def _codes(values: NDArray[Any]) -> Codes:
    import pandas as pd

    return pd.factorize(values)[0].astype("int64")


def _first_differing(truth: Codes, rows: pd.DataFrame, order: NDArray[np.intp]) -> Any:
    differs = (truth != truth[0]).any(axis=0)
    place = (differs if differs.ndim == 1 else differs.any(axis=1)).argmax()
    return rows["id"].iloc[order[0][place]]
