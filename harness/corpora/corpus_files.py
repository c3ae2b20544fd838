"""The files of a published corpus in, its rows out, with word of those that are not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.corpora.card import Card
from harness.corpora.checks import Raw, stacked, union
from harness.corpora.tabular import shown
from harness.values.errors import CorpusError, Problem

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Part:
    """One file of a corpus.

    Attributes
    ----------
    path : Path
    split : str
        Where its rows go: train, dev or test.
    needed : bool
        Whether the corpus cannot be read without it.
    """

    path: Path
    split: str
    needed: bool = True


def read_parts(card: Card, home: Path, parts: Sequence[Part], read: Callable[[Part], Raw]) -> Raw:
    """Read the files that are there.

    Parameters
    ----------
    card : Card
        Whose address is told where a file is missing.
    home : Path
        The corpus's folder.
    parts : sequence of Part
        Under ``home``.
    read : callable
        Makes rows of one file.

    Returns
    -------
    Raw
        Of all files; its source names those that are not there, so that a split that needs one can say so.

    Raises
    ------
    CorpusError
        With every needed file that is missing, or everything that is wrong with the files.
    """
    absent = [part for part in parts if not part.path.is_file()]
    needed = [part for part in absent if part.needed]
    if needed:
        hint = f"{card.title} is offered at {card.address}"
        raise CorpusError(Problem(shown(part.path), "is not there", hint) for part in needed)
    raws = read_all([part for part in parts if part not in absent], read)
    names = [str(part.path.relative_to(home)) for part in absent]
    return stacked(raws, shown(home) + "".join(f"; {name} is not there" for name in names))


def read_all(items: Sequence[Item], read: Callable[[Item], Result]) -> list[Result]:
    """Read everything, so that the problems of all are told at once.

    Raises
    ------
    CorpusError
        With the problems of every item that could not be read.
    """
    found, errors = [], []
    for item in items:
        try:
            found.append(read(item))
        except CorpusError as error:
            errors.append(error)
    if errors:
        raise union(errors)
    return found
