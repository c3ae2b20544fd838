"""A labelled article in, its reader page out: one HTML document that loads nothing from the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.articles.holders import VOICES
from harness.articles.labelled_articles import LabelledArticle, LabelledMention, PredictedLabels
from harness.articles.mentions import LINKED
from harness.articles.tallies import PartyTally, count_sentences, tally_parties
from harness.reports.pages import environment
from harness.values.formatting import counted
from harness.values.labels import STANCES

MARKS = {"supportive": "+", "critical": "−", "neutral": "○"}
"""A sign for each stance, for readers to whom colours say nothing."""

ABSTAINS, UNSURE = "~", "?"
"""The signs of a label that the model does not stand by, and of a party that may not be meant."""


CONFIDENT = 0.8
"""From this probability on a page calls a label confident."""


@dataclass(frozen=True)
class TextPiece:
    """A stretch of a sentence; ``party`` is the number of the party that it mentions, -1 for none."""

    text: str
    party: int = -1


@dataclass(frozen=True)
class ShownSentence:
    """A sentence as the page shows it.

    Attributes
    ----------
    number : int
    kind : str
    read : bool
        Whether it is part of the article; others are struck through.
    named : bool
        Whether it mentions a party.
    pieces : tuple of TextPiece
    """

    number: int
    kind: str
    read: bool
    named: bool
    pieces: tuple[TextPiece, ...]


def reader_page(
    article: LabelledArticle,
    *,
    models: tuple[str, ...] = (),
    notes: Sequence[str] = (),
    trust: Sequence[str] = (),
) -> str:
    """Return the page of an article.

    Parameters
    ----------
    article : LabelledArticle
    models : tuple of str
        Addresses of the models, to be named at the end of the page.
    notes : sequence of str
        What a reader should know of the labels, shown above them.
    trust : tuple of str
        How far their labels may be trusted, a line each, at the head of the page; see
        :mod:`harness.serving.trust`.

    Returns
    -------
    str
        One HTML document, light and dark, for keyboard, touch and print. Text of the article, of the registry
        and of a model is escaped.
    """
    parties = article.parties
    numbers = {name: number for number, name in enumerate(parties)}
    tallies = tally_parties([article])
    alike = _judged_alike(article)
    stances = _ordered(name for mention in article.mentions for name in mention.labels.proba)
    return (
        # The environment escapes whatever is filled in, the JSON for the script included.
        environment()
        .get_template("reader.html.j2")
        .render(
            document=article.article,
            title=_title(article),
            parties=[
                {
                    "name": name,
                    "counts": _voice_counts(tallies[name], stances),
                    "confident": _confident(article, name),
                }
                for name in parties
            ],
            counting=[*count_sentences(tallies.values()), *_about_alike(alike)],
            paragraphs=_paragraphs(article, numbers),
            strips=[_strip(article, name) for name in parties],
            table=[_table_row(mention, alike) for mention in article.mentions],
            data={"parties": parties, "rows": _rows_by_sentence(article, numbers, alike)},
            stances=stances,
            marks=MARKS,
            signs={"abstains": ABSTAINS, "unsure": UNSURE},
            models=models,
            notes=notes,
            language=article.language,
            trust=trust,
        )
    )


def index_page(pages: Sequence[tuple[str, LabelledArticle]]) -> str:
    """Return the page that lists articles.

    Parameters
    ----------
    pages : sequence of (str, LabelledArticle)
        The file name of each reader page, and its article; its text may be left out.
    """
    stances = _ordered(mention.labels.stance for _, article in pages for mention in article.mentions)
    listed = [
        {
            "page": name,
            "document": article.article,
            "title": _title(article),
            "parties": [
                {"name": party, "counts": _voice_counts(tally, stances)}
                for party, tally in tally_parties([article]).items()
            ],
        }
        for name, article in pages
    ]
    tallies = tally_parties(article for _, article in pages)
    return (
        environment()
        .get_template("readings.html.j2")
        .render(
            listed=listed,
            marks=MARKS,
            voices=VOICES,
            stances=stances,
            signs={"abstains": ABSTAINS, "unsure": UNSURE},
            counting=count_sentences(tallies.values()),
        )
    )


def _voice_counts(tally: PartyTally, stances: Sequence[str]) -> dict[str, str]:
    """Return all rows of a party by voice, each count with its sign: ``{"own voice": "○5 −2 ~4 ?1"}``."""
    counts = {}
    for voice in VOICES:
        parts = [
            f"{MARKS.get(name, name)}{tally.stances[voice][name]}"
            for name in (*stances, "")
            if tally.stances[voice][name]
        ]
        parts += [f"{ABSTAINS}{tally.abstained[voice]}"] if tally.abstained[voice] else []
        parts += [f"{UNSURE}{tally.unsure[voice]}"] if tally.unsure[voice] else []
        if parts:
            counts[voice] = " ".join(parts)
    return counts


def _title(article: LabelledArticle) -> str:
    headline = next((sentence.text for sentence in article.sentences if sentence.kind == "headline"), "")
    return article.article.title or headline or article.article.id


def _ordered(names: Iterable[str]) -> list[str]:
    """List stances once each: those of the harness, the most supportive first, then others."""
    unique = {name: None for name in names if name}
    return [name for name in reversed(STANCES) if name in unique or not unique] + [
        name for name in unique if name not in STANCES
    ]


def _paragraphs(article: LabelledArticle, numbers: dict[str, int]) -> list[list[ShownSentence]]:
    by_sentence: dict[int, list[LabelledMention]] = {}
    for mention in article.mentions:
        by_sentence.setdefault(mention.sentence.number, []).append(mention)
    paragraphs: dict[int, list[ShownSentence]] = {}
    for sentence in article.sentences:
        mentions = by_sentence.get(sentence.number, [])
        pieces = _pieces(sentence.text, mentions, numbers)
        shown_sentence = ShownSentence(
            sentence.number, sentence.kind, sentence.in_article, bool(mentions), pieces
        )
        paragraphs.setdefault(sentence.paragraph, []).append(shown_sentence)
    return list(paragraphs.values())


def _pieces(text: str, mentions: list[LabelledMention], numbers: dict[str, int]) -> tuple[TextPiece, ...]:
    """Cut a sentence at the spans of its mentions; of overlapping spans the first counts."""
    # In order of their starts: two parties may overlap ("Ostrelian Union").
    spans = sorted(
        (span, numbers[mention.mention.party]) for mention in mentions for span in mention.mention.spans
    )
    pieces = []
    position = 0
    for (start, end), party in spans:
        if start < position:
            continue
        pieces += [TextPiece(text[position:start]), TextPiece(text[start:end], party)]
        position = end
    return tuple(piece for piece in [*pieces, TextPiece(text[position:])] if piece.text)


def _strip(article: LabelledArticle, party: str) -> list[dict[str, Any]]:
    """Return the course of the article for a party: a cell for each sentence."""
    of_party = {
        mention.sentence.number: mention for mention in article.mentions if mention.mention.party == party
    }
    cells = []
    for sentence in article.sentences:
        if sentence.in_article:
            mention = of_party.get(sentence.number)
            row = None if mention is None else _stance_cell(mention) | {"sign": _sign(mention)}
            cells.append({"number": sentence.number, "row": row})
    return cells


def _sign(mention: LabelledMention) -> str:
    """Return the one sign that fits a cell of a strip: why its label is not counted, or that of its label."""
    if not mention.mention.sure:
        return UNSURE
    return ABSTAINS if mention.labels.abstain else MARKS.get(mention.labels.stance, "")


def _stated(labels: PredictedLabels) -> dict[str, float]:
    """Return the probabilities of the stances; none where the model gave no answer."""
    return {name: value for name, value in labels.proba.items() if value is not None}


def _stance_cell(mention: LabelledMention) -> dict[str, Any]:
    return {
        "stance": mention.labels.stance,
        "own": mention.holder.own_voice,
        "sure": mention.mention.sure,
        "abstain": mention.labels.abstain,
    }


def _rows_by_sentence(
    article: LabelledArticle, numbers: dict[str, int], alike: Alike
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what the page's script shows: number of the sentence → number of the party → its labels."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for mention in article.mentions:
        labels = mention.labels
        cell = _stance_cell(mention) | {
            # Three digits: more would only make the page larger.
            "proba": {name: round(value, 3) for name, value in _stated(labels).items()},
            "frames": [name.replace("_", " ") for name in labels.frames],
            "unsure": [name.replace("_", " ") for name in labels.unsure_frames],
            "holder": _holder(mention),
            "how": _note(mention, alike),
            "words": [[word.text, round(word.weight, 3)] for word in labels.words],
        }
        # The keys of JSON objects are strings.
        rows.setdefault(str(mention.sentence.number), {})[str(numbers[mention.mention.party])] = cell
    return rows


Alike = dict[tuple[int, str], list[str]]
"""Sentence and party → the other parties that the sentence is said to judge in the same way."""


def _judged_alike(article: LabelledArticle) -> Alike:
    """Return which parties of a sentence have the same label, other than neutral.

    The model reads the same words for each of them, and learns by a mark alone which is meant: where it
    overlooks the mark, the judgement of one passes to the others.
    """
    by_label: dict[tuple[int, str], list[str]] = {}
    for mention in article.mentions:
        if mention.labels.stance not in ("", "neutral") and mention.mention.sure:
            by_label.setdefault((mention.sentence.number, mention.labels.stance), []).append(
                mention.mention.party
            )
    return {
        (sentence, party): [other for other in parties if other != party]
        for (sentence, _), parties in by_label.items()
        for party in parties
        if len(parties) > 1
    }


def _about_alike(alike: Alike) -> list[str]:
    sentences = len({sentence for sentence, _ in alike})
    if not sentences:
        return []
    return [
        f"In {counted(sentences, 'sentence')} several parties have the same judgement: the model reads the"
        " same words for each, and only a mark tells it which is meant; look at these."
    ]


def _confident(article: LabelledArticle, party: str) -> str:
    """Say how many labels of a party have a high probability; empty without a stance model."""
    highest = [
        max(stated.values())
        for mention in article.mentions
        if mention.mention.party == party and mention.mention.sure and (stated := _stated(mention.labels))
    ]
    if not highest:
        return ""
    n = sum(value >= CONFIDENT for value in highest)
    return f"{n:,} of {counted(len(highest), 'label')} at {CONFIDENT:.0%} or more"


def _note(mention: LabelledMention, alike: Alike) -> str:
    """Say what a reader should know of a row: whether it is sure, and which parties are judged like it."""
    others = alike.get((mention.sentence.number, mention.mention.party), [])
    notes = [_certainty(mention), f"the same label as {', '.join(others)}" if others else ""]
    return "; ".join(filter(None, notes))


def _holder(mention: LabelledMention) -> str:
    holder = mention.holder
    if holder.own_voice:
        return "the outlet itself"
    if holder.kind == "unknown":
        return "somebody quoted, unknown who"
    via = holder.via if holder.via and holder.via != holder.name else ""
    return f"{holder.name} ({via})" if via else holder.name


def _certainty(mention: LabelledMention) -> str:
    """Say whether the mention is unsure or linked; empty where the party is plainly named."""
    if not mention.mention.sure:
        return "unsure whether the party is meant"
    reference = mention.mention.reference
    return f"meant by a {reference}" if reference in LINKED else ""


def _table_row(mention: LabelledMention, alike: Alike) -> dict[str, Any]:
    return _stance_cell(mention) | {
        "number": mention.sentence.number,
        "party": mention.mention.party,
        "proba": _stated(mention.labels),
        "holder": _holder(mention),
        "frames": ", ".join(name.replace("_", " ") for name in mention.labels.frames),
        "unsure": ", ".join(name.replace("_", " ") for name in mention.labels.unsure_frames),
        "how": _note(mention, alike),
        "words": ", ".join(f"{word.text} ({word.weight:+.2f})" for word in mention.labels.words),
        "text": mention.sentence.text,
    }
