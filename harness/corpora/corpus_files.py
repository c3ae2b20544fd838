"""The files of a published corpus in, its rows out; which files are missing is noted in their source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.corpora.card import Card
from harness.corpora.checks import Raw, concatenate
from harness.corpora.text_files import short_path
from harness.values.errors import CorpusError, Problem

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class CorpusFile:
    """One file of a published corpus.

    Attributes
    ----------
    path : Path
    split : str
        Where its rows go: train, dev or test; empty where the corpus has no split.
    required : bool
        Whether the corpus cannot be read without it.
    """

    path: Path
    split: str
    required: bool = True


def read_files(card: Card, home: Path, files: Sequence[CorpusFile], read: Callable[[CorpusFile], Raw]) -> Raw:
    """Read the files that exist.

    Parameters
    ----------
    card : Card
        Says where the corpus is offered, if a file is missing.
    home : Path
        The corpus's folder.
    files : sequence of CorpusFile
        Under ``home``.
    read : callable
        Turns one file into rows.

    Returns
    -------
    Raw
        Of all files; its source names the missing ones, so that a split that needs one can say so.

    Raises
    ------
    CorpusError
        With every required file that is missing, or everything that is wrong with the files.
    """
    missing = [file for file in files if not file.path.is_file()]
    required = [file for file in missing if file.required]
    if required:
        raise CorpusError(Problem(short_path(file.path), "is missing", card.offer) for file in required)
    raws = read_all([file for file in files if file not in missing], read)
    names = [str(file.path.relative_to(home)) for file in missing]
    return concatenate(raws, short_path(home) + "".join(f"; {name} is missing" for name in names))


def read_all(items: Sequence[_Item], read: Callable[[_Item], _Result]) -> list[_Result]:
    """Read every item, so that the problems of all are reported at once.

    Raises
    ------
    CorpusError
        With the problems of every item that could not be read.
    """
    results: list[_Result] = []
    problems: list[Problem] = []
    for item in items:
        try:
            results.append(read(item))
        except CorpusError as error:
            problems += error.problems
    if problems:
        raise CorpusError(problems)
    return results
