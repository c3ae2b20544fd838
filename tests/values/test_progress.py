"""Progress: which display is chosen, what it writes, and that every item comes through."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from golden import Golden
from sentences import numbers

from harness.values import progress as module
from harness.values.errors import ConfigError
from harness.values.progress import VARIABLE, Display, current_display, progress, progress_as

Stream = TypeVar("Stream", bound=io.StringIO)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show what would be shown after a while, and nothing that this machine's environment asks for."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(module, "DELAY", 0.0)
    monkeypatch.setattr(module, "LINE_INTERVAL", -1.0)


def stderr_becomes(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Stream:
    # In the test itself: between a fixture and the test pytest puts its own stream there.
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]


def test_a_pipe_gets_lines_only_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = stderr_becomes(io.StringIO(), monkeypatch)
    monkeypatch.setattr(module, "LINE_INTERVAL", 30.0)
    assert current_display() == "lines"
    assert list(progress(range(3), "epoch 1/1", 3, "items")) == [0, 1, 2]
    assert stderr.getvalue() == ""


def test_a_terminal_sees_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_becomes(Terminal(), monkeypatch)
    assert current_display() == "bar"
    assert list(progress(range(3), "epoch 1/1", 3, "items")) == [0, 1, 2]
    assert "epoch 1/1" in terminal.getvalue()
    assert module._open_displays == []


def test_loops_inside_loops_share_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_becomes(Terminal(), monkeypatch)
    open_ = []
    for _ in progress(range(2), "seeds", 2, "items"):
        for _ in progress(range(2), "epochs", 2, "items"):
            open_.append(len(module._open_displays))
    assert open_ == [1, 1, 1, 1]
    assert "seeds" in terminal.getvalue()
    assert "epochs" in terminal.getvalue()


def test_a_loop_that_is_left_closes_its_display(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr_becomes(Terminal(), monkeypatch)
    items = progress(range(3), "epochs", 3, "items")
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert module._open_displays == []


def test_a_notebook_sees_a_bar_of_tqdm(kernel: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = stderr_becomes(io.StringIO(), monkeypatch)
    assert current_display() == "notebook"
    assert list(progress(iter("ab"), "articles", 2, "items")) == ["a", "b"]
    assert "articles" in stderr.getvalue()


def test_an_interactive_shell_without_a_kernel_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr_becomes(Terminal(), monkeypatch)
    shell = SimpleNamespace(config={"TerminalIPythonApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    assert current_display() == "bar"


def test_a_log_sees_lines_if_it_asks(monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    stderr = stderr_becomes(io.StringIO(), monkeypatch)
    monkeypatch.setenv(VARIABLE, "lines")
    assert list(progress("ab", "reading", 2, "articles")) == ["a", "b"]
    (line,) = stderr.getvalue().splitlines()
    assert line.startswith("reading: ")
    assert numbers(line) == [1, 2, 0]
    golden("values/progress", line)


@pytest.mark.parametrize("display", ["off", "lines", "notebook", "bar"])
def test_a_block_chooses_over_the_environment(display: Display, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "bar" if display == "off" else "off")
    with progress_as(display):
        assert current_display() == display
    assert current_display() != display


def test_a_display_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "loud")
    with pytest.raises(ConfigError) as caught:
        list(progress("ab", "reading", 2, "articles"))
    assert [problem.where for problem in caught.value.problems] == [VARIABLE]


@pytest.mark.parametrize("draw", [module._terminal_bar, module._notebook_bar, module._lines])
def test_errors_of_the_loop_come_through(draw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stderr_becomes(io.StringIO(), monkeypatch)

    def broken() -> Any:
        yield 1
        raise KeyError("row")

    with pytest.raises(KeyError, match="row"):
        list(draw(broken(), "reading", 2, "rows"))
    assert module._open_displays == []
