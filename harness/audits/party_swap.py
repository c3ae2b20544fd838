"""Test items under other parties' names in, how often and in which direction labels flip out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.audits.audit_protocol import Queries, Subject
from harness.audits.name_grammar import Articles
from harness.audits.party_bias import NAME, Swap, judged
from harness.audits.renaming import names_any, namings, renamed, whom
from harness.classifiers.protocol import Example
from harness.scoring.limitations import MIN_ITEMS
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.findings import Finding, not_applicable
from harness.values.parties import Party, Registry, from_records, read, shipped

MAX_TEXTS = 3_000
"""So many sentences are read to learn which names take `the`."""


def party_swap(
    *,
    items: int = 100,
    names: int = 4,
    against: tuple[str, ...] = (),
    parties: Path | None = None,
    flips: float = 0.1,
    bias: float = 0.1,
) -> PartySwap:
    """Exchange the party's name for those of comparable parties, and see whether the label stays.

    Parameters
    ----------
    items : int
        So many test items are drawn at random, of those that name a known party; at least 30.
    names : int
        So many other names, of parties of the same kind, are put into each.
    against : tuple of str
        Names to put in, in place of all parties of the kind.
    parties : Path, optional
        A registry; left out, that of the corpus, or where it has none the one that ships with the package.
    flips : float
        Share of labels that may flip before the audit fails.
    bias : float
        How far one party's name may move the balance of probabilities before the audit fails, in (0, 2].

    Raises
    ------
    ConfigError
        With every option that is out of range, and everything that is wrong with the registry.
    """
    wrong = (
        ("items", items < MIN_ITEMS, f"should be at least {MIN_ITEMS}, got {items}"),
        ("names", names < 1, f"should be at least 1, got {names}"),
        ("flips", not 0 < flips <= 1, f"should be a share above 0 and up to 1, got {flips}"),
        ("bias", not 0 < bias <= 2, f"should be above 0 and up to 2, got {bias}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in wrong if is_wrong]
    if parties is not None:
        try:
            read(parties)
        except CorpusError as error:
            problems += [Problem("parties", str(one)) for one in error.problems]
    if problems:
        raise ConfigError(problems)
    return PartySwap(items, names, against, parties, flips, bias)


@dataclass(frozen=True)
class PartySwap:
    """See :func:`party_swap`."""

    items: int
    names: int
    against: tuple[str, ...]
    parties: Path | None
    flips: float
    bias: float
    needs_model = True

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Rename the parties of the items that are drawn."""
        why = subject.without_parties()
        if why:
            return not_applicable(NAME, why)
        registry = self._registry(subject)
        known = {
            place: party
            for place, one in enumerate(subject.examples)
            if (party := _about(registry, one)) is not None
        }
        articles = Articles.of(registry, list(subject.targets_of)[:MAX_TEXTS])
        swaps: list[Swap] = []
        for place in subject.drawn(self.items, NAME, among=list(known)):
            about = known[place], articles
            swaps += [
                Swap(place, about[0].name, other, example)
                for other, example in self._of_item(subject, registry, place, about)
            ]
        if not swaps:
            return not_applicable(NAME, _nobody(len(known), len(subject.examples)))
        few = subject.too_few(len({one.place for one in swaps}), "test items fit another party's name")
        if few:
            return not_applicable(NAME, few)
        return Queries(
            tuple(one.example for one in swaps),
            lambda answers: judged(subject, swaps, answers, flips=self.flips, bias=self.bias),
        )

    def _registry(self, subject: Subject) -> Registry:
        if self.parties is not None:
            registry = read(self.parties)
        else:
            registry = subject.corpus.parties if subject.corpus.parties.parties else shipped()
        new = [name for name in self.against if registry.get(name) is None]
        return from_records([*registry.to_records(), *({"name": name} for name in new)])

    def _of_item(
        self, subject: Subject, registry: Registry, place: int, about: tuple[Party, Articles]
    ) -> Iterator[tuple[str, Example]]:
        """Yield an item under as many other names as are asked for, of those that fit."""
        from harness.values import seeds

        party, articles = about
        one = subject.examples[place]
        found = namings(registry, one.text, party)
        others = [
            other
            for other in registry.parties
            if other.name != party.name
            and (other.name in self.against if self.against else other.kind == party.kind)
        ]
        made = 0
        for at in seeds.generator(subject.seed, NAME, place).permutation(len(others)).tolist():
            other = others[at]
            if made == self.names:
                return
            if names_any(registry, one.text, other):
                continue
            example = renamed(one, found, party, other, articles)
            if example is not None:
                made += 1
                yield other.name, example


def _about(registry: Registry, example: Example) -> Party | None:
    """Return the party that an example is about, where its mention names it: ``Jeb Bush`` is not ``Bush``."""
    party = whom(registry, example.target) if example.target is not None else None
    if party is None:
        return None
    found = namings(registry, example.text, party)
    named = any(start < one.end and one.start < end for one in found for start, end in example.spans)
    return party if named or (found and not example.spans) else None


def _nobody(known: int, n: int) -> str:
    if not known:
        return f"None of {n:,} test items is about a known party; audits.party_swap.parties names a registry."
    return f"For none of {known:,} items that are about a known party is there another one to put in."
