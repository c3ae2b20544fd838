"""Rows that are wrong in, a file of them with where each stands and why out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.serving.inference.bad_rows import BadRows
from harness.values.errors import Problem
from harness.values.formatting import counted
from harness.values.outputs import claimed

_NUMBER = re.compile(r"(?::|: row )(\d+)$")
"""What a location ends in: the line of a text file, or the row of another."""


class Aside:
    """Gathers the rows of a corpus that are set aside, instead of refusing the corpus for them."""

    def __init__(self) -> None:
        self._problems: dict[str, list[str]] = {}
        self._unread: dict[str, Mapping[str, Any]] = {}
        self._tables: list[tuple[Sequence[str], Mapping[str, Sequence[Any]]]] = []

    def __len__(self) -> int:
        """Return the number of rows that were set aside."""
        return len(self._problems)

    def remember(self, locations: Sequence[str], cells: Mapping[str, Sequence[Any]]) -> None:
        """Keep the columns of a file as they stand in it, so that its rows can be written as they were."""
        self._tables.append((locations, cells))

    def add(self, location: str, problem: Problem, cells: Mapping[str, Any] | None = None) -> None:
        """Set a row aside.

        Parameters
        ----------
        location : str
            Of the row.
        problem : Problem
        cells : mapping, optional
            Column → cell, of a row that is in no table: its fields are too many or too few, or do not parse.
        """
        column = problem.where.removeprefix(location).removeprefix(": ")
        self._problems.setdefault(location, []).append(
            f"{column}: {problem.what}" if column else problem.what
        )
        if cells is not None:
            self._unread[location] = cells

    def note(self, path: str, rows: int) -> str:
        """Say how many rows were set aside, with ``rows`` left."""
        first = next(iter(self._problems))
        return (
            f"{counted(len(self), 'row')} of {len(self) + rows:,} set aside in {path}, the first {first}:"
            f" {self._problems[first][0]}"
        )

    def write(self, path: Path) -> None:
        """Write the rows to a CSV file; without any it holds its header alone.

        Raises
        ------
        OutputError
            Where it cannot be written, or another process writes it.
        """
        rows = self._cells()
        columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
        with claimed(path):
            table = BadRows(path, "")
            # They were found file by file and column by column.
            for file, number, location in sorted(
                (*_place(location), location) for location in self._problems
            ):
                table.source = file
                row = {column: rows.get(location, {}).get(column) for column in columns}
                table.add(number, row, "; ".join(self._problems[location]))
            table.close()

    def _cells(self) -> dict[str, Mapping[str, Any]]:
        cells = {location: cells for location, cells in self._unread.items() if cells}
        for locations, columns in self._tables:
            for index, location in enumerate(locations):
                if location in self._problems:
                    cells[location] = {column: values[index] for column, values in columns.items()}
        return {location: cells[location] for location in self._problems if location in cells}


def _place(location: str) -> tuple[str, int]:
    """Return the file of a location, and its line or row."""
    number = _NUMBER.search(location)
    return (location[: number.start()], int(number[1])) if number else (location, 0)
