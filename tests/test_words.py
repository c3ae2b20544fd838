"""The words of the code: what a variable is called, what a class is called, and where comments say why."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "harness"
SOURCES = sorted(PACKAGE.rglob("*.py"))

PRONOUNS = frozenset({"found", "kept", "known", "made", "one", "own", "place", "said", "told"})
"""Pronouns and participles: a variable is named for what it is."""

MIN_COMMENT_SHARE = 0.02
"""Comment lines for each line of code, over the package; the packages we learn from have 4 to 6 %."""


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
    assert comment_share('"""Say.\n\nMore.\n"""\n\n# Why.\nx = 1  # not counted\n') == (1, 1)
