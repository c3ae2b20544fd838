"""A word before a surname in, whether it may be a first name out: "Mary" is one; "Can" and "Für" are none."""

from __future__ import annotations

import re

from harness.articles.grammar import Grammar
from harness.articles.political_roles import STARTERS
from harness.articles.word_lists import NAMES, NOT_PEOPLE, TITLES, words_of

_FIRST_WORDS = frozenset(word.lower() for word in STARTERS | words_of("first_words", NAMES))
_IN_QUESTIONS = frozenset(word.lower() for word in words_of("first_words_of_questions", NAMES))


def is_other_word(word: str, behind: str, grammar: Grammar | None) -> bool:
    """Whether a word with a capital is no part of a name: a title, or what begins a sentence.

    Parameters
    ----------
    word : str
    behind : str
        The text behind it: "Will" is a first name, unless a question begins with it.
    grammar : Grammar or None
        Of the language; None for English.
    """
    lower = word.lower().strip(".,")
    if lower in _FIRST_WORDS or (lower in _IN_QUESTIONS and behind.rstrip("”\"’'»“ ").endswith("?")):
        return True
    if grammar is None:
        return lower in TITLES or lower in NOT_PEOPLE or lower.endswith("ly")
    return lower in grammar.not_people or grammar.is_title(word) or lower in grammar.say


def follows_first_name(text: str, start: int, grammar: Grammar | None) -> bool:
    """Whether a first name or an initial stands before ``text[start:]``: "Mary Washington"."""
    match = re.search(r"([\w.’'-]+)\s+$", text[:start])
    if match is None:
        return False
    word = match.group(1)
    if not word[0].isupper() or word.isupper() or re.search(r"[’']s?$", word):
        return False
    # "President Washington", "But Washington": the word before is no first name.
    return not is_other_word(word, text[start:], grammar)


def full_name(name: str, behind: str, grammar: Grammar | None) -> str:
    """Return a person's name without the words before it that are none; empty where a surname alone is left.

    Examples
    --------
    >>> full_name("Can Ada Crane", " win?", None), full_name("Can Crane", " win?", None)
    ('Ada Crane', '')
    """
    words = name.split(" ")
    while words and is_other_word(words[0], behind, grammar):
        words = words[1:]
    return " ".join(words) if len(words) > 1 else ""
