"""Rows and sentences in, tables and paragraphs for a terminal out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 80
"""Characters of a line: tables are laid out for a terminal of this width, and stay readable in a log."""


def console(width: int | None = WIDTH) -> Console:
    """Return a console that prints text as it is; None takes the terminal's own width."""
    from rich.console import Console

    # rich would colour every number that it finds in a sentence.
    return Console(highlight=False, width=width)


def table(title: str, left: list[str], right: list[str]) -> Table:
    """Return an empty table: columns of words to the left, of numbers to the right."""
    from rich import box
    from rich.table import Table

    empty = Table(
        title=title or None,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
        caption_justify="left",
    )
    for heading in left:
        empty.add_column(heading, no_wrap=True)
    for heading in right:
        empty.add_column(heading, justify="right", no_wrap=True)
    return empty


def paragraph(text: str, *, first: str = "", then: str = "") -> str:
    """Break a paragraph into lines."""
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=then)


def names(text: str) -> list[str]:
    """Split what a person wrote with commas between.

    Examples
    --------
    >>> names("linear, encoder,")
    ['linear', 'encoder']
    """
    return [name.strip() for name in text.split(",") if name.strip()]
