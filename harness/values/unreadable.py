"""What cannot be read of a file, and what is replaced in what can be."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.values import limits
from harness.values.formatting import counted

# Null characters and lone surrogates (halves of an emoji that was cut): no page and no table holds them.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


class UnreadableError(Exception):
    """What is wrong with a file or a row of it: a clause that begins with a verb.

    Parameters
    ----------
    problem : str
    line : int
        Where in a text of several lines it is; 0 if that is unknown.
    """

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


class UnreadableRow(dict[str, Any]):
    """A row of a file that could not be read: what could be read of it, and why not all.

    Parameters
    ----------
    fields : dict
    problem : str
    """

    def __init__(self, fields: dict[str, Any], problem: str) -> None:
        super().__init__(fields)
        self.problem = problem


def usable_text(text: str) -> str:
    """Replace null characters and lone surrogates, one character by one: offsets stay what they were."""
    return _UNUSABLE.sub(REPLACEMENT, text)


def replaced_note(replaced: int) -> str:
    """Say in how many rows characters were replaced; empty where in none."""
    if not replaced:
        return ""
    rows = counted(replaced, "row")
    return f"{rows} held null characters or halves of characters, which were replaced by U+FFFD"


class Cells:
    """Makes cells usable, and counts the rows in which that changed something.

    Attributes
    ----------
    replaced : int
        Rows in which characters were replaced.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._names: set[str] = set()

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row with usable cells; an :class:`UnreadableRow` where a cell is beyond its limit."""
        changed = {}
        # Rows share their columns: few names are ever looked at.
        if not self._names.issuperset(row):
            if any(_UNUSABLE.search(name) for name in row):
                return self.row({usable_text(name): value for name, value in row.items()})
            self._names.update(row)
        for name, value in row.items():
            # Numbers and truth values are most cells, and need no look.
            if isinstance(value, str | list | dict):
                problem = cell_problem(value)
                if problem:
                    return UnreadableRow(_shortened(row), f"{name}: {problem}")
                usable = usable_value(value)
                if usable is not value:
                    changed[name] = usable
        self.replaced += bool(changed)
        return {**row, **changed} if changed else row

    @property
    def note(self) -> str:
        """What a reader should know; empty where nothing was replaced."""
        return replaced_note(self.replaced)


def cell_problem(value: Any) -> str:
    """Return what is wrong with the size of a cell; empty where it is within its limit."""
    too_long = isinstance(value, str) and limits.FIELD_CHARACTERS.exceeded_by(len(value))
    return str(limits.FIELD_CHARACTERS) if too_long else ""


def usable_value(value: Any) -> Any:
    """Return a value with usable text all through it: the same object where nothing is replaced."""
    if isinstance(value, str):
        return usable_text(value) if _UNUSABLE.search(value) else value
    if isinstance(value, list):
        items = [usable_value(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        pairs = [(usable_value(key), usable_value(item)) for key, item in value.items()]
        changed = any(
            key is not old_key or item is not old_item
            for (key, item), (old_key, old_item) in zip(pairs, value.items(), strict=True)
        )
        return dict(pairs) if changed else value
    return value


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    """Return what can be shown of a row whose cells are too long."""
    return {
        name: value[: limits.FIELD_CHARACTERS.maximum] if isinstance(value, str) else value
        for name, value in row.items()
    }


def parse_json(text: str) -> Any:
    """Parse JSON within the limits of depth and digits.

    Raises
    ------
    UnreadableError
        Where it is not JSON, or beyond a limit.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not valid JSON: {error.msg} (character {error.colno})"
        raise UnreadableError(what, error.lineno) from None
    except ValueError:
        # The one error of the parser that is no JSONDecodeError.
        raise UnreadableError(str(limits.DIGITS)) from None
    except RecursionError:
        raise UnreadableError(str(limits.DEPTH)) from None
    # Few texts have as many brackets at all, so that few are walked through.
    if text.count("[") + text.count("{") > limits.DEPTH.maximum and _depth(value) > limits.DEPTH.maximum:
        raise UnreadableError(str(limits.DEPTH))
    return value


def _depth(value: Any) -> int:
    """Return how deeply a value is nested, without a call for each level."""
    level, depth = [value], 0
    while level:
        containers = [inner for inner in level if isinstance(inner, list | dict)]
        level = [
            item for inner in containers for item in (inner.values() if isinstance(inner, dict) else inner)
        ]
        depth += bool(containers)
    return depth
