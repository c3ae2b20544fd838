"""Terms, weights and an example in, what each word adds to the score of each label out.

The score of a label is a sum over terms, so it falls apart without rest: a term's part goes to the words it
is made of, in equal shares, and where it occurs several times, by the weight of each occurrence. What the
second text and the bias add belongs to no word.
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

Shares = list[tuple[Span, "Reals"]]
"""Where words stand in a text, and what each adds to the score of every label."""


def contributions(terms: Terms, weights: Reals, example: Example) -> Shares:
    """Return what the words of an example add.

    Parameters
    ----------
    terms : Terms
    weights : (n_terms, n_labels) array
    example : Example

    Returns
    -------
    list of ((int, int), (n_labels,) array)
        Where a word stands in ``example.text``, and what it adds to the scores; in order.
    """
    spans = word_spans(example, terms.choice.target)
    added = np.zeros((len(spans), weights.shape[1]))
    row = terms.rows([example])
    texts = terms.texts([example])
    first = 0
    for name, block in terms.blocks.items():
        size = len(block.keys)
        if name != "second" and len(spans):
            values = row[:, first : first + size].toarray()[0]
            parts = values[:, None] * weights[first : first + size]
            _spread(added, parts, block.keys, terms.counter(name), texts.of(name))
        first += size
    return list(zip(spans, added, strict=True))


def _spread(
    added: Reals, parts: Reals, keys: NDArray[np.int64], counter: WordGrams | CharGrams, found: Tokens
) -> None:
    """Share the part of every term among the words of its occurrences."""
    key, start, length, weight = counter.places(found)
    column = np.searchsorted(keys, key)
    known = column < len(keys)
    known[known] = keys[column[known]] == key[known]
    column, start, length, weight = column[known], start[known], length[known], weight[known]
    total = np.bincount(column, weights=weight, minlength=len(keys))
    share = weight / total[column] / length
    for offset in range(int(length.max(initial=0))):
        longer = length > offset
        np.add.at(added, start[longer] + offset, share[longer, None] * parts[column[longer]])
