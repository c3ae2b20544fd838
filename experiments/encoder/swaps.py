"""Labelled sentences in; the same, and some with another target's name, out: counterfactuals.

The words around a name express the stance toward it: with another name the label stays the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.classifiers.protocol import Example, Labelled
from harness.values import seeds

PRONOUNS = {"he", "she", "his", "her", "they", "it", "i"}


def swapped(train: Labelled, share: float, seed: int) -> Labelled:
    """Add copies of a share of the rows, each with a name from another row in place of its target's.

    Only names are exchanged, and only for names: what begins with a capital and is no pronoun.

    Parameters
    ----------
    train : Labelled
    share : float
        Of the rows that name their target by a name, in [0, 1].
    seed : int
    """
    random = seeds.generator(seed, "swaps")
    named = [row for row, example in enumerate(train.examples) if _name(example)]
    chosen = random.permutation(named)[: round(share * len(named))].tolist()
    givers = random.choice(named, size=len(chosen)).tolist()
    swapped_examples = [
        _with(train.examples[row], _name(train.examples[giver]))
        for row, giver in zip(chosen, givers, strict=True)
    ]
    return Labelled([*train.examples, *swapped_examples], np.concatenate([train.codes, train.codes[chosen]]))


def _name(example: Example) -> str:
    """Return the name of the target; the empty string for a pronoun or a common noun."""
    if not example.spans:
        return ""
    start, end = example.spans[0]
    mention = example.text[start:end]
    return mention if mention[:1].isupper() and mention.lower() not in PRONOUNS else ""


def _with(example: Example, name: str) -> Example:
    text, spans, end = "", [], 0
    for start, stop in sorted(example.spans):
        text += example.text[end:start]
        spans.append((len(text), len(text) + len(name)))
        text, end = text + name, stop
    return replace(example, text=text + example.text[end:], target=name, spans=tuple(spans))
