"""A sentence in, what it calls "the party", "the country" and the like out, and which names these may mean.

"The government" after "men who spied for Varna" may be that of the state in which the article is set, which
an article often does not name: only what a sentence is about is meant for certain in the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.articles.grammar import Grammar
from harness.articles.word_lists import OFFICES, TITLES, either, words_of
from harness.values.parties import Span

_ENGLISH = {
    "party": re.compile(r"\b[Tt]he (party)\b(?!['’]s? \w+ (?:member|leader))"),
    "alliance": re.compile(r"\b[Tt]he (alliance|bloc)\b"),
    "government": re.compile(r"\b[Tt]he (government)\b"),
    "country": re.compile(r"\b[Tt]he (country)\b"),
}
_OF_STATES = ("government", "country")


def described(text: str, grammar: Grammar | None) -> Iterator[tuple[str, Span]]:
    """Yield the kinds of party that a sentence describes, and where it first does so.

    Parameters
    ----------
    text : str
    grammar : Grammar or None
        None for English.
    """
    for kind, pattern in _ENGLISH.items() if grammar is None else _described_in(grammar):
        for match in pattern.finditer(text):
            # "Le chef du gouvernement" is an office, which may be that of any state.
            if grammar is None or _last_word(text[: match.start()]) not in grammar.heads:
                yield kind, match.span(1)
                break


def _described_in(grammar: Grammar) -> Iterator[tuple[str, re.Pattern[str]]]:
    for kind, forms in grammar.descriptions.items():
        yield kind, re.compile(rf"(?<!\w)({'|'.join(map(re.escape, forms))})(?!\w)")


def fits(kind: str, description: str) -> bool:
    """Whether a party of a kind may be described so: a country has a government."""
    return kind == description or (description == "government" and kind == "country")


def is_about(text: str, span: Span, description: str, grammar: Grammar | None) -> bool:
    """Whether a sentence is about a name in it, so that a description in the next one means it.

    Of parties and alliances every name counts: they are seldom meant without having been named.
    """
    if description not in _OF_STATES:
        return True
    before = text[: span[0]]
    match = _before_objects(grammar).search(before)
    if match is None:
        return True
    preposition, rest = match.group(1).lower(), before[: match.start()]
    # "In Varna, a strike began": there the sentence takes place.
    scenes = words_of("scenes") if grammar is None else grammar.scenes
    if preposition in scenes and not re.search(r"\w", rest):
        return True
    # "The president of Varna" speaks for it.
    office = _last_word(rest)
    if grammar is None:
        return preposition == "of" and office in OFFICES | TITLES
    return preposition in grammar.genitive and (office in grammar.offices or grammar.is_title(office))


def _before_objects(grammar: Grammar | None) -> re.Pattern[str]:
    """Return what a preposition right before a name matches, with an article or adjective between."""
    if grammar is None:
        prepositions, determiners = f"{either('before_objects')}|of", either("determiners")
    else:
        prepositions, determiners = (
            "|".join(map(re.escape, sorted(words))) for words in (grammar.prepositions, grammar.determiners)
        )
    space = r"(?:\s+|(?<=['’]))"
    return re.compile(
        rf"(?<!\w)((?i:{prepositions})){space}(?:(?i:{determiners}){space})?(?:[a-zß-ÿ][\w-]*\s+)?$"
    )


def _last_word(text: str) -> str:
    match = re.search(r"([\w-]+)\W*$", text)
    return match.group(1).lower() if match else ""
