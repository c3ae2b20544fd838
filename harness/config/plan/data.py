"""A bound corpus in, its data card and the files that are missing out; no file is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.corpora import card as cards
from harness.corpora.card import Card
from harness.values.catalog import Bound
from harness.values.errors import Problem


def card_of(corpus: Bound) -> Card | None:
    """Return the data card of a corpus, if there is one."""
    return cards.card_of(corpus.kind, corpus.factory)


def missing(corpus: Bound, path: str) -> list[Problem]:
    """List the files that a corpus needs and that do not exist.

    Parameters
    ----------
    corpus : Bound
    path : str
        Its path in the config: ``corpus``, or ``corpus.of.0``.
    """
    return [*_absent(corpus, path), *_unset(corpus, path)]


def _absent(corpus: Bound, path: str) -> Iterator[Problem]:
    for option, value in corpus.options.items():
        # A cache is created when it is first used.
        for file in _paths(value) if option != "cache" else ():
            if not file.exists():
                yield Problem(f"{path}.{option}", f"{file} does not exist")


def _unset(corpus: Bound, path: str) -> Iterator[Problem]:
    card = card_of(corpus)
    # A folder in the config takes precedence over the environment variable.
    if card is None or not card.variable or corpus.options.get("folder") is not None:
        return
    folder = card.default_folder()
    if not folder:
        yield Problem(path, f"the environment variable {card.variable} is not set", card.remedy)
    elif not folder.exists():
        yield Problem(path, f"{card.variable} is set to {folder}, which does not exist")


def _paths(value: Any) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, Mapping):
        return [path for inner in value.values() for path in _paths(inner)]
    if isinstance(value, tuple | list):
        return [path for inner in value for path in _paths(inner)]
    return []
