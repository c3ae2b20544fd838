"""Headings, cells and labels of an unknown table in; what they probably mean here out, with the reason."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.corpora.checks import SPLITS, cell_text, is_missing
from harness.corpora.label_words import number_text
from harness.values.parties import find_name
from harness.values.polarity import guess_label

MAX_LABELS = 15
"""A column with more different values is not taken for labels; the policy frames are 15."""

MIN_MENTIONED = 0.5
"""A column is taken for the party if at least this share of its cells occur in the text beside them."""

SAMPLED_ROWS = 2_000

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("text", "sentence", "satz", "content", "comment", "kommentar", "tweet", "headline", "body"),
        *("phrase", "texte", "frase", "texto", "quote", "statement", "aussage", "post", "passage"),
    ),
    "target": (
        *("target", "party", "partei", "entity", "actor", "akteur", "parti", "partido", "cible", "topic"),
        *("politician", "politiker", "country", "land", "pays", "ziel"),
    ),
    "stance": (
        *("stance", "label", "polarity", "haltung", "sentiment", "position", "gold", "rating", "bewertung"),
        *("opinion", "tone", "tonalität", "postura", "class", "annotation", "code"),
    ),
    "frames": ("frames", "frame", "framing", "rahmen", "cadres", "cadre", "marcos"),
    "group": (
        *("group", "article", "article_id", "artikel", "artikel_id", "document", "doc", "doc_id", "story"),
        *("url", "thread", "gruppe"),
    ),
    "outlet": (
        "outlet",
        "medium",
        "newspaper",
        "zeitung",
        "source",
        "quelle",
        "media",
        "publisher",
        "journal",
    ),
    "date": ("date", "datum", "published", "day", "fecha", "datetime", "created_at"),
    "holder": ("holder", "speaker", "sprecher", "orateur"),
    "annotator": ("annotator", "coder", "rater", "worker", "kodierer", "codeur", "annotateur"),
    "start": ("start", "target_start", "from", "von"),
    "end": ("end", "target_end", "to", "bis"),
    "id": ("id", "row_id", "uid"),
    "split": ("split", "set", "part", "subset"),
}
"""Column here → what files call it, the most telling first; in English, German, French and Spanish."""

STOP_WORDS: Mapping[str, str] = {
    "en": "the of and to in that is was for with by on from this",
    "de": "der die das und den von zu mit ist im nicht ein eine für",
    "fr": "le la les des et du que une est dans pour pas au sur",
    "es": "el la los las de que y en del una por con para se",
}
"""The commonest words of a language, by which a text in it is recognised."""

MAX_NAME = 200
"""Characters of the name of a column of votes, at most."""

_LABELLED = {"stance": ("gold", "votes"), "frames": ("gold_frames", "frames_votes")}
"""Question of ``harness label`` → its column of labels, and the role of its columns of votes."""

_VOTE = re.compile(r"(.*?)[ _.-]*(?:\d+|[a-f])")


@dataclass(frozen=True)
class Guess:
    """What a table probably holds.

    Attributes
    ----------
    columns : mapping
        Column here → the file's, or several of them.
    reasons : mapping
        Column here → why.
    """

    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


Cells = Mapping[str, Sequence[Any]]
"""Heading → cells."""


def guess_columns(cells: Cells) -> Guess:
    """Guess which column is which: by its heading, else by what its cells look like."""
    sample = {
        name: [None if is_missing(value) else cell_text(value) for value in values[:SAMPLED_ROWS]]
        for name, values in cells.items()
    }
    columns = _by_hand(sample)
    reasons: dict[str, str] = dict.fromkeys(columns, "as harness label writes it")
    votes = () if columns else _vote_columns(sample)
    if votes:
        columns["votes"], reasons["votes"] = votes, "they hold the same few values, one column an annotator"
    free = {
        name: values
        for name, values in sample.items()
        if name not in votes and name not in columns.values() and not (columns and " by " in name)
    }
    for role, words in HEADINGS.items():
        heading = _by_heading(role, words, free) if role not in columns else ""
        if heading and not (votes and role == "stance"):
            columns[role], reasons[role] = heading, "by its heading"
            del free[heading]
    for role in ("text", "stance", "target"):
        if (
            role not in columns
            and not (votes and role == "stance")
            and not (role == "stance" and "frames" in columns)
        ):
            heading, reason = _BY_CELLS[role](free, sample.get(str(columns.get("text")), ()))
            if heading:
                columns[role], reasons[role] = heading, reason
                del free[heading]
    return Guess(columns, reasons)


def guess_language(texts: Sequence[str]) -> str:
    """Guess the language of texts from its commonest words; empty where no language stands out.

    Examples
    --------
    >>> guess_language(["Die Partei ist mit dem Haushalt nicht zufrieden."]), guess_language(["Xyz."])
    ('de', '')
    """
    words = [word for text in texts[:SAMPLED_ROWS] for word in re.findall(r"\w+", text.lower())]
    stops = {language: set(listed.split()) for language, listed in STOP_WORDS.items()}
    counts = {language: sum(word in stop for word in words) for language, stop in stops.items()}
    (first, most), (_, second) = Counter(counts).most_common(2)
    # Spanish and French share some of their short words; a real text of one has far more of its own.
    return first if most > 1.2 * second and most > 0.05 * len(words) else ""


def guess_separator(cells: Sequence[str]) -> str:
    """Guess what stands between several frames in one cell."""
    counts = {mark: sum(mark in cell for cell in cells) for mark in ("|", ";", ",", "/")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else "|"


def _by_heading(role: str, words: Sequence[str], free: Cells) -> str:
    by_word = {re.sub(r"[\s-]+", "_", name.strip().casefold()): name for name in reversed(list(free))}
    for word in words:
        name = by_word.get(word)
        if name is not None and _fits(role, free[name]):
            return name
    return ""


def _fits(role: str, values: Sequence[str | None]) -> bool:
    filled = [value for value in values if value is not None]
    if role == "id":
        return len(set(filled)) == len(values)
    if role == "split":
        return bool(filled) and all(value.lower() in SPLITS for value in filled)
    if role in ("start", "end"):
        return all(number_text(value).isdecimal() for value in filled)
    if role == "stance":
        return 1 < len(set(filled)) <= MAX_LABELS
    return bool(filled)


def _by_hand(sample: Cells) -> dict[str, str | tuple[str, ...]]:
    """Return the columns that ``harness label`` writes: what annotators agreed on, and the vote of each."""
    columns: dict[str, str | tuple[str, ...]] = {}
    for role, (gold, votes) in _LABELLED.items():
        names = tuple(name for name in sample if name.startswith(f"{role} by "))
        if names and any(sample.get(gold, ())):
            columns[role] = gold
            if len(names) > 1:
                columns[votes] = names
    return columns


def _vote_columns(sample: Mapping[str, Sequence[str | None]]) -> tuple[str, ...]:
    """Return columns that differ in a number or a letter at the end, and hold the same few labels."""
    families: dict[str, list[str]] = {}
    for name, values in sample.items():
        # A name that is longer than any is no vote's, and takes long to tell.
        match = _VOTE.fullmatch(name.strip().casefold()) if len(name) <= MAX_NAME else None
        distinct = {value for value in values if value is not None}
        if match and 1 < len(distinct) <= MAX_LABELS:
            families.setdefault(match[1], []).append(name)
    for names in families.values():
        sets = [{value for value in sample[name] if value is not None} for name in names]
        shared = set.intersection(*sets)
        if len(names) > 1 and len(shared) > 1:
            return tuple(names)
    return ()


def _longest(free: Cells, _: Sequence[Any]) -> tuple[str, str]:
    lengths = {
        name: statistics.fmean(len(value or "") for value in values)
        for name, values in free.items()
        if values
    }
    name = max(lengths, key=lambda key: lengths[key], default="")
    return name, "its cells are the longest"


def _labels(free: Cells, _: Sequence[Any]) -> tuple[str, str]:
    for name, values in free.items():
        distinct = {value for value in values if value is not None}
        if 1 < len(distinct) <= MAX_LABELS and all(guess_label(value) for value in distinct):
            return name, "its values are words for stances"
    return "", ""


def _mentioned(free: Cells, texts: Sequence[Any]) -> tuple[str, str]:
    for name, values in free.items():
        pairs = [(text, value) for text, value in zip(texts, values, strict=False) if text and value]
        hits = sum(bool(find_name(text, value)) for text, value in pairs)
        if pairs and hits >= MIN_MENTIONED * len(pairs):
            return name, f"{hits:,} of {len(pairs):,} cells occur in their text"
    return "", ""


_BY_CELLS = {"text": _longest, "stance": _labels, "target": _mentioned}
