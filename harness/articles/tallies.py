"""Labelled articles in; how often each party is shown how, in own voice and in quotes, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.articles.holders import VOICES
from harness.articles.labelled_articles import LabelledArticle
from harness.articles.mentions import LINKED


@dataclass
class PartyTally:
    """Counts of the mentions of a party.

    Attributes
    ----------
    stances : dict
        Voice → stance → mentions; without a stance model all count under ``""``.
    frames : Counter
        Frame → mentions in sentences that use it.
    unsure, abstained : int
        Mentions that are not counted: the unsure ones, and those on which the model abstains.
    linked : int
        Mentions among those counted that name the party by a pronoun, an office or a description only.
    """

    stances: dict[str, Counter[str]] = field(default_factory=lambda: {voice: Counter() for voice in VOICES})
    frames: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    abstained: int = 0
    linked: int = 0

    @property
    def counted(self) -> int:
        """Mentions that count."""
        return sum(stances.total() for stances in self.stances.values())


def tally_parties(articles: Iterable[LabelledArticle]) -> dict[str, PartyTally]:
    """Count the mentions of each party, the most mentioned first."""
    tallies: dict[str, PartyTally] = {}
    for article in articles:
        add_article(tallies, article)
    return dict(sorted(tallies.items(), key=lambda item: -item[1].counted))


def add_article(tallies: dict[str, PartyTally], article: LabelledArticle) -> None:
    """Add the mentions of an article to ``tallies``, in place."""
    for row in article.mentions:
        tally = tallies.setdefault(row.mention.party, PartyTally())
        if not row.mention.sure:
            tally.unsure += 1
        # Where the model abstains its stance is a guess that it does not stand by.
        elif row.labels.abstain:
            tally.abstained += 1
        else:
            tally.stances[row.holder.voice][row.labels.stance] += 1
            tally.frames.update(row.labels.frames)
            tally.linked += row.mention.reference in LINKED
