"""The words of the code: names of variables and classes, comments that say why, and sentences in tests."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "harness"
SOURCES = sorted(PACKAGE.rglob("*.py"))

PRONOUNS = frozenset({"found", "kept", "known", "made", "one", "own", "place", "said", "told"})
"""Pronouns and participles: a variable is named for what it is."""

MIN_COMMENT_SHARE = 0.04
"""Comment lines for each line of code, over the package; the packages we learn from have 4 to 6 %."""

MAX_SENTENCES_IN_ASSERTS = 112
"""How many asserts compare with a text of three words or more: lower it whenever there are fewer.

A sentence that the project writes stands in ``tests/golden``, so that it is bettered in one place, and a test
asserts on its data: ``Problem.where``, a verdict, the numbers and names in it (``tests/sentences.py``). What
is left are texts of the tests' own: a sentence of a corpus, a config, a command. A new one gets a name.
"""


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Names that a module gives: variables, parameters, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def comment_share(text: str) -> tuple[int, int]:
    """Count lines that are comments, and lines of code; docstrings and blank lines are neither."""
    skipped = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    comments, code = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.strip().startswith("#"):
            comments.add(token.start[0])
        elif token.type not in (*skipped, tokenize.COMMENT) and not token.string.startswith('"""'):
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(comments), len(code)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_variables_are_named_for_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert sorted(set(bound_names(tree)) & PRONOUNS) == []


@pytest.mark.parametrize(
    "source",
    [
        "one = 1",
        "for place in range(3): pass",
        "def f(known): pass",
        "x = [made for made in ()]",
        "own: int = 1",
    ],
)
def test_a_pronoun_is_seen(source: str) -> None:
    assert set(bound_names(ast.parse(source))) & PRONOUNS


def test_no_public_class_name_stands_twice() -> None:
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_comments_say_why_here_and_there() -> None:
    counts = Counter[str]()
    for path in SOURCES:
        comments, code = comment_share(path.read_text(encoding="utf-8"))
        counts.update(comments=comments, code=code)
    assert counts["comments"] >= MIN_COMMENT_SHARE * counts["code"]


def test_comments_are_counted_without_docstrings() -> None:
    source = '"""Say.\n\nMore.\n"""\n\n# Why.\nx = 1  # not counted\n'
    assert comment_share(source) == (1, 1)


def compared_texts(assertion: ast.Assert) -> Iterator[str]:
    """Texts that an assert compares something with, by ``==``, ``!=``, ``in`` or ``not in``."""
    for comparison in ast.walk(assertion.test):
        if isinstance(comparison, ast.Compare) and any(
            isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for operator in comparison.ops
        ):
            for node in ast.walk(comparison):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def is_sentence(text: str) -> bool:
    return " " in text.strip() and len(re.findall(r"[A-Za-z]{2,}", text)) >= 3


def asserts_on_sentences(source: str) -> list[int]:
    """Lines of the asserts that compare with a text of three words or more."""
    asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return [node.lineno for node in asserts if any(map(is_sentence, compared_texts(node)))]


def test_sentences_stand_in_golden_files() -> None:
    lines = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in asserts_on_sentences(path.read_text(encoding="utf-8"))
    ]
    assert len(lines) <= MAX_SENTENCES_IN_ASSERTS, "\n".join(lines)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("assert str(error) == 'there is no such label'", True),
        ("assert f'label {name} is not known' in page", True),
        ("assert lines == ['a: 1', 'the second line']", True),
        ("assert problem.where == 'split.kind'", False),
        ("assert text == SENTENCE", False),
        ("assert n == 3, 'three rows are labelled'", False),
        ("text = 'three rows are labelled'", False),
    ],
)
def test_a_sentence_in_an_assert_is_seen(source: str, seen: bool) -> None:
    assert asserts_on_sentences(source) == ([1] if seen else [])
