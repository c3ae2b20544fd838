"""A sentence, an offset and a language in, who stands there out: an actor, a name, a description.

Shared by what reads verbs, sources and colons in the languages of :mod:`harness.articles.grammar`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from harness.articles.actors import Actor
from harness.articles.foreign_people import unknown_name_at
from harness.articles.grammar import Grammar

TOKEN = re.compile(r"[^\W\d_][\w-]*[’']?")
# What a source may be that no rule knows: "selon les derniers chiffres".
_SOURCE = re.compile(r"((?:[^\W_][\w’'-]*\s+){0,4}?[^\W_][\w’'-]*)(?=\s*[,.;:\"]|\s*$)")
_MAX_WORDS = 5
"""Words between a verb and its subject, and in a description, at most."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, an elided article ("l'") without its mark."""
    return [word.rstrip("’'") for word in TOKEN.findall(text)]


def may_precede(word: str, grammar: Grammar) -> bool:
    """Whether a word may stand before a name: an article, a title, an adverb, an adjective."""
    lower = word.lower()
    return (
        lower in grammar.determiners
        or lower in grammar.genitive
        or lower in grammar.adverbs
        or grammar.is_title(word)
        or lower.endswith(grammar.adjective_endings)
    )


def actor_after(bare: str, start: int, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return the actor with whom the words at an offset begin, after articles, titles and adverbs."""
    for actor in cast:
        if actor.start < start:
            continue
        # The full stop of "M." ends nothing.
        between = re.sub(r"\b(\w{1,4})\.", lambda match: _titled(match, grammar), bare[start : actor.start])
        words = between.replace("’", "' ").replace("'", "' ").split()
        if len(words) > _MAX_WORDS or re.search(r"[,;:.!?\"]", between):
            return None
        unknown = [word for word in words if not may_precede(word.rstrip("'"), grammar)]
        # One noun that no list has may say what somebody is: "explique la pêcheuse Anne Riou".
        if not unknown or (
            len(unknown) == 1 and actor.kind == "person" and unknown[0].lower() not in grammar.prepositions
        ):
            # "Le président ukrainien Volodymyr Zelensky": the state, and the leader by name behind it.
            leaders = (each for each in cast if each.leader and each.name == actor.name)
            return next((each for each in leaders if bare[actor.end : each.start] in {" ", ", "}), actor)
        return None
    return None


def _titled(match: re.Match[str], grammar: Grammar) -> str:
    return match[1] if grammar.is_title(match[1]) else match[0]


def source_at(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read a source that is nobody the rules know, by its own words, without articles."""
    if grammar.comma_before_clause:
        return _noun_phrase_at(bare, start, grammar)
    match = _SOURCE.match(bare, start)
    words = match.group(1).split() if match else []
    while words and words[0].lower() in grammar.determiners | grammar.genitive:
        words = words[1:]
    if match is None or not words:
        return None
    return Actor(start, match.end(), "group", " ".join(words))


def _noun_phrase_at(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read a German source as far as its nouns go: a verb may follow ("laut dem Amt für Häfen sank")."""
    small = grammar.determiners | grammar.genitive | {"für"}
    nouns: list[re.Match[str]] = []
    end = begin = _past(bare, start, grammar.determiners | grammar.genitive)
    for token in itertools.islice(re.compile(r"[^\s,.;:\"()–—]+").finditer(bare, begin), _MAX_WORDS):
        if bare[end : token.start()].strip() or token.group()[0].isdigit():
            break
        end = token.end()
        if token.group()[0].isupper():
            nouns.append(token)
        elif token.group() not in small and (nouns or not token.group().endswith(grammar.adjective_endings)):
            break
    if not nouns:
        return None
    return Actor(begin, nouns[-1].end(), "group", " ".join(bare[begin : nouns[-1].end()].split()))


def name_at(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read a name that no list has by its capitals, after adverbs: "dijo ayer Feijóo"."""
    start = _past(bare, start, grammar.adverbs - grammar.determiners)
    person = unknown_name_at(bare, start, grammar)
    return None if person is None else Actor(person.start, person.end, "person", person.name)


def description_at(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read a noun phrase with its article, after adverbs: "respondió ayer una periodista ucraniana".

    It ends before an adverb, a clause or a preposition other than of the genitive: "la relatora de la ONU".
    """
    start = _past(bare, start, grammar.adverbs - grammar.determiners)
    stops = (
        grammar.prepositions | grammar.determiners | grammar.adverbs | grammar.subordinate | grammar.clause
    )
    stops = (stops - grammar.genitive) | grammar.auxiliary | grammar.being
    articles = 0
    phrase: list[re.Match[str]] = []
    end = start
    while len(phrase) < _MAX_WORDS:
        token = re.compile(rf"\s*({TOKEN.pattern})").match(bare, end)
        if token is None:
            break
        lower = token.group(1).lower()
        if not phrase and lower.rstrip("’'") in grammar.determiners:
            articles += 1
        elif (
            lower in stops - grammar.determiners - grammar.genitive or lower in grammar.say | grammar.pronouns
        ):
            break
        else:
            phrase.append(token)
        end = token.end()
    joins = grammar.genitive | grammar.determiners
    # Nor before a pronoun: "el mandatario se".
    while phrase and (phrase[-1].group(1).lower() in joins or re.match(r"[a-z]{1,2}$", phrase[-1].group(1))):
        phrase.pop()
    if not articles or not phrase:
        return None
    begin, end = phrase[0].start(1), phrase[-1].end()
    return Actor(begin, end, "group", " ".join(bare[begin:end].split()))


def office_at(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read somebody by an office or a role alone, with an article: "der Kanzler", "el líder socialista"."""
    described = description_at(bare, start, grammar)
    words = words_of(described.name) if described is not None else []
    while words and words[0].islower() and words[0].lower().endswith(grammar.adjective_endings):
        words = words[1:]
    if not words or words[0].lower() in grammar.determiners:
        return None
    return described if grammar.is_title(words[0]) or words[0].lower() in grammar.roles else None


def follows_preposition(bare: str, actor: Actor, grammar: Grammar) -> bool:
    """Whether an actor is no subject: "mit Präsident Putin", "contre le PS"."""
    words = [word.rstrip("’'").lower() for word in TOKEN.findall(bare[: actor.start])]
    while words and words[-1] not in grammar.prepositions and may_precede(words[-1], grammar):
        if words.pop() in grammar.oblique:
            return True
    # "Des experts" at the beginning is an article, not "de" with one.
    if len(words) == 1 and words[0] in grammar.genitive:
        return False
    elided = {word.rstrip("’'") for word in grammar.prepositions}
    return bool(words) and words[-1] in elided


def is_titled(text: str, grammar: Grammar) -> bool:
    """Whether words before a name are titles, with articles and adjectives: "Der russische Präsident "."""
    words = words_of(text)
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        lower = word.lower()
        if lower in grammar.determiners or lower in grammar.genitive or grammar.is_title(word):
            continue
        # A name may end like an adjective: "Söder".
        adjective = lower.endswith(grammar.adjective_endings) and lower not in grammar.prepositions
        if not adjective or not (word.islower() or grammar.is_title(following)):
            return False
    return True


def is_noun_phrase(text: str, grammar: Grammar) -> bool:
    """Whether a text says what somebody is: "Le ministre de l'Intérieur", "die Bäckerin aus Varna"."""
    words = words_of(text)
    lower = [word.lower() for word in words]
    begin = 0
    while begin < len(words) and lower[begin] in grammar.determiners:
        begin += 1
    head = begin
    while head + 1 < len(words) and words[head].islower() and lower[head].endswith(grammar.adjective_endings):
        head += 1
    verbs = grammar.say | grammar.judge | grammar.being | grammar.auxiliary
    if head >= len(words) or verbs & set(lower[head + 1 :]):
        return False
    if grammar.is_title(words[head]) or lower[head] in grammar.offices | grammar.group_nouns:
        return True
    # A noun that no list has, with its article: what follows it is no verb.
    return (
        begin > 0
        and lower[head] not in grammar.prepositions | verbs
        and (head + 1 == len(words) or lower[head + 1] in grammar.prepositions | grammar.genitive)
    )


def _past(bare: str, start: int, words: frozenset[str]) -> int:
    """Return the offset behind words of a list, and the space after them."""
    while (token := re.compile(r"\s*([^\W\d_][\w’'-]*)").match(bare, start)) is not None:
        if token.group(1).lower() not in words:
            break
        start = token.end()
    return start + len(bare[start:]) - len(bare[start:].lstrip())
