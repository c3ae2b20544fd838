"""A file or a folder of rows in, one part of it to label, and all labelled parts as one file, out.

A part begins and ends where a block of the whole does, so that a row is computed in the same company however
the rows are cut, and the parts together are the bytes that one process would have written. Beside each
labelled part lies ``….shard.json``, which says of which rows, by which model; the merge goes by it.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
import re
import shutil
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from harness.serving.inference.bad_rows import none_usable
from harness.serving.inference.chunks import block_starts, count_rows
from harness.serving.inference.drafts import Progress
from harness.serving.inference.formats import Format, format_of
from harness.serving.inference.text_layout import STANDARD, TextLayout
from harness.values.errors import ModelError
from harness.values.formatting import counted
from harness.values.outputs import claimed, publish, refused_writes
from harness.values.row_files import is_compressed, open_binary
from harness.values.spreadsheets import DelimitedWriter

NOTE = ".shard.json"


@dataclass(frozen=True)
class Shard:
    """One of several parts of equal size.

    Attributes
    ----------
    number : int
        From 1.
    of : int
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``3/64``.

        Raises
        ------
        ModelError
            Where it is not of that form, or the number is beyond the last.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
        shard = cls(*map(int, match.groups())) if match is not None else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ModelError(f"--shard {text!r} is not of the form 3/64: the third of 64 parts")
        return shard

    def beside(self, output: Path) -> Path:
        """Return the file of the part: ``labels.shard-03-of-64.csv``."""
        ending = "".join(output.suffixes[-2:]) if is_compressed(output) else output.suffix
        width = len(str(self.of))
        stem = output.name.removesuffix(ending)
        return output.with_name(f"{stem}.shard-{self.number:0{width}}-of-{self.of}{ending}")

    def rows(self, total: int) -> range:
        """Return the numbers of the part's rows, from 0.

        Raises
        ------
        ModelError
            Where there are fewer blocks than parts, or no rows.

        Examples
        --------
        >>> [Shard(n, 3).rows(10_000) for n in (1, 2, 3)]
        [range(0, 4032), range(4032, 8128), range(8128, 10000)]
        """
        if not total:
            raise ModelError("there are no rows to cut into parts")
        starts = block_starts(total)
        if self.of > len(starts):
            parts = counted(len(starts), "part")
            raise ModelError(f"{counted(total, 'row')} can be cut into {parts} at most, not {self.of:,}")
        bounds = _bounds(starts, total, self.of)
        return range(bounds[self.number - 1], bounds[self.number])

    def write_note(self, output: Path, rows: tuple[range, int], aside: int, progress: Progress) -> None:
        """Say beside the output of the part what it holds; see :class:`ShardNote`."""
        (part, total), identity, sha256 = rows, (self.number, self.of), digest_of(output)
        note = ShardNote(
            *(identity, part.start, part.stop, total, progress.rows, aside, progress.model_digest, sha256),
            *(progress.input_rows, progress.input_digest),
        )
        path = note_of(output)
        with refused_writes(path):
            path.write_text(json.dumps(asdict(note)) + "\n", encoding="utf-8")


def _bounds(starts: Sequence[int], total: int, of: int) -> list[int]:
    """Return where each part begins, and where the last ends: near equal shares of the rows, at a block."""
    bounds, before = [0], 0
    for number in range(1, of):
        share = number * total // of
        after = min(bisect_right(starts, share), len(starts) - 1)
        nearest = after if starts[after] - share < share - starts[after - 1] else after - 1
        # At least a block for this part, and for each of those that follow: the first ones are small.
        before = min(max(nearest, before + 1), len(starts) - of + number)
        bounds.append(starts[before])
    return [*bounds, total]


@dataclass(frozen=True)
class ShardNote:
    """What is known of a labelled part.

    Attributes
    ----------
    shard : tuple of int
        Its number, and the number of parts.
    start, stop, total : int
        Its rows of the input, the second exclusive; rows of the whole input.
    written, aside : int
        Rows in its output, and rows that were set aside.
    model : str
        Digest of the model and of how files are read and written.
    sha256 : str
        Of its output.
    read : int
        Rows of the input that the labels in it are from, counted from ``start``.
    input_digest : str
        Of these rows.
    """

    shard: tuple[int, int]
    start: int
    stop: int
    total: int
    written: int
    aside: int
    model: str
    sha256: str
    read: int = 0
    input_digest: str = ""


def note_of(output: Path) -> Path:
    """Return the file that says what a labelled part holds."""
    return output.with_name(output.name + NOTE)


def finished_part(output: Path, part: range, total: int, model: str) -> Progress | None:
    """Return what is known of a part that an earlier attempt finished; None where there is none to keep.

    Parameters
    ----------
    output : Path
        Of the part.
    part : range
        Its rows.
    total : int
        Rows of the whole input.
    model : str
        Digest of the model, and the output format.
    """
    note = _read_note(output)
    if note is None or (note.start, note.stop, note.total, note.model) != (
        part.start,
        part.stop,
        total,
        model,
    ):
        return None
    # Of a part whose rows were all set aside nothing was read that a label is from.
    if (note.written and not note.read) or digest_of(output) != note.sha256:
        return None
    return Progress(note.written, output.stat().st_size, note.input_digest, model, note.read)


def _read_note(output: Path) -> ShardNote | None:
    try:
        fields = json.loads(note_of(output).read_text(encoding="utf-8"))
        return ShardNote(**{**fields, "shard": tuple(fields["shard"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def merge(
    source: Path | None,
    output: Path,
    of: int,
    layout: TextLayout = STANDARD,
    *,
    parts_of: Path | None = None,
) -> int:
    """Make one file of all labelled parts.

    Parameters
    ----------
    source : Path or None
        The input, whose rows are counted again; None trusts the count of before.
    output : Path
    of : int
        Number of parts.
    layout : TextLayout
        Of text files, as they were written.
    parts_of : Path, optional
        The name that those of the parts were derived from; default: that of the output.

    Returns
    -------
    int
        Rows in the output.

    Raises
    ------
    ModelError
        Where a part is missing, changed since it was labelled, of another model or of other rows, or all rows
        were set aside.
    """
    parts = [Shard(number, of).beside(parts_of or output) for number in range(1, of + 1)]
    notes = _notes(parts)
    _check(notes, parts)
    total = notes[0].total
    rows = count_rows(source, layout) if source is not None else total
    if rows != total:
        raise ModelError(f"{source}: has {counted(rows, 'row')} now, and had {total:,} when it was labelled")
    # A part whose rows were all set aside is an empty file, without columns.
    parts = [part for part, note in zip(parts, notes, strict=True) if note.written]
    if not parts:
        raise ModelError(f"{source or output}: {none_usable(total)}")
    kind = format_of(output)
    draft = output.with_name(f"{output.name}.new")
    with claimed(output), refused_writes(output):
        try:
            if kind == "parquet":
                _join_parquet(parts, draft)
            else:
                _join_text(parts, draft, kind, layout)
            publish(draft, output)
        finally:
            # Left where a part does not fit: joining is quick, and begins anew.
            draft.unlink(missing_ok=True)
    return sum(note.written for note in notes)


def _notes(parts: Sequence[Path]) -> list[ShardNote]:
    notes: list[ShardNote] = []
    missing = []
    for number, part in enumerate(parts, start=1):
        note = _read_note(part)
        if note is not None:
            notes.append(note)
        else:
            missing.append(f"{number}/{len(parts)}")
    if missing:
        shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10:,} more" if len(missing) > 10 else "")
        raise ModelError(f"{counted(len(missing), 'part')} to be labelled yet: --shard {shown}")
    return notes


def _check(notes: Sequence[ShardNote], parts: Sequence[Path]) -> None:
    for before, after, part in zip(notes, notes[1:], parts[1:], strict=False):
        if (after.model, after.total) != (before.model, before.total):
            raise ModelError(
                f"{part}: was labelled by another model, with other options or from another input than those"
                " before it"
            )
        if after.start != before.stop:
            raise ModelError(f"{part}: begins at row {after.start + 1:,}, after row {before.stop:,}")
    for note, part in zip(notes, parts, strict=True):
        if note.written + note.aside != note.stop - note.start:
            raise ModelError(f"{part}: has {note.written:,} of {counted(note.stop - note.start, 'row')}")
        if digest_of(part) != note.sha256:
            raise ModelError(f"{part}: was changed after it was labelled, or is gone; label it again")
    if (notes[0].start, notes[-1].stop) != (0, notes[0].total):
        raise ModelError(f"the parts end at row {notes[-1].stop:,} of {notes[0].total:,}")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; empty where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _join_parquet(parts: Sequence[Path], draft: Path) -> None:
    from pyarrow import parquet

    with contextlib.ExitStack() as stack:
        out: Any = None
        for path in parts:
            file = stack.enter_context(parquet.ParquetFile(path))
            if out is None:
                out = stack.enter_context(parquet.ParquetWriter(str(draft), file.schema_arrow))
            if file.schema_arrow != out.schema:
                raise ModelError(f"{path}: its columns have other types than those of the parts before it")
            for group in range(file.num_row_groups):
                out.write_table(file.read_row_group(group))


def _join_text(parts: Sequence[Path], draft: Path, kind: Format, layout: TextLayout) -> None:
    compressed = is_compressed(parts[0])
    with contextlib.ExitStack() as stack:
        out: IO[bytes] = stack.enter_context(draft.open("wb"))
        if compressed:
            # As a single output is compressed: equal content gives equal bytes.
            out = stack.enter_context(gzip.GzipFile("", "wb", fileobj=out, mtime=0))  # type: ignore[arg-type]
        header = b"" if kind == "jsonl" else _header(parts[0], kind, layout)
        for number, path in enumerate(parts):
            with open_binary(path) as file:
                if file.read(len(header)) != header:
                    raise ModelError(f"{path}: has other columns than the parts before it")
                if number == 0:
                    out.write(header)
                shutil.copyfileobj(file, out)


def _header(path: Path, kind: Format, layout: TextLayout) -> bytes:
    """Return the first line of a labelled text table, as it was written."""
    with io.TextIOWrapper(open_binary(path), encoding=layout.encoding, newline="") as text:
        columns = next(csv.reader(text, delimiter=layout.separator(kind)))
    line = io.StringIO(newline="")
    # The cells are as they were written: nothing is defused a second time.
    DelimitedWriter(line, columns, delimiter=layout.separator(kind), line_end="\r\n", raw=True).write_header()
    return line.getvalue().encode(layout.encoding)
