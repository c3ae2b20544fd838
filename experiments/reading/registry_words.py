"""The words of ``registry/words.tsv`` in, long names and demonyms of states as a registry has them out.

The table is written by hand: what a language calls a state in full, its adjective and its people are facts
of that language. A cell has dictionary forms; here they become the notation of ``world.de.yaml``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parent / "registry" / "words.tsv"


@dataclass(frozen=True)
class Words:
    """What languages call a state.

    Attributes
    ----------
    long_name : str
        In English; empty where it has none that differs.
    english : tuple of str
        Demonyms, in all their forms.
    abroad : mapping
        Language → demonyms as in ``world.de.yaml``.
    """

    long_name: str
    english: tuple[str, ...]
    abroad: Mapping[str, tuple[str, ...]]


def read_words() -> dict[str, Words]:
    """Read the table: code of a state → its words."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", restval=""))
    return {
        row["code"]: Words(
            row["long_name"],
            tuple(form for cell in row["en"].split(", ") if cell for form in _english(cell)),
            {
                language: tuple(form for word in row[language].split() for form in inflect(word))
                for language, inflect in INFLECTIONS.items()
            },
        )
        for row in rows
    }


def _english(cell: str) -> list[str]:
    bare = cell.rstrip("+")
    return [bare, f"{bare}s"] if bare != cell else [bare]


def german(word: str) -> list[str]:
    """Return an adjective with all its endings, people with the dative.

    Examples
    --------
    >>> german("kenianisch"), german("Kenianer"), german("Kroaten")
    (['kenianisch*'], ['Kenianer', 'Kenianern'], ['Kroaten'])
    """
    if word[0].islower():
        return [f"{word}*"]
    return [word, f"{word}n"] if word.endswith("er") else [word]


def french(word: str) -> list[str]:
    """Return an adjective in both genders and numbers, and the people, who have a capital.

    Examples
    --------
    >>> french("ivoirien"), french("malgache")
    (['ivoirien|ne|s|nes', 'Ivoiriens'], ['malgache|s', 'Malgaches'])
    """
    bare = word.partition("|")[0]
    endings = {"en": "|ne|s|nes", "s": "|e|es", "e": "|s", "é": "|s", "è": "|s"}
    ending = next((forms for last, forms in endings.items() if bare.endswith(last)), "|e|s|es")
    people = "-".join(part[:1].upper() + part[1:] for part in bare.split("-"))
    return [word if word != bare else bare + ending, people if people.endswith("s") else f"{people}s"]


def spanish(word: str) -> list[str]:
    """Return an adjective in both genders and numbers; people have no capital.

    Examples
    --------
    >>> spanish("keniano"), spanish("gabonés")
    (['keniano|s', 'keniana|s'], ['gabonés', 'gabonesa|s', 'gaboneses'])
    """
    if "|" in word:
        return [word]
    if word.endswith("o"):
        return [f"{word}|s", f"{word[:-1]}a|s"]
    plain = {"é": "e", "ó": "o", "í": "i"}.get(word[-2])
    if plain is not None:
        stem = word[:-2] + plain + word[-1]
        return [word, f"{stem}a|s", f"{stem}es"]
    return [word, f"{word}es"] if word.endswith("í") else [f"{word}|s"]


INFLECTIONS: Mapping[str, Callable[[str], list[str]]] = {"de": german, "fr": french, "es": spanish}
