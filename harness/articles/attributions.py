"""A sentence and who is named in it in, to whom it attributes words or judgements out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, ActorKind, Attribution, actor_at, may_precede_name, with_staff
from harness.articles.comments import is_commented_on
from harness.articles.idioms import idiom_attributions
from harness.articles.quotations import blank_quotations
from harness.articles.verb_subjects import clause_subject
from harness.articles.verbs import verb_attributions
from harness.articles.word_lists import DOCUMENTS, TITLES

_STAMP = re.compile(r"^\d{1,2}[:.]\d\d\s*[-–—]\s*")

_COLON = re.compile(
    r"^(?P<who>[^:“”\"!?]{2,60}?)(?P<rest>\s+(?:to reporters|on [\w ’'-]{2,30}|says?|said|verdict|writes?))?"
    r":\s+(?P<said>\S.*)$"
)
_WRITTEN_BY = re.compile(
    rf"(?i)^(?:\W*\w+){{0,3}}?\W*(?:{'|'.join(sorted(DOCUMENTS))}|reaction|response|word)\s+(?:by|from|of)\s+"
    r"(?:(?:the|mr|mrs|ms|dr|prof)\b\.?\s*)*$|^from\s+(?:[\w’'-]+\s+)*$"
)
_KIN = re.compile(
    r"(?i)\b(?:my|our|@\w+:)\s[^.;!?]*?\b((?:grand)?(?:mother|father)|mum|mam|dad|gran|granny|nan|grandad|uncle|aunt|brother|sister|"
    r"son|daughter|cousin|wife|husband|neighbour|neighbor|boss|landlord|teacher)\b(?![’'])[^.;!?]*?"
    r"\b(?:says|said|reckons|thinks|swears|insists|claims)\b"
)
_SEAT = re.compile(
    r"^(?:The\s+)?((?:Member|Deputy|Delegate|Speaker|Chair|President|Senator|Representative)\b.*)$"
)
_ACCORDING = re.compile(
    r"(?i)\b(?:according\s+to|(?:in|by|on)\s+the\s+(?:words|view|opinion|eyes|account|telling|judgement|judgment|"
    r"reckoning|admission|estimation|phrase|assessment)\s+of|per)\s+"
)
_ANY_NOUN = re.compile(
    r"(?:the|an?|its|their|his|her)\s+((?:[a-z][\w’'-]*\s+){0,3}?[a-z][\w’'-]*)(?=[,.;:\"]|\s+(?:who|which|that|from|by|in|on|of|released|published|obtained|seen)\b|$)"
)


def find_attributions(
    text: str, cast: Sequence[Actor], *, transcript: bool, posts: bool, inside: bool = False
) -> list[Attribution]:
    """Find attributions.

    Parameters
    ----------
    text : str
    cast : sequence of Actor
    transcript : bool
        Lines begin with who speaks.
    posts : bool
        A thread of posts, each of them its author's view.
    inside : bool
        Whether a quotation is open at the beginning.

    Returns
    -------
    list of Attribution
        The weightiest first, of equal weight the earlier.
    """
    bare = blank_quotations(text, inside=inside)
    stamp = _STAMP.match(text)
    start = stamp.end() if stamp else 0
    bare = " " * start + bare[start:]
    found = [*_prefixed(text, start, cast, transcript=transcript, posts=posts)]
    found += _according(text, bare, cast)
    if not _is_question(bare):
        told = [*verb_attributions(text, bare, cast), *idiom_attributions(text, bare, cast)]
        found += [one for one in told if not is_commented_on(bare, one.at)]
    if posts:
        found += _kin(bare)
    elif not found:
        found += _quoting(bare, cast)
    least = 3.0 if posts else 1.0 if transcript else _least(bare)
    return sorted((one for one in found if one.weight >= least), key=lambda one: (-int(one.weight), one.at))


def _kin(bare: str) -> Iterator[Attribution]:
    """Give a post to the relative whom its author reports: "my aunt was there, says"."""
    for match in _KIN.finditer(bare):
        yield Attribution(
            Actor(match.start(1), match.end(1), "group", match.group(1).lower()), match.start(), 3
        )


def _quoting(bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Give words at length in quotation marks to whom the sentence begins with."""
    if re.search(r"\"{30,}", bare):
        actor = clause_subject(bare, bare, cast)
        if actor is not None and not re.match(r"[’']", bare[actor.end :]):
            yield Attribution(actor, 0, 1)


def _is_question(bare: str) -> bool:
    """Whether the writer asks, rather than tells what somebody said."""
    return bare.rstrip().endswith("?") and '"' not in bare


def _least(bare: str) -> float:
    """Ask for more where the writer speaks as "I" or "we": reported words serve a purpose of his own."""
    if re.search(r"(?<!asks us )\b(?:I|[Ww]e)\b(?! ought)", bare):
        return 2.5
    return (
        2
        if re.search(r"(?i)(?<!told )(?<!tells )(?<!asks )(?<!asked )(?<!showed )\b(?:my|our|us|me)\b", bare)
        else 1
    )


def _prefixed(
    text: str, start: int, cast: Sequence[Actor], *, transcript: bool, posts: bool
) -> Iterator[Attribution]:
    match = _COLON.match(text[start:])
    if match is None or posts:
        return
    who, said = match.group("who"), match.group("said")
    begin, end = start, start + match.end("who")
    inside = [one for one in cast if begin <= one.start and one.end <= end and one.kind != "pronoun"]
    covers = [one for one in inside if one.end == end and _only_titles(text[begin : one.start], one.via)]
    quote = said[:1] in "“\"‘'"
    seat = _SEAT.match(who)
    if seat and not covers and (transcript or quote):
        words = re.sub(r"^(?:Member|Delegate)\b", lambda one: one.group().lower(), seat.group(1))
        words = (
            words if not words.startswith(("Deputy ", "Speaker", "Chair")) else words.removeprefix("Deputy ")
        )
        kind: ActorKind = "person" if who.startswith("Deputy") else "group"
        yield Attribution(Actor(begin, end, kind, words if words != "Speaker" else "speaker"), begin, 4)
    elif covers and (transcript or quote or match.group("rest") or _is_clause(said) or not text[0].isascii()):
        yield Attribution(covers[0], begin, 4 if transcript or quote else 2.5)
    elif _WRITTEN_BY.search(text[begin : inside[-1].start] if inside else ""):
        yield Attribution(inside[-1], begin, 2.5)
    elif quote and inside:
        leading = [
            one for one in inside if all(may_precede_name(word) for word in text[begin : one.start].split())
        ]
        yield Attribution(with_staff(text, leading[0]) if leading else inside[-1], begin, 2.5)


def _only_titles(text: str, name: str) -> bool:
    words = [word for word in re.findall(r"[^\s#]+", text) if any(one.isalpha() for one in word)]
    return all(word.lower().rstrip(".") in TITLES or word in ("The", *name.split()) for word in words)


def _is_clause(said: str) -> bool:
    """Whether what follows a name and a colon reads as a statement rather than as a list or a label."""
    return (
        (bool(re.match(r"[A-Z“\"‘'\[]|we |I |ship ", said)) and len(said.split()) > 2)
        or '"' in said
        or "“" in said
    )


def _according(text: str, bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    for match in _ACCORDING.finditer(bare):
        actor = actor_at(text, bare, match.end(), cast)
        noun = _ANY_NOUN.match(bare[match.end() :]) if actor is None else None
        if noun is not None:
            words = noun.group(1).split()
            actor = Actor(match.end(), match.end() + noun.end(), "group", " ".join(words[-2:]).lower())
        if actor is None:
            outlet = re.match(r"(?:the\s+)?([A-Z][\w’'.-]*(?:\s+[A-Z][\w’'.-]*)*)", text[match.end() :])
            if outlet:
                actor = Actor(match.end(), match.end() + outlet.end(), "group", outlet.group(1).rstrip("."))
        if actor is not None:
            yield Attribution(actor, match.start(), 3)
