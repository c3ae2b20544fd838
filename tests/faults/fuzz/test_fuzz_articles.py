"""Mutated articles: each is read, or refused as an ArticleError; the spans of its sentences stay in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.articles.article_files import ArticleText, from_html, from_json, from_text
from harness.articles.grammar import ENGLISH, languages
from harness.articles.labelled_articles import ArticleReader
from harness.articles.page import reader_page
from harness.values.errors import ArticleError
from harness.values.parties.records import shipped
from harness.values.parties.translations import shipped_in
from tests.faults.conftest import Tally
from tests.faults.fuzz.fuzzing import damaged, edited, fuzz, tried

TOP = Path(__file__).parents[3]
ENGLISH_TEXT = (TOP / "harness/config/shipped/article.txt").read_text(encoding="utf-8")
GERMAN = (
    "Die Bundesregierung lehnt das ab. „Wir werden das nicht tun“, sagte Kanzler Olaf Scholz am 3. Oktober.\n"
    "Russland habe das gewusst, so die Außenministerin. Frankreich und die Türkei schwiegen.\n"
)
FRENCH = "« La France ne cédera pas », a déclaré Emmanuel Macron. Selon M. Dupont, l’Allemagne hésite.\n"
SPANISH = "«España no cederá», dijo Pedro Sánchez. Según el ministro, Francia y Alemania dudan.\n"
PAGE = (
    "<html><head><title>Varna</title><meta charset='utf-8'></head><body><article><h1>Varna</h1>"
    + "".join(f"<p>{line}</p>" for line in ENGLISH_TEXT.splitlines() if line)
    + "<table><tr><td>a</td></tr></table><script>x()</script></article></body></html>"
)
TEXTS = edited(st.sampled_from((ENGLISH_TEXT, GERMAN * 3, FRENCH * 3, SPANISH * 3)))
RAW = st.one_of(
    st.tuples(st.just("text"), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))),
    st.tuples(st.just("text"), damaged(st.just(ENGLISH_TEXT.encode()))),
    st.tuples(st.just("html"), edited(st.just(PAGE)).map(lambda text: text.encode("utf-8", "surrogatepass"))),
    st.tuples(st.just("html"), damaged(st.just(PAGE.encode()))),
    st.tuples(st.just("json"), TEXTS.map(lambda text: json.dumps({"text": text}).encode())),
    st.tuples(
        st.just("json"),
        edited(st.just('{"id": 1, "text": "Varna won.", "title": "a", "date": "2030-01-31"}')).map(
            lambda text: text.encode("utf-8", "surrogatepass")
        ),
    ),
)

FOUND = {
    "marks that close what nothing opened": ("text", "”".encode() * 3000 + b" Anna said."),
    "a value that is deep": ("json", b'{"text": "a", "x": ' + b"[" * 3000 + b"]" * 3000 + b"}"),
    "a number of 5,000 digits": ("json", b'{"text": "a", "x": ' + b"9" * 5000 + b"}"),
    "a number of 5,000 digits for an id": ("json", b'{"text": "a", "id": ' + b"9" * 5000 + b"}"),
    "half a character": ("json", b'{"text": "Varna \\ud83d won.", "title": "\\ud83d"}'),
    "a line that is no byline": ("text", b"By " + b"a" * 50_000),
}


def read(kind: str, raw: bytes, language: str) -> str:
    def article() -> ArticleText:
        if kind == "json":
            return from_json(raw.decode("utf-8", "replace"), "a.jsonl:1")
        return from_html(raw, "a.html") if kind == "html" else from_text(raw, "a.txt")

    def whole() -> None:
        text = article()
        labelled = reader(language).unlabelled(text)
        ends = [0]
        for sentence in labelled.sentences:
            if sentence.paragraph >= 0:
                assert ends[-1] <= sentence.start < sentence.end <= len(text.text)
                ends.append(sentence.end)
        reader_page(labelled).encode("utf-8")

    return tried(whole, ArticleError)


READERS: dict[str, ArticleReader] = {}


def reader(language: str) -> ArticleReader:
    if language not in READERS:
        registry = shipped() if language in (ENGLISH, "") else shipped_in(language)
        READERS[language] = ArticleReader(registry, language=language)
    return READERS[language]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", FOUND)
def test_inputs_that_ended_in_a_traceback(name: str, language: str) -> None:
    reader(language)
    message = read(*FOUND[name], language)
    assert (message != "") == ("deep" in name or "digits" in name)


def articles_fuzzed(count: int, number: int) -> None:
    for language in languages():
        reader(language)

    @fuzz(count, number=number)
    @given(article=RAW, language=st.sampled_from(languages()))
    def article_is_read_or_refused(article: tuple[str, bytes], language: str) -> None:
        read(*article, language)

    article_is_read_or_refused()


def test_mutated_articles() -> None:
    articles_fuzzed(30, 1)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(1, 3))
def test_250_mutated_articles(number: int, tally: Tally) -> None:
    articles_fuzzed(250, number)
    tally("a mutated article", 250)
