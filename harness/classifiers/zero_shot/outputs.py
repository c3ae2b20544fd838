"""The names of a checkpoint's outputs in, which of them counts for a hypothesis and which against it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.values.errors import ClassifierError

ENTAILMENT = frozenset({"entailment", "entail", "entails", "entailed", "implication"})
CONTRADICTION = frozenset({"contradiction", "contradict", "contradicts", "contradictory", "contradicted"})
NOT_ENTAILMENT = frozenset({"notentailment", "nonentailment", "notentailed", "notentails", "noentailment"})
"""Spellings on the hub, in lower case and without hyphens and the like."""


@dataclass(frozen=True)
class Outputs:
    """Which outputs of a network count.

    Attributes
    ----------
    entailment : int
        The output for "it follows".
    against : int or None
        The output that is subtracted; None where hypotheses are weighed against each other alone.
    """

    entailment: int
    against: int | None


def outputs_of(id2label: Mapping[int, str], *, multi: bool) -> Outputs:
    """Find the outputs of a checkpoint by their names.

    Of several labels of which one applies, the softmax goes over their entailment scores. Of labels of which
    each may apply, each is entailed or contradicted: the sigmoid of the difference of the two scores is the
    softmax over these two (Yin, Hay & Roth 2019, as the zero-shot pipeline of transformers computes it). A
    cross-encoder with a single output, such as a reranker, has one score for either.

    Parameters
    ----------
    id2label : mapping
        Of the checkpoint's config.
    multi : bool
        Whether a row may have several labels.

    Raises
    ------
    ClassifierError
        Where no output, or more than one, is called entailment.

    Examples
    --------
    >>> names = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}
    >>> outputs_of(names, multi=False)
    Outputs(entailment=2, against=None)
    >>> outputs_of(names, multi=True)
    Outputs(entailment=2, against=0)
    """
    if len(id2label) == 1:
        return Outputs(0, None)
    plain = {int(number): re.sub(r"[^a-z]", "", str(name).lower()) for number, name in id2label.items()}
    positive = [number for number, name in plain.items() if name in ENTAILMENT]
    negative = [number for number, name in plain.items() if name in CONTRADICTION | NOT_ENTAILMENT]
    names = ", ".join(str(id2label[number]) for number in sorted(id2label))
    # With two outputs the other one is against it, whatever it is called.
    if len(plain) == 2 and len(positive) == 1:
        negative = [number for number in plain if number not in positive]
    if len(positive) != 1 or (multi and len(negative) != 1):
        wanted = "contradiction" if len(positive) == 1 else "entailment"
        raise ClassifierError(
            f"its outputs are called {names}: exactly one should be called {wanted}. Is it a model of natural"
            " language inference? If so, name its outputs under id2label in config.json"
        )
    return Outputs(positive[0], negative[0] if multi else None)
