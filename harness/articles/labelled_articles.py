"""Documents, a registry and served models in; who is shown how in each sentence, and by whom, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.articles.article_files import ArticleText
from harness.articles.explanations import WordWeight, explain_labels
from harness.articles.holders import Holder, find_holders
from harness.articles.mentions import PartyMention, find_mentions
from harness.articles.sentences import Sentence, split_sentences
from harness.values.errors import ModelError
from harness.values.parties import Registry

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.inference import LabelModel

ROWS_AT_ONCE = 1024
"""Rows that are labelled together; articles wait until so many are there, and no longer."""

SEPARATOR = "|"


@dataclass(frozen=True)
class PredictedLabels:
    """What the models say of a (sentence, party).

    Attributes
    ----------
    stance : str
    proba : dict
        Stance → probability; they sum to 1.
    abstain : bool
    frames : tuple of str
        Of the sentence.
    frame_proba : dict
        Frame → probability.
    words : tuple of WordWeight
        What moved the stance, the weightiest first; empty where nobody asked.
    """

    stance: str = ""
    proba: dict[str, float] = field(default_factory=dict)
    abstain: bool = False
    frames: tuple[str, ...] = ()
    frame_proba: dict[str, float] = field(default_factory=dict)
    words: tuple[WordWeight, ...] = ()


@dataclass(frozen=True)
class LabelledMention:
    """A party in a sentence."""

    sentence: Sentence
    named: PartyMention
    holder: Holder
    label: PredictedLabels = PredictedLabels()


@dataclass(frozen=True)
class LabelledArticle:
    """A document with all its sentences, and a row for each party in each.

    Attributes
    ----------
    document : ArticleText
    sentences : tuple of Sentence
        What is left out too.
    holders : tuple of Holder
        One a sentence.
    rows : tuple of LabelledMention
        In order; every party at most once a sentence.
    """

    document: ArticleText
    sentences: tuple[Sentence, ...]
    holders: tuple[Holder, ...]
    rows: tuple[LabelledMention, ...]

    def thinned(self) -> LabelledArticle:
        """Return the reading without its text, for who counts over thousands of articles."""
        rows = tuple(
            replace(
                row,
                sentence=replace(row.sentence, text=""),
                label=PredictedLabels(row.label.stance, abstain=row.label.abstain),
            )
            for row in self.rows
        )
        headline = tuple(one for one in self.sentences[:1] if one.kind == "headline")
        return LabelledArticle(replace(self.document, text=""), headline, (), rows)

    @property
    def parties(self) -> list[str]:
        """The parties that occur, the one with most rows first."""
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row.named.party] = counts.get(row.named.party, 0) + 1
        return sorted(counts, key=lambda name: -counts[name])


@dataclass(frozen=True)
class ArticleReader:
    """Reads articles.

    Attributes
    ----------
    registry : Registry
    stance, frames : LabelModel, optional
        Left out, that label stays empty.
    only : frozenset of str
        Canonical names; empty stands for all parties that occur.
    linked : bool
        See :func:`harness.articles.mentions.find_mentions`.
    explain : bool
        Whether to say which words moved a stance.
    explain_at_most : int, optional
        Rows; where more are labelled together, nothing is said of words. Left out, there is no end.
    language : str
        For :func:`harness.articles.sentences.split_sentences`.

    Raises
    ------
    ModelError
        Where a model is for the other task.
    """

    registry: Registry
    stance: LabelModel | None = None
    frames: LabelModel | None = None
    only: frozenset[str] = frozenset()
    linked: bool = True
    explain: bool = False
    language: str = "en"
    explain_at_most: int | None = None

    def __post_init__(self) -> None:
        for model, task in ((self.stance, "stance"), (self.frames, "framing")):
            if model is not None and model.task != task:
                raise ModelError(f"{model.uri or 'the model'} is for {model.task}; a {task} model is needed")

    def read(self, documents: Iterable[ArticleText]) -> Iterator[LabelledArticle]:
        """Read articles, in order; as many are held at a time as fill a batch."""
        waiting: list[LabelledArticle] = []
        count = 0
        for document in documents:
            waiting.append(self.outline(document))
            count += len(waiting[-1].rows)
            if count >= ROWS_AT_ONCE:
                yield from self._labelled(waiting)
                waiting, count = [], 0
        yield from self._labelled(waiting)

    def outline(self, document: ArticleText) -> LabelledArticle:
        """Say who is named where and whose view each sentence gives; labels stay empty."""
        found = split_sentences(document.text, title=document.title, language=self.language)
        named = find_mentions(found, self.registry, date=document.date, linked=self.linked)
        whose = find_holders(found, named)
        rows = tuple(
            LabelledMention(sentence, one, holder)
            for sentence, of_one, holder in zip(found, named, whose, strict=True)
            for one in of_one
            if not self.only or one.party in self.only
        )
        return LabelledArticle(document, tuple(found), tuple(whose), rows)

    def _labelled(self, readings: Sequence[LabelledArticle]) -> Iterator[LabelledArticle]:
        rows = [row for one in readings for row in one.rows]
        labels = iter(self.labels(rows))
        for one in readings:
            yield replace(one, rows=tuple(replace(row, label=next(labels)) for row in one.rows))

    def explains(self, n: int) -> bool:
        """Say whether words are told where ``n`` rows are labelled together."""
        return self.explain and (self.explain_at_most is None or n <= self.explain_at_most)

    def labels(self, rows: Sequence[LabelledMention]) -> list[PredictedLabels]:
        """PredictedLabels rows."""
        made = [PredictedLabels() for _ in rows]
        if not rows:
            return made
        if self.stance is not None:
            table = _table(rows)
            found = self.stance.predict(table)
            names = self.stance.labels
            made = [
                PredictedLabels(
                    one["label"], {name: one[f"p_{name}"] for name in names}, bool(one["abstain"])
                )
                for one in found.to_dict("records")
            ]
            if self.explains(len(rows)):
                words = explain_labels(self.stance, table, found["label"].tolist())
                made = [replace(one, words=why) for one, why in zip(made, words, strict=True)]
        if self.frames is not None:
            made = _framed(self.frames, rows, made)
        return made


def _table(rows: Sequence[LabelledMention]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "text": [row.sentence.text for row in rows],
            "target": [row.named.party for row in rows],
            "target_start": [row.named.spans[0][0] for row in rows],
            "target_end": [row.named.spans[0][1] for row in rows],
        }
    )


def _framed(
    model: LabelModel, rows: Sequence[LabelledMention], made: Sequence[PredictedLabels]
) -> list[PredictedLabels]:
    """Add frames: once a sentence, however many parties stand in it."""
    import pandas as pd

    texts = list(dict.fromkeys(row.sentence.text for row in rows))
    records = model.predict(pd.DataFrame({"text": texts})).to_dict("records")
    by_text: dict[str, dict[Any, Any]] = dict(zip(texts, records, strict=True))
    framed = []
    for row, label in zip(rows, made, strict=True):
        one = by_text[row.sentence.text]
        frames = tuple(name for name in str(one["label"]).split(SEPARATOR) if name)
        proba = {name: float(one[f"p_{name}"]) for name in model.labels}
        framed.append(replace(label, frames=frames, frame_proba=proba))
    return framed
