"""A JSON document or a plain text in; its fields, each of the kind it must be, and its lines out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.corpora.tabular import content, shown
from harness.values.errors import CorpusError, Problem

KINDS: Mapping[type, str] = {str: "text", int: "a whole number", list: "a list", dict: "an object"}


def json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises
    ------
    CorpusError
        Where it cannot be read, with file and line.
    """
    name, text = shown(path), content(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not valid JSON: {error.msg} (character {error.colno})"
        raise CorpusError([Problem(f"{name}:{error.lineno}", what)]) from None
    except RecursionError:
        raise CorpusError([Problem(name, "is not valid JSON: nested too deeply")]) from None
    if not isinstance(data, dict):
        raise CorpusError([Problem(name, "is not a JSON object")])
    return data


def held(data: Any, key: str, kind: type, place: str) -> Any:
    """Return a field of an object.

    Parameters
    ----------
    data : object
        A JSON value, which should be an object.
    key : str
        Of the field.
    kind : type
        ``str``, ``int``, ``list`` or ``dict``.
    place : str
        Where the object stands.

    Raises
    ------
    CorpusError
        Where there is no such object, no such field, or one of another kind.
    """
    if not isinstance(data, dict):
        raise CorpusError([Problem(place, f"is not an object: {brief(data)}")])
    if key not in data:
        raise CorpusError([Problem(place, f"lacks {key!r}")])
    value = data[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CorpusError([Problem(f"{place}: {key}", f"is not {KINDS[kind]}: {brief(value)}")])
    return value


def lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[str, str]]:
    """Read a text line by line, blank ones too: place and line, without the end of the line.

    Raises
    ------
    CorpusError
        Where it cannot be read, before the first line is handed out.
    """
    name, text = shown(path), content(path, encoding)
    whole = text.removesuffix("\n").split("\n")
    return ((f"{name}:{number}", line.removesuffix("\r")) for number, line in enumerate(whole, start=1))


def spaced(name: Any) -> str:
    """Write a name without the underscores that fill its blanks.

    Examples
    --------
    >>> spaced("Michael_Steele")
    'Michael Steele'
    """
    return str(name).replace("_", " ").strip()


def brief(value: Any) -> str:
    """Write a value as a message can hold it."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
