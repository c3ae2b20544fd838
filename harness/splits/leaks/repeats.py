"""Texts and folds in, the rows of test and dev that repeat what stands before them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

TRAINED = ("train", "validation", "calibration")


class Fold(Protocol):
    """What of a split is looked at; see :class:`harness.splits.Split`."""

    @property
    def train(self) -> tuple[str, ...]:
        """Ids to train on."""

    @property
    def validation(self) -> tuple[str, ...]:
        """Ids to choose on."""

    @property
    def calibration(self) -> tuple[str, ...]:
        """Ids to calibrate on."""

    @property
    def test(self) -> tuple[str, ...]:
        """Ids to score."""


@dataclass(frozen=True)
class Repeat:
    """A row that repeats a row of an earlier part, word for word (``share`` 1) or nearly so."""

    id: str
    part: str
    of: str
    of_part: str
    share: float
    exact: bool


def repeats(
    ids: Sequence[str],
    words: Sequence[str],
    folds: Sequence[Fold],
    near: Sequence[tuple[str, str, float]],
) -> list[Repeat]:
    """Find rows of test that repeat train or dev, and rows of dev that repeat train.

    Parameters
    ----------
    ids, words : sequences of str
        One a row: its id, and its text as :func:`harness.splits.leaks.duplicates.normalised` returns it.
    folds : sequence of Fold
    near : sequence of triples
        Two such texts that are nearly alike, and how nearly.

    Returns
    -------
    list of Repeat
        One a row, however many folds it leaks in, of the fold in which it does so most.
    """
    found = sorted(_by_fold(ids, words, folds, near), key=_least_telling)
    return list({one.id: one for one in found}.values())


def _by_fold(
    ids: Sequence[str],
    words: Sequence[str],
    folds: Sequence[Fold],
    near: Sequence[tuple[str, str, float]],
) -> Iterator[Repeat]:
    word_of = dict(zip(ids, words, strict=True))
    alike: dict[str, list[tuple[str, float]]] = {}
    for one, other, share in near:
        alike.setdefault(one, []).append((other, share))
        alike.setdefault(other, []).append((one, share))
    for fold in folds:
        parts = {part: getattr(fold, part) for part in (*TRAINED, "test")}
        owner = {word_of[id_]: (id_, part) for part in reversed(TRAINED) for id_ in parts[part]}
        trained = {word_of[id_]: (id_, "train") for id_ in parts["train"]}
        for part, before in (("validation", trained), ("calibration", trained), ("test", owner)):
            for id_ in parts[part]:
                word = word_of[id_]
                if word in before:
                    yield Repeat(id_, part, *before[word], 1.0, exact=True)
                    continue
                known = [(share, other) for other, share in alike.get(word, ()) if other in before]
                if known:
                    share, other = max(known)
                    yield Repeat(id_, part, *before[other], share, exact=False)


def _least_telling(repeat: Repeat) -> tuple[bool, bool, float]:
    """Order repeats so that of one row the most telling comes last."""
    return repeat.part == "test", repeat.exact, repeat.share


def grouped_with_train(group_of: dict[str, Any], folds: Sequence[Fold]) -> int:
    """Count the test rows whose group stands in train too."""
    import pandas as pd

    group = {id_: value for id_, value in group_of.items() if not pd.isna(value)}
    found: set[str] = set()
    for fold in folds:
        trained = {group[id_] for id_ in fold.train if id_ in group}
        found |= {id_ for id_ in fold.test if group.get(id_) in trained}
    return len(found)
