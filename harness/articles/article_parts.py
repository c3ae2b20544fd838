"""Files with articles in, parts of equal numbers of articles out: what is labelled together, by one worker.

The last digits of a probability may depend on the rows that it is computed with. A part is labelled by
itself, in one process as in many, so that its rows are computed in the same company wherever that happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from harness.articles import byte_streams
from harness.articles.article_files import MAX_PAGE, ArticleFile

ARTICLES_PER_PART = 32
"""Articles of a part. An article of a newspaper has 20 to 40 rows, so that one part fills a batch of a model;
fewer would slow a model down, and more leave workers without a part in folders of a few hundred articles."""

Part = tuple[ArticleFile, ...]


def article_parts(files: Iterable[ArticleFile], size: int = ARTICLES_PER_PART) -> list[Part]:
    """Cut files into parts: each line of JSONL is an article, and each other file; so is standard input.

    Parameters
    ----------
    files : iterable of ArticleFile
    size : int
        Articles of each part but the last.

    Returns
    -------
    list of tuple of ArticleFile
        In order; of a file in JSONL a part may hold some of the lines.
    """
    articles, parts = _articles(files), []
    while part := _joined(islice(articles, size)):
        parts.append(part)
    return parts


def count_articles(parts: Sequence[Part]) -> int:
    """Count the articles of parts, standard input as one, for it can be read only once."""
    return sum(1 if file.lines is None else file.lines for part in parts for file in part)


def _articles(files: Iterable[ArticleFile]) -> Iterator[ArticleFile]:
    for file in files:
        if file.path is None or file.file_format != "jsonl":
            yield file
            continue
        try:
            for number, start in enumerate(byte_streams.line_starts(file.path, MAX_PAGE), start=1):
                yield replace(file, start=start, line=number, lines=1)
        except OSError:
            # Why it cannot be read is said where it is read.
            yield file


def _joined(articles: Iterable[ArticleFile]) -> Part:
    """Join the lines of a file that follow each other."""
    files: list[ArticleFile] = []
    for article in articles:
        before = files[-1] if files else None
        if (
            before is not None
            and before.lines is not None
            and article.path == before.path
            and article.line == before.line + before.lines
        ):
            files[-1] = replace(before, lines=before.lines + 1)
        else:
            files.append(article)
    return tuple(files)
