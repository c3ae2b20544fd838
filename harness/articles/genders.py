"""A pronoun and a full name in, whether the pronoun may mean its bearer out: "she" does not mean "John Bray".

English. The first names are in ``names.yaml``: those that are given to women and to men alike are not.
"""

from __future__ import annotations

from harness.articles.word_lists import NAMES, words_of

_OTHERS = {"he": words_of("names_of_women", NAMES), "she": words_of("names_of_men", NAMES)}
FIRST_NAMES = _OTHERS["he"] | _OTHERS["she"]
"""The first names of both lists."""


def agrees(pronoun: str, name: str) -> bool:
    """Whether a pronoun may mean somebody, by the first name; a surname alone says nothing.

    Examples
    --------
    >>> agrees("she", "John Bray"), agrees("he", "John Bray"), agrees("she", "Bray")
    (False, True, True)
    """
    first, _, rest = name.partition(" ")
    return not rest or first not in _OTHERS.get(pronoun.lower(), ())
