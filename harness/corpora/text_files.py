"""A text or JSON file in; its lines, objects or fields out, each with where it stands."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.corpora.checks import limit_problems
from harness.values import limits
from harness.values.errors import CorpusError, Problem, abbreviate
from harness.values.row_files import likely_encoding, open_binary
from harness.values.unreadable import UnreadableError, parse_json

KINDS: Mapping[type, str] = {str: "text", int: "a whole number", list: "a list", dict: "an object"}


def short_path(path: Path) -> str:
    """Write a path from the current folder on, if it lies there."""
    absolute = path.absolute()
    current = Path.cwd()
    return str(absolute.relative_to(current)) if absolute.is_relative_to(current) else str(path)


def content(path: Path, encoding: str = "utf-8", *, settable: bool = False) -> str:
    """Read the text of a file, without a byte order mark.

    Parameters
    ----------
    path : Path
    encoding : str
    settable : bool
        Whether the config can set the encoding, so that the error may suggest it.

    Raises
    ------
    CorpusError
        If it is missing, a folder, empty or in another encoding; naming the file and the line.
    """
    name = short_path(path)
    try:
        with open_binary(path) as file:
            # One byte more than is allowed: an archive may unpack to a thousand times its size.
            data = file.read(limits.TABLE_BYTES.maximum + 1)
    except IsADirectoryError:
        raise CorpusError([Problem(name, "is a folder", "name the files in it")]) from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        # A broken gzip file has no error number, and its message says what is wrong.
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise CorpusError([Problem(name, f"cannot be read: {reason}")]) from None
    if limits.TABLE_BYTES.exceeded_by(len(data)):
        raise CorpusError([Problem(name, limits.TABLE_BYTES.problem, limits.TABLE_BYTES.remedy)])
    try:
        # Any encoding may be set: utf-8 and utf-16-le leave the mark in the text, utf-16 takes it off.
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        problem = _misencoded(data, name, encoding, error)
        if not settable:
            problem = replace(problem, hint="was it saved again? use the file as published")
        raise CorpusError([problem]) from None
    if not text.strip():
        raise CorpusError([Problem(name, "is empty")])
    return text


def lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[str, str]]:
    """Read a text line by line, blank lines included: where each stands, and the line without its end.

    Raises
    ------
    CorpusError
        If it cannot be read; before the first line is returned.
    """
    name, text = short_path(path), content(path, encoding)
    # str.splitlines would also end a line at U+2028, which occurs inside tweets.
    rows = text.removesuffix("\n").split("\n")
    return ((f"{name}:{number}", line.removesuffix("\r")) for number, line in enumerate(rows, start=1))


def json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises
    ------
    CorpusError
        If it cannot be read, with file and line.
    """
    name, text = short_path(path), content(path)
    try:
        data = parse_json(text)
    except UnreadableError as error:
        raise CorpusError([Problem(f"{name}:{error.line}" if error.line else name, str(error))]) from None
    if not isinstance(data, dict):
        raise CorpusError([Problem(name, "is not a JSON object")])
    return data


def json_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Read a JSONL file in UTF-8: where each line that is not blank stands, and its object.

    Raises
    ------
    CorpusError
        With the problems of all lines.
    """
    name = short_path(path)
    objects, bad = parsed_lines(content(path), name)
    if bad:
        raise CorpusError(limit_problems([problem for problem, _ in bad], name))
    return objects


def parsed_lines(text: str, name: str) -> tuple[list[tuple[str, dict[str, Any]]], list[tuple[Problem, str]]]:
    """Parse the text of a JSONL file; return its objects, and the lines that are none.

    Returns
    -------
    list of (str, dict)
        Where each object stands, and the object.
    list of (Problem, str)
        What is wrong with each other line that is not blank, and the line.
    """
    objects: list[tuple[str, dict[str, Any]]] = []
    bad: list[tuple[Problem, str]] = []
    # Not splitlines(), as in lines(): a JSON string may hold U+2028 unescaped.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = parse_json(line)
        except UnreadableError as error:
            bad.append((Problem(where, str(error)), line))
            continue
        if not isinstance(value, dict):
            bad.append((Problem(where, f"is not a JSON object but {type(value).__name__}"), line))
            continue
        objects.append((where, value))
    return objects, bad


def parsed_items(text: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Parse a JSON file that holds a list of objects: where each stands, and the object.

    Raises
    ------
    CorpusError
        Where it is no JSON, or no list of objects.
    """
    try:
        value = parse_json(text)
    except UnreadableError as error:
        hint = "a file of one object a line ends in .jsonl"
        raise CorpusError(
            [Problem(f"{name}:{error.line}" if error.line else name, str(error), hint)]
        ) from None
    if not isinstance(value, list):
        raise CorpusError(
            [Problem(name, "is not a list of objects", "a file of one object a line ends in .jsonl")]
        )
    items = [(f"{name}: item {number}", item) for number, item in enumerate(value, start=1)]
    bad = [
        Problem(where, f"is not a JSON object: {abbreviate(item)}")
        for where, item in items
        if not isinstance(item, dict)
    ]
    if bad:
        raise CorpusError(limit_problems(bad, name))
    return items


def json_field(data: Any, key: str, kind: type, where: str) -> Any:
    """Return a field of an object.

    Parameters
    ----------
    data : object
        A JSON value, which should be an object.
    key : str
        Of the field.
    kind : type
        ``str``, ``int``, ``list`` or ``dict``.
    where : str
        Where the object stands.

    Raises
    ------
    CorpusError
        If it is not an object, or has no such field, or one of another kind.
    """
    if not isinstance(data, dict):
        raise CorpusError([Problem(where, f"is not an object: {abbreviate(data)}")])
    if key not in data:
        raise CorpusError([Problem(where, f"lacks {key!r}")])
    value = data[key]
    # Python calls true an int; a corpus that has it where a number belongs is broken.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CorpusError([Problem(f"{where}: {key}", f"is not {KINDS[kind]}: {abbreviate(value)}")])
    return value


def without_underscores(name: Any) -> str:
    """Write a name with blanks, where a corpus fills them with underscores.

    Examples
    --------
    >>> without_underscores("Michael_Steele")
    'Michael Steele'
    """
    return str(name).replace("_", " ").strip()


def _misencoded(data: bytes, name: str, encoding: str, error: UnicodeError) -> Problem:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    likely = likely_encoding(data)
    # Excel saves plain CSV as cp1252, other programs as latin-1: most texts read alike in both.
    likely = "cp1252 or latin-1" if likely == "cp1252" else likely
    if likely == encoding:
        start, hint = len(data), "it ends inside a character: is it cut off?"
    else:
        hint = f"set encoding, perhaps to {likely}"
    byte = f": byte 0x{data[start]:02x}" if start < len(data) else ""
    line = data.count(b"\n", 0, start) + 1
    return Problem(f"{name}:{line}", f"is not {encoding}{byte}", hint)
