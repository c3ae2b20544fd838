"""Predictions of one split in; arrays in which all seeds have the same items in the same order out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import cell_codes
from harness.values.errors import PredictionsError
from harness.values.labels import LabelSet, check_probabilities
from harness.values.memo import once
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class AlignedPredictions:
    """The scored items of one split, once, with the predictions of every seed.

    Parameters
    ----------
    labels : LabelSet
        Order of the label axes.
    ids : (n,) array of str
        An item that is scored in several folds occurs once per fold.
    truth : (n,) or (n, k) array
        Label codes, or 0 and 1 for each label.
    predicted : (n_seeds, n) or (n_seeds, n, k) array
        Coded like ``truth``.
    proba : (n_seeds, n, k) array
        Rows sum to 1 in a single-label task; all NaN without probabilities.
    clusters, targets : (n,) array
        Codes from 0 without gaps. A cluster is a group, or an item without one; all rows without a target
        share one code.
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
            If there are no rows, a seed scores an item twice, seeds score different items or disagree on the
            truth, or probabilities are not finite, leave [0, 1] or do not sum to 1.
        """
        # Scores, slices, limitations and figures ask for the same rows.
        return once(predictions, "aligned", lambda: cls._of(predictions))

    @classmethod
    def _of(cls, predictions: Predictions) -> AlignedPredictions:
        labels, rows = predictions.labels, predictions.rows
        if rows.empty:
            raise PredictionsError("there are no predictions to score")
        if predictions.has_probabilities:
            sums_to_one = not labels.multi
            check_probabilities(predictions.proba(), (len(rows), len(labels)), sums_to_one=sums_to_one)
        # Truth and groups are the same for all seeds: they are kept once, predictions once per seed.
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
        """Number of clusters."""
        return int(self.clusters.max()) + 1

    @property
    def effective_clusters(self) -> float:
        """Number of equal-sized clusters with as much information: near 1 if one has nearly all items."""
        return effective_number(self.clusters)

    @cached_property
    def cells(self) -> Codes:
        """Confusion table of each cluster: ``(n_clusters, n_seeds, k, k)``, or ``(…, k, 2, 2)`` if multi."""
        shape = (self.n_clusters, len(self.seeds), *self._table)
        # One count of flat indices (cluster, seed, cell) replaces a loop over clusters and seeds.
        table_of = self.clusters * len(self.seeds) + np.arange(len(self.seeds))[:, None]
        cells = table_of[:, :, None] * int(np.prod(self._table)) + self._cell_codes
        return np.bincount(cells.ravel(), minlength=int(np.prod(shape))).reshape(shape)

    @cached_property
    def target_cells(self) -> tuple[Codes, Codes, tuple[int, ...]]:
        """The same counts by target, as a sparse list: an article names few of all targets.

        Returns
        -------
        clusters, cells : (m,) arrays
            Each pair adds 1 to a cell of the flattened table.
        shape : tuple of int
            Shape of the table: ``(n_seeds, n_targets, k, k)``, or ``(…, k, 2, 2)``.
        """
        shape = (len(self.seeds), int(self.targets.max()) + 1, *self._table)
        table_of = np.arange(shape[0])[:, None] * shape[1] + self.targets
        # Sparse: a dense array of clusters × seeds × targets × k × k would need gigabytes.
        cells = table_of[:, :, None] * int(np.prod(self._table)) + self._cell_codes
        clusters = np.broadcast_to(self.clusters[:, None], cells.shape)
        return clusters.ravel(), cells.ravel(), shape

    def ordered(self, first: Sequence[str]) -> AlignedPredictions:
        """Reorder the labels: the named ones first, the others in their order."""
        names = self.labels.names
        order = [*map(names.index, first), *(k for k, name in enumerate(names) if name not in first)]
        if order == sorted(order):
            return self
        labels = replace(self.labels, names=tuple(names[k] for k in order))
        if self.labels.multi:
            truth, predicted = self.truth[:, order], self.predicted[..., order]
        else:
            # Codes have to be mapped the other way round than the columns are permuted.
            inverse = np.argsort(order)
            truth, predicted = inverse[self.truth], inverse[self.predicted]
        proba = self.proba[..., order]
        return replace(self, labels=labels, truth=truth, predicted=predicted, proba=proba)

    def only(self, ids: Collection[str]) -> AlignedPredictions:
        """Keep the items with these ids."""
        wanted = frozenset(ids)
        return self.at(np.flatnonzero([id_ in wanted for id_ in self.ids]))

    def at(self, positions: Codes) -> AlignedPredictions:
        """Keep the items at these positions, in this order."""
        return replace(
            self,
            ids=self.ids[positions],
            truth=self.truth[positions],
            predicted=self.predicted[:, positions],
            proba=self.proba[:, positions],
            clusters=self.clusters[positions],
            targets=self.targets[positions],
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
        return np.stack([cell_codes(self.truth, predicted, k) for predicted in self.predicted])


def effective_number(clusters: Codes) -> float:
    """Return the number of equal-sized clusters that carry as much information as these, ``(n,)`` codes.

    References
    ----------
    Kish 1965, Survey Sampling: the square of the sum of sizes, divided by the sum of their squares.

    Examples
    --------
    >>> import numpy as np
    >>> effective_number(np.array([0, 0, 1, 1])), effective_number(np.array([0, 0, 0, 1]))
    (2.0, 1.6)
    """
    sizes = np.bincount(clusters)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def cluster_codes(rows: pd.DataFrame) -> Codes:
    """Return the group of each row of predictions as a code from 0; an item without one is its own group."""
    groups = rows["group"]
    grouped = groups.notna().to_numpy()
    if grouped.all():
        return _codes(groups.astype(str).to_numpy(dtype=object))
    items = rows["id"].astype(str)
    # The prefix keeps a group and an ungrouped item of the same name apart.
    names = np.where(grouped, "group " + groups.astype(str), "item " + items)
    return _codes(names)


def _aligned(rows: pd.DataFrame) -> NDArray[np.intp]:
    """Return ``(n_seeds, n)`` positions of the rows: the items of every seed in one order."""
    import pandas as pd

    seeds = rows["seed"].to_numpy()
    if (seeds == seeds[0]).all() and rows["id"].is_unique:
        return np.arange(len(rows))[None]
    keys = pd.MultiIndex.from_arrays([rows["fold"], rows["id"]])
    by_seed = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    for positions in by_seed:
        if keys[positions].has_duplicates:
            repeated = rows.iloc[positions[keys[positions].duplicated().argmax()]]
            raise PredictionsError(
                f"seed {repeated['seed']} scores {repeated['id']!r} of fold {repeated['fold']} twice"
            )
    reference = keys[by_seed[0]]
    order = [by_seed[0]]
    for positions in by_seed[1:]:
        indexer = keys[positions].get_indexer(reference)
        if len(positions) != len(reference) or (indexer < 0).any():
            first, second = seeds[by_seed[0][0]], seeds[positions[0]]
            raise PredictionsError(f"seeds {first} and {second} score different items; score whole runs")
        order.append(positions[indexer])
    return np.stack(order)


def _codes(values: NDArray[Any]) -> Codes:
    import pandas as pd

    # Codes in order of appearance, by hashing; ``np.unique`` would sort the strings.
    return pd.factorize(values)[0].astype("int64")


def _first_differing(truth: Codes, rows: pd.DataFrame, order: NDArray[np.intp]) -> Any:
    differs = (truth != truth[0]).any(axis=0)
    index = (differs if differs.ndim == 1 else differs.any(axis=1)).argmax()
    return rows["id"].iloc[order[0][index]]
