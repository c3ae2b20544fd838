"""A sentence with a quotation in, the few words beside it that say whose it is out.

Verbs of saying are listed, and no list has all of them: "the senator fired back", "polterte Söder". That
somebody speaks shows by where the quotation stands as well: a clause with few words behind it, or one behind
a colon. Titles ("War and Peace") and words in scare quotes stand within sentences of the outlet.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

from harness.articles.actors import Actor, actor_at
from harness.articles.grammar import Grammar
from harness.articles.quotations import MIN_QUOTED
from harness.articles.word_lists import either, words_of
from harness.values.parties import Span

# Words of a tag, unless the quotation is longer: with more of them the outlet may say something itself.
_MAX_WORDS, _MAX_BEHIND_CLAUSE = 8, 16
# Words between a quotation and the name behind an unknown verb: "shot back Merz", "s'est alors emporté X".
_MAX_VERB = 4
_MARKS = "“”\"„‟«»‘’'‚‹›"
_STOPS = (",", ".", "!", "?", "…", "—", "–")
_BEING = re.compile(rf"\s+(?:{either('being')})\b")
_ARTICLE = re.compile(r"(?i)(?:the|an?)\s")
# What may be a verb behind a name with an article: "the Greens pointed out".
_VERB = re.compile(r"\s+[a-z]+(?:ed|s)\b|\s*[,.:]|\s*$")
_NO_VERBS = words_of("determiners") | words_of("prepositions") | words_of("no_actors") | {"he", "she", "they"}


def tag_beside_quotation(text: str, bare: str, small: Collection[str]) -> Span | None:
    """Find the tag of a quotation: what stands behind one that begins a sentence, or before one that ends it.

    Parameters
    ----------
    text : str
        A sentence.
    bare : str
        The same, its quotations blanked.
    small : collection of str
        Words that are written small in titles, in lower case.

    Returns
    -------
    (int, int) or None
        None where nothing is quoted, or where it may be a title or a phrase.
    """
    runs = [match.span() for match in re.finditer('"[" ]*"', bare)]
    if not runs:
        return None
    quoted = [_words(text[start:end]) for start, end in runs]
    number = sum(map(len, quoted))
    outside = len(_words(bare))
    start, end = runs[0]
    # A comma within the marks belongs to a clause more often than one behind them.
    clause = text[:end].rstrip(_MARKS + " ").endswith(",") and number > MIN_QUOTED
    few = 0 < outside <= max(_MAX_BEHIND_CLAUSE if clause else _MAX_WORDS, number)
    # "“Russia,” he shot back, “is near”": the words of both parts together are no title.
    first = quoted[0] if len(quoted[0]) >= MIN_QUOTED else [*itertools.chain(*quoted)]
    if not _words(bare[:start]) and few and number >= MIN_QUOTED and not _is_title(first, small):
        until = runs[1][0] if len(runs) > 1 else len(text)
        return (end, until) if _ends(text, end, bare[end:].lstrip()) else None
    start, end = runs[-1]
    words = text[start:end].strip(_MARKS + " ")
    alone = len(runs) == 1 and not _words(bare[end:])
    if alone and number >= MIN_QUOTED and not _is_title(quoted[0], small):
        mark = bare[:start].rstrip()[-1:]
        if mark == ":" or (mark == "," and few and words[:1].isupper()):
            return (0, start)
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_][\w’'-]*", text)


def _is_title(words: Sequence[str], small: Collection[str]) -> bool:
    """Whether words may be a title: "The Art of the Deal"."""
    return all(not word[0].islower() or word in small for word in words)


def _ends(text: str, end: int, behind: str) -> bool:
    """Whether a quotation ends like a clause; behind "?" or "!" a name or an article must follow."""
    last = text[:end].rstrip(_MARKS + " ")[-1:]
    if behind.startswith(",") or last == ",":
        return True
    first = (_words(behind) or [""])[0]
    return last in _STOPS and (first[:1].isupper() or first in ("the", "a", "he", "she", "they", "it"))


def speaker_in_tag(text: str, bare: str, tag: Span, cast: Sequence[Actor]) -> Actor | None:
    """Return who begins an English tag, or who stands behind its verb: "shot back Merz"."""
    start = tag[0] + len(bare[tag[0] :]) - len(bare[tag[0] :].lstrip(" ,"))
    actors = _actors(bare, tag, cast)
    if actors and actors[0].kind == "pronoun" and actors[0].start == start:
        return actors[0]
    first = actor_at(text, bare, start, cast)
    if first is not None:
        # "“…,” Merz was told", "“…,” the Varna rower shrugged off": somebody else spoke.
        described = first.kind != "group" and _ARTICLE.match(bare, start) is not None
        other = _BEING.match(bare, first.end) or (described and not _VERB.match(bare, first.end))
        return None if first.end > tag[1] or other else first
    if len({actor.name for actor in actors}) != 1:
        return None
    words = bare[start : actors[0].start].split()
    verb = 0 < len(words) <= _MAX_VERB and all(word.islower() and word not in _NO_VERBS for word in words)
    return actors[0] if verb and not re.match(r"[’']", bare[actors[0].end :]) else None


def speaker_in_tag_of(bare: str, tag: Span, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return the only actor of a tag in another language: its subject, before or behind an unknown verb."""
    actors = _actors(bare, tag, cast)
    clitic = grammar.clitics.search(" ".join(bare[slice(*tag)].split()[:_MAX_VERB]))
    if clitic is not None and not actors:
        return Actor(*tag, "pronoun", clitic.group(1).lower())
    begin = tag[0] + len(bare[slice(*tag)]) - len(bare[slice(*tag)].lstrip(" ,"))
    # "Anne Riou, maire de Varna : « … »"
    if actors and actors[0].start == begin and actors[0].kind in ("person", "party"):
        return actors[0]
    if len({actor.name for actor in actors}) != 1:
        return None
    actor = actors[0]
    words = [
        word.lower().replace("’", "'")
        for word in re.findall(r"[^\W_][\w-]*[’']?", bare[tag[0] : actor.start])
    ]
    while words and (words[-1] in grammar.determiners or grammar.is_title(words[-1])):
        words.pop()
    other = grammar.prepositions | grammar.genitive | grammar.determiners | grammar.agent
    return actor if len(words) <= _MAX_VERB and not other & {*words} else None


def _actors(bare: str, tag: Span, cast: Sequence[Actor]) -> list[Actor]:
    return [
        actor for actor in cast if tag[0] <= actor.start and actor.end <= tag[1] and bare[actor.start] != '"'
    ]
