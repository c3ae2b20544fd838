"""The bytes of a PDF in, its paragraphs out: without running heads, with lines and words joined again.

pdfminer.six (MIT) finds the lines of a page and the order of its columns. What makes an article of them is
done here: what repeats at the margins is left out, a paragraph ends where a line leaves room for the next
word or where the next line is indented or far away, a word that was divided is whole again, and a paragraph
goes on in the next column or on the next page.
"""

from __future__ import annotations

import io
import itertools
import re
import statistics
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.values.unreadable import UnreadableError

MAX_STREAM = 200_000_000
"""Bytes that a stream of a PDF may unpack to; a page of text has some thousand, a scan some million."""

# Share of a page's height at its top and bottom in which running heads and page numbers stand.
_MARGIN = 0.12
# Points: by how much a first line is indented, and how far two lines of one edge may differ.
_INDENT, _EDGE = 4.0, 2.0
# Lines that begin at one place, at least, for it to be the left edge of a column.
_MIN_COLUMN = 3
# Times the usual distance between lines: more is a gap between paragraphs.
_GAP = 1.3
# Share of a page's width: a piece of a justified line stands closer to the piece before it.
_MAX_SPACE = 0.15
_NUMBER = r"\d{1,4}(?:\s*(?:/|of|von|de|sur)\s*\d{1,4})?"
_PAGE_NUMBER = re.compile(
    rf"\W*{_NUMBER}\W*|.{{0,60}}\b(?:page|seite|página|pág\.|p\.)\s*{_NUMBER}.{{0,60}}", re.I
)
_TERMINAL = re.compile(r"[.!?…:][\"'”’»)\]]*$")
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st"}
)
_STREAM = re.compile(rb"stream\r?\n")


@dataclass(frozen=True)
class PageLine:
    """A line of a page; distances in points, from its lower left corner.

    Attributes
    ----------
    text : str
    left, right, base : float
        Its ends, and how high it stands.
    page : int
        From 0.
    width, height : float
        Of the page.
    """

    text: str
    left: float
    right: float
    base: float
    page: int
    width: float
    height: float

    @property
    def in_margin(self) -> bool:
        """Whether running heads stand there."""
        return not _MARGIN < self.base / max(self.height, 1.0) < 1 - _MARGIN

    @property
    def pattern(self) -> str:
        """Its text with every number as one sign: running heads differ in the number of the page."""
        return re.sub(r"\d+", "#", self.text)


def pdf_paragraphs(raw: bytes, max_characters: int) -> list[str]:
    """Return the paragraphs of a PDF, as many as hold ``max_characters`` and one more.

    Raises
    ------
    UnreadableError
        Where it is encrypted, damaged or has no text: a sentence that says which.
    """
    # pdfminer reads what is left of a file that was cut off, as if it were all.
    if raw.startswith(b"%PDF") and b"%%EOF" not in raw[-2048:]:
        raise UnreadableError("is cut off: its end is missing")
    if _unpacks_beyond(raw, MAX_STREAM):
        raise UnreadableError(f"holds a stream that unpacks to more than {MAX_STREAM:,} bytes")
    pages = _read(raw, max_characters)
    lines = [line for page in pages for line in _whole_lines(page)]
    if not lines:
        raise UnreadableError(
            "holds no text: its pages seem to be pictures, whose text a program (OCR) must add"
        )
    return list(_paragraphs(_without_running_heads(lines)))


def _unpacks_beyond(raw: bytes, limit: int) -> bool:
    """Whether a compressed stream unpacks to more bytes than a limit, without holding them."""
    view = memoryview(raw)
    for match in _STREAM.finditer(raw):
        # The head of a zlib stream; pictures and fonts are often packed otherwise.
        if raw[match.end() : match.end() + 1] != b"x":
            continue
        unpacker, size, start = zlib.decompressobj(), 0, match.end()
        try:
            while start < len(raw) and size <= limit and not unpacker.eof:
                # A deflated byte makes at most 1,032 bytes.
                size += len(unpacker.decompress(view[start : start + 65_536]))
                start += 65_536
        except zlib.error:
            continue
        if size > limit:
            return True
    return False


def _read(raw: bytes, max_characters: int) -> list[list[PageLine]]:
    """Return the lines of each page, in the order of its columns."""
    from pdfminer.high_level import extract_pages
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException

    pages: list[list[PageLine]] = []
    characters = 0
    try:
        for number, page in enumerate(extract_pages(io.BytesIO(raw))):
            pages.append(list(_lines(page, number)))
            characters += sum(len(line.text) for line in pages[-1])
            if characters > max_characters:
                break
    except (PDFPasswordIncorrect, PDFEncryptionError):
        raise UnreadableError("is encrypted: save it without a password") from None
    # What pdfminer meets in a damaged file is of many kinds. Pages before the damage are not the article.
    except (
        *(PDFException, PSException, ValueError, TypeError, LookupError, AttributeError, AssertionError),
        *(ArithmeticError, struct.error, zlib.error, RecursionError, NotImplementedError, OSError),
    ) as error:
        raise UnreadableError(f"is damaged, or no PDF ({type(error).__name__})") from None
    return pages


def _lines(page: Any, number: int) -> Iterator[PageLine]:
    from pdfminer.layout import LTTextBox

    for box in page:
        for line in box if isinstance(box, LTTextBox) else ():
            text = re.sub(r"\s+", " ", line.get_text().translate(_LIGATURES)).strip()
            if text:
                yield PageLine(text, line.x0, line.x1, line.y0, number, page.width, page.height)


def _whole_lines(page: Sequence[PageLine]) -> list[PageLine]:
    """Join the pieces of a line that was justified with wide spaces, which pdfminer takes for columns."""
    counts = Counter(round(line.left) for line in page)
    edges = [left for left in counts if sum(counts[left + d] for d in (-1, 0, 1)) >= _MIN_COLUMN]
    whole: list[PageLine] = []
    for piece in sorted(page, key=lambda line: line.left):
        before = [
            (line.right, index)
            for index, line in enumerate(whole)
            if abs(line.base - piece.base) <= _EDGE
            and 0 <= piece.left - line.right <= _MAX_SPACE * piece.width
        ]
        begins = any(abs(piece.left - edge) <= _EDGE for edge in edges)
        if before and not begins:
            line = whole[max(before)[1]]
            joined = replace(line, text=f"{line.text} {piece.text}", right=piece.right)
            whole[max(before)[1]] = joined
        else:
            whole.append(piece)
    # In the order of the columns, which is that of the first pieces.
    order = {(line.left, line.base): index for index, line in reversed(list(enumerate(page)))}
    return sorted(whole, key=lambda line: order[line.left, line.base])


def _without_running_heads(lines: Sequence[PageLine]) -> list[PageLine]:
    """Leave out page numbers, and what stands at the margins of half the pages."""
    pages = len({line.page for line in lines})
    counts = Counter(
        pattern for pattern, _ in {(line.pattern, line.page) for line in lines if line.in_margin}
    )
    return [
        line
        for line in lines
        if not line.in_margin
        or not (_PAGE_NUMBER.fullmatch(line.text) or counts[line.pattern] >= max(2, pages / 2))
    ]


def _paragraphs(lines: Sequence[PageLine]) -> Iterator[str]:
    words = {_bare(word) for line in lines for word in line.text.split()}
    pairs = [(a, b) for a, b in itertools.pairwise(lines) if a.page == b.page and a.base > b.base]
    steps = [a.base - b.base for a, b in pairs]
    step = statistics.median(steps) if steps else 0.0
    by_page: dict[int, list[PageLine]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    text = ""
    for line, last in zip(lines, [None, *lines], strict=False):
        if last is not None and _ends(last, line, by_page, step):
            yield text
            text = ""
        text = _appended(text, line.text, words)
    yield text


def _ends(last: PageLine, line: PageLine, by_page: Mapping[int, Sequence[PageLine]], step: float) -> bool:
    """Whether a paragraph ends with a line, before another one."""
    room = max(each.right for each in by_page[last.page] if _in_column(each, last)) - last.right
    word = line.text.split(maxsplit=1)[0]
    # Its width by the average of its line, and a space.
    needed = (line.right - line.left) * (len(word) + 1) / max(len(line.text), 1)
    fits = room > 1.1 * needed
    # "… called it / a waste.": whoever broke the line early, the sentence goes on.
    if line.text[:1].islower() and not _TERMINAL.search(last.text):
        fits = False
    if line.page != last.page or line.base > last.base:
        # In the next column or on the next page only what breaks off goes on.
        return fits or bool(_TERMINAL.search(last.text))
    edge = min(each.left for each in by_page[line.page] if _in_column(each, line))
    indented = line.left - edge > _INDENT and line.left - last.left > _INDENT / 2
    return fits or indented or last.base - line.base > _GAP * step


def _in_column(line: PageLine, other: PageLine) -> bool:
    return abs(line.left - other.left) <= 5 * _INDENT


def _appended(text: str, line: str, words: set[str]) -> str:
    """Join a line to what stands before it, and a word that was divided between them."""
    if text.endswith("\u00ad"):
        return text[:-1] + line
    if re.search(r"\w-$", text) and line[:1].islower():
        compound = _bare(text.rsplit(maxsplit=1)[-1] + line.split(maxsplit=1)[0])
        # A compound stands with its hyphen inside a line somewhere, too; a divided word never does.
        return text + line if compound in words else text[:-1] + line
    return f"{text} {line}" if text else line


def _bare(word: str) -> str:
    return word.strip(".,;:!?…()[]\"'“”„«»’").lower()
