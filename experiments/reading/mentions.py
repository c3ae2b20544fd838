"""Corpora and registries in; in which rows the target is found, and how fast, out; how names may be typed.

``python -m experiments.reading.mentions``, with NewsMTSC in ``HARNESS_NEWSMTSC`` and SEESAW in
``HARNESS_SEESAW``, as far as they are there; Partyline ships with the package.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from harness.corpora.readers.newsmtsc import newsmtsc
from harness.corpora.readers.partyline import partyline
from harness.corpora.readers.seesaw import seesaw
from harness.values.errors import HarnessError
from harness.values.parties import Registry, read, shipped
from harness.values.parties.folding import without_accents
from harness.values.parties.records import WORLD
from harness.values.tables import Corpus


def _decomposed_once(name: str) -> str:
    letter = next((letter for letter in name if unicodedata.decomposition(letter)), "")
    return name.replace(letter, unicodedata.normalize("NFD", letter), 1) if letter else name


TYPED: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "curly apostrophe": lambda name: name.replace("'", "’"),
        "modifier apostrophe": lambda name: name.replace("'", "ʼ"),
        "entity for the apostrophe": lambda name: name.replace("'", "&rsquo;"),
        "no-break space": lambda name: name.replace(" ", "\u00a0"),
        "two spaces": lambda name: name.replace(" ", "  "),
        "line break": lambda name: name.replace(" ", "\n"),
        "entity for the space": lambda name: name.replace(" ", "&nbsp;"),
        "hyphen that does not break": lambda name: name.replace("-", "\u2011"),
        "en dash": lambda name: name.replace("-", "–"),
        "soft hyphen inside": lambda name: f"{name[:2]}\u00ad{name[2:]}",
        "zero-width space inside": lambda name: f"{name[:2]}\u200b{name[2:]}",
        "all accents decomposed": lambda name: unicodedata.normalize("NFD", name),
        "one accent decomposed": _decomposed_once,
        "full-width letters": lambda name: name.translate(_WIDE),
        "capitals": lambda name: name.upper() if len(name) > 3 else name,
        "capitals without accents": lambda name: without_accents(name.upper()) if len(name) > 3 else name,
        "capitals as in Turkish": lambda name: name.replace("i", "İ").upper() if len(name) > 3 else name,
        "hashtag": lambda name: "#" + "".join(filter(str.isalnum, name)) if " " in name else name,
        "emoji before and footnote behind": lambda name: f"🔥{name}²",
    }
)
"""How the names of a registry are typed otherwise. Only names that change count."""

_WIDE = {code: code + 0xFEE0 for code in (*range(65, 91), *range(97, 123))}

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


def typed_names(registry: Registry) -> dict[str, tuple[int, int, int]]:
    """Return, for each way of typing, how many names change, are found, and are taken for another party."""
    counts = {}
    for kind, typed in TYPED.items():
        changed = right = wrong = 0
        for party in registry.parties:
            for name in (party.name, *party.aliases):
                if name in party.ambiguous or typed(name) == name:
                    continue
                changed += 1
                mentions = registry.mentions(f"It is {typed(name)}, they say.")
                right += [mention.party for mention in mentions] == [party.name]
                wrong += any(mention.party != party.name for mention in mentions)
        counts[kind] = changed, right, wrong
    return counts


def main() -> None:
    """Print a line a corpus."""
    registry = shipped()
    print(
        f"{len(registry.parties):,} parties,"
        f" {sum(len(list(party.meanings())) for party in registry.parties):,} forms"
    )
    for kind, (changed, right, wrong) in typed_names(read(WORLD)).items():
        print(f"{kind}: {right} of {changed} found, {wrong} another party")
    for name, corpus in corpora():
        share = found_share(corpus, registry)
        print(
            f"{name}: {share.rows:,} rows, {share.by_name:.3f} by name, {share.by_registry:.3f} by the"
            f" registry, {share.unsure:.3f} unsure, {share.sentences_a_second:,.0f} sentences a second"
        )


if __name__ == "__main__":
    main()
