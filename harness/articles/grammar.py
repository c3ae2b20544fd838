"""A language's code in, its words of speech, its quotation marks and its rules of names out.

Languages are data: ``languages/de.yaml``; of English the code has more, see
:mod:`harness.articles.word_lists`. A language without a file has quotation marks alone: what stands in them
is somebody's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any

from harness.articles.language_files import Kind, codes, read_language
from harness.values.parties import Span

ENGLISH = "en"

OPENERS = {"“": "”", "„": "“”", "«": "»", "「": "」", '"': '"'}
"""Opening quotation mark → what closes it, in a language without rules of its own."""


Phrases = tuple[str, ...]

_MAX_BODY = 8
"""Words and marks of the name of a body of state, at most."""
_MIN_OFFICE = 7
"""Letters of an office that may end a longer word."""


@dataclass(frozen=True)
class Grammar:
    """How a language says who speaks. Words are in lower case.

    Attributes
    ----------
    openers : mapping
        Opening quotation mark → the marks that close it.
    say, after_only, judge : frozenset of str
        Forms of verbs of saying; those that stand after what is said alone ("so Merz"); forms of verbs of
        judging.
    behind_quotations : frozenset of str
        Forms that are of saying right behind a quotation, and may mean anything else elsewhere: "„…“, legte
        sie nach".
    compound_judge, auxiliary : frozenset of str
        Participles that judge after an auxiliary ("a critiqué"), and the auxiliaries.
    participle_endings : tuple of str
        Of the forms of saying that need an auxiliary.
    participles, agent : frozenset of str
        Participles of judging, and what names who judges ("par", "von").
    being : frozenset of str
        Auxiliaries of the passive.
    clause : frozenset of str
        What begins a clause that tells what is said.
    comma_before_clause : bool
        Whether a comma alone may stand before what is said.
    according_before, according_after : tuple of str
        "laut" before a source, "zufolge" after it.
    impersonal : tuple of str
        Behind a quotation, what is said by somebody unknown: "hieß es".
    manner : tuple of str
        What begins a clause that says who says so: "wie Merz sagte".
    heard : tuple of str
        What is said by those whose camp is named beside it: "hieß es aus dem Kreml".
    own_account, his_view, in_view_of : tuple of str
        "Nach eigenen Angaben", which is the subject's account; "selon lui", the view of somebody named
        before; "pour", before whom something seems so.
    within, accounts : frozenset of str
        Prepositions before a camp, and nouns for what somebody says, beside an adjective of state.
    separable, shown : tuple of str
        Forms of judging with their particle at the end of the clause ("lehnte ab"), and such of more words:
        "zeigte sich", "met en garde".
    contrasts : tuple of str
        What stands between commas behind a subject: "por su parte".
    genitive, determiners, oblique, adverbs, prepositions, subordinate, negation : frozenset of str
        ``oblique`` are articles of what is no subject: "den russischen Angriff".
    pronouns : frozenset of str
    clitics : Pattern
        A pronoun that is part of the verb: "dit-il".
    subjectless : bool
        Whether a verb needs no subject: "añadió".
    titles, not_people, group_nouns, offices : frozenset of str
    roles : frozenset of str
        What means somebody alone, with an article, beside titles: "el republicano".
    bodies, fields : frozenset of str
        Heads of the names of bodies of state, and words in lower case that such a name goes on with, before
        its adjective: "l'armée de l'air russe".
    title_endings, noun_endings, adjective_endings : tuple of str
        Of titles, of nouns that may stand before a full name, and of adjectives.
    reported : Pattern
        The mood of reported speech: a sentence in it goes on with what somebody says.
    descriptions : mapping
        Kind of party → how it is meant without its name: "die Partei".
    ordinals : frozenset of str
        What follows the full stop of an ordinal: "3. Oktober".
    scenes, heads : frozenset of str
        Prepositions with which a sentence begins that is about the state behind them, and titles that make
        one office with "of the government" behind them: "chef du gouvernement".
    """

    openers: Mapping[str, str]
    say: frozenset[str]
    after_only: frozenset[str]
    behind_quotations: frozenset[str]
    judge: frozenset[str]
    compound_judge: frozenset[str]
    auxiliary: frozenset[str]
    participle_endings: tuple[str, ...]
    participles: frozenset[str]
    agent: frozenset[str]
    being: frozenset[str]
    clause: frozenset[str]
    comma_before_clause: bool
    according_before: Phrases
    according_after: Phrases
    impersonal: Phrases
    manner: Phrases
    heard: Phrases
    own_account: Phrases
    his_view: Phrases
    in_view_of: Phrases
    within: frozenset[str]
    accounts: frozenset[str]
    separable: Phrases
    shown: Phrases
    contrasts: Phrases
    genitive: frozenset[str]
    determiners: frozenset[str]
    oblique: frozenset[str]
    adverbs: frozenset[str]
    prepositions: frozenset[str]
    subordinate: frozenset[str]
    negation: frozenset[str]
    pronouns: frozenset[str]
    clitics: re.Pattern[str]
    subjectless: bool
    titles: frozenset[str]
    title_endings: tuple[str, ...]
    noun_endings: tuple[str, ...]
    adjective_endings: tuple[str, ...]
    not_people: frozenset[str]
    group_nouns: frozenset[str]
    offices: frozenset[str]
    roles: frozenset[str]
    bodies: frozenset[str]
    fields: frozenset[str]
    reported: re.Pattern[str]
    descriptions: Mapping[str, tuple[str, ...]]
    ordinals: frozenset[str]
    scenes: frozenset[str]
    heads: frozenset[str]

    @property
    def closers(self) -> str:
        """All marks that close a quotation."""
        return "".join(dict.fromkeys("".join(self.openers.values())))

    @cached_property
    def passive(self) -> re.Pattern[str]:
        """What an auxiliary of the passive matches; "s'est" is none."""
        return re.compile(rf"(?<![\w’'])(?:{'|'.join(self.being) or '(?!)'})\b", re.IGNORECASE)

    def is_title(self, word: str) -> bool:
        """Whether a word may stand before a name: "Bundeskanzler", "SPD-Chefin", "ministre"."""
        lower = word.lower().strip(".,")
        last = lower.rsplit("-", 1)[-1]
        return lower in self.titles or last in self.titles or lower.endswith(self.title_endings)

    def office_beside(self, text: str, span: Span) -> Span | None:
        """Return the span of an adjective with the office beside it: "russische Regierung"."""
        after = re.match(r"\s+(?:[a-zà-ÿ]+\s+)?([^\W\d_][\w-]*)", text[span[1] :])
        before = re.search(r"([^\W\d_][\w-]*)\s+$", text[: span[0]])
        if before is not None and self._is_office(before.group(1)):
            return before.start(1), span[1]
        body = self.body_before(text, span[0])
        if body is not None:
            return body, span[1]
        if after is not None and self._is_office(after.group(1)):
            return span[0], span[1] + after.end()
        return None

    def body_before(self, text: str, end: int) -> int | None:
        """Return where the name of a body of state begins that ends at an offset: "Ministerio de Defensa".

        Parameters
        ----------
        text : str
        end : int
            Where its adjective or the state's name begins.

        Returns
        -------
        int or None
            Character offset; None where there is none.
        """
        for word in reversed(list(re.finditer(r"[^\W\d_][\w-]*[’']?|[^\w\s]", text[:end]))[-_MAX_BODY:]):
            lower = word.group().lower()
            if lower in self.bodies:
                return word.start()
            if not (lower in self.genitive | self.fields or (word.group()[0].isupper() and self.fields)):
                break
        return None

    def _is_office(self, word: str) -> bool:
        lower = word.lower().rsplit("-", 1)[-1]
        if not self.title_endings:
            return lower in self.offices
        # German joins nouns, and adds an "s" in the genitive: "Verteidigungsministeriums".
        forms = {lower, lower.removesuffix("s"), lower.removesuffix("es")}
        return any(form in self.offices or form.endswith(self._long_offices) for form in forms)

    @cached_property
    def _long_offices(self) -> tuple[str, ...]:
        """The offices that are long enough to end other words by no chance."""
        return tuple(sorted(word for word in self.offices if len(word) >= _MIN_OFFICE))


def languages() -> tuple[str, ...]:
    """Return the languages whose rules of speech are known, by code; English first."""
    return (ENGLISH, *(code for code in codes() if code != ENGLISH))


def _kind(name: str, annotation: str) -> Kind:
    if name == "openers":
        return "texts"
    if annotation.startswith("Mapping"):
        return "lists"
    if annotation.startswith("re.Pattern"):
        return "pattern"
    if annotation == "bool":
        return "flag"
    return "phrases" if annotation == "Phrases" else "words"


_KINDS = {each.name: _kind(each.name, str(each.type)) for each in fields(Grammar)}
_EMPTY: dict[Kind, Any] = {"texts": OPENERS, "lists": {}, "pattern": r"(?!)", "flag": False}
"""What a language has whose file leaves a key out; without a pattern nothing matches."""


@cache
def grammar_of(language: str) -> Grammar:
    """Return the rules of a language; quotation marks alone where it has none, and of English.

    Raises
    ------
    ArticleError
        Where its file, or one of your own, is faulty.
    """
    # The lists of English are for code of its own.
    data = {} if language == ENGLISH else read_language(language, _KINDS)
    values = {name: data.get(name, _EMPTY.get(kind, ())) for name, kind in _KINDS.items()}
    for each in fields(Grammar):
        if str(each.type).startswith("frozenset"):
            values[each.name] = frozenset(values[each.name])
        elif _KINDS[each.name] == "pattern":
            values[each.name] = re.compile(values[each.name], re.IGNORECASE)
    return Grammar(**values)
