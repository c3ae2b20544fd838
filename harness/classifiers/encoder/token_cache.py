"""Training rows in, their tokens out: tokenized once, however many seeds and settings are trained on them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.classifiers.encoder.batching import TokenizedRows, Tokenizer
    from harness.classifiers.protocol import Examples

MAX_ROWS = 50_000
"""The most rows that are cached, about a kilobyte each; those used longest ago are dropped first."""

_cache: OrderedDict[Hashable, TokenizedRows] = OrderedDict()


def tokenize(tokenizer: Tokenizer, examples: Examples) -> TokenizedRows:
    """Tokenize examples, unless an earlier training of this process has tokenized the same ones alike.

    Parameters
    ----------
    tokenizer : Tokenizer
    examples : sequence of Example

    Returns
    -------
    TokenizedRows
        Shared: not to be changed.
    """
    # The serialized tokenizer, since two trainings load their own copies of the same one.
    settings = (tokenizer.backend.backend_tokenizer.to_str(), tokenizer.target, tokenizer.max_tokens)
    key = (*settings, tuple(examples))
    if key in _cache:
        _cache.move_to_end(key)
        return _cache[key]
    rows = tokenizer(examples)
    if len(examples) <= MAX_ROWS:
        _cache[key] = rows
        while sum(len(cached.lengths) for cached in _cache.values()) > MAX_ROWS:
            _cache.popitem(last=False)
    return rows
