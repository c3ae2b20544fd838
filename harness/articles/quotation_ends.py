"""The end of a quotation in a paragraph in, whether what follows only says whose words they were out.

"“Who would trust Varna?” Ada Crane asked." is one sentence, though its quotation ends with the mark of one.
The verbs are in ``languages/``: for English in a list of their own, for others all verbs of saying.
"""

from __future__ import annotations

import re
from functools import cache

from harness.articles.grammar import ENGLISH, grammar_of
from harness.articles.word_lists import FORMS, NAMES, either, words_of

_QUOTATION = re.compile("(?:[?!…][\"”“’'»«]|\\.[\"”“’'»«]|[?!….]\\s»)\\s*$")
# A subject: up to eight words, the first with a capital letter, and perhaps an apposition between commas.
_CAPITAL = "[A-ZÀ-ÖØ-ÞŁŚŠŽČĐİ]"
_APPOSITION = ',\\s[^.,;:?!"”“]{3,60},'
# The sentence ends there; in English it may go on with something else than what is said, for which ", “" is.
_END = r"\s*(?:$|[.!?](?=\s|$))"
_GOES_ON = rf"(?:{_END}|,\s(?!however|though)[a-z]|\s+(?:and|as)\b)"
_NEGATED = re.compile(r"\b(?:never|not|nobody)\b|n[’']t\b")
# Of the words with which sentences begin, those that begin a subject.
_OF_SUBJECTS = {"the", "a", "an", "he", "she", "they", "we", "i", "my", "our", "his", "her", "their"}
_COURTESIES = {"mr", "mrs", "ms", "dr", "sir"}


def names_speaker(piece: str, start: int, end: int, language: str) -> bool:
    """Whether ``piece[start:end]`` ends with a quotation, and a name and a verb of saying follow, no more."""
    # A few characters: the end comes with the spaces behind it.
    if _QUOTATION.search(piece, max(start, end - 8), end) is None:
        return False
    match = _tag(language).match(piece, end)
    if match is None or _NEGATED.search(match["rest"]):
        return False
    return match["first"].lower().rstrip(".") not in _no_subjects(language)


@cache
def _tag(language: str) -> re.Pattern[str]:
    """Return what a subject with its verb matches, up to the end of the sentence."""
    if language == ENGLISH:
        tags = words_of("tags")
        forms = "|".join(sorted(form for form, (verb, _) in FORMS.items() if verb in tags))
        to_whom = rf"(?:\s+(?:{either('listeners')}))?"
        verb = rf"(?:(?:told|tells|asked|asks|warned|warns){to_whom}|{forms})"
        behind = (
            r"(?:\s+(?:\w+day|today|yesterday|tonight|later|again|aloud)"
            r"|\s+(?:on|in|at|during|after|before|via|from|outside"
            rf"|to(?=\s(?:the|reporters|journalists|us|me|him|her|them|{_CAPITAL})))"
            r"(?:\s+(?!that\b|of\b|for\b|to\b|about\b|if\b)[\w’'-]+){1,6}?){0,2}"
        )
        return re.compile(rf"{_subject(f'{forms}|[a-z]+ed')}\s+{verb}{behind}{_GOES_ON}")
    grammar = grammar_of(language)
    forms = _either(grammar.say)
    behind = rf"(?:\s+(?i:{_either(grammar.adverbs)})){{0,4}}"
    return re.compile(rf"{_subject(forms)}\s+(?:{forms}){behind}{_END}")


def _subject(forms: str) -> str:
    # Up to the first verb: in "Crane posed in hats sold on Monday and left" she is no speaker.
    words = rf"(?:\s+(?!(?:{forms})\b)[\w.’'-]+?){{0,7}}?"
    return rf"\s*(?P<first>{_CAPITAL}[\w.’'-]*)(?P<rest>{words}(?:{_APPOSITION})?)"


def _either(words: frozenset[str]) -> str:
    return "|".join(map(re.escape, sorted(words))) or "(?!)"


@cache
def _no_subjects(language: str) -> frozenset[str]:
    if language == ENGLISH:
        starters = {word.lower() for word in words_of("starters", NAMES)}
        return frozenset(starters - _OF_SUBJECTS - _COURTESIES)
    grammar = grammar_of(language)
    return (grammar.prepositions | grammar.subordinate | grammar.negation) - grammar.determiners
