"""What a person says of their files in: names of columns, layout, where bad rows go; one value out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.serving.inference.shards import Shard
from harness.serving.inference.text_layout import STANDARD, TextLayout
from harness.serving.input_rows import COLUMNS
from harness.values.errors import ModelError, suggest


@dataclass(frozen=True)
class FileOptions:
    """How files are read and written.

    Attributes
    ----------
    columns : mapping
        What a model reads, ``text``, ``target``, … → the column that holds it in the file, where that has
        another name. The output keeps the file's names.
    layout : TextLayout
        Of text files, read and written.
    skip_bad : Path or None
        A CSV file for rows that cannot be labelled, see :mod:`harness.serving.inference.bad_rows`; without
        one, they are an error.

    shard : Shard or None
        The part of the rows that is labelled; None for all of them.

    Raises
    ------
    ModelError
        Where ``columns`` names something that no model reads.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    layout: TextLayout = STANDARD
    skip_bad: Path | None = None
    shard: Shard | None = None

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS:
                raise ModelError(f"--columns: there is no column {name!r} to read; {suggest(name, COLUMNS)}")

    def source(self, name: str) -> str:
        """Return the file's name of a column."""
        return self.columns.get(name, name)

    @property
    def digest(self) -> str:
        """Tell settings apart that change the output; empty for the default ones."""
        # Where bad rows go changes none that are labelled: it may be named after the first one was met.
        is_default = replace(self, skip_bad=None) == FileOptions()
        return "" if is_default else f" {sorted(self.columns.items())} {self.layout}"


DEFAULT = FileOptions()
"""Columns and layout as they are by default; bad rows are an error."""
