from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

from articles.toy_models import ARTICLE, REGISTRY, model
from golden import Golden

from harness.articles.article_files import ArticleText
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.page import index_page, reader_page


def labelled(text: str = ARTICLE) -> LabelledArticle:
    article = ArticleText("<i>a</i>.txt", text, outlet="Ledger & Sons", date="2030-05-01")
    return next(ArticleReader(REGISTRY, model(), model("framing"), explain=True).label([article]))


ARTICLE_TEXT = ArticleText("a.txt", ARTICLE)
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
        "proba": {"critical": 0.7, "neutral": 0.2, "supportive": 0.1}, "frames": ["conflict"], "unsure": [],
        "holder": "Ostrel", "how": ALIKE.format("Ostrel"), "words": [["blamed", 0.6]],
    }  # fmt: skip
    assert len(re.findall(r'<tr><td class="right"><a href="#s\d+">', PAGE)) == 8


def test_colours_are_not_alone_in_telling_stances() -> None:
    assert {"+", "−", "○"} <= set(re.findall(r'<b aria-hidden="true">(.)</b>', PAGE))
    (label,) = set(re.findall(r'<a class="cell critical quoted" href="#s2" aria-label="([^"]+)"', PAGE))
    assert {"2", "critical", "quoted"} <= set(re.findall(r"\w+", label))


class Marks(HTMLParser):
    """The classes, signs and labels of a page's strips and legend."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[tuple[frozenset[str], str, str]] = []
        self.keys: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag, attributes in self._open[-1:]:
            classes = frozenset(attributes.get("class", "").split())
            if tag == "a" and "cell" in classes:
                self.cells.append((classes - {"cell"}, data.strip(), attributes["aria-label"]))
            elif tag == "span" and "key" in classes:
                self.keys[" ".join(sorted(classes - {"key"}))] = data.strip()


def doubtful() -> LabelledArticle:
    """The article read by a model that abstains below 0.75; the second mention of Varna is unsure."""
    article = next(ArticleReader(REGISTRY, model(below=0.75)).label([ArticleText("a.txt", ARTICLE)]))
    mentions = list(article.mentions)
    (number, *_) = (n for n, row in enumerate(mentions) if row.mention.party == "Varna" and n)
    mentions[number] = replace(mentions[number], mention=replace(mentions[number].mention, sure=False))
    return replace(article, mentions=tuple(mentions))


def test_a_label_that_the_model_does_not_stand_by_looks_unlike_one_that_it_does() -> None:
    marks = Marks(reader_page(doubtful()))
    abstains = [cell for cell in marks.cells if "abstains" in cell[0]]
    unsure = [cell for cell in marks.cells if "unsure" in cell[0]]
    plain = [cell for cell in marks.cells if not cell[0] & {"abstains", "unsure"}]
    assert len(marks.cells) == len(doubtful().mentions) == 8
    assert abstains
    assert unsure
    assert plain
    # By class, by a sign of its own, and in words, so that no colour is needed.
    for classes, sign, label in marks.cells:
        words = set(re.findall(r"\w+", label))
        assert ("abstains" in words) == ("abstains" in classes)
        assert ("unsure" in words) == ("unsure" in classes)
        assert (sign == "?") == ("unsure" in classes)
        assert (sign == "~") == ("abstains" in classes and "unsure" not in classes)
    assert {"+", "−", "○"} >= {sign for _, sign, _ in plain}
    # Each sign and each look is in the legend, in words that differ.
    assert marks.keys["abstains"][0] == "~"
    assert marks.keys["unsure"][0] == "?"
    assert "abstain" not in marks.keys["unsure"]
    assert "unsure" not in marks.keys["abstains"]


def test_an_abstained_label_is_hollow_in_every_medium() -> None:
    css = re.search(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert css is not None
    for part in ("cell", "line.shown"):
        rule = re.search(rf"\.{re.escape(part)}\.abstains {{(.*?)}}", css[1])
        assert rule is not None
        assert {"none", "dashed"} <= set(re.findall(r"\w+", rule[1]))
    # Neither print nor the dark scheme takes it back.
    assert css[1].count(".abstains") == 5
    script = PAGE.rpartition("<script>")[2]
    signs = dict(re.findall(r'row\.(abstain|sure) \? "([^"]*)" : "[^"]*"\)', script))
    assert signs["abstain"].strip() == "~"


def test_the_counts_of_a_page_add_up_to_its_rows() -> None:
    article = doubtful()
    page = reader_page(article)
    sums = re.findall(r'<span class="sums small">(.*?)</span></span>', page.replace("\n", ""))
    assert len(sums) == len(article.parties)
    signs = Counter(sign for _, sign, _ in Marks(page).cells)
    totals: Counter[str] = Counter()
    for text in sums:
        for sign, n in re.findall(r"([+−○~?])(\d+)", text):
            totals[sign] += int(n)
    assert totals == signs
    assert totals.total() == len(article.mentions)
    index = index_page([("a.html", article.without_text())])
    table = index.partition("<tbody>")[2]
    assert sum(int(n) for n in re.findall(r"[+−○~?](\d+)", table)) == len(article.mentions)


def test_what_a_page_with_doubts_says(golden: Golden) -> None:
    golden("articles/page-with-doubts", text_of(reader_page(doubtful())))
    golden("articles/page-index-with-doubts", text_of(index_page([("a.html", doubtful().without_text())])))


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
    assert '<tr><td dir="auto">Varna</td><td>○2</td><td>−2</td></tr>' in page
    assert "&lt;script&gt;" in page
    golden("articles/page-index", text_of(page))


def test_legend_strips_table_and_panel_are_landmarks() -> None:
    assert len(re.findall(r"<(?:section|aside)\b", PAGE)) == len(landmarks(PAGE)) == 4
    assert len(set(landmarks(PAGE))) == 4


ALIKE, CONFIDENT = "the same label as {}", "{} at 80% or more"


def test_a_sentence_that_judges_two_parties_alike_is_shown_as_such() -> None:
    article = labelled("Ostrel and Varna blamed the rain. Ostrel praised Varna. Varna met Ostrel.")
    page = reader_page(article)
    # The toy goes by words alone, so that it judges both parties of two sentences alike.
    assert page.count(ALIKE.format("Varna")) == page.count(ALIKE.format("Ostrel")) == 4


def test_each_party_has_the_number_of_its_confident_labels() -> None:
    article = labelled("Varna met them. Varna was blamed. They praised Varna.")
    assert CONFIDENT.format("1 of 3 labels") in reader_page(article)
    without_model = next(ArticleReader(REGISTRY, None, None).label([ARTICLE_TEXT]))
    assert CONFIDENT.format("labels") not in reader_page(without_model)
