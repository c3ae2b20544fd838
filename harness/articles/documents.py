"""The bytes of a PDF, DOCX or EPUB in, the text of the article in it out.

PDF and DOCX need the extra ``documents``: pdfminer.six and mammoth. An EPUB is a ZIP of web pages, and needs
nothing.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from harness.articles.page_quotations import mark_quotations
from harness.articles.pdf_pages import pdf_paragraphs
from harness.articles.web_pages import decode_page
from harness.values import limits
from harness.values.unreadable import UnreadableError

DocumentFormat = Literal["pdf", "docx", "epub"]

MAX_UNPACKED = limits.DOCUMENT_BYTES.maximum
"""Bytes of the texts in a DOCX or EPUB, unpacked."""

_EXTRA = "pip install 'stance-harness[documents]'"
_BLOCKS = frozenset(
    [
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "dt", "dd", "pre", "blockquote", "div", "section"),
        *("article", "table", "tr", "td", "th", "caption", "body"),
    ]
)
# Stands for the line breaks of a page, which are white space; two of them end a paragraph.
_LINE_BREAK = "\x1e"
_LINE_BREAKS = re.compile(rf"{_LINE_BREAK}(?:[^\S{_LINE_BREAK}]*{_LINE_BREAK})+")
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*(?:\s|$)")
# What no reader sees, menus, pictures with their captions, and notes with the numbers that lead to them.
_LEFT_OUT = (
    "self::script or self::style or self::head or self::nav or self::figure or self::svg or self::aside"
    " or self::sup[.//a] or self::a[sup]"
    " or self::li[starts-with(@id, 'footnote') or starts-with(@id, 'endnote')]"
    " or @*[local-name() = 'type'][. = 'noteref' or . = 'footnote' or . = 'pagebreak']"
)

# What Word calls block quotations, in mammoth's language; other styles it makes paragraphs of.
_QUOTED_STYLES = "\n".join(
    f"p[style-name='{style}'] => blockquote > p:fresh" for style in ("Quote", "Intense Quote", "Block Text")
)


@dataclass(frozen=True)
class DocumentText:
    """The text of a document, a paragraph a line, and what it states about itself."""

    text: str
    title: str = ""
    outlet: str = ""
    date: str = ""


def guess_document(head: bytes) -> DocumentFormat | None:
    """Guess whether a file is a document from its first bytes; None where it is none.

    Examples
    --------
    >>> guess_document(b"%PDF-1.7"), guess_document(b"Varna won.")
    ('pdf', None)
    """
    # Some programs write a line before the mark.
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "epub" if b"application/epub+zip" in head[:120] else "docx"
    return None


def read_document(raw: bytes, file_format: DocumentFormat, max_characters: int) -> DocumentText:
    """Read a document.

    Parameters
    ----------
    raw : bytes
    file_format : {"pdf", "docx", "epub"}
    max_characters : int
        Of a longer one only the beginning is read, which is still longer than that.

    Raises
    ------
    UnreadableError
        Where it is encrypted, damaged, too large, without text, or the library that reads it is missing.
    """
    try:
        if file_format == "pdf":
            return DocumentText("\n".join(pdf_paragraphs(raw, max_characters)))
        return _docx(raw) if file_format == "docx" else _epub(raw)
    except ModuleNotFoundError as error:
        raise UnreadableError(f"needs {error.name}, which is not installed: {_EXTRA}") from None


def _docx(raw: bytes) -> DocumentText:
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError(
            "is encrypted, or of an old version of Word: save it as .docx without a password"
        )
    from xml.parsers.expat import ExpatError
    from xml.sax import SAXException

    import mammoth

    with _open(raw, "Word document") as archive:
        names = [info.filename for info in archive.infolist()]
        if "word/document.xml" not in names:
            raise UnreadableError("is a ZIP file, and no Word document")
        # Entities, of which a few lines can make gigabytes, are in no document that Word writes.
        if any(b"<!DOCTYPE" in _content(archive, name) for name in names if name.endswith((".xml", ".rels"))):
            raise UnreadableError("declares entities, which no Word document does")
    try:
        # Pictures would be written into the text, as letters.
        result = mammoth.convert_to_html(
            io.BytesIO(raw),
            style_map=_QUOTED_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {}),
        )
    except (
        *(ExpatError, SAXException, zipfile.BadZipFile, zlib.error, OSError, RecursionError),
        *(ValueError, LookupError, AttributeError, TypeError),
    ) as error:
        raise UnreadableError(f"is a damaged Word document ({type(error).__name__})") from None
    return _with_text(DocumentText("\n".join(paragraphs_of(result.value))))


def _epub(raw: bytes) -> DocumentText:
    with _open(raw, "EPUB") as archive:
        package = _package(archive)
        tree = _xml(_content(archive, package))
        hrefs = {
            item.get("id"): unquote(item.get("href", ""))
            for item in tree.iterfind(".//{*}manifest/{*}item")
            if "nav" not in item.get("properties", "").split()
        }
        order = [
            ref.get("idref") for ref in tree.iterfind(".//{*}spine/{*}itemref") if ref.get("linear") != "no"
        ]
        names = [
            posixpath.normpath(posixpath.join(posixpath.dirname(package), hrefs[id_]))
            for id_ in order
            if id_ in hrefs
        ]
        locked = _locked(archive)
        if any(name in locked for name in names):
            raise UnreadableError("is encrypted: its text can be read by one program alone")
        lines = [line for name in names for line in paragraphs_of(decode_page(_content(archive, name)))]
    stated = {
        key: " ".join((tree.findtext(f".//{{*}}metadata/{{*}}{key}") or "").split())
        for key in ("title", "publisher", "date")
    }
    date = re.match(r"\d{4}-\d\d-\d\d", stated["date"])
    text = "\n".join(lines)
    title = "" if text.startswith(stated["title"]) else stated["title"]
    return _with_text(DocumentText(text, title, stated["publisher"], date.group() if date else ""))


def _with_text(document: DocumentText) -> DocumentText:
    if not document.text.strip():
        raise UnreadableError("holds no text: are its pages pictures?")
    return document


# --- archives -----------------------------------------------------------------------------------------------


def _open(raw: bytes, kind: str) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UnreadableError(f"is damaged, or no {kind}") from None
    texts = [
        info
        for info in archive.infolist()
        if info.filename.endswith((".xml", ".xhtml", ".html", ".htm", ".opf"))
    ]
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise UnreadableError("is encrypted: save it without a password")
    if limits.DOCUMENT_BYTES.exceeded_by(sum(info.file_size for info in texts)):
        raise UnreadableError(limits.DOCUMENT_BYTES.problem)
    return archive


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            # What an archive states about the size of a file may be wrong.
            data = file.read(MAX_UNPACKED + 1)
    except KeyError:
        raise UnreadableError(f"is damaged: {name} is missing in it") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
        raise UnreadableError(f"is damaged: {name} in it cannot be unpacked") from None
    if limits.DOCUMENT_BYTES.exceeded_by(len(data)):
        raise UnreadableError(limits.DOCUMENT_BYTES.problem)
    return data


def _package(archive: zipfile.ZipFile) -> str:
    """Return the path of the file that lists the parts of an EPUB."""
    root = _xml(_content(archive, "META-INF/container.xml")).find(".//{*}rootfile")
    path = root.get("full-path") if root is not None else None
    if not path:
        raise UnreadableError("is damaged: it names no package file")
    return str(path)


def _locked(archive: zipfile.ZipFile) -> set[str]:
    """Return the files of an EPUB that are encrypted; fonts often are, in books that anybody may read."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return set()
    tree = _xml(_content(archive, "META-INF/encryption.xml"))
    return {unquote(each.get("URI", "")) for each in tree.iterfind(".//{*}CipherReference")}


def _xml(data: bytes) -> Any:
    from lxml import etree

    # Without entities, which can make gigabytes of a few lines or name files of this machine.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnreadableError("is damaged: its XML is broken") from None


# --- paragraphs ---------------------------------------------------------------------------------------------


def paragraphs_of(page: str) -> list[str]:
    r"""Return the paragraphs of a page that holds nothing but text, as the chapters of books do.

    Cells of tables are left out, unless they hold a sentence.

    Examples
    --------
    >>> paragraphs_of("<h1>Union</h1><p>It <b>rained</b>.<br/>All left.</p><table><td>41</td></table>")
    ['Union', 'It rained. All left.']
    """
    from lxml import html

    if not page.strip():
        return []
    try:
        # As bytes: a text that declares an encoding is refused.
        tree = html.document_fromstring(
            page.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8")
        )
    except (ValueError, html.etree.ParserError):
        return []
    for part in tree.xpath(f"//*[{_LEFT_OUT}]"):
        if part.getparent() is not None:
            part.drop_tree()
    mark_quotations(tree)
    return [text for text in _paragraphs(tree) if text]


def _paragraphs(tree: Any) -> Iterator[str]:
    """Yield the texts between the borders of blocks, however these are nested."""
    from lxml import etree

    texts: list[str] = []
    for event, part in etree.iterwalk(tree, events=("start", "end")):
        if part.tag in _BLOCKS:
            # What was gathered stands before this border: in the block that ends, or around one that begins.
            around = part if event == "end" else part.getparent()
            for line in _LINE_BREAKS.split("".join(texts)):
                text = " ".join(line.split())
                if _SENTENCE.search(text) or not _is_cell(around):
                    yield text
            texts = []
        elif part.tag == "br" and event == "start":
            texts.append(_LINE_BREAK)
        texts.append((part.text if event == "start" else part.tail) or "")
    yield " ".join("".join(texts).split())


def _is_cell(part: Any) -> bool:
    return part is not None and any(each.tag in ("td", "th") for each in (part, *part.iterancestors()))
