"""Label names in, what they say of a party out: against it, for it, or neither.

Direction is read off the names, never off the order in which a config lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LABEL_WORDS: Mapping[str, tuple[str, ...]] = {
    "critical": (
        *("critical", "critic", "critique", "against", "anti", "con", "contra", "contre", "negative", "neg"),
        *(
            "negativ",
            "négatif",
            "negatif",
            "negativo",
            "oppose",
            "opposed",
            "opposing",
            "dagegen",
            "kritisch",
        ),
        *("ablehnend", "unfavorable", "unfavourable", "disfavor", "crítico", "en contra", "-"),
    ),
    "neutral": (
        *("neutral", "neutre", "neutro", "none", "neither", "neu", "no stance", "keine", "sachlich", "o"),
    ),
    "supportive": (
        *("supportive", "support", "supporting", "favor", "favour", "pro", "for", "pour", "positive", "pos"),
        *("positiv", "positif", "positivo", "dafür", "befürwortend", "zustimmend", "favorable", "favourable"),
        *("a favor", "freundlich", "+"),
    ),
}
"""Stance → what annotators call it."""


def guess_label(value: str) -> str | None:
    """Return the stance that an annotator's word stands for; None where it is none of the known ones.

    Examples
    --------
    >>> guess_label("AGAINST"), guess_label("dafür"), guess_label("perhaps")
    ('critical', 'supportive', None)
    """
    word = value.strip().casefold()
    return next((stance for stance, words in LABEL_WORDS.items() if word in words), None)


@dataclass(frozen=True)
class Polarity:
    """The two labels of a set that are opposites.

    Attributes
    ----------
    critical, supportive : str
        As the label set calls them.
    signs : tuple of int
        Of each label in order: -1 against the party, 1 for it, 0 neither.
    """

    critical: str
    supportive: str
    signs: tuple[int, ...]

    def balance(self, proba: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of support minus that of criticism, ``(n,)`` in [-1, 1], from ``(n, k)``."""
        return np.asarray(proba @ np.array(self.signs, dtype=np.float64), dtype=np.float64)

    def toward(self, effect: float) -> str:
        """Return the label that an effect on the balance leans to."""
        return self.supportive if effect > 0 else self.critical


def polarity(names: Sequence[str]) -> Polarity | None:
    """Find the labels that stand for criticism and for support.

    Parameters
    ----------
    names : sequence of str
        The labels, in any order and in any of the words of :data:`LABEL_WORDS`.

    Returns
    -------
    Polarity or None
        None unless exactly one label is critical and exactly one supportive.

    Examples
    --------
    >>> polarity(["pro", "none", "contra"]).signs
    (1, 0, -1)
    >>> polarity(["conflict", "morality"]) is None
    True
    """
    stances = [guess_label(name) for name in names]
    if stances.count("critical") != 1 or stances.count("supportive") != 1:
        return None
    signs = tuple({"critical": -1, "supportive": 1}.get(stance or "", 0) for stance in stances)
    return Polarity(names[stances.index("critical")], names[stances.index("supportive")], signs)
