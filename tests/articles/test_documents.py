"""PDF, DOCX and EPUB: the article in them, and what cannot be read."""

from __future__ import annotations

import contextlib
import io
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from golden import Golden

from harness.articles import documents
from harness.articles.article_files import ArticleText, from_document, read_articles
from harness.articles.documents import DocumentFormat
from harness.articles.sentences import split_sentences
from harness.values import limits
from harness.values.errors import ArticleError
from tests.articles.made_documents import WORD, Placed, archive, docx, epub, paragraph, pdf

pytest.importorskip("mammoth", reason="the extra 'documents' is not installed")
pytest.importorskip("pdfminer", reason="the extra 'documents' is not installed")

FIRST = "The Saffron Party praised the ferry-friendly budget on Tuesday."
SECOND = "The Harbour League called it a waste."
TITLE = "Year of the ferry"
NEXT_PAGE = "be finished before the winter."
JUSTIFIED = "The Saffron Party praised it in Varna, who had asked for it for years, they say."
HEADLINE = "Budget passes in Varna"


def text_of(raw: bytes, file_format: DocumentFormat) -> list[str]:
    return from_document(raw, "a", file_format).text.split("\n")


def column(x: float, y: float, *lines: str) -> list[Placed]:
    return [(x, y - 13 * number, line) for number, line in enumerate(lines)]


# --- PDF ----------------------------------------------------------------------------------------------------


def test_lines_of_a_pdf_become_paragraphs() -> None:
    page = [
        *column(60, 700, HEADLINE),
        *column(60, 660, "The Saffron Party praised the fer-", "ry-friendly budget on Tuesday."),
        *column(60, 620, "The Harbour League called it", "a waste."),
    ]
    assert text_of(pdf(page), "pdf") == [HEADLINE, FIRST, SECOND]


def test_an_indented_line_begins_a_paragraph() -> None:
    page = [
        *column(60, 600, "The Harbour League called it a", "waste, and so did its mayor then."),
        *column(70, 574, "The Saffron Party praised it,"),
        *column(60, 561, "as it had said that it would do."),
    ]
    assert len(text_of(pdf(page), "pdf")) == 2


def test_a_paragraph_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    left = [
        "The Saffron Party praised the budget",
        "on Tuesday, and so did the mayor of",
        "Varna, who had asked for",
    ]
    right = [
        "it for years. The Harbour League said",
        "that the ferry had been forgotten and",
        "that the bridge will not",
    ]
    pages = [
        [*column(60, 500, *left), *column(330, 500, *right)],
        column(60, 500, NEXT_PAGE),
    ]
    (text,) = text_of(pdf(*pages), "pdf")
    words = text.split()
    assert words[words.index("asked") + 1 :][:3] == ["for", "it", "for"]
    assert text.endswith(NEXT_PAGE)


def test_running_heads_and_page_numbers_are_left_out() -> None:
    pages = [
        [
            (60, 780, f"The Daily Quay, page {n}"),
            *column(60, 500, f"It rained on day {word}."),
            (300, 20, f"- {n} -"),
        ]
        for n, word in ((1, "one"), (2, "two"), (3, "three"))
    ]
    days = [f"It rained on day {word}." for word in ("one", "two", "three")]
    assert text_of(pdf(*pages), "pdf") == days


def test_a_line_that_was_justified_with_wide_spaces_is_one_line() -> None:
    wide = [(60, 487, "Varna,"), (130, 487, "who"), (185, 487, "had asked")]
    page = [
        *column(60, 500, "The Saffron Party praised it in"),
        *wide,
        *column(60, 474, "for it for years, they say."),
    ]
    assert text_of(pdf(page), "pdf") == [JUSTIFIED]


# --- Word and EPUB ------------------------------------------------------------------------------------------


def test_a_word_document_gives_its_text_without_what_was_deleted() -> None:
    body = (
        paragraph(HEADLINE)
        + "<w:p><w:r><w:t>The Saffron Party praised the </w:t></w:r>"
        + "<w:del><w:r><w:delText>old </w:delText></w:r></w:del>"
        + '<w:ins><w:r><w:t xml:space="preserve">ferry-friendly </w:t></w:r></w:ins>'
        + "<w:r><w:t>budget on Tuesday.</w:t></w:r></w:p>"
        + f"<w:tbl><w:tr><w:tc>{paragraph('Seats')}</w:tc><w:tc>{paragraph(SECOND)}</w:tc></w:tr></w:tbl>"
    )
    assert text_of(docx(body), "docx") == [HEADLINE, FIRST, SECOND]


def test_an_epub_gives_its_chapters_in_order_and_what_it_states() -> None:
    note = '<a href="#n1"><sup>1</sup></a>'
    book = epub(
        f"<h1>{HEADLINE}</h1><nav>Menu</nav><p>{FIRST}{note}</p>",
        f"<div>{SECOND}</div><figure>A picture.</figure>",
        title=TITLE,
    )
    article = from_document(book, "a.epub", "epub")
    assert article.text.split("\n") == [HEADLINE, FIRST, SECOND]
    assert (article.title, article.outlet, article.date) == (TITLE, "Quay Press", "2031-05-06")


def test_the_sentences_are_those_of_the_text_in_every_format(tmp_path: Path) -> None:
    files = {
        "a.txt": "\n".join((HEADLINE, FIRST, SECOND)).encode(),
        "b.pdf": pdf([*column(60, 700, HEADLINE), *column(60, 660, FIRST), *column(60, 620, SECOND)]),
        "c.docx": docx("".join(map(paragraph, (HEADLINE, FIRST, SECOND)))),
        "d.epub": epub(f"<h1>{HEADLINE}</h1><p>{FIRST}</p><p>{SECOND}</p>"),
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    articles = [article for article in read_articles([tmp_path]) if isinstance(article, ArticleText)]
    sentences = [[(each.text, each.kind) for each in split_sentences(article.text)] for article in articles]
    assert [article.id for article in articles] == list(files)
    assert sentences == [sentences[0]] * 4


@pytest.mark.parametrize(
    "raw", [pdf(column(60, 700, SECOND)), docx(paragraph(SECOND)), epub(f"<p>{SECOND}</p>")]
)
def test_a_document_on_standard_input_is_recognised(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    (article,) = read_articles([Path("-")])
    assert isinstance(article, ArticleText)
    assert article.text == SECOND


# --- what cannot be read ------------------------------------------------------------------------------------

WHOLE = {
    "pdf": pdf(column(60, 700, SECOND)),
    "docx": docx(paragraph(SECOND)),
    "epub": epub(f"<p>{SECOND}</p>"),
}
LOCKED = '<encryption xmlns:e="x"><e:CipherReference URI="OEBPS/text/c%201.xhtml"/></encryption>'
ENTITY = f'<!DOCTYPE x [<!ENTITY a "b">]><w:settings {WORD}/>'
BAD: dict[str, tuple[bytes, DocumentFormat]] = {
    "a PDF that was cut off": (WHOLE["pdf"][:-200], "pdf"),
    "a PDF that is none": (b"%PDF-1.4 no more %%EOF", "pdf"),
    "a PDF with a password": (
        pdf(
            column(60, 700, SECOND),
            encrypt="/ID[<00><00>]/Encrypt<</Filter/Standard/V 2/R 3/O(o)/U(u)/P -4/Length 128>>",
        ),
        "pdf",
    ),
    "a PDF that was scanned": (pdf([]), "pdf"),
    "a DOCX that was cut off": (WHOLE["docx"][:-200], "docx"),
    "a DOCX that is another ZIP": (archive({"a.txt": "x"}), "docx"),
    "a DOCX with a password": (b"\xd0\xcf\x11\xe0" + b"x" * 600, "docx"),
    "a DOCX with broken XML": (docx("<w:p>"), "docx"),
    "a DOCX with entities": (docx(paragraph(SECOND), **{"word/settings.xml": ENTITY}), "docx"),
    "a DOCX without text": (docx(paragraph("")), "docx"),
    "an EPUB that was cut off": (WHOLE["epub"][:-100], "epub"),
    "an EPUB of one program": (epub(f"<p>{SECOND}</p>", **{"META-INF/encryption.xml": LOCKED}), "epub"),
    "an EPUB without a package": (archive({"a": "x"}, first="application/epub+zip"), "epub"),
    "an EPUB of pictures": (epub('<img src="1.png"/>'), "epub"),
}


def refusal(raw: bytes, file_format: DocumentFormat) -> str:
    with pytest.raises(ArticleError) as caught:
        from_document(raw, "a", file_format)
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    return str(caught.value)


def test_what_cannot_be_read_is_said_in_a_sentence(golden: Golden) -> None:
    golden("articles/documents", "\n".join(f"[{name}]\n{refusal(*bad)}" for name, bad in BAD.items()))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] in ("pdfminer", "mammoth")]:
        monkeypatch.setitem(sys.modules, module, None)
    for file_format in ("pdf", "docx"):
        assert "stance-harness[documents]" in refusal(WHOLE[file_format], file_format)  # type: ignore[arg-type]


def test_a_stream_that_unpacks_to_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.articles.pdf_pages.MAX_STREAM", 1_000_000)
    bomb = pdf(column(60, 700, SECOND), stream=zlib.compress(bytes(2_000_000)))
    assert "1,000,000 bytes" in refusal(bomb, "pdf")


@pytest.mark.parametrize("file_format", ["docx", "epub"])
def test_an_archive_that_unpacks_to_gigabytes_is_refused(
    file_format: DocumentFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DOCUMENT_BYTES", limits.Limit("a document", 100, "bytes", "make it smaller"))
    assert "100 bytes" in refusal(WHOLE[file_format], file_format)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        limits, "DOCUMENT_BYTES", limits.Limit("a document", 3000, "bytes", "make it smaller")
    )
    (tmp_path / "a.pdf").write_bytes(b"%PDF" + bytes(5000))
    (error,) = read_articles([tmp_path])
    assert isinstance(error, ArticleError)
    assert "3,000 bytes" in str(error)


@pytest.mark.parametrize("file_format", WHOLE)
def test_a_damaged_document_raises_nothing_else(file_format: DocumentFormat) -> None:
    raw = WHOLE[file_format]
    for start in range(0, len(raw), max(1, len(raw) // 40)):
        damaged = raw[:start] + b"\0" * 20 + raw[start + 20 :]
        with contextlib.suppress(documents.UnreadableError):
            assert documents.read_document(damaged, file_format, 1000).text


STYLES = (
    f'<w:styles {WORD}><w:style w:type="paragraph" w:styleId="Q"><w:name w:val="Quote"/></w:style></w:styles>'
)
OFFICE = "http://schemas.openxmlformats.org"
STYLES_RELATION = (
    f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="r1" Target="styles.xml"'
    f' Type="{OFFICE}/officeDocument/2006/relationships/styles"/></Relationships>'
)


def test_block_quotations_of_word_have_marks() -> None:
    quoted = '<w:p><w:pPr><w:pStyle w:val="Q"/></w:pPr><w:r><w:t>Varna lied.</w:t></w:r></w:p>'
    parts = {"word/styles.xml": STYLES, "word/_rels/document.xml.rels": STYLES_RELATION}
    raw = docx(paragraph("It rained on the harbour.") + quoted + paragraph("All left."), **parts)
    assert from_document(raw, "a", "docx").text.split("\n")[1:] == ["“Varna lied.”", "All left."]


@pytest.mark.parametrize(("breaks", "lines"), [(1, 1), (2, 2), (3, 2)])
def test_two_line_breaks_end_a_paragraph(breaks: int, lines: int) -> None:
    raw = docx(f"<w:p><w:r><w:t>Varna lied</w:t>{'<w:br/>' * breaks}<w:t>It rained</w:t></w:r></w:p>")
    assert len(from_document(raw, "a", "docx").text.split("\n")) == lines
