"""A name and the words beside it in a sentence in, what they make of it out: a party, a state, a person.

English, with the titles of the other languages that articles are read in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.articles.grammar import Grammar
from harness.articles.word_lists import FORMS, TITLES
from harness.values.parties import Kind
from harness.values.parties.folding import fold

Role = tuple[Kind, str]
"""What a name may be, and the words that say so."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOUNS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (
        "party",
        _set(
            "Party Movement Front Coalition Bloc Democrats Liberals Conservatives Socialists Greens Labour"
            " Republicans Unionists Nationalists Populists Communists Partei Bündnis Parti Partido Partito"
            " Frente Rassemblement Alianza Liga Grünen Sozialdemokraten League Alliance"
        ),
    ),
    (
        "country",
        _set("Republic Kingdom Federation Emirate Emirates Republik Königreich République República Reino"),
    ),
    (
        "government",
        _set(
            "Ministry Government Cabinet Commission Assembly Parliament Senate Authority Treasury Ministerium"
            " Bundesregierung Ministère Gouvernement Gobierno Ministerio Council"
        ),
    ),
)
"""Nouns that say of a name what it is."""

_OF_STATES = _set(
    "government president parliament premier chancellor cabinet ministry minister foreign defence defense"
    " troops forces army embassy king prime regime authorities envoy ambassador officials"
)
_OF_PARTIES = _set(
    "party lawmakers mps leader leaders chairman chairwoman chair whip faction caucus voters ministers"
)
_ACTS = _set("won lost backed rejected proposed pledged promised demanded formed")
_VOTES = _set("voted abstained governs governed campaigned")
_LAST_OF_PARTIES = _set("Left Right Centre Center Unity Alternative Forward First Citizens Workers Platform")
STARTERS = _set(
    "The A An But And Or Nor So Yet When While After Before In On At For With From As If That This These"
    " Those Our Their His Her Its My Your Both All Some Many Most No Not Only Even Once Since Until By To"
    " Of It He She They We You I Who What Why How Where Which There Here Then Now Still Also Under Over"
    " Between During Against Without Within Because Although Though Unlike Like Despite Mr Mrs Ms Dr Sir"
    " Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July"
    " August September October November December Der Die Das Ein Eine Im Am Auf Mit Nach Vor Bei Für Und"
    " Aber Als Wenn Le La Les Un Une Des Du De En Dans Pour Mais Et El Los Las Una Por Con Para Pero Y"
)

_BEFORE_STATE = re.compile(
    r"(?i)\b(?:government|president|prime minister|parliament|capital|king|army) of (?:the )?$"
)
_BEFORE_PARTY = re.compile(
    r"(?i)\b(?:leader|leaders|chair|chairman|chairwoman|members?|mps|head) of (?:the )?$"
)
_BEFORE_OPPOSITION = re.compile(
    r"(?i)\b(?:governing|ruling|opposition|(?:far|centre|center|hard)-(?:right|left)|nationalist|populist|liberal"
    r"|conservative|socialist|left-wing|right-wing|rebel) $"
)
_BEFORE_ABROAD = re.compile(
    r"(?i)\b(?:(?:ties|relations|border|war|talks|treaty|truce) with|sanctions (?:on|against)"
    r"|(?:embassy|troops) in|(?:ambassador|visit|envoy) to|invasion of) $"
)
_APPOSITION = re.compile(
    r",\s(?:who\s(?:leads|led|heads|chairs)|(?:the\s)?(?:[\w’'-]+\s){0,3}(?:leader|minister|president|premier|mayor"
    r"|chair|chairman|chairwoman|senator|governor|spokesman|spokeswoman|MP)\b)"
)
_ACRONYM = re.compile(r"[A-Z]{2,6}")


@dataclass(frozen=True)
class Occurrence:
    """A run of capitalised words: ``text[start:end]``, titles and first words of the sentence left out.

    Attributes
    ----------
    name : str
    start, end : int
    titles : tuple of str
        Before it, in the run.
    inside : bool
        Whether it stands where a capital is no matter of course: not at the beginning of a sentence.
    """

    name: str
    start: int
    end: int
    titles: tuple[str, ...]
    inside: bool


def is_title(word: str, grammar: Grammar | None) -> bool:
    """Whether a word is a title or an office before a name."""
    if grammar is not None:
        return grammar.is_title(word)
    # "Democratic leader" is a title, "Democratic Left" a name.
    return word.lower().rstrip(".") in TITLES - {"democratic", "republican"}


def roles(text: str, name: Occurrence, grammar: Grammar | None) -> Iterator[tuple[Kind, str]]:
    """Yield what the words of a name and those beside it make of it, and which words these are."""
    kind = _kind_of_its_nouns(name.name.split(" "))
    if kind is not None:
        yield kind
        return
    before, after = fold(text[: name.start]).text, fold(text[name.end : name.end + 80]).text
    yield from _roles_before(before, after, name, grammar)
    if role := _role_after(before, after, name):
        yield role


def _kind_of_its_nouns(words: list[str]) -> tuple[Kind, str] | None:
    for word in (words[-1], words[0]) if len(words) > 1 else ():
        for kind, nouns in _NOUNS:
            if word in nouns:
                return kind, word
    return ("party", words[-1]) if len(words) > 1 and words[-1] in _LAST_OF_PARTIES else None


def _roles_before(
    before: str, after: str, name: Occurrence, grammar: Grammar | None
) -> Iterator[tuple[Kind, str]]:
    """Yield a title, an office or a clause that makes a person of a name, and what stands before a body."""
    previous = re.search(r"([\w-]+)\s+$", before)
    title = name.titles[-1] if name.titles else previous.group(1) if previous is not None else ""
    courtesy = title.lower().rstrip(".") in ("mr", "mrs", "ms", "miss", "dr", "")
    if is_title(title, grammar) and not courtesy and title.capitalize() not in STARTERS:
        yield "person", title
    elif beside := _APPOSITION.match(after):
        yield "person", beside.group().strip(", ")
    by_kind: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("country", _BEFORE_STATE),
        ("country", _BEFORE_ABROAD),
        ("party", _BEFORE_OPPOSITION),
        ("party", _BEFORE_PARTY),
    )
    for kind, pattern in by_kind:
        if match := pattern.search(before):
            yield kind, match.group().strip()
            return


def _role_after(before: str, after: str, name: Occurrence) -> tuple[Kind, str] | None:
    """Return the noun or verb behind a name, and what it makes of it."""
    following = re.match(r"(?:'s?)?\s([\w-]+)(?:\s([\w-]+))?", after)
    noun, second = ((word or "").lower() for word in following.groups()) if following else ("", "")
    acts = noun in _ACTS or noun in FORMS
    if noun in _OF_PARTIES | _VOTES or (
        acts and _ACRONYM.fullmatch(name.name) is not None and before.lower().endswith("the ")
    ):
        return "party", noun
    if noun in _OF_STATES:
        return "country", noun
    # "Varna's energy minister"
    return ("country", second) if after.startswith(("'s ", "' ")) and second in _OF_STATES else None
