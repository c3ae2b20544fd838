"""The bytes of an HTML page in, its characters out; the extracted text of a page in, its prose out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.articles.page_quotations import mark_quotations, take_out_of_embeds
from harness.values.language import detect

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

WESTERN = "windows-1252"
"""What browsers assume of pages without a charset, and what they read as latin-1 and ASCII."""

_ENCODINGS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("cs", "hr", "hu", "pl", "ro", "sk", "sl"): ("windows-1250", "iso-8859-2"),
    ("be", "bg", "kk", "mk", "ru", "sr", "uk"): ("windows-1251", "koi8-r", "iso-8859-5"),
    ("el",): ("iso-8859-7", "windows-1253"),
    ("tr", "ku"): ("windows-1254",),
    ("he",): ("windows-1255", "iso-8859-8"),
    ("ar", "fa"): ("windows-1256", "iso-8859-6"),
    ("et", "lt", "lv"): ("windows-1257", "iso-8859-13"),
    ("vi",): ("windows-1258",),
    ("ja",): ("shift_jis", "euc-jp"),
    ("ko",): ("euc-kr",),
    ("zh",): ("gb18030", "big5"),
}
"""Languages → the encodings of their pages before UTF-8, the one that browsers assume (WHATWG) first."""

_OTHER_SCRIPTS = tuple(
    encoding
    for languages, encodings in _ENCODINGS.items()
    for encoding in encodings
    if not {"pl", "tr", "lt", "vi"} & {*languages}
)

_MAX_ACCENTED = 0.3
"""Share of letters beyond ASCII: more of them are no Latin script."""

_MIN_RIGHT = 5
"""Characters beyond ASCII for each wrong byte: with fewer, a page is not UTF-8."""

_SAMPLE = 50_000
"""Bytes that tell an encoding."""


def decode_page(raw: bytes) -> str:
    """Decode a page: by its byte order mark, by what it declares, as UTF-8, or by language and letters."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    # Every other byte of a page's tags is null in UTF-16.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        halves = raw[start:_HEAD:2]
        if halves.count(0) > len(halves) / 2:
            return raw.decode(encoding, "replace")
    declared = _CHARSET.search(raw[:_HEAD])
    for encoding in (declared.group(1).decode("ascii", "replace") if declared else "", "utf-8"):
        try:
            # Pages that declare latin-1 or ASCII use the characters of Windows.
            western = bool(encoding) and codecs.lookup(encoding).name in ("iso8859-1", "ascii")
            return raw.decode(WESTERN if western else encoding or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    # A page that was cut off, or joined from two, has a wrong byte here and there; in another encoding nearly
    # every letter beyond ASCII is one.
    text = raw.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if sum(not character.isascii() for character in text) > _MIN_RIGHT * wrong:
        return text
    language = _LANGUAGE.search(raw[:_HEAD])
    code = language.group(1).decode("ascii").lower() if language else ""
    # Scripts and tags are ASCII in every language: the texts between them that are not tell the encoding.
    texts = (text for text in re.split(rb"[<>]", raw) if not text.isascii())
    return raw.decode(guess_encoding(b" ".join(texts)[:_SAMPLE], code), "replace")


def guess_encoding(raw: bytes, language: str = "") -> str:
    """Guess the encoding of a text that is not UTF-8.

    charset-normalizer tells scripts apart; of Latin letters it takes French for Polish, so that there the
    language decides, which is declared or detected by the letters that all encodings share. A few words in
    another script are too short for it.

    Parameters
    ----------
    raw : bytes
    language : str
        Code of the language that the text is declared to be in; empty to detect it.

    Returns
    -------
    str
        ``windows-1252`` where nothing speaks for another.

    Examples
    --------
    >>> sentence = "Россия молчит о новых пошлинах, сообщает министерство торговли в понедельник."
    >>> guess_encoding("Türkei".encode("latin-1")), guess_encoding(sentence.encode("koi8-r"))
    ('windows-1252', 'koi8-r')
    """
    text = raw.decode(WESTERN, "replace")
    letters = [character for character in text if character.isalpha()]
    other_script = sum(not character.isascii() for character in letters) > _MAX_ACCENTED * len(letters)
    if not language and other_script:
        return _likeliest(raw, _OTHER_SCRIPTS)
    code = language or detect(text)
    for languages, encodings in _ENCODINGS.items():
        if code in languages:
            return _likeliest(raw, encodings)
    return WESTERN if code else _western_or_turkish(raw)


def _western_or_turkish(raw: bytes) -> str:
    """Tell the two apart: they differ in six letters, which cost the detector of languages its certainty."""
    from charset_normalizer import from_bytes

    match = from_bytes(raw, cp_isolation=["cp1252", "cp1254"]).best()
    return "windows-1254" if match and match.encoding == "cp1254" else WESTERN


def _likeliest(raw: bytes, encodings: Sequence[str]) -> str:
    """Return the encoding that charset-normalizer prefers; of Latin ones, that with the most letters."""
    if len(encodings) == 1:
        return encodings[0]
    # Read by the wrong one of two Latin encodings, some letters become signs or controls.
    if encodings[0] not in _OTHER_SCRIPTS:
        return max(encodings, key=lambda name: sum(map(str.isalpha, raw.decode(name, "replace"))))
    from charset_normalizer import from_bytes

    by_codec = {codecs.lookup(name).name.replace("-", "_"): name for name in encodings}
    match = from_bytes(raw, cp_isolation=list(by_codec)).best()
    return by_codec.get(match.encoding, encodings[0]) if match else encodings[0]


def parse_page(page: str) -> Any:
    """Parse a page, and show in its elements what a browser shows by layout.

    Tables that lay text out become blocks, quotations get their marks, and short parts that are hidden go.

    Parameters
    ----------
    page : str

    Returns
    -------
    lxml.html.HtmlElement or None
        None where the page cannot be parsed.
    """
    import trafilatura

    tree = trafilatura.load_html(page)
    if tree is not None:
        # Not whole blocks: some pages hold the article in a hidden one, from which a script takes it.
        for part in tree.xpath(
            "//*[self::p or self::span or self::li][@hidden and @hidden != 'until-found']"
        ):
            part.drop_tree()
        _unwrap_layout_tables(tree)
        take_out_of_embeds(tree)
        mark_quotations(tree)
    return tree


# --- tables -------------------------------------------------------------------------------------------------

# A row of a table as trafilatura writes it, and what divides its cells: a bar of the text is escaped.
_ROW = re.compile(r"^\|.*\|\s*$")
_BAR = re.compile(r"(?<!\\)\|")
# Words of a cell that is prose without a full stop; a cell of a table of numbers has fewer.
_MIN_WORDS = 12
_FULL_STOP = re.compile(r"[.!?…][\"'”’»)\]]*$")
_SENTENCE = re.compile(r"[^\W\d_][.!?…][\"'”’»)\]]*(?:\s|$)")
_HEADINGS = "self::h1 or self::h2 or self::h3 or self::h4"
# Words of a cell that lays out an article; no cell of a table of results has as many.
_MIN_LAID_OUT = 25


def _unwrap_layout_tables(tree: Any) -> None:
    """Replace the tables that lay text out by plain blocks, without their cells of links.

    Read as rows, a cell with an article loses its paragraphs, and the menu beside it becomes a part of them.
    """
    # The innermost first: whether an outer table lays text out shows once the inner ones are unwrapped.
    for table in reversed(list(tree.iter("table"))):
        cells = [(cell, cell.text_content()) for cell in table.iter("td")]
        has_headers = table.find(".//th") is not None or table.find("caption") is not None
        if has_headers or all(len(text.split()) < _MIN_LAID_OUT for _, text in cells):
            continue
        for cell, text in cells:
            if not _SENTENCE.search(text) and not cell.xpath(f".//*[{_HEADINGS}]"):
                cell.drop_tree()
        for part in [table, *table.iter("tbody", "tr", "td")]:
            part.tag = "div"


def without_tables(text: str) -> str:
    r"""Replace the rows of tables by the cells that hold prose, each a paragraph.

    A table of results has no sentences, and a row of one joins what does not belong together.

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
        cells = (cell.replace("\\|", "|").strip() for cell in _BAR.split(line.strip().strip("|")))
        lines += [cell for cell in cells if _FULL_STOP.search(cell) or len(cell.split()) >= _MIN_WORDS]
    return "\n".join(lines)
