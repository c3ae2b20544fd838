"""Texts of articles, a registry and served models in; mentions of parties with holders and labels out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.articles.article_files import ArticleText
from harness.articles.explanations import WordWeight, explain_labels
from harness.articles.grammar import ENGLISH, grammar_of
from harness.articles.holders import Holder, find_holders
from harness.articles.mentions import PartyMention, find_mentions
from harness.articles.sentences import Sentence, split_sentences
from harness.articles.speech import speech_of
from harness.articles.unknown_names import UnknownNames, unknown_names
from harness.serving.engine import UNSURE
from harness.values.errors import ModelError
from harness.values.language import detect, outside
from harness.values.parties import Registry

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.contract import Holders
    from harness.serving.inference import LabelModel

BATCH_ROWS = 1024
"""Mentions that are labelled together. Articles are held until a batch is full, and no longer."""

SEPARATOR = "|"
"""Between the frames of a sentence in one field, as in the output of ``harness predict``."""


UNMEASURED = (
    "how often each frame is right was not measured when the framing model was packed, so that all of its"
    " frames are shown; run the experiment and promote it again"
)


@dataclass(frozen=True)
class PredictedLabels:
    """What the models predict for a party in a sentence.

    Attributes
    ----------
    stance : str
        Empty without a stance model, and where it gives no answer.
    proba : dict
        Stance → probability; they sum to 1. None where the model gives no answer.
    abstain : bool
        Whether the stance model abstains, or gives no answer.
    frames : tuple of str
        Of the sentence: those that may be shown.
    unsure_frames : tuple of str
        Those that the model predicts without enough evidence that they are right, or abstains from.
    frame_proba : dict
        Frame → probability; independent of each other.
    words : tuple of WordWeight
        The words that moved the stance, the heaviest first; empty where they were not computed.
    """

    stance: str = ""
    proba: dict[str, float | None] = field(default_factory=dict)
    abstain: bool = False
    frames: tuple[str, ...] = ()
    unsure_frames: tuple[str, ...] = ()
    frame_proba: dict[str, float | None] = field(default_factory=dict)
    words: tuple[WordWeight, ...] = ()


@dataclass(frozen=True)
class LabelledMention:
    """A party in a sentence, whose view the sentence gives, and what the models predict."""

    sentence: Sentence
    mention: PartyMention
    holder: Holder
    labels: PredictedLabels = PredictedLabels()


@dataclass(frozen=True)
class LabelledArticle:
    """An article with all its sentences, and the parties mentioned in each.

    Attributes
    ----------
    article : ArticleText
    sentences : tuple of Sentence, length n
        Those that are no part of the article too.
    holders : tuple of Holder, length n
    mentions : tuple of LabelledMention
        In order; every party at most once a sentence.
    language : str
        By whose rules it was read; see :attr:`ArticleReader.language`.
    unknown : UnknownNames
        Names in political roles that the registry lacks.
    """

    article: ArticleText
    sentences: tuple[Sentence, ...]
    holders: tuple[Holder, ...]
    mentions: tuple[LabelledMention, ...]
    language: str = ENGLISH
    unknown: UnknownNames = field(default_factory=UnknownNames, compare=False)

    def without_text(self) -> LabelledArticle:
        """Return the article with its headline, stances and counts alone: thousands of them fit in memory."""
        mentions = tuple(
            replace(
                mention,
                sentence=replace(mention.sentence, text=""),
                labels=PredictedLabels(mention.labels.stance, abstain=mention.labels.abstain),
            )
            for mention in self.mentions
        )
        # The index of pages shows a headline for each article.
        headline = tuple(sentence for sentence in self.sentences[:1] if sentence.kind == "headline")
        return LabelledArticle(replace(self.article, text=""), headline, (), mentions, self.language)

    @property
    def parties(self) -> list[str]:
        """The parties that are mentioned, the one with most mentions first."""
        counts: dict[str, int] = {}
        for mention in self.mentions:
            counts[mention.mention.party] = counts.get(mention.mention.party, 0) + 1
        return sorted(counts, key=lambda name: -counts[name])


@dataclass(frozen=True)
class ArticleReader:
    """Finds and labels the mentions in articles.

    Attributes
    ----------
    registry : Registry
    stance, frames : LabelModel, optional
        Left out, those labels stay empty.
    only : frozenset of str
        Canonical names of the parties to label; empty stands for all that occur.
    linked : bool
        See :func:`harness.articles.mentions.find_mentions`.
    explain : bool
        Whether to compute which words moved each stance.
    language : str
        Code of the articles' language; empty to detect that of each. An article that is too short to tell is
        read as English.
    registry_in : callable, optional
        Language → the registry with its names; left out, ``registry`` serves all languages.
    max_explained : int, optional
        Rows; where more are labelled together, no words are computed. Left out, there is no limit.

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
    language: str = ENGLISH
    max_explained: int | None = None
    registry_in: Callable[[str], Registry] | None = None

    def __post_init__(self) -> None:
        for model, task in ((self.stance, "stance"), (self.frames, "framing")):
            if model is not None and model.task != task:
                raise ModelError(f"{model.uri or 'the model'} is for {model.task}; a {task} model is needed")

    # Batches go across articles: one has few rows, and a model is faster on a thousand at a time.
    def label(self, articles: Iterable[ArticleText]) -> Iterator[LabelledArticle]:
        """Label articles, in order; as many are held at a time as fill a batch.

        What was labelled before has no influence: the same articles get the same labels, to the last digit.
        """
        for model in (self.stance, self.frames):
            if model is not None:
                model.forget()
        batch: list[LabelledArticle] = []
        rows = 0
        for article in articles:
            batch.append(self.unlabelled(article))
            rows += len(batch[-1].mentions)
            if rows >= BATCH_ROWS:
                yield from self._label_batch(batch)
                batch, rows = [], 0
        yield from self._label_batch(batch)

    def unlabelled(self, article: ArticleText) -> LabelledArticle:
        """Find which parties an article mentions and whose view each sentence gives; labels stay empty."""
        language = self.language or detect(f"{article.title}\n{article.text}") or ENGLISH
        registry = self.registry_in(language) if self.registry_in is not None else self.registry
        grammar = grammar_of(language) if language != ENGLISH else None
        sentences = split_sentences(article.text, title=article.title, language=language)
        mentions = find_mentions(sentences, registry, date=article.date, linked=self.linked, grammar=grammar)
        holders = find_holders(sentences, mentions, speech_of(language))
        rows = tuple(
            LabelledMention(sentence, mention, holder)
            for sentence, in_sentence, holder in zip(sentences, mentions, holders, strict=True)
            # Filtered last: a party that is not of interest may be the one that speaks.
            for mention in in_sentence
            if not self.only or mention.party in self.only
        )
        unknown = unknown_names(sentences, registry, grammar)
        return LabelledArticle(article, tuple(sentences), tuple(holders), rows, language, unknown)

    def _label_batch(self, batch: Sequence[LabelledArticle]) -> Iterator[LabelledArticle]:
        labels = iter(self.predict([mention for article in batch for mention in article.mentions]))
        for article in batch:
            # How often a frame is right was counted in the model's own languages.
            foreign = self.frames is not None and outside([article.language], self.frames.languages)
            of_article = [next(labels) for _ in article.mentions]
            if foreign:
                of_article = [_unsure(label) for label in of_article]
            mentions = tuple(
                replace(mention, labels=label)
                for mention, label in zip(article.mentions, of_article, strict=True)
            )
            yield replace(article, mentions=mentions)

    @property
    def notes(self) -> list[str]:
        """What a reader of its labels should know, whatever the articles."""
        contract = self.frames.engine.contract if self.frames is not None else None
        if contract is None or not contract.labels.multi or contract.effective_decider.support is not None:
            return []
        return [UNMEASURED]

    def explains(self, n_rows: int) -> bool:
        """Whether words are computed where so many rows are labelled together."""
        return self.explain and (self.max_explained is None or n_rows <= self.max_explained)

    def predict(self, mentions: Sequence[LabelledMention]) -> list[PredictedLabels]:
        """Predict the labels of mentions, in one batch.

        Parameters
        ----------
        mentions : sequence of LabelledMention, length n
            Their labels are ignored.

        Returns
        -------
        list of PredictedLabels, length n
        """
        labels = [PredictedLabels() for _ in mentions]
        if not mentions:
            return labels
        if self.stance is not None:
            table = _table(mentions, self.stance.engine.contract.holders)
            predictions = self.stance.predict(table)
            stances = self.stance.labels
            labels = [
                PredictedLabels(row["label"], _proba(row, stances), bool(row["abstain"]))
                for row in predictions.to_dict("records")
            ]
            if self.explains(len(mentions)):
                words = explain_labels(self.stance, table, predictions["label"].tolist())
                labels = [replace(label, words=why) for label, why in zip(labels, words, strict=True)]
        if self.frames is not None:
            labels = _with_frames(self.frames, mentions, labels)
        return labels


def _proba(record: Mapping[Any, Any], names: Sequence[str]) -> dict[str, float | None]:
    """Return the probabilities in a labelled row; None, which files and pages can hold, in place of NaN."""
    values = {name: float(record[f"p_{name}"]) for name in names}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _table(mentions: Sequence[LabelledMention], holders: Holders) -> pd.DataFrame:
    """Return the rows that a model labels, with the first span of each mention as the target's.

    They name the holder where the rows did that the model was trained on.
    """
    import pandas as pd

    table = pd.DataFrame(
        {
            "text": [row.sentence.text for row in mentions],
            # The canonical name, whatever form the sentence uses; the span says where that stands.
            "target": [row.mention.party for row in mentions],
            "target_start": [row.mention.spans[0][0] for row in mentions],
            "target_end": [row.mention.spans[0][1] for row in mentions],
        }
    )
    if holders == "none":
        return table
    shown = [None if holders == "quoted" and row.holder.own_voice else row.holder.label for row in mentions]
    return table.assign(holder=pd.Series(shown, dtype=object))


def _with_frames(
    model: LabelModel, mentions: Sequence[LabelledMention], labels: Sequence[PredictedLabels]
) -> list[PredictedLabels]:
    """Add frames, which belong to the sentence: predicted once, however many parties it mentions."""
    import pandas as pd

    # In order and without repeats: equal sentences have equal frames.
    texts = list(dict.fromkeys(row.sentence.text for row in mentions))
    records = model.predict(pd.DataFrame({"text": texts})).to_dict("records")
    by_text: dict[str, dict[Any, Any]] = dict(zip(texts, records, strict=True))
    with_frames = []
    for row, label in zip(mentions, labels, strict=True):
        record = by_text[row.sentence.text]
        frames, unsure = (_names(record.get(column)) for column in ("label", UNSURE))
        framed = replace(label, frames=frames, unsure_frames=unsure, frame_proba=_proba(record, model.labels))
        with_frames.append(_unsure(framed) if record["abstain"] else framed)
    return with_frames


def _unsure(labels: PredictedLabels) -> PredictedLabels:
    return replace(labels, frames=(), unsure_frames=labels.frames + labels.unsure_frames)


def _names(cell: Any) -> tuple[str, ...]:
    """Return the labels in a field; none where it is empty, or its column is missing."""
    return tuple(name for name in cell.split(SEPARATOR) if name) if isinstance(cell, str) else ()
