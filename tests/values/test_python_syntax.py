"""Python's source is parsed alike from one thread and from several."""

from __future__ import annotations

import ast
import gc
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.values.python_syntax import parse_expression, parse_module

SOURCE = "def polarity(x):\n" + "    y = [x + (x * x), (x, [x, x(x, x)])]\n" * 300


class Released:
    """Garbage that lets another thread run while it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


@pytest.fixture
def collecting() -> Iterator[None]:
    """Threads change often, and garbage is collected in the middle of parsing."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collecting")
def test_several_threads_parse_at_the_same_time() -> None:
    def parsed(_: int) -> set[str]:
        trees = set()
        for _ in range(20):
            Released()
            trees.add(ast.dump(parse_module(SOURCE)))
        return trees

    with ThreadPoolExecutor(3) as pool:
        trees = set.union(*pool.map(parsed, range(3)))
    assert trees == {ast.dump(ast.parse(SOURCE))}


@pytest.mark.parametrize("text", ["int | None", "Literal['a', 'b']", "\n int"])
def test_an_expression(text: str) -> None:
    assert ast.dump(parse_expression(text)) == ast.dump(ast.parse(text.strip(), mode="eval").body)


@pytest.mark.parametrize("text", ["", "x = 1", "int); (str", "int |"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(SyntaxError):
        parse_expression(text)
