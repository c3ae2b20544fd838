"""A sentence in, the persons and groups that could speak in it out.

Persons are guessed from capital letters and titles, groups from nouns that name people ("officials").
English; the words are in ``languages/en.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.articles.genders import FIRST_NAMES
from harness.articles.word_lists import (
    AGENT_ENDING,
    AGENTS,
    NAMES,
    NO_AGENTS,
    NO_HEAD,
    NOT_PEOPLE,
    STAFF,
    TITLES,
    either,
    words_of,
)
from harness.values.parties import Span

# Particles inside a name: "Ursula von der Leyen".
_PARTICLE = rf"(?:{either('particles')})"
# "Ansari", "al-Ansari", "J."
_WORD = rf"(?:(?:{either('joined_particles')})-)?[A-ZÀ-ÖØ-Þ][\w’'-]*[\w]|[A-Z]\."
_NAME = re.compile(rf"(?:{_WORD})(?:\s+(?:{_PARTICLE}\s+)?(?:{_WORD})){{0,4}}")


@dataclass(frozen=True, order=True)
class Person:
    """Somebody named in a text: ``text[start:end]`` with titles, ``name`` without."""

    start: int
    end: int
    name: str

    @property
    def surname(self) -> str:
        """The last word of the name."""
        return self.name.rsplit(" ", 1)[-1]


def find_people(text: str, excluded: Iterable[Span] = (), surnames: Collection[str] = ()) -> list[Person]:
    """Find persons.

    Parameters
    ----------
    text : str
        A sentence.
    excluded : iterable of (int, int)
        Spans that are something else, such as mentions of parties.
    surnames : collection of str
        Surnames of persons whom the article has introduced by their full name: a surname alone counts then.

    Returns
    -------
    list of Person
        In order: names of two words or more, a title with a name, and the surnames. They are guessed from
        capitals, so that unknown places and firms are among them.
    """
    spans = list(excluded)
    persons = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        inside = [span for span in spans if span[0] < end and start < span[1]]
        if inside:
            # "Ostrel's Foreign Minister Ada Orrin": a party, an office of its, and who has that.
            name = _behind_office(text, inside[0][1])
            if name is None or any(span[0] < name.end() and name.start() < span[1] for span in spans):
                continue
            start, end = name.span()
        before = re.search(r"([\w-]+)\s+$", text[:start])
        introduced = before is not None and (
            before.group(1).lower() in TITLES or description_at_end(f"the {before.group(1)}") is not None
        )
        person = _person(text[start:end], start, surnames, titled=introduced)
        if person is not None:
            persons.append(person)
    return persons


def _behind_office(text: str, start: int) -> re.Match[str] | None:
    """Find a name behind a party's, or capitals with a title: "Ostrel's Foreign Minister Ada Orrin".

    A name alone begins with a first name that is listed: "Ostrel's Anna Orrin", not "Ostrel's Iron Bridge".
    """
    named = re.compile(r"[’']s?\s+(?=([A-Z][\w-]*)\s[A-Z])").match(text, start)
    if named is not None and named.group(1) in FIRST_NAMES:
        return _NAME.match(text, named.end())
    title = re.compile(r"(?:[’']s?)?\s+(?=([A-Z][\w-]*)\s)").match(text, start)
    if title is None or title.group(1).lower() not in TITLES:
        return None
    return _NAME.match(text, title.end())


def _person(capitals: str, start: int, surnames: Collection[str], *, titled: bool) -> Person | None:
    """Read a person from a run of capitalised words, or None where it is none."""
    words = [(match.group(), match.start()) for match in re.finditer(r"\S+", capitals)]
    # "The Gazette's Ada Orrin": who stands behind an outlet or a body is named without it.
    owners = [n for n, (word, _) in enumerate(words[:-2]) if re.search(r"[’']s$", word)]
    words = words[owners[-1] + 1 :] if owners else words
    words = [(re.sub(r"[’']s?$", "", word), offset) for word, offset in words]
    # What begins a sentence may be any word: "Even Kolvane", "Asked Mr Kim".
    while words and words[0][0].lower().rstrip(".") in NOT_PEOPLE:
        words = words[1:]
    if start == 0 and len(words) > 1 and re.fullmatch(r"[A-Z][a-z]+ing", words[0][0]):
        words = words[1:]
    if words and words[-1][0].lower().rstrip(".") in TITLES:
        return None
    # "Harbour Secretary Ada Orrin", "Tilla MP Ada Orrin": an office, the name behind it has two words.
    offices = [n for n, (word, _) in enumerate(words[:-2]) if word.lower().rstrip(".") in TITLES | _SEATS]
    words = words[offices[-1] :] if offices else words
    words = words[1:] if words and words[0][0].lower() in _SEATS and len(words) > 2 else words
    first = words[0][1] if words else 0
    while words and words[0][0].lower().rstrip(".") in TITLES:
        words, titled = words[1:], True
    if not words or any(word.lower().rstrip(".") in NOT_PEOPLE for word, _ in words):
        return None
    name = " ".join(word for word, _ in words)
    # A single capitalised word may be anything; after a title, or once introduced, it is a person.
    if len(words) == 1 and not titled and name not in surnames:
        return None
    # Initials and abbreviations are no surnames.
    if len(words) == 1 and (len(name) < 2 or name.isupper()):
        return None
    last, offset = words[-1]
    return Person(start + first, start + offset + len(last), name)


# Members of parliaments and councils, by the abbreviations that stand before their names.
_SEATS = words_of("seats_before_names", NAMES)
# What makes a description definite or counted: "the baker", "two bakers", "his baker".
_NUMBER = re.compile(rf"(?i){either('numbers')}")
_ARTICLE = re.compile(either("determiners"))
_DETERMINED = re.compile(
    rf"(?i)(?:\b(?:{either('determiners')}|{either('numbers')})|\w[’']s?)\s+(?-i:[A-Z][\w.-]*\s+){{0,3}}$"
)
# Modifiers that are no part of a description: "two senior officials" are "two officials".
_ADJECTIVES = re.compile(rf"(?i)^(?:{either('modifiers')})$")
_PLURALS = words_of("plurals")


def description_at_end(text: str) -> tuple[str, int] | None:
    """Read a description of people that ends a text: "two shop stewards", "the harbour master", "critics".

    Returns
    -------
    (str, int) or None
        The description without article and adjectives, in lower case, and where it begins.
    """
    # Four words fit into eighty characters, however long the sentence is.
    words = list(re.finditer(r"[\w’'-]+|[^\w\s]", text[-80:]))
    offset = max(0, len(text) - 80)
    phrase: list[re.Match[str]] = []
    # Backwards from the head noun; four words are as long as a description gets.
    for word in reversed(words):
        lower = word.group().lower()
        if (
            not re.fullmatch(r"[\w’'-]+", lower)
            or lower in NO_HEAD
            or _ARTICLE.fullmatch(lower)
            or len(phrase) == 4
        ):
            break
        if (
            phrase
            and word.group()[0].isupper()
            and (offset + word.start() > 0 or re.search(r"[’']s$", lower))
        ):
            break
        phrase.insert(0, word)
    if not phrase:
        return None
    head, start = phrase[-1].group(), offset + phrase[0].start()
    if not _is_agent(head, begins=not re.search(r"[A-Za-z]", text[:start]) and len(phrase) == 1):
        return None
    determined = _DETERMINED.search(text[:start]) is not None
    counted = _NUMBER.fullmatch(phrase[0].group()) is not None
    plural = head.endswith("s") or head.lower() in _PLURALS
    if not (determined or counted or plural or not re.search(r"[A-Za-z]", text[:start])):
        return None
    modifiers = [word.group() for word in phrase[:-1] if not _ADJECTIVES.match(word.group())]
    return " ".join([*modifiers[-2:], head]).lower(), start


def _is_agent(noun: str, *, begins: bool) -> bool:
    """Whether a noun names people: it is listed, or it ends like "baker", "unionist", "spokeswoman"."""
    if noun[0].isupper() and not begins:
        return False
    low = noun.lower()
    return (
        low in AGENTS
        or low in STAFF
        or (
            not {low, low.removesuffix("s")} & NO_AGENTS
            and AGENT_ENDING.search(low) is not None
            and len(low) > 4
        )
    )


# Bodies of a state of two words: "air force".
_BODIES = re.compile(rf"\b(?:{either('bodies')})$")


def is_staff(words: str) -> bool:
    """Whether what follows a party's name speaks for it: "spokesman", "'s office", "foreign minister"."""
    parts = [word.lower() for word in re.findall(r"[A-Za-zé]+", words) if word.lower() not in ("s", "own")]
    return bool(parts) and (parts[-1] in STAFF or _BODIES.search(" ".join(parts)) is not None)
