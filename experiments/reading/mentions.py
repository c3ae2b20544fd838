"""Corpora and a registry in; in which rows the target is found, and how fast, out.

``python -m experiments.reading.mentions``, with NewsMTSC in ``HARNESS_NEWSMTSC`` and SEESAW in
``HARNESS_SEESAW``, as far as they are there; Partyline ships with the package.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from harness.corpora.readers.newsmtsc import newsmtsc
from harness.corpora.readers.partyline import partyline
from harness.corpora.readers.seesaw import seesaw
from harness.values.errors import HarnessError
from harness.values.parties import Registry, shipped
from harness.values.tables import Corpus

REPEATS = 3
"""Times that texts are searched; the fastest counts, since other programs can only slow it."""


@dataclass(frozen=True)
class FoundShare:
    """What is found in the rows of a corpus, in shares of its rows.

    Attributes
    ----------
    rows : int
        With a target.
    by_name : float
        Whose text names the target, as ``harness predict`` looks for it.
    by_registry : float
        Whose target's span, or a text without one, has a sure mention of a party of the registry.
    unsure : float
        Where the registry has a form that may mean a party, and none that does for certain.
    sentences_a_second : float
        Searched for all forms of the registry.
    """

    rows: int
    by_name: float
    by_registry: float
    unsure: float
    sentences_a_second: float


def corpora() -> Iterator[tuple[str, Corpus]]:
    """Yield the corpora that are there."""
    for name, reader in (("newsmtsc", newsmtsc), ("seesaw", seesaw), ("partyline", partyline)):
        try:
            yield name, reader()
        except HarnessError as error:
            print(f"{name} is left out: {error}")


def found_share(corpus: Corpus, registry: Registry) -> FoundShare:
    """Look for the targets of a corpus by their names and by a registry."""
    rows: pd.DataFrame = corpus.rows[corpus.rows["target"].notna()]
    by_name = by_registry = unsure = 0
    for text, target, start, end in zip(
        rows["text"], rows["target"], rows["start"], rows["end"], strict=True
    ):
        by_name += bool(corpus.parties.spans(text, target))
        has_span = not (pd.isna(start) or pd.isna(end))
        forms = [
            form for form in registry.forms(text) if not has_span or (form.start < end and start < form.end)
        ]
        certain = any(form.certain is not None for form in forms)
        by_registry += certain
        unsure += bool(forms) and not certain
    total = len(rows)
    return FoundShare(
        total, by_name / total, by_registry / total, unsure / total, speed(rows["text"].tolist(), registry)
    )


def speed(texts: list[str], registry: Registry) -> float:
    """Return how many texts are searched a second."""
    registry.forms("the automaton is built first")
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for text in texts:
            registry.forms(text)
        seconds.append(time.perf_counter() - start)
    return len(texts) / min(seconds)


def main() -> None:
    """Print a line a corpus."""
    registry = shipped()
    print(
        f"{len(registry.parties):,} parties,"
        f" {sum(len(list(party.meanings())) for party in registry.parties):,} forms"
    )
    for name, corpus in corpora():
        share = found_share(corpus, registry)
        print(
            f"{name}: {share.rows:,} rows, {share.by_name:.3f} by name, {share.by_registry:.3f} by the"
            f" registry, {share.unsure:.3f} unsure, {share.sentences_a_second:,.0f} sentences a second"
        )


if __name__ == "__main__":
    main()
