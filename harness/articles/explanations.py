"""A model and labelled rows in, the words that moved each label out.

For a classifier that adds up its words the shares are exact: what each word adds to the score of the label,
less what it adds on average to the other labels. For any other a word's share is what the label's probability
loses without it (occlusion; Zeiler & Fergus 2014).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.values.parties import Span

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.inference import LabelModel

SHOWN = 6
"""Words a row."""

LONGEST = 80
"""Words of a sentence that are left out in turn; longer ones are looked at near the mention."""

_LEAST = {"exact": 0.02, "occlusion": 0.01}
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True)
class WordWeight:
    """A word of a sentence, ``text[start:end]``.

    Attributes
    ----------
    weight : float
        Above 0 where it speaks for the label: in units of the score (``exact``) or of the probability.
    how : str
        ``exact`` or ``occlusion``.
    """

    start: int
    end: int
    text: str
    weight: float
    how: str


def explain_labels(
    model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]
) -> list[tuple[WordWeight, ...]]:
    """Say which words moved labels.

    Parameters
    ----------
    model : LabelModel
        Single-label.
    rows : DataFrame
        ``text``, ``target``, ``target_start``, ``target_end``.
    labels : sequence of str
        What the model said of each row.

    Returns
    -------
    list of tuple of WordWeight
        At most :data:`SHOWN` a row, the weightiest first; the mention itself is not among them.
    """
    if hasattr(model.engine.classifier, "contributions"):
        return list(_exact(model, rows, labels))
    return _occluded(model, rows, labels)


def _exact(model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]) -> Iterator[tuple[WordWeight, ...]]:
    from harness.serving.rows import examples

    classifier: Any = model.engine.classifier
    items = examples(rows, "stance", model.engine.parties)
    for item, label, shares in zip(items, labels, classifier.contributions(items), strict=True):
        at = model.labels.index(label)
        words = [
            WordWeight(start, end, item.text[start:end], _against_others(scores, at), "exact")
            for (start, end), scores in shares
            if not any(start < span[1] and span[0] < end for span in item.spans)
        ]
        yield _weightiest(words)


def _against_others(scores: Any, at: int) -> float:
    others = [float(value) for k, value in enumerate(scores) if k != at]
    return float(scores[at]) - sum(others) / len(others)


def _occluded(model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]) -> list[tuple[WordWeight, ...]]:
    import pandas as pd

    records = rows.to_dict("records")
    tried = [(number, span) for number, row in enumerate(records) for span in _words(row)]
    if not tried:
        return [() for _ in records]
    without = pd.DataFrame([_without(records[number], span) for number, span in tried])
    whole = model.predict(rows)
    left = model.predict(without)
    found: list[list[WordWeight]] = [[] for _ in records]
    for place, (number, (start, end)) in enumerate(tried):
        column = f"p_{labels[number]}"
        weight = float(whole[column].iloc[number]) - float(left[column].iloc[place])
        text = records[number]["text"][start:end]
        found[number].append(WordWeight(start, end, text, weight, "occlusion"))
    return [_weightiest(words) for words in found]


def _words(row: dict[Any, Any]) -> list[Span]:
    """List the words of a sentence but for the mention, the nearest ones where there are many."""
    begin, stop = int(row["target_start"]), int(row["target_end"])
    spans = [match.span() for match in _WORD.finditer(row["text"])]
    spans = [(start, end) for start, end in spans if not (start < stop and begin < end)]
    near = sorted(spans, key=lambda span: min(abs(span[0] - stop), abs(begin - span[1])))[:LONGEST]
    return sorted(near)


def _without(row: dict[Any, Any], span: Span) -> dict[str, Any]:
    start, end = span
    text = row["text"]
    end += int(text[end : end + 1] == " ")
    shift = end - start if start < row["target_start"] else 0
    return {
        "text": text[:start] + text[end:],
        "target": row["target"],
        "target_start": row["target_start"] - shift,
        "target_end": row["target_end"] - shift,
    }


def _weightiest(words: Sequence[WordWeight]) -> tuple[WordWeight, ...]:
    kept = [word for word in words if abs(word.weight) >= _LEAST[word.how] and _WORD.fullmatch(word.text)]
    return tuple(sorted(kept, key=lambda word: -abs(word.weight))[:SHOWN])
