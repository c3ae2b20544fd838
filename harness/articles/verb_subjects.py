"""A sentence and a verb's place in it in, the verb's subject out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.articles.actors import Actor, may_precede_name
from harness.articles.people import description_at_end, is_staff
from harness.articles.word_lists import DOCUMENTS, FORMS, NOT_PEOPLE, NOUNS, TITLES

_ADVERB = re.compile(
    r"""(?xi)(?:^|(?<=[\s,]))(?:also|then|later|nevertheless|nonetheless|once|twice|thrice|often|again|today|yesterday|tonight|
    just|even|still|only|already|now|himself|herself|themselves|itself|has|have|had|did|does|is|are|was|were|\w+ly|
    (?:on|last|this|earlier|early|late)\s+\w+day(?:\s+(?:night|morning|evening|afternoon))?|
    in\s+(?:turn|effect|a\s+statement|an?\s+interview|public|private|response|part|tears)|
    too|first|in\s+\w+ay|all|both|each|out|once\s+more|for\s+\w+\s+part|instead|rather|more\s+than\s+once|
    (?:heard|took\s+pains|telephoned|went\s+on)\s+to|with\s+hand\s+on\s+heart|without\s+\w+|could\s+not|quoted\s+as)\s*,?\s*$"""
)
_APPOSITION = re.compile(
    r"(?i)^(?:who|whose|whom|which|where|when|a|an|the|no|not|now|then|once|one|his|her|its|their|our|himself|herself|asked|speaking|citing|referring|standing|receiving|watching|in|on|at|from|for|with|of|by|after|during|as|like|according|\d+|aged|formerly|currently|also|too|however|meanwhile|though|although|while|passing|cursing|flanked|pressed|shown|\w+ing|\w+ed)\b"
)
_OFFICE_AFTER = re.compile(r"(?:[’']s?)?\s+((?:own\s+)?(?:[a-z-]+\s+){0,2}[a-z-]+)\s*$")


def subject_before(text: str, left: str, cast: Sequence[Actor], *, main: bool) -> Actor | None:
    """Find the subject that a verb has on its left."""
    left = re.sub(r"(?:\s*\([^()]*\)|\s+[―—–]\s[^―—–]*\s[―—–])(\s+\w+ly)?\s*$", "", left)
    apposed = _before_apposition(text, left.rstrip(), cast) if left.rstrip().endswith(",") else None
    if apposed is not None:
        return apposed
    if main and left.rstrip().endswith(","):
        begun = clause_subject(text, left, cast)
        if begun is not None:
            return begun
    for _ in range(6):
        cut = _ADVERB.sub("", left).rstrip()
        if cut == left.rstrip():
            break
        left = cut
    left = left.rstrip()
    if left.endswith(","):
        return _before_apposition(text, left, cast) or (clause_subject(text, left, cast) if main else None)
    conjunct = re.search(r",?\s*\b(?:and|but|or|then|by|when|while|though)$|^$", left)
    if conjunct is not None:
        return _shared(text, left[: conjunct.start()], cast) or (
            clause_subject(text, left, cast) if main else None
        )
    return _ending(text, left, cast)


def clause_subject(text: str, left: str, cast: Sequence[Actor]) -> Actor | None:
    """Return who begins the clause: the subject of what follows "and"."""
    begin = max(left.rfind(";"), left.rfind(":")) + 1
    for one in cast:
        if one.start >= begin and one.end <= len(left) and one.kind != "pronoun":
            words = re.sub(
                r"(?i)\b(?:in|at|from|on|to|after|with|later|earlier|last|this|that|meanwhile)\b[^,]*,",
                "",
                text[begin : one.start],
            ).split()
            return (
                one
                if all(
                    may_precede_name(word) or word.lower() in ("old", "young", "our", "my", "first")
                    for word in words
                )
                else None
            )
    return None


def _before_apposition(text: str, left: str, cast: Sequence[Actor]) -> Actor | None:
    """Skip what stands between commas: "Ila Brandt, who heads the farm union, said"."""
    inner = left[:-1]
    commas = [at for at, one in enumerate(inner) if one == ","]
    named = next((one for one in cast if one.end == len(inner) and one.kind == "person"), None)
    for number, at in enumerate(reversed(commas[-5:])):
        actor = _ending(text, re.sub(r"\s*\([^()]*\)$", "", inner[:at]), cast)
        if actor is not None and (
            _APPOSITION.match(inner[at + 1 :].strip()) or len(inner[at + 1 :].split()) <= 8
        ):
            return named if named is not None and (actor.kind == "group" or number) else actor
    if named is not None and re.search(
        r",\s+(?:(?:the|a|an)\s+)?(?:[\w’'-]+\s+){0,2}$", inner[: named.start]
    ):
        return named
    return None


def _shared(text: str, left: str, cast: Sequence[Actor]) -> Actor | None:
    """A verb after "and" has the subject of the verb of saying before it."""
    for match in reversed(list(re.finditer(r"[a-z]+", left))):
        if match.group() in FORMS and match.group() not in NOUNS and len(left) - match.start() < 120:
            return subject_before(text, left[: match.start()], cast, main=False)
    return None


_NO_NOUN = re.compile(
    r"(?i)\b(?:i|we|you|it|there|this|that|which|what|who|nobody|everyone|everybody|someone)$"
)
_PHRASE = re.compile(
    r"\s+(?:of|in|at|from|for|with|on|near|outside|aboard|behind|among|across|over|called|named|aged)\s+(?:(?:the|a|an|his|her|its|their|our)\s+)?(?:[\w’'-]+\s*){1,4}$"
)
_DOCUMENT_OF = re.compile(r"(?:^|\b[Aa]n?\s)([A-Z][\w’-]+)\s+([a-z]+)$")
_NAME_ALONE = re.compile(r"(?:^|[\s;,(])([A-Z][\w’'-]*[a-z](?:\s[A-Z][\w’'-]*[a-z])*|[A-Z]{2,6})$")


def _ending(text: str, left: str, cast: Sequence[Actor], depth: int = 0) -> Actor | None:
    """Read the noun phrase that ends a text."""
    left = left.rstrip()
    if _NO_NOUN.search(left):
        return None
    last = next((one for one in reversed(cast) if one.end <= len(left)), None)
    if last is not None:
        rest = left[last.end :]
        if not rest.strip(" ."):
            return _in_phrase(text, left, last, cast, depth)
        office = _OFFICE_AFTER.fullmatch(rest)
        if last.kind == "party" and office and is_staff(office.group(1)):
            return last
    phrase = _PHRASE.search(left)
    head = _ending(text, left[: phrase.start()], cast, depth + 1) if phrase and depth < 3 else None
    return head or _described(text, left, cast, depth)


def _described(text: str, left: str, cast: Sequence[Actor], depth: int) -> Actor | None:
    """Read a description, a party's office, or an unknown name that ends a text."""
    found = description_at_end(left)
    if found is not None:
        owners = (one for one in cast if re.fullmatch(r"[’']s?\s+(?:own\s+)?", left[one.end : found[1]]))
        owner = next(owners, None)
        if owner is not None and owner.kind == "party" and is_staff(found[0]):
            return owner
        if owner is not None and owner.kind in ("party", "person") and found[0].split()[-1] in DOCUMENTS:
            return owner
        return Actor(found[1], len(left), "group", found[0])
    poll = _DOCUMENT_OF.search(left)
    if poll is not None and poll.group(2) in DOCUMENTS and poll.group(1).lower() not in NOT_PEOPLE | TITLES:
        return Actor(poll.start(1), poll.end(1), "person", poll.group(1))
    relative = re.search(r"\b(?:who|whom|which)\b[^,;]*$", left)
    if relative is not None and depth < 3:
        return _ending(
            text,
            re.sub(r"\s(?:to|of|for|with|by|from|in)\s*$", "", left[: relative.start()]).rstrip(" ,"),
            cast,
            depth + 1,
        )
    alone = _NAME_ALONE.search(left)
    if alone is not None and alone.group(1).lower() not in NOT_PEOPLE | TITLES and depth == 0:
        return Actor(alone.start(1), len(left), "person", alone.group(1))
    return None


def _in_phrase(text: str, left: str, actor: Actor, cast: Sequence[Actor], depth: int) -> Actor | None:
    """Prefer "officials in Lesk" to "Lesk", and "an aide to Kim" to "Kim"."""
    phrase = re.search(r"\s+(?:of|in|at|from|for|with|to|on)\s+(?:the\s+)?$", left[: actor.start])
    if phrase is not None and depth < 3:
        head = _ending(text, left[: phrase.start()], cast, depth + 1)
        if head is not None:
            spoken = head.kind == "group" and actor.kind == "party" and is_staff(head.name)
            return actor if spoken else head
    return actor
