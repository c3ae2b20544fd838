"""Labelled articles in, how often each party is shown how, in own voice and in quotes, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.articles.labelled_articles import LabelledArticle

VOICES = ("own voice", "quoted")


@dataclass
class PartyTally:
    """Counts of a party.

    Attributes
    ----------
    stances : dict
        Voice → stance → sentences.
    frames : Counter
    unsure, abstained, linked : int
        Rows that are not counted: of unsure mentions, and those the model abstains on; and how many of the
        counted ones name the party by a pronoun, an office or a description only.
    """

    stances: dict[str, Counter[str]] = field(default_factory=lambda: {voice: Counter() for voice in VOICES})
    frames: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    abstained: int = 0
    linked: int = 0

    @property
    def counted(self) -> int:
        """Rows that count."""
        return sum(one.total() for one in self.stances.values())


def tally_parties(readings: Iterable[LabelledArticle]) -> dict[str, PartyTally]:
    """Count, party by party, the most named first.

    Rows without a stance count under ``""``.
    """
    found: dict[str, PartyTally] = {}
    for reading in readings:
        add_article(found, reading)
    return dict(sorted(found.items(), key=lambda item: -item[1].counted))


def add_article(found: dict[str, PartyTally], reading: LabelledArticle) -> None:
    """Count the rows of one reading into ``found``."""
    from harness.articles.mentions import LINKED

    for row in reading.rows:
        mine = found.setdefault(row.named.party, PartyTally())
        if not row.named.sure:
            mine.unsure += 1
        elif row.label.abstain:
            mine.abstained += 1
        else:
            voice = VOICES[0] if row.holder.own_voice else VOICES[1]
            mine.stances[voice][row.label.stance] += 1
            mine.frames.update(row.label.frames)
            mine.linked += row.named.reference in LINKED
