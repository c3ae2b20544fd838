"""A corpus's name in, its files in the cache out: from their publishers, a mirror or a person's folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from harness.corpora.card import load_card
from harness.corpora.fetch import checksums
from harness.corpora.fetch.archives import copy, unpack
from harness.corpora.fetch.downloads import PATIENCE, AbsentError, Patience, download
from harness.corpora.fetch.publishers import SOURCES, Source
from harness.values import catalog
from harness.values.errors import ConfigError, FetchError, Problem, suggest


@dataclass(frozen=True)
class Fetched:
    """A corpus that is in the cache.

    Attributes
    ----------
    folder : Path
    states : mapping
        Path in the folder → how far the file is known, see :func:`harness.corpora.fetch.checksums.check`.
    before : bool
        Whether it was there already.
    absent : tuple of str
        Files that are not there, which the loader can do without.
    """

    folder: Path
    states: Mapping[str, checksums.State]
    before: bool
    absent: tuple[str, ...] = ()


def fetch(
    name: str, *, mirror: str = "", given: Path | None = None, patience: Patience = PATIENCE
) -> Fetched:
    """Put a corpus's files into the cache, where its loader finds them.

    Parameters
    ----------
    name : str
        Of the catalogue.
    mirror : str
        An address under which the files are offered too: as they stand in the corpus's folder, or, where they
        are published in an archive, that archive under its own name. Left empty, the publishers'.
    given : Path, optional
        A person's own folder, or zip archive, with the files; nothing is downloaded then.
    patience : Patience
        With the server.

    Returns
    -------
    Fetched
        Once the files are there, whole and checked; what the server lacks is left out where the loader can do
        without it, and a folder in the cache is never less than can be read.

    Raises
    ------
    ConfigError
        For an unknown name, or one that is not fetched; or where ``mirror`` and ``given`` are both set.
    FetchError
        Where something stands in the way, with what to do.
    """
    source = _source(name)
    if mirror and given is not None:
        raise ConfigError([Problem("--mirror", "and --from exclude each other")])
    home = checksums.home(name)
    with checksums.alone(name):
        if home.is_dir():
            return _fetched(source, home, checksums.check(name, home, delete=False), before=True)
        begun = home.with_name(f"{name}.begun")
        if given is not None:
            _given(given, begun, source)
        elif source.request and not mirror:
            card = load_card(name)
            said = f"{card.title} cannot be fetched: {source.request}. Licence: {card.licence}"
            raise FetchError(said)
        else:
            _downloaded(name, source, mirror, begun, patience)
        states = checksums.check(name, begun, delete=True)
        begun.rename(home)
    return _fetched(source, home, states, before=False)


def _fetched(source: Source, home: Path, states: Mapping[str, checksums.State], *, before: bool) -> Fetched:
    absent = tuple(path for path in source.files if source.spares(path) and path not in states)
    return Fetched(home, states, before, absent)


def _source(name: str) -> Source:
    catalog.lookup("corpus", name, "corpus")
    if name not in SOURCES:
        what = (
            "ships with the package" if name == "partyline" else "is not fetched; a config says where it is"
        )
        raise ConfigError([Problem(name, f"{load_card(name).title}: {what}", suggest(name, SOURCES))])
    return SOURCES[name]


def _given(given: Path, begun: Path, source: Source) -> None:
    shutil.rmtree(begun, ignore_errors=True)
    try:
        copy(given.expanduser(), begun, source)
    except (FetchError, OSError) as error:
        shutil.rmtree(begun, ignore_errors=True)
        if isinstance(error, OSError):
            raise FetchError(f"{error.filename or begun}: {error.strerror or error}") from None
        raise


def _downloaded(name: str, source: Source, mirror: str, begun: Path, patience: Patience) -> None:
    try:
        if source.archive:
            _archive(source, mirror, begun, patience)
        else:
            _files(name, source, mirror, begun, patience)
    finally:
        # What has arrived is kept for the next run; folders where nothing has are not.
        if not any(path.is_file() for path in begun.rglob("*")):
            shutil.rmtree(begun, ignore_errors=True)


def _archive(source: Source, mirror: str, begun: Path, patience: Patience) -> None:
    name = PurePosixPath(urlsplit(source.archive).path).name
    folder = begun / ".archive"
    download(_beside(mirror, name) if mirror else source.archive, folder / name, patience=patience)
    try:
        unpack(folder / name, begun, source)
    finally:
        # An archive that is no good would be found whole the next time.
        shutil.rmtree(folder, ignore_errors=True)


def _files(name: str, source: Source, mirror: str, begun: Path, patience: Patience) -> None:
    if not source.files:
        raise FetchError(f"{name}: which files a mirror has is not known; give a folder with --from")
    for path, official in source.files.items():
        address = _beside(mirror, path) if mirror else official
        try:
            download(address, begun / path, checked=path in checksums.known(name), patience=patience)
        except AbsentError:
            if not source.spares(path):
                raise


def _beside(mirror: str, path: str) -> str:
    return f"{mirror.rstrip('/')}/{quote(path)}"
