"""Sentences and the forms in them in, forms that a line before may begin marked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from harness.articles.sentences import Sentence
from harness.values.parties import Form, Registry
from harness.values.parties.longer_names import REACH


def join_lines(sentences: Sequence[Sentence], forms: list[list[Form]], registry: Registry) -> None:
    """Mark names partial, in place, that a line before may begin: "South" at its end, "Sudan" on the next.

    Parameters
    ----------
    sentences : sequence of Sentence, length n
        In order. A line that was broken without a rule that shows is a sentence of its own.
    forms : list of list of Form, length n
        Of each sentence, in order; changed.
    registry : Registry
        That found them.
    """
    for index, (before, sentence) in enumerate(pairwise(sentences), start=1):
        first = next(iter(forms[index]), None)
        if first is None or first.start > 0 or not before.text[-1:].isalpha():
            continue
        # As many characters as the search itself looks back.
        joined = f"{before.text[-REACH:]} {sentence.text[: first.end]}"
        last = registry.forms(joined)[-1:]
        if not last or last[0].partial or last[0].start < len(joined) - first.end:
            forms[index][0] = replace(first, partial=True)
