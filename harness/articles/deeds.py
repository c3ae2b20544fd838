"""A verb in its sentence in, whether it tells a deed rather than a judgement out.

"Ostrel attacked the port" tells what was done, "Crane attacked the plan" what was said. The verbs, and the
nouns of what is judged in words, are in ``languages/en.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.articles.actors import Actor, may_precede_name
from harness.articles.word_lists import either, words_of
from harness.values.parties import Span

# Verbs of judging that tell deeds as well, and those of them whose deeds are done to people.
_DEEDS, _DEEDS_TO_PEOPLE = words_of("deeds"), words_of("deeds_to_people")
OBJECT_BEFORE = re.compile(r"\b(?:that|which|whom?|what)\b[^,;]*$")
"""What stands before a verb whose object stands there, too: "a decision that Crane"."""

# What shows that it is words: "attacked Varna over the toll", "welcomed the decision", "dismissed it as".
_IN_WORDS = re.compile(rf"(?i)\b(?:as|it|{either('judged_objects')})\b")
_REASONED = re.compile(rf"(?i)\b(?:over|for)\s+(?!(?:[\w-]+\s+){{0,3}}(?:{either('times_and_events')})\b)")
# "called an election", "called Crane on Monday", but not "called Crane a fool".
_CALL = re.compile(
    rf"\s+(?:(?:[\w-]+\s+){{0,3}}?(?:{either('called_events')})"
    r"|him|her|them|(?:[A-Z][\w’'-]*\.?\s+)*[A-Z][\w’'-]*)"
    rf"(?=\s+(?:{either('after_call')})\b|[,;!?]|\.?\s*$)"
)
# "admitted 50 trucks"
_LET_IN = re.compile(rf"\s+(?:{either('numbers')}|hundreds|thousands|dozens)\b")
_MEANS = re.compile(rf"[^.,;:]{{2,60}}?\s(?:{either('means')})\b")
# Verbs of which only this tells a deed.
_SIGNS = {"call": _CALL, "admit": _LET_IN, "support": _MEANS}


def is_deed(verb: str, bare: str, span: Span, cast: Sequence[Actor]) -> bool:
    """Whether a verb tells what was done, not what was said: "attacked the port", "called an election".

    Parameters
    ----------
    verb : str
        Its infinitive.
    bare : str
        A sentence, its quotations blanked.
    span : (int, int)
        Character offsets of the verb in it; the end is exclusive.
    cast : sequence of Actor
        The actors of the sentence.
    """
    before, after = bare[: span[0]], bare[span[1] :]
    if verb not in _DEEDS or OBJECT_BEFORE.search(before):
        return False
    sign = _SIGNS.get(verb)
    if sign is not None:
        return sign.match(after) is not None
    # Of a passive the object stands before: "The attack was defended by Crane".
    clause = re.split(r"[,;:]", before)[-1] + re.split(r"[;:]|,\s", after)[0]
    if _IN_WORDS.search(clause) is not None:
        return False
    if verb in _DEEDS_TO_PEOPLE:
        return True
    # Of persons, "attacked" is mostly said of words: "attacked Crane".
    person = any(
        actor.start >= span[1]
        and (actor.kind == "person" or actor.leader)
        and all(may_precede_name(word) for word in bare[span[1] : actor.start].split())
        for actor in cast
    )
    return not person and _REASONED.search(clause) is None
