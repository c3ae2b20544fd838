"""Texts of articles in; of each what outputs need of it, its rows and its page, out: what a worker does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.articles.article_files import ArticleText, read_files
from harness.articles.article_parts import Part
from harness.articles.grammar import languages
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.language_files import own_words_notes
from harness.articles.page import reader_page
from harness.articles.reading_options import ReadingOptions
from harness.articles.table_writer import flat_rows
from harness.articles.tallies import PartyTally, add_article
from harness.articles.unknown_names import UnknownNames
from harness.serving.trust import trust_lines
from harness.values.errors import Problem
from harness.values.formatting import counted
from harness.values.language import describe, mismatch, outside

MAX_PAGE_ROWS = 10_000
"""Rows of an article that a page may show: a browser takes seconds over more, and so does writing it."""


@dataclass(frozen=True)
class ArticleResult:
    """An article that was read, as outputs need it.

    Attributes
    ----------
    article : LabelledArticle
        Without its text, see :meth:`harness.articles.labelled_articles.LabelledArticle.without_text`.
    tallies : dict
        Party → how often it is shown how.
    rows : list of dict
        Of the tables, see :func:`harness.articles.table_writer.flat_rows`.
    unknown : UnknownNames
        Names in political roles that the registry lacks.
    page : str
        HTML; empty where no page is wanted, or the article has more rows than a page may show.
    """

    article: LabelledArticle
    tallies: dict[str, PartyTally]
    rows: list[dict[str, Any]]
    unknown: UnknownNames
    page: str


def part_texts(part: Part, options: ReadingOptions, problems: list[Problem]) -> Iterator[ArticleText]:
    """Yield the articles of a part that can be read; add what is wrong with the others to ``problems``."""
    for article in read_files(part, outlet=options.outlet, date=options.date):
        if isinstance(article, ArticleText):
            yield article
        else:
            problems += article.problems


def results(
    texts: Iterable[ArticleText], reader: ArticleReader, options: ReadingOptions
) -> Iterator[ArticleResult]:
    """Read and label the articles of a part, in order.

    Parameters
    ----------
    texts : iterable of ArticleText
    reader : ArticleReader
    options : ReadingOptions
        Its outputs say whether pages are wanted.
    """
    with_page = bool(options.pages or options.folders)
    for article in reader.label(texts):
        # Rendered here, where the text is: what is handed on is small.
        fits = len(article.mentions) <= MAX_PAGE_ROWS
        tallies: dict[str, PartyTally] = {}
        add_article(tallies, article)
        page = _page(article, reader) if with_page and fits else ""
        yield ArticleResult(article.without_text(), tallies, flat_rows(article), article.unknown, page)


def reading_trust(reader: ArticleReader) -> tuple[str, ...]:
    """Return how far the labels of a reader may be trusted, a line a model."""
    models = {"stance": reader.stance, "frames": reader.frames}
    return tuple(trust_lines({name: model.card for name, model in models.items() if model is not None}))


def too_many_rows(result: ArticleResult) -> Problem:
    """Say that an article has more rows than a page may show."""
    what = f"has {counted(len(result.rows), 'row')}, and a page shows at most {MAX_PAGE_ROWS:,}"
    return Problem(result.article.article.id, what, "write a table: --output readings.csv")


def _page(article: LabelledArticle, reader: ArticleReader) -> str:
    models = tuple(model.uri for model in (reader.stance, reader.frames) if model is not None)
    notes = [*model_notes({article.language: 1}, reader), *filter(None, [article.unknown.note()])]
    return reader_page(article, models=models, notes=notes, trust=reading_trust(reader))


def model_notes(read_in: Mapping[str, int], reader: ArticleReader) -> list[str]:
    """Say by whose words and without which rules texts were read, and what of the models is not known."""
    notes = [*own_words_notes(), *reader.notes]
    total = sum(read_in.values())
    for language in sorted(set(read_in) - set(languages())):
        notes.append(
            f"{describe([language])}: who speaks is not told, and quotations are by somebody unknown;"
            f" parties are found by the names of the registry ({read_in[language]:,} of"
            f" {counted(total, 'article')})"
        )
    for what, model in (("the stance model", reader.stance), ("the framing model", reader.frames)):
        others = outside(sorted(read_in), model.languages) if model is not None else ()
        if model is not None and others:
            notes.append(mismatch(what, model.languages, others))
    return notes
