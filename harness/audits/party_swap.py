"""Test items with the party's name replaced in; how often, and in which direction, labels flip out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.audits.audit_protocol import Queries, Subject
from harness.audits.name_grammar import DefiniteArticles
from harness.audits.party_bias import NAME, Swap, evaluate
from harness.audits.renaming import mentions_any, party_meant, party_mentions, renamed
from harness.classifiers.protocol import Example
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.findings import Finding, not_applicable
from harness.values.formatting import agreeing, counted
from harness.values.memo import once
from harness.values.minimums import MIN_ITEMS
from harness.values.parties import Party, Registry, from_records, read, shipped

LANGUAGES = ("en",)
"""Languages in which names can be exchanged: the grammar around a name is English."""

MAX_TEXTS = 3_000
"""Number of sentences that are read to learn which names take `the`: more hardly change it, but take time."""


def party_swap(
    *,
    items: int = 100,
    names: int = 4,
    against: tuple[str, ...] = (),
    parties: Path | None = None,
    flips: float = 0.1,
    bias: float = 0.1,
) -> PartySwap:
    """Replace the party's name with those of comparable parties, and check whether the label stays.

    Parameters
    ----------
    items : int
        Number of test items drawn at random, of those that name a known party; at least 30.
    names : int
        Number of other names, of parties of the same kind, that are tried for each item.
    against : tuple of str
        Names to try, instead of all parties of the same kind.
    parties : Path, optional
        A registry; by default that of the corpus, or, if it has none, the one shipped with the package.
    flips : float
        Share of labels that may flip, in (0, 1]: the audit fails if the interval begins above it, and passes
        only if it ends at or below it.
    bias : float
        How far one party's name may shift the balance of probabilities, in (0, 2]: the audit fails if an
        established shift is as large, and passes only if the interval of each name stays within it.

    Raises
    ------
    ConfigError
        Lists every option that is out of range, and every problem of the registry.
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
            problems += [Problem("parties", str(problem)) for problem in error.problems]
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
        """Rename the parties of the drawn items."""
        # Articles are put before names as English has them, and taken away.
        reason = subject.no_parties_reason() or subject.no_language_reason(
            "Names are exchanged by the grammar of articles", LANGUAGES
        )
        if reason:
            return not_applicable(NAME, reason)
        # Which names fit where does not depend on the classifier.
        registry = self._registry(subject)
        n_named, swaps = once(
            subject.tested, (self, subject.seed, registry), lambda: self._swaps(subject, registry)
        )
        if not swaps:
            return not_applicable(NAME, _no_swap_reason(n_named, len(subject.examples)))
        few = subject.few_items_reason(
            len({swap.row for swap in swaps}), "test items fit another party's name"
        )
        if few:
            return not_applicable(NAME, few)
        return Queries(
            tuple(swap.example for swap in swaps),
            lambda answers: evaluate(subject, swaps, answers, max_flips=self.flips, max_bias=self.bias),
        )

    def _swaps(self, subject: Subject, registry: Registry) -> tuple[int, tuple[Swap, ...]]:
        """Return how many items name a known party, and the drawn ones under other names."""
        party_of = {
            row: party
            for row, example in enumerate(subject.examples)
            if (party := _named_party(registry, example)) is not None
        }
        articles = DefiniteArticles.of(registry, list(subject.targets_of)[:MAX_TEXTS])
        swaps: list[Swap] = []
        for row in subject.sample_rows(self.items, NAME, among=list(party_of)):
            party = party_of[row]
            swaps += [
                Swap(row, party.name, other, example)
                for other, example in self._swapped(subject, registry, row, (party, articles))
            ]
        return len(party_of), tuple(swaps)

    def _registry(self, subject: Subject) -> Registry:
        if self.parties is not None:
            registry = read(self.parties)
        else:
            registry = subject.corpus.parties if subject.corpus.parties.parties else shipped()
        # Names outside the registry are tried as parties without aliases or leaders.
        new = [name for name in self.against if registry.get(name) is None]
        return from_records([*registry.to_records(), *({"name": name} for name in new)])

    def _swapped(
        self, subject: Subject, registry: Registry, row: int, context: tuple[Party, DefiniteArticles]
    ) -> Iterator[tuple[str, Example]]:
        """Yield an item under the names of other parties that fit, as many as are asked for."""
        from harness.values import seeds

        party, articles = context
        original = subject.examples[row]
        mentions = party_mentions(registry, original.text, party)
        others = [
            other
            for other in registry.parties
            if other.name != party.name
            and (other.name in self.against if self.against else other.kind == party.kind)
        ]
        n_swapped = 0
        # Seeded by the row, so that an item gets the same names whichever others are drawn. All names are
        # shuffled, not some drawn: those that do not fit are passed over.
        for index in seeds.generator(subject.seed, NAME, row).permutation(len(others)).tolist():
            other = others[index]
            if n_swapped == self.names:
                return
            # The other party would otherwise be named twice, in two roles.
            if mentions_any(registry, original.text, other):
                continue
            example = renamed(original, mentions, party, other, articles)
            if example is not None:
                n_swapped += 1
                yield other.name, example


def _named_party(registry: Registry, example: Example) -> Party | None:
    """Return the party that an example is about, if its mention names it: ``Jeb Bush`` is not ``Bush``."""
    party = party_meant(registry, example.target) if example.target is not None else None
    if party is None:
        return None
    mentions = party_mentions(registry, example.text, party)
    overlaps = any(
        start < mention.end and mention.start < end for mention in mentions for start, end in example.spans
    )
    return party if overlaps or (mentions and not example.spans) else None


def _no_swap_reason(n_named: int, n: int) -> str:
    if not n_named:
        return (
            f"None of {counted(n, 'test item')} is about a known party; name a registry with"
            " audits.party_swap.parties."
        )
    items = f"{counted(n_named, 'test item')} {agreeing(n_named, 'is', 'are')}"
    return f"{items} about a known party, but no other party's name fits into any of them."
