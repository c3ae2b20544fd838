"""A sentence and the quotation marks of a language in, what stands outside of them out.

As :mod:`harness.articles.quotations` does for English, whose closing mark opens quotations in German.
"""

from __future__ import annotations

import re

from harness.articles.grammar import Grammar


def blank_marked(text: str, grammar: Grammar, *, inside: bool = False) -> str:
    """Blank what stands between quotation marks, marks included: each character becomes a straight mark.

    Parameters
    ----------
    text : str
    grammar : Grammar
    inside : bool
        Whether a quotation is open at the beginning.
    """
    return _scanned(text, grammar, inside)[0]


def still_open(text: str, grammar: Grammar, *, inside: bool) -> bool:
    """Whether a quotation is still open at the end of a sentence."""
    return bool(_scanned(text, grammar, inside)[1])


def closes_first(text: str, grammar: Grammar) -> bool:
    """Whether a text closes a quotation that it does not open."""
    marks = set(grammar.openers) | set(grammar.closers)
    first = next((index for index, character in enumerate(text) if character in marks), None)
    if first is None or text[first] not in grammar.closers:
        return False
    # A mark may open or close („…“ and “…”): one that closes has a word or a full stop before it.
    return first > 0 and not text[first - 1].isspace() and not text[first + 1 : first + 2].isalnum()


# What stands around a straight mark that closes: a word or a full stop before it, none after it.
_CLOSES = re.compile(r"(?<=[^\s\d])\"(?!\w)")


def _scanned(text: str, grammar: Grammar, inside: bool) -> tuple[str, str]:
    """Return the blanked text, and the marks that would close the quotation that is open at its end."""
    characters = list(text)
    closers = grammar.closers if inside else ""
    straight = {match.start() for match in _CLOSES.finditer(text)} if '"' in text else set()
    nested = False  # whether straight marks are open within others
    for index, character in enumerate(text):
        if closers:
            characters[index] = '"'
            if character in closers or (
                index in straight and not nested and _has_no_partner(text, index, grammar, closers)
            ):
                closers, nested = "", False
            elif character == '"':
                nested = not nested
        elif character in grammar.openers:
            closers = grammar.openers[character]
            characters[index] = '"'
        elif character in grammar.closers:
            # It closes a quotation of an earlier sentence.
            characters[: index + 1] = '"' * (index + 1)
    return "".join(characters), closers


def _has_no_partner(text: str, index: int, grammar: Grammar, closers: str) -> bool:
    """Whether the mark before a straight one is closed by it: „Es ist aus", sagte sie."""
    marks = (each for each in text[index + 1 :] if each in closers or each in grammar.openers)
    following = next((mark for mark in marks if mark != '"'), "")
    return following not in closers or not following
