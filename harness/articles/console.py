"""Text of others, notes and paths in; safe lines on the screen out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
"""Characters of a line, on any terminal: output that is the same everywhere can be compared."""


def printable(text: str) -> str:
    """Escape markup and replace control characters, so that text of others cannot steer the terminal."""
    from rich.markup import escape

    return escape("".join(character if character.isprintable() else "\ufffd" for character in text))


def print_notes(console: Console, notes: Iterable[str]) -> None:
    """Print a line for each note."""
    for note in notes:
        console.print(f"note: {note}", style="yellow", markup=False)


def print_paths(console: Console, paths: Iterable[Path]) -> None:
    """Print a line for each path, unwrapped, so that it can be copied."""
    for path in paths:
        console.print(str(path), markup=False, soft_wrap=True)
