"""Rows in, a labelling task out: what is asked of them, by which codebook, and in which order for whom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

from harness.classifiers.llm.prompting import definitions_of
from harness.values.labels import FRAME_SETS, STANCES, LabelSet
from harness.values.parties import Span

Question = Literal["stance", "frames"]

KEY_BYTES = 9
"""Of the key of a row, in hexadecimal digits twice as many: two of a million are equal once in 10 billion."""


@dataclass(frozen=True)
class LabelItem:
    """A row to label.

    Attributes
    ----------
    key : str
        By which votes are joined to it: it follows from id, text and target alone, so that votes stay with a
        row when its file grows or is sorted.
    text, target : str
    spans : tuple of (int, int)
        Where ``text`` names the target, as offsets of characters.
    cells : mapping
        The row as it was read.
    predicted : str
        The model's label, empty where there is none.
    group : str
        Rows of one group, an article say, are resampled together.
    """

    key: str
    text: str
    target: str = ""
    spans: tuple[Span, ...] = ()
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False)
    predicted: str = ""
    group: str = ""

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it names the target.

        A browser counts characters in other units: offsets stay here.
        """
        pieces, position = [], 0
        for start, end in sorted(self.spans):
            # A mention that overlaps an earlier one is part of its mark.
            if start < position:
                continue
            pieces += [(self.text[position:start], False), (self.text[start:end], True)]
            position = end
        pieces.append((self.text[position:], False))
        return [piece for piece in pieces if piece[0]]


@dataclass(frozen=True)
class Codebook:
    """What annotators go by.

    Attributes
    ----------
    stances, frames : tuple of str
        The labels, in the order of their keys.
    text : str
        A codebook of a person's own, shown as it is; empty for the definitions alone.
    """

    stances: tuple[str, ...] = STANCES
    frames: tuple[str, ...] = FRAME_SETS["generic_frames"]
    text: str = ""

    @cached_property
    def definitions(self) -> dict[str, dict[str, str]]:
        """What each label means, in the words that language models are asked in; empty where none has any."""
        sets = {"stance": LabelSet(self.stances), "frames": LabelSet(self.frames, multi=True)}
        return {question: definitions_of(labels) for question, labels in sets.items()}

    @cached_property
    def letters(self) -> dict[str, str]:
        """The key of each frame: a letter of its name, or the next that is free."""
        return frame_keys(self.frames)


RESERVED = "husc"
"""Keys that mean holder, undo, skip and comment."""


def frame_keys(frames: Sequence[str]) -> dict[str, str]:
    """Give each frame a letter: the first of its name that is free, or else of the alphabet.

    Examples
    --------
    >>> frame_keys(("conflict", "human_interest", "morality", "military"))
    {'conflict': 'o', 'human_interest': 'm', 'morality': 'r', 'military': 'i'}
    """
    keys: dict[str, str] = {}
    for name in frames:
        letters = [letter for letter in name.lower() if letter.isascii() and letter.isalpha()]
        free = (
            letter
            for letter in (*letters, *"abcdefghijklmnopqrstuvwxyz")
            if letter not in RESERVED and letter not in keys.values()
        )
        keys[name] = next(free, "")
    return keys


@dataclass(frozen=True)
class LabelTask:
    """Rows, and what is asked of each.

    Attributes
    ----------
    name : str
        Of the task; its votes are kept under it.
    items : tuple of LabelItem
    columns : tuple of str
        Of the rows as they were read, in order.
    asks : tuple of {"stance", "frames"}
        A row is done once all are answered, or it was skipped.
    codebook : Codebook
    """

    name: str
    items: tuple[LabelItem, ...]
    columns: tuple[str, ...]
    asks: tuple[Question, ...] = ("stance",)
    codebook: Codebook = field(default_factory=Codebook)

    @cached_property
    def by_key(self) -> dict[str, LabelItem]:
        """The rows by their keys."""
        return {item.key: item for item in self.items}

    def order_for(self, annotator: str) -> tuple[str, ...]:
        """Return the keys of all rows in an order of the annotator's own, the same each time.

        An order of its own for each: what fatigue and practice do to labels does not meet the same rows, and
        how the rows were picked cannot be told from their order.
        """
        return _order(annotator, tuple(self.by_key))


@lru_cache(maxsize=64)
def _order(annotator: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(keys, key=lambda key: hashlib.blake2b(f"{annotator}\0{key}".encode()).digest()))


def item_keys(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return a key for each row of id, text and target; of equal rows, the second has another one."""
    seen: dict[tuple[str, str, str], int] = {}
    keys = []
    for row in rows:
        seen[row] = seen.get(row, 0) + 1
        parts = row if seen[row] == 1 else (*row, str(seen[row]))
        # Length before each part: a part that holds the separator makes no other row's key.
        data = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "replace")
        keys.append(hashlib.blake2b(data, digest_size=KEY_BYTES).hexdigest())
    return keys
