"""A sentence and its actors in, what set phrases and nouns of saying attribute out.

"puts it down to", "in Crane's view", "drew praise from": attributions without a verb of saying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, Attribution, actor_at
from harness.articles.verb_subjects import subject_before

_OBJECT = r"\s+[^.;:,]{2,60}?\s"
# "made it clear", "put the leak down to", "paid tribute to", "is convinced that": the subject judges.
_PHRASE = re.compile(
    r"\b(?:let(?:s|ting)?\s+(?:it\s+be\s+known|slip)|ma(?:ke|kes|de|king)\s+(?:it\s+)?(?:clear|plain|known|no\s+secret)"
    r"|t(?:ake|akes|ook)\s+(?:pains\s+to\s+(?!be\b)\w+|issue|exception|aim)\b|g(?:o|oes|one)\s+on\s+record|went\s+on\s+record"
    rf"|puts?{_OBJECT}down\s+to|g(?:ive|ives|ave|iven){_OBJECT}(?:(?:the|no|full|all|entire|some)\s+)*(?:credit|blame)\b"
    r"|la(?:y|ys|id)\s+(?:all\s+)?(?:the\s+)?(?:blame|responsibility|fault)\b|pa(?:y|ys|id)\s+tribute\s+to"
    r"|(?:pour|heap)(?:s|ed)?\s+(?:scorn|contempt|ridicule|praise|blame|cold\s+water)\b"
    r"|(?:hit|hits|lash|lashes|lashed)\s+(?:out|back)\s+at|beg(?:s|ged)?\s+to\s+differ"
    r"|sp(?:eak|eaks|oke)\s+(?:\w+ly\s+|well\s+|ill\s+)?of|(?:hold|holds|held)(?:\s+[^.;:]{2,60}?\s)(?:to\s+blame|responsible|accountable|guilty)"
    rf"|(?:see|sees|saw|view|views|viewed|cast|casts|paints?|painted|remembers?|remembered){_OBJECT}as\b"
    rf"|count(?:s|ed)?{_OBJECT}among\b"
    r"|(?:has|have|had|put|puts|place|places|placed)\s+(?:\w+\s+)?(?:faith|trust|confidence)\s+in"
    r"|(?:has|have|had)\s+(?:only\s+|nothing\s+but\s+|no\s+)?(?:(?:kind|warm|harsh|hard|sharp)\s+words|praise|no\s+doubt)\b"
    r"|(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:convinced|certain|sure|adamant|confident|persuaded|of\s+the\s+opinion|in\s+no\s+doubt)\s+that"
    r"|(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:critical\s+of|scathing\s+about|full\s+of\s+praise|quoted\s+as)\b)"
)
# "considers Varna a bully", "finds it too dear": a verb of thinking with a judgement as its object.
_JUDGED = re.compile(
    r"\b(?:considers?|considered|deems?|deemed|thinks?|thought|believes?|believed|judges?|judged)\s+[^.;:,]{2,40}?\s"
    r"(?:an?\s+\w+|to\s+be|too\s|very\s|\w+(?:ing|ful|ous|ive|able|ible|less|ish)\b(?=[.,;]|\s+and\b|\s*$))"
    r"|\bfinds?\s+[^.;:,]{2,40}?\s(?:too\s|very\s|\w+(?:ing|ful|ous|ive|able|ible|less|ish)\b(?=[.,;]|\s*$))"
)
# "as Crane put it"
_AS = re.compile(r"\b[Aa]s\s+")
_PUT = re.compile(
    r"(?:[’']s\s+\w+)?\s+(?:puts?|sees?|saw|tells?|told|has|had|describes?|described|phrased|remembers?|remembered)\s+(?:it|them|things)\b"
)
# "is seen by Crane as"
_SEEN = re.compile(
    r"\b(?:seen|viewed|regarded|remembered|known|hailed|mocked)\s+(?:\w+ly\s+)?(?:by|in|among)\s+"
)
# Negated, modal or infinitive: it is not said that anybody judged.
_NOT = re.compile(
    r"(?i)\b(?:not|n[’']t|never|to|would|will|may|might|must|should|cannot|can|could|or|nobody)\s+$"
)
# In a clause that depends on another the phrase is not what the sentence states.
_DEPENDS = re.compile(
    r"(?i)\b(?:when|while|after|before|because|since|until|if|unless|whose|what|where|whether|how|why|than|though|although)\b[^,;]*$"
)
_OPINION = (
    r"(?:view|words|opinion|telling|account|judgement|judgment|estimate|estimation|eyes|reckoning|verdict|phrase|"
    r"admission|assessment|mind|book|description|version|measure|lights|formulation)"
)
# "in Crane's view"
_OWNED = re.compile(rf"[’']s?\s+(?:own\s+)?{_OPINION}\b")
# "Crane's verdict was that"
_STATED = re.compile(
    r"[’']s?\s+(?:own\s+)?(?:verdict|view|message|answer|reply|response|complaint|charge|point|position|argument|"
    r"conclusion|theory|finding|advice|explanation|warning|judgement|judgment|retort|reading|hope|fear|belief|estimate)"
    r"(?:\s+(?:to|on|about|of|for)\s+[^,.;:]{2,30}?)?(?:\s+(?:is|was|remains|remained|came)(?:\s+\w+(?=:))?)?\s*(?:,\s+)?(?:that\b|:|\")"
)
# "drew praise from Bray", "came under fire from"
_RECEIVED = re.compile(
    r"(?i)\b(?:there\s+(?:is|was|were)|draws?|drew|drawn|brings?|brought|earns?|earned|wins?|won|met|provokes?|provoked|prompts?|prompted|under|faces?|faced|to)\s+"
    r"(?:with\s+)?(?:[\w’'-]+\s+){0,2}?(?:praise|criticism|fire|rebukes?|thanks|applause|anger|condemnation|scorn|protests?|complaints?|"
    r"accusations?|derision|ridicule|approval|charges)\s+(?:for\s+[\w’' -]{2,40}?\s+)?(?:from|by)\s+"
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
    for pattern, following, weight in ((_RECEIVED, "", 1.5), (_AS, _PUT, 2), (_SEEN, r"\s+as\b", 2)):
        for match in pattern.finditer(bare):
            actor = actor_at(text, bare, match.end(), cast)
            if actor is not None and re.match(following, bare[actor.end :]):
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
    for actor in cast:
        rest, before = bare[actor.end :], bare[: actor.start]
        if _OWNED.match(rest) and re.search(r"\b(?:[Ii]n|[Bb]y|[Oo]n|[Tt]o)\s+(?:\w+\s+)?$", before):
            yield Attribution(actor, actor.start, 3)
        elif _STATED.match(rest) and not _DEPENDS.search(before):
            yield Attribution(actor, actor.start, 2)
