"""Forms with their meanings in, their occurrences in a text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

Span = tuple[int, int]
How = Literal["name", "leader", "short", "ambiguous", "demonym", "except"]

CERTAIN: tuple[How, ...] = ("name", "leader")
"""Meanings beyond doubt."""

NO_KINDS: Mapping[str, str] = MappingProxyType({})

OPEN_END = "9999-12-31"
"""The end of a meaning that still holds; ISO dates compare as strings."""


@dataclass(frozen=True, order=True)
class Mention:
    """A party named in a text: ``text[start:end]``."""

    start: int
    end: int
    party: str


@dataclass(frozen=True)
class Meaning:
    """A party that a form may refer to.

    Attributes
    ----------
    party : str
        Canonical name.
    how : str
        ``name`` and ``leader`` are certain; ``short``, ``ambiguous`` and ``demonym`` depend on the article;
        ``except`` is no mention.
    leader : str
        The leader whose name the form is, or the empty string.
    since, until : str
        ISO dates between which it holds, the second exclusive.
    """

    party: str
    how: How
    leader: str = ""
    since: str = ""
    until: str = OPEN_END

    def holds(self, date: str) -> bool:
        """Whether the form refers to the party on a day; without a date it does."""
        # Only the day: an article's date may go on with a time.
        return not date or self.since <= date[: len("2030-01-01")] < self.until


@dataclass(frozen=True)
class Form:
    """A form found in a text, ``text[start:end]``, with its possible meanings, at least one.

    Attributes
    ----------
    partial : bool
        Whether the words around it may make a longer name of it, which nobody listed: "Sudan" in "South
        Sudan". Nothing is certain then.
    """

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    partial: bool = False

    @property
    def certain(self) -> Meaning | None:
        """The meaning beyond doubt; None where there is none."""
        return None if self.partial else self.likeliest

    @property
    def likeliest(self) -> Meaning | None:
        """A name before a leader, and of two leaders the later in office; None where it is neither."""
        # "Hale" as the name of a party outweighs a leader called Hale.
        certain = [meaning for meaning in self.meanings if meaning.how in CERTAIN]
        return max(
            certain, key=lambda meaning: (meaning.how == "name", meaning.until, meaning.since), default=None
        )


@dataclass(frozen=True)
class Matcher:
    """Finds many forms in one pass over a text (Aho & Corasick 1975).

    Parameters
    ----------
    forms : tuple of (str, Meaning)
        A form may be listed several times, with different meanings.
    """

    forms: tuple[tuple[str, Meaning], ...]

    @cached_property
    def _automaton(self) -> Any:
        import ahocorasick

        from harness.values.parties.folding import typed_forms

        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            for spelling in _spellings(form):
                # A dict is a set that remembers the order, on which nothing may depend by chance.
                for typed in typed_forms(spelling):
                    meanings.setdefault(typed, {})[meaning] = None
        automaton = ahocorasick.Automaton()
        for spelling, of_spelling in meanings.items():
            automaton.add_word(spelling, (len(spelling), tuple(of_spelling)))
        automaton.make_automaton()
        return automaton

    @cached_property
    def _tags(self) -> dict[str, tuple[Meaning, ...]]:
        """What a hashtag may mean: "saffronparty"."""
        from harness.values.parties.folding import fold, tag_key

        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            if key := tag_key(fold(form).text):
                meanings.setdefault(key, {})[meaning] = None
        return {key: _unsettled(tuple(of_key)) for key, of_key in meanings.items()}

    def find(self, text: str, kinds: Mapping[str, str] = NO_KINDS) -> list[Form]:
        """Find forms as whole words, and the hashtags and handles made of them.

        Parameters
        ----------
        text : str
        kinds : mapping
            Party → its kind; see :func:`harness.values.parties.longer_names.in_longer_name`.

        Returns
        -------
        list of Form
            In order of appearance. Of overlapping matches the first counts, of those that start together the
            longest.
        """
        if not self.forms:
            # An automaton without words cannot be built.
            return []
        from harness.values.parties.folding import fold, is_whole_word, tags
        from harness.values.parties.longer_names import in_longer_name

        folded = fold(text)
        matches = [
            Form(last + 1 - length, last + 1, meanings)
            for last, (length, meanings) in self._automaton.iter(folded.text)
            if is_whole_word(folded.text, last + 1 - length, last + 1)
        ]
        matches += [
            Form(start, end, self._tags[key])
            for key, start, end in tags(folded.text)
            if key in self._tags
        ]
        return [
            Form(
                *folded.original(form.start, form.end),
                form.meanings,
                in_longer_name(
                    folded.text,
                    form.start,
                    form.end,
                    {kinds.get(meaning.party, "") for meaning in form.meanings},
                ),
            )
            for form in _without_overlaps(matches)
        ]


def _spellings(form: str) -> set[str]:
    """Return a form as headlines and the beginnings of sentences set it, folded."""
    from harness.values.parties.folding import fold, without_accents

    spellings = {form, form[:1].upper() + form[1:]}
    # Up to three letters, capitals may be another word: "us" and "US".
    if len(form) > 3:
        titled = " ".join(word[:1].upper() + word[1:] for word in form.split(" "))
        spellings |= {form.upper(), titled}
    folded = {fold(spelling).text for spelling in spellings}
    # Capitals are often set without accents: ETATS-UNIS.
    return folded | {without_accents(text) for text in folded if text.isupper() and len(text) > 3}


def _unsettled(meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    """Return meanings of a tag, which has no case and no spaces: those of two parties are no longer sure."""
    certain = {meaning.party for meaning in meanings if meaning.how in CERTAIN}
    if len(certain) < 2:
        return meanings
    return tuple(
        replace(meaning, how="ambiguous") if meaning.how in CERTAIN else meaning for meaning in meanings
    )


def find_name(text: str, name: str) -> tuple[Span, ...]:
    """Find a name in a text as a whole word, whatever the case, and in hashtags and handles.

    A name that is part of another state's ("Sudan" in "South Sudan") is not found there.

    Examples
    --------
    >>> find_name("Varna's mayor left Varna.", "varna")
    ((0, 5), (19, 24))
    >>> find_name("#SaffronParty wins", "Saffron Party")
    ((1, 13),)
    """
    from harness.values.parties import folding
    from harness.values.parties.longer_names import is_part_of_state

    if not name.strip():
        return ()
    folded = folding.fold(text)
    folded_name = folding.fold(name.strip()).text
    lowered = folding.lower(folded.text)
    spans = {
        span for form in folding.typed_forms(folding.lower(folded_name)) for span in _occurrences(lowered, form)
    }
    bare = folding.without_accents(folded_name.upper())
    if not spans and bare != folded_name.upper():
        # Capitals are often set without accents, and then in capitals throughout.
        spans = set(_occurrences(folded.text, bare))
    tag = folding.tag_key(folded_name)
    spans |= {(start, end) for key, start, end in folding.tags(folded.text) if key == tag}
    return tuple(
        folded.original(*span)
        for span in sorted(spans)
        # A target may be a topic, too: "eastern energy" is energy; what is part of a name has a capital.
        if folded.text[span[0]].islower() or not is_part_of_state(folded.text, *span)
    )


def _occurrences(text: str, name: str) -> Iterator[Span]:
    from harness.values.parties.folding import is_whole_word

    start = text.find(name) if name else -1
    while start >= 0:
        end = start + len(name)
        if is_whole_word(text, start, end):
            yield start, end
        start = text.find(name, end)


def within(meanings: Iterable[Meaning], date: str) -> tuple[Meaning, ...]:
    """Return the meanings that hold on a day."""
    return tuple(meaning for meaning in meanings if meaning.holds(date))


def _without_overlaps(matches: Sequence[Form]) -> list[Form]:
    # Sorted by start, the longest first, so that a single pass suffices.
    chosen: list[Form] = []
    for form in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not chosen or form.start >= chosen[-1].end:
            chosen.append(form)
    return chosen
