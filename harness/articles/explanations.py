"""A model and labelled rows in, the words that moved each label out.

For a classifier that sums over words the weights are exact: what a word adds to the score of the label, less
what it adds on average to the other labels. For any other the weight of a word is what the probability of the
label loses without it (occlusion; Zeiler & Fergus 2014).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.values.parties import Span

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.inference import LabelModel

MAX_WORDS = 6
"""Words that are listed for a row."""

MAX_OCCLUDED = 80
"""Words of a sentence that are left out in turn, those nearest to the mention: each costs a prediction."""

# Weights below these are noise: nothing in the label would change.
_MIN_WEIGHT = {"exact": 0.02, "occlusion": 0.01}
# With the apostrophes and hyphens inside a word.
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True)
class WordWeight:
    """A word of a sentence, ``text[start:end]``, and how much it moved the label.

    Attributes
    ----------
    start, end : int
        Character offsets in the sentence; ``end`` is exclusive.
    text : str
    weight : float
        Positive where the word speaks for the label; in units of the score (``exact``) or of the probability
        (``occlusion``).
    method : {"exact", "occlusion"}
    """

    start: int
    end: int
    text: str
    weight: float
    method: str


def explain_labels(
    model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]
) -> list[tuple[WordWeight, ...]]:
    """Compute which words moved the labels of rows.

    Parameters
    ----------
    model : LabelModel
        Single-label.
    rows : DataFrame, n rows
        ``text``, ``target``, ``target_start``, ``target_end``, and ``holder`` where the model was given it;
        both offsets are missing where the party is not named.
    labels : sequence of str, length n
        What the model predicted for each row; empty where it gave no answer.

    Returns
    -------
    list of tuple of WordWeight, length n
        At most :data:`MAX_WORDS` a row, the heaviest first; the mention itself is not among them.
    """
    if hasattr(model.engine.classifier, "contributions"):
        return list(_exact(model, rows, labels))
    return _by_occlusion(model, rows, labels)


def _exact(model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]) -> Iterator[tuple[WordWeight, ...]]:
    from harness.serving.input_rows import examples

    classifier: Any = model.engine.classifier
    items = examples(rows, "stance", model.engine.parties)
    for item, label, shares in zip(items, labels, classifier.contributions(items), strict=True):
        # Without a prediction there is nothing to explain.
        if not label:
            yield ()
            continue
        index = model.labels.index(label)
        words = [
            WordWeight(start, end, item.text[start:end], _contrast(scores, index), "exact")
            for (start, end), scores in shares
            # Words of the mention name the target, whatever the label.
            if not any(start < span[1] and span[0] < end for span in item.spans)
        ]
        yield _heaviest(words)


def _contrast(scores: Any, index: int) -> float:
    """Return a word's score for one label, less its mean score for the other labels."""
    # Against the mean of the others: a constant added to all scores changes no probability.
    rest = [float(value) for label, value in enumerate(scores) if label != index]
    return float(scores[index]) - sum(rest) / len(rest)


def _by_occlusion(
    model: LabelModel, rows: pd.DataFrame, labels: Sequence[str]
) -> list[tuple[WordWeight, ...]]:
    import pandas as pd

    records = rows.to_dict("records")
    # Without a prediction there is nothing to explain.
    occlusions = [
        (number, span) for number, row in enumerate(records) if labels[number] for span in _words(row)
    ]
    if not occlusions:
        return [() for _ in records]
    # All variants in one call, so that the model labels them in batches.
    without = pd.DataFrame([_without(records[number], span) for number, span in occlusions])
    whole = model.predict(rows)
    occluded = model.predict(without)
    words: list[list[WordWeight]] = [[] for _ in records]
    for index, (number, (start, end)) in enumerate(occlusions):
        column = f"p_{labels[number]}"
        weight = float(whole[column].iloc[number]) - float(occluded[column].iloc[index])
        text = records[number]["text"][start:end]
        words[number].append(WordWeight(start, end, text, weight, "occlusion"))
    return [_heaviest(of_row) for of_row in words]


def _words(row: dict[Any, Any]) -> list[Span]:
    """List the words of a sentence except the mention; where there are many, those nearest to it."""
    begin, stop = _mention(row)
    spans = [match.span() for match in _WORD.finditer(row["text"])]
    spans = [(start, end) for start, end in spans if not (start < stop and begin < end)]
    near = sorted(spans, key=lambda span: min(abs(span[0] - stop), abs(begin - span[1])))[:MAX_OCCLUDED]
    return sorted(near)


def _without(row: dict[Any, Any], span: Span) -> dict[str, Any]:
    """Return a row without a word and the space after it, the offsets of the mention moved along."""
    start, end = span
    text = row["text"]
    # With the space after it, so that no double space remains.
    end += int(text[end : end + 1] == " ")
    # Of a missing mention both offsets stay missing.
    shift = end - start if start < row["target_start"] else 0
    return row | {
        "text": text[:start] + text[end:],
        "target_start": row["target_start"] - shift,
        "target_end": row["target_end"] - shift,
    }


def _mention(row: Mapping[Any, Any]) -> Span:
    """Return the span of the mention; an empty one where the party is not named."""
    start, end = float(row["target_start"]), float(row["target_end"])
    return (0, 0) if math.isnan(start) or math.isnan(end) else (int(start), int(end))


def _heaviest(words: Sequence[WordWeight]) -> tuple[WordWeight, ...]:
    above = [
        word for word in words if abs(word.weight) >= _MIN_WEIGHT[word.method] and _WORD.fullmatch(word.text)
    ]
    return tuple(sorted(above, key=lambda word: -abs(word.weight))[:MAX_WORDS])
