"""Texts and folds in, rows of test and dev that repeat rows of earlier parts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Alike = Literal["exact", "contained", "near"]
"""Word for word; word for word inside a longer row, or beyond boilerplate; nearly."""

GRAVITY: Mapping[Alike, int] = {"near": 0, "contained": 1, "exact": 2}

# Up to 44 test rows of a corpus share eight words with train: quotations, and passages of one article. Five
# words are shared by chance ("in the wake of the").
PASSAGE_WORDS = 8
"""So many words in a row are a passage: by chance, no two texts share one."""

BEFORE_TEST = ("train", "validation", "calibration", "tuning")
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
    def tuning(self) -> tuple[str, ...]:
        """Ids to tune options on; empty where validation does that."""

    @property
    def test(self) -> tuple[str, ...]:
        """Ids to score."""


@dataclass(frozen=True)
class TwoParts:
    """A :class:`Fold` of rows that are compared with others, where nothing is chosen or calibrated."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    validation: tuple[str, ...] = ()
    calibration: tuple[str, ...] = ()
    tuning: tuple[str, ...] = ()


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
        Their similarity, in (0, 1]; 1 unless ``near``.
    alike : {"exact", "contained", "near"}
        See :data:`Alike`.
    """

    id: str
    part: str
    of: str
    of_part: str
    share: float
    alike: Alike

    @property
    def verbatim(self) -> bool:
        """Whether all words of the one are in the other, in their order."""
        return self.alike != "near"


@dataclass(frozen=True)
class AlikePair:
    """Two texts that are alike, but not equal.

    Attributes
    ----------
    first, second : str
        As :func:`harness.splits.leaks.duplicates.normalised` returns them, without boilerplate.
    share : float
        Their similarity, in (0, 1].
    alike : {"contained", "near"}
    """

    first: str
    second: str
    share: float
    alike: Alike = "near"


@dataclass(frozen=True)
class Likeness:
    """Which texts of a corpus are alike.

    Attributes
    ----------
    rest_of : mapping
        Each text, as :func:`harness.splits.leaks.duplicates.normalised` returns it → what is left of it
        without boilerplate.
    pairs : sequence of AlikePair
        Of such rests.
    """

    rest_of: Mapping[str, str]
    pairs: Sequence[AlikePair]


def verbatim_kind(text: str) -> Alike:
    """Say what it is that a text stands in another one word for word, by its length.

    Examples
    --------
    >>> verbatim_kind("he did not comment"), verbatim_kind("he did not comment on the toll for the bridge")
    ('near', 'contained')
    """
    return "contained" if text.count(" ") + 1 >= PASSAGE_WORDS else "near"


def repeats(
    ids: Sequence[str], words: Sequence[str], folds: Sequence[Fold], likeness: Likeness
) -> list[Repeat]:
    """Find rows of test that repeat train or dev, and rows of dev that repeat train.

    Parameters
    ----------
    ids, words : sequences of str
        One per row: its id, and its text as :func:`harness.splits.leaks.duplicates.normalised` returns it.
    folds : sequence of Fold
    likeness : Likeness
        Of these texts, each once.

    Returns
    -------
    list of Repeat
        One per row, from the fold with the strongest evidence, however many folds it leaks in.
    """
    # A later entry replaces an earlier one with the same key, so that the strongest remains.
    ascending = sorted(_by_fold(ids, words, folds, likeness), key=_strength)
    return list({repeat.id: repeat for repeat in ascending}.values())


def _by_fold(
    ids: Sequence[str], words: Sequence[str], folds: Sequence[Fold], likeness: Likeness
) -> Iterator[Repeat]:
    word_of = dict(zip(ids, words, strict=True))
    neighbours: dict[str, list[tuple[int, float, str, Alike]]] = {}
    for pair in likeness.pairs:
        for text, other in ((pair.first, pair.second), (pair.second, pair.first)):
            # In this order the gravest is the largest.
            neighbours.setdefault(text, []).append((GRAVITY[pair.alike], pair.share, other, pair.alike))
    for fold in folds:
        parts = {part: getattr(fold, part) for part in (*BEFORE_TEST, "test")}
        # Reversed, so that train, the gravest part to repeat, is named where several parts hold a text.
        anywhere = [(id_, part) for part in reversed(BEFORE_TEST) for id_ in parts[part]]
        in_train = [(id_, "train") for id_ in parts["train"]]
        earlier = {**dict.fromkeys(BEFORE_TEST[1:], in_train), "test": anywhere}
        for part, before in earlier.items():
            by_word = {word_of[row[0]]: row for row in before}
            by_rest = {likeness.rest_of[word]: row for word, row in by_word.items()}
            for id_ in parts[part]:
                word, rest = word_of[id_], likeness.rest_of[word_of[id_]]
                candidates = [each for each in neighbours.get(rest, ()) if each[2] in by_rest]
                if word in by_word:
                    yield Repeat(id_, part, *by_word[word], 1.0, "exact")
                elif rest in by_rest:
                    yield Repeat(id_, part, *by_rest[rest], 1.0, verbatim_kind(rest))
                elif candidates:
                    _, share, text, alike = max(candidates)
                    yield Repeat(id_, part, *by_rest[text], share, alike)


def _strength(repeat: Repeat) -> tuple[bool, int, float]:
    """Order repeats: a row of test is graver than one of dev, an exact repeat graver than a near one."""
    return repeat.part == "test", GRAVITY[repeat.alike], repeat.share


def grouped_with_train(group_of: dict[str, Any], folds: Sequence[Fold]) -> int:
    """Count the test rows whose group has rows in train too; each once, however many folds."""
    import pandas as pd

    group = {id_: value for id_, value in group_of.items() if not pd.isna(value)}
    shared: set[str] = set()
    for fold in folds:
        train_groups = {group[id_] for id_ in fold.train if id_ in group}
        shared |= {id_ for id_ in fold.test if group.get(id_) in train_groups}
    return len(shared)
