"""Labelled sentences in, as many and some whose target was exchanged for another out: counterfactuals.

A stance toward a party is said by the words around its name. Who is meant changes, the label stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.classifiers.protocol import Example, Labelled
from harness.values import seeds


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
    named = [at for at, one in enumerate(train.examples) if _name(one)]
    chosen = random.permutation(named)[: round(share * len(named))].tolist()
    givers = random.choice(named, size=len(chosen)).tolist()
    made = [
        _with(train.examples[at], _name(train.examples[giver]))
        for at, giver in zip(chosen, givers, strict=True)
    ]
    return Labelled([*train.examples, *made], np.concatenate([train.codes, train.codes[chosen]]))


def _name(one: Example) -> str:
    if not one.spans:
        return ""
    start, end = one.spans[0]
    found = one.text[start:end]
    return (
        found
        if found[:1].isupper() and found.lower() not in {"he", "she", "his", "her", "they", "it", "i"}
        else ""
    )


def _with(one: Example, name: str) -> Example:
    text, spans, end = "", [], 0
    for start, stop in sorted(one.spans):
        text += one.text[end:start]
        spans.append((len(text), len(text) + len(name)))
        text, end = text + name, stop
    return replace(one, text=text + one.text[end:], target=name, spans=tuple(spans))
