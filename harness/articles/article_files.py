"""Files, folders and standard input in, documents out: plain text, HTML pages, and JSONL with metadata."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from harness.articles import byte_streams as streams
from harness.articles.byte_streams import InputFormat
from harness.values.errors import ArticleError, Problem

ENDINGS: Mapping[str, InputFormat] = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

LONGEST = 1_000_000
"""Characters of one article: a long novel. What is longer is no article."""

LONGEST_PAGE = 20_000_000
"""Bytes of an HTML page or of a line of JSON."""

_MAGIC = {b"%PDF": "a PDF file", b"PK\x03\x04": "a ZIP or Office file", b"\xd0\xcf\x11\xe0": "an Office file"}
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_MOST_NULLS = 0.001


@dataclass(frozen=True)
class ArticleText:
    """An article as it came in.

    Attributes
    ----------
    id : str
        Path, or path and line, or what JSONL states.
    text : str
        Of an HTML page the main content. Null characters and halves of surrogate pairs are replaced, one
        character by one, so that offsets stay what they were.
    title : str
        A headline that is not part of ``text``.
    outlet, date : str
        As far as they are stated; the date in ISO form.
    """

    id: str
    text: str
    title: str = ""
    outlet: str = ""
    date: str = ""


def read_articles(
    paths: Iterable[Path], *, kind: InputFormat | None = None, outlet: str = "", date: str = ""
) -> Iterator[ArticleText | ArticleError]:
    """Read articles one by one.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders (with all that is below them and has a known ending) and ``-``, standard input.
    kind : {"text", "html", "jsonl"}, optional
        Left out, by the ending; of standard input by its first characters.
    outlet, date : str
        For articles that state none themselves.

    Yields
    ------
    ArticleText or ArticleError
        An article that cannot be read is handed on as what is wrong with it: one of a thousand should not end
        the work.

    Raises
    ------
    ArticleError
        Where a path does not exist, a folder holds no article, or an ending is unknown; before anything is
        read.
    """
    for source in _sources(list(paths), kind):
        for found in _documents(*source):
            if isinstance(found, ArticleText):
                yield replace(found, outlet=found.outlet or outlet, date=found.date or date)
            else:
                yield found


def count_articles(paths: Iterable[Path], kind: InputFormat | None = None) -> int:
    """Count the articles that :func:`read` would try, lines of JSONL included; standard input is one."""
    total = 0
    for path, _, written in _sources(list(paths), kind, lenient=True):
        if path is None or written != "jsonl":
            total += 1
        else:
            total += streams.count_lines(path)
    return total


def from_text(raw: bytes, name: str) -> ArticleText:
    """Decode a plain text: UTF-8, or UTF-16 with a byte order mark.

    Raises
    ------
    ArticleError
        Where it is no text, too long, or empty.
    """
    for start, what in _MAGIC.items():
        if raw.startswith(start):
            raise _error(name, f"is {what}, no text", "save it as text or HTML")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        called = encoding.removesuffix("-sig").upper()
        what = f"is no {called} text: byte 0x{raw[error.start]:02x} at {error.start:,}"
        raise _error(name, what, "convert it: iconv -f WINDOWS-1252 -t UTF-8") from None
    if text.count("\0") > max(2, _MOST_NULLS * len(text)):
        raise _error(name, f"holds {text.count(chr(0)):,} null characters: it is no text")
    return _checked(ArticleText(name, text))


def from_html(raw: bytes | str, name: str) -> ArticleText:
    """Take the main content of a page, with title, site and date as far as it states them.

    Scripts, navigation and comments of readers are left out; offsets count in the text that is left.

    Raises
    ------
    ArticleError
        Where no article is found in it.
    """
    import trafilatura

    if len(raw) > LONGEST_PAGE:
        raise _error(name, f"is a page of {len(raw):,} bytes; at most {LONGEST_PAGE:,} are read")
    found: Any = trafilatura.bare_extraction(
        raw, include_comments=False, with_metadata=True, favor_precision=True
    )
    text = (found.text or "").strip() if found is not None else ""
    if not text:
        raise _error(name, "holds no article that could be told from the rest of the page", "give its text")
    made = ArticleText(
        name,
        text,
        title=found.title or "",
        outlet=found.sitename or found.hostname or "",
        date=found.date or "",
    )
    same = text.startswith(made.title)
    return _checked(replace(made, title="" if same else made.title))


def from_json(line: str, name: str) -> ArticleText:
    """Read an article from a JSON object: ``text`` or ``html``; ``id``, ``title``, ``outlet``, ``date``.

    Raises
    ------
    ArticleError
        With everything that is wrong with it.
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _error(name, f"is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise _error(name, "is no JSON object")
    fields = ("id", "text", "html", "title", "outlet", "date")
    wrong = [
        Problem(f"{name}: {key}", f"is not text: {row[key]!r:.60}")
        for key in fields
        if row.get(key) is not None
        and not isinstance(row[key], str)
        and not (key == "id" and isinstance(row[key], int))
    ]
    if not wrong and not (row.get("text") or row.get("html")):
        wrong = [Problem(name, "has neither 'text' nor 'html'")]
    date = row.get("date") or ""
    if isinstance(date, str) and date and not re.match(r"\d{4}-\d\d-\d\d", date):
        wrong.append(Problem(f"{name}: date", f"is not like 2030-01-31: {date!r:.60}"))
    if wrong:
        raise ArticleError(wrong)
    made = _checked(ArticleText(name, row["text"])) if row.get("text") else from_html(row["html"], name)
    stated = {key: str(row[key]) for key in ("id", "title", "outlet", "date") if row.get(key) is not None}
    return replace(made, **{key: _cleaned(value) for key, value in stated.items()})


def _checked(made: ArticleText) -> ArticleText:
    if len(made.text) > LONGEST:
        what = f"holds {len(made.text):,} characters; an article has at most {LONGEST:,}"
        raise _error(made.id, what, "split it, one file an article, or one line of JSONL")
    if not made.text.strip():
        raise _error(made.id, "is empty")
    return replace(made, text=_cleaned(made.text), title=_cleaned(made.title))


def _cleaned(text: str) -> str:
    return _UNUSABLE.sub("\ufffd", text)


def _error(name: str, what: str, hint: str = "") -> ArticleError:
    return ArticleError([Problem(name, what, hint)])


def _sources(
    paths: list[Path], kind: InputFormat | None, *, lenient: bool = False
) -> list[tuple[Path | None, str, InputFormat | None]]:
    """List the files, each with the name it goes by and its format."""
    found: list[tuple[Path | None, str, InputFormat | None]] = []
    problems = []
    for path in paths:
        if str(path) == "-":
            found.append((None, "standard input", kind))
        elif path.is_dir():
            files = [
                one for one in sorted(path.rglob("*")) if one.suffix.lower() in ENDINGS and one.is_file()
            ]
            found += [(one, one.relative_to(path).as_posix(), ENDINGS[one.suffix.lower()]) for one in files]
            if not files:
                problems.append(
                    Problem(str(path), "holds no article", f"known endings: {', '.join(ENDINGS)}")
                )
        elif not path.is_file():
            problems.append(Problem(str(path), "does not exist"))
        elif kind is None and path.suffix.lower() not in ENDINGS:
            hint = f"known endings: {', '.join(ENDINGS)}; or say --format text"
            problems.append(Problem(str(path), "has an ending that says no format", hint))
        else:
            found.append((path, path.name, kind or ENDINGS[path.suffix.lower()]))
    if problems and not lenient:
        raise ArticleError(problems)
    return found


def _documents(
    path: Path | None, name: str, kind: InputFormat | None
) -> Iterator[ArticleText | ArticleError]:
    try:
        handle: IO[bytes] = sys.stdin.buffer if path is None else path.open("rb")
    except OSError as error:
        yield _error(name, f"cannot be read: {error.strerror or error}")
        return
    try:
        start = handle.read(streams.START)
        kind = kind or streams.guess_format(start)
        if kind == "jsonl":
            yield from _json_documents(handle, name, start)
            return
        raw = start + handle.read(LONGEST_PAGE + 1 - len(start))
    finally:
        if path is not None:
            handle.close()
    try:
        if len(raw) > LONGEST_PAGE:
            what = f"is larger than {LONGEST_PAGE:,} bytes; an article has at most {LONGEST:,} characters"
            raise _error(name, what, "split it, one file an article, or one line of JSONL")
        yield from_html(raw, name) if kind == "html" else from_text(raw, name)
    except ArticleError as error:
        yield error


def _json_documents(handle: IO[bytes], name: str, start: bytes) -> Iterator[ArticleText | ArticleError]:
    for number, line in enumerate(streams.read_lines(handle, start, LONGEST_PAGE), start=1):
        place = f"{name}:{number}"
        try:
            if len(line) == LONGEST_PAGE:
                raise _error(place, f"is longer than {LONGEST_PAGE:,} bytes, and so is not read on")
            if line.strip():
                yield from_json(line.decode("utf-8-sig").rstrip("\r\n"), place)
        except UnicodeDecodeError as error:
            yield _error(place, f"is no UTF-8 text: byte 0x{line[error.start]:02x}")
        except ArticleError as error:
            yield error
            if len(line) == LONGEST_PAGE:
                return
