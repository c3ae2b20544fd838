"""A corpus's name in, its files in the cache out: from the publishers, a mirror or a user's own copy."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from harness.corpora.card import load_card
from harness.corpora.fetch import checksums
from harness.corpora.fetch.archives import copy, unpack
from harness.corpora.fetch.downloads import DEFAULT_RETRIES, AbsentError, RetryPolicy, download
from harness.corpora.fetch.publishers import SOURCES, CorpusSource
from harness.values import catalog
from harness.values.errors import ConfigError, FetchError, Problem, suggest


@dataclass(frozen=True)
class FetchedCorpus:
    """A corpus in the cache.

    Attributes
    ----------
    folder : Path
    states : mapping
        Path in the folder → whether the file is verified, see :func:`harness.corpora.fetch.checksums.check`.
    already : bool
        Whether it was in the cache before.
    missing : tuple of str
        Files that were not fetched, which the reader can do without.
    """

    folder: Path
    states: Mapping[str, checksums.FileState]
    already: bool
    missing: tuple[str, ...] = ()


def fetch(
    name: str, *, mirror: str = "", copy_from: Path | None = None, retries: RetryPolicy = DEFAULT_RETRIES
) -> FetchedCorpus:
    """Put a corpus's files into the cache, where its reader finds them.

    Parameters
    ----------
    name : str
        Of the catalogue.
    mirror : str
        An address under which the files are offered too: with their paths in the corpus's folder, or, where
        they are published in an archive, that archive under its own name. Left empty, the publishers'.
    copy_from : Path, optional
        The user's own folder, or zip archive, with the files; nothing is downloaded then.
    retries : RetryPolicy

    Returns
    -------
    FetchedCorpus
        Once the files are complete and checked. A file that the server lacks is left out if the reader can do
        without it; a folder in the cache always holds enough to be read.

    Raises
    ------
    ConfigError
        For an unknown name, or a corpus that is not fetched; or if ``mirror`` and ``copy_from`` are both set.
    FetchError
        If the files cannot be had, or are not what they should be; with what to do.
    """
    source = _source(name)
    if mirror and copy_from is not None:
        raise ConfigError([Problem("--mirror", "cannot be combined with --from")])
    folder = checksums.corpus_folder(name)
    with checksums.fetch_lock(name):
        if folder.is_dir():
            return _result(source, folder, checksums.check(name, folder, delete=False), already=True)
        # The files are gathered beside and moved when all are checked: a reader never sees half a corpus, and
        # the next run finds what is complete.
        staging = folder.with_name(f"{name}.begun")
        if copy_from is not None:
            _copy(copy_from, staging, source)
        elif source.instructions and not mirror:
            card = load_card(name)
            raise FetchError(
                f"{card.title} cannot be fetched: {source.instructions}. Licence: {card.licence}"
            )
        else:
            _download(name, source, mirror, staging, retries)
        states = checksums.check(name, staging, delete=True)
        staging.rename(folder)
    return _result(source, folder, states, already=False)


def _result(
    source: CorpusSource, folder: Path, states: Mapping[str, checksums.FileState], *, already: bool
) -> FetchedCorpus:
    missing = tuple(path for path in source.files if source.is_optional(path) and path not in states)
    return FetchedCorpus(folder, states, already, missing)


def _source(name: str) -> CorpusSource:
    # Refuses a name that the catalogue does not have, with a suggestion.
    catalog.lookup("corpus", name, "corpus")
    if name not in SOURCES:
        what = "ships with the package" if name == "partyline" else "is not fetched; a config names its files"
        raise ConfigError([Problem(name, what, suggest(name, SOURCES))])
    return SOURCES[name]


def _copy(original: Path, staging: Path, source: CorpusSource) -> None:
    # What an interrupted download left here would be checked, and pinned, as files of the copy.
    shutil.rmtree(staging, ignore_errors=True)
    try:
        copy(original.expanduser(), staging, source)
    except (FetchError, OSError) as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, OSError):
            raise FetchError(f"{error.filename or staging}: {error.strerror or error}") from None
        raise


def _download(name: str, source: CorpusSource, mirror: str, staging: Path, retries: RetryPolicy) -> None:
    try:
        if source.archive:
            _download_archive(source, mirror, staging, retries)
        else:
            _download_files(name, source, mirror, staging, retries)
    finally:
        # Partial files are kept for the next run; empty folders are not.
        if not any(path.is_file() for path in staging.rglob("*")):
            shutil.rmtree(staging, ignore_errors=True)


def _download_archive(source: CorpusSource, mirror: str, staging: Path, retries: RetryPolicy) -> None:
    name = PurePosixPath(urlsplit(source.archive).path).name
    folder = staging / ".archive"
    download(_at_mirror(mirror, name) if mirror else source.archive, folder / name, retries=retries)
    try:
        unpack(folder / name, staging, source)
    finally:
        # A broken archive that stayed here would count as complete the next time.
        shutil.rmtree(folder, ignore_errors=True)


def _download_files(
    name: str, source: CorpusSource, mirror: str, staging: Path, retries: RetryPolicy
) -> None:
    if not source.files:
        raise FetchError(f"{name}: which files a mirror has is not known; name a folder with --from")
    published = checksums.published_checksums(name)
    for path, official in source.files.items():
        address = _at_mirror(mirror, path) if mirror else official
        try:
            download(address, staging / path, checked=path in published, retries=retries)
        except AbsentError:
            if not source.is_optional(path):
                raise


def _at_mirror(mirror: str, path: str) -> str:
    return f"{mirror.rstrip('/')}/{quote(path)}"
