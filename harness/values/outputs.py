"""A path in, a file there out: written by one process at a time, and there whole or not at all.

Every file and folder that a person names with ``--output`` is written through here. While it is written, a
lock lies beside it (in it, for a folder), which says who writes. The kernel releases it when that process
ends, however it ends; a lock file that a killed process left means nothing and is taken over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from harness.values.errors import HarnessWarning, OutputError, SameFileError

LOCK = ".lock"
"""Ending of the lock of a file."""

FOLDER_LOCK = ".writing.lock"
"""Name of the lock of a folder, which lies in it: what is around it may not be ours to write to."""

WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What file systems answer that have no locks."""

STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
"""Where paths are that lead to an open stream, even if that stream is a file."""

# Which thread of this process holds which output, and how often: its writers claim again what it has claimed.
_held: dict[Path, tuple[int, int]] = {}
_guard = threading.Lock()


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or a device, which is written to as it is: no lock, no draft."""
    # Before links are followed: /dev/stdout may lead to a regular file that somebody else opened.
    if os.path.abspath(path).startswith(STREAMS):  # noqa: PTH100 (resolve follows links)
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def keep_apart(outputs: Iterable[Path | None], inputs: Iterable[Path | None] = ()) -> None:
    """Refuse an output that is an input or another output: the same file or folder, by whatever name.

    To be called before anything else is done. Nothing is said of pipes and devices.

    Parameters
    ----------
    outputs : iterable of Path or None
        None stands for standard output.
    inputs : iterable of Path or None
        None stands for standard input, which a shell may have opened from a file.

    Raises
    ------
    SameFileError
        With every such output.
    """
    read: set[object] = set()
    earlier: set[object] = set()
    problems = []
    for source in inputs:
        read |= _identities(source)
    for output in (path for path in outputs if path is not None and not is_stream(path)):
        names = _identities(output)
        if names & read:
            problems.append(f"{output} is an input, too, and would be overwritten; name another output")
        elif names & earlier:
            problems.append(f"{output} is named for two outputs; name another for one of them")
        earlier |= names
    if problems:
        raise SameFileError("\n".join(problems))


def _identities(path: Path | None) -> set[object]:
    """Return what a file is known by: its name after links, and its number, which all of its names share."""
    if path is not None and is_stream(path):
        return set()
    names: set[object] = {destination(path)} if path is not None else set()
    # Nothing is there yet, or standard input is closed.
    with contextlib.suppress(OSError):
        status = path.stat() if path is not None else os.fstat(0)
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            names.add((status.st_dev, status.st_ino))
    return names


def destination(path: Path) -> Path:
    """Follow links, so that two names of one file are one output, and a link stays a link."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def claimed(path: Path | None, *, folder: bool = False) -> Iterator[None]:
    """Hold an output against all other processes and threads for the block.

    What this thread holds already it holds on; pipes, devices and None, which stands for standard output, are
    not held at all.

    Parameters
    ----------
    path : Path or None
    folder : bool
        Whether it is a folder, which is created where it is missing, and removed again where it stays empty.

    Raises
    ------
    OutputError
        At once, where another process or thread writes it, or nothing can be written there.
    """
    if path is None or is_stream(path):
        yield
        return
    is_new = folder and not path.exists()
    if folder:
        with refused_writes(path):
            path.mkdir(parents=True, exist_ok=True)
    target, thread = destination(path), threading.get_ident()
    lock = target / FOLDER_LOCK if folder else target.with_name(f"{target.name}{LOCK}")
    with _guard:
        holder, depth = _held.get(target, (thread, 0))
        descriptor = None if depth and holder == thread else _acquired(lock, path)
        _held[target] = (thread, depth + 1)
    try:
        yield
    finally:
        with _guard:
            _, depth = _held.pop(target)
            if depth > 1:
                _held[target] = (thread, depth - 1)
            if descriptor is not None:
                # Deleted while it is held: whoever has opened it sees that it is another file, see below.
                with contextlib.suppress(OSError):
                    lock.unlink()
                os.close(descriptor)
        if is_new:
            # Where nothing was written after all: a folder that holds something cannot be removed.
            with contextlib.suppress(OSError):
                path.rmdir()


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under its name when the block ends, and is whole and on the disk then.

    Its folder is created where there is none. Where the block raises, the file that was there before stays.

    Raises
    ------
    OutputError
        Where it cannot be written, or another process writes it.
    """
    if is_stream(path):
        with refused_writes(path), path.open("wb") as handle:
            yield handle
        return
    with refused_writes(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with claimed(path), refused_writes(path):
        target = destination(path)
        draft = target.with_name(f"{target.name}.new")
        try:
            with draft.open("wb") as handle:
                yield handle
            publish(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8; a lone surrogate in it must not keep it from being written."""
    with written(path) as handle:
        handle.write(text.encode("utf-8", "replace"))


def write_folder(source: Path, folder: Path) -> None:
    """Copy the files of a folder into another one, file by file; what else lies there stays."""
    with claimed(folder, folder=True):
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            with path.open("rb") as content, written(folder / path.relative_to(source)) as handle:
                shutil.copyfileobj(content, handle)


def publish(draft: Path, path: Path) -> None:
    """Move a complete draft to its place, so that not even a power cut leaves half of it there."""
    target = destination(path)
    with draft.open("rb+") as handle:
        os.fsync(handle.fileno())
    draft.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def refused_writes(path: Path) -> Iterator[None]:
    """Turn what the system says against writing a file into an :class:`OutputError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def _acquired(lock: Path, path: Path) -> int:
    """Take the lock of an output, or say who has it."""
    while True:
        with refused_writes(path):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise OutputError(f"{path} is being written by {holder}; wait for it, or name another") from None
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                os.close(descriptor)
                raise OutputError(f"{path} cannot be locked: {error.strerror or error}") from error
            text = f"{path} lies where files cannot be locked: let no other process write it"
            warnings.warn(text, HarnessWarning, stacklevel=2)
        if _is_same(descriptor, lock):
            facts = {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(facts).encode())
            return descriptor
        # Its last holder deleted it between our opening and our locking it.
        os.close(descriptor)


def _is_same(descriptor: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    """Return who holds a lock, from what it wrote there just after it got it."""
    for _ in range(20):
        with contextlib.suppress(ValueError, KeyError):
            facts = json.loads(os.pread(descriptor, 4096, 0))
            who = "this process" if facts["pid"] == os.getpid() else f"process {facts['pid']}"
            return f"{who} since {facts['since']}"
        time.sleep(0.01)
    return "another process"
