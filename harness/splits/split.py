"""Row indices of a corpus in, a Split out: proved to be disjoint, with notes on what limits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from harness.values.errors import SplitError
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.tables import Corpus, fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

PARTS = ("train", "validation", "calibration", "test")
TUNING = "tuning"
"""A further part, where options are tuned on rows of their own; see :mod:`harness.splits.tuning_half`."""


@dataclass(frozen=True)
class Split:
    """Four disjoint sets of ids, and a fifth where options are tuned on rows of their own.

    Attributes
    ----------
    fold : int
        From 1; 0 where there is only one fold.
    train, test : tuple of str
        At least one id each.
    validation, calibration : tuple of str
        Empty where the config asks for none.
    notes : tuple of str
        What a reader of the scores should know; one sentence each.
    tuning : tuple of str
        Rows that choose options and end trainings; empty where validation does.

    Raises
    ------
    SplitError
        Where an id occurs twice, or train or test is empty.
    """

    fold: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]
    notes: tuple[str, ...] = ()
    tuning: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        fold = f" of fold {self.fold}" if self.fold else ""
        sets = {part: set(self.part(part)) for part in (*PARTS, TUNING)}
        for part, ids in sets.items():
            if len(ids) != len(self.part(part)):
                raise SplitError(f"{part}{fold} holds an id twice")
            if part in ("train", "test") and not ids:
                raise SplitError(f"{part}{fold} is empty")
        for first, second in combinations(sets, 2):
            if shared := sorted(sets[first] & sets[second]):
                raise SplitError(
                    f"{first} and {second}{fold} share {len(shared):,} ids, {shared[0]!r} among them"
                )

    def part(self, name: str) -> tuple[str, ...]:
        """Return the ids of ``"train"``, ``"validation"``, ``"calibration"``, ``"test"`` or ``"tuning"``."""
        ids: tuple[str, ...] = getattr(self, name)
        return ids

    @property
    def shown_parts(self) -> tuple[str, ...]:
        """The parts as they are shown: the four, and ``"tuning"`` where it has rows."""
        return ("train", TUNING, *PARTS[1:]) if self.tuning else PARTS

    @property
    def ending(self) -> str:
        """The part by which trainings end early: validation, unless there are rows to tune by."""
        return TUNING if self.tuning else "validation"

    @cached_property
    def fingerprint(self) -> str:
        """Identify the ids of each part, whatever their order."""
        # The control character begins no id, so that the name of a part cannot be mistaken for one.
        # Splits without rows to tune by keep the fingerprint that they had before there were any.
        parts = (*PARTS, TUNING) if self.tuning else PARTS
        return fingerprint(line for part in parts for line in (f"\x1d{part}", *sorted(self.part(part))))


def split_from_indices(
    corpus: Corpus, labels: LabelSet, fold: int, parts: Sequence[Indices], notes: Sequence[str] = ()
) -> Split:
    """Return the split with these rows, with notes on shared groups and missing labels.

    Parameters
    ----------
    corpus : Corpus
        The corpus that is divided.
    labels : LabelSet
        Labels that train and test should all have.
    fold : int
        See :class:`Split`.
    parts : sequence of four int arrays
        Row indices of train, validation, calibration and test.
    notes : sequence of str
        Notes of the splitter; they come first.

    Raises
    ------
    SplitError
        See :class:`Split`.
    """
    ids = corpus.rows["id"].to_numpy(dtype=object)
    # Sorted, so that rows keep the order of the corpus, in whatever order they were drawn.
    train, validation, calibration, test = (tuple(ids[np.sort(indices)]) for indices in parts)
    split = Split(fold, train, validation, calibration, test)
    codes = corpus.truth(labels)
    warnings = [
        *_shared_groups(corpus, split),
        *_missing_labels(labels, codes, dict(zip(PARTS, parts, strict=True))),
    ]
    return replace(split, notes=(*notes, *warnings))


def count_repeats(splits: Sequence[Split]) -> int:
    """Return how often each row is tested: the repeats of a cross-validation, 1 for any other split."""
    tested = sum(len(split.test) for split in splits)
    rows = len({id_ for split in splits for id_ in split.test})
    return tested // rows if rows and tested % rows == 0 else 1


def seen_in_training(corpus: Corpus, split: Split) -> tuple[bool, ...]:
    """Return for each test row whether its group, such as its article, has rows in train too.

    Parameters
    ----------
    corpus : Corpus
        The corpus that was divided.
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
    other_groups = {group[id_] for id_ in others if id_ in group}
    return tuple(group.get(id_) in other_groups for id_ in ids)


def _shared_groups(corpus: Corpus, split: Split) -> list[str]:
    against = {"train": split.train, "dev": (*split.validation, *split.calibration, *split.tuning)}
    counts = {name: sum(_shared(corpus, split.test, ids)) for name, ids in against.items()}
    tested = counted(len(split.test), "test row")
    return [
        f"{count:,} of {tested} come from groups (articles) that are in {name} too"
        for name, count in counts.items()
        if count
    ]


def _missing_labels(labels: LabelSet, codes: Indices, parts: dict[str, Indices]) -> list[str]:
    counts = codes.sum(axis=0) if labels.multi else np.bincount(codes, minlength=len(labels))
    unused = [name for name, count in zip(labels.names, counts, strict=True) if not count]
    notes = [_remedy(labels, unused)] if unused else []
    # A label that train lacks is never predicted; one that test lacks has an F1 of 0 by convention.
    for part in ("train", "test"):
        of_part = codes[parts[part]]
        counts = (
            of_part.sum(axis=0) if labels.multi else [(of_part == code).sum() for code in range(len(labels))]
        )
        absent = [
            name for name, count in zip(labels.names, counts, strict=True) if not count and name not in unused
        ]
        if absent:
            notes.append(f"{part} has no row labelled {' or '.join(absent)}")
    return notes


def _remedy(labels: LabelSet, unused: Sequence[str]) -> str:
    """Say what to do about labels that no row of the corpus has."""
    rest = [name for name in labels.names if name not in unused]
    text = f"no row at all is labelled {' or '.join(unused)}, which averages over labels count as 0"
    # With one label left there is nothing to tell apart.
    enough = len(rest) >= (1 if labels.multi else 2)
    return f"{text}; if it does not belong to the task: labels: [{', '.join(rest)}]" if enough else text
