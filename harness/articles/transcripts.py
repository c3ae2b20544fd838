"""The sentences of minutes, debates and dialogues in, whose turn each of them belongs to out.

In minutes the lines of speakers begin with their names ("Mr Bray: ..."), in a dialogue of French or Spanish
with a dash. What stands in a line is its speaker's to the end, and so are lines without a name that follow it
up to the next speaker.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from harness.articles.actors import Actor, may_precede_name
from harness.articles.foreign_phrases import is_titled, name_at, words_of
from harness.articles.grammar import Grammar
from harness.articles.sentences import Sentence
from harness.articles.text_kinds import SPEAKER, first_of_lines
from harness.articles.word_lists import TITLES

# "—No es verdad —dijo": a dash right before the first word; behind one with a space stands an item of a list.
_DASH = re.compile(r"[—–][\w¿¡«“\"]")
# "(Applause)": what happens in between.
_ASIDE = re.compile(r"[(\[].*[)\]][.!]?")


def is_dash(sentence: Sentence) -> bool:
    """Whether a sentence opens somebody's turn in a dialogue with a dash."""
    return _DASH.match(sentence.text) is not None


def speaker_of(text: str, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return whom the label of a line of minutes means, in another language than English.

    An actor whom titles alone precede, an office, or the name as it is written. A word in capitals that is
    nobody's surname is the outlet that asks ("ZEIT: "), whose words are its own; a result is nobody's words.
    """
    label = SPEAKER.match(text)
    if label is None or text[label.end() : label.end() + 1].isdigit():
        return None
    who = label["who"]
    for actor in cast:
        before = text[: actor.start]
        # "Jordan BARDELLA": a leader's surname in capitals, behind the given name.
        whole = actor.leader and {*before.lower().split()} <= {*actor.via.lower().split()}
        if actor.kind != "pronoun" and actor.end == len(who) and (whole or is_titled(before, grammar)):
            return actor
    words = words_of(who)
    if all(grammar.is_title(word) or word.lower() in grammar.determiners for word in words):
        office = [word for word in words if word.lower() not in grammar.determiners]
        return Actor(0, label.end(), "group", " ".join(office)) if office else None
    return None if who.isupper() else _whole_name(who, grammar)


def _whole_name(who: str, grammar: Grammar) -> Actor | None:
    name = name_at(who, 0, grammar)
    return name if name is not None and name.end == len(who) else None


def english_speaker(text: str, start: int, cast: Sequence[Actor]) -> Actor | None:
    """Return whom the label of a line of minutes in English means, as :func:`speaker_of` does.

    The name may stand in brackets behind an office: "The Harbour Minister (Ada Orrin): ".
    """
    label = SPEAKER.match(text[start:])
    if label is None:
        return None
    who, end = label["who"], start + len(label["who"])
    named = [actor for actor in cast if actor.end <= start + label.end() and actor.kind != "pronoun"]
    for actor in named:
        if actor.end == end and all(may_precede_name(word) for word in text[start : actor.start].split()):
            return actor
    words = who.split()
    if words[-1].lower() in TITLES:
        people = (actor for actor in named if actor.start > end and (actor.kind == "person" or actor.leader))
        office = " ".join(word for word in words if word.lower() not in ("the", "mr", "mrs", "ms", "madam"))
        return next(people, Actor(start, end, "group", office.lower()))
    # "The Gazette: " is the outlet that asks, and so is a word in capitals that is nobody's surname.
    is_name = words[0] != "The" and not who.isupper() and all(word[:1].isupper() for word in words)
    return Actor(start, end, "person", who) if is_name else None


def quoted_lines(sentences: Sequence[Sentence]) -> frozenset[int]:
    """Return the indices of the sentences in lines that begin with ">", as mail and Markdown quote."""
    paragraphs = {each.paragraph for each in first_of_lines(sentences) if each.text.startswith("> ")}
    return frozenset(n for n, sentence in enumerate(sentences) if sentence.paragraph in paragraphs)


def turns(sentences: Sequence[Sentence], *, transcript: bool) -> dict[int, int]:
    """Find the sentences that go on with somebody's turn.

    Parameters
    ----------
    sentences : sequence of Sentence
        All of an article.
    transcript : bool
        Whether its lines begin with their speakers; else only a line with a dash is a turn.

    Returns
    -------
    dict
        Index of a sentence → that of the sentence which opens the turn. Lines after the last speaker's are
        not in it: there the writer may speak again.
    """
    opening: int | None = None
    opened_by: dict[int, int] = {}
    last = max((n for n, each in enumerate(sentences) if transcript and SPEAKER.match(each.text)), default=-1)
    for number, sentence in enumerate(sentences):
        begins = number == 0 or sentence.paragraph != sentences[number - 1].paragraph
        if begins and (SPEAKER.match(sentence.text) if transcript else is_dash(sentence)):
            opening = number
            continue
        if sentence.kind != "body" or (begins and (not transcript or number > last)):
            opening = None
        if opening is not None and not _ASIDE.fullmatch(sentence.text):
            opened_by[number] = opening
    return opened_by


def set_off(sentences: Sequence[Sentence]) -> dict[int, int]:
    """Find the sentences of a paragraph that a colon at the end of the one before introduces: "She said:".

    Returns
    -------
    dict
        Index of a sentence → that of the one with the colon, as :func:`turns` returns them. Paragraphs with
        marks of quotation are left out: these tell how far the words go.
    """
    groups = itertools.groupby(enumerate(sentences), key=lambda numbered: numbered[1].paragraph)
    introduced: dict[int, int] = {}
    for before, paragraph in itertools.pairwise([list(group) for _, group in groups]):
        number, last = before[-1]
        marked = any(re.search(r"[“”„«»\"]", sentence.text) for _, sentence in paragraph)
        if not marked and last.kind == "body" and last.in_article and last.text.endswith(":"):
            introduced |= {index: number for index, sentence in paragraph if sentence.kind == "body"}
    return introduced
