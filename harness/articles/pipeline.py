"""What ``harness read`` was asked for in, articles read, pages and tables written, a summary out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from harness.articles.article_files import ArticleText, count_articles, read_articles
from harness.articles.byte_streams import InputFormat
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.page import index_page, reader_page
from harness.articles.table_writer import TableWriter, atomic_file
from harness.articles.tallies import PartyTally, add_article
from harness.serving.inference.formats import ENDINGS
from harness.values.errors import ArticleError, ModelError, Problem, suggest
from harness.values.parties import Registry, shipped
from harness.values.parties import read as read_registry
from harness.values.parties.records import is_date
from harness.values.progress import progress

STANCE, FRAMES = "models:/stance@champion", "models:/framing@champion"
PAGES = (".html", ".htm")
EXPLAINED = 200
"""Rows of an article whose words are told unasked: with an encoder that takes up to a minute."""

PAGED = 10_000
"""Rows of an article that a page may show: a browser takes seconds over more, and so does writing it."""


@dataclass(frozen=True)
class ReadingRequest:
    """What to read, with what, and where to.

    Attributes
    ----------
    articles : tuple of Path
        Files, folders, ``-`` for standard input.
    outputs : tuple of Path
        ``.html`` a page of one article; ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet`` a table; a folder gets a
        page an article and an index. Left out, ``NAME.html`` for one article and ``readings.csv`` for more.
    parties : Path or None
        A registry; left out, the one that ships with the package.
    only : tuple of str
        Names or aliases of parties; left out, all that occur.
    stance, frames : str
        Addresses of models; ``none`` leaves that label out.
    explain : bool or None
        Left out, for a single article of at most :data:`EXPLAINED` rows.
    linked : bool
        See :func:`harness.articles.mentions.find_mentions`.
    kind, outlet, date, language : str
        See :func:`harness.articles.article_files.read_articles` and
        :func:`harness.articles.sentences.split_sentences`.
    """

    articles: tuple[Path, ...]
    outputs: tuple[Path, ...] = ()
    parties: Path | None = None
    only: tuple[str, ...] = ()
    stance: str = STANCE
    frames: str = FRAMES
    explain: bool | None = None
    linked: bool = True
    kind: InputFormat | None = None
    outlet: str = ""
    date: str = ""
    language: str = "en"


@dataclass
class Reading:
    """What came of it.

    Attributes
    ----------
    articles, rows : int
    tallies : dict
        Party → counts.
    written : list of Path
    unread : list of str
        What kept articles from being read.
    notes : list of str
    """

    articles: int = 0
    rows: int = 0
    tallies: dict[str, PartyTally] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(request: ReadingRequest) -> Reading:
    """Read articles and write what was asked for.

    Raises
    ------
    ArticleError
        Where nothing could be read, an output has no known ending, or a page is asked for of many articles.
    CorpusError
        Where the registry cannot be used.
    ModelError
        Where a model is missing or for the other task.
    """
    total = count_articles(request.articles, request.kind)
    outcome = Reading()
    if request.date and not is_date(request.date):
        raise ArticleError([Problem("--date", f"is not like 2030-01-31: {request.date!r}")])
    _check(request.outputs, total == 1)
    documents = _readable(request, outcome)
    # Standard input counts as one article until a second one is read from it.
    begun = list(islice(documents, 2))
    single = total == 1 and len(begun) < 2
    reader = _reader(request, single, outcome)
    if not begun:
        raise ArticleError(
            [Problem("", line) for line in outcome.unread] or [Problem("", "holds no article")]
        )
    outputs = request.outputs or (_default(request.articles[0], single),)
    # Taken a batch ahead of the labels, so that the next one is asked for when a batch is done.
    all_ = chain(begun, documents)
    readings = reader.read(all_ if single else progress(all_, "articles", total))
    _write(readings, outputs, reader, outcome)
    outcome.tallies = dict(sorted(outcome.tallies.items(), key=lambda item: -item[1].counted))
    return outcome


def _default(article: Path, single: bool) -> Path:
    if not single:
        return Path("readings.csv")
    return Path("article.html" if str(article) == "-" or article.is_dir() else f"{article.stem}.html")


def _check(outputs: Sequence[Path], single: bool) -> None:
    problems = []
    for path in outputs:
        ending = path.suffix.lower()
        if ending in PAGES and not single:
            problems.append(_one_page(path))
        elif ending and ending not in (*PAGES, *ENDINGS):
            known = ", ".join((*PAGES, *ENDINGS))
            problems.append(
                Problem(str(path), "has an ending that says no format", f"use one of {known}, or a folder")
            )
    if problems:
        raise ArticleError(problems)


def _one_page(path: Path) -> Problem:
    hint = "name a folder, which gets a page each, or a table"
    return Problem(str(path), "is one page, and there are several articles", hint)


def _long(reading: LabelledArticle) -> Problem:
    what = f"has {len(reading.rows):,} rows, and a page shows at most {PAGED:,}"
    return Problem(reading.document.id, what, "write a table: -o readings.csv")


def _reader(request: ReadingRequest, single: bool, outcome: Reading) -> ArticleReader:
    from harness.tracking.models import load

    registry = shipped() if request.parties is None else read_registry(request.parties)
    only = frozenset(_canonical(registry, name) for name in request.only)
    stance = None if request.stance == "none" else load(request.stance)
    frames = None
    if request.frames != "none":
        try:
            frames = load(request.frames)
        except ModelError as error:
            if request.frames != FRAMES:
                raise
            outcome.notes.append(f"without frames: {error}")
    explain = single if request.explain is None else request.explain
    return ArticleReader(
        registry,
        stance,
        frames,
        only,
        request.linked,
        explain and stance is not None,
        request.language,
        EXPLAINED if request.explain is None else None,
    )


def _canonical(registry: Registry, name: str) -> str:
    for party in registry.parties:
        if name.casefold() in {form.casefold() for form in (party.name, *party.aliases)}:
            return party.name
    names = [form for party in registry.parties for form in (party.name, *party.aliases)]
    raise ArticleError([Problem("--party", f"the registry has no {name!r}", suggest(name, names))])


def _readable(request: ReadingRequest, outcome: Reading) -> Iterator[ArticleText]:
    for found in read_articles(request.articles, kind=request.kind, outlet=request.outlet, date=request.date):
        if isinstance(found, ArticleText):
            yield found
        else:
            outcome.unread += str(found).splitlines()


def _write(
    readings: Iterator[LabelledArticle], outputs: Sequence[Path], reader: ArticleReader, outcome: Reading
) -> None:
    models = tuple(model.uri for model in (reader.stance, reader.frames) if model is not None)
    tables = [path for path in outputs if path.suffix.lower() in ENDINGS]
    pages = [path for path in outputs if path.suffix.lower() in PAGES]
    folders = [path for path in outputs if not path.suffix]
    listed: list[tuple[str, LabelledArticle]] = []
    page = ""
    with TableWriter(tables, explained=reader.explain) as writing:
        for reading in readings:
            if pages and outcome.articles:  # JSONL on standard input: not counted before it was read
                raise ArticleError([_one_page(path) for path in pages])
            if (pages or folders) and len(reading.rows) > PAGED:
                raise ArticleError([_long(reading)])
            outcome.articles += 1
            outcome.rows += len(reading.rows)
            add_article(outcome.tallies, reading)
            writing.add(reading)
            if reader.explain and not reader.explains(len(reading.rows)):
                what = f"with more than {EXPLAINED:,} rows, what moved them is not told"
                outcome.notes.append(f"{what}; --explain tells it all the same, which takes its time")
            page = reader_page(reading, models=models) if pages or folders else ""
            name = f"{outcome.articles:04d}-{_slug(reading.document.id)}.html"
            for folder in folders:
                _write_text(folder / name, page)
            if folders:
                # The index needs counts alone: whole readings would pile up.
                listed.append((name, reading.thinned()))
    for path in pages:
        _write_text(path, page)
    for folder in folders:
        _write_text(folder / "index.html", index_page(listed))
    if tables and not outcome.rows:
        outcome.notes.append("no sentence names a party: the tables have no rows and were not written")
        tables = []
    outcome.written = [*pages, *tables, *(folder / "index.html" for folder in folders)]


def _write_text(path: Path, text: str) -> None:
    with atomic_file(path) as handle:
        handle.write(text.encode("utf-8", "replace"))


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "article"
