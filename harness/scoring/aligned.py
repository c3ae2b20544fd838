"""Predictions of one split in; arrays in which all seeds have the same items in the same order out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import cell_codes, table_shape
from harness.values.errors import PredictionsError
from harness.values.labels import MISSING_CODE, LabelSet, check_probabilities
from harness.values.memo import once
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """How often, and in how many folds, the items of a split were divided into training and test rows.

    Parameters
    ----------
    folds : int
        Of one repeat; 1 where a single part is scored.
    repeats : int
        How often each item was scored, by models that were trained on different rows.
    """

    folds: int = 1
    repeats: int = 1

    @property
    def cross_validated(self) -> bool:
        """Whether the items are scored by models of several folds, which share training rows."""
        return self.folds > 1


HOLDOUT = Design()


@dataclass(frozen=True)
class AlignedPredictions:
    """The scored items of one split, once, with the predictions of every seed.

    Parameters
    ----------
    labels : LabelSet
        Order of the label axes.
    ids : (n,) array of str
        An item that is scored in several repeats of a cross-validation occurs once per repeat.
    truth : (n,) or (n, k) array
        Label codes, or 0 and 1 for each label.
    predicted : (n_seeds, n) or (n_seeds, n, k) array
        Coded like ``truth``; missing ones are -1, of several labels for each.
    proba : (n_seeds, n, k) array
        Rows sum to 1 in a single-label task; all NaN without probabilities, and NaN where a prediction is
        missing.
    clusters, targets : (n,) array
        Codes from 0 without gaps. A cluster is a group, or an item without one; all rows without a target
        share one code.
    seeds : tuple of int
        In rising order.
    repeats : (n,) array, optional
        The repeat of a cross-validation that scored the row, codes from 0; None where there is only one.
    design : Design
        Folds and repeats of the whole split, also where these are some of its items.
    widened : bool
        Whether tables have the column for missing predictions even where none is missing: so that they add up
        with those of a run in which some are.
    """

    labels: LabelSet
    ids: NDArray[np.object_]
    truth: Codes
    predicted: Codes
    proba: NDArray[np.float64]
    clusters: Codes
    targets: Codes
    seeds: tuple[int, ...]
    repeats: Codes | None = None
    design: Design = HOLDOUT
    widened: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_items(self) -> int:
        """Number of items; the rows are as many times the number of repeats."""
        return len(self.ids) // self.design.repeats

    @cached_property
    def once(self) -> AlignedPredictions:
        """Each item once, as the first repeat scored it."""
        if self.repeats is None:
            return self
        first = self.at(np.flatnonzero(self.repeats == 0))
        return replace(first, repeats=None, design=replace(self.design, repeats=1))

    @cached_property
    def by_model(self) -> AlignedPredictions:
        """Each item once, with the repeats of each seed as if they were further seeds."""
        if self.repeats is None:
            return self
        # Sorted by id within a repeat, every repeat has the items in one order.
        by_id = np.argsort(self.ids.astype(str), kind="stable")
        rows = np.stack([by_id[self.repeats[by_id] == repeat] for repeat in range(self.design.repeats)])
        n_models = len(self.seeds) * len(rows)
        return replace(
            self.at(rows[0]),
            predicted=self.predicted[:, rows].reshape(n_models, rows.shape[1], *self.predicted.shape[2:]),
            proba=self.proba[:, rows].reshape(n_models, rows.shape[1], -1),
            seeds=tuple(range(n_models)),
            repeats=None,
            design=replace(self.design, repeats=1),
        )

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
            shape, missing = (len(rows), len(labels)), predictions.missing()
            check_probabilities(predictions.proba(), shape, sums_to_one=not labels.multi, missing=missing)
        # Truth and groups are the same for all seeds: they are kept once, predictions once per seed.
        order = _aligned(rows)
        truth, first = predictions.truth()[order], order[0]
        repeats, design = _repeats(rows["id"].to_numpy()[first], rows["fold"].to_numpy()[first])
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
            repeats=repeats,
            design=design,
        ).compact()

    @cached_property
    def has_missing(self) -> bool:
        """Whether tables have a column for missing predictions: one is missing here, or in another run."""
        return self.widened or bool((self.predicted < 0).any())

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
        """Confusion table of each cluster: ``(n_clusters, n_seeds, k, k)``, or ``(…, k, 2, 2)`` if multi.

        One column more where predictions are missing, see :mod:`harness.scoring.metrics.counts`.
        """
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
            # Its last entry is what a missing prediction, -1, stays.
            truth, predicted = inverse[self.truth], np.append(inverse, MISSING_CODE)[self.predicted]
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
            repeats=None if self.repeats is None else self.repeats[positions],
        ).compact()

    def compact(self) -> AlignedPredictions:
        """Number clusters and targets from 0 without gaps."""
        return replace(self, clusters=_codes(self.clusters), targets=_codes(self.targets))

    @property
    def _table(self) -> tuple[int, ...]:
        return table_shape(len(self.labels), multi=self.labels.multi, missing=self.has_missing)

    @cached_property
    def _cell_codes(self) -> Codes:
        k = len(self.labels)
        by_seed = [cell_codes(self.truth, codes, k, missing=self.has_missing) for codes in self.predicted]
        return np.stack(by_seed)


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


def _repeats(ids: NDArray[Any], folds: NDArray[Any]) -> tuple[Codes | None, Design]:
    """Return the repeat of each row, None where there is one alone, and the design of the whole.

    The folds of a cross-validation are numbered through, those of the first repeat first; every repeat scores
    each test item once. Validation rows are drawn anew in each fold: theirs count as folds without repeats.
    """
    numbers, fold = np.unique(folds, return_inverse=True)
    items = _codes(ids.astype(str))
    n_items = int(items.max()) + 1
    n_repeats = len(ids) // n_items
    n_folds = len(numbers) // n_repeats
    if n_repeats == 1 or n_repeats * n_items != len(ids) or n_folds * n_repeats != len(numbers):
        return None, Design(len(numbers))
    repeats = (fold.ravel() // n_folds).astype("int64")
    if (np.bincount(repeats * n_items + items, minlength=n_repeats * n_items) != 1).any():
        return None, Design(len(numbers))
    return repeats, Design(n_folds, n_repeats)


def _codes(values: NDArray[Any]) -> Codes:
    import pandas as pd

    # Codes in order of appearance, by hashing; ``np.unique`` would sort the strings.
    return pd.factorize(values)[0].astype("int64")


def _first_differing(truth: Codes, rows: pd.DataFrame, order: NDArray[np.intp]) -> Any:
    differs = (truth != truth[0]).any(axis=0)
    index = (differs if differs.ndim == 1 else differs.any(axis=1)).argmax()
    return rows["id"].iloc[order[0][index]]
