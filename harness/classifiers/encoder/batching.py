"""Examples in, batches of their tokens out, with next to no padding in them.

A text that is too long is cut to a window around its target. A batch holds rows of about the same length:
rows are shuffled, sorted by length within stretches of the shuffled order, and cut wherever a batch would
exceed its budget of padded tokens ("bucketing"). On NewsMTSC 4 % of the tokens of a batch are padding then,
against 40 % in random batches (experiments/performance/results.md).
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

BATCHES_PER_BUCKET = 50
"""Batches whose rows are sorted by length together: enough to avoid padding, few enough to stay random."""

MAX_ROWS_PER_TEXT = 32
"""The most rows of a batch that share one text: each needs hidden states of its own before the head."""

MARKS = Marks()
"""What is written around a target: brackets, which every vocabulary has."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TokenizedRows:
    """Tokenized examples.

    Attributes
    ----------
    tokens : list of (length,) int64 arrays
    segments : list of (length,) int64 arrays
        0 for the first text, 1 for the second.
    targets : list of (length,) bool arrays
        Which tokens mention the target; none where the text does not name it.
    lengths : (n,) array
        Tokens of each row, special tokens included.
    """

    tokens: list[NDArray[np.int64]]
    segments: list[NDArray[np.int64]]
    targets: list[NDArray[np.bool_]]
    lengths: NDArray[np.int64]


class Tokenizer:
    """A checkpoint's tokenizer, applied to examples in a given view of their target.

    Parameters
    ----------
    backend : transformers fast tokenizer
        As :func:`harness.classifiers.checkpoints.load_tokenizer` loads it.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    max_tokens : int
        The most tokens of a row.
    """

    def __init__(self, backend: Any, target: Target, max_tokens: int) -> None:
        self.backend = backend
        self.target = target
        self.max_tokens = max_tokens

    def __call__(self, examples: Examples) -> TokenizedRows:
        """Tokenize examples; the rows are in their order."""
        views = [self._with_short_pair(view(example, self.target, MARKS)) for example in examples]
        encodings = self._encode(views)
        too_long = [row for row, encoding in enumerate(encodings) if len(encoding.ids) > self.max_tokens]
        if too_long:
            windows = [self._window(views[row]) for row in too_long]
            for row, window, encoding in zip(too_long, windows, self._encode(windows), strict=True):
                # A window is tokenized again and may come out a word piece longer than it was cut to.
                encoding.truncate(self.max_tokens)
                views[row], encodings[row] = window, encoding
        return TokenizedRows(
            [np.array(encoding.ids, dtype=np.int64) for encoding in encodings],
            [np.array(encoding.type_ids, dtype=np.int64) for encoding in encodings],
            [_mention_mask(encoding, row_view) for encoding, row_view in zip(encodings, views, strict=True)],
            np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64),
        )

    def _encode(self, views: Sequence[View]) -> list[Any]:
        texts = [
            _valid(row_view.text) if row_view.pair is None else (_valid(row_view.text), _valid(row_view.pair))
            for row_view in views
        ]
        encodings: list[Any] = self.backend.backend_tokenizer.encode_batch(texts)
        return encodings

    def _with_short_pair(self, row_view: View) -> View:
        """Cut the second text to half of a row."""
        # The second text is a name: a page-long one must not push the sentence out of the row.
        limit = self.max_tokens // 2
        if row_view.pair is None or len(row_view.pair) <= limit:
            return row_view
        encoding = self.backend.backend_tokenizer.encode(_valid(row_view.pair), add_special_tokens=False)
        if len(encoding.ids) <= limit:
            return row_view
        return View(row_view.text, row_view.spans, row_view.pair[: encoding.offsets[limit - 1][1]])

    def _window(self, row_view: View) -> View:
        """Cut the text to as many tokens around its first mention as fit into a row."""
        text_alone = self.backend.backend_tokenizer.encode(_valid(row_view.text), add_special_tokens=False)
        entire = self._encode([row_view])[0]
        room = max(self.max_tokens - (len(entire.ids) - len(text_alone.ids)), 1)
        offsets = text_alone.offsets
        if not row_view.spans:
            return View(row_view.text[: offsets[min(room, len(offsets)) - 1][1]], (), row_view.pair)
        start = row_view.spans[0][0] - len(MARKS.before)
        end = row_view.spans[0][1] + len(MARKS.after)
        inside = [token for token, (low, high) in enumerate(offsets) if low < end and high > start]
        # A mention of characters that the tokenizer drops has no token: the window then begins with the text.
        first = inside[0] if inside else 0
        last = inside[-1] + 1 if inside else 1
        # The mention is centred, unless the text ends earlier on one side: the other side then gets the rest.
        begin = max(min(first - (room - (last - first)) // 2, len(offsets) - room, first), 0)
        low, high = offsets[begin][0], offsets[min(begin + room, len(offsets)) - 1][1]
        spans = [(max(a, low) - low, min(b, high) - low) for a, b in row_view.spans if a < high and b > low]
        return View(row_view.text[low:high], tuple(spans), row_view.pair)


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
        The line of each row's text; None where every row has its own line, in the order of the rows.
    """

    rows: NDArray[np.int64]
    tokens: NDArray[np.int64]
    segments: NDArray[np.int64]
    attention: NDArray[np.int64]
    targets: NDArray[np.bool_]
    text: NDArray[np.int64] | None = None


def batches(rows: TokenizedRows, order: Sequence[NDArray[np.int64]], padding: int) -> Iterator[Batch]:
    """Pad the rows of each batch.

    Parameters
    ----------
    rows : TokenizedRows
    order : sequence of (n,) arrays
        Row numbers of each batch.
    padding : int
        The padding token.
    """
    for members in order:
        yield _pad(rows, members, members, padding)


def shared_batches(rows: TokenizedRows, budget: int, padding: int) -> Iterator[Batch]:
    """Batch all rows by length; a text whose tokens several rows have is in its batch once.

    Rows share their tokens where the target is not written into the text: several parties of one sentence,
    which only their target masks tell apart.

    Parameters
    ----------
    rows : TokenizedRows
    budget : int
        Padded tokens of a batch, at most; a longer row is a batch of its own.
    padding : int
        The padding token.
    """
    text_of: dict[tuple[bytes, bytes], int] = {}
    members: list[list[int]] = []
    for row, (tokens, segments) in enumerate(zip(rows.tokens, rows.segments, strict=True)):
        key = tokens.tobytes(), segments.tobytes()
        text = text_of.setdefault(key, len(members))
        if text == len(members) or len(members[text]) == MAX_ROWS_PER_TEXT:
            text = text_of[key] = len(members)
            members.append([])
        members[text].append(row)
    first_rows = np.array([rows_of_text[0] for rows_of_text in members], dtype=np.int64)
    for texts in sorted_order(rows.lengths[first_rows], budget) if members else []:
        groups = [members[text] for text in texts.tolist()]
        line_of_row = np.repeat(np.arange(len(texts)), [len(group) for group in groups])
        yield _pad(rows, first_rows[texts], np.concatenate(groups), padding, line_of_row)


def _pad(
    rows: TokenizedRows,
    texts: NDArray[np.int64],
    members: NDArray[np.int64],
    padding: int,
    text: NDArray[np.int64] | None = None,
) -> Batch:
    longest = int(rows.lengths[texts].max())
    shape = (len(texts), longest)
    tokens = np.full(shape, padding, dtype=np.int64)
    segments, attention = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for line, row in enumerate(texts.tolist()):
        length = int(rows.lengths[row])
        tokens[line, :length] = rows.tokens[row]
        segments[line, :length] = rows.segments[row]
        attention[line, :length] = 1
    targets = np.zeros((len(members), longest), dtype=np.bool_)
    for line, row in enumerate(members.tolist()):
        targets[line, : int(rows.lengths[row])] = rows.targets[row]
    return Batch(members, tokens, segments, attention, targets, text)


def sorted_order(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Batch all rows by length, for prediction.

    Parameters
    ----------
    lengths : (n,) array
    budget : int
        Padded tokens of a batch, at most; a longer row is a batch of its own.

    Returns
    -------
    list of arrays
        Row numbers of each batch, the longest rows first.
    """
    # Longest first: if memory does not suffice, that shows at once.
    return _cut(np.argsort(-lengths, kind="stable"), lengths, budget)


def random_order(
    lengths: NDArray[np.int64], budget: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Batch all rows at random, each batch of rows of about one length, for training.

    Parameters
    ----------
    lengths : (n,) array
    budget : int
        Padded tokens of a batch, at most; a longer row is a batch of its own.
    generator : Generator
        Draws the order of the rows and that of the batches.

    Returns
    -------
    list of arrays
        Row numbers of each batch.
    """
    shuffled = generator.permutation(len(lengths))
    bucket_size = max(int(BATCHES_PER_BUCKET * budget / max(lengths.mean(), 1)), 1)
    order: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), bucket_size):
        bucket = shuffled[start : start + bucket_size]
        order += _cut(bucket[np.argsort(-lengths[bucket], kind="stable")], lengths, budget)
    return [order[batch] for batch in generator.permutation(len(order))]


def _cut(order: NDArray[np.int64], lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    cuts: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        # The first row of a batch is its longest.
        size = max(budget // int(lengths[order[start]]), 1)
        cuts.append(order[start : start + size])
        start += size
    return cuts


def _valid(text: str) -> str:
    # Careless JSON holds halves of surrogate pairs, which are no characters. One character stands for one, so
    # that offsets stay right.
    return _SURROGATE.sub("\ufffd", text)


def _mention_mask(encoding: Any, row_view: View) -> NDArray[np.bool_]:
    mask = np.zeros(len(encoding.ids), dtype=np.bool_)
    if not row_view.spans:
        return mask
    overlapping = [
        token
        for token, (low, high) in enumerate(encoding.offsets)
        for start, end in row_view.spans
        if low < end and high > start
    ]
    # Offsets of the second text count from its own start: the party's name there is no mention.
    text_of = encoding.sequence_ids
    mask[[token for token in overlapping if text_of[token] == 0]] = True
    return mask
