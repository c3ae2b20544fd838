"""A text as it was typed in, the same text as it is read out: one apostrophe, one dash, one space.

The method is that of Unicode's compatibility normalisation (UAX 15, NFKC) with case folding for search
(UTS 10, "asymmetric search"), narrowed to what leaves a name the same name: superscripts stay, since a
footnote's number is no part of a name. Every character keeps the span that it came from.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

Span = tuple[int, int]

# Typed for one another: the apostrophes of keyboards, word processors and transliterations; hyphens and
# dashes of all widths; the signs before a hashtag and a handle.
_ALIKE = {
    **dict.fromkeys("’‘‛ʼʹʻʽ′＇´`ꞌ", "'"),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⁃", "-"),
    **dict.fromkeys("＃﹟", "#"),
    **dict.fromkeys("＠﹫", "@"),
    # They take room and show nothing.
    **dict.fromkeys("\u2800\u3164\uffa0", " "),
    # Turkish writes İ for i and ı for I; a form in capitals would otherwise be another word.
    "İ": "I",
    "ı": "i",
    # "Weißes", Swiss "Weisses" and "WEISSES" are one word.
    "ß": "ss",
    "ẞ": "SS",
    # Alef with and without its hamza; ya without its dots, as Egypt writes it.
    **dict.fromkeys("أإآٱ", "ا"),
    "ى": "ي",
}
_MARKS_UNSEEN = frozenset(map(chr, (*range(0x64B, 0x653), 0x670, *range(0x591, 0x5BE), *range(0x5BF, 0x5C0))))
"""Vowel signs of Arabic and Hebrew, which news leaves out."""

_EXCEPTIONAL = "\ue000"
"""Stands for a character that becomes none or several, so that offsets change."""


@cache
def _plain(character: str) -> str:
    """Return what a character is read as: none, one or several characters."""
    if character in _ALIKE:
        return _ALIKE[character]
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    # Zero-width spaces and joiners, soft hyphens, marks of direction, control characters; the dot that
    # lower-casing İ leaves behind; tatweel, which only stretches a word; variation selectors of emoji.
    if category in ("Cf", "Cc") or character in "\u0307\u034f\u0640" or character in _MARKS_UNSEEN:
        return ""
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if category[0] in "LN" and kind.startswith("<") and kind not in ("<super>", "<sub>", "<circle>"):
        return unicodedata.normalize("NFKC", character)
    # The signs for Kelvin and Ångström are letters twice encoded.
    return unicodedata.normalize("NFC", character)


class _Table(dict[int, str]):
    """What a character becomes where it stays one character, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        self[code] = plain if len(plain) == 1 else _EXCEPTIONAL
        return self[code]


_TABLE = _Table()
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# What changes in a text of ASCII alone, beside runs of spaces and entities.
_CHANGES = re.compile(r"[`\x00-\x1f\x7f]")


@dataclass(frozen=True)
class FoldedText:
    """A text as it is searched, and where each of its characters came from.

    Attributes
    ----------
    text : str
    starts, ends : sequence of int, or None
        Offsets in the original of each character; None where every character stands where it stood.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def original(self, start: int, end: int) -> Span:
        """Return the span in the original of a span that is not empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> FoldedText:
    """Write alike what is read alike: apostrophes, dashes, runs of spaces, letters however composed.

    Characters that are not seen are left out, entities of HTML are the characters that they stand for. Upper
    and lower case stay.

    Examples
    --------
    >>> folded = fold("The People’s\u00a0 Alli\u00adance")
    >>> folded.text, folded.original(4, 21)
    ("The People's Alliance", (4, 23))
    >>> fold("Ｓａｆｆｒｏｎ &amp; Weiß").text
    'Saffron & Weiss'
    """
    # Three passes in C are faster than one expression with alternatives.
    if text.isascii():
        if "  " not in text and "&" not in text and not _CHANGES.search(text):
            return FoldedText(text)
    # Most texts need no offsets: each character becomes one.
    elif "&" not in text and unicodedata.is_normalized("NFC", text):
        plain = text.translate(_TABLE)
        if _EXCEPTIONAL not in plain and "  " not in plain:
            return FoldedText(plain)
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for character, start, end in _composed(text):
        plain = _plain(character)
        if not plain:
            # A mark belongs to its letter; a joiner at the end of a word belongs to nothing.
            if ends and unicodedata.category(character) == "Mn" and ends[-1] == start:
                ends[-1] = end
            continue
        if plain == " " and characters and characters[-1] == " ":
            ends[-1] = end
            continue
        for letter in plain:
            characters.append(letter)
            starts.append(start)
            ends.append(end)
    return FoldedText("".join(characters), starts, ends)


def _composed(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the characters of a text, letters with their marks as one where one exists, and their spans."""
    entities = {match.start(): match for match in _ENTITY.finditer(text)} if "&" in text else {}
    pending, start, end = "", 0, 0
    index = 0
    while index < len(text):
        character, stop = text[index], index + 1
        if index in entities:
            # html.unescape leaves a name that is no entity's as it is.
            whole = entities[index].group()
            character, stop = html.unescape(whole), entities[index].end()
            if len(character) != 1:
                character, stop = "&", index + 1
        joined = unicodedata.normalize("NFC", pending + character) if pending and character > "\u02ff" else ""
        marks = _marks(text, index) if pending and unicodedata.combining(character) else 0
        if marks > MAX_MARKS:
            end = stop = index + marks
        elif len(joined) == 1:
            pending, end = joined, stop
        else:
            if pending:
                yield pending, start, end
            pending, start, end = character, index, stop
        index = stop
    if pending:
        yield pending, start, end


MAX_MARKS = 4
"""Marks that one letter of a language may have; more are piled up for show, and read as none."""


def _marks(text: str, index: int) -> int:
    """Return how many marks on a letter stand one after the other."""
    end = index
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end - index


def name_key(name: str) -> str:
    """Return what two spellings of a name have in common: "PEOPLE’S  Alliance" and "People's Alliance".

    Examples
    --------
    >>> name_key(" PEOPLE’S\u00a0 Alliance")
    "people's alliance"
    """
    return lower(fold(name.strip()).text)


def lower(folded: str) -> str:
    """Return a folded text in lower case, of the same length."""
    # İ, the only letter that becomes two, is folded already; a final sigma is a sigma.
    return folded.lower().replace("ς", "σ")


def without_accents(text: str) -> str:
    """Return a text without the marks on its letters, as capitals are often set: ETATS-UNIS."""
    return "".join(
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    )


# --- Where a word begins and ends -----------------------------------------------------------------------


def is_word_character(character: str) -> bool:
    """Whether a character continues a word; a footnote's ² and an emoji do not."""
    return character == "_" or (character.isalnum() and unicodedata.category(character) != "No")


# Arabic writes "and", "so", "with", "like", "to" and the article together with the word that follows.
_PROCLITICS = re.compile(r"[وف]?[بكل]?(?:ال)?")
_ARABIC = re.compile(r"[\u0620-\u064a\u066e-\u06d3]")
MIN_AFTER_PROCLITIC = 3
"""Letters that a name needs to be found behind a prefix: two letters begin and end too many words."""


def is_whole_word(text: str, start: int, end: int) -> bool:
    """Whether a span of a folded text is a word or several, behind prefixes of Arabic, too."""
    # "US$" is a currency.
    if end < len(text) and (
        text[end] == "$" or (is_word_character(text[end]) and not _emphasised(text, end, 1))
    ):
        return False
    if not start or not is_word_character(text[start - 1]) or _emphasised(text, start - 1, -1):
        return True
    if not _ARABIC.match(text[start]) or end - start < MIN_AFTER_PROCLITIC:
        return False
    begin = start
    while begin and is_word_character(text[begin - 1]):
        begin -= 1
    return _PROCLITICS.fullmatch(text, begin, start) is not None


def _emphasised(text: str, index: int, step: int) -> bool:
    """Whether nothing but underscores ends or begins a word there, as Markdown sets it off: "_Russia_"."""
    while 0 <= index < len(text) and text[index] == "_":
        index += step
        if not (0 <= index < len(text) and is_word_character(text[index])):
            return True
    return False


def typed_forms(form: str) -> tuple[str, ...]:
    """Return a folded form as it may stand in a folded text: with the article of Arabic contracted, too.

    Examples
    --------
    >>> typed_forms("السودان")
    ('السودان', 'للسودان')
    """
    return (form, f"لل{form[2:]}") if form.startswith("ال") and len(form) > MIN_AFTER_PROCLITIC else (form,)


# --- Hashtags and handles --------------------------------------------------------------------------------

_TAG = re.compile(r"(?<![\w&/.])[#@](\w+)")
MIN_TAG = 4
"""Letters of a tag that is read whatever its case: "#us" is "us"."""


def tags(folded: str) -> Iterator[tuple[str, int, int]]:
    """Yield the key of each hashtag and handle of a folded text, and the span of its word."""
    if "#" in folded or "@" in folded:
        for match in _TAG.finditer(folded):
            yield lower(match.group(1)).replace("_", ""), match.start(1), match.end(1)


def tag_key(folded: str) -> str:
    """Return the key of the hashtag of a name; empty where it is too short to be told from a word.

    Examples
    --------
    >>> tag_key("People's Alliance"), tag_key("US")
    ('peoplesalliance', '')
    """
    key = "".join(letter for letter in lower(folded) if letter.isalnum())
    return key if len(key) >= MIN_TAG else ""
