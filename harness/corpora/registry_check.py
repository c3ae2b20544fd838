"""A registry in, what may mislead out: shared forms, common words, names inside names, undated leaders."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from harness.values.formatting import counted
from harness.values.parties import Party, Registry
from harness.values.parties.folding import name_key
from harness.values.parties.forms import CERTAIN

MIN_LOWER = 3
"""Times that a word stands in lower case in the packaged articles before it counts as common."""

MAX_LISTED = 6
"""Names in one sentence; of more the number is given."""


@dataclass(frozen=True)
class Ambiguity:
    """What may mislead.

    Attributes
    ----------
    kind : {"shared", "common", "contained", "undated"}
    form : str
        The form, or the leader.
    parties : tuple of str
        Canonical names of those concerned.
    what : str
        A clause on it.
    """

    kind: str
    form: str
    parties: tuple[str, ...]
    what: str

    def to_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"parties": list(self.parties)}


def check_registry(registry: Registry) -> list[Ambiguity]:
    """Look for what may mislead in a registry; what is wrong with it is refused when it is read.

    Returns
    -------
    list of Ambiguity
        Forms that several parties share; forms that are common English words; certain forms inside forms of
        other parties; leaders of whom no day in office is known.
    """
    return [*_shared(registry), *_common(registry), *_contained(registry), *_undated(registry)]


def _shared(registry: Registry) -> Iterator[Ambiguity]:
    by_key: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    spelled: dict[str, str] = {}
    for party in registry.parties:
        for form, meaning in party.meanings():
            if meaning.how != "except":
                by_key[name_key(form)][party.name].add(meaning.how)
                spelled.setdefault(name_key(form), form)
    for key, parties in by_key.items():
        if len(parties) > 1:
            certain = [name for name, hows in parties.items() if hows & set(CERTAIN)]
            if len(certain) > 1:
                what = "names several for certain: the latest in office is taken, or the first name"
            elif certain:
                what = f"names {certain[0]} for certain, and the others only where the article says so"
            else:
                what = "is read as the party that the article names elsewhere, else it is unsure"
            yield Ambiguity("shared", spelled[key], tuple(parties), what)


def _common(registry: Registry) -> Iterator[Ambiguity]:
    words = _lower_case_words()
    for party in registry.parties:
        for form in (party.name, *party.aliases):
            n = words.get(form.lower(), 0)
            if n >= MIN_LOWER and form not in party.ambiguous:
                what = f"is a common word, too ({n:,} times in lower case in the packaged articles)"
                if form.isupper():
                    what += "; in a line of capitals it may be that word"
                elif form.islower():
                    what += "; in lower case it is found wherever the word stands"
                else:
                    what += "; it is found where a sentence begins with the word: list it under `ambiguous`"
                yield Ambiguity("common", form, (party.name,), what)


@cache
def _lower_case_words() -> Mapping[str, int]:
    """Return how often English words stand in lower case in the packaged articles."""
    from harness.corpora.readers.partyline import partyline

    texts = partyline().rows["text"].drop_duplicates()
    return Counter(word for text in texts for word in re.findall(r"(?<![\w'’-])[a-z]+(?![\w'’-])", str(text)))


def _contained(registry: Registry) -> Iterator[Ambiguity]:
    """Find forms that are words of another party's form: the longer form is what counts there."""
    owners = {name_key(form): party.name for party in registry.parties for form in _own_names(party)}
    for party in registry.parties:
        for form in _own_names(party):
            words = name_key(form).split(" ")
            inner = {
                " ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)
            } - {name_key(form)}
            for key in sorted(inner & owners.keys()):
                if owners[key] != party.name:
                    what = f"stands in {form!r} of {party.name}: there the longer name counts"
                    yield Ambiguity("contained", key, (owners[key], party.name), what)


def _own_names(party: Party) -> tuple[str, ...]:
    return (party.name, *(form for form in party.aliases if form not in party.ambiguous))


def _undated(registry: Registry) -> Iterator[Ambiguity]:
    for party in registry.parties:
        names = [leader.name for leader in party.leaders if not leader.since and not leader.until]
        for name in names:
            yield Ambiguity(
                "undated", name, (party.name,), "counts in articles of any day: no day in office is given"
            )


def describe(kind: str, ambiguities: list[Ambiguity]) -> str:
    """Say in one line what kind of ambiguity was found, and how often."""
    headings = {
        "shared": ("form is shared by several parties", "forms are shared by several parties"),
        "common": ("name is a common word, too", "names are common words, too"),
        "contained": ("name stands inside another party's", "names stand inside another party's"),
        "undated": ("leader has no dates", "leaders have no dates"),
    }
    singular, plural = headings[kind]
    n = len(ambiguities)
    return f"{n:,} {singular if n == 1 else plural}"


def summary(registry: Registry) -> str:
    """Say how many parties, forms and leaders a registry has."""
    forms = {name_key(form) for party in registry.parties for form, _ in party.meanings()}
    leaders = sum(len(party.leaders) for party in registry.parties)
    parties = counted(len(registry.parties), "party", "parties")
    return f"{parties}, {counted(len(forms), 'form')}, {counted(leaders, 'term')} of leaders"
