"""Terms, weights and an example in, what each word contributes to the score of each label out.

The score of a label is a sum over terms, so that it can be divided exactly: the part of a term goes to the
words that it is made of, in equal shares, and if it occurs several times, by the weight of each occurrence.
What the second text and the bias contribute belongs to no word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.linear.grams import CharGrams, WordGrams
from harness.classifiers.linear.terms import Terms
from harness.classifiers.linear.tokens import Tokens, word_spans
from harness.classifiers.protocol import Example
from harness.values.parties import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

WordContributions = list[tuple[Span, "Reals"]]
"""For each word of a text its span, and what it contributes to the score of every label, ``(n_labels,)``."""


def contributions(terms: Terms, weights: Reals, example: Example) -> WordContributions:
    """Return what the words of an example contribute.

    Parameters
    ----------
    terms : Terms
    weights : (n_terms, n_labels) array
    example : Example

    Returns
    -------
    list of ((int, int), (n_labels,) array)
        The span of each word in ``example.text``, and what it contributes to the scores; in order.
    """
    # An n-gram of three words that adds 0.6 gives each of them 0.2. No other division is more justified: the
    # model knows the n-gram as a whole.
    spans = word_spans(example, terms.options.target)
    by_word = np.zeros((len(spans), weights.shape[1]))
    row = terms.rows([example])
    texts = terms.texts([example])
    first = 0
    for name, block in terms.blocks.items():
        size = len(block.keys)
        if name != "second" and len(spans):
            values = row[:, first : first + size].toarray()[0]
            parts = values[:, None] * weights[first : first + size]
            _distribute(by_word, parts, block.keys, terms.counter(name), texts.of(name))
        first += size
    return list(zip(spans, by_word, strict=True))


def _distribute(
    by_word: Reals, parts: Reals, keys: NDArray[np.int64], counter: WordGrams | CharGrams, tokens: Tokens
) -> None:
    """Add the part of every term to the words of its occurrences."""
    key, start, length, weight = counter.occurrences(tokens)
    column = np.searchsorted(keys, key)
    is_listed = column < len(keys)
    is_listed[is_listed] = keys[column[is_listed]] == key[is_listed]
    column, start = column[is_listed], start[is_listed]
    length, weight = length[is_listed], weight[is_listed]
    # A term's part is divided over its occurrences by their weights, then over the words of each.
    total = np.bincount(column, weights=weight, minlength=len(keys))
    share = weight / total[column] / length
    for offset in range(int(length.max(initial=0))):
        longer = length > offset
        np.add.at(by_word, start[longer] + offset, share[longer, None] * parts[column[longer]])
