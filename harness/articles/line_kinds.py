"""A line in, its kind out: text of the article, a heading, or what is no part of the article.

Boilerplate is listed in ``boilerplate.txt``, one pattern a line. English.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

LineKind = Literal["headline", "heading", "body", "dateline", "byline", "credit", "boilerplate"]
LEFT_OUT: frozenset[LineKind] = frozenset({"dateline", "byline", "credit", "boilerplate"})
"""Kinds of lines that are no part of the article: they are shown, and not labelled."""

BULLET = re.compile(r"\s*(?:[-*•‣◦▪–—·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s+")
INTERVIEW_TURN = re.compile(r"[QAFPR]\.\s")
"""What a question or an answer of an interview begins with, which looks like the letter of an item."""
INTERVIEW_LETTERS = ({*"QA"}, {*"FA"}, {*"QR"}, {*"PR"})
"""Of questions and answers: in English, German, French and Spanish."""

_PATTERNS = Path(__file__).parent / "boilerplate.txt"
# Characters. A longer line is text, even where it begins like boilerplate or lacks a full stop.
_MAX_BOILERPLATE = 300
_MAX_HEADING = 130
_MAX_BYLINE = 90
# "By Ada Crane and Jon Hale, in Varna"
_BYLINE = re.compile(
    r"^(?:by|words by|text by)\s+(?:[A-Z][\w.'’-]+\s*){1,4}(?:(?:,|and|&|in|for)\s+[\w .,'’-]{0,60})?$",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|"
    r"Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
# "VARNA, 11 March", "Monday, June 18, 2030"
_DATELINE = re.compile(
    r"^(?:[A-Z][A-Z .'’-]{2,40},?\s+)?(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?\s+)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}})(?:,?\s+\d{{4}})?"
    r"(?:[ ,|·-]+\d{1,2}[:.]\d\d.{0,20})?(?:,\s[a-z ]{0,30})?$"
)
# Who posted what follows or precedes: "— Varna Harbour (@varna) June 18, 2030"
_CREDIT = re.compile(
    rf"^[—–-]?\s?.{{0,80}}\(@\w{{1,30}}\)\s*(?:{_MONTH}\s+\d{{1,2}},?\s+\d{{4}})?$|^@\w{{1,30}}\s*[·•]\s*.{{0,30}}$"
)
_TERMINAL = re.compile(r"[.!?…:;,][\"'”’)\]]*$")


def kind_of_line(line: str, *, first: bool, alone: bool) -> LineKind:
    """Return the kind of a line.

    Parameters
    ----------
    line : str
    first : bool
        Whether it is the first line, which may be the headline.
    alone : bool
        Whether it is the only line: then it is text, whatever it looks like.
    """
    if is_boilerplate(line):
        return "boilerplate"
    if _CREDIT.match(line):
        return "credit"
    # Its length first: a line of a megabyte is no byline, and takes long to tell.
    if len(line) < _MAX_BYLINE and _BYLINE.match(line):
        return "byline"
    if _DATELINE.match(line):
        return "dateline"
    if alone or len(line) > _MAX_HEADING or _TERMINAL.search(line) or BULLET.match(line):
        return "body"
    return "headline" if first else "body" if _is_post(line) else "heading"


def _is_post(line: str) -> bool:
    """Whether a line without a full stop is a post or one of a list of headlines, rather than a heading."""
    return len(line.split()) > 10 or bool(re.search(r"[@#]\w|https?://|pic\.", line))


def is_boilerplate(line: str) -> bool:
    """Whether a line is no part of an article: "Read next: …", "Share this story", "© 2030 …"."""
    return len(line) < _MAX_BOILERPLATE and _boilerplate().match(line.strip()) is not None


@cache
def _boilerplate() -> re.Pattern[str]:
    lines = _PATTERNS.read_text(encoding="utf-8").splitlines()
    patterns = "|".join(line for line in lines if line and not line.startswith("#"))
    return re.compile(rf"^\W*(?:{patterns})\W*$", re.IGNORECASE)
