"""A sentence and the offset of a verb in, the subject of the verb out.

There is no parser: the subject is the noun phrase that ends the text before the verb, once adverbs,
appositions, relative clauses and conjunctions in between are taken away. That misses some and is fast: a
dependency parser would be another model to ship, for each language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.articles.actors import Actor, may_precede_name
from harness.articles.people import description_at_end, is_staff
from harness.articles.word_lists import DOCUMENTS, FORMS, NOT_PEOPLE, NOUNS, TITLES, either, words_of

# What may stand between subject and verb: "Kim later told", "Kim in turn said".
_ADVERB = re.compile(rf"(?i)(?:^|(?<=[\s,]))(?:{either('adverbs')})\s*,?\s*$")
# How an apposition or a participle clause begins: ", who heads the union,", ", speaking in Lesk,".
_APPOSITION = re.compile(rf"(?i)^(?:{either('apposition')})\b")
# ", standing in for the mayor, Ada Orrin", with the name of somebody else at the end of it.
_LONG_APPOSITION = re.compile(
    rf"\s*,\s+(?:who|\w+ing)\b(?:(?!,\s+(?:and|or|so|as|{either('contrasts')}|when)\b|[;:]).)*"
)
# "One of them said", "Others say"
_SOME = re.compile(rf"(?i)(?:^|[,;:\"]|\b(?:and|{either('contrasts')}))\s*({either('somebody_of_many')})$")
# "The Institute for", before "Harbour Studies"
_BODY_OF = re.compile(r"(?:^|\s)((?:[A-Z][\w’'-]*\s+)*([A-Z][\w’'-]*))\s+(?:of|for|on)\s+(?:the\s+)?$")
_BODIES = NOT_PEOPLE | {word.lower() for word in words_of("organisations")}
# "her office"
_THEIR = re.compile(r"\b(?:his|her|their)\s+(?:own\s+)?(?:[\w-]+\s+){0,2}[\w-]+$")
# "Varna and its allies": whose they are speaks.
AND_ITS = re.compile(r"\s+and\s+(?:its|his|her|their)\s+(?:[\w-]+\s+){0,2}")
# "In Lesk, Kim": a phrase before the subject.
_LEAD_IN = re.compile(rf"(?i)\b(?:{either('lead_ins')})\b[^,]*,")
# What follows a party's name up to the verb: "'s foreign ministry", "'s Foreign Ministry".
_OFFICE_AFTER = re.compile(r"(?:[’']s?)?\s+((?:own\s+)?(?:[A-Za-z][a-z-]*\s+){0,2}[A-Za-z][A-Za-z-]*)\s*$")


def subject_before(text: str, before: str, cast: Sequence[Actor], *, main: bool) -> Actor | None:
    """Find the subject of a verb in the text before it.

    Parameters
    ----------
    text : str
        A sentence, its quotations blanked.
    before : str
        The same up to the verb.
    cast : sequence of Actor
        The actors of the sentence, in order.
    main : bool
        Whether the verb is one of a main clause, whose subject may be the actor with which it begins.
    """
    before = re.sub(r"(?:\s*\([^()]*\)|\s+[―—–]\s[^―—–]*\s[―—–])(\s+\w+ly)?\s*$", "", before)
    apposition = _before_apposition(text, before.rstrip(), cast) if before.rstrip().endswith(",") else None
    if apposition is not None:
        return apposition
    if main and before.rstrip().endswith(","):
        opening = clause_subject(text, before, cast)
        if opening is not None:
            return opening
    for _ in range(6):
        cut = _ADVERB.sub("", before).rstrip()
        if cut == before.rstrip():
            break
        before = cut
    before = before.rstrip()
    if before.endswith(","):
        return _before_apposition(text, before, cast) or (
            clause_subject(text, before, cast) if main else None
        )
    conjunct = re.search(r",?\s*\b(?:and|but|or|then|by|when|while|though)$|^$", before)
    if conjunct is not None:
        return _shared(text, before[: conjunct.start()], cast) or (
            clause_subject(text, before, cast) if main else None
        )
    return _ending(text, before, cast)


def clause_subject(text: str, before: str, cast: Sequence[Actor]) -> Actor | None:
    """Return who begins the clause: the subject of what follows "and"."""
    begin = max(before.rfind(";"), before.rfind(":")) + 1
    for actor in cast:
        if actor.start >= begin and actor.end <= len(before) and actor.kind != "pronoun":
            lead = re.sub(r"^\W*(?:But|And|Yet|So)\s+", "", text[begin : actor.start])
            precedes = all(
                may_precede_name(word) or word.lower() in ("old", "young", "our", "my", "first")
                for word in _LEAD_IN.sub("", lead).split()
            )
            return _office_holder(before, actor, cast) if precedes else None
    return None


def _office_holder(before: str, actor: Actor, cast: Sequence[Actor]) -> Actor:
    """Return the person behind a party's name and an office: "Coastal Union group leader Ada Orrin"."""
    if actor.kind != "party" or actor.leader:
        return actor
    people = (each for each in cast if each.kind == "person" and actor.end < each.start < len(before))
    person = next(people, actor)
    office = before[actor.end : person.start]
    return person if re.fullmatch(r"\s+(?:[\w-]+\s+){1,3}", office) and is_staff(office) else actor


def _before_apposition(text: str, before: str, cast: Sequence[Actor]) -> Actor | None:
    """Skip what stands between commas: "Ila Brandt, who heads the farm union, said"."""
    inner = before[:-1]
    opening = clause_subject(text, before, cast)
    if opening is not None and _LONG_APPOSITION.fullmatch(inner[opening.end :]):
        return opening
    commas = [offset for offset, character in enumerate(inner) if character == ","]
    # "the mayor, Ada Orrin, said": the name inside the commas is the person whom the words before describe.
    person = next(
        (
            actor
            for actor in cast
            if actor.end == len(inner)
            and (
                actor.kind == "person"
                # "with Crane,": a leader must be all that the commas enclose.
                or (actor.leader and _only_titles(inner[inner.rfind(",") + 1 : actor.start]))
            )
        ),
        None,
    )
    for number, offset in enumerate(reversed(commas[-5:])):
        actor = _ending(text, re.sub(r"\s*\([^()]*\)$", "", inner[:offset]), cast)
        if actor is not None and (
            _APPOSITION.match(inner[offset + 1 :].strip()) or len(inner[offset + 1 :].split()) <= 8
        ):
            if person is not None and (actor.kind == "group" or number):
                return person
            # "The union's leader in Lesk, Ada Orrin, said": who speaks for it has a name.
            speaks = actor.kind == "party" and not actor.leader
            if person is None or not speaks or not _only_titles(inner[offset + 1 : person.start]):
                return actor
            return replace(actor, via=person.name)
    if person is not None and re.search(
        r",\s+(?:(?:the|a|an)\s+)?(?:[\w’'-]+\s+){0,2}$", inner[: person.start]
    ):
        return person
    return None


def _only_titles(text: str) -> bool:
    return all(may_precede_name(word) for word in text.split())


def _shared(text: str, before: str, cast: Sequence[Actor]) -> Actor | None:
    """Return the subject that a verb after "and" shares with the verb of saying before it."""
    for match in reversed(list(re.finditer(r"[a-z]+", before))):
        if match.group() in FORMS and match.group() not in NOUNS and len(before) - match.start() < 120:
            return subject_before(text, before[: match.start()], cast, main=False)
    return None


# Words that are subjects without being an actor: "it said", "who said".
_NO_NOUN = re.compile(rf"(?i)\b(?:{either('no_actors')})$")
# A prepositional phrase after the head: "officials in the Coastal Union".
_PHRASE = re.compile(
    rf"\s+(?:{either('prepositions')})\s+(?:(?:the|a|an|his|her|its|their|our)\s+)?(?:[\w’'-]+\s*){{1,4}}$"
)
# "a Gallup poll": the author of a document before its kind.
_DOCUMENT_OF = re.compile(r"(?:^|\b[Aa]n?\s)([A-Z][\w’-]+)\s+([a-z]+)$")
# One capitalised name or an abbreviation that the cast does not have: "Pelltree said", "PTA said".
_NAME_ALONE = re.compile(
    r"(?:^|[\s;,(])([A-Z][\w’'-]*[a-z](?:\s(?:(?:of|for)\s(?:the\s)?)?[A-Z][\w’'-]*[a-z])*|[A-Z]{2,6})$"
)


def _ending(text: str, before: str, cast: Sequence[Actor], depth: int = 0) -> Actor | None:
    """Read the noun phrase that ends a text."""
    before = before.rstrip()
    if _NO_NOUN.search(before):
        return None
    last = next((actor for actor in reversed(cast) if actor.end <= len(before)), None)
    if last is not None:
        rest = before[last.end :]
        if not rest.strip(" ."):
            return _in_phrase(text, before, last, cast, depth)
        office = _OFFICE_AFTER.fullmatch(rest)
        if last.kind == "party" and office and is_staff(office.group(1)):
            return last
    phrase = _PHRASE.search(before)
    head = _ending(text, before[: phrase.start()], cast, depth + 1) if phrase and depth < 3 else None
    return head or _described(text, before, cast, depth)


def _owner(before: str, cast: Sequence[Actor], description: tuple[str, int]) -> Actor | None:
    """Return the actor whose people or document end a text, where their words are the actor's."""
    noun, begin = description
    owner = next(
        (each for each in cast if re.fullmatch(r"[’']s?\s+(?:own\s+)?", before[each.end : begin])), None
    )
    if owner is not None:
        is_document = noun.split()[-1] in DOCUMENTS and owner.kind in ("party", "person")
        return owner if is_document or (owner.kind == "party" and is_staff(noun)) else None
    theirs = _THEIR.search(before) if is_staff(noun) else None
    if theirs is not None:
        # "Crane will go, her office said": of the only person whom the sentence names so far.
        people = {
            (each.name, each.via): each
            for each in cast
            if each.end <= theirs.start() and (each.kind == "person" or each.leader)
        }
        leaders = [each for each in people.values() if each.leader]
        if len(people) == len(leaders) == 1:
            return leaders[0]
    allied = (each for each in cast if each.kind != "pronoun" and AND_ITS.fullmatch(before[each.end : begin]))
    return next(allied, None)


def _described(text: str, before: str, cast: Sequence[Actor], depth: int) -> Actor | None:
    """Read a description, a party's office, or an unknown name that ends a text."""
    description = description_at_end(before)
    if description is not None:
        owner = _owner(before, cast, description)
        return owner or Actor(description[1], len(before), "group", description[0])
    some = _SOME.search(before)
    if some is not None:
        return Actor(some.start(1), len(before), "group", some.group(1).lower())
    poll = _DOCUMENT_OF.search(before)
    if poll is not None and poll.group(2) in DOCUMENTS and poll.group(1).lower() not in NOT_PEOPLE | TITLES:
        return Actor(poll.start(1), poll.end(1), "person", poll.group(1))
    relative = re.search(r"\b(?:who|whom|which)\b[^,;]*$", before)
    if relative is not None and depth < 3:
        return _ending(
            text,
            re.sub(r"\s(?:to|of|for|with|by|from|in)\s*$", "", before[: relative.start()]).rstrip(" ,"),
            cast,
            depth + 1,
        )
    name = _NAME_ALONE.search(before)
    return _unknown(before, name, cast) if name is not None and depth == 0 else None


def _unknown(before: str, name: re.Match[str], cast: Sequence[Actor]) -> Actor | None:
    """Read capitals that the cast does not have: "Pelltree", "Tilla Mayor Ada Orrin"."""
    # "Crane's remarks" are no words of "Crane's".
    if name.group(1).lower() in NOT_PEOPLE | TITLES or name.group(1).endswith(("’s", "'s")):
        return None
    words = re.compile(r"[\w-]+").finditer(before, name.start(1))
    titles = [word for word in words if word.group().lower() in TITLES]
    # "Ostrelian Defence Minister Varna Holm": somebody whose name is a party's, too, speaks for the first.
    party = next((actor for actor in cast if actor.start >= name.start(1) and actor.kind == "party"), None)
    if party is not None and titles and party.end <= titles[0].start():
        return party
    begin = name.start(1)
    rest = before[titles[-1].end() :].split() if titles else []
    # "Justice Department", "Peter King": what follows the title must be a name of its own.
    if len(rest) > 1 and not NOT_PEOPLE & {word.lower() for word in rest}:
        begin = before.rindex(rest[0], 0, len(before) - len(rest[-1]))
    return Actor(begin, len(before), "person", before[begin:])


def _in_phrase(text: str, before: str, actor: Actor, cast: Sequence[Actor], depth: int) -> Actor | None:
    """Prefer "officials in Lesk" to "Lesk", and "an aide to Kim" to "Kim"."""
    phrase = re.search(r"\s+(?:of|in|at|from|for|with|to|on)\s+(?:the\s+)?$", before[: actor.start])
    body = _BODY_OF.search(before[: actor.start])
    if body is not None and body.group(2).lower() in _BODIES and actor.kind == "person":
        begin = body.start(1) + (len("The ") if body.group(1).startswith("The ") else 0)
        return Actor(begin, actor.end, "person", text[begin : actor.end])
    if phrase is not None and depth < 3:
        head = _ending(text, before[: phrase.start()], cast, depth + 1)
        if head is not None:
            speaks_for_party = head.kind == "group" and actor.kind == "party" and is_staff(head.name)
            return actor if speaks_for_party else head
    return actor
