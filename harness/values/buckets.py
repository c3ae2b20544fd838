"""Objects in S3 and in Google Cloud Storage in, copies on this machine out, and back; by pyarrow."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from harness.values.bucket_addresses import CREDENTIALS, BucketAddress
from harness.values.errors import BucketError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Answer = TypeVar("Answer")

PATIENCE = 25.0
"""Seconds that a first answer may take; a name that leads nowhere is told after a tenth of one."""

CONNECT_SECONDS, FIRST_ATTEMPTS, ATTEMPTS = 5.0, 2, 10
"""For a connection; attempts at the first question, and at each piece once there was an answer."""

PIECE = 8 * 2**20
"""Bytes that are asked for at a time."""

_DENIED = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|SIGNATURE_DOES_NOT_MATCH|EXPIRED_TOKEN"
    r"|HTTP response code 40[13]|PERMISSION_DENIED|UNAUTHENTICATED|OAuth2 access token"
)


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket.

    Attributes
    ----------
    path : str
        Bucket and key.
    name : str
        Relative to what was listed.
    size : int
        Bytes.
    modified : int
        Nanoseconds since 1970.
    """

    path: str
    name: str
    size: int
    modified: int


@dataclass(frozen=True)
class Bucket:
    """What lies at an address.

    Attributes
    ----------
    address : BucketAddress
    """

    address: BucketAddress
    _systems: dict[bool, Any] = field(default_factory=dict, repr=False, compare=False)

    def objects(self, wanted: Callable[[Path], bool]) -> list[StoredObject]:
        """List an object, or those below a folder that are wanted, in the order of their names.

        Parameters
        ----------
        wanted : callable
            Name below the folder → whether it is listed; not asked of a single object.

        Raises
        ------
        BucketError
            In one line, within 30 s: there is nothing, no bucket, no connection, or no access.
        """
        from pyarrow import fs

        system, path = self._system(patient=False), self.address.path

        def listed() -> list[Any]:
            info = system.get_file_info(path)
            if info.type == fs.FileType.File:
                return [info]
            return list(system.get_file_info(fs.FileSelector(path, recursive=True)))

        every = _stored(self._answered(listed), path)
        return sorted((item for item in every if item.path == path or wanted(Path(item.name))), key=_by_name)

    def existing(self, names: Iterable[str]) -> list[StoredObject]:
        """Return those of some objects of a folder that exist.

        Raises
        ------
        BucketError
        """
        # One question for each name: a listing would go through all that lies in the folder.
        system, path = self._system(patient=False), self.address.path
        paths = [f"{path}/{name}" for name in names]
        return _stored(self._answered(lambda: system.get_file_info(paths)), path)

    def check(self) -> None:
        """Ask whether the bucket is there, before hours are spent on what shall be written to it.

        Raises
        ------
        BucketError
        """
        from pyarrow import fs

        system = self._system(patient=False)
        info = self._answered(lambda: system.get_file_info(self.address.bucket))
        if info.type == fs.FileType.NotFound:
            raise BucketError(f"{self.address}: there is no bucket {self.address.bucket!r}")

    def fetch(self, item: StoredObject, path: Path) -> None:
        """Copy an object to a file, which appears when it is whole.

        Raises
        ------
        BucketError
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole: half of a table looks like a short one.
        draft = path.with_name(f"{path.name}.fetching")
        with (
            self._failures(),
            self._system().open_input_stream(item.path) as source,
            draft.open("wb") as copy,
        ):
            shutil.copyfileobj(source, copy, PIECE)
        draft.replace(path)
        os.utime(path, ns=(item.modified, item.modified))

    def fetch_ranges(self, item: StoredObject, path: Path, ranges: Sequence[tuple[int, int]]) -> None:
        """Copy ranges of bytes to a file of the whole object's length, which is empty elsewhere.

        A file system with sparse files gives the empty parts no room.

        Parameters
        ----------
        item : StoredObject
        path : Path
        ranges : sequence of (int, int)
            First byte, and the one after the last.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.opened(item) as source, path.open("wb") as copy:
            copy.truncate(item.size)
            for start, stop in ranges:
                copy.seek(start)
                source.seek(start)
                for at in range(start, stop, PIECE):
                    copy.write(source.read(min(PIECE, stop - at)))
        os.utime(path, ns=(item.modified, item.modified))

    @contextmanager
    def opened(self, item: StoredObject) -> Iterator[Any]:
        """Open an object as a binary file whose parts are fetched as they are read.

        Raises
        ------
        BucketError
        """
        with self._failures(), self._system().open_input_file(item.path) as source:
            yield source

    def upload(self, path: Path) -> None:
        """Copy a file to the address, where it appears when it is whole.

        Raises
        ------
        BucketError
        """
        # In a process of its own: one that is ended leaves nothing behind, while a stream that is closed
        # after an interruption would make half of a file an object.
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_upload, args=(self.address, path, sender), daemon=True)
        process.start()
        sender.close()
        try:
            failure = receiver.recv()
        except EOFError:
            failure = f"{self.address}: the process that uploaded it was ended"
        finally:
            process.kill()
            process.join()
            receiver.close()
        if failure:
            raise BucketError(failure)

    def copy_whole(self, path: Path) -> None:
        """Copy a file to the address, in this process; nothing interrupts it.

        Raises
        ------
        BucketError
        """
        from pyarrow import fs

        system = self._system()
        with self._failures():
            fs.copy_files(str(path), self.address.path, fs.LocalFileSystem(), system)
            # What a failure left behind is not taken for the file.
            size = system.get_file_info(self.address.path).size
            if size != path.stat().st_size:
                raise OSError(f"{size} of {path.stat().st_size} bytes arrived")

    def _answered(self, question: Callable[[], Answer]) -> Answer:
        """Return an answer, or say that there is none in time: some servers take a call and keep silent."""
        answers, failures = list[Answer](), list[Exception]()

        def ask() -> None:
            try:
                answers.append(question())
            except (OSError, ValueError) as error:
                failures.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        with self._failures():
            for failure in failures:
                raise failure
        if not answers:
            raise BucketError(f"{self.address}: no answer within {PATIENCE:.0f} s")
        return answers[0]

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except BucketError:
            raise
        except (OSError, ValueError) as error:
            raise BucketError(f"{self.address}: {self._reason(str(error))}") from error

    def _reason(self, text: str) -> str:
        """Say in a clause what pyarrow says in several lines."""
        if "NO_SUCH_BUCKET" in text or ("Path does not exist" in text and not self.address.key):
            return f"there is no bucket {self.address.bucket!r}"
        if "Path does not exist" in text:
            return "does not exist"
        if _DENIED.search(text):
            return f"no access; credentials are read from {CREDENTIALS[self.address.scheme]}"
        if "NETWORK_CONNECTION" in text or "Could not connect" in text:
            return f"no connection: {text.rpartition('Details: ')[2].splitlines()[0]}"
        return (text.splitlines() or ["no reason is given"])[0][:200]

    def _system(self, *, patient: bool = True) -> Any:
        """Return the file system; one that is not patient gives up soon, where nothing has answered yet."""
        if patient not in self._systems:
            build = _s3 if self.address.scheme == "s3" else _gs
            # Without a region that is stated, S3 is asked for that of the bucket.
            self._systems[patient] = self._answered(lambda: build(self.address, patient))
        return self._systems[patient]


def _upload(address: BucketAddress, path: Path, sender: Connection) -> None:
    """Upload a file, and say what failed; an empty text where nothing did."""
    try:
        Bucket(address).copy_whole(path)
    except BucketError as error:
        sender.send(str(error))
    else:
        sender.send("")


def _stored(infos: Iterable[Any], path: str) -> list[StoredObject]:
    from pyarrow import fs

    return [
        StoredObject(info.path, info.path[len(path) + 1 :] or info.base_name, info.size, info.mtime_ns or 0)
        for info in infos
        if info.type == fs.FileType.File
    ]


def _by_name(item: StoredObject) -> Path:
    # As the files of a folder are sorted: by the parts of their paths.
    return Path(item.name)


def _s3(address: BucketAddress, patient: bool) -> Any:
    from pyarrow import fs

    options = dict(address.options)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if endpoint and "endpoint_override" not in options:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        options |= {"endpoint_override": parts.netloc, "scheme": options.get("scheme", parts.scheme)}
    # Asking Amazon for the region takes a request, and where there is no network its patience.
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        # A store of one's own has no regions; any name will do.
        region = "us-east-1" if "endpoint_override" in options else fs.resolve_s3_region(address.bucket)
    return fs.S3FileSystem(
        region=region,
        endpoint_override=options.get("endpoint_override"),
        scheme=options.get("scheme"),
        connect_timeout=CONNECT_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS if patient else FIRST_ATTEMPTS),
    )


def _gs(address: BucketAddress, patient: bool) -> Any:
    from datetime import timedelta

    from pyarrow import fs

    del address
    return fs.GcsFileSystem(retry_time_limit=timedelta(minutes=5) if patient else timedelta(seconds=10))
