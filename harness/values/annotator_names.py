"""Names that annotators type in; who is the same person, and how their name is written, out."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from harness.values.unreadable import usable_text


def tidy_name(text: str) -> str:
    """Return a name as it is kept: usable characters, composed (Unicode NFC), single spaces.

    Examples
    --------
    >>> tidy_name("  Ada   Byron ")
    'Ada Byron'
    """
    return " ".join(unicodedata.normalize("NFC", usable_text(text)).split())


@lru_cache(maxsize=10_000)
def annotator_key(text: str) -> str:
    """Return what all spellings of a name have in common: ``Ada`` and ``ada `` are one person.

    Examples
    --------
    >>> annotator_key("Ada") == annotator_key("ada ")
    True
    """
    # Folding may take a composed letter apart.
    return unicodedata.normalize("NFC", tidy_name(text).casefold())


class Spellings:
    """Names, in the order of writing: of each person all spellings, the first of which is shown."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[str, None]] = {}

    def learn(self, name: str) -> None:
        """Note a spelling."""
        self._by_key.setdefault(annotator_key(name), {}).setdefault(name)

    def every(self, name: str) -> list[str]:
        """Return all spellings of a person, as they were written; the name itself if it is new."""
        return list(self._by_key.get(annotator_key(name), {})) or [name]

    def every_spelling(self) -> list[list[str]]:
        """Return all spellings of each person."""
        return [list(spellings) for spellings in self._by_key.values()]

    def shown(self, name: str) -> str:
        """Return a name as the person wrote it first, tidied."""
        return tidy_name(self.every(name)[0])
