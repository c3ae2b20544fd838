"""Labelled articles in; how often each party is shown how, in own voice and in quotes, out.

Every row is counted once: under its stance; under ``abstains``, where the model does not stand by its label,
or gives none; or under ``unsure``, where the party may not be meant, whatever the model says of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.articles.holders import VOICES
from harness.articles.labelled_articles import LabelledArticle
from harness.articles.mentions import LINKED
from harness.values.formatting import agreeing, counted


@dataclass
class PartyTally:
    """Counts of the mentions of a party.

    Attributes
    ----------
    stances : dict
        Voice → stance → mentions; without a stance model all count under ``""``.
    frames : Counter
        Frame → mentions with a stance in sentences that use it.
    unsure, abstained : Counter
        Voice → mentions whose stance does not count: unsure ones, and others on which the model abstains.
    linked : int
        Mentions with a stance that name the party by a pronoun, an office or a description only.
    unanswered : int
        Mentions among the ``abstained`` for which the model gives no answer at all.
    """

    stances: dict[str, Counter[str]] = field(default_factory=lambda: {voice: Counter() for voice in VOICES})
    frames: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    linked: int = 0
    unanswered: int = 0

    @property
    def counted(self) -> int:
        """Mentions with a stance."""
        return sum(stances.total() for stances in self.stances.values())

    @property
    def stance_names(self) -> set[str]:
        """The stances that are counted; none without a stance model."""
        return {name for stances in self.stances.values() for name in stances if name}

    @property
    def rows(self) -> int:
        """All mentions."""
        return self.counted + self.abstained.total() + self.unsure.total()


def tally_parties(articles: Iterable[LabelledArticle]) -> dict[str, PartyTally]:
    """Count the mentions of each party, the most mentioned first."""
    tallies: dict[str, PartyTally] = {}
    for article in articles:
        add_article(tallies, article)
    return most_mentioned_first(tallies)


def most_mentioned_first(tallies: dict[str, PartyTally]) -> dict[str, PartyTally]:
    """Sort parties by their rows, those on which the model abstains and unsure ones included."""
    return dict(sorted(tallies.items(), key=lambda item: -item[1].rows))


def add_article(tallies: dict[str, PartyTally], article: LabelledArticle) -> None:
    """Add the mentions of an article to ``tallies``, in place."""
    for row in article.mentions:
        tally = tallies.setdefault(row.mention.party, PartyTally())
        if not row.mention.sure:
            tally.unsure[row.holder.voice] += 1
        # Where the model abstains its stance is a guess that it does not stand by; or it gives no answer.
        elif row.labels.abstain:
            tally.abstained[row.holder.voice] += 1
            tally.unanswered += not row.labels.stance
        else:
            tally.stances[row.holder.voice][row.labels.stance] += 1
            tally.frames.update(row.labels.frames)
            tally.linked += row.mention.reference in LINKED


def add_tallies(tallies: dict[str, PartyTally], more: Mapping[str, PartyTally]) -> None:
    """Add counts to ``tallies``, in place."""
    for party, counts in more.items():
        tally = tallies.setdefault(party, PartyTally())
        for voice, stances in counts.stances.items():
            tally.stances[voice] += stances
        tally.frames += counts.frames
        tally.unsure += counts.unsure
        tally.abstained += counts.abstained
        tally.linked += counts.linked
        tally.unanswered += counts.unanswered


def count_sentences(tallies: Iterable[PartyTally]) -> list[str]:
    """Say how many rows are counted as what, in numbers that add up, and what the words mean.

    Parameters
    ----------
    tallies : iterable of PartyTally
    """
    parties = list(tallies)
    counted_rows = sum(tally.counted for tally in parties)
    abstained = sum(tally.abstained.total() for tally in parties)
    unsure = sum(tally.unsure.total() for tally in parties)
    unanswered = sum(tally.unanswered for tally in parties)
    with_stances = bool(abstained) or any(tally.stance_names for tally in parties)
    how = " by stance" if with_stances else ""
    total = counted_rows + abstained + unsure
    if counted_rows == total:
        return [f"Every row is counted{how}."]
    others = [f"{n:,} under {name}" for n, name in ((abstained, "abstains"), (unsure, "unsure")) if n]
    are = agreeing(counted_rows, "is", "are")
    sentences = [f"Of {counted(total, 'row')} {counted_rows:,} {are} counted{how}, {', '.join(others)}."]
    if abstained:
        sentences.append("Abstains: the model predicts a stance, but does not stand by it.")
    if unanswered:
        sentences.append(
            f"Of {counted(unanswered, 'row')} under abstains it predicts none: it gave no answer."
        )
    if unsure:
        sentences.append("Unsure: the party may not be meant.")
    if abstained:
        sentences.append(
            "harness shares counts rows on which the model abstains, too, by the stance it predicts."
        )
    return sentences
