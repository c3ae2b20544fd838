"""A zip archive, or a person's folder, in; those of its files that belong to a corpus out."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.corpora.fetch.publishers import Source
from harness.values.errors import FetchError


def unpack(archive: Path, folder: Path, source: Source) -> None:
    """Take a corpus's files out of a zip archive.

    Parameters
    ----------
    archive : Path
        Whose paths are checked first: one that leads out of the folder, or a link, and nothing is unpacked.
    folder : Path
        Where they go.
    source : Source
        Which files, and where.

    Raises
    ------
    FetchError
        Where the archive is none, is cut off, would lead out of the folder, has two files for one place or
        none at all, or does not fit on the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in opened.infolist() if not one.is_dir()]
            unsafe = [one.filename for one in members if _leads_out(one)]
            if unsafe:
                what = f"holds {unsafe[0]!r}, which leads out of its folder; nothing is unpacked"
                raise FetchError(f"{archive.name}: {what}")
            places = _places(archive.name, [one.filename for one in members], source)
            wanted = {one: places[one.filename] for one in members if one.filename in places}
            _fits(folder, sum(one.file_size for one in wanted))
            for member, place in wanted.items():
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, (folder / place).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise FetchError(f"{archive.name}: is no whole zip archive: {error}") from None


def copy(given: Path, folder: Path, source: Source) -> None:
    """Take a corpus's files out of a person's folder, or out of a zip archive of theirs.

    Parameters
    ----------
    given : Path
        A folder, or a zip archive. Links are followed: it is the person's own.
    folder : Path
        Where they go.
    source : Source
        Which files, and where.

    Raises
    ------
    FetchError
        As :func:`unpack`, or where nothing is there.
    """
    if given.is_file():
        unpack(given, folder, source)
        return
    if not given.is_dir():
        raise FetchError(f"{given}: is not there")
    files = {path.relative_to(given).as_posix(): path for path in sorted(given.rglob("*")) if path.is_file()}
    places = _places(str(given), files, source)
    _fits(folder, sum(files[name].stat().st_size for name in places))
    for name, place in places.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[name], folder / place)


def _places(where: str, names: Iterable[str], source: Source) -> dict[str, str]:
    placed = {name: place for name in names if (place := source.place(name))}
    if not placed:
        raise FetchError(f"{where}: holds none of the corpus's files: {', '.join(source.holds)}")
    first: dict[str, str] = {}
    for name, place in placed.items():
        if first.setdefault(place, name) != name:
            raise FetchError(f"{where}: has two files for {place}: {first[place]} and {name}")
    return placed


def _fits(folder: Path, needed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FetchError(f"{folder}: the disk is full: {needed:,} bytes are needed, {free:,} are free")


def _leads_out(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    return link or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
