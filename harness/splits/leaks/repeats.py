"""Texts and folds in, rows of test and dev that repeat rows of earlier parts out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

BEFORE_TEST = ("train", "validation", "calibration")
"""Parts that a classifier may learn or choose from."""


class Fold(Protocol):
    """The parts of a split that are compared; see :class:`harness.splits.Split`."""

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
    """A row that repeats a row of an earlier part.

    Attributes
    ----------
    id, part : str
        The row, and its part.
    of, of_part : str
        The row that it repeats, and that row's part.
    share : float
        Their similarity, in (0, 1]; 1 where ``exact``.
    exact : bool
        Whether it repeats it word for word.
    """

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
        One per row: its id, and its text as :func:`harness.splits.leaks.duplicates.normalised` returns it.
    folds : sequence of Fold
    near : sequence of (str, str, float)
        Pairs of such texts that are near duplicates, and their similarity.

    Returns
    -------
    list of Repeat
        One per row, from the fold with the strongest evidence, however many folds it leaks in.
    """
    # A later entry replaces an earlier one with the same key, so that the strongest remains.
    ascending = sorted(_by_fold(ids, words, folds, near), key=_strength)
    return list({repeat.id: repeat for repeat in ascending}.values())


def _by_fold(
    ids: Sequence[str],
    words: Sequence[str],
    folds: Sequence[Fold],
    near: Sequence[tuple[str, str, float]],
) -> Iterator[Repeat]:
    word_of = dict(zip(ids, words, strict=True))
    neighbours: dict[str, list[tuple[str, float]]] = {}
    for first, second, share in near:
        neighbours.setdefault(first, []).append((second, share))
        neighbours.setdefault(second, []).append((first, share))
    for fold in folds:
        parts = {part: getattr(fold, part) for part in (*BEFORE_TEST, "test")}
        # Reversed, so that train, the gravest part to repeat, is named where several parts hold a text.
        anywhere = {word_of[id_]: (id_, part) for part in reversed(BEFORE_TEST) for id_ in parts[part]}
        in_train = {word_of[id_]: (id_, "train") for id_ in parts["train"]}
        for part, before in (("validation", in_train), ("calibration", in_train), ("test", anywhere)):
            for id_ in parts[part]:
                word = word_of[id_]
                if word in before:
                    yield Repeat(id_, part, *before[word], 1.0, exact=True)
                    continue
                candidates = [(share, text) for text, share in neighbours.get(word, ()) if text in before]
                if candidates:
                    share, text = max(candidates)
                    yield Repeat(id_, part, *before[text], share, exact=False)


def _strength(repeat: Repeat) -> tuple[bool, bool, float]:
    """Order repeats: a row of test is graver than one of dev, an exact repeat graver than a near one."""
    return repeat.part == "test", repeat.exact, repeat.share


def grouped_with_train(group_of: dict[str, Any], folds: Sequence[Fold]) -> int:
    """Count the test rows whose group has rows in train too; each once, however many folds."""
    import pandas as pd

    group = {id_: value for id_, value in group_of.items() if not pd.isna(value)}
    shared: set[str] = set()
    for fold in folds:
        train_groups = {group[id_] for id_ in fold.train if id_ in group}
        shared |= {id_ for id_ in fold.test if group.get(id_) in train_groups}
    return len(shared)
