"""A sentence in, what stands outside its quotation marks out."""

from __future__ import annotations

import re

_QUOTE = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)|(?<!\w)‘[^‘]{12,}?’(?!\w)|(?<!\w)'[^']{12,}?'(?!\w)")

_CLOSING = re.compile(r"[^“\"]*?(?:”|[,.?!…]\"(?=\s|$))")
_UNCLOSED = re.compile(r",\s+(?:[A-Z][\w’'-]+\s){1,3}(?:said|says|added|wrote|told)\b[^,“”\"]*$")


def blank_quotations(text: str, *, inside: bool = False) -> str:
    r"""Blank what stands between quotation marks, character by character.

    Parameters
    ----------
    text : str
        A sentence; a mark that closes what an earlier sentence opened is told by what stands around it.
    inside : bool
        Whether a quotation is open at its beginning.

    Examples
    --------
    >>> outside_quotes("“We won,” he said.").replace('"', "_")
    '_________ he said.'
    """
    closed = _CLOSING.match(text)
    if closed is not None or inside:
        end = closed.end() if closed is not None else len(text)
        return '"' * end + blank_quotations(text[end:])
    tail = _UNCLOSED.search(text) if text.count("“") > text.count("”") or text.count('"') % 2 else None
    if tail is not None:
        return blank_quotations(f'{text[: tail.start()]}"') + text[tail.start() + 1 :]
    return _QUOTE.sub(lambda match: '"' * len(match.group()), text)


def quotation_continues(text: str, inside: bool) -> bool:
    """Whether a quotation goes on after a sentence."""
    curly = text.count("“") - text.count("”")
    if "“" in text or "”" in text:
        return text.rfind("“") > text.rfind("”") and curly + inside > 0
    straight = text.count('"')
    return inside if straight == 0 else (straight % 2 == 1) != inside
