"""A zip archive, or a user's folder, in; those of its files that belong to a corpus out."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.corpora.fetch.publishers import CorpusSource
from harness.values.errors import FetchError
from harness.values.formatting import counted


def unpack(archive: Path, folder: Path, source: CorpusSource) -> None:
    """Take a corpus's files out of a zip archive.

    Parameters
    ----------
    archive : Path
        All its paths are checked before anything is written: if one of them leads outside the folder, or is a
        link, nothing is unpacked.
    folder : Path
        Where the files go.
    source : CorpusSource
        Which files belong to the corpus, and their paths in its folder.

    Raises
    ------
    FetchError
        If the archive is not a zip archive, is cut off, has a path that leads outside the folder, has two
        files for one path of the corpus or none at all, or does not fit on the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            unsafe = [member.filename for member in members if _is_unsafe(member)]
            if unsafe:
                what = f"holds {unsafe[0]!r}, which leads outside its folder; nothing was unpacked"
                raise FetchError(f"{archive.name}: {what}")
            paths = _paths_in_corpus(archive.name, [member.filename for member in members], source)
            selected = {member: paths[member.filename] for member in members if member.filename in paths}
            _check_space(folder, sum(member.file_size for member in selected))
            for member, path in selected.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, (folder / path).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    # zipfile raises NotImplementedError for an unknown compression, RuntimeError for an encrypted member.
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise FetchError(f"{archive.name}: is not a complete zip archive: {error}") from None


def copy(original: Path, folder: Path, source: CorpusSource) -> None:
    """Take a corpus's files out of a user's folder or zip archive.

    Parameters
    ----------
    original : Path
        A folder, or a zip archive. Links in a folder are followed: it is the user's own.
    folder : Path
        Where the files go.
    source : CorpusSource
        Which files belong to the corpus, and their paths in its folder.

    Raises
    ------
    FetchError
        As :func:`unpack`, or if the original does not exist.
    """
    if original.is_file():
        unpack(original, folder, source)
        return
    if not original.is_dir():
        raise FetchError(f"{original}: does not exist")
    files = {
        path.relative_to(original).as_posix(): path for path in sorted(original.rglob("*")) if path.is_file()
    }
    paths = _paths_in_corpus(str(original), files, source)
    _check_space(folder, sum(files[name].stat().st_size for name in paths))
    for name, path in paths.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[name], folder / path)


def _paths_in_corpus(where: str, names: Iterable[str], source: CorpusSource) -> dict[str, str]:
    """Return name → path in the corpus's folder, of the files that belong to it."""
    paths = {name: path for name in names if (path := source.path_in_corpus(name))}
    if not paths:
        raise FetchError(f"{where}: holds none of the corpus's files: {', '.join(source.patterns)}")
    # Of two files for one path, their order in the archive would decide which is kept.
    first: dict[str, str] = {}
    for name, path in paths.items():
        if first.setdefault(path, name) != name:
            raise FetchError(f"{where}: has two files for {path}: {first[path]} and {name}")
    return paths


def _check_space(folder: Path, needed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FetchError(
            f"{folder}: the disk is full: {counted(needed, 'byte')} are needed, {free:,} are free"
        )


def _is_unsafe(member: zipfile.ZipInfo) -> bool:
    """Say whether a member would be written outside the folder, or is a link."""
    # An archive written on Windows may have backslashes, or a drive such as C: in front. The upper 16 bits of
    # the external attributes are the file's mode on Unix, which tells a link from a file.
    path = PurePosixPath(member.filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    return link or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
