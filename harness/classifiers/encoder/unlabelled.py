"""A file of unlabelled rows in, examples out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers.protocol import Example, examples_of
from harness.values import limits
from harness.values.errors import ClassifierError, abbreviate
from harness.values.labels import LabelSet
from harness.values.parquet_files import open_parquet
from harness.values.unreadable import UnreadableError, UnreadableRow

if TYPE_CHECKING:
    import pandas as pd

READERS = {".csv": "read_csv", ".jsonl": "read_json", ".parquet": "", ".tsv": "read_csv"}
"""By file suffix, the function of pandas that reads it; Parquet is read in batches."""

COLUMN = "stance"
"""Where a row has a label after all."""

BATCH_ROWS = 8192
"""Rows of a Parquet file that are converted at a time."""


def read_unlabelled(file: Path) -> list[Example]:
    """Read unlabelled rows; see :func:`harness.classifiers.encoder.distilled.distilled`.

    Parameters
    ----------
    file : Path
        With a suffix of :data:`READERS`.

    Raises
    ------
    ClassifierError
        Where the file cannot be read or is beyond a limit, or a row has no text.
    """
    return examples_of(_rows(file).rename(columns={"target_start": "start", "target_end": "end"}))


def read_known_labels(file: Path, labels: LabelSet) -> dict[int, int]:
    """Read the labels that some rows have after all, of the column ``stance``.

    Returns
    -------
    dict
        Row, from 0, → code.

    Raises
    ------
    ClassifierError
        As :func:`read_unlabelled`; also where a label is not one of ``labels``.
    """
    rows = _rows(file)
    if COLUMN not in rows:
        return {}
    codes = {name: code for code, name in enumerate(labels.names)}
    written = {
        row: str(label)
        for row, label in enumerate(rows[COLUMN].tolist())
        if isinstance(label, str) and label.strip()
    }
    unknown = next((row for row, label in written.items() if label not in codes), None)
    if unknown is not None:
        what = f"unknown label {abbreviate(written[unknown])} in column {COLUMN!r}"
        raise ClassifierError(f"{file}: row {unknown + 1}: {what}; the labels are {', '.join(labels.names)}")
    return {row: codes[label] for row, label in written.items()}


def _rows(file: Path) -> pd.DataFrame:
    try:
        rows = _parquet(file) if file.suffix == ".parquet" else _text(file)
    except (OSError, ValueError, UnreadableError) as error:
        raise ClassifierError(f"{file}: cannot be read: {error}") from error
    if limits.COLUMNS.exceeded_by(len(rows.columns)):
        raise ClassifierError(f"{file}: {limits.COLUMNS}")
    if "text" not in rows or not len(rows):
        raise ClassifierError(f"{file}: expected rows with a column 'text'")
    empty = rows.index[rows["text"].isna()]
    if len(empty):
        raise ClassifierError(f"{file}: row {empty[0] + 1} has no text")
    for number, text in enumerate(rows["text"].astype(str), start=1):
        if limits.FIELD_CHARACTERS.exceeded_by(len(text)):
            raise ClassifierError(f"{file}: row {number}: {limits.FIELD_CHARACTERS}")
    return rows


def _text(file: Path) -> pd.DataFrame:
    import pandas as pd

    with file.open("rb") as stream:
        # One byte more than is allowed: the size of a file may change, or be none (a pipe).
        data = stream.read(limits.TABLE_BYTES.maximum + 1)
    if limits.TABLE_BYTES.exceeded_by(len(data)):
        raise ClassifierError(f"{file}: {limits.TABLE_BYTES}")
    styles: dict[str, dict[str, Any]] = {".jsonl": {"lines": True}, ".tsv": {"sep": "\t"}}
    table: pd.DataFrame = getattr(pd, READERS[file.suffix])(io.BytesIO(data), **styles.get(file.suffix, {}))
    return table


def _parquet(file: Path) -> pd.DataFrame:
    import pandas as pd

    schema, batches = open_parquet(file, BATCH_ROWS)
    records = [row for batch in batches for row in batch]
    for number, record in enumerate(records, start=1):
        if isinstance(record, UnreadableRow):
            raise ClassifierError(f"{file}: row {number} {record.problem}")
    return pd.DataFrame.from_records(records, columns=schema.names)
