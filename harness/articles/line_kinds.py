"""A line in, what it is out: a sentence of the article, a heading, or what is no part of it.

What is no part of an article is listed in ``boilerplate.txt``, one pattern a line. English.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

LineKind = Literal["headline", "heading", "body", "dateline", "byline", "credit", "boilerplate"]
LEFT_OUT: frozenset[LineKind] = frozenset({"dateline", "byline", "credit", "boilerplate"})
"""Kinds of lines that are no sentences of the article."""

BULLET = re.compile(r"\s*(?:[-*•‣◦▪–—·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s+")
_PATTERNS = Path(__file__).parent / "boilerplate.txt"
_LONGEST = 300
_HEADING = 130
_BYLINE = re.compile(
    r"^(?:by|words by|text by)\s+(?:[A-Z][\w.'’-]+\s*){1,4}(?:(?:,|and|&|in|for)\s+[\w .,'’-]{0,60})?$",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|"
    r"Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATELINE = re.compile(
    r"^(?:[A-Z][A-Z .'’-]{2,40},?\s+)?(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?\s+)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}})(?:,?\s+\d{{4}})?"
    r"(?:[ ,|·-]+\d{1,2}[:.]\d\d.{0,20})?(?:,\s[a-z ]{0,30})?$"
)
_CREDIT = re.compile(
    rf"^[—–-]?\s?.{{0,80}}\(@\w{{1,30}}\)\s*(?:{_MONTH}\s+\d{{1,2}},?\s+\d{{4}})?$|^@\w{{1,30}}\s*[·•]\s*.{{0,30}}$"
)
_TERMINAL = re.compile(r"[.!?…:;,][\"'”’)\]]*$")


def kind_of_line(line: str, *, first: bool, alone: bool) -> LineKind:
    """Tell what a line is.

    Parameters
    ----------
    line : str
    first : bool
        Nothing stands before it: it may be the headline.
    alone : bool
        There is no other: then it is a sentence, whatever it looks like.
    """
    if is_boilerplate(line):
        return "boilerplate"
    if _CREDIT.match(line):
        return "credit"
    if _BYLINE.match(line) and len(line) < 90:
        return "byline"
    if _DATELINE.match(line):
        return "dateline"
    if alone or len(line) > _HEADING or _TERMINAL.search(line) or BULLET.match(line):
        return "body"
    return "headline" if first else "body" if _is_post(line) else "heading"


def _is_post(line: str) -> bool:
    """A line of a thread or of a list of headlines is no heading: it is what there is."""
    return len(line.split()) > 10 or bool(re.search(r"[@#]\w|https?://|pic\.", line))


def is_boilerplate(line: str) -> bool:
    """Whether a line is no part of an article: "Read next: …", "Share this story", "© 2030 …"."""
    return len(line) < _LONGEST and _boilerplate().match(line.strip()) is not None


@cache
def _boilerplate() -> re.Pattern[str]:
    lines = _PATTERNS.read_text(encoding="utf-8").splitlines()
    patterns = "|".join(line for line in lines if line and not line.startswith("#"))
    return re.compile(rf"^\W*(?:{patterns})\W*$", re.IGNORECASE)
