"""Addresses in buckets in; files on this machine to read and write in their place, uploaded at the end, out.

Labelling reads and writes files: of rows in a bucket it gets a copy, and what it writes is uploaded when it
is whole, so that nobody sees half of it. Of Parquet a part needs its own row groups alone, and whoever counts
rows needs none. The copies lie in a folder that is the same for the same call, where ``--resume`` finds what
was labelled.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.serving.inference.chunks import files_of, is_row_file
from harness.serving.inference.formats import format_of
from harness.serving.inference.shards import Shard, note_of
from harness.values.bucket_addresses import BucketAddress, is_remote
from harness.values.buckets import Bucket, StoredObject
from harness.values.cache import cache_folder
from harness.values.errors import BucketError, HarnessError, ModelError, SameFileError
from harness.values.outputs import claimed, refused_writes

WHOLE = ".whole.json"
"""Beside a labelled file that waits for its upload: what it was labelled from, and by which model."""

MAGIC = 4
"""Bytes at the beginning of a Parquet file, and at its end."""

FOOTER = 8
"""Bytes at the end of a Parquet file that say how long its index is."""


@dataclass(frozen=True)
class NamedFiles:
    """What a call reads and writes.

    Attributes
    ----------
    source, output : str
        Addresses, paths, or ``-``.
    shard : Shard or None
        The part that is labelled.
    parts : int or None
        How many labelled parts are joined.
    resume : bool
        Keep what an earlier attempt labelled.
    scratch : Path or None
        Where copies of what lies in buckets are; None: in the cache.

    Raises
    ------
    ModelError
        Where ``scratch`` has no effect.
    """

    source: str
    output: str
    shard: Shard | None = None
    parts: int | None = None
    resume: bool = False
    scratch: Path | None = None

    def __post_init__(self) -> None:
        if self.scratch is not None and not self.is_remote:
            raise ModelError("--scratch has no effect: neither --input nor --output is in a bucket")

    @property
    def is_remote(self) -> bool:
        """Whether something lies in a bucket."""
        return is_remote(self.source) or is_remote(self.output)

    def shown(self) -> str | None:
        """Return the name of what is written; None for standard output."""
        if self.output == "-":
            return None
        if not is_remote(self.output):
            path = Path(self.output)
            return str(self.shard.beside(path) if self.shard is not None else path)
        address = BucketAddress.parse(self.output)
        return str(
            address.beside(self.shard.beside(Path(address.name)).name) if self.shard is not None else address
        )

    @property
    def folder(self) -> Path:
        """Where its copies lie."""
        # Parts of one file that are labelled at the same time have folders of their own.
        digest = hashlib.sha256(repr((self.source, self.output, self.shard, self.parts)).encode()).hexdigest()
        return (self.scratch or cache_folder() / "buckets") / digest[:16]


@dataclass(frozen=True)
class LocalFiles:
    """Files on this machine that are read and written.

    Attributes
    ----------
    source, output : Path or None
        None: standard input, standard output.
    is_uploaded : bool
        Whether the whole output is a copy that is uploaded.
    """

    source: Path | None
    output: Path | None
    is_uploaded: bool = False

    def rows_of_earlier(self, origin: str) -> int | None:
        """Return the rows of an output that an earlier attempt labelled and could not upload.

        Parameters
        ----------
        origin : str
            Digest of the model, and of how files are read and written.

        Returns
        -------
        int or None
            None where there is none of the same origin and the same input.
        """
        if not self.is_uploaded:
            return None
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return int(note["rows"]) if note["of"] == self._digest(origin) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def note_rows(self, origin: str, rows: int) -> None:
        """Note what an output that is to be uploaded was labelled from; see :meth:`rows_of_earlier`."""
        if self.is_uploaded:
            with refused_writes(self._note):
                note = {"of": self._digest(origin), "rows": rows}
                self._note.write_text(json.dumps(note), encoding="utf-8")

    @property
    def _note(self) -> Path:
        assert self.output is not None
        return self.output.with_name(self.output.name + WHOLE)

    def _digest(self, origin: str) -> str:
        status = (
            [(path.name, path.stat()) for path in files_of(self.source)] if self.source is not None else []
        )
        files = [(name, each.st_size, each.st_mtime_ns) for name, each in status]
        # Copies have the times of what they were copied from.
        return hashlib.sha256(repr((origin, files)).encode()).hexdigest()


@contextlib.contextmanager
def local_files(call: NamedFiles) -> Iterator[LocalFiles]:
    """Provide files for the block; upload what was written when it ends, and delete the copies.

    Raises
    ------
    BucketError
        Where something cannot be fetched or uploaded; what was labelled then stays on this machine.
    SameFileError
        Where the output is the input.
    ModelError
        Where the output lies in the folder that is labelled, or an address names no format.
    OutputError
        Where another process of this machine does the same.
    """
    source, output = (
        BucketAddress.parse(name) if is_remote(name) else None for name in (call.source, call.output)
    )
    if not call.is_remote:
        yield LocalFiles(_path(call.source, None, Path()), _path(call.output, None, Path()))
        return
    _keep_apart(source, output)
    if output is not None:
        format_of(Path(output.name))
        # Before anything is labelled: an hour later it would be a pity.
        Bucket(output).check()
    folder = call.folder
    with claimed(folder, folder=True):
        # As labelling does without --resume: it begins anew.
        if not call.resume:
            shutil.rmtree(folder / "out", ignore_errors=True)
        local = LocalFiles(
            _path(call.source, source, folder / "in"),
            _path(call.output, output, folder / "out"),
            is_uploaded=output is not None and call.shard is None,
        )
        try:
            with _named(source, local.source), _named(output, local.output):
                if source is not None:
                    _fetch(call, Bucket(source), folder / "in")
                if output is not None:
                    _prepare_output(call, output, local)
                yield local
            if output is not None:
                _upload(call, output, local)
        finally:
            # The rows are in the bucket; what was labelled is kept where it was not uploaded.
            shutil.rmtree(folder / "in", ignore_errors=True)
            if call.parts is not None and local.output is not None and not local.output.exists():
                # Copies of parts that do not fit together.
                shutil.rmtree(folder / "out", ignore_errors=True)
            with contextlib.suppress(OSError):
                (folder / "out").rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _keep_apart(source: BucketAddress | None, output: BucketAddress | None) -> None:
    if source is None or output is None or not source.holds(output):
        return
    if source.path == output.path:
        raise SameFileError(f"{output} is an input, too, and would be overwritten; name another output")
    raise ModelError(f"{output}: lies in the folder that is labelled; write it elsewhere")


def _path(name: str, address: BucketAddress | None, folder: Path) -> Path | None:
    if address is not None:
        return folder / address.name
    return None if name == "-" else Path(name)


@contextlib.contextmanager
def _named(address: BucketAddress | None, path: Path | None) -> Iterator[None]:
    """Let errors name an address, not its copy, which nobody knows."""
    try:
        yield
    except HarnessError as error:
        if address is not None and path is not None:
            error.args = tuple(
                text.replace(str(path), str(address)) if isinstance(text, str) else text
                for text in error.args
            )
        raise


def _fetch(call: NamedFiles, bucket: Bucket, folder: Path) -> None:
    """Fetch what a call needs of its input."""
    objects = bucket.objects(is_row_file)
    if not objects:
        raise ModelError(f"{bucket.address}: holds no file of rows")
    is_single = objects[0].path == bucket.address.path
    root = folder / bucket.address.name
    paths = [root if is_single else root / item.name for item in objects]
    shutil.rmtree(folder, ignore_errors=True)
    with refused_writes(folder):
        folder.mkdir(parents=True, exist_ok=True)
        ranges = _ranges(call, bucket, objects, paths)
        for item, path in zip(objects, paths, strict=True):
            if path in ranges:
                bucket.fetch_ranges(item, path, ranges[path])
            else:
                bucket.fetch(item, path)


def _ranges(
    call: NamedFiles, bucket: Bucket, objects: Sequence[StoredObject], paths: Sequence[Path]
) -> dict[Path, list[tuple[int, int]]]:
    """Return which bytes a call needs, of each file; of a file that is needed whole, nothing."""
    if (call.shard is None and call.parts is None) or any(format_of(path) != "parquet" for path in paths):
        return {}
    indexes = [_index(bucket, item) for item in objects]
    if any(index is None for index in indexes):
        # Damaged: labelling says how, where it reads the file.
        return {}
    total = sum(index.num_rows for index in indexes if index is not None)
    rows = call.shard.rows(total) if call.shard is not None else range(0)
    needed, first = {}, 0
    for item, path, index in zip(objects, paths, indexes, strict=True):
        assert index is not None
        # What a reader looks at before any row.
        ranges = [(0, MAGIC), (item.size - index.serialized_size - FOOTER, item.size)]
        for number in range(index.num_row_groups):
            group = index.row_group(number)
            # The first rows of all, too: what a model that asks a server costs is estimated by them.
            if first == 0 or (first < rows.stop and first + group.num_rows > rows.start):
                ranges += [_bytes_of(group.column(column)) for column in range(group.num_columns)]
            first += group.num_rows
        needed[path] = sorted(ranges)
    return needed


def _index(bucket: Bucket, item: StoredObject) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    with bucket.opened(item) as file:
        try:
            return parquet.read_metadata(file)
        except (pa.ArrowInvalid, NotImplementedError):
            return None


def _bytes_of(column: Any) -> tuple[int, int]:
    """Return where a column of a row group begins and ends in its file."""
    start = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
    return start, start + column.total_compressed_size


def _prepare_output(call: NamedFiles, output: BucketAddress, local: LocalFiles) -> None:
    """Make room for an output; fetch labelled parts that are joined, or the one that is resumed."""
    assert local.output is not None
    with refused_writes(local.output):
        local.output.parent.mkdir(parents=True, exist_ok=True)
    if call.parts is not None:
        shards = [Shard(number, call.parts) for number in range(1, call.parts + 1)]
    elif call.shard is not None and call.resume and not call.shard.beside(local.output).exists():
        shards = [call.shard]
    else:
        return
    names = [path.name for shard in shards for path in _files_of_part(shard.beside(local.output))]
    bucket = Bucket(output.beside(""))
    for item in bucket.existing(names):
        bucket.fetch(item, local.output.parent / item.name)


def _upload(call: NamedFiles, output: BucketAddress, local: LocalFiles) -> None:
    assert local.output is not None
    paths = [local.output] if call.shard is None else _files_of_part(call.shard.beside(local.output))
    try:
        for path in paths:
            Bucket(output.beside(path.name)).upload(path)
    except BucketError as error:
        raise BucketError(
            f"{error}; what was labelled is whole in {paths[0]}: copy it, or repeat the command with --resume"
        ) from error
    shutil.rmtree(local.output.parent, ignore_errors=True)


def _files_of_part(part: Path) -> list[Path]:
    """Return a labelled part and its note, which comes last: what it speaks of has to be there."""
    return [part, note_of(part)]
