"""Places in a corpus in, a Split with its proof and its warnings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from harness.values.errors import SplitError
from harness.values.labels import LabelSet
from harness.values.tables import Corpus, fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

PARTS = ("train", "validation", "calibration", "test")


@dataclass(frozen=True)
class Split:
    """Four sets of ids, disjoint.

    Attributes
    ----------
    fold : int
        From 1; 0 where there is one fold only.
    train, test : tuple of str
        At least one id each.
    validation, calibration : tuple of str
        Empty where the splitter was asked for none.
    notes : tuple of str
        What a reader of the scores should know, a sentence each.

    Raises
    ------
    SplitError
        Where an id stands twice, or train or test is empty.
    """

    fold: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        fold = f" of fold {self.fold}" if self.fold else ""
        sets = {part: set(self.part(part)) for part in PARTS}
        for part in PARTS:
            if len(sets[part]) != len(self.part(part)):
                raise SplitError(f"{part}{fold} holds an id twice")
            if part in ("train", "test") and not sets[part]:
                raise SplitError(f"{part}{fold} is empty")
        for one, other in combinations(PARTS, 2):
            if shared := sorted(sets[one] & sets[other]):
                raise SplitError(
                    f"{one} and {other}{fold} share {len(shared):,} ids, {shared[0]!r} among them"
                )

    def part(self, name: str) -> tuple[str, ...]:
        """Return the ids of ``"train"``, ``"validation"``, ``"calibration"`` or ``"test"``."""
        ids: tuple[str, ...] = getattr(self, name)
        return ids

    @cached_property
    def fingerprint(self) -> str:
        """Identify who stands where, whatever the order."""
        return fingerprint(line for part in PARTS for line in (f"\x1d{part}", *sorted(self.part(part))))


def split_from_indices(
    corpus: Corpus, labels: LabelSet, fold: int, parts: Sequence[Places], notes: Sequence[str] = ()
) -> Split:
    """Make a split of places, and look at it for what a reader should know.

    Parameters
    ----------
    corpus : Corpus
        That was divided.
    labels : LabelSet
        Labels that every train and test should have.
    fold : int
        As in :class:`Split`.
    parts : sequence of four arrays
        Row numbers of train, validation, calibration and test.
    notes : sequence of str
        Said before those that are found here.

    Raises
    ------
    SplitError
        See :class:`Split`.
    """
    ids = corpus.rows["id"].to_numpy(dtype=object)
    train, validation, calibration, test = (tuple(ids[np.sort(places)]) for places in parts)
    split = Split(fold, train, validation, calibration, test)
    codes = corpus.truth(labels)
    found = [
        *_shared_groups(corpus, split),
        *_missing_labels(labels, codes, dict(zip(PARTS, parts, strict=True))),
    ]
    return replace(split, notes=(*notes, *found))


def seen_in_training(corpus: Corpus, split: Split) -> tuple[bool, ...]:
    """Say for each test row whether its group, such as its article, stands in train too.

    Parameters
    ----------
    corpus : Corpus
        That was divided.
    split : Split
        Any fold.

    Returns
    -------
    tuple of bool
        In the order of ``split.test``; False for a row without a group.
    """
    return _shared(corpus, split.test, split.train)


def _shared(corpus: Corpus, ids: Sequence[str], others: Sequence[str]) -> tuple[bool, ...]:
    rows = corpus.rows[corpus.rows["group"].notna()]
    group = dict(zip(rows["id"], rows["group"], strict=True))
    there = {group[id_] for id_ in others if id_ in group}
    return tuple(group.get(id_) in there for id_ in ids)


def _shared_groups(corpus: Corpus, split: Split) -> list[str]:
    against = {"train": split.train, "dev": (*split.validation, *split.calibration)}
    counts = {name: sum(_shared(corpus, split.test, ids)) for name, ids in against.items()}
    return [
        f"{count:,} of {len(split.test):,} test rows come from groups (articles) that stand in {name} too"
        for name, count in counts.items()
        if count
    ]


def _missing_labels(labels: LabelSet, codes: Places, parts: dict[str, Places]) -> list[str]:
    notes = []
    for part in ("train", "test"):
        held = codes[parts[part]]
        counts = held.sum(axis=0) if labels.multi else [(held == code).sum() for code in range(len(labels))]
        absent = [name for name, count in zip(labels.names, counts, strict=True) if not count]
        if absent:
            notes.append(f"{part} has no row labelled {' or '.join(absent)}")
    return notes
