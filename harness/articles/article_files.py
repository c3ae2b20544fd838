"""Files, folders and standard input in, the texts of articles out.

Read are plain text, HTML, JSONL and, with the extra ``documents``, PDF, DOCX and EPUB.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from harness.articles import byte_streams
from harness.articles.byte_streams import InputFormat
from harness.articles.documents import DocumentFormat, read_document
from harness.articles.web_pages import decode_page, guess_encoding, parse_page, without_tables
from harness.values import limits
from harness.values.errors import ArticleError, Problem
from harness.values.folders import is_hidden
from harness.values.formatting import counted
from harness.values.unreadable import UnreadableError, parse_json, usable_text

ENDINGS: Mapping[str, InputFormat] = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".pdf": "pdf",
    ".docx": "docx",
    ".epub": "epub",
}

MAX_ARTICLE = limits.ARTICLE_CHARACTERS.maximum
"""Characters of one article, as many as a long novel has. A longer text is no article."""

MAX_PAGE = limits.PAGE_BYTES.maximum
"""Bytes of an HTML page or of a line of JSON."""

SPLIT_IT = limits.ARTICLE_CHARACTERS.remedy

# First bytes of files that are often taken for text.
_MAGIC = {b"%PDF": "a PDF file", b"PK\x03\x04": "a ZIP or Office file", b"\xd0\xcf\x11\xe0": "an Office file"}
# Share of null characters: a few are slips of a converter, more are binary data.
_MAX_NULLS = 0.001


@dataclass(frozen=True)
class ArticleText:
    """The text of an article, and what is stated about it.

    Attributes
    ----------
    id : str
        The id in JSONL, or else the path, with the line in JSONL.
    text : str
        Of an HTML page the main content. Null characters and lone surrogates are replaced, one character by
        one, so that offsets stay what they were.
    title : str
        A headline that is not part of ``text``.
    outlet, date : str
        Empty where they are not stated; the date in ISO form.
    """

    id: str
    text: str
    title: str = ""
    outlet: str = ""
    date: str = ""


@dataclass(frozen=True)
class ArticleFile:
    """A file with articles, or some lines of one in JSONL.

    Attributes
    ----------
    path : Path or None
        None is standard input.
    name : str
        What its articles go by, where they have no id.
    file_format : {"text", "html", "jsonl", "pdf", "docx", "epub"} or None
        None for standard input whose format is guessed.
    start : int
        Where the first line begins, in bytes.
    line : int
        The number of that line, from 1.
    lines : int or None
        How many lines are read; None: all that follow.
    """

    path: Path | None
    name: str
    file_format: InputFormat | None
    start: int = 0
    line: int = 1
    lines: int | None = None


def read_articles(
    paths: Iterable[Path], *, file_format: InputFormat | None = None, outlet: str = "", date: str = ""
) -> Iterator[ArticleText | ArticleError]:
    """Read the texts of articles, one by one.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders (all files below them that have a known ending) and ``-`` for standard input.
    file_format : {"text", "html", "jsonl", "pdf", "docx", "epub"}, optional
        Of all files; left out, by the ending, and for standard input by its first characters.
    outlet, date : str
        For articles that state none themselves.

    Yields
    ------
    ArticleText or ArticleError
        An article that cannot be read is yielded as the error that says why, so that one of a thousand does
        not end the work.

    Raises
    ------
    ArticleError
        Where a path does not exist, a folder holds no article, or an ending is unknown. It is raised before
        anything is read, and names all such paths.
    """
    yield from read_files(list_files(paths, file_format), outlet=outlet, date=date)


def read_files(
    files: Iterable[ArticleFile], *, outlet: str = "", date: str = ""
) -> Iterator[ArticleText | ArticleError]:
    """Read the texts of articles from files, or from some of their lines; see :func:`read_articles`."""
    for file in files:
        for article in _read_file(file):
            if isinstance(article, ArticleText):
                yield replace(article, outlet=article.outlet or outlet, date=article.date or date)
            else:
                yield article


def from_string(text: str, *, outlet: str = "", date: str = "") -> ArticleText:
    """Check a text that is no file.

    Raises
    ------
    ArticleError
        Where it is too long or empty.
    """
    return _checked(ArticleText("article", text, outlet=outlet, date=date))


def from_text(raw: bytes, name: str) -> ArticleText:
    """Decode a plain text: UTF-8, or UTF-16 with a byte order mark.

    Raises
    ------
    ArticleError
        Where it is no text, is too long, or is empty.
    """
    for magic, kind in _MAGIC.items():
        if raw.startswith(magic):
            raise _error(name, f"is {kind}, not text", "PDF, .docx and .epub are read by their endings")
    # Without a byte order mark no other encoding is guessed: a wrong guess would be labelled as text.
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        encoding = encoding.removesuffix("-sig").upper()
        what = f"is not {encoding} text: byte 0x{raw[error.start]:02x} at {error.start:,}"
        likely = guess_encoding(raw[:50_000]).upper()
        hint = f"convert it: iconv -f {likely} -t UTF-8" if encoding == "UTF-8" else "save it as UTF-8"
        raise _error(name, what, hint) from None
    if text.count("\0") > max(2, _MAX_NULLS * len(text)):
        raise _error(name, f"holds {text.count(chr(0)):,} null characters: it is binary data, not text")
    return _checked(ArticleText(name, text))


def from_html(raw: bytes | str, name: str) -> ArticleText:
    """Extract the main content of a page with trafilatura, and its title, site and date where stated.

    Scripts, navigation and readers' comments are left out; offsets count in the extracted text.

    Raises
    ------
    ArticleError
        Where the page is too long or no article is found in it.
    """
    import trafilatura

    if len(raw) > MAX_PAGE:
        raise _error(name, f"is a page of {counted(len(raw), 'byte')}; at most {MAX_PAGE:,} are read")
    # Precision before recall: a teaser taken for text would count as words of the outlet.
    content: Any = trafilatura.bare_extraction(
        parse_page(decode_page(raw) if isinstance(raw, bytes) else raw),
        include_comments=False,
        with_metadata=True,
        favor_precision=True,
    )
    text = without_tables(content.text or "").strip() if content is not None else ""
    if not text:
        raise _error(name, "no article was found on the page", "save its text as a .txt file")
    title = content.title or ""
    article = ArticleText(
        name,
        text,
        # A headline that begins the text would be read twice.
        title="" if text.startswith(title) else title,
        outlet=content.sitename or content.hostname or "",
        date=content.date or "",
    )
    return _checked(article)


def from_document(raw: bytes, name: str, file_format: DocumentFormat) -> ArticleText:
    """Read a PDF, DOCX or EPUB, a paragraph a line; an EPUB states title, publisher and date, too.

    Raises
    ------
    ArticleError
        Where it is encrypted, damaged, too long or without text, or the extra ``documents`` is not installed.
    """
    try:
        document = read_document(raw, file_format, MAX_ARTICLE)
    except UnreadableError as error:
        raise _error(name, str(error)) from None
    return _checked(ArticleText(name, document.text, document.title, document.outlet, document.date))


def from_json(line: str, name: str) -> ArticleText:
    """Read an article from a JSON object: ``text`` or ``html``; ``id``, ``title``, ``outlet``, ``date``.

    Raises
    ------
    ArticleError
        With everything that is wrong with the line.
    """
    try:
        row = parse_json(line)
    except UnreadableError as error:
        raise _error(name, str(error)) from None
    if not isinstance(row, dict):
        raise _error(name, "is not a JSON object")
    fields = ("id", "text", "html", "title", "outlet", "date")
    problems = [
        Problem(f"{name}: {key}", f"is not text: {row[key]!r:.60}")
        for key in fields
        if row.get(key) is not None
        and not isinstance(row[key], str)
        # Ids are often numbers.
        and not (key == "id" and isinstance(row[key], int))
    ]
    if not problems and not (row.get("text") or row.get("html")):
        problems = [Problem(name, "has neither 'text' nor 'html'")]
    date = row.get("date") or ""
    if isinstance(date, str) and date and not re.match(r"\d{4}-\d\d-\d\d", date):
        problems.append(Problem(f"{name}: date", f"is not a date like 2030-01-31: {date!r:.60}"))
    if problems:
        raise ArticleError(problems)
    article = _checked(ArticleText(name, row["text"])) if row.get("text") else from_html(row["html"], name)
    stated = {key: str(row[key]) for key in ("id", "title", "outlet", "date") if row.get(key) is not None}
    return replace(article, **{key: usable_text(value) for key, value in stated.items()})


def _checked(article: ArticleText) -> ArticleText:
    if len(article.text) > MAX_ARTICLE:
        what = f"holds {len(article.text):,} characters; an article has at most {MAX_ARTICLE:,}"
        raise _error(article.id, what, SPLIT_IT)
    if not article.text.strip():
        raise _error(article.id, "is empty")
    return replace(article, text=usable_text(article.text), title=usable_text(article.title))


def _error(name: str, what: str, hint: str = "") -> ArticleError:
    return ArticleError([Problem(name, what, hint)])


def is_article_file(name: Path) -> bool:
    """Whether a file of a folder holds articles, by its name below the folder."""
    return name.suffix.lower() in ENDINGS and not is_hidden(name)


def list_files(paths: Iterable[Path], file_format: InputFormat | None = None) -> list[ArticleFile]:
    """List the files that :func:`read_articles` would read.

    Raises
    ------
    ArticleError
        As :func:`read_articles`, where a path cannot be read from.
    """
    files: list[ArticleFile] = []
    problems = []
    for path in paths:
        if str(path) == "-":
            files.append(ArticleFile(None, "standard input", file_format))
        elif path.is_dir():
            # Sorted, so that the order of rows does not depend on the file system.
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if is_article_file(file.relative_to(path)) and file.is_file()
            ]
            files += [
                ArticleFile(file, file.relative_to(path).as_posix(), ENDINGS[file.suffix.lower()])
                for file in inside
            ]
            if not inside:
                problems.append(
                    Problem(str(path), "holds no article", f"known endings: {', '.join(ENDINGS)}")
                )
        elif not path.is_file():
            problems.append(Problem(str(path), "does not exist"))
        elif file_format is None and path.suffix.lower() not in ENDINGS:
            hint = f"known endings: {', '.join(ENDINGS)}; or use --format text"
            problems.append(Problem(str(path), "has no known ending", hint))
        else:
            files.append(ArticleFile(path, path.name, file_format or ENDINGS[path.suffix.lower()]))
    if problems:
        raise ArticleError(problems)
    return files


def _read_file(file: ArticleFile) -> Iterator[ArticleText | ArticleError]:
    path, name = file.path, file.name
    try:
        handle: IO[bytes] = sys.stdin.buffer if path is None else path.open("rb")
    except OSError as error:
        yield _error(name, f"cannot be read: {error.strerror or error}")
        return
    try:
        # Standard input cannot be sought in, and need not be.
        if file.start:
            handle.seek(file.start)
        head = handle.read(byte_streams.HEAD)
        file_format = file.file_format or byte_streams.guess_format(head)
        if file_format == "jsonl":
            yield from _read_json_lines(handle, file, head)
            return
        # One byte more than is allowed shows that a file is too long, without reading all of it.
        limit = (limits.PAGE_BYTES if file_format in ("text", "html") else limits.DOCUMENT_BYTES).maximum
        raw = head + handle.read(limit + 1 - len(head))
    finally:
        if path is not None:
            handle.close()
    try:
        if len(raw) > limit:
            what = f"is larger than {limit:,} bytes; an article has at most {MAX_ARTICLE:,} characters"
            raise _error(name, what, SPLIT_IT)
        if file_format == "html":
            yield from_html(raw, name)
        elif file_format == "text":
            yield from_text(raw, name)
        else:
            yield from_document(raw, name, file_format)
    except ArticleError as error:
        yield error


def _read_json_lines(
    handle: IO[bytes], file: ArticleFile, head: bytes
) -> Iterator[ArticleText | ArticleError]:
    lines = islice(byte_streams.read_lines(handle, head, MAX_PAGE), file.lines)
    for number, line in enumerate(lines, start=file.line):
        where = f"{file.name}:{number}"
        try:
            if len(line) == MAX_PAGE:
                raise _error(where, f"is longer than {MAX_PAGE:,} bytes; the rest of the file was not read")
            if line.strip():
                yield from_json(line.decode("utf-8-sig").rstrip("\r\n"), where)
        except UnicodeDecodeError as error:
            yield _error(where, f"is not UTF-8 text: byte 0x{line[error.start]:02x}")
        except ArticleError as error:
            yield error
            if len(line) == MAX_PAGE:
                return
