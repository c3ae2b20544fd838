"""Examples in, tokens out, once; then batches of tokens, none of them wasted on padding.

A text that is too long is cut to a window around the target. Batches hold rows of about one length: rows are
shuffled, sorted by length within stretches, and cut where a batch would be over its budget of tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.inputs import Marks, View, view
from harness.classifiers.protocol import Examples, Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRETCH = 50
"""Batches that are sorted by length together: enough that padding is rare, few enough to stay random."""

SHARED = 32
"""The most rows that share a text within a batch: each has states of its own before the head."""

MARKS = Marks()
"""What is written around a target: brackets, which every vocabulary has."""

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Rows:
    """Tokenized examples.

    Attributes
    ----------
    tokens : list of (length,) int64 arrays
    segments : list of (length,) int64 arrays
        0 for the first text, 1 for the second.
    targets : list of (length,) bool arrays
        Which tokens are the target's mention; none where the text does not name it.
    lengths : (n,) array
    """

    tokens: list[NDArray[np.int64]]
    segments: list[NDArray[np.int64]]
    targets: list[NDArray[np.bool_]]
    lengths: NDArray[np.int64]


class Tokenizer:
    """A checkpoint's tokenizer, with the target shown as asked.

    Parameters
    ----------
    backend : transformers fast tokenizer
        As :func:`harness.classifiers.checkpoints.load_tokenizer` loads it.
    target : str
        How the target is shown.
    max_tokens : int
        The most tokens of a row.
    """

    def __init__(self, backend: Any, target: Target, max_tokens: int) -> None:
        self.backend = backend
        self.target = target
        self.max_tokens = max_tokens

    def __call__(self, examples: Examples) -> Rows:
        """Tokenize examples; the rows are in their order."""
        views = [self._short_pair(view(example, self.target, MARKS)) for example in examples]
        found = self._encode(views)
        long = [row for row, one in enumerate(found) if len(one.ids) > self.max_tokens]
        if long:
            cut = [self._window(views[row]) for row in long]
            for row, shorter, one in zip(long, cut, self._encode(cut), strict=True):
                # What was cut is tokenized anew and may come out longer by a piece of a word.
                one.truncate(self.max_tokens)
                views[row], found[row] = shorter, one
        return Rows(
            [np.array(one.ids, dtype=np.int64) for one in found],
            [np.array(one.type_ids, dtype=np.int64) for one in found],
            [_mentions(one, shown) for one, shown in zip(found, views, strict=True)],
            np.array([len(one.ids) for one in found], dtype=np.int64),
        )

    def _encode(self, views: Sequence[View]) -> list[Any]:
        texts = [
            _sound(one.text) if one.pair is None else (_sound(one.text), _sound(one.pair)) for one in views
        ]
        found: list[Any] = self.backend.backend_tokenizer.encode_batch(texts)
        return found

    def _short_pair(self, shown: View) -> View:
        # The second text is a name: a page of it must not push the sentence out.
        limit = self.max_tokens // 2
        if shown.pair is None or len(shown.pair) <= limit:
            return shown
        found = self.backend.backend_tokenizer.encode(_sound(shown.pair), add_special_tokens=False)
        if len(found.ids) <= limit:
            return shown
        return View(shown.text, shown.spans, shown.pair[: found.offsets[limit - 1][1]])

    def _window(self, shown: View) -> View:
        """Cut the text to the tokens around its first mention that fit."""
        plain = self.backend.backend_tokenizer.encode(_sound(shown.text), add_special_tokens=False)
        whole = self._encode([shown])[0]
        room = max(self.max_tokens - (len(whole.ids) - len(plain.ids)), 1)
        offsets = plain.offsets
        if not shown.spans:
            return View(shown.text[: offsets[min(room, len(offsets)) - 1][1]], (), shown.pair)
        start = shown.spans[0][0] - len(MARKS.before)
        end = shown.spans[0][1] + len(MARKS.after)
        inside = [at for at, (low, high) in enumerate(offsets) if low < end and high > start]
        first = inside[0] if inside else 0
        last = inside[-1] + 1 if inside else 1
        left = max(min(first - (room - (last - first)) // 2, len(offsets) - room, first), 0)
        low, high = offsets[left][0], offsets[min(left + room, len(offsets)) - 1][1]
        spans = [(max(a, low) - low, min(b, high) - low) for a, b in shown.spans if a < high and b > low]
        return View(shown.text[low:high], tuple(spans), shown.pair)


@dataclass(frozen=True)
class Batch:
    """Row numbers and their tokens, padded to the longest of them.

    Attributes
    ----------
    rows : (n,) array
    tokens, segments, attention : (m, longest) arrays
        One line a text: ``m`` is ``n`` unless rows share texts.
    targets : (n, longest) array
    text : (n,) array or None
        The line of each row's text; None where row after row has its own.
    """

    rows: NDArray[np.int64]
    tokens: NDArray[np.int64]
    segments: NDArray[np.int64]
    attention: NDArray[np.int64]
    targets: NDArray[np.bool_]
    text: NDArray[np.int64] | None = None


def batches(rows: Rows, order: Sequence[NDArray[np.int64]], padding: int) -> Iterator[Batch]:
    """Pad the rows of each batch; ``padding`` is the padding token."""
    for chosen in order:
        yield _padded(rows, chosen, chosen, padding)


def shared_batches(rows: Rows, budget: int, padding: int) -> Iterator[Batch]:
    """Batch all rows by length; a text whose tokens several rows have is in its batch once.

    That is so where the target is not written into what is read: several parties of one sentence, told apart
    by which tokens name them.
    """
    number: dict[tuple[bytes, bytes], int] = {}
    members: list[list[int]] = []
    for row, (tokens, segments) in enumerate(zip(rows.tokens, rows.segments, strict=True)):
        key = tokens.tobytes(), segments.tobytes()
        place = number.setdefault(key, len(members))
        if place == len(members) or len(members[place]) == SHARED:
            place = number[key] = len(members)
            members.append([])
        members[place].append(row)
    first = np.array([one[0] for one in members], dtype=np.int64)
    for chosen in sorted_order(rows.lengths[first], budget) if members else []:
        of_text = [members[place] for place in chosen.tolist()]
        text = np.repeat(np.arange(len(chosen)), [len(one) for one in of_text])
        yield _padded(rows, first[chosen], np.concatenate(of_text), padding, text)


def _padded(
    rows: Rows,
    texts: NDArray[np.int64],
    members: NDArray[np.int64],
    padding: int,
    text: NDArray[np.int64] | None = None,
) -> Batch:
    longest = int(rows.lengths[texts].max())
    shape = (len(texts), longest)
    tokens = np.full(shape, padding, dtype=np.int64)
    segments, attention = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for place, row in enumerate(texts.tolist()):
        length = int(rows.lengths[row])
        tokens[place, :length] = rows.tokens[row]
        segments[place, :length] = rows.segments[row]
        attention[place, :length] = 1
    targets = np.zeros((len(members), longest), dtype=np.bool_)
    for place, row in enumerate(members.tolist()):
        targets[place, : int(rows.lengths[row])] = rows.targets[row]
    return Batch(members, tokens, segments, attention, targets, text)


def sorted_order(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Batch all rows by length, each batch within ``budget`` padded tokens or of one row; for prediction."""
    # Longest first: if memory does not suffice, it is seen at once.
    return _cut(np.argsort(-lengths, kind="stable"), lengths, budget)


def random_order(
    lengths: NDArray[np.int64], budget: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Batch all rows at random, each batch of rows of about one length; for training."""
    shuffled = generator.permutation(len(lengths))
    stretch = max(int(STRETCH * budget / max(lengths.mean(), 1)), 1)
    made: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), stretch):
        part = shuffled[start : start + stretch]
        made += _cut(part[np.argsort(-lengths[part], kind="stable")], lengths, budget)
    return [made[at] for at in generator.permutation(len(made))]


def _cut(order: NDArray[np.int64], lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    cuts: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        # The first row of a batch is its longest.
        size = max(budget // int(lengths[order[start]]), 1)
        cuts.append(order[start : start + size])
        start += size
    return cuts


def _sound(text: str) -> str:
    # Half of a surrogate pair, as careless JSON holds it, is no character; its place is kept.
    return _HALF.sub("\ufffd", text)


def _mentions(encoding: Any, shown: View) -> NDArray[np.bool_]:
    marked = np.zeros(len(encoding.ids), dtype=np.bool_)
    if not shown.spans:
        return marked
    found = [
        at
        for at, (low, high) in enumerate(encoding.offsets)
        for start, end in shown.spans
        if low < end and high > start
    ]
    text = encoding.sequence_ids
    marked[[at for at in found if text[at] == 0]] = True
    return marked
