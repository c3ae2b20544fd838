"""The words of the code: names say what they hold, public classes have one name each, comments say why."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "harness"
SOURCES = sorted(PACKAGE.rglob("*.py"))

VAGUE = frozenset({"one", "found", "place", "known", "made", "said", "kept", "own", "told"})
"""Names that do not say what they hold: ``row``, ``matches``, ``index`` and so on do."""

CEILINGS = {
    "articles": 206,
    "audits": 173,
    "classifiers": 130,
    "cli": 23,
    "config": 37,
    "corpora": 114,
    "evaluation": 57,
    "reports": 55,
    "runs": 54,
    "scoring": 96,
    "serving": 39,
    "tracking": 63,
}
"""Vague names that each room may still bind. They only fall; a room that is not listed has none."""

NAMED_TWICE = frozenset(
    {
        *("Document", "Engine", "Entry", "Measure", "Outcome", "Part", "Reading", "Row", "Rows", "Served"),
        *("Share", "Source", "Trial"),
    }
)
"""Names that two or more public classes still share. No name may be added."""

EXPLAINED = frozenset({"splits", "values"})
MIN_COMMENT_SHARE = 0.02
"""Rooms of whose lines at least so many hold comments; a room that gets there is added, and stays there."""


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def bound_names(source: str) -> Iterator[str]:
    """Yield each name that is bound: variables, fields, parameters and names of imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname is not None:
            yield node.asname


def vague_names(source: str) -> int:
    return sum(name in VAGUE for name in bound_names(source))


def public_classes(source: str) -> list[str]:
    """The names of the public classes of a module."""
    body = ast.parse(source).body
    return [node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def comment_lines(source: str) -> int:
    """Lines that hold a comment; directives to tools are none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return sum(not comment.startswith(("# noqa", "# type:")) for comment in comments)


def test_names_say_what_they_hold() -> None:
    counts: Counter[str] = Counter()
    for path in SOURCES:
        counts[room(path)] += vague_names(path.read_text(encoding="utf-8"))
    over = {name: count for name, count in counts.items() if count > CEILINGS.get(name, 0)}
    assert over == {}, "more vague names than before"


def test_ceilings_fall_with_the_counts() -> None:
    rooms = {room(path) for path in SOURCES}
    assert set(CEILINGS) <= rooms
    assert all(CEILINGS.values()), "a room without vague names need not be listed"


def test_no_public_class_has_the_name_of_another() -> None:
    counts = Counter(name for path in SOURCES for name in public_classes(path.read_text(encoding="utf-8")))
    shared = {name for name, count in counts.items() if count > 1}
    assert sorted(shared - NAMED_TWICE) == []
    assert sorted(NAMED_TWICE - shared) == [], "these names are unique by now and need not be listed"


def test_comments_say_why(record_testsuite_property: Callable[[str, object], None]) -> None:
    """The shares are reported (``--junit-xml``); code that explains its methods has four to six per cent."""
    lines: Counter[str] = Counter()
    comments: Counter[str] = Counter()
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        lines[room(path)] += len(source.splitlines())
        comments[room(path)] += comment_lines(source)
    for name in sorted(lines):
        record_testsuite_property(f"comment share of {name}", f"{comments[name] / lines[name]:.1%}")
    record_testsuite_property("comment share", f"{comments.total() / lines.total():.2%}")
    assert sorted(name for name in EXPLAINED if comments[name] < MIN_COMMENT_SHARE * lines[name]) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("found = 1", 1),
        ("found: int = 1", 1),
        ("for one in rows: pass", 1),
        ("[one for one in rows]", 1),
        ("def f(known, *, made): pass", 2),
        ("lambda own: own", 1),
        ("with open(p) as kept: pass", 1),
        ("class A:\n    place: str", 1),
        ("self.said = 1", 1),
        ("import numpy as told", 1),
        ("found.rows, foundation, f(one=1)", 0),
        ("# found\n'one'", 0),
    ],
)
def test_a_vague_name_is_seen(source: str, expected: int) -> None:
    assert vague_names(source) == expected


def test_public_classes_are_listed() -> None:
    source = "class A: pass\nclass _B: pass\ndef f():\n    class C: pass"
    assert public_classes(source) == ["A"]


def test_comments_are_counted_and_directives_are_not() -> None:
    source = "# why\nx = 1  # so\ny = '# no comment'\nimport os  # noqa: F401\nz = 2  # type: ignore[misc]\n"
    assert comment_lines(source) == 2
