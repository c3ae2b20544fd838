"""Python's source in, its syntax tree out, in one thread at a time."""

from __future__ import annotations

import ast
import contextlib
import threading
from typing import cast

RETRIES = 9
"""How often source is parsed again where code of others, which no lock of ours holds back, parses too."""

_lock = threading.Lock()


def parse_module(source: str | bytes, name: str = "<unknown>") -> ast.Module:
    """Return the syntax tree of a module, as :func:`ast.parse` does, from any number of threads.

    Before 3.11.8, Python counts the depth of the trees that it builds for all threads together: of two that
    parse at the same time, one may be refused with SystemError, "recursion depth mismatch" (gh-106905).

    Parameters
    ----------
    source : str or bytes
    name : str
        What a message calls the source.

    Raises
    ------
    SyntaxError, ValueError
        Where the source is not Python, or holds null bytes.
    """
    return cast(ast.Module, _parse(source, name, "exec"))


def parse_expression(text: str) -> ast.expr:
    """Return the syntax tree of one expression, such as an annotation in quotes.

    Raises
    ------
    SyntaxError
        Where the text is no expression.
    """
    return cast(ast.Expression, _parse(text.strip(), "<expression>", "eval")).body


def _parse(source: str | bytes, name: str, mode: str) -> ast.AST:
    with _lock:
        for _ in range(RETRIES):
            with contextlib.suppress(SystemError):
                return ast.parse(source, name, mode)
        return ast.parse(source, name, mode)
