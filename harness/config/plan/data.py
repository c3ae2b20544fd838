"""A bound corpus in, its data card and what of it is not there out; nothing is read."""

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
    """Say which files a corpus needs that are not there.

    Parameters
    ----------
    corpus : Bound
    path : str
        Where it stands in the config: ``corpus``, or ``corpus.of.0``.
    """
    return [*_absent(corpus, path), *_unset(corpus, path)]


def _absent(corpus: Bound, path: str) -> Iterator[Problem]:
    for option, value in corpus.options.items():
        for one in _paths(value) if option != "cache" else ():
            if not one.exists():
                yield Problem(f"{path}.{option}", f"there is no {one}")


def _unset(corpus: Bound, path: str) -> Iterator[Problem]:
    card = card_of(corpus)
    if card is None or not card.variable or corpus.options.get("folder") is not None:
        return
    folder = card.default_folder()
    if not folder:
        yield Problem(path, f"the environment variable {card.variable} is not set", card.remedy)
    elif not folder.exists():
        yield Problem(path, f"{card.variable} says {folder}, which does not exist")


def _paths(value: Any) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, Mapping):
        return [path for inner in value.values() for path in _paths(inner)]
    if isinstance(value, tuple | list):
        return [path for inner in value for path in _paths(inner)]
    return []
