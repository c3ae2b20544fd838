"""A text and the position of a name in; the grammar around it out: article, title, a noun after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.values.minimums import MIN_FORM_MENTIONS
from harness.values.parties import Registry
from harness.values.parties.folding import name_key

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
MAX_WORDS = 100
"""Characters before a name that hold the two words before it."""

NAMESAKE = re.compile(r"(?P<word>[A-Z][\w’'-]*\.?)\s+$")
"""A capitalised word before a surname: a title, the first word of a sentence, or a first name."""

FIRST_WORDS = re.compile(
    r"(?:A|After|Although|And|As|At|Because|Before|But|By|Can|Did|Does|For|From|How|If|In|Is|Like|Nor|Now|On|Once"
    r"|Or|Since|So|Still|Than|That|The|Then|Though|Under|Unlike|Until|Was|What|When|Where|Whether|While|Who|Why"
    r"|Will|With|Yet)"
)
TAKES_THE = re.compile(
    r"^(?:United|White House|Kremlin|Pentagon|Netherlands|Philippines|Taliban|UAE|U\.?[SKN]\.?|E\.?U\.?)"
    r"(?!\w)"
    r"|\b(?:Union|Party|League|Federation|Republic|Nations|Authority|Council|Commission|Committee"
    r"|Department|Cabinet|Congress|Alliance|Organi[sz]ation|Government|Administration|Democrats)$",
    re.IGNORECASE,
)
"""Forms that take ``the``, judged by their own words."""

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
BEFORE_ADJECTIVE = re.compile(
    rf"\b(?:an?|another|any|every|its|their|our|his|(?:{ADJECTIVES}))\s+$", re.IGNORECASE
)
"""What precedes a name that is used like an adjective: ``a US …``, ``the new US …``."""


@dataclass(frozen=True)
class DefiniteArticles:
    """Which forms of names take ``the``.

    Attributes
    ----------
    takes_the : mapping
        Key of a form (:func:`harness.values.parties.folding.name_key`) → whether it takes ``the``; for forms
        that the texts mention often enough.
    """

    takes_the: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, registry: Registry, texts: Iterable[str]) -> DefiniteArticles:
        """Learn them from texts: a form takes ``the`` if most of its mentions follow one.

        A mention that modifies a noun is ignored: in "the Vietnam War" the article belongs to the war.
        """
        mentions: dict[str, list[bool]] = {}
        for text in texts:
            for mention in registry.mentions(text):
                # A name that is followed by a capitalised word may be part of a longer one.
                modifies = modifies_noun(text, mention.start, mention.end)
                if not modifies and not MORE.match(text, mention.end):
                    form = name_key(text[mention.start : mention.end])
                    mentions.setdefault(form, []).append(bool(THE.search(before(text, mention.start))))
        often = {form: follow for form, follow in mentions.items() if len(follow) >= MIN_FORM_MENTIONS}
        return cls({form: sum(follow) * 2 > len(follow) for form, follow in often.items()})

    def take(self, form: str) -> bool:
        """Return whether a form takes ``the``."""
        return self.takes_the.get(name_key(form), TAKES_THE.search(form) is not None)

    def fitted(self, gap: str, before: str, after: str, *, at_start: bool) -> str:
        """Return the text before a name, with the article adjusted to the name that replaces it.

        Parameters
        ----------
        gap : str
            The text before the replaced form.
        before, after : str
            The replaced form and its replacement.
        at_start : bool
            Whether the text begins with ``gap``.
        """
        has = THE.search(gap) is not None
        # Of a form that the texts leave open, the article that it has here is evidence enough.
        took = self.take(before) or (has and name_key(before) not in self.takes_the)
        # Acronyms, and plurals, behave alike: if nothing is known of the new one, the old one decides.
        alike = before.isupper() and after.isupper()
        alike |= " " not in before + after and before.endswith("s") and after.endswith("s")
        takes = took if alike and name_key(after) not in self.takes_the else self.take(after)
        if took == takes:
            return gap
        if not takes:
            return THE.sub("", gap)
        # One determiner is enough: "their Labour" must not become "their the Republicans".
        if DETERMINER.search(gap):
            return gap
        return gap + ("The " if at_start and not gap.strip() else "the ")


def modifies_noun(text: str, start: int, end: int) -> bool:
    """Return whether a name modifies a noun, as an adjective does: ``the new US administration``.

    Recognised by the most frequent nouns after it, or by what precedes it: ``a US …``.
    """
    if NOUN.match(text, end):
        return True
    return bool(BEFORE_ADJECTIVE.search(before(text, start)) and LOWER.match(text, end))


def before(text: str, start: int) -> str:
    """Return what stands in front of an offset, as far as the rules look back."""
    return text[max(0, start - MAX_WORDS) : start]


def is_namesake(text: str, start: int) -> bool:
    """Return whether a surname at this position follows another first name, as in ``Jeb Bush``."""
    match = NAMESAKE.search(before(text, start))
    if match is None or FIRST_WORDS.fullmatch(match["word"]):
        return False
    return not TITLES.match(match[0])


def indefinite(gap: str, form: str) -> str:
    """Write ``a`` or ``an`` before a name, judged by its first letter, which approximates the sound."""

    def fitting(match: re.Match[str]) -> str:
        article = match["article"][0] + ("n" if form[:1] in VOWELS else "")
        return article + match["space"]

    return re.sub(r"\b(?P<article>[Aa]n?)(?P<space>\s+)$", fitting, gap)
