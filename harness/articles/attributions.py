"""A sentence and its actors in, to whom it attributes words or judgements out.

Attributions come from four kinds of evidence, each with patterns of its own: a name before a colon (here),
"according to" (here), verbs (:mod:`harness.articles.verbs`) and set phrases (:mod:`harness.articles.idioms`).
The patterns are English, their words in ``languages/en.yaml``; they were written on the errors of Partyline's
train and dev and of SEESAW's train stories (experiments/holders).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, ActorKind, Attribution, actor_at, may_precede_name, with_staff
from harness.articles.comments import is_commented_on
from harness.articles.datelines import dateline_end
from harness.articles.headlines import without_capitals
from harness.articles.idioms import idiom_attributions
from harness.articles.quotations import blank_quotations, words_after_quotation
from harness.articles.transcripts import english_speaker
from harness.articles.verb_subjects import clause_subject
from harness.articles.verbs import verb_attributions
from harness.articles.word_lists import DOCUMENTS, FORMS, NOUNS, TITLES, either

# "12.30 - ", "2:30pm ET", "3 p.m.: ": the time that opens an entry of a live blog.
_TIMESTAMP = re.compile(
    r"^\d{1,2}(?:[:.]\d\d(?:\s?[ap]\.?m\b\.?)?|\s?[ap]\.?m\b\.?)(?:\s(?:GMT|BST|UTC|CES?T|[ECMP][SD]?T)\b)?"
    r"\s*(?:[-–—:|]\s*|\s(?=[A-Z]))"
)

# "Mr Kim to reporters: We won."
_COLON = re.compile(
    r"^(?P<who>(?:[^:“”\"!?]|(?<=\d):(?=\d)){2,60}?)"
    r"(?P<rest>\s+(?:to reporters|on [\w ’'-]{2,30}|says?|said|verdict|writes?))?:\s+(?P<statement>\S.*)$"
)
_IN_BRACKETS = re.compile(r"(?:\s*\([^()]*\))+$")
# "“We won”: Kim hits out", "“We won” – President Kim": a headline, and words that stand alone.
_AFTER = re.compile(r"\W*\"\s*(?P<mark>[:—–-])\s+")
# "A letter from the Mr Kim" before the colon: who wrote the document.
_WRITTEN_BY = re.compile(
    rf"(?i)^(?:\W*\w++){{0,3}}?\W*(?:{'|'.join(sorted(DOCUMENTS))}|{either('messages')})\s+(?:by|from|of)\s+"
    r"(?:(?:the|mr|mrs|ms|dr|prof)\b\.?\s*)*$|^from\s+(?:[\w’'-]+\s+)*$"
)
# "my aunt was there and says": the relative whose view a post reports.
_KIN = re.compile(
    rf"(?i)\b(?:my|our|@\w+:)\s[^.;!?]*?\b({either('relatives')})\b(?![’'])[^.;!?]*?"
    rf"\b(?:{either('relatives_say')})\b"
)
# "The Member for Tilla": a seat or an office in the minutes of a debate.
_SEAT = re.compile(rf"^(?:The\s+)?((?:{either('seats')})\b.*)$")
_ACCORDING = re.compile(rf"(?i)\b(?:{either('according_before')})\s+")
# "calls itself “moderate”, but": what follows is not about the words.
_OTHER_CLAUSE = re.compile(rf"(?:{either('contrasts')}|{either('subordinate')}|which|who|that)$")
# After "according to" any noun will do, of documents too: "according to the latest figures".
_ANY_NOUN = re.compile(
    r"(?:the|an?|its|their|his|her)\s+((?:[a-z][\w’'-]*\s+){0,3}?[a-z][\w’'-]*)"
    rf"(?=[,.;:\"]|\s+(?:{either('document_ends')})\b|$)"
)


def find_attributions(
    text: str, cast: Sequence[Actor], *, transcript: bool, posts: bool, inside: bool = False
) -> list[Attribution]:
    """Find to whom a sentence attributes words or judgements.

    Parameters
    ----------
    text : str
    cast : sequence of Actor
        The actors of the sentence, in order.
    transcript : bool
        Whether each line of the text begins with its speaker, as in minutes.
    posts : bool
        Whether the text is a thread of posts, each of them its author's view.
    inside : bool
        Whether a quotation is open at the beginning of the sentence.

    Returns
    -------
    list of Attribution
        The heaviest first; of equal weight, rounded down, the earlier one. Those too light for the kind of
        text are left out.
    """
    bare = blank_quotations(text, inside=inside)
    timestamp = _TIMESTAMP.match(text)
    start = timestamp.end() if timestamp else 0
    bare = " " * start + bare[start:]
    attributions = [*_before_colon(text, start, cast, transcript=transcript, posts=posts)]
    attributions += [*_after_mark(text, bare, start, cast), *_according_to(text, bare, cast)]
    if not _is_question(bare):
        lower, actors = without_capitals(bare, cast)
        reported = [*verb_attributions(text, lower, actors), *idiom_attributions(text, lower, actors)]
        attributions += [each for each in reported if not is_commented_on(bare, each.position)]
    if posts:
        attributions += _relatives(bare)
    elif not attributions:
        attributions += _quoted_at_length(bare, cast)
    # A post is its author's view unless the evidence is strong; minutes are always somebody's words.
    threshold = 3.0 if posts else 1.0 if transcript else _min_weight(bare)
    return sorted(
        (each for each in attributions if each.weight >= threshold),
        key=lambda each: (-int(each.weight), each.position),
    )


def says_after_quotation(text: str, *, inside: bool) -> bool:
    """Whether a verb of saying follows a quotation, whoever its subject is: "“It is over,” it said".

    Not where the writer comments on the words, or speaks as "I".
    """
    bare = blank_quotations(text, inside=inside)
    return _min_weight(bare) == 1 and any(
        not is_commented_on(bare, position)
        and not _OTHER_CLAUSE.match(words[0])
        and any(FORMS.get(word, ("", ""))[1] == "say" and word not in NOUNS for word in words)
        for position, words in words_after_quotation(text, bare)
    )


def _relatives(bare: str) -> Iterator[Attribution]:
    """Attribute a post to the relative whom its author reports: "my aunt was there, says"."""
    for match in _KIN.finditer(bare):
        yield Attribution(
            Actor(match.start(1), match.end(1), "group", match.group(1).lower()), match.start(), 3
        )


def _quoted_at_length(bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Attribute a long quotation to the actor with whom the sentence begins."""
    # Blanked quotations are runs of marks: thirty are more than a word or two in scare quotes.
    if re.search(r"\"{30,}", bare):
        actor = clause_subject(bare, bare, cast)
        if actor is not None and not re.match(r"[’']", bare[actor.end :]):
            yield Attribution(actor, 0, 1)


def _is_question(bare: str) -> bool:
    """Whether the writer asks, rather than reports what somebody said."""
    return bare.rstrip().endswith("?") and '"' not in bare


def _min_weight(bare: str) -> float:
    """Return the least weight that counts: more where the writer speaks as "I" or "we".

    Such a writer reports words to make a point of their own, so that a plain "said" is too little.
    """
    if re.search(r"(?<!asks us )\b(?:I|[Ww]e)\b(?! ought)", bare):
        return 2.5
    return (
        2
        if re.search(r"(?i)(?<!told )(?<!tells )(?<!asks )(?<!asked )(?<!showed )\b(?:my|our|us|me)\b", bare)
        else 1
    )


def _before_colon(
    text: str, start: int, cast: Sequence[Actor], *, transcript: bool, posts: bool
) -> Iterator[Attribution]:
    """Read the speaker or author before a colon: "President Kim: “We won.”", "Letter from Ada Orrin: ..."."""
    match = _COLON.match(text[start:])
    if match is None or posts or dateline_end(text) == match.start("statement"):
        return
    speaker, statement = match.group("who"), match.group("statement")
    # "Mr Bray (Coastal Union)": for whom somebody speaks.
    begin, end = start, start + len(_IN_BRACKETS.sub("", speaker))
    inside = [
        actor for actor in cast if begin <= actor.start and actor.end <= end and actor.kind != "pronoun"
    ]
    covers = [
        actor for actor in inside if actor.end == end and _only_titles(text[begin : actor.start], actor.via)
    ]
    if covers and covers[0].kind == "party" and not covers[0].leader and statement[:1].isdigit():
        return  # "Varna: 41 percent", a result
    is_quote = statement[:1] in "“\"‘'"
    seat = _SEAT.match(speaker)
    if seat and not covers and (transcript or is_quote):
        words = re.sub(r"^(?:Member|Delegate)\b", lambda title: title.group().lower(), seat.group(1))
        words = (
            words if not words.startswith(("Deputy ", "Speaker", "Chair")) else words.removeprefix("Deputy ")
        )
        kind: ActorKind = "person" if speaker.startswith("Deputy") else "group"
        yield Attribution(Actor(begin, end, kind, words if words != "Speaker" else "speaker"), begin, 4)
    elif covers and (
        transcript or is_quote or match.group("rest") or _is_clause(statement) or not text[0].isascii()
    ):
        yield Attribution(covers[0], begin, 4 if transcript or is_quote else 2.5)
    elif transcript and (label := english_speaker(text, start, cast)) is not None:
        yield Attribution(label, begin, 4)
    elif _WRITTEN_BY.search(text[begin : inside[-1].start] if inside else ""):
        yield Attribution(inside[-1], begin, 2.5)
    elif is_quote and inside:
        leading = [
            actor
            for actor in inside
            if all(may_precede_name(word) for word in text[begin : actor.start].split())
        ]
        yield Attribution(with_staff(text, leading[0]) if leading else inside[-1], begin, 2.5)


def _after_mark(text: str, bare: str, start: int, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read the speaker behind a quotation and a colon or dash: "“We won”: Kim hits out"."""
    match = _AFTER.match(bare, start)
    actor = actor_at(text, bare, match.end(), cast) if match else None
    if match is None or actor is None or actor.kind == "pronoun":
        return
    # A dash introduces a remark as well, unless the name is all that follows.
    if match["mark"] == ":" or re.fullmatch(r"[,.]?|,\s[^.;:]*", bare[actor.end :]):
        yield Attribution(actor, match.start("mark"), 2.5)


def _only_titles(text: str, name: str) -> bool:
    words = [word for word in re.findall(r"[^\s#]+", text) if any(map(str.isalpha, word))]
    return all(word.lower().rstrip(".") in TITLES or word in ("The", *name.split()) for word in words)


def _is_clause(statement: str) -> bool:
    """Whether what follows a name and a colon reads as a statement rather than as a list or a label."""
    return (
        (bool(re.match(r"[A-Z“\"‘'\[]|we |I |ship ", statement)) and len(statement.split()) > 2)
        or '"' in statement
        or "“" in statement
    )


def _according_to(text: str, bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read who follows "according to" or "in the view of": an actor, any noun, or any capitalised name."""
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
