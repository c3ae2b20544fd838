"""A text, files or folders in; a Reading, and the pages and tables that were asked for, out.

Articles are read one after the other and labelled in batches, so that thousands of them need no more memory
than a batch; a page or a table is written as its article is labelled.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.article_files import ENDINGS as ARTICLE_ENDINGS
from harness.articles.article_files import ArticleText, from_string, list_files
from harness.articles.article_parts import Part, article_parts, count_articles
from harness.articles.article_results import ArticleResult, part_texts, results
from harness.articles.labelled_articles import ArticleReader
from harness.articles.reading import Reading
from harness.articles.reading_options import DEFAULTS, FRAMES, MAX_EXPLAINED, Articles, ReadingOptions
from harness.articles.reading_outputs import check_outputs, write_results
from harness.articles.table_writer import columns_of
from harness.articles.tallies import most_mentioned_first
from harness.values.errors import ArticleError, ModelError, Problem, suggest
from harness.values.language import LanguageWarning, codes
from harness.values.outputs import claimed, keep_apart, refused_writes
from harness.values.parties import Registry, shipped
from harness.values.parties import read as read_registry
from harness.values.parties.folding import name_key
from harness.values.parties.records import is_date
from harness.values.parties.translations import in_language, shipped_in
from harness.values.progress import progress

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel

NO_MODEL = "none"

# What the pages in a folder are called.
_PAGE_NAME = re.compile(r"index\.html|\d{4,}-.*\.html")

Elsewhere = Callable[
    [Sequence[Part], ReadingOptions, ArticleReader, list[Problem]], Generator[ArticleResult, None, None]
]
"""Reads parts in other processes: parts, options, this process's reader, a list that takes what is wrong with
articles → results in the order of the articles."""


def read(
    articles: Articles, options: ReadingOptions = DEFAULTS, elsewhere: Elsewhere | None = None
) -> Reading:
    """Read articles: find who is mentioned where and how, and write what was asked for.

    Parameters
    ----------
    articles : str, Path or sequence of Path
        A string is the text of an article, unless it names an existing file or ends like one (``a.txt``).
        Paths are files, folders (all files below them that have a known ending) or ``-`` for standard input.
    options : ReadingOptions
    elsewhere : callable, optional
        See :data:`Elsewhere`; left out, this process reads.

    Returns
    -------
    Reading

    Raises
    ------
    ArticleError
        Where nothing could be read, an output has no known ending, one page is asked for several articles, or
        what is read has no parts for several processes.
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
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        # Said in the notes, by article.
        warnings.simplefilter("ignore", LanguageWarning)
        return _read(articles, options, reading, stack, elsewhere)


def _read(
    articles: Articles,
    options: ReadingOptions,
    reading: Reading,
    stack: contextlib.ExitStack,
    elsewhere: Elsewhere | None,
) -> Reading:
    # First of all: an article that does not exist is said to be missing, whatever else is wrong.
    parts, texts = _texts(articles, options, reading.unreadable)
    total = count_articles(parts) if parts else 1
    _keep_articles(articles, options)
    check_outputs(options.outputs, single=total == 1)
    if elsewhere is not None:
        _check_parts(parts, total)
    # Before the models are loaded: whoever comes second is told at once.
    for path in options.outputs:
        with refused_writes(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(claimed(path, folder=not path.suffix))
    # Two articles are read before the models are loaded, so that broken input fails at once; standard input,
    # which counts as one article, shows by the second that it holds several.
    first = list(islice(texts, 2))
    single = total == 1 and len(first) < 2
    reader = article_reader(options, single, reading)
    reading.columns = columns_of(*(model.labels if model else () for model in (reader.stance, reader.frames)))
    if not first:
        raise ArticleError(reading.unreadable or [Problem("", "no article was found")])
    remaining = chain(first, texts)
    read_articles: Iterator[ArticleResult]
    if elsewhere is None:
        # Articles are taken a batch ahead of their labels: the bar moves when a batch is done.
        ahead = remaining if single else progress(remaining, "reading", total, "articles")
        read_articles = (
            result
            for _, part in groupby(ahead, key=itemgetter(0))
            for result in results((text for _, text in part), reader, options)
        )
    else:
        # What is wrong with the first articles is said by whoever reads them again.
        reading.unreadable.clear()
        beside = elsewhere(parts, options, reader, reading.unreadable)
        # Whatever ends this process ends the others.
        stack.callback(beside.close)
        read_articles = progress(beside, "reading", total, "articles")
    write_results(read_articles, options, reader, reading)
    reading.tallies = most_mentioned_first(reading.tallies)
    return reading


def _texts(
    articles: Articles, options: ReadingOptions, problems: list[Problem]
) -> tuple[list[Part], Iterator[tuple[int, ArticleText]]]:
    """Return the parts of articles, none of a text, and the texts, each with the number of its part."""
    if isinstance(articles, str) and not _is_path(articles):
        return [], iter([(0, from_string(articles, outlet=options.outlet, date=options.date))])
    paths = [Path(articles)] if isinstance(articles, str | Path) else list(articles)
    if not paths:
        raise ArticleError([Problem("", "no article was named")])
    # Lines are counted here, and nothing is parsed yet.
    parts = article_parts(list_files(paths, options.file_format))
    texts = (
        (number, text) for number, part in enumerate(parts) for text in part_texts(part, options, problems)
    )
    return parts, texts


def _check_parts(parts: Sequence[Part], total: int) -> None:
    """Refuse what several processes cannot share."""
    if any(file.path is None for part in parts for file in part):
        what, hint = "cannot be read by several processes", "name files, or leave out --executor"
        raise ArticleError([Problem("standard input", what, hint)])
    if total == 1:
        raise ArticleError([Problem("", "one article is read by one process: leave out --executor")])


def _keep_articles(articles: Articles, options: ReadingOptions) -> None:
    """Refuse outputs that are articles or the registry, and pages that would replace an article."""
    if isinstance(articles, str) and not _is_path(articles):
        named: list[Path] = []
    else:
        named = [Path(articles)] if isinstance(articles, str | Path) else list(articles)
    files = [file.path for file in list_files(named, options.file_format) if file.path is not None]
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


def article_reader(options: ReadingOptions, single: bool, reading: Reading) -> ArticleReader:
    """Load what articles are read with.

    Parameters
    ----------
    options : ReadingOptions
    single : bool
        Whether there is one article: of that, words are computed by default.
    reading : Reading
        Takes notes.

    Raises
    ------
    ArticleError, CorpusError, ModelError
        See :func:`read`.
    """
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
