"""Two runs on the same items in; where they differ out: how often, in which slices, on which items.

A comparison says whether one run scores better; this says on what. The score here is the share of items that
are labelled correctly (in a multi-label task, with all labels correct), which means the same in every slice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import AlignedPredictions, effective_number
from harness.scoring.retraining import stretch
from harness.scoring.slices import Slice
from harness.scoring.statistics.bootstrap import Draws, by_cluster, interval, totals
from harness.scoring.statistics.cross_validation import stretched
from harness.scoring.statistics.few_clusters import corrected_p
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.labels import NO_ANSWER
from harness.values.minimums import MIN_GROUPS, MIN_ITEMS
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 4_000
MAX_ITEMS = 12
"""Items on which two runs differ most that are listed."""


@dataclass(frozen=True)
class RunItems:
    """The test items of a run, sorted by id, so that those of two runs stand at the same positions.

    Attributes
    ----------
    sample : AlignedPredictions
        Each item once; the repeats of a cross-validation stand as further seeds.
    parties : (n,) array of str
        Empty where an item has no target.
    has_probabilities : bool
    stretch : float
        See :func:`harness.scoring.retraining.stretch`.
    """

    sample: AlignedPredictions
    parties: NDArray[np.object_]
    has_probabilities: bool
    stretch: float = 1.0

    @classmethod
    def of(cls, predictions: Predictions, split: str = "test") -> RunItems:
        """Align the rows of a split."""
        rows = predictions.only(split=split)
        every = AlignedPredictions.of(rows)
        sample = every.by_model
        sample = sample.at(np.argsort(sample.ids.astype(str), kind="stable"))
        by_id = dict(
            zip(rows.rows["id"].astype(str), rows.rows["target"].fillna("").astype(str), strict=True)
        )
        parties = np.array([by_id[str(id_)] for id_ in sample.ids], dtype=object)
        return cls(sample, parties, rows.has_probabilities, stretch(every))

    @property
    def correct(self) -> NDArray[np.float64]:
        """For each item the share of seeds that label it correctly, ``(n,)`` in [0, 1]."""
        right = self.sample.predicted == self.sample.truth
        right = right.all(axis=-1) if self.sample.labels.multi else right
        return np.asarray(right.mean(axis=0), dtype=np.float64)

    @property
    def of_truth(self) -> NDArray[np.float64]:
        """The probability of the true label, or of all true labels together, mean over seeds, ``(n,)``."""
        sample = self.sample
        if not self.has_probabilities:
            return self.correct
        if sample.labels.multi:
            hits = np.where(sample.truth == 1, sample.proba, 1 - sample.proba).prod(axis=-1)
        else:
            hits = sample.proba[:, np.arange(len(sample)), sample.truth]
        # A missing prediction gives what is true no probability.
        return np.asarray(np.nan_to_num(hits).mean(axis=0))

    def names(self, codes: NDArray[Any]) -> str:
        """Write the labels of one item as words."""
        labels = self.sample.labels
        if (np.asarray(codes) < 0).any():
            return NO_ANSWER
        if not labels.multi:
            return str(labels.names[int(codes)])
        return ", ".join(name for name, bit in zip(labels.names, codes, strict=True) if bit) or "none"


@dataclass(frozen=True)
class SliceDifference:
    """A slice of the test items on which two runs were compared.

    Attributes
    ----------
    column, value : str
        ``party`` and ``Harbour Party``, ``label`` and ``critical``, ``outlet`` and ``Post``.
    n, groups : int
    better, worse : float
        Share of correctly labelled items of the run that scores better overall, and of the other.
    low, high : float
        95 % interval of ``better`` minus ``worse``, paired, over groups of items; seeds are held fixed.
    p : float
        Two-sided, corrected for the number of slices.
    """

    column: str
    value: str
    n: int
    groups: int
    better: float
    worse: float
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        """How much more the run that scores better overall gets right here; negative where it gets less."""
        return self.better - self.worse

    @property
    def established(self) -> bool:
        """Whether the difference is significant after correction."""
        return self.p <= SIGNIFICANCE_LEVEL


@dataclass(frozen=True)
class DisputedItem:
    """A test item that two runs label differently.

    Attributes
    ----------
    id, party, truth : str
    better, worse : str
        Predictions of the first seed of each.
    gap : float
        How much more probable the true label is to the run that scores better; in [-1, 1].
    """

    id: str
    party: str
    truth: str
    better: str
    worse: str
    gap: float


@dataclass(frozen=True)
class Disagreement:
    """Where two runs differ.

    Attributes
    ----------
    better, worse : str
        By their overall score.
    n : int
        Test items.
    both, neither, only_better, only_worse : int
        Items that both, neither, or only one labels correctly (with several seeds, most of the time).
    slices : tuple of SliceDifference
        Large enough slices, the clearest difference first.
    items : tuple of DisputedItem
        The items on which they differ most, the largest gap first.
    """

    better: str
    worse: str
    n: int
    both: int
    neither: int
    only_better: int
    only_worse: int
    slices: tuple[SliceDifference, ...]
    items: tuple[DisputedItem, ...]


def disagreement(
    names: tuple[str, str],
    better: RunItems,
    worse: RunItems,
    *,
    slices: Sequence[Slice] = (),
    seed: int = 0,
) -> Disagreement:
    """Compare two runs item by item and slice by slice.

    Parameters
    ----------
    names : (str, str)
        Of the run that scores better, and of the other.
    better, worse : RunItems
        On the same items.
    slices : sequence of Slice
        Of these items, to compare the runs on beside each label and party.
    seed : int
        Of the bootstrap.
    """
    right, right_too = better.correct >= 0.5, worse.correct >= 0.5
    return Disagreement(
        *names,
        n=len(better.sample),
        both=int((right & right_too).sum()),
        neither=int((~right & ~right_too).sum()),
        only_better=int((right & ~right_too).sum()),
        only_worse=int((~right & right_too).sum()),
        slices=_slice_differences(better, worse, slices, seed),
        items=tuple(_items(better, worse)),
    )


def _slice_differences(
    better: RunItems, worse: RunItems, more: Sequence[Slice], seed: int
) -> tuple[SliceDifference, ...]:
    clusters = better.sample.clusters
    slices = [
        (column, value, mask)
        for column, value, mask in (*_masks(better), *_masks_of(better, more))
        # As for the slices of a report: smaller ones are too few to say anything, the whole is no slice.
        if MIN_ITEMS <= mask.sum() < len(mask) and len(np.unique(clusters[mask])) >= MIN_GROUPS
    ]
    if not slices:
        return ()
    masks = np.stack([mask for _, _, mask in slices], axis=1)
    gaps = (better.correct - worse.correct)[:, None]
    cells = by_cluster(np.stack([gaps * masks, masks + 0.0], axis=-1), clusters, better.sample.n_clusters)
    resamples = Draws(better.sample.n_clusters, DRAWS, seed)
    sums = np.concatenate([totals(block, cells) for block in resamples.blocks(cells[0].size)])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = sums[..., 0] / sums[..., 1]
    observed = cells[..., 0].sum(axis=0) / cells[..., 1].sum(axis=0)
    drawn = stretched(drawn, observed, max(better.stretch, worse.stretch))
    tested = [_tested(drawn[:, k], effective_number(clusters[mask])) for k, (_, _, mask) in enumerate(slices)]
    corrected = holm([p for *_, p in tested])
    differences = [
        SliceDifference(
            column,
            value,
            int(mask.sum()),
            len(np.unique(clusters[mask])),
            float(better.correct[mask].mean()),
            float(worse.correct[mask].mean()),
            low,
            high,
            p,
        )
        for (column, value, mask), (low, high, _), p in zip(slices, tested, corrected, strict=True)
    ]
    return tuple(sorted(differences, key=lambda entry: (entry.p, -abs(entry.difference))))


def _tested(drawn: NDArray[np.float64], groups: float) -> tuple[float, float, float]:
    """Return the interval of a mean difference, and its p-value."""
    defined = drawn[~np.isnan(drawn)]
    # Twice the share of draws on the rarer side of 0, plus one as in ``paired.difference``.
    extreme = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    low, high = map(float, interval(drawn, clusters=groups))
    return low, high, corrected_p(min(1.0, 2 * (1 + extreme) / (1 + len(defined))), groups)


def _masks(run: RunItems) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield the items of each true label and of each party."""
    sample = run.sample
    for code, name in enumerate(sample.labels.names):
        members = sample.truth[:, code] == 1 if sample.labels.multi else sample.truth == code
        yield "label", name, np.asarray(members)
    # Frames belong to the sentence, not to a party.
    for party in [] if sample.labels.multi else sorted({str(party) for party in run.parties if party}):
        yield "party", party, np.asarray(run.parties == party)


def _masks_of(run: RunItems, slices: Sequence[Slice]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield the items of each slice that a run carries."""
    ids = [str(id_) for id_ in run.sample.ids]
    for cut in slices:
        yield cut.column, cut.value, np.array([id_ in cut.ids for id_ in ids])


def _items(better: RunItems, worse: RunItems) -> Iterator[DisputedItem]:
    first, second = better.sample.predicted[0], worse.sample.predicted[0]
    differs = (first != second).any(axis=-1) if better.sample.labels.multi else first != second
    gaps = np.where(differs, better.of_truth - worse.of_truth, math.nan)
    # NaN sorts last; stable, so that equal runs list equal items.
    order: Sequence[int] = np.argsort(-np.abs(gaps), kind="stable")[
        : min(MAX_ITEMS, int(differs.sum()))
    ].tolist()
    for index in order:
        yield DisputedItem(
            str(better.sample.ids[index]),
            str(better.parties[index]),
            better.names(better.sample.truth[index]),
            better.names(first[index]),
            worse.names(second[index]),
            float(gaps[index]),
        )
