"""A model and a file of rows in, the same rows with label columns out."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from harness.serving.inference.bad_rows import BadRows, none_usable
from harness.serving.inference.checked_files import check_files
from harness.serving.inference.chunks import RowReading, block_start, count_rows, files_of, growing, open_all
from harness.serving.inference.drafts import Draft, Progress
from harness.serving.inference.file_options import DEFAULT, FileOptions
from harness.serving.inference.first_rows import first_rows, judged_rows, like_first
from harness.serving.inference.formats import FileRow, Format, format_of, row_writer
from harness.serving.inference.model_columns import check_columns, frame_of
from harness.serving.inference.row_counter import RowCounter, Tally, aside_note
from harness.serving.inference.row_labeller import RowLabeller
from harness.serving.inference.shards import finished_part
from harness.values.errors import ModelError
from harness.values.outputs import claimed, is_stream, refused_writes
from harness.values.row_files import file_format

OTHER_ROWS = (
    "does not begin with the rows that were labelled before; drop --resume to label it from the start"
)

ROWS_ASIDE = "had rows that were set aside before; name --skip-bad again, or drop --resume"


@dataclass(frozen=True)
class _Job:
    """What is labelled: a model, the source, how it is read, where bad rows go, which part of it."""

    model: RowLabeller
    source: Path | None
    kind: Format
    options: FileOptions
    aside: BadRows | None
    part: range | None = None
    quiet: bool = False

    def goes_on_after(self, row: int) -> bool:
        """Whether rows follow, as far as is known."""
        return self.part is None or row < self.part.stop

    @property
    def n_aside(self) -> int:
        """Rows that were set aside so far."""
        return self.aside.count if self.aside is not None else 0

    @property
    def files(self) -> Sequence[Path | None]:
        """The files that are labelled, one after the other."""
        return files_of(self.source) if self.source is not None else [None]

    @property
    def first(self) -> int:
        """The number of the first row that is labelled, from 0."""
        return self.part.start if self.part is not None else 0


def predict_file(
    model: RowLabeller,
    source: Path | None,
    output: Path | None,
    *,
    stream_format: Format | None = None,
    resume: bool = False,
    options: FileOptions = DEFAULT,
) -> int:
    """Label the rows of a file in chunks; the output holds their columns and the label columns.

    Progress, in rows and rows per second, goes to standard error. The output appears when it is complete;
    until then its rows lie beside it in a file that ends in ``.partial``.

    Parameters
    ----------
    model : LabelModel or Together
    source, output : Path or None
        None: standard input, standard output.
    stream_format : {"csv", "tsv", "jsonl", "parquet", "xlsx"}, optional
        Of standard input and standard output. Default: CSV for standard input, that of the input for standard
        output; of a file the ending says it.
    resume : bool
        Continue where an earlier attempt at ``output`` ended; where there is none, start at the beginning.
    options : FileOptions
        How the files are written, what happens to rows that cannot be labelled, and which part of the rows is
        labelled, into a file of its own beside ``output``.

    Returns
    -------
    int
        Number of rows in the output.

    Raises
    ------
    ModelError
        Naming the file and the rows that cannot be used; the rows before them stay in ``.partial``.
    OutputError
        Where the output cannot be written, is an input, or another process is writing it.
    """
    if options.shard is not None:
        files = _cuttable(source, output)
        total = count_rows(files[0], options.layout)
        return predict_part(model, files, options, total, resume=resume).rows
    check_files(source, output, options)
    kind = format_of(files_of(source)[0]) if source is not None else stream_format or "csv"
    target = _format_of_output(output, stream_format or kind)
    is_open = output is None or is_stream(output)
    if is_open and resume:
        raise ModelError("--resume needs --output FILE")
    job = _Job(model, source, kind, options, _bad_rows(source, options))
    with _labelling(job, output):
        if output is None:
            return _to_stream(job, target, sys.stdout.buffer)
        if is_open:
            with refused_writes(output), output.open("wb") as stream:
                return _to_stream(job, target, stream)
        draft = Draft(output, target, model.digest + options.digest, options.layout)
        return _to_file(job, draft, resume=resume).rows


def predict_part(
    model: RowLabeller,
    files: tuple[Path, Path],
    options: FileOptions,
    total: int,
    *,
    resume: bool = False,
    quiet: bool = False,
) -> Tally:
    """Label one part of the rows of a file, into a file of its own beside ``output``, with a note beside it.

    Parameters
    ----------
    model : LabelModel or Together
    files : tuple of Path
        Input and output of all parts.
    options : FileOptions
        Its ``shard`` is the part.
    total : int
        Rows of all parts.
    resume : bool
        Continue where an earlier attempt ended; a part that is finished is compared with its input, and kept.
    quiet : bool
        Print nothing.

    Returns
    -------
    Tally
        Of the part.

    Raises
    ------
    ModelError, OutputError
        See :func:`predict_file`.
    """
    source, output = _cuttable(*files)
    shard = options.shard
    assert shard is not None
    skip_bad = shard.beside(options.skip_bad) if options.skip_bad is not None else None
    part, output, options = shard.rows(total), shard.beside(output), replace(options, skip_bad=skip_bad)
    check_files(source, output, options)
    kind = format_of(files_of(source)[0])
    job = _Job(model, source, kind, options, _bad_rows(source, options), part, quiet=quiet)
    with _labelling(job, output):
        draft = Draft(output, format_of(output), model.digest + options.digest, options.layout)
        finished = finished_part(output, part, total, draft.model_digest) if resume else None
        if finished is not None:
            if next(_chunks(job, finished), None) is None:
                return Tally(rows=finished.rows, aside=job.n_aside)
            raise ModelError(f"{source}: {OTHER_ROWS}")
        tally = _to_file(job, draft, resume=resume)
        shard.write_note(output, (part, total), tally.aside, draft.reached)
        return tally


def _cuttable(source: Path | None, output: Path | None) -> tuple[Path, Path]:
    """Refuse what has no parts."""
    # A pipe is empty once its rows were counted.
    if source is None or output is None or is_stream(output) or is_stream(source):
        raise ModelError("--shard needs --input and --output: parts are cut out of files")
    if format_of(output) == "xlsx":
        raise ModelError(f"{output}: parts of a workbook cannot be joined; write CSV, JSONL or Parquet")
    return source, output


def _bad_rows(source: Path | None, options: FileOptions) -> BadRows | None:
    if options.skip_bad is None:
        return None
    name = str(source) if source is not None else "standard input"
    return BadRows(options.skip_bad, name, raw=options.layout.raw)


@contextlib.contextmanager
def _labelling(job: _Job, output: Path | None) -> Iterator[None]:
    """Hold what is written for the block, in which a model begins to count anew."""
    from harness.values.language import LanguageWarning

    job.model.absent_targets.reset()
    with warnings.catch_warnings(), claimed(output), claimed(job.options.skip_bad):
        # Printed as a line of its own, without the line of code that a warning shows.
        warnings.simplefilter("ignore", LanguageWarning)
        yield


def _to_file(job: _Job, draft: Draft, *, resume: bool) -> Tally:
    """Label into a draft, which becomes the output; return what was counted."""
    progress = draft.progress() if resume else None
    counter = RowCounter(progress.rows if progress is not None else 0, quiet=job.quiet)
    try:
        with draft.opened(progress):
            for chunk in _chunks(job, progress):
                read = chunk.read if job.aside else None
                draft.write(chunk.rows, chunk.schema, chunk.input_digest, read, like=chunk.like)
                _count(counter, job, chunk)
    finally:
        counter.end()
        if draft.partial.exists():
            counter.print(
                f"{draft.rows:,} labelled rows are in {draft.partial}; --resume continues after them"
            )
    return _concluded(counter, job)


def _count(counter: RowCounter, job: _Job, chunk: _Chunk) -> None:
    counter.tally = replace(counter.tally, replaced=chunk.replaced, remarks=job.model.notes)
    counter.add(len(chunk.rows), _unanswered(chunk.rows, job.model.columns))
    counter.notes(job.model.notes)


def _concluded(counter: RowCounter, job: _Job) -> Tally:
    """Print what a reader of the labels should know; return what was counted."""
    tally = replace(counter.tally, aside=job.n_aside, absent=replace(job.model.absent_targets))
    counter.notes(tally.notes)
    if job.aside is not None:
        counter.print(aside_note(tally.aside, job.aside.path))
    return tally


@dataclass(frozen=True)
class _Chunk:
    """Labelled rows, rows whose columns and types the output has, types of a Parquet source.

    Of the input rows so far: digest, number, those mended.
    """

    rows: list[FileRow]
    like: list[FileRow]
    schema: Any
    input_digest: str
    read: int
    replaced: int = 0


def _chunks(job: _Job, progress: Progress | None) -> Iterator[_Chunk]:
    """Label the rows that are not labelled yet; those that are must be the rows of the earlier attempt."""
    digest, count = hashlib.sha256(), job.first
    done, done_digest = job.first, ""
    if progress is not None:
        done, done_digest = job.first + progress.input_rows, progress.input_digest
        if job.aside is None and progress.input_rows != progress.rows:
            raise ModelError(f"{job.source or 'standard input'}: {ROWS_ASIDE}")
    options, aside = job.options, job.aside
    # Parts and attempts have the columns of the rows that the output begins with.
    first, like = list[FileRow](), list[FileRow]()
    if job.first:
        first = first_rows(job.model, (job.files, job.kind), options, job.first)
    try:
        reading = RowReading(options.layout, keep_bad=aside is not None)
        with open_all(job.files, job.kind, reading, skip=job.first) as rows:
            for chunk in growing(rows.chunks, job.first):
                new = count >= done
                if block_start(count) == count:
                    job.model.forget()
                # Rows of an earlier attempt, too: the file of bad rows is written anew.
                usable = chunk if aside is None else _usable(job, chunk, count)
                first = first or usable
                # What was labelled of a block that goes on is labelled again, so that the cache is as it was.
                is_computed = new or (count >= block_start(done) and job.goes_on_after(done))
                labelled = _labelled(job.model, usable, count, options) if is_computed and usable else []
                # Of values as they were read, since a Parquet file has no lines; lone surrogates do not
                # encode.
                digest.update("\n".join(map(repr, chunk)).encode("utf-8", "replace"))
                count += len(chunk)
                if labelled and new:
                    like = like or like_first(first, labelled, job.model.columns)
                    read = count - job.first
                    yield _Chunk(labelled, like, rows.schema, digest.hexdigest(), read, rows.cells.replaced)
                # Chunks always have the same sizes, so the rows of the earlier attempt end where a chunk
                # ends.
                elif not new and count >= done and (count, digest.hexdigest()) != (done, done_digest):
                    raise ModelError(OTHER_ROWS)
                # Before another chunk is read: what is wrong with it is the next part's.
                if job.part is not None and count >= job.part.stop:
                    break
        _check_counts(job, count, done)
    except ModelError as error:
        raise ModelError(f"{job.source if job.source is not None else 'standard input'}: {error}") from error
    finally:
        if aside is not None:
            aside.close()


def _check_counts(job: _Job, count: int, done: int) -> None:
    if count == 0:
        hint = "; --input FILE names a file" if job.source is None else ""
        raise ModelError(f"has no rows{hint}")
    if count < done:
        raise ModelError(OTHER_ROWS)
    read = count - job.first
    # Of parts the others may have rows that can; joining them refuses what has none.
    if job.part is None and job.aside is not None and job.aside.count == read:
        raise ModelError(none_usable(read, job.aside.path))


def _usable(job: _Job, chunk: list[FileRow], done: int) -> list[FileRow]:
    """Set the rows aside that cannot be labelled, and return the others."""
    assert job.aside is not None
    usable = []
    for number, (row, reason) in enumerate(judged_rows(job.model, chunk, job.options), start=done + 1):
        if reason:
            job.aside.add(number, row, reason)
        else:
            usable.append(row)
    return usable


def _format_of_output(output: Path | None, otherwise: Format) -> Format:
    """Return the format of an output; standard output and devices have no ending that says it."""
    if output is None or (is_stream(output) and file_format(output) is None):
        return otherwise
    return format_of(output)


def _to_stream(job: _Job, kind: Format, stream: BinaryIO) -> int:
    out, counter = None, RowCounter()
    try:
        for chunk in _chunks(job, None):
            if out is None:
                layout = job.options.layout
                out = row_writer(stream, kind, list(chunk.rows[0]), chunk.schema, layout=layout)
            out.write(chunk.rows)
            # The reader of a pipe gets each chunk as soon as it is labelled.
            stream.flush()
            _count(counter, job, chunk)
        if out is not None:
            out.close()
        stream.flush()
    except BrokenPipeError:
        # The reader of the pipe is gone (``| head``); Python would report it again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    counter.end()
    return _concluded(counter, job).rows


def _unanswered(rows: list[FileRow], columns: list[str]) -> int:
    """Count the rows that a model gave no answer for."""
    probabilities = [name for name in columns if name.startswith("p_")]
    return sum(any(row[name] is None for name in probabilities) for row in rows)


def _labelled(
    model: RowLabeller, chunk: list[FileRow], done: int, options: FileOptions = DEFAULT
) -> list[FileRow]:
    # Of a JSONL file any row may have it, and its value would be overwritten.
    clash = [name for name in model.columns if any(name in row for row in chunk)]
    if clash:
        raise ModelError(f"already has a column {clash[0]!r}, which the labels are written to; rename it")
    check_columns(model, chunk, options)
    table = model.predict(frame_of(chunk, options), first=done + 1)
    # Of a row without an answer the probabilities are NaN, which JSON has no word for.
    gaps = {name: column for name, column in table.items() if column.hasnans}
    table = table.assign(**{str(name): c.astype(object).where(c.notna(), None) for name, c in gaps.items()})
    labels = table.to_dict("records")
    return [
        {**row, **{str(name): value for name, value in row_labels.items()}}
        for row, row_labels in zip(chunk, labels, strict=True)
    ]
