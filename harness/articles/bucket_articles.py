"""Paths and addresses of articles in; paths on this machine, with copies of what lies in buckets, out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.articles.article_files import ENDINGS, is_article_file
from harness.values.bucket_addresses import BucketAddress, is_remote
from harness.values.buckets import Bucket
from harness.values.cache import cache_folder
from harness.values.errors import ArticleError, Problem
from harness.values.outputs import refused_writes


@contextlib.contextmanager
def local_articles(named: Sequence[str], scratch: Path | None = None) -> Iterator[tuple[Path, ...]]:
    """Provide files for the block; the copies are deleted when it ends.

    Parameters
    ----------
    named : sequence of str
        Paths, addresses of objects or folders in buckets, ``-``.
    scratch : Path, optional
        Where the copies lie; left out, in the cache.

    Raises
    ------
    ArticleError
        Where a folder of a bucket holds no article, or ``scratch`` has no effect.
    BucketError
        Where something cannot be fetched.
    """
    if not any(map(is_remote, named)):
        if scratch is not None:
            raise ArticleError([Problem("--scratch", "has no effect: no article is in a bucket")])
        yield tuple(map(Path, named))
        return
    parent = scratch or cache_folder() / "buckets"
    with refused_writes(parent):
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="articles-", dir=parent) as folder:
        yield tuple(
            _fetched(BucketAddress.parse(name), Path(folder) / str(number)) if is_remote(name) else Path(name)
            for number, name in enumerate(named)
        )


def _fetched(address: BucketAddress, folder: Path) -> Path:
    """Copy an article, or those of a folder, under the names that they have there."""
    bucket = Bucket(address)
    articles = bucket.objects(is_article_file)
    if not articles:
        raise ArticleError(
            [Problem(str(address), "holds no article", f"known endings: {', '.join(ENDINGS)}")]
        )
    # An article is known by its name in tables and pages: the copy has that of the original.
    root = folder / address.name
    with refused_writes(folder):
        for item in articles:
            bucket.fetch(item, root if item.path == address.path else root / item.name)
    return root
