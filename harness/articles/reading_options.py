"""What a person wants of a reading in: which articles, models and outputs; one value out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.byte_streams import InputFormat
from harness.serving.inference.formats import ENDINGS as TABLE_ENDINGS

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel

Articles = str | Path | Sequence[Path]

STANCE, FRAMES = "models:/stance@champion", "models:/framing@champion"
PAGE_ENDINGS = (".html", ".htm")

MAX_EXPLAINED = 200
"""Rows of an article up to which words are computed by default: with an encoder that takes up to a minute."""


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

    @property
    def pages(self) -> tuple[Path, ...]:
        """Outputs that are the page of a single article."""
        return tuple(path for path in self._distinct if path.suffix.lower() in PAGE_ENDINGS)

    @property
    def tables(self) -> tuple[Path, ...]:
        """Outputs that are tables of all articles."""
        return tuple(path for path in self._distinct if path.suffix.lower() in TABLE_ENDINGS)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Outputs that are folders of pages."""
        return tuple(path for path in self._distinct if not path.suffix)

    @property
    def _distinct(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.outputs))


DEFAULTS = ReadingOptions()
