"""Every harness command that a page, a config or an experiment names is one: verb, options, arguments.

Blocks of ``sh`` are run by ``test_documents.py``; what needs a server, a corpus or hours stands in ``text``,
in comments and in the middle of sentences.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from harness.cli.main import app

TOP = Path(__file__).parent.parent
FILES = [
    *sorted(TOP.glob("*.md")),
    *sorted((TOP / "docs").rglob("*.md")),
    *(path for kind in ("md", "yaml", "py") for path in sorted((TOP / "experiments").rglob(f"*.{kind}"))),
    *sorted((TOP / "configs").rglob("*.yaml")),
]
LINE = re.compile(r"^[ #]*((?:[A-Z_]+=\S+ +)*harness +(?:--\S+ +\S+ +)?[a-z][a-z-]+(?: .*)?)$", re.MULTILINE)
SPAN = re.compile(r"(?<!`)`((?:[A-Z_]+=\S+ +)*harness +[a-z-][^`]*)`(?!`)")
END = frozenset(["|", "&&", ";", ">", "2>", "<"])
PROSE = re.compile(r"[.,;:!?]$|^harness [a-z]+s |^harness (?:is|has|and|that|which|for) ")
"""How a sentence about the harness ends or begins, which is no command."""


def named(path: Path) -> list[str]:
    """Return the commands that a file names: on lines of their own, and in code in its sentences."""
    text = re.sub(r"\\\n[ #]*", "", path.read_text(encoding="utf-8"))
    lines = [line for line in LINE.findall(text) if not PROSE.search(line.strip())]
    return [*lines, *(" ".join(span.split()) for span in SPAN.findall(text))]


def refusal(command: Any, words: list[str]) -> str:
    """Return why a command would be refused before it does anything; empty where it would not."""
    context = command.context_class(command, info_name=command.name)
    try:
        _, rest, _ = command.make_parser(context).parse_args(words)
    except Exception as error:  # noqa: BLE001 (typer's own copy of click has no public name)
        # Half a command, such as `harness run --set`, names an option.
        return "" if "requires an argument" in str(error) else str(error)
    if not hasattr(command, "get_command"):
        return f"unexpected: {rest}" if rest else ""
    if not rest:
        return ""
    below = command.get_command(context, rest[0])
    return f"no verb {rest[0]}" if below is None else refusal(below, rest[1:])


def words_of(line: str) -> list[str]:
    """Return the words behind ``harness``, up to a pipe and without what stands for more."""
    words = shlex.split(line.replace("…", ""), comments=True)
    words = words[words.index("harness") + 1 :]
    ends = [at for at, word in enumerate(words) if word in END]
    return words[: ends[0]] if ends else words


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_named_commands_are_commands(path: Path) -> None:
    command = get_command(app)
    problems = {line: refusal(command, words_of(line)) for line in named(path)}
    assert {line: reason for line, reason in problems.items() if reason} == {}


@pytest.mark.parametrize(
    "line", ["harness compare mine", "harness promote --best", "harness corpus get vast"]
)
def test_a_command_that_is_none_is_refused(line: str) -> None:
    assert refusal(get_command(app), words_of(line))
