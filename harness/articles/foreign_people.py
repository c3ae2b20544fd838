"""A sentence and a language in, the persons that it names out; they are guessed from capitals and titles."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from harness.articles.grammar import Grammar
from harness.articles.people import Person
from harness.articles.word_lists import NAMES, either
from harness.values.parties import Span

_CAPITAL = r"[A-ZÀ-ÖØ-ÞŁŚŠŽČĐİ]"
_WORD = rf"{_CAPITAL}[\w’'-]*\w|{_CAPITAL}\."
_PARTICLE = rf"(?:{either('particles', NAMES)})"
_NAME = re.compile(rf"(?:{_WORD})(?:\s+(?:{_PARTICLE}\s+)?(?:{_WORD})){{0,5}}")

_JOINED = re.compile(rf"\s+{_PARTICLE}\s+")


def find_people_in(
    text: str, grammar: Grammar, excluded: Iterable[Span] = (), surnames: Collection[str] = ()
) -> list[Person]:
    """Find persons, as :func:`harness.articles.people.find_people` does in English."""
    spans = list(excluded)
    persons = []
    for run in _NAME.finditer(text):
        match = _past_parties(text, run, spans)
        if match is None:
            continue
        before = re.search(r"([^\W\d_][\w-]*)\s+$", text[: match.start()])
        titled = (
            before is not None
            and grammar.is_title(before.group(1))
            and before.group(1).lower() not in grammar.determiners
        )
        person = _person(match, grammar, surnames, titled=titled)
        if person is not None:
            persons.append(person)
    return persons


def unknown_name_at(text: str, start: int, grammar: Grammar) -> Person | None:
    """Return whom capitals at an offset name, with titles, though no list and no other sentence has them."""
    run = _NAME.match(text, start)
    if run is None or run.group().split()[0].lower() in grammar.not_people:
        return None
    return _person(run, grammar, (), titled=True)


def _past_parties(text: str, run: re.Match[str], spans: Iterable[Span]) -> re.Match[str] | None:
    """Return what a run of capitals goes on with after a party's name: "SPD-Vorsitzende Lars Klingbeil"."""
    ends = [end for start, end in spans if start < run.end() and run.start() < end]
    if not ends:
        return run
    first = min(start for start, end in spans if start < run.end() and run.start() < end)
    before = _NAME.match(text, run.start(), max(first, run.start()))
    # "Ines Holm von der SPD": a particle joins names, and a name to a party.
    if before is not None and " " in before.group() and _JOINED.fullmatch(text[before.end() : first]):
        return before
    space = re.search(r"\s", text[max(ends) : run.end()])
    return _NAME.match(text, max(ends) + space.end()) if space else None


def _person(
    match: re.Match[str], grammar: Grammar, surnames: Collection[str], *, titled: bool
) -> Person | None:
    words = [(word.group(), match.start() + word.start()) for word in re.finditer(r"\S+", match.group())]
    start = -1
    # "L'écologiste Cyrielle Riou": an elided article begins no name.
    if words and re.match(r"[LD][’'][a-zà-ÿ]", words[0][0]) is not None:
        titled, words = True, words[1:]
    while words and (words[0][0].lower() in grammar.not_people or grammar.is_title(words[0][0])):
        if words[0][0].lower() not in grammar.not_people:
            titled, start = True, words[0][1] if start < 0 else start
        words = words[1:]
        # "Sprecher der Bank": an article behind a title joins no name.
        if start >= 0 and words and words[0][0] in grammar.genitive & grammar.determiners:
            return None
    # "Fischerin Anna Kohl": what somebody does, before the whole name.
    if len(words) > 2 and words[0][0].lower().endswith(grammar.noun_endings):
        start, words = words[0][1], words[1:]
    for index, (word, _) in enumerate(words):
        if word.lower() in grammar.not_people or grammar.is_title(word):
            words = words[:index]
            break
    if not words:
        return None
    name = " ".join(word for word, _ in words)
    if len(words) == 1 and ((not titled and name not in surnames) or len(name) < 2 or name.isupper()):
        return None
    return Person(words[0][1] if start < 0 else start, words[-1][1] + len(words[-1][0]), name)
