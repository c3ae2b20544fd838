"""A name found in a text in, whether it may be part of a longer name out: "Sudan" in "South Sudan".

A registry cannot list every name that contains another. Where the words around a form make a longer name of
it, and the registry does not know that one, the form means its party only perhaps. The words are those of
English, German, French, Spanish and Arabic news; they count with a capital letter, as parts of names have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADLINE_SHARE = 0.7
"""Share of longer words with a capital from which a text is a headline: there, capitals tell nothing."""


def _any(words: str) -> str:
    return "|".join(words.split())


# "South Sudan", "Northern Ireland", "Nouvelle-Guinée", "جنوب السودان".
_PARTS = _any(
    "South North East West Southern Northern Eastern Western Southeast Southwest Northeast Northwest Central"
    " Equatorial Upper Lower Inner Outer Greater Papua Papua\\sNew"
    " Süd Nord Ost West Südost Nordost Neu Nouvelle Nouveau"
    " Nueva Nuevo Sud Sur Norte"
)
_ARABIC_PARTS = _any("جنوب شمال شرق غرب")
# Common adjectives that are also parts of names: no sign at the beginning of a sentence or in a headline.
_ADJECTIVES = _any("New United Free Young Fair Old Soviet Imperial")
# "Social Democrats" are not "Democrats".
_OF_PARTIES = _any(
    "Christian Social Liberal National Popular People's Peoples' Progressive Democratic Republican Socialist"
    " Communist Conservative Green Left Radical Independent Islamic Federal Unionist Workers' Civic Patriotic"
    " Agrarian Centre Center Reform"
)
_STATES = _any(
    "Republic Kingdom Federation Confederation Emirate Emirates Sultanate Commonwealth Principality Caliphate"
    " Gulf Strait Straits Sea Bay Bank University Church Voice Duke Duchess Earl Isle Islands"
    " République Royaume Fédération Émirats Golfe Banque Université República Reino Federación Golfo Banco"
    " Universidad Republik Königreich Golf"
)
_OF = r"(?:\s(?:of|de|del|von|du)(?:\s(?:the|la|los|las|der|den))?\s|\sde\sl'|\sd')"
_BEHIND = _any(
    "Republic Federation Empire Kingdom Sea Strait Ocean Canal Airlines Airways Times Post Daily University"
    " Bank Open Tribune Herald Bissau Foundation Institute"
)
_BEHIND_PARTIES = _any(
    "Alliance League Union Movement Front Coalition Bloc Federation Youth Congress Assembly Network"
)

_PART_BEFORE = re.compile(rf"(?<!\w)(?:(?:{_PARTS}|{_PARTS.upper()})[\s-]|(?:{_ARABIC_PARTS})\s)\Z")
_ADJECTIVE_BEFORE = re.compile(rf"(?<!\w)(?:{_ADJECTIVES})\s\Z")
_PARTY_BEFORE = re.compile(rf"(?<!\w)(?:{_OF_PARTIES})[\s-]\Z")
_STATE_BEFORE = re.compile(rf"(?i:(?<!\w)(?:(?:{_STATES}){_OF}|(?:Republik|Volksrepublik)\s)\Z)")
_SIDE_BEHIND = re.compile(
    r"\s(?:(?:du|del)\s(?:Sud|Nord|Sur|Norte|Este|Oeste)|de\sl'(?:Est|Ouest)"
    r"|[Oo]riental[e]?|[Oo]ccidental[e]?|[ÉéEe]quatoriale|[Ee]cuatorial)(?!\w)"
)
_NOUN_BEHIND = re.compile(rf"[\s-](?:{_BEHIND})(?!\w)")
_PARTY_NOUN_BEHIND = re.compile(rf"\s(?:{_BEHIND_PARTIES})(?!\w)")

# Words beside a form after which the expressions are tried: nearly all forms have others, and searching a
# text for its parties should take no longer than the automaton does.
_WORDS_BEFORE = frozenset(
    word
    for words in (_PARTS, _ADJECTIVES, _OF_PARTIES, _STATES, "Republik|Volksrepublik")
    for part in words.split("|")
    for word in (part, part.upper())
) | frozenset([*_ARABIC_PARTS.split("|"), "of", "de", "del", "von", "du", "d"])
_ARTICLES = frozenset(["the", "la", "los", "las", "der", "den", "l"])
_SIDES = _any(
    "du del de Oriental oriental Orientale orientale Occidental occidental Occidentale occidentale"
    " Équatoriale équatoriale Equatoriale equatoriale Ecuatorial ecuatorial"
)
_WORDS_BEHIND = frozenset(f"{_BEHIND}|{_BEHIND_PARTIES}|{_SIDES}".split("|"))
_NO_WORD = re.compile(r"[^\w']+|(?<!\w)'")
_NEXT_WORD = re.compile(r"[ -](\w+)")


def is_suspect(text: str, start: int, end: int) -> bool:
    """Whether a word beside a form may make a longer name of it."""
    if start > 1 and text[start - 1] in " -'":
        begin = text.rfind(" ", 0, start - 1)
        word = text[begin + 1 : start - 1]
        if word in _ARTICLES:
            # "Republic of the Congo"; an article alone is the rule.
            word = text[text.rfind(" ", 0, begin) + 1 : begin]
        if not word.isalnum():
            # "“South Sudan", "(South Sudan", "Anti-South Sudan".
            word = _NO_WORD.split(word)[-1]
        if word in _WORDS_BEFORE or word.lower() in _WORDS_BEFORE:
            return True
    match = _NEXT_WORD.match(text, end)
    return match is not None and match.group(1) in _WORDS_BEHIND


REACH = 40
"""Characters around a form that are read."""


def in_longer_name(text: str, start: int, end: int, kinds: Iterable[str] = ()) -> bool:
    """Whether the words around a form may make a longer name of it.

    Parameters
    ----------
    text : str
        Folded, see :func:`harness.values.parties.folding.fold`.
    start, end : int
        Of the form in it.
    kinds : iterable of str
        Of the parties that the form may mean; "Christian" makes another name of a party's alone.
    """
    # Asked alone, too; a search asks is_suspect first, which costs it little.
    if not is_suspect(text, start, end):
        return False
    before, after = text[max(0, start - REACH) : start], text[end : end + REACH]
    if _is_part_of_state(before, after):
        return True
    if text[start:end].isupper() and text.isupper():
        return False
    is_headline = _is_headline(text)
    if not is_headline and _NOUN_BEHIND.match(after):
        return True
    # "New sanctions": what begins a sentence has a capital anyway.
    adjective = None if is_headline else _ADJECTIVE_BEFORE.search(before)
    if adjective and not _begins_sentence(before[: adjective.start()], len(before) == start):
        return True
    if "party" not in kinds:
        return False
    return bool(_PARTY_BEFORE.search(before)) or bool(not is_headline and _PARTY_NOUN_BEHIND.match(after))


def is_part_of_state(text: str, start: int, end: int) -> bool:
    """Whether the words around a name make another state's name of it: "South", "Republic of"."""
    # Nearly all names stand beside other words, and the expressions take ten times as long.
    if not is_suspect(text, start, end):
        return False
    return _is_part_of_state(text[max(0, start - REACH) : start], text[end : end + REACH])


def _is_part_of_state(before: str, after: str) -> bool:
    match = _STATE_BEFORE.search(before)
    # "the bank of Russia" is a bank on a river; a name has capitals.
    is_state = match is not None and match.group()[0].isupper()
    return is_state or bool(_PART_BEFORE.search(before)) or bool(_SIDE_BEHIND.match(after))


def _begins_sentence(before: str, is_whole: bool) -> bool:
    stripped = before.rstrip(" \"'“”«»„([")
    return (is_whole and not stripped) or stripped.endswith((".", "!", "?", ":", ";", "-"))


def _is_headline(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{4,}", text[:300])
    return len(words) >= 4 and sum(word[0].isupper() for word in words) >= _HEADLINE_SHARE * len(words)
