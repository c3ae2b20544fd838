"""Rows to train on in, their tokens out: made once, however many seeds and settings are trained on them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.classifiers.encoder.batching import Rows, Tokenizer
    from harness.classifiers.protocol import Examples

ROWS = 50_000
"""The most rows that are remembered, about a kilobyte each; the oldest are forgotten."""

_known: OrderedDict[Hashable, Rows] = OrderedDict()


def tokenized(tokenizer: Tokenizer, examples: Examples) -> Rows:
    """Tokenize examples, unless the same ones were tokenized alike by an earlier training of this process.

    Parameters
    ----------
    tokenizer : Tokenizer
    examples : sequence of Example

    Returns
    -------
    Rows
        Not to be changed.
    """
    how = (tokenizer.backend.backend_tokenizer.to_str(), tokenizer.target, tokenizer.max_tokens)
    key = (*how, tuple(examples))
    if key in _known:
        _known.move_to_end(key)
        return _known[key]
    rows = tokenizer(examples)
    if len(examples) <= ROWS:
        _known[key] = rows
        while sum(len(one.lengths) for one in _known.values()) > ROWS:
            _known.popitem(last=False)
    return rows
