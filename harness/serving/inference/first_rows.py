"""The first rows of a file in, the columns of an output whose first rows another attempt or part wrote out.

Rows of a JSONL file need not have the same keys, and an empty column has no type: an output has the columns
and types of its first rows. A part, and an attempt that goes on after another, has to write the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.serving.inference.chunks import RowReading, growing, open_all
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.formats import FileRow, Format
from harness.serving.inference.model_columns import check_columns, frame_of
from harness.serving.inference.row_labeller import RowLabeller
from harness.values.unreadable import UnreadableRow


def judged_rows(
    model: RowLabeller, chunk: Sequence[FileRow], options: FileOptions
) -> list[tuple[FileRow, str]]:
    """Return each row with the reason why it cannot be labelled; an empty text where it can.

    Raises
    ------
    ModelError
        Where a column is missing, which is no fault of a row.
    """
    readable = [row for row in chunk if not isinstance(row, UnreadableRow)]
    check_columns(model, readable, options)
    reasons = iter(model.problems(frame_of(readable, options)) if readable else [])
    return [(row, row.problem if isinstance(row, UnreadableRow) else next(reasons)) for row in chunk]


def first_rows(
    model: RowLabeller, files: tuple[Sequence[Path | None], Format], options: FileOptions, before: int
) -> list[FileRow]:
    """Return the rows of the first chunk of a file that can be labelled; of the next one where none can.

    Parameters
    ----------
    model : LabelModel or Together
    files : (sequence of Path, {"csv", "tsv", "jsonl", "parquet", "xlsx"})
        That are labelled one after the other, and their format.
    options : FileOptions
    before : int
        Chunks that begin before this row are looked at; where none has such rows, the result is empty.
    """
    count = 0
    with open_all(*files, RowReading(options.layout, keep_bad=True)) as rows:
        for chunk in growing(rows.chunks):
            if count >= before:
                break
            if options.skip_bad is not None:
                usable = [row for row, reason in judged_rows(model, chunk, options) if not reason]
            else:
                # What is wrong with a row of another part is for that one to say.
                usable = [row for row in chunk if not isinstance(row, UnreadableRow)]
            if usable:
                return usable
            count += len(chunk)
    return []


def like_first(first: Sequence[FileRow], labelled: Sequence[FileRow], names: Sequence[str]) -> list[FileRow]:
    """Return the first rows with labels beside them, from which columns and types are taken.

    Parameters
    ----------
    first : sequence of dict
        The first rows of the whole, without labels.
    labelled : sequence of dict
        Other rows, whose labels have the same types.
    names : sequence of str
        Of the label columns.
    """
    n = max(len(first), len(labelled))
    return [
        {**first[i % len(first)], **{name: labelled[i % len(labelled)][name] for name in names}}
        for i in range(n)
    ]
