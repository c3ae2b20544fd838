"""A corpus's name in, its folder in the cache and the checksums that its files must have out.

Checksums of published files ship with the package (``checksums.txt``, in the format of ``sha256sum``). Any
other file is pinned when it is first fetched, in ``pins.json`` of the cache folder, so that a different file
is noticed later.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from harness.values.cache import cache_folder
from harness.values.errors import FetchError

CHECKSUMS = Path(__file__).parent / "checksums.txt"
FileState = Literal["verified", "as first fetched", "unverified"]


def corpus_folder(name: str) -> Path:
    """Return the folder of a corpus in the cache, whether it has been fetched or not."""
    return cache_folder() / "corpora" / name


def fetched_folder(name: str) -> Path | None:
    """Return the folder of a corpus that has been fetched; None for any other."""
    folder = corpus_folder(name)
    return folder if folder.is_dir() else None


@cache
def published_checksums(name: str) -> Mapping[str, str]:
    """Return the checksums of a corpus's files that ship with the package: path → SHA-256."""
    lines = CHECKSUMS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {path.removeprefix(f"{name}/"): sha for sha, path in pairs if path.startswith(f"{name}/")}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(name: str, folder: Path, *, delete: bool) -> dict[str, FileState]:
    """Compare every file of a folder with its checksum, and pin those that have none yet.

    Parameters
    ----------
    name : str
        Of the corpus.
    folder : Path
        With its files.
    delete : bool
        Whether a file with a wrong checksum is deleted, so that it will be fetched again.

    Returns
    -------
    dict
        Path in the folder → ``verified`` (equals the published file), ``as first fetched``, or ``unverified``
        (fetched now for the first time, and pinned).

    Raises
    ------
    FetchError
        Naming each file that differs from the published or pinned one; nothing is pinned then.
    """
    pins = _read_pins()
    pinned, published = pins.get(name, {}), published_checksums(name)
    actual = {
        path.relative_to(folder).as_posix(): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    # A published checksum counts more than one that was pinned before it was known.
    mismatched = [path for path, sha in actual.items() if published.get(path, pinned.get(path, sha)) != sha]
    for path in mismatched if delete else ():
        (folder / path).unlink()
    if mismatched:
        end = "it was deleted" if delete else f"delete {folder} to fetch it again"
        lines = [f"{_mismatch(path, actual[path], published, pinned)}; {end}" for path in mismatched]
        raise FetchError("\n".join(lines))
    states: dict[str, FileState] = {
        path: "verified" if path in published else "as first fetched" if path in pinned else "unverified"
        for path in actual
    }
    new = {path: actual[path] for path, state in states.items() if state == "unverified"}
    if new:
        _write_pins({**pins, name: {**pinned, **new}})
    return states


@contextmanager
def fetch_lock(name: str) -> Iterator[None]:
    """Keep two processes from fetching at once: the second is refused.

    Raises
    ------
    FetchError
        If another process is fetching, or the cache cannot be written.
    """
    try:
        (cache_folder() / "corpora").mkdir(parents=True, exist_ok=True)
        with (cache_folder() / "lock").open("w") as handle:
            try:
                # The system releases the lock when the process ends, however it ends: none is left behind.
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FetchError(f"{name}: another process is fetching into {cache_folder()}") from None
            yield
    except PermissionError as error:
        raise FetchError(
            f"{error.filename}: cannot be written; set HARNESS_CACHE to another folder"
        ) from None


def _pins_file() -> Path:
    return cache_folder() / "pins.json"


def _read_pins() -> dict[str, dict[str, str]]:
    path = _pins_file()
    if not path.is_file():
        return {}
    try:
        pins: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise FetchError(f"{path}: is not valid JSON; delete it to pin all files again") from None
    return pins


def _write_pins(pins: Mapping[str, Mapping[str, str]]) -> None:
    # Written beside and moved into place: whoever is cut off here leaves the old pins whole.
    draft = _pins_file().with_suffix(".new")
    draft.write_text(json.dumps(pins, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(_pins_file())


def _mismatch(path: str, actual: str, published: Mapping[str, str], pinned: Mapping[str, str]) -> str:
    if path in published:
        return f"{path}: is not the published file: its SHA-256 is {actual}, not {published[path]}"
    return (
        f"{path}: is not the file that was first fetched: its SHA-256 is {actual}, not {pinned[path]}; if the"
        f" new one is right, remove its line from {_pins_file()}"
    )
