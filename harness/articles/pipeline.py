"""A text, files or folders in; a Reading, and the pages and tables that were asked for, out.

Articles are read one after the other and labelled in batches, so that thousands of them need no more memory
than a batch; a page or a table is written as its article is labelled.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.article_files import ENDINGS as ARTICLE_ENDINGS
from harness.articles.article_files import (
    ArticleText,
    article_paths,
    count_articles,
    from_string,
    read_articles,
)
from harness.articles.byte_streams import InputFormat
from harness.articles.grammar import languages
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.language_files import own_words_notes
from harness.articles.page import index_page, reader_page
from harness.articles.reading import Reading
from harness.articles.table_writer import TableWriter, columns_of, flat_rows
from harness.articles.tallies import add_article, most_mentioned_first
from harness.articles.unknown_names import UnknownInArticles
from harness.serving.inference.formats import ENDINGS as TABLE_ENDINGS
from harness.serving.trust import trust_lines
from harness.values.errors import ArticleError, ModelError, Problem, suggest
from harness.values.formatting import counted
from harness.values.language import LanguageWarning, codes, describe, mismatch, outside
from harness.values.outputs import claimed, keep_apart, refused_writes, write_text
from harness.values.parties import Registry, shipped
from harness.values.parties import read as read_registry
from harness.values.parties.folding import name_key
from harness.values.parties.records import is_date
from harness.values.parties.translations import in_language, shipped_in
from harness.values.progress import progress

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel

Articles = str | Path | Sequence[Path]

STANCE, FRAMES = "models:/stance@champion", "models:/framing@champion"
NO_MODEL = "none"
PAGE_ENDINGS = (".html", ".htm")

# What the pages in a folder are called.
_PAGE_NAME = re.compile(r"index\.html|\d{4,}-.*\.html")

MAX_EXPLAINED = 200
"""Rows of an article up to which words are computed by default: with an encoder that takes up to a minute."""

MAX_PAGE_ROWS = 10_000
"""Rows of an article that a page may show: a browser takes seconds over more, and so does writing it."""


@dataclass(frozen=True)
class ReadingOptions:
    """How to read articles, with which models, and what to write.

    Attributes
    ----------
    outputs : tuple of Path
        ``.html`` for the page of a single article; ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` for a
        table; a folder for a page of each article and an index. By default nothing is written.
    parties : Path or None
        A registry in YAML; None is the one that ships with the package.
    only : str or tuple of str
        Names or aliases of the parties to label; by default all that occur.
    stance, frames : str, LabelModel or None
        Models or their addresses; None or ``none`` leaves those labels out. Frames are left out, with a note,
        where no model is registered at the default address.
    explain : bool or None
        Whether to compute which words moved each stance. None does so for a single article of at most
        :data:`MAX_EXPLAINED` rows.
    linked : bool
        See :func:`harness.articles.mentions.find_mentions`.
    file_format, outlet, date
        See :func:`harness.articles.article_files.read_articles`.
    language : str
        A code such as ``de``; empty to detect the language of each article.
    keep_rows : bool
        Whether to keep all rows in memory, for :attr:`harness.articles.reading.Reading.rows`.
    raw : bool
        Whether cells of CSV and TSV are written as they are, see :mod:`harness.values.spreadsheets`.
    """

    outputs: tuple[Path, ...] = ()
    parties: Path | None = None
    only: str | tuple[str, ...] = ()
    stance: str | LabelModel | None = STANCE
    frames: str | LabelModel | None = FRAMES
    explain: bool | None = None
    linked: bool = True
    file_format: InputFormat | None = None
    outlet: str = ""
    date: str = ""
    language: str = ""
    keep_rows: bool = True
    raw: bool = False


DEFAULTS = ReadingOptions()


def read(articles: Articles, options: ReadingOptions = DEFAULTS) -> Reading:
    """Read articles: find who is mentioned where and how, and write what was asked for.

    Parameters
    ----------
    articles : str, Path or sequence of Path
        A string is the text of an article, unless it names an existing file or ends like one (``a.txt``).
        Paths are files, folders (all files below them that have a known ending) or ``-`` for standard input.
    options : ReadingOptions

    Returns
    -------
    Reading

    Raises
    ------
    ArticleError
        Where nothing could be read, an output has no known ending, or one page is asked for several articles.
    CorpusError
        Where the registry cannot be used.
    ModelError
        Where a model is missing or for the other task.
    OutputError
        Where an output cannot be written, is an input, or another process is writing it.
    """
    reading = Reading(row_records=[] if options.keep_rows else None)
    if options.date and not is_date(options.date):
        raise ArticleError([Problem("date", f"is not a date like 2030-01-31: {options.date!r}")])
    with warnings.catch_warnings(), contextlib.ExitStack() as outputs:
        # Said in the notes, by article.
        warnings.simplefilter("ignore", LanguageWarning)
        return _read(articles, options, reading, outputs)


def _read(
    articles: Articles, options: ReadingOptions, reading: Reading, outputs: contextlib.ExitStack
) -> Reading:
    # First of all: an article that does not exist is said to be missing, whatever else is wrong.
    texts, total = _texts(articles, options, reading)
    _keep_articles(articles, options)
    _check_outputs(options.outputs, single=total == 1)
    # Before the models are loaded: whoever comes second is told at once.
    for path in options.outputs:
        with refused_writes(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        outputs.enter_context(claimed(path, folder=not path.suffix))
    # Two articles are read before the models are loaded, so that broken input fails at once; standard input,
    # which counts as one article, shows by the second that it holds several.
    first = list(islice(texts, 2))
    single = total == 1 and len(first) < 2
    reader = _reader(options, single, reading)
    reading.columns = columns_of(*(model.labels if model else () for model in (reader.stance, reader.frames)))
    if not first:
        raise ArticleError(reading.unreadable or [Problem("", "no article was found")])
    remaining = chain(first, texts)
    # Articles are taken a batch ahead of their labels: the bar moves when a batch is done.
    labelled = reader.label(remaining if single else progress(remaining, "reading", total, "articles"))
    _write(labelled, options, reader, reading)
    reading.tallies = most_mentioned_first(reading.tallies)
    return reading


def _texts(
    articles: Articles, options: ReadingOptions, reading: Reading
) -> tuple[Iterator[ArticleText], int]:
    """Return the texts of articles, and how many there may be."""
    if isinstance(articles, str) and not _is_path(articles):
        return iter([from_string(articles, outlet=options.outlet, date=options.date)]), 1
    paths = [Path(articles)] if isinstance(articles, str | Path) else list(articles)
    if not paths:
        raise ArticleError([Problem("", "no article was named")])
    return _readable(paths, options, reading), count_articles(paths, options.file_format)


def _keep_articles(articles: Articles, options: ReadingOptions) -> None:
    """Refuse outputs that are articles or the registry, and pages that would replace an article."""
    if isinstance(articles, str) and not _is_path(articles):
        named: list[Path] = []
    else:
        named = [Path(articles)] if isinstance(articles, str | Path) else list(articles)
    files = article_paths(named, options.file_format)
    pages = [
        folder / file.name
        for folder in options.outputs
        if not folder.suffix
        for file in files
        if _PAGE_NAME.fullmatch(file.name)
    ]
    keep_apart(
        [*dict.fromkeys(options.outputs), *dict.fromkeys(pages)],
        [*named, *files, *([options.parties] if options.parties else [])],
    )


def _is_path(text: str) -> bool:
    """Whether a string names a file: one that exists, or a single word that ends like one."""
    # An empty path would be the working folder.
    if not text.strip() or "\n" in text or "\0" in text:
        return False
    try:
        exists = text == "-" or Path(text).exists()
    except OSError:  # longer than a name may be
        return False
    return exists or (" " not in text and Path(text).suffix.lower() in ARTICLE_ENDINGS)


def _readable(paths: Sequence[Path], options: ReadingOptions, reading: Reading) -> Iterator[ArticleText]:
    """Yield the articles that can be read, and note on ``reading`` what is wrong with the others."""
    for article in read_articles(
        paths, file_format=options.file_format, outlet=options.outlet, date=options.date
    ):
        if isinstance(article, ArticleText):
            yield article
        else:
            reading.unreadable += article.problems


def _check_outputs(outputs: Iterable[Path], *, single: bool) -> None:
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


def _several_articles(path: Path) -> Problem:
    hint = "name a folder for a page of each, or a table"
    return Problem(str(path), "is the page of one article, and there are several", hint)


def _too_many_rows(article: LabelledArticle) -> Problem:
    what = f"has {counted(len(article.mentions), 'row')}, and a page shows at most {MAX_PAGE_ROWS:,}"
    return Problem(article.article.id, what, "write a table: --output readings.csv")


def _reader(options: ReadingOptions, single: bool, reading: Reading) -> ArticleReader:
    registry = shipped() if options.parties is None else read_registry(options.parties)
    # A name is a sequence too: of its letters.
    names = (options.only,) if isinstance(options.only, str) else options.only
    only = frozenset(_canonical(registry, name) for name in names)
    stance = _model(options.stance)
    if isinstance(options.stance, str) and stance is not None and (better := _advice(options.stance)):
        reading.notes.append(better)
    try:
        frames = _model(options.frames)
    except ModelError as error:
        # The default address is a wish, not a demand: without such a model there are stances alone.
        if options.frames != FRAMES:
            raise
        frames = None
        reading.notes.append(f"frames were left out: {error}")
    return ArticleReader(
        registry,
        stance,
        frames,
        only,
        options.linked,
        stance is not None and (single if options.explain is None else options.explain),
        _language(options.language),
        MAX_EXPLAINED if options.explain is None else None,
        shipped_in if options.parties is None else partial(in_language, registry),
    )


def _language(stated: str) -> str:
    try:
        return codes(stated)[0] if stated else ""
    except ValueError as error:
        raise ArticleError([Problem("language", str(error))]) from None


def _model(model: str | LabelModel | None) -> LabelModel | None:
    from harness.tracking.models import load

    if model is None or model == NO_MODEL:
        return None
    return load(model) if isinstance(model, str) else model


def _advice(address: str) -> str:
    from harness.tracking.article_models import advice

    return advice(address)


def _canonical(registry: Registry, name: str) -> str:
    key = name_key(name)
    for party in registry.parties:
        if key in map(name_key, (party.name, *party.aliases)):
            return party.name
    # Aliases too, so that the suggestion may be what the user mistyped.
    names = [form for party in registry.parties for form in (party.name, *party.aliases)]
    raise ArticleError([Problem("party", f"the registry has no {name!r}", suggest(name, names))])


def _write(
    articles: Iterable[LabelledArticle], options: ReadingOptions, reader: ArticleReader, reading: Reading
) -> None:
    """Write pages and tables of articles as they are labelled, and count them on ``reading``."""
    outputs = tuple(dict.fromkeys(options.outputs))
    models = tuple(model.uri for model in (reader.stance, reader.frames) if model is not None)
    cards = {"stance": reader.stance, "frames": reader.frames}
    labelled = {name: model.card for name, model in cards.items() if model is not None}
    reading.trust = trust = tuple(trust_lines(labelled))
    tables = [path for path in outputs if path.suffix.lower() in TABLE_ENDINGS]
    pages = [path for path in outputs if path.suffix.lower() in PAGE_ENDINGS]
    folders = [path for path in outputs if not path.suffix]
    listed: list[tuple[str, LabelledArticle]] = []
    page = ""
    read_in: Counter[str] = Counter()
    unknown = UnknownInArticles(reader.only)
    with TableWriter(tables, explained=reader.explain, raw=options.raw) as writer:
        for article in articles:
            if pages and reading.n_articles:  # JSONL on standard input: not counted before it was read
                raise ArticleError([_several_articles(path) for path in pages])
            if (pages or folders) and len(article.mentions) > MAX_PAGE_ROWS:
                raise ArticleError([_too_many_rows(article)])
            _count(article, reading, writer)
            read_in[article.language] += 1
            if reader.explain and not reader.explains(len(article.mentions)):
                what = f"no words were computed for an article of more than {MAX_EXPLAINED:,} rows"
                reading.notes.append(f"{what}; --explain computes them, which takes minutes with an encoder")
            notes = _model_notes({article.language: 1}, reader)
            unknown.add(article.unknown)
            notes += filter(None, [article.unknown.note()])
            page = ""
            if pages or folders:
                page = reader_page(article, models=models, notes=notes, trust=trust)
            name = f"{reading.n_articles:04d}-{_slug(article.article.id)}.html"
            for folder in folders:
                write_text(folder / name, page)
            if folders:
                # The index needs counts alone: thousands of whole articles would fill the memory.
                listed.append((name, article.without_text()))
    for path in pages:
        write_text(path, page)
    for folder in folders:
        write_text(folder / "index.html", index_page(listed))
    reading.notes += [*_model_notes(read_in, reader), *unknown.notes(reading.n_articles, reading.tallies)]
    if tables and not reading.n_rows:
        reading.notes.append("no sentence mentions a party, so no table was written")
        tables = []
    reading.written = [*pages, *tables, *(folder / "index.html" for folder in folders)]


def _model_notes(read_in: Mapping[str, int], reader: ArticleReader) -> list[str]:
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


def _count(article: LabelledArticle, reading: Reading, writer: TableWriter) -> None:
    rows = flat_rows(article)
    writer.add(rows)
    reading.n_articles += 1
    reading.n_rows += len(rows)
    add_article(reading.tallies, article)
    if reading.row_records is not None:
        reading.row_records += rows


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "article"
