"""A text and the place of a name in, what stands around it out: an article, a title, a noun after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.values.parties import Registry

MIN_MENTIONS = 3
"""Mentions of a form below which its own words, not the texts, say whether it takes ``the``."""

VOWELS = frozenset("AEIOUaeiou")
THE = re.compile(r"\b[Tt]he\s+$")
DETERMINER = re.compile(
    r"\b(?:an?|the|this|that|its|their|our|his|her|no|any|every|each|'s|’s)\s+$", re.IGNORECASE
)
HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Sir|Lady|Lord|Dame|Madam)\.?\s+$")
TITLES = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Miss|Sir|Lady|Lord|Dame|Madam|Dr|Sen|Senator|Rep|Gov|Governor|Gen|General|Vice|Prime|"
    r"President|Chancellor|Minister|Secretary|Speaker|then-President|ex-President)\.?\s+)+"
)
NAMESAKE = re.compile(r"(?P<word>[A-Z][\w’'-]*\.?)\s+$")
"""A word in capitals before a surname: a title, the first word of a sentence, or somebody's first name."""

FIRST_WORDS = re.compile(
    r"(?:A|After|Although|And|As|At|Because|Before|But|By|Can|Did|Does|For|From|How|If|In|Is|Like|Nor|Now|On|Once"
    r"|Or|Since|So|Still|Than|That|The|Then|Though|Under|Unlike|Until|Was|What|When|Where|Whether|While|Who|Why"
    r"|Will|With|Yet)"
)
ITS_WORDS = re.compile(
    r"^(?:United|White House|Kremlin|Pentagon|Netherlands|Philippines|Taliban|UAE|U\.?[SKN]\.?|E\.?U\.?)"
    r"(?!\w)"
    r"|\b(?:Union|Party|League|Federation|Republic|Nations|Authority|Council|Commission|Committee"
    r"|Department|Cabinet|Congress|Alliance|Organi[sz]ation|Government|Administration|Democrats)$",
    re.IGNORECASE,
)
"""Forms that take ``the`` as far as their own words tell."""

ADJECTIVES = (
    "new|old|next|former|current|previous|entire|latest|recent|senior|top|special|national|federal|foreign|domestic"
    "|presidential|military|nuclear|economic|chief|deputy|political|private|public|high-ranking|key|other"
)
NOUNS = (
    "administration|government|president|presidency|official|officer|leader|leadership|troop|military|army|navy"
    "|force|soldier|diplomat|ambassador|embassy|envoy|spokesman|spokeswoman|spokesperson|secretary|minister"
    "|ministry|senator|senate|congressman|congresswoman|congress|lawmaker|parliament|court|judge|citizen|people"
    "|voter|election|policy|policies|sanction|interest|economy|intelligence|attorney|ally|allies|border|senior"
    "|staff|staffer|aide|adviser|advisor|counsel|counselor|press|correspondent|investigation|probe|soil|history"
    "|agency|agencies|authority|authorities|company|companies|industry|market|dollar|politician|politics|system"
    "|state|law|office|department|delegation|operative|operation|hacker|spy|spies|airstrike|strike|missile|tax"
    "|media|newspaper|member|supporter|activist|candidate|inspector|constitution|relations|ties|base|budget|deficit|debt|economist|trade|deal|invasion|visit"
)
NOUN = re.compile(rf"\s+(?:(?:{ADJECTIVES})\s+)?(?:{NOUNS})s?\b(?!['’]?[a-z])", re.IGNORECASE)
MORE = re.compile(r"[ -][A-Z]")
LOWER = re.compile(r"\s+[a-z]")
INSIDE = re.compile(rf"\b(?:an?|another|any|every|its|their|our|his|(?:{ADJECTIVES}))\s+$", re.IGNORECASE)
"""What stands before a name that belongs to a noun after it: ``a US …``, ``the new US …``."""


@dataclass(frozen=True)
class Articles:
    """Which forms take ``the``.

    Attributes
    ----------
    known : mapping
        Form, in lower case → whether it does; of those that texts name often enough.
    """

    known: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, registry: Registry, texts: Iterable[str]) -> Articles:
        """Learn them from texts: a form takes ``the`` where most of its mentions follow one.

        Mentions that belong to a noun after them tell nothing: in "the Vietnam War" the article is the war's.
        """
        counts: dict[str, list[bool]] = {}
        for text in texts:
            for mention in registry.mentions(text):
                if not belongs(text, mention.start, mention.end) and not MORE.match(text, mention.end):
                    form = text[mention.start : mention.end].casefold()
                    counts.setdefault(form, []).append(bool(THE.search(text[: mention.start])))
        often = {form: found for form, found in counts.items() if len(found) >= MIN_MENTIONS}
        return cls({form: sum(found) * 2 > len(found) for form, found in often.items()})

    def take(self, form: str) -> bool:
        """Say whether a form takes ``the``."""
        return self.known.get(form.casefold(), ITS_WORDS.search(form) is not None)

    def fitted(self, gap: str, before: str, after: str, *, at_start: bool) -> str:
        """Return what stands before a form once it stands in the place of another.

        Parameters
        ----------
        gap : str
            What stands before the other.
        before, after : str
            The other form, and the one that is put in.
        at_start : bool
            Whether the text starts there.
        """
        has = THE.search(gap) is not None
        took = self.take(before) or (has and before.casefold() not in self.known)
        alike = before.isupper() and after.isupper()
        alike |= " " not in before + after and before.endswith("s") and after.endswith("s")
        takes = took if alike and after.casefold() not in self.known else self.take(after)
        if took == takes:
            return gap
        if not takes:
            return THE.sub("", gap)
        if DETERMINER.search(gap):
            return gap
        return gap + ("The " if at_start and not gap.strip() else "the ")


def belongs(text: str, start: int, end: int) -> bool:
    """Say whether a name stands before a noun as an adjective does: ``the new US administration``.

    Known are the commonest nouns, and what only stands before an adjective: ``a US …``.
    """
    if NOUN.match(text, end):
        return True
    return bool(INSIDE.search(text[:start]) and LOWER.match(text, end))


def is_namesakes(text: str, start: int) -> bool:
    """Say whether a surname that starts there follows somebody's first name, as in ``Jeb Bush``."""
    found = NAMESAKE.search(text[:start])
    if found is None or FIRST_WORDS.fullmatch(found["word"]):
        return False
    return not TITLES.match(found[0])


def indefinite(gap: str, form: str) -> str:
    """Write ``a`` or ``an`` before a name as it sounds, or as near as its first letter tells."""

    def fitting(match: re.Match[str]) -> str:
        article = match["article"][0] + ("n" if form[:1] in VOWELS else "")
        return article + match["space"]

    return re.sub(r"\b(?P<article>[Aa]n?)(?P<space>\s+)$", fitting, gap)
