from __future__ import annotations

import json
import re
from html import escape

from articles.toy_models import ARTICLE, REGISTRY, model
from golden import Golden

from harness.articles.article_files import ArticleText
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.page import index_page, reader_page


def labelled(text: str = ARTICLE) -> LabelledArticle:
    article = ArticleText("<i>a</i>.txt", text, outlet="Ledger & Sons", date="2030-05-01")
    return next(ArticleReader(REGISTRY, model(), model("framing"), explain=True).label([article]))


PAGE = reader_page(labelled(), models=("models:/stance@champion",))


def landmarks(page: str) -> list[str]:
    """The names of a page's landmarks."""
    return re.findall(r'<(?:section|aside)[^>]* aria-label="([^"]+)"', page)


def text_of(page: str) -> str:
    """What a reader sees and hears of a page: the names of its landmarks, and its text, a piece a line."""
    shown = re.sub(r"<(style|script)\b.*?</\1>|</?(?:a|b|code|i|kbd)\b[^>]*>", "", page, flags=re.DOTALL)
    pieces = [" ".join(piece.split()) for piece in re.split(r"<[^>]*>", shown)]
    return "\n".join([*(f"[{name}]" for name in landmarks(page)), *filter(None, pieces)])


def data() -> dict[str, object]:
    script = re.search(r'<script type="application/json" id="data">(.*?)</script>', PAGE, re.DOTALL)
    assert script
    return dict(json.loads(script.group(1)))


def test_the_page_stands_alone() -> None:
    assert not re.findall(r'(?:src|href)="(?!#|data:)', PAGE)
    assert "url(" not in PAGE
    assert "@import" not in PAGE
    assert "default-src 'none'" in PAGE


def test_what_comes_from_outside_is_escaped() -> None:
    assert "<script>alert" not in PAGE
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in PAGE
    assert "&amp; the &lt;b&gt;harbour&lt;/b&gt;" in PAGE
    assert "Ledger &amp; Sons" in PAGE
    assert "<script>alert(1)</script>" in data()["parties"]  # type: ignore[operator]


def test_every_row_is_in_the_data_and_in_the_table() -> None:
    rows = data()["rows"]
    assert isinstance(rows, dict)
    assert sorted(rows) == ["1", "2", "3", "4", "6"]
    assert rows["2"]["0"] == {
        "stance": "critical", "own": False, "sure": True, "abstain": False,
        "proba": {"critical": 0.7, "neutral": 0.2, "supportive": 0.1}, "frames": ["conflict"],
        "holder": "Ostrel", "how": "", "words": [["blamed", 0.6]],
    }  # fmt: skip
    assert len(re.findall(r'<tr><td class="right"><a href="#s\d+">', PAGE)) == 8


def test_colours_are_not_alone_in_telling_stances() -> None:
    assert {"+", "−", "○"} <= set(re.findall(r'<b aria-hidden="true">(.)</b>', PAGE))
    (label,) = set(re.findall(r'<a class="cell critical quoted" href="#s2" aria-label="([^"]+)"', PAGE))
    assert {"2", "critical", "quoted"} <= set(re.findall(r"\w+", label))


def test_what_is_left_out_is_shown_as_such() -> None:
    (title,) = re.findall(
        r'<span class="line leftout"[^>]* title="(.+)">Read next: Ostrel loses</span>', PAGE
    )
    assert "boilerplate" in title


def test_a_mention_is_marked_with_its_party() -> None:
    assert '<b class="mention" data-party="0">Varna</b>' in PAGE


def test_how_far_the_labels_may_be_trusted_stands_at_the_head() -> None:
    trust = "Trained on <b>toys</b>."
    page = reader_page(labelled(), trust=(trust,))
    head = page.partition("</header>")[0]
    shown = re.findall(r'<p class="trust small">(.*?)</p>', head)
    assert shown == [escape(trust)]


def test_a_page_without_a_party_says_so(golden: Golden) -> None:
    page = reader_page(labelled("It rained. It rained again."))
    (verdict,) = re.findall(r'<p class="verdict">(.+)</p>', page)
    assert "<script>" not in page
    golden("articles/page-without-party", verdict)


def test_what_the_page_says(golden: Golden) -> None:
    golden("articles/page", text_of(PAGE))


def test_the_index_links_to_pages_and_counts(golden: Golden) -> None:
    page = index_page([("0001-a.html", labelled().without_text())])
    assert '<a href="0001-a.html">Varna opens bridge</a>' in page
    assert "<h1>1 article</h1>" in page
    assert "Ledger &amp; Sons · 2030-05-01" in page
    assert '<tr><td dir="auto">Varna</td><td>○2 </td><td>−2 </td></tr>' in page
    assert "&lt;script&gt;" in page
    golden("articles/page-index", text_of(page))


def test_legend_strips_table_and_panel_are_landmarks() -> None:
    assert len(re.findall(r"<(?:section|aside)\b", PAGE)) == len(landmarks(PAGE)) == 4
    assert len(set(landmarks(PAGE))) == 4
