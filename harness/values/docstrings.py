"""A documented function or class in, its summary and what it says of each parameter out.

The documentation of an option is written once, in the docstring of its factory; the command line shows it.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

SECTIONS = ("Parameters", "Attributes")
ROLE = re.compile(r":\w+:`~?([^`]+)`")


def summary_of(documented: Any) -> str:
    """Return the first paragraph of a docstring, in one line."""
    return plain_text((inspect.getdoc(documented) or "").partition("\n\n")[0])


def parameters_of(documented: Any) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter, or attribute, in one line each.

    Examples
    --------
    >>> parameters_of(parameters_of), parameters_of(plain_text)
    ({}, {'text': 'As in a docstring.'})
    """
    meanings: dict[str, str] = {}
    names: list[str] = []
    lines: list[str] = []
    for line in [*_section_lines(inspect.getdoc(documented) or ""), "end : end"]:
        # A description is indented; a line that is not names the next parameters: ``low, high : float``.
        if line and not line.startswith(" "):
            meanings |= dict.fromkeys(names, plain_text(" ".join(lines)))
            names, lines = [name.strip() for name in line.partition(" :")[0].split(",")], []
        else:
            lines.append(line)
    return meanings


def plain_text(text: str) -> str:
    """Return a text without the marks of reStructuredText, its white space single.

    Parameters
    ----------
    text : str
        As in a docstring.

    Examples
    --------
    >>> plain_text("As ``a`` of :func:`harness.values.docstrings.summary_of`.")
    'As a of summary_of.'
    """
    return " ".join(ROLE.sub(lambda match: match[1].rpartition(".")[2], text).replace("`", "").split())


def _section_lines(docstring: str) -> list[str]:
    """Return the lines of the section that documents parameters or attributes."""
    lines = docstring.splitlines()
    for index, line in enumerate(lines[1:], start=1):
        if line.startswith("---") and lines[index - 1] in SECTIONS:
            rest = lines[index + 1 :]
            # The next section: its heading is followed by its own rule.
            ends = [k for k, later in enumerate(rest[1:]) if later.startswith("---")]
            return rest[: ends[0]] if ends else rest
    return []
