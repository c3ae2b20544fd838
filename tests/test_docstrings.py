"""Docstrings agree with signatures: no parameter that does not exist, none in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString

PACKAGE = Path(__file__).parent.parent / "harness"
SOURCES = sorted(PACKAGE.rglob("*.py"))
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def signature(node: Documented) -> list[str]:
    """Names of the parameters: of a class those of ``__init__``, or else its fields."""
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            if isinstance(child, ast.FunctionDef) and child.name == "__init__":
                return signature(child)
        return [child.target.id for child in node.body if isinstance(child, ast.AnnAssign) and is_name(child)]
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    names += [argument.arg for argument in arguments.kwonlyargs]
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return [name for name in names if name not in {"self", "cls"}]


def is_name(field: ast.AnnAssign) -> bool:
    return isinstance(field.target, ast.Name)


def documented(node: Documented) -> list[str]:
    """Names under Parameters; ``low, high : float`` are two."""
    parsed = NumpyDocString(ast.get_docstring(node) or "")
    return [name.strip() for entry in parsed["Parameters"] for name in entry.name.split(",")]


def disagreements(source: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield which documented parameters are unknown, or stand in another order than they are taken in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Documented):
            names, parameters = documented(node), signature(node)
            unknown = [name for name in names if name not in parameters]
            if unknown:
                yield node.name, "unknown", unknown
            elif names != [name for name in parameters if name in names]:
                yield node.name, "order", names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_documented_parameters_are_taken(path: Path) -> None:
    assert list(disagreements(path.read_text(encoding="utf-8"))) == []


BROKEN = '''
def {name}({arguments}):
    """Do it.

    Parameters
    ----------
    one : int
    two, three : float
        In [0, 1].
    """
'''


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("one, two, three", []),
        ("self, one, two, *, extra=0, three", []),
        ("one, three, two", [("f", "order", ["one", "two", "three"])]),
        ("one, two", [("f", "unknown", ["three"])]),
    ],
)
def test_a_disagreement_is_seen(arguments: str, expected: list[tuple[str, str, list[str]]]) -> None:
    assert list(disagreements(BROKEN.format(name="f", arguments=arguments))) == expected


def test_the_fields_of_a_dataclass_are_its_parameters() -> None:
    source = (
        'class A:\n    """Hold.\n\n    Parameters\n    ----------\n    two : int\n    """\n\n    one: int\n'
    )
    assert list(disagreements(source)) == [("A", "unknown", ["two"])]
