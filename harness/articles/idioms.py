"""A sentence and its actors in, what set phrases and nouns of saying attribute out.

"puts it down to", "in Crane's view", "drew praise from": attributions without a verb of saying.
The phrases are in ``languages/en.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, Attribution, actor_at
from harness.articles.verb_subjects import subject_before
from harness.articles.word_lists import either

# "made it clear", "put the leak down to", "paid tribute to", "is convinced that": the subject judges.
_PHRASE = re.compile(rf"\b(?:{either('judging_phrases')})")
# "considers Varna a bully", "finds it too dear": a verb of thinking with a judgement as its object.
_JUDGEMENT = r"\w+(?:ing|ful|ous|ive|able|ible|less|ish)\b"
_JUDGED = re.compile(
    rf"\b(?:{either('thinking')})\s+[^.;:,]{{2,40}}?\s"
    rf"(?:an?\s+\w+|to\s+be|too\s|very\s|{_JUDGEMENT}(?=[.,;]|\s+and\b|\s*$))"
    rf"|\bfinds?\s+[^.;:,]{{2,40}}?\s(?:too\s|very\s|{_JUDGEMENT}(?=[.,;]|\s*$))"
)
# "as Crane put it"
_AS = re.compile(r"\b[Aa]s\s+")
_PUT = re.compile(rf"(?:[’']s\s+\w+)?\s+(?:{either('puts')})\s+(?:it|them|things)\b")
# "is seen by Crane as"
_SEEN = re.compile(rf"\b(?:{either('seen')})\s+(?:\w+ly\s+)?(?:by|in|among)\s+")
_SEEN_AS = re.compile(r"\s+as\b")
_ANYTHING = re.compile("")
# Negated, modal or infinitive: it is not said that anybody judged.
_NOT = re.compile(rf"(?i)\b(?:{either('negation')}|or)\s+$")
# In a clause that depends on another the phrase is not what the sentence states.
_DEPENDS = re.compile(rf"(?i)\b(?:{either('subordinate')})\b[^,;]*$")
# "in Crane's view"
_OWNED = re.compile(rf"[’']s?\s+(?:own\s+)?(?:{either('views')}|{either('views_of_somebody')})\b")
# "in her view": of whom, as with "she said".
_THEIR_VIEW = re.compile(
    rf"(?:^\W*|(?<=[,;:—–-]\s))[Ii]n\s+(his|her|their)\s+(?:own\s+)?(?:{either('views')})(?=[,.;:]|\s*$)"
)
_SUBJECTS = {"his": "he", "her": "she", "their": "they"}
# "Crane's verdict was that"
_STATED = re.compile(
    rf"[’']s?\s+(?:own\s+)?(?:{either('statements')})"
    r"(?:\s+(?:to|on|about|of|for)\s+[^,.;:]{2,30}?)?(?:\s+(?:is|was|remains|remained|came)(?:\s+\w+(?=:))?)?\s*(?:,\s+)?(?:that\b|:|\")"
)
# "drew praise from Bray", "came under fire from"
_RECEIVED = re.compile(
    rf"(?i)\b(?:{either('receiving')})\s+(?:with\s+)?(?:[\w’'-]+\s+){{0,2}}?(?:{either('received')})\s+"
    r"(?:for\s+[\w’' -]{2,40}?\s+)?(?:from|by)\s+"
)
# "For Crane, Varna is a bully."
_VIEWED = re.compile(r"^(?:For|To)\s+")


def idiom_attributions(text: str, bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Yield what set phrases attribute.

    Parameters
    ----------
    text : str
        A sentence.
    bare : str
        The same with quotations blanked: :func:`harness.articles.quotations.blank_quotations`.
    cast : sequence of Actor
        The actors of the sentence.

    Yields
    ------
    Attribution
        Of weight 1.5 to 3.
    """
    for match in [*_PHRASE.finditer(bare), *_JUDGED.finditer(bare)]:
        before = bare[: match.start()]
        if _NOT.search(before) or _DEPENDS.search(before):
            continue
        actor = subject_before(bare, before, cast, main=True)
        if actor is not None:
            yield Attribution(actor, match.start(), 2)
    yield from _views(bare, cast)
    for pattern, following, weight in ((_RECEIVED, _ANYTHING, 1.5), (_AS, _PUT, 2), (_SEEN, _SEEN_AS, 2)):
        for match in pattern.finditer(bare):
            actor = actor_at(text, bare, match.end(), cast)
            if actor is not None and following.match(bare[actor.end :]):
                yield Attribution(actor, match.start(), weight)
    # "For Varna, the toll is good" says who gains by it, not who thinks so; "For Crane" may be her view.
    lead = _VIEWED.match(bare)
    viewer = actor_at(text, bare, lead.end(), cast) if lead else None
    if viewer is None or (viewer.kind == "party" and not viewer.leader):
        return
    if re.match(r",\s+(?!who\b|which\b|whose\b)", bare[viewer.end :]):
        yield Attribution(viewer, 0, 2)


def _views(bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Yield those whose view, verdict or answer the sentence states."""
    for match in _THEIR_VIEW.finditer(bare):
        yield Attribution(Actor(*match.span(1), "pronoun", _SUBJECTS[match[1]]), match.start(), 2)
    for actor in cast:
        rest, before = bare[actor.end :], bare[: actor.start]
        if _OWNED.match(rest) and re.search(r"\b(?:[Ii]n|[Bb]y|[Oo]n|[Tt]o)\s+(?:\w+\s+)?$", before):
            yield Attribution(actor, actor.start, 3)
        elif _STATED.match(rest) and not _DEPENDS.search(before):
            yield Attribution(actor, actor.start, 2)
