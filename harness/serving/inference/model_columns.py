"""Rows of a file in, the columns that a model reads out; a missing one is named, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.formats import FileRow
from harness.serving.inference.text_layout import column_mend
from harness.serving.input_rows import COLUMNS
from harness.values.errors import ModelError, listed

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.inference.row_labeller import RowLabeller

MAX_OFFSET_DIGITS = 18
"""Digits of an offset that a CSV file holds as text."""

SPAN = ("target_start", "target_end")


def check_columns(model: RowLabeller, chunk: Sequence[FileRow], options: FileOptions) -> None:
    """Refuse a file that lacks a column, with what to do.

    Raises
    ------
    ModelError
        Naming every missing column.
    """
    present = dict.fromkeys(name for row in chunk for name in row)
    wanted = [*model.needs, *(name for name in options.columns if name not in model.needs)]
    missing = [options.source(name) for name in wanted if options.source(name) not in present]
    if missing and chunk:
        columns = "column" if len(missing) == 1 else "columns"
        unnamed = [name for name in wanted if options.source(name) in missing]
        raise ModelError(
            f"the input lacks the {columns} {' and '.join(map(repr, missing))}; it has"
            f" {listed(map(repr, present)) or 'none'}{column_mend(list(present), unnamed)}"
        )


def frame_of(chunk: Sequence[FileRow], options: FileOptions) -> pd.DataFrame:
    """Return the columns that a model reads; an empty field of a CSV file is a missing value."""
    import pandas as pd

    present = [name for name in COLUMNS if any(options.source(name) in row for row in chunk)]
    columns: dict[str, list[Any]] = {}
    for name in present:
        values = [row.get(options.source(name)) for row in chunk]
        # CSV files hold text alone; JSONL and Parquet hold numbers.
        if name in SPAN:
            values = [_offset(value) for value in values]
        elif name == "holder":
            values = [None if value == "" else value for value in values]
        columns[name] = values
    if not columns:
        return pd.DataFrame(chunk)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _offset(value: Any) -> Any:
    """Convert an offset that a CSV file holds as text; anything else is left for the model to refuse."""
    if not isinstance(value, str):
        return value
    # Spreadsheets and pandas write a column of integers with gaps as 5.0.
    text = value.strip().removesuffix(".0")
    if not text:
        return None
    # No text has so many characters; Python refuses to convert more than 4,300 digits.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_OFFSET_DIGITS else value
