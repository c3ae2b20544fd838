"""The bytes of an HTML page in, its characters out; the extracted text of a page in, its prose out."""

from __future__ import annotations

import codecs
import re

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Where a page may declare its encoding; browsers look at the first kilobyte, some pages are late.
_HEAD = 4096
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w:.-]+)""", re.IGNORECASE
)
_LANGUAGE = re.compile(rb"""<html\b[^>]*?\blang\s*=\s*["']?\s*([a-zA-Z]{2})""", re.IGNORECASE)

_FALLBACKS = {
    "windows-1250": ("cs", "hr", "hu", "pl", "ro", "sk", "sl"),
    "windows-1251": ("be", "bg", "kk", "mk", "ru", "sr", "uk"),
    "iso-8859-7": ("el",),
    "windows-1254": ("tr", "ku"),
    "windows-1255": ("he",),
    "windows-1256": ("ar", "fa"),
    "windows-1257": ("et", "lt", "lv"),
    "windows-1258": ("vi",),
    "shift_jis": ("ja",),
    "euc-kr": ("ko",),
    "gb18030": ("zh",),
}
"""Encoding → languages of pages that declare none and are not UTF-8, as browsers assume (WHATWG)."""

WESTERN = "windows-1252"
"""What browsers assume of other languages, and what they read as latin-1 and ASCII."""

_MAX_ACCENTED = 0.3
"""Share of letters beyond ASCII: more of them are no Western language."""


def decode_page(raw: bytes) -> str | bytes:
    """Decode a page: by its byte order mark, by what it declares, as UTF-8, or as a browser would guess.

    Returns
    -------
    str or bytes
        The bytes as they are, where no language is declared and the page is in no Western one.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    declared = _CHARSET.search(raw[:_HEAD])
    for encoding in (declared.group(1).decode("ascii", "replace") if declared else "", "utf-8"):
        try:
            # Pages that declare latin-1 or ASCII use the characters of Windows.
            western = bool(encoding) and codecs.lookup(encoding).name in ("iso8859-1", "ascii")
            return raw.decode(WESTERN if western else encoding or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    language = _LANGUAGE.search(raw[:_HEAD])
    code = language.group(1).decode("ascii").lower() if language else ""
    fallback = next((name for name, languages in _FALLBACKS.items() if code in languages), WESTERN)
    text = raw.decode(fallback, "replace")
    letters = [character for character in text if character.isalpha()]
    accented = sum(not character.isascii() for character in letters)
    return raw if not code and accented > _MAX_ACCENTED * len(letters) else text


# A row of a table as trafilatura writes it.
_ROW = re.compile(r"^\|.*\|\s*$")
# Words of a cell that is prose without a full stop; a cell of a table of numbers has fewer.
_MIN_WORDS = 12
_FULL_STOP = re.compile(r"[.!?…][\"'”’»)\]]*$")


def without_tables(text: str) -> str:
    r"""Replace the rows of tables by the cells that hold prose, each a paragraph.

    Pages lay text out in tables: a row that is read as a sentence joins an article to the menu beside it, and
    a table of results has no sentences at all.

    Examples
    --------
    >>> without_tables("It rained.\n| Varna won. | Share |\n|---|---|\n| Varna | 41 |\nAll left.")
    'It rained.\nVarna won.\nAll left.'
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if not _ROW.match(line):
            lines.append(line)
            continue
        cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        lines += [cell for cell in cells if _FULL_STOP.search(cell) or len(cell.split()) >= _MIN_WORDS]
    return "\n".join(lines)
