"""A corpus and its folds in, what may link rows without a group out: passages, titles, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.splits.leaks.coded_texts import CodedTexts
from harness.splits.leaks.duplicates import normalised
from harness.splits.leaks.passages import linked
from harness.splits.leaks.repeats import BEFORE_TEST, PASSAGE_WORDS, Fold
from harness.values.findings import Detail, Measure
from harness.values.formatting import agreeing, counted
from harness.values.minimums import MIN_GROUPS
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd

ARTICLE_WORDS = (
    *("url", "uri", "link", "href", "title", "headline", "article", "artikel", "doc", "document", "story"),
    *("thread", "page", "titel", "titre", "titulo", "lien", "conversation"),
)
"""Words in the name of a column that may say which article a row is from."""


@dataclass(frozen=True)
class Ungrouped:
    """Rows without a group, and what may link them.

    Attributes
    ----------
    n_rows, n_ungrouped : int
        Rows of the corpus, and those of them without a group.
    n_test : int
        Test rows without a group.
    passages : tuple of (str, str)
        Test rows that share a passage with a row of train or dev, and that row; ids.
    columns : tuple of (str, int)
        Columns that may name the article, and how many test rows have a value of train or dev in it; the most
        first.
    """

    n_rows: int
    n_ungrouped: int
    n_test: int
    passages: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, int], ...] = ()

    @property
    def warns(self) -> bool:
        """Whether test rows may be from articles that are in train or dev too."""
        return bool(self.passages or self.columns)

    @property
    def independence(self) -> str:
        """The sentence about rows without a group."""
        return (
            f"{self.n_ungrouped:,} of {counted(self.n_rows, 'row')}"
            f" {agreeing(self.n_ungrouped, 'has', 'have')} no group (article) and"
            f" {agreeing(self.n_ungrouped, 'counts', 'count')} as independent: sentences of one article may"
            " lie in two parts unseen."
        )

    def sentences(self) -> Iterator[str]:
        """Yield that rows have no group, and what may link them; nothing where all have one."""
        if not self.n_ungrouped:
            return
        yield self.independence
        tested = counted(self.n_test, "test row")
        if self.passages:
            n = len(self.passages)
            yield (
                f"{n:,} of {tested} without a group {agreeing(n, 'shares', 'share')} a passage of"
                f" {PASSAGE_WORDS} words with a row of train or dev, perhaps of the same article."
            )
        for name, n in self.columns:
            yield (
                f"{n:,} of {tested} without a group {agreeing(n, 'has', 'have')} a {name!r} that is in train"
                f" or dev too; if it names the article: corpus.columns.group: {name}."
            )

    def measures(self) -> tuple[Measure, ...]:
        """Return the counts; none where all rows have a group."""
        if not self.n_ungrouped:
            return ()
        by_column = max((n for _, n in self.columns), default=0)
        return (
            Measure("ungrouped_rows", float(self.n_ungrouped), n=self.n_rows),
            Measure("linked_rows", float(len(self.passages)), n=self.n_test),
            Measure("linked_by_column_rows", float(by_column), n=self.n_test),
        )

    def details(self, texts: dict[str, str], max_rows: int) -> tuple[Detail, ...]:
        """Return the rows that share a passage, as a table; none where there are none."""
        rows = [(row, other, texts[row], texts[other]) for row, other in self.passages[:max_rows]]
        columns = ("id", "of", "text", "other text")
        title = "Test rows without a group that share a passage with train or dev"
        return (Detail("linked", title, columns, tuple(rows), columns[2:]),) if rows else ()


def ungrouped(corpus: Corpus, folds: Sequence[Fold]) -> Ungrouped:
    """Look for what may link rows without a group over the parts of a fold; each row counts once.

    Parameters
    ----------
    corpus : Corpus
    folds : sequence of Fold
    """
    rows = corpus.rows[corpus.rows["group"].isna()]
    ids = set(rows["id"].astype(str))
    n_test = len({id_ for fold in folds for id_ in fold.test if id_ in ids})
    if rows.empty:
        return Ungrouped(len(corpus), 0, n_test)
    columns = [(name, _straddling(rows, name, folds)) for name in article_columns(rows)]
    straddling = sorted(((name, n) for name, n in columns if n), key=lambda column: -column[1])
    return Ungrouped(len(corpus), len(rows), n_test, tuple(_sharing_passages(rows, folds)), tuple(straddling))


def article_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns, beside those of every corpus, that may name the article of a row.

    Their name, or their values, are those of titles and addresses; and they divide the rows into at least
    :data:`harness.values.minimums.MIN_GROUPS` groups, some of which have several rows.
    """
    names = []
    for name in rows.columns:
        values = rows[name].dropna().astype(str) if name not in CORPUS_COLUMNS else rows["id"][:0]
        n_values = values.nunique()
        if not MIN_GROUPS <= n_values < len(values):
            continue
        words = normalised(str(name).replace("_", " ")).split(" ")
        addresses = values.str.match(r"https?://").mean() > 0.5
        if addresses or any(word in ARTICLE_WORDS for word in words):
            names.append(str(name))
    return names


def _straddling(rows: pd.DataFrame, name: str, folds: Sequence[Fold]) -> int:
    """Count the test rows whose value of a column is in train or dev too."""
    filled = rows[rows[name].notna()]
    value_of = dict(zip(filled["id"].astype(str), filled[name].astype(str), strict=True))
    straddling: set[str] = set()
    for fold in folds:
        others = {value_of[id_] for part in BEFORE_TEST for id_ in getattr(fold, part) if id_ in value_of}
        straddling |= {id_ for id_ in fold.test if value_of.get(id_) in others}
    return len(straddling)


def _sharing_passages(rows: pd.DataFrame, folds: Sequence[Fold]) -> Iterator[tuple[str, str]]:
    """Yield each test row that shares a passage with another text of train or dev, and that row."""
    ids_of: dict[str, list[str]] = {}
    for id_, text in zip(rows["id"].astype(str), rows["text"], strict=True):
        ids_of.setdefault(normalised(str(text)), []).append(id_)
    texts = list(ids_of)
    neighbours: dict[str, list[str]] = {}
    for first, second in linked(CodedTexts.of(texts)):
        for text, other in ((texts[first], texts[second]), (texts[second], texts[first])):
            for id_ in ids_of[text]:
                neighbours.setdefault(id_, []).extend(ids_of[other])
    partner_of: dict[str, str] = {}
    for fold in folds:
        before = {id_ for part in BEFORE_TEST for id_ in getattr(fold, part)}
        for id_ in fold.test:
            partner = next((other for other in neighbours.get(id_, ()) if other in before), None)
            if partner is not None:
                partner_of.setdefault(id_, partner)
    yield from partner_of.items()
