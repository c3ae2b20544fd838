"""A reading in, a reader page out: one HTML document that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.articles.labelled_articles import LabelledArticle, LabelledMention
from harness.articles.mentions import LINKED
from harness.articles.tallies import VOICES, tally_parties
from harness.reports.pages import environment
from harness.values.labels import STANCES

MARKS = {"supportive": "+", "critical": "−", "neutral": "○"}
"""A sign a stance, for whom colours do not tell."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence; ``party`` is the number of the party that it names, -1 for none."""

    text: str
    party: int = -1


@dataclass(frozen=True)
class Line:
    """A sentence as it is shown."""

    number: int
    kind: str
    read: bool
    named: bool
    pieces: tuple[Piece, ...]


def reader_page(reading: LabelledArticle, *, models: tuple[str, ...] = ()) -> str:
    """Return the page of an article.

    Parameters
    ----------
    reading : LabelledArticle
    models : tuple of str
        Addresses of the models, to be named.

    Returns
    -------
    str
        One HTML document, light and dark, for keyboard, touch and print. Whatever comes from the article, the
        registry or a model is escaped.
    """
    parties = reading.parties
    place = {name: number for number, name in enumerate(parties)}
    counts = tally_parties([reading])
    return (
        environment()
        .get_template("reader.html.j2")
        .render(
            document=reading.document,
            title=reading.document.title or _headline(reading) or reading.document.id,
            parties=[{"name": name, "counts": counts[name]} for name in parties],
            paragraphs=_paragraphs(reading, place),
            strips=[_strip(reading, name) for name in parties],
            table=[_table_row(row) for row in reading.rows],
            data={"parties": parties, "rows": _rows(reading, place)},
            stances=_stances(reading),
            marks=MARKS,
            voices=VOICES,
            models=models,
        )
    )


def index_page(readings: Sequence[tuple[str, LabelledArticle]]) -> str:
    """Return the page that lists articles: pairs of the name of a page and the reading on it."""
    listed = [
        {
            "page": name,
            "document": reading.document,
            "title": reading.document.title or _headline(reading) or reading.document.id,
            "parties": [
                {"name": party, "counts": counts} for party, counts in tally_parties([reading]).items()
            ],
        }
        for name, reading in readings
    ]
    stances = _ordered(row.label.stance for _, reading in readings for row in reading.rows)
    return (
        environment()
        .get_template("readings.html.j2")
        .render(listed=listed, marks=MARKS, voices=VOICES, stances=stances)
    )


def _headline(reading: LabelledArticle) -> str:
    return next((one.text for one in reading.sentences if one.kind == "headline"), "")


def _stances(reading: LabelledArticle) -> list[str]:
    return _ordered(name for row in reading.rows for name in row.label.proba)


def _ordered(names: Iterable[str]) -> list[str]:
    """List stances once each: those known to the harness, the friendliest first, then others."""
    found = {name: None for name in names if name}
    return [name for name in reversed(STANCES) if name in found or not found] + [
        name for name in found if name not in STANCES
    ]


def _paragraphs(reading: LabelledArticle, place: dict[str, int]) -> list[list[Line]]:
    by_sentence: dict[int, list[LabelledMention]] = {}
    for row in reading.rows:
        by_sentence.setdefault(row.sentence.number, []).append(row)
    made: dict[int, list[Line]] = {}
    for sentence in reading.sentences:
        rows = by_sentence.get(sentence.number, [])
        pieces = _pieces(sentence.text, rows, place)
        line = Line(sentence.number, sentence.kind, sentence.in_article, bool(rows), pieces)
        made.setdefault(sentence.paragraph, []).append(line)
    return list(made.values())


def _pieces(text: str, rows: list[LabelledMention], place: dict[str, int]) -> tuple[Piece, ...]:
    spans = sorted((span, place[row.named.party]) for row in rows for span in row.named.spans)
    made = []
    position = 0
    for (start, end), party in spans:
        if start < position:
            continue
        made += [Piece(text[position:start]), Piece(text[start:end], party)]
        position = end
    return tuple(piece for piece in [*made, Piece(text[position:])] if piece.text)


def _strip(reading: LabelledArticle, party: str) -> list[dict[str, Any]]:
    """Return the course of the article for a party: a cell a sentence."""
    mine = {row.sentence.number: row for row in reading.rows if row.named.party == party}
    cells = []
    for sentence in reading.sentences:
        if sentence.in_article:
            row = mine.get(sentence.number)
            cells.append({"number": sentence.number, "row": None if row is None else _said(row)})
    return cells


def _said(row: LabelledMention) -> dict[str, Any]:
    label = row.label
    return {
        "stance": label.stance,
        "own": row.holder.own_voice,
        "sure": row.named.sure,
        "abstain": label.abstain,
    }


def _rows(reading: LabelledArticle, place: dict[str, int]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for row in reading.rows:
        label = row.label
        made.setdefault(str(row.sentence.number), {})[str(place[row.named.party])] = _said(row) | {
            "proba": {name: round(value, 3) for name, value in label.proba.items()},
            "frames": [name.replace("_", " ") for name in label.frames],
            "holder": _whose(row),
            "how": _how(row),
            "words": [[word.text, round(word.weight, 3)] for word in label.words],
        }
    return made


def _whose(row: LabelledMention) -> str:
    holder = row.holder
    if holder.own_voice:
        return "the outlet itself"
    via = holder.via if holder.via and holder.via != holder.name else ""
    return f"{holder.name} ({via})" if via else holder.name


def _how(row: LabelledMention) -> str:
    if not row.named.sure:
        return "unsure whether the party is meant"
    return f"meant by a {row.named.reference}" if row.named.reference in LINKED else ""


def _table_row(row: LabelledMention) -> dict[str, Any]:
    return _said(row) | {
        "number": row.sentence.number,
        "party": row.named.party,
        "proba": row.label.proba,
        "holder": _whose(row),
        "frames": ", ".join(name.replace("_", " ") for name in row.label.frames),
        "how": _how(row),
        "words": ", ".join(f"{word.text} ({word.weight:+.2f})" for word in row.label.words),
        "text": row.sentence.text,
    }
