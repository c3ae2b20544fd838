"""Rows and sentences in, tables and paragraphs for a terminal out."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MIN_WIDTH, MAX_WIDTH = 80, 200
"""Characters of a line: tables need as many as the smaller, and gain nothing from more than the larger."""

MAX_PROSE = 100
"""Characters of a line of prose: longer lines are hard to read."""


def width() -> int:
    """Return how many characters a line may have: the terminal's columns, and 80 in a pipe or a log."""
    columns = shutil.get_terminal_size((MIN_WIDTH, 24)).columns
    return min(max(columns, MIN_WIDTH), MAX_WIDTH)


def prose_width() -> int:
    """Return how many characters a line of a paragraph may have."""
    return min(width(), MAX_PROSE)


def room(letters: int) -> int:
    """Return how long a name may be: ``letters`` where a line has 80 characters, more where it has more."""
    return letters + width() - MIN_WIDTH


def console() -> Console:
    """Return a console that prints text as it is."""
    from rich.console import Console

    # rich would colour every number that it finds in a sentence.
    return Console(highlight=False, width=width())


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


def fits(table: Table) -> bool:
    """Say whether a table has room on a line: in a narrower one, numbers and headings would be cut."""
    screen = console()
    # Measured as if there were room for all: within the screen's own width every table would fit.
    measured = screen.measure(table, options=screen.options.update(max_width=10 * MAX_WIDTH))
    return measured.maximum <= screen.width


def paragraph(text: str, *, first: str = "", then: str = "") -> str:
    """Break a paragraph into lines of a length that is read with ease."""
    return textwrap.fill(
        text,
        prose_width(),
        initial_indent=first,
        subsequent_indent=then,
        # Paths and addresses are copied: they are not broken.
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentences(lines: Iterable[str]) -> None:
    """Print sentences, one a bullet."""
    for line in lines:
        # A sentence may name runs with square brackets, which rich would take for markup.
        console().print(paragraph(line, first="- ", then="  "), markup=False)


def names(text: str) -> list[str]:
    """Split what a person wrote with commas between.

    Examples
    --------
    >>> names("linear, encoder,")
    ['linear', 'encoder']
    """
    return [name.strip() for name in text.split(",") if name.strip()]
