"""Lists of leaders in ``registry/`` in, leaders as a registry has them out.

A line is "DE: Friedrich Merz 2025-; …" (``leaders.txt``) or has spellings and sources, too, as the head of
``former_leaders.txt`` says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.reading.registry_corrections import NO_SURNAME

FOLDER = Path(__file__).parent / "registry"
FAMILY_NAME_FIRST = ("CN", "TW", "KR", "KP")
"""Codes of states whose news names people by their first word; but for "Frank Hsieh"."""

_DAY = r"\d{4}-\d\d-\d\d"
_TERM = re.compile(rf"(.+?) (?:(\d{{4}})-(\d{{4}})?|({_DAY})/({_DAY})?)(?: \[(\w)\])?")
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "ı": "i", "ð": "d", "đ": "d", "Đ": "D", "Ł": "L", "Ø": "O"})


def lines(file: str) -> Iterator[str]:
    """Yield the lines of a file that are no comments."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    yield from (line for line in text.splitlines() if line and not line.startswith("#"))


def read_leaders(file: str) -> dict[str, list[dict[str, Any]]]:
    """Read a list: code of a state, or name of a party or body → its leaders.

    Raises
    ------
    ValueError
        For a term that is not of the form, ends before it begins, or has a source that the head lacks.
    """
    text = (FOLDER / file).read_text(encoding="utf-8")
    sources = set(re.findall(r"^#   (\w)  ", text, re.MULTILINE))
    by_owner = {}
    for line in lines(file):
        owner, _, listed = line.partition(": ")
        by_owner[owner] = [_leader(owner, term, sources) for term in listed.split("; ")]
    return by_owner


def _leader(owner: str, term: str, sources: set[str]) -> dict[str, Any]:
    match = _TERM.fullmatch(term)
    if match is None:
        raise ValueError(f"{owner}: no term of a leader: {term!r}")
    names, first, last, since, until, source = match.groups()
    if source and source not in sources:
        raise ValueError(f"{owner}: the head names no source {source!r}: {term!r}")
    # Ends are exclusive; a year counts from its first day to its last.
    since = since or f"{first}-01-01"
    until = until or (f"{int(last) + 1}-01-01" if last else "")
    if until and until <= since:
        raise ValueError(f"{owner}: ends before it begins: {term!r}")
    return _named(owner, names) | {"from": since} | ({"until": until} if until else {})


def _named(owner: str, names: str) -> dict[str, Any]:
    """Return a leader's names: "Than Shwe = General Than Shwe ~ Shwe", "John Key!"."""
    whole, *others = re.split(r" ([=~]) ", names.removesuffix("!"))
    name = re.sub(r" of [A-Z]\w+$", "", whole)
    if name != whole and " " not in name:
        name = f"King {name}"
    pairs = list(zip(others[::2], others[1::2], strict=True))
    spelled = [form for sign, form in pairs if sign == "="]
    aliases = [form for form in with_plain([name, *spelled]) if form != name]
    record: dict[str, Any] = {"name": name} | ({"aliases": aliases} if aliases else {})
    surname = name.rsplit(" ", 1)[-1]
    short = with_plain([form for sign, form in pairs if sign == "~"])
    if short or names.endswith("!") or NO_SURNAME.search(name):
        record["short"] = short
    elif owner in FAMILY_NAME_FIRST and (owner == "CN" or "-" in surname):
        record["short"] = [name.split(" ")[0]]
    elif without_accents(surname) != surname and " " in name:
        # Without its accents a Vietnamese name is a word: Dung, Hung, Sang.
        record["short"] = [surname] if owner == "VN" else with_plain([surname])
    return record


def with_plain(names: list[str], *, spaced: bool = False) -> list[str]:
    """Add names without accents, as news in English writes them, and with the straight apostrophe.

    With ``spaced`` only names of several words: an acronym without its accents is another one.
    """
    straight = [name.replace("’", "'") for name in names if name]
    plain = [without_accents(name) for name in straight if " " in name or not spaced]
    return list(dict.fromkeys([*straight, *plain]))


def without_accents(text: str) -> str:
    """Return a text with the letters of ASCII, as far as accents alone keep it from them."""
    plain = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
