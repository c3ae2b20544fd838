"""A corpus's name in, the folder out where its fetched files are; and the checksums that they must have.

Checksums of what is known ship with the package, in the format of ``sha256sum``. Any other file is pinned
when it is first fetched: in ``pins.json`` of the cache, so that something else does not pass for it later.
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
State = Literal["verified", "as first fetched", "unverified"]


def home(name: str) -> Path:
    """Return the folder of a corpus, whether it has been fetched or not."""
    return cache_folder() / "corpora" / name


def fetched(name: str) -> Path | None:
    """Return the folder of a corpus that has been fetched; None for any other."""
    folder = home(name)
    return folder if folder.is_dir() else None


@cache
def known(name: str) -> Mapping[str, str]:
    """Return the checksums of a corpus's files that ship with the package: path → SHA-256."""
    lines = CHECKSUMS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {path.removeprefix(f"{name}/"): sha for sha, path in pairs if path.startswith(f"{name}/")}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(name: str, folder: Path, *, delete: bool) -> dict[str, State]:
    """Hold every file of a folder to its checksum, and pin those that have none yet.

    Parameters
    ----------
    name : str
        Of the corpus.
    folder : Path
        With its files.
    delete : bool
        Whether a file that is another is deleted, so that it will be fetched again.

    Returns
    -------
    dict
        Path in the folder → ``verified`` (as the package knows it), ``as first fetched``, or ``unverified``
        (first fetched now, and pinned).

    Raises
    ------
    FetchError
        Naming each file that is another than the known or pinned one; nothing is pinned then.
    """
    pinned = _pins()
    mine = pinned.get(name, {})
    found = {
        path.relative_to(folder).as_posix(): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    wrong = [path for path, sha in found.items() if known(name).get(path, mine.get(path, sha)) != sha]
    for path in wrong if delete else ():
        (folder / path).unlink()
    if wrong:
        end = "it is deleted" if delete else f"delete {folder} to fetch it again"
        raise FetchError("\n".join(f"{_another(name, path, found[path], mine)}; {end}" for path in wrong))
    states: dict[str, State] = {
        path: "verified" if path in known(name) else "as first fetched" if path in mine else "unverified"
        for path in found
    }
    new = {path: found[path] for path, state in states.items() if state == "unverified"}
    if new:
        text = json.dumps({**pinned, name: {**mine, **new}}, indent=1, sort_keys=True)
        pins = cache_folder() / "pins.json"
        pins.with_suffix(".new").write_text(text + "\n", encoding="utf-8")
        pins.with_suffix(".new").replace(pins)
    return states


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keep two processes from fetching at once: the second is told so.

    Raises
    ------
    FetchError
        Where another process is fetching, or the cache cannot be written.
    """
    try:
        (cache_folder() / "corpora").mkdir(parents=True, exist_ok=True)
        with (cache_folder() / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FetchError(f"{name}: another process is fetching into {cache_folder()}") from None
            yield
    except PermissionError as error:
        raise FetchError(
            f"{error.filename}: cannot be written; set HARNESS_CACHE to another folder"
        ) from None


def _pins() -> dict[str, dict[str, str]]:
    path = cache_folder() / "pins.json"
    if not path.is_file():
        return {}
    try:
        pins: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise FetchError(f"{path}: is not valid JSON; delete it to pin everything anew") from None
    return pins


def _another(name: str, path: str, sha: str, mine: Mapping[str, str]) -> str:
    if path in known(name):
        return f"{path}: is not the published file: its SHA-256 is {sha}, not {known(name)[path]}"
    pins = cache_folder() / "pins.json"
    return (
        f"{path}: is not the file that was first fetched: its SHA-256 is {sha}, not {mine[path]}; if the new"
        f" one is right, take its line out of {pins}"
    )
