"""Articles that were read in; pages and tables on the disk, and counts on a Reading, out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from harness.articles.article_results import ArticleResult, model_notes, reading_trust, too_many_rows
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.page import index_page
from harness.articles.reading import Reading
from harness.articles.reading_options import PAGE_ENDINGS, ReadingOptions
from harness.articles.table_writer import TableWriter
from harness.articles.tallies import add_tallies
from harness.articles.unknown_names import UnknownInArticles
from harness.serving.inference.formats import ENDINGS as TABLE_ENDINGS
from harness.values.errors import ArticleError, Problem
from harness.values.formatting import counted
from harness.values.outputs import write_text


def check_outputs(outputs: Iterable[Path], *, single: bool) -> None:
    """Refuse outputs of no known kind, and a page of one article for several.

    Raises
    ------
    ArticleError
    """
    problems = []
    for path in outputs:
        ending = path.suffix.lower()
        if ending in PAGE_ENDINGS and not single:
            problems.append(_several_articles(path))
        elif ending and ending not in (*PAGE_ENDINGS, *TABLE_ENDINGS):
            hint = f"use one of {', '.join((*PAGE_ENDINGS, *TABLE_ENDINGS))}, or a folder"
            problems.append(Problem(str(path), "has no known ending", hint))
    if problems:
        raise ArticleError(problems)


def write_results(
    articles: Iterable[ArticleResult], options: ReadingOptions, reader: ArticleReader, reading: Reading
) -> None:
    """Write pages and tables of articles as they are labelled, and count them on ``reading``.

    Raises
    ------
    ArticleError
        Where one page is asked for several articles, or an article has more rows than a page may show.
    """
    reading.trust = reading_trust(reader)
    tables, pages, folders = options.tables, options.pages, options.folders
    listed: list[tuple[str, LabelledArticle]] = []
    page = ""
    read_in: Counter[str] = Counter()
    unknown = UnknownInArticles(reader.only)
    with TableWriter(tables, explained=reader.explain, raw=options.raw) as writer:
        for result in articles:
            if pages and reading.n_articles:  # JSONL on standard input: not counted before it was read
                raise ArticleError([_several_articles(path) for path in pages])
            if (pages or folders) and not result.page:
                raise ArticleError([too_many_rows(result)])
            writer.add(result.rows)
            _count(result, reading)
            read_in[result.article.language] += 1
            if reader.explain and not reader.explains(len(result.rows)):
                most = counted(reader.max_explained or 0, "row")
                what = f"no words were computed for an article of more than {most}"
                reading.notes.append(f"{what}; --explain computes them, which takes minutes with an encoder")
            unknown.add(result.unknown)
            page = result.page
            name = f"{reading.n_articles:04d}-{_slug(result.article.article.id)}.html"
            for folder in folders:
                write_text(folder / name, page)
            if folders:
                # The index needs counts alone: thousands of whole articles would fill the memory.
                listed.append((name, result.article))
    for path in pages:
        write_text(path, page)
    for folder in folders:
        write_text(folder / "index.html", index_page(listed))
    reading.notes += [*model_notes(read_in, reader), *unknown.notes(reading.n_articles, reading.tallies)]
    if tables and not reading.n_rows:
        reading.notes.append("no sentence mentions a party, so no table was written")
        tables = ()
    reading.written = [*pages, *tables, *(folder / "index.html" for folder in folders)]


def _several_articles(path: Path) -> Problem:
    hint = "name a folder for a page of each, or a table"
    return Problem(str(path), "is the page of one article, and there are several", hint)


def _count(result: ArticleResult, reading: Reading) -> None:
    reading.n_articles += 1
    reading.n_rows += len(result.rows)
    add_tallies(reading.tallies, result.tallies)
    if reading.row_records is not None:
        reading.row_records += result.rows


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "article"
