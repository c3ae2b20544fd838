"""The files of languages: each is checked, and no list of words is left in the code that reads them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.articles import grammar, word_lists
from harness.articles.article_files import from_string
from harness.articles.grammar import grammar_of, languages
from harness.articles.labelled_articles import ArticleReader
from harness.articles.language_files import FOLDER, NAMES, VARIABLE
from harness.articles.pipeline import ReadingOptions, read
from harness.values.errors import ArticleError
from harness.values.parties import from_records
from harness.values.yaml_files import read_yaml

CODE = FOLDER.parent
FILES = [*sorted(FOLDER.glob("*.yaml")), NAMES]
MODULES = [
    *("actors", "attributions", "comments", "deeds", "foreign_actors", "foreign_attributions"),
    *("foreign_people", "foreign_phrases", "foreign_quotations", "grammar", "headlines", "holders"),
    *("idioms", "interviews", "mentions", "people"),
    *("political_roles", "quotations", "speech", "unknown_names", "verb_subjects", "verbs", "word_lists"),
]
NO_MODELS = ReadingOptions(stance=None, frames=None)
MAX_WORDS = 12
"""Words of a list that may stand in code."""


def words_in(node: ast.AST) -> str:
    """What a text or a collection of texts says: of an f-string that which is fixed."""
    if isinstance(node, ast.JoinedStr):
        return " ".join(words_in(value) for value in node.values)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return " ".join(words_in(item) for item in node.elts if isinstance(item, ast.Constant))
    if isinstance(node, ast.Dict):
        return " ".join(words_in(key) for key in node.keys if isinstance(key, ast.Constant))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def lists_in(source: str) -> Iterator[tuple[int, int]]:
    """Yield line and number of words of the lists in a module; sentences for readers are none.

    A text is a list where it is an argument, as of ``re.compile`` or ``split``, or has alternatives.
    """
    tree = ast.parse(source)
    arguments: set[int] = set()
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            texts = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            arguments |= set(map(id, texts))
        elif isinstance(node, ast.JoinedStr):
            skipped |= set(map(id, node.values))
        elif isinstance(node, ast.Expr):  # a docstring
            skipped.add(id(node.value))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = words_in(node)
        is_list = isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)
        if is_list or id(node) in arguments or "|" in text:
            n = len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\\.", " ", text)))
            if n > MAX_WORDS:
                yield node.lineno, n


@pytest.mark.parametrize("module", MODULES)
def test_no_list_of_words_stands_in_the_code(module: str) -> None:
    assert list(lists_in((CODE / f"{module}.py").read_text(encoding="utf-8"))) == []


WORDS = "ab bc cd de ef fg gh hi ij jk kl lm mn"


@pytest.mark.parametrize(
    "source",
    [
        f'A = re.compile(r"\\b(?:{WORDS.replace(" ", "|")})\\b")',
        f'A = rf"{{B}}|{WORDS.replace(" ", "|")}"',
        f'A = frozenset("{WORDS}".split())',
        f'A = _set("{WORDS}")',
        f"A = {WORDS.split()}",
        f"A = {dict.fromkeys(WORDS.split(), '')}",
    ],
)
def test_a_list_of_words_in_code_is_seen(source: str) -> None:
    assert [n for _, n in lists_in(source)] == [len(WORDS.split())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_list_has_words_each_once_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = read_yaml(path)
    assert data
    for key, value in data.items():
        words = value.split() if isinstance(value, str) else value
        assert words is True or len(words) > 0, key
        if isinstance(words, list):
            assert [word for word, n in Counter(words).items() if n > 1] == [], key
    # A comment stands above each list, or above the list to which it belongs.
    assert re.findall(r"\n\n(\w+):", text) == []


@pytest.mark.parametrize("key", ["say", "judge", "nouns", "titles", "agents", "no_agents", "not_people"])
def test_long_lists_are_in_order(key: str) -> None:
    words = read_yaml(FOLDER / "en.yaml")[key].split()
    assert words == sorted(words)


def test_every_list_of_english_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    for path in (FOLDER / "en.yaml", NAMES):
        data = path.read_text(encoding="utf-8")
        unused = [key for key in read_yaml(path) if f'"{key}"' not in code.replace("'", '"')]
        assert [key for key in unused if f"{{{key}}}" not in data] == []


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for languages of one's own; what was read before is read again."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    caches = (grammar.grammar_of, word_lists._lists)
    for cached in caches:
        cached.cache_clear()
    yield tmp_path
    for cached in caches:
        cached.cache_clear()


def holder(text: str, language: str) -> str:
    registry = from_records([{"name": "Varna"}])
    article = ArticleReader(registry, language=language).unlabelled(from_string(text))
    return article.holders[-1].label


def test_a_language_of_ones_own_is_read(own: Path) -> None:
    text = "Volgens Varna is dat waar."
    assert holder(text, "nl") == "writer"
    grammar_of.cache_clear()
    (own / "nl.yaml").write_text("say: zegt zei\naccording_before: [volgens]\n", encoding="utf-8")
    assert "nl" in languages()
    assert holder(text, "nl") == "Varna"


def test_words_of_ones_own_are_added(own: Path) -> None:
    text = "Varna twitscht, dass der Haushalt gut ist."
    assert holder(text, "de") == "writer"
    grammar_of.cache_clear()
    (own / "de.yaml").write_text("say: twitscht\n", encoding="utf-8")
    assert holder(text, "de") == "Varna"
    assert "sagt" in grammar_of("de").say
    (own / "en.yaml").write_text("say: tweetstorm\nmanners: [good night]\n", encoding="utf-8")
    assert {"say", "tweetstorm"} <= word_lists.words_of("say")
    assert word_lists.either("manners").endswith(r"|well\s+done|good\s+night")


def test_a_reading_says_that_words_of_ones_own_were_read(own: Path) -> None:
    text = "Varna said so."
    assert read(text, NO_MODELS).notes == []
    (own / "en.yaml").write_text("say: tweetstorm\n", encoding="utf-8")
    (note,) = read(text, NO_MODELS).notes
    assert {VARIABLE, "en.yaml"} <= set(note.replace(":", "").split())


@pytest.mark.parametrize(
    ("language", "text", "where"),
    [
        ("de", "sai: sagt", "sai"),
        ("de", "say: [sagt]", "say"),
        ("de", "say: zwei zwei", "say"),
        ("de", "say: ''", "say"),
        ("de", "say: Ruft", "say"),
        ("de", "ordinals: woche", "ordinals"),
        ("de", "subjectless: ja", "subjectless"),
        ("de", "according_before: laut", "according_before"),
        ("de", "reported: (", "reported"),
        ("de", "openers: x", "openers"),
        ("de", "descriptions: x", "descriptions"),
        ("de", "descriptions: {party: x}", "descriptions"),
        ("de", "- say", ""),
        ("de", "say: [", ""),
        ("en", "manners: ['(']", "manners"),
        ("en", "twitter: tweets", "twitter"),
        ("en", "irregular: {run: [ran]}", "irregular"),
    ],
)
def test_a_faulty_file_is_refused(own: Path, language: str, text: str, where: str) -> None:
    (own / f"{language}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ArticleError) as caught:
        word_lists.either("manners") if language == "en" else grammar_of(language)
    (problem,) = caught.value.problems
    assert problem.where.endswith(f"{language}.yaml{f': {where}' if where else ''}")


def test_all_faults_of_a_file_are_said_at_once(own: Path) -> None:
    (own / "de.yaml").write_text("sai: sagt\nsay: Ruft\n", encoding="utf-8")
    with pytest.raises(ArticleError) as caught:
        grammar_of("de")
    assert len(caught.value.problems) == 2


def test_a_folder_that_is_missing_is_refused(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(own / "none"))
    with pytest.raises(ArticleError):
        grammar_of("de")
