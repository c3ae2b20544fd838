"""A sentence in, what stands outside its quotation marks out.

Curly and straight double marks are quotations. Single marks are only where at least twelve characters stand
between them: shorter ones are mostly apostrophes ("the dog's bone and the cat's").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTE = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)|(?<!\w)‘[^‘]{12,}?’(?!\w)|(?<!\w)'[^']{12,}?'(?!\w)")

MIN_QUOTED = 3
"""Words between quotation marks that are somebody's: fewer may be a title, or said with a wink."""

# A mark that closes a quotation of an earlier sentence: nothing opens one before it.
_CLOSING = re.compile(r"[^“\"]*?(?:”|[,.?!…]\"(?=\s|$))")
# “It is appalling, Orrin said. The mark that should close the quotation is missing.
_UNCLOSED = re.compile(r",\s+(?:[A-Z][\w’'-]+\s){1,3}(?:said|says|added|wrote|told)\b[^,“”\"]*$")


def blank_quotations(text: str, *, inside: bool = False) -> str:
    r"""Blank what stands between quotation marks, marks included: each character becomes a straight mark.

    Offsets stay what they were, so that what is matched outside quotations can be looked up in the text.

    Parameters
    ----------
    text : str
        A sentence. A mark that closes a quotation of an earlier sentence is recognised by what surrounds it.
    inside : bool
        Whether a quotation is open at the beginning of the sentence.

    Examples
    --------
    >>> blank_quotations("“We won,” he said.").replace('"', "_")
    '_________ he said.'
    """
    begin = 0
    # Each mark that closes what nothing opened: a loop, for a text may consist of nothing else.
    while (closing := _CLOSING.match(text, begin)) is not None or inside:
        begin, inside = closing.end() if closing is not None else len(text), False
    if begin:
        return '"' * begin + blank_quotations(text[begin:])
    tail = _UNCLOSED.search(text) if text.count("“") > text.count("”") or text.count('"') % 2 else None
    if tail is not None:
        return blank_quotations(f'{text[: tail.start()]}"') + text[tail.start() + 1 :]
    return _QUOTE.sub(lambda match: '"' * len(match.group()), text)


def closes_quotation(text: str) -> bool:
    """Whether a text closes a quotation that it does not open."""
    return _CLOSING.match(text) is not None


def quotation_continues(text: str, inside: bool) -> bool:
    """Whether a quotation is still open at the end of a sentence.

    Parameters
    ----------
    text : str
    inside : bool
        Whether one is open at its beginning.
    """
    curly = text.count("“") - text.count("”")
    # The last curly mark decides; straight marks do not say which way they face, so they are counted.
    if "“" in text or "”" in text:
        return text.rfind("“") > text.rfind("”") and curly + inside > 0
    straight = text.count('"')
    return inside if straight == 0 else (straight % 2 == 1) != inside


# What follows a quotation up to the next mark: "…,” a neighbour of hers said".
_FOLLOWING = re.compile(r"\"(?!\")(,?)\s*((?:[\w’'-]+\s*){1,5})")


def words_after_quotation(text: str, bare: str) -> Iterator[tuple[int, list[str]]]:
    """Yield what follows quotations that end like a clause: "“It is over,” it said", „Es ist aus“, sagte er.

    Parameters
    ----------
    text : str
    bare : str
        The same, its quotations blanked.

    Yields
    ------
    (int, list of str)
        A character offset, and up to five words behind it in small letters.
    """
    for match in _FOLLOWING.finditer(bare):
        if match.group(1) or text[match.start() - 1 : match.start()] in {*",.!?…–—"}:
            yield match.start(2), match.group(2).lower().split()
