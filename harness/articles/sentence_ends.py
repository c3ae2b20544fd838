"""A paragraph and the ends of its sentences in, those that are right out.

sentencex finds ends by marks and by abbreviations. On news it misses some ("failed.The party", "etc. The
party") and sees others that are none ("9 a.m. Tuesday", "Amb. Holm", "D-W.Va."). Abbreviations are data:
``abbreviations.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from harness.articles.grammar import ENGLISH, grammar_of
from harness.articles.quotation_ends import names_speaker
from harness.values.yaml_files import read_yaml

_FILE = Path(__file__).parent / "abbreviations.yaml"


@dataclass(frozen=True)
class Abbreviations:
    """The abbreviations of a language, with their full stops.

    Attributes
    ----------
    never : frozenset of str
        No sentence ends with them.
    numbers : frozenset of str
        No sentence ends with them before a number.
    words : frozenset of str
        A sentence ends with them before a word with a capital: they are words, and abbreviations before a
        number alone.
    closing : frozenset of str
        A sentence ends with them where a word follows that begins sentences.
    beginnings : frozenset of str
        Such words, in small letters; of languages with a grammar those that it knows to be no names.
    before_ordinals : frozenset of str
        Behind them a number with a full stop is an ordinal: "das 19. Paket"; in small letters.
    """

    never: frozenset[str]
    numbers: frozenset[str]
    words: frozenset[str]
    closing: frozenset[str]
    beginnings: frozenset[str]
    before_ordinals: frozenset[str]


@cache
def abbreviations_of(language: str) -> Abbreviations:
    """Return the abbreviations of a language; none where it is not in the file."""
    listed: dict[str, Any] = read_yaml(_FILE).get(language, {})
    words = {each.name: frozenset(str(listed.get(each.name, "")).split()) for each in fields(Abbreviations)}
    words["beginnings"] |= grammar_of(language).not_people
    return Abbreviations(**words)


def corrected(piece: str, ends: Iterable[int], begin: int, language: str) -> list[int]:
    """Leave out ends that are none, and add those that are missing.

    Parameters
    ----------
    piece : str
        A paragraph, or a part of one.
    ends : iterable of int
        Offsets behind the sentences that sentencex found.
    begin : int
        Where the text begins, behind a bullet.
    language : str
        Code.

    Returns
    -------
    list of int
        In order, each once; the last is the length of the piece.
    """
    right_ends = _without_false_ends(piece, list(ends), begin, language)
    return sorted({*right_ends, *_missed_ends(piece, begin, language), len(piece)})


# --- ends that are none -------------------------------------------------------------------------------------

# The number of a list item alone: "2."
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s*$")
# "9 a.m. Tuesday", "9 a.m. (ET)", "9 p.m. Moscow time": what tells more of the time begins no sentence.
_TIME_OF_DAY = re.compile(r"\b[ap]\.\s?m\.\s*$", re.IGNORECASE)
_MORE_OF_TIME = re.compile(
    r"\s*(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b\.?"
    r"|Jan(?:uary)?|Feb(?:ruary)?|March|April|May \d|June|July|Aug(?:ust)?|Sept(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?"
    r"|\(?(?:[ECMP][SD]?T|GMT|BST|UTC|CET|CEST|Eastern|Central|Mountain|Pacific)\b"
    r"|(?:[A-Z][\w.]*\s+){1,3}(?:[Ss]tandard\s+)?[Tt]ime\b)"
)
# "a. m. del martes", "p. ex. dans": a single letter before a word in small letters is abbreviated.
_LETTER = re.compile(r"(?<!\w)[^\W\d_]\.\s*$")
_SMALL = re.compile(r"\s*[a-zà-öø-ÿ]")
# "J.-P. Dupont": sentencex ends before the hyphen. A dash behind a space begins an item or a signature.
_HYPHEN = re.compile(r"(?<=\S)-\w")
# "—¿De verdad? —preguntó Pardo": what a dash and small letters add is no sentence.
_ADDED = re.compile(r"\s*[—–]\s?[a-zà-öø-ÿ]")


def _without_false_ends(piece: str, ends: list[int], begin: int, language: str) -> list[int]:
    ends_of_sentences, start = [], begin
    for end in ends:
        inside = (
            end < len(piece)
            and not piece[end - 1].isspace()
            and piece[end].isascii()
            and piece[end].isalnum()
        )
        time = _TIME_OF_DAY.search(piece, start, end) and _MORE_OF_TIME.match(piece, end)
        letter = (_LETTER.search(piece, start, end) and _SMALL.match(piece, end)) or _HYPHEN.match(piece, end)
        number = _LIST_NUMBER.fullmatch(piece[start:end].strip())
        added = _ADDED.match(piece, end)
        if not (inside or time or letter or number or added) and not (
            _is_abbreviation(piece, start, end, language) or names_speaker(piece, start, end, language)
        ):
            ends_of_sentences.append(end)
            start = end
    return ends_of_sentences


# What stands between two ordinals.
_JOINTS = {"und", "oder", "bis"}


def _is_abbreviation(piece: str, start: int, end: int, language: str) -> bool:
    """Whether what stands before an end is an abbreviation or ordinal: "3. Oktober", "M. Dupont"."""
    words = piece[start:end].split()
    following = re.match(r"\s*([\w-]+)", piece[end:])
    if not words or following is None:
        return False
    last, next_word = words[-1].lstrip("(„“«»\"'’"), following.group(1)
    # "l'art. 5"
    last = re.split("['’]", last)[-1]
    listed = abbreviations_of(language)
    if last in listed.never or (last in listed.numbers and next_word[0].isdigit()):
        return True
    if language == ENGLISH or not re.fullmatch(r"\d{1,2}\.", last):
        return False
    # "Der 1. FC Varna": an ordinal before a name in capitals.
    if next_word in grammar_of(language).ordinals or (len(next_word) > 1 and next_word.isupper()):
        return True
    # "Er kam am 3. Die Partei": a date ends a sentence where the next word begins one.
    begins = next_word.lower() in listed.beginnings | grammar_of(language).pronouns
    previous = words[-2].lower().lstrip("(„“«»\"'’") if len(words) > 1 else ""
    # "Am 3. und 4. Okt."
    if previous in _JOINTS and len(words) > 2 and re.fullmatch(r"\d{1,2}\.", words[-3]):
        return not begins
    return previous in listed.before_ordinals and next_word[0].isupper() and not begins


# --- ends that sentencex misses -----------------------------------------------------------------------------

# Before hashtags, handles and quotes, after a bracket, before an emoji or a flag.
_MORE_ENDS = re.compile(
    r"(?:[.!?…][)\]]|\w[.!?…]+)\s+(?=[#@\"“(][\w#@])|[.!?…][)\]]\s+(?=[A-Z])"
    r"|[.!?]\s+(?=[\U0001F300-\U0001FAFF\u2600-\u27BF\U0001F1E6-\U0001F1FF])"
)
# What looks like such an end and is a title or an initial: "Sen. (", "J. “".
_INITIALS = re.compile(r"\b(?:[A-Z]\.|Mr\.|Mrs\.|Ms\.|Dr\.|Sen\.|Rep\.|Gov\.|No\.)\s+$")
_UPPER, _LOWER = "A-ZÀ-ÖØ-Þ", "a-zà-öø-ÿ"
# A mark without a space after it: "failed.The party". On its left a word, acronym, year, share, bracket or
# quotation, and no address; on its right the beginning of a sentence, which may be quoted.
_NO_SPACE = re.compile(
    rf"(?:(?<![\w.@/:#-])"
    rf"(?:[{_LOWER}]{{2,}}|[{_UPPER}][{_LOWER}]{{3,}}|[{_UPPER}]{{2,}}(?=\.[{_UPPER}][{_LOWER}])"
    rf"|\d{{3,}}|\d+\s?%)"
    rf"|(?<=[\w.!?])[)\]”»\"]|(?<=[{_LOWER}0-9])\s[!?]|(?<=[{_LOWER}])…)"
    rf"[.!?…]{{0,3}}[”\"’)]?(?=[“„«¿¡]?[{_UPPER}][{_LOWER}’']*[\s,])"
)
_MARK = re.compile("[.!?…]")
# "Amazon.Com": the ending of an address, behind a name.
_DOMAIN = re.compile(r"[A-Z][\w-]*\.(?:Com|Org|Net|Gov|Edu|Co|Uk|De|Fr|Es|Eu|Tv|Info|Io)\b")
# "We won.1 The party": the number of a footnote.
_FOOTNOTE = re.compile(rf"(?<![{_LOWER}])[{_LOWER}]{{4,}}[.!?][”\"’)]?\d{{1,2}}\s+(?=[{_UPPER}])")
# "Prof.Orrin": a title, with the space left out.
_TITLE = re.compile(
    r"(?:prof|capt|supt|insp|hon|messrs|gen|sen|rep|gov|col|lt|vs|etc|mr|mrs|ms|dr|st|no)\.", re.I
)


def _missed_ends(piece: str, begin: int, language: str) -> list[int]:
    never = abbreviations_of(language).never
    spaced = [
        match.end()
        for match in _MORE_ENDS.finditer(piece, begin)
        if not _INITIALS.search(piece, max(begin, match.end() - 12), match.end())
        and not (_TIME_OF_DAY.search(piece, begin, match.end()) and _MORE_OF_TIME.match(piece, match.end()))
    ]
    joined = [
        match.end()
        for match in _NO_SPACE.finditer(piece, begin)
        if _MARK.search(match.group())
        and not _TITLE.match(piece, match.start())
        and not _DOMAIN.match(piece, match.start())
        and match.group() not in never
    ]
    footnotes = [
        match.end()
        for match in _FOOTNOTE.finditer(piece, begin)
        if re.split(r"\d", match.group())[0] not in never
    ]
    return [
        *spaced,
        *joined,
        *footnotes,
        *_closing_ends(piece, begin, language),
        *_ends_after_words(piece, begin, language),
    ]


def _ends_after_words(piece: str, begin: int, language: str) -> list[int]:
    """Return the ends after words that look like abbreviations, as in "She said no. Varna won"."""
    words = abbreviations_of(language).words
    if not words:
        return []
    pattern = rf"(?<!\S)[(„“«\"'’]?(?:{'|'.join(map(re.escape, sorted(words)))})\s+(?=[{_UPPER}¿¡“«\"])"
    return [begin + match.end() for match in re.finditer(pattern, piece[begin:])]


def _closing_ends(piece: str, begin: int, language: str) -> list[int]:
    """Return the ends after abbreviations that may close a sentence and before a word that begins one."""
    listed, ends = abbreviations_of(language), []
    for match in re.finditer(rf"(?<!\S)(\S+\.)\s+([{_UPPER}][{_LOWER}]*)\b", piece[begin:]):
        # "e. V." and "EE. UU." are written with a space, too.
        if match[1].lstrip("(„“«»\"'’") in listed.closing and match[2].lower() in listed.beginnings:
            ends.append(begin + match.start(2))
    return ends
