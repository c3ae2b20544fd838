"""The beginning of an article's text in, its dateline out: where it was written, and nobody who is meant.

"BEIJING, March 3 (Wire) — The pandas are back." "Berlin. Die Partei schwieg." A place in capitals, or a word
with a capital before a dash, is one; before a full stop only a city of the list in ``names.yaml``.
"""

from __future__ import annotations

import re

from harness.articles.word_lists import NAMES, either, words_of

_UPPER = "A-ZÀ-ÖØ-ÞŁŚŠŽČĐİ"
# Four letters and more: "EU", "UK" and "US" act, and are not where somebody writes.
_CAPITALS = rf"(?=[^\W\d_]{{4}}|[{_UPPER}]+\s)[{_UPPER}][{_UPPER}'’-]+(?:[ /][{_UPPER}][{_UPPER}'’-]+){{0,2}}"
_WORDS = rf"[{_UPPER}][\w'’-]+(?:[\s/](?:(?:de|la|del|am|upon)\s)?[{_UPPER}][\w'’-]+){{0,2}}"
_DATE = rf"(?:\d{{1,2}}\.?\s[^\W\d_]+\.?|[{_UPPER}][^\W\d_]+\.?\s\d{{1,2}})(?:,?\s\d{{4}})?"
_AGENCY = r"\s\((?=[^)]*[^\W\d_]{2})[\w ./&-]{2,30}\)"
_WHERE = rf"(?:,\s{_WORDS}\.?)?(?:,?\s{_DATE})?"
_BEHIND = rf"{_WHERE}(?:{_AGENCY})?"
_DASH = rf"\.?(?:\s?—\s?|\s(?:–|--?)\s|(?<=\.)[-–]\s)(?=[\"“‘'«„¿¡]?[{_UPPER}\d])"
# A full stop behind any other word ends a sentence: "Silence. The hall waited."
_CITY = f"(?:{either('datelines', NAMES)})"
_ALONE = rf"(?:(?:{_CAPITALS}|{_CITY}(?:/{_CITY})*){_BEHIND}|{_WORDS}{_WHERE}{_AGENCY})\.(?=\s|$)"
# "NEW DELHI: The pandas are back": of other capitals before a colon somebody may speak.
_COLON = rf"(?=(?:NEW\s)?{_CITY.upper()}\b){_CAPITALS}{_BEHIND}:\s"
_DATELINE = re.compile(rf"(?:(?:{_CAPITALS}|{_WORDS}){_BEHIND}{_DASH}|{_ALONE}|{_COLON})")
_LONGEST = 120
"""Characters within which a dateline ends."""


def dateline_end(text: str) -> int:
    """Return where the dateline ends that begins a text; 0 where there is none.

    Examples
    --------
    >>> dateline_end("VARNA, March 3 (Wire) - It rained.")
    24
    """
    match = _DATELINE.match(text[:_LONGEST])
    return match.end() if match else 0


def is_city(name: str) -> bool:
    """Whether a name, in capitals or not, is a city of the list."""
    return name.title() in words_of("datelines", NAMES)


def is_dateline(text: str) -> bool:
    """Whether a text is a dateline and no more: "BEIJING."."""
    return len(text) < _LONGEST and dateline_end(text) == len(text)
