"""What was read and labelled in; its rows as a table, and a summary on the screen or in a notebook, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.articles.console import WIDTH, print_notes, print_paths, printable
from harness.articles.holders import VOICES
from harness.articles.tallies import PartyTally, count_sentences
from harness.values.errors import ArticleError, Problem
from harness.values.formatting import agreeing, counted
from harness.values.labels import STANCES

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

MAX_PARTIES = 15
"""Parties in the summary on the screen; tables and pages have all of them."""

MAX_PROBLEMS = 5
"""Articles that could not be read and are listed one by one in the summary."""


@dataclass(repr=False)
class Reading:
    """How articles treat parties: the result of :func:`harness.articles.pipeline.read`.

    Attributes
    ----------
    n_articles, n_rows : int
        Articles that were read; rows, one for each party in a sentence.
    tallies : dict
        Party → :class:`harness.articles.tallies.PartyTally`, the most mentioned first.
    written : list of Path
        Pages, tables and indexes that were written.
    unreadable : list of Problem
        What kept articles from being read.
    notes : list of str
        What a reader of the result should know.
    trust : tuple of str
        How far the labels may be trusted, a line a model; see :mod:`harness.serving.trust`.
    row_records : list of dict, optional
        The rows, where they were kept; see :attr:`rows`.
    columns : tuple of str
        Of the rows, where there are none to tell them.
    """

    n_articles: int = 0
    n_rows: int = 0
    tallies: dict[str, PartyTally] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trust: tuple[str, ...] = ()
    row_records: list[dict[str, Any]] | None = None
    columns: tuple[str, ...] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """All rows; the columns are those of :func:`harness.articles.table_writer.flat_rows`.

        Raises
        ------
        ArticleError
            Where the rows were not kept: of many articles they may not fit in memory.
        """
        import pandas as pd

        if self.row_records is None:
            raise ArticleError(
                [Problem("rows", "were not kept", "read with keep_rows=True, or load the table")]
            )
        # Without a row there are no keys to take columns from.
        return pd.DataFrame(self.row_records, columns=None if self.row_records else list(self.columns))

    @property
    def counts(self) -> pd.DataFrame:
        """All rows, by party and voice.

        The columns are ``party``, ``voice``, one for each stance, ``abstains`` and ``unsure``.
        Every row is counted in one column: the rows on which the model abstains in ``abstains``, and those of
        which it is unsure whether the party is meant in ``unsure``. Without a stance model the others are
        counted in a column ``mentions``.
        """
        import pandas as pd

        records = [
            {"party": party, "voice": voice}
            | {stance or "mentions": n for stance, n in tally.stances[voice].items()}
            | {"abstains": tally.abstained[voice], "unsure": tally.unsure[voice]}
            for party, tally in self.tallies.items()
            for voice in VOICES
        ]
        stances = {
            name for tally in self.tallies.values() for voice in VOICES for name in tally.stances[voice]
        }
        ordered = [name for name in STANCES if name in stances] + sorted(stances - set(STANCES))
        columns = ["party", "voice", *(name or "mentions" for name in ordered), "abstains", "unsure"]
        table = pd.DataFrame(records, columns=columns)
        # A stance that a party does not have is a count of 0, not a missing value.
        return table.fillna(dict.fromkeys(columns[2:], 0)).astype(dict.fromkeys(columns[2:], int))

    def __repr__(self) -> str:
        articles, rows = counted(self.n_articles, "article"), counted(self.n_rows, "row")
        return f"Reading({articles}, {rows}, {counted(len(self.tallies), 'party', 'parties')})"

    def _repr_html_(self) -> str:
        # pandas escapes the names of parties.
        return self.counts.to_html(index=False)

    def show(self, console: Console | None = None) -> None:
        """Print counts by party, own voice and quotes apart, how far to trust them, and what was written.

        Parameters
        ----------
        console : rich.console.Console, optional
            Left out, standard output, 80 characters wide.
        """
        if console is None:
            from rich.console import Console

            console = Console(highlight=False, width=WIDTH)
        articles = counted(self.n_articles, "article")
        if self.tallies:
            rows = counted(self.n_rows, "row")
            console.print(f"{articles}, {rows} (a row is a party in a sentence)", style="italic")
            console.print(self._table())
            sentences = count_sentences(self.tallies.values())
            if any(tally.stance_names for tally in self.tallies.values()):
                sentences = ["critical / neutral / supportive.", *sentences]
            console.print(" ".join(sentences), style="dim", markup=False)
        else:
            console.print(f"{articles}: no sentence mentions a party of the registry.")
        if len(self.tallies) > MAX_PARTIES:
            more = len(self.tallies) - MAX_PARTIES
            parties = f"{more} more {agreeing(more, 'party is', 'parties are')}"
            console.print(f"{parties} in the tables and pages.")
        print_notes(console, [*map(str, self.unreadable[:MAX_PROBLEMS]), *self.notes])
        if len(self.unreadable) > MAX_PROBLEMS:
            print_notes(console, [f"{len(self.unreadable) - MAX_PROBLEMS} more could not be read"])
        print_paths(console, self.written)
        # Last, as `harness predict` does: counts that are copied on from here should not go without it.
        for line in self.trust if self.tallies else ():
            console.print(line, markup=False)

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        table.add_column("party", no_wrap=True, max_width=24)
        abstains = any(tally.abstained for tally in self.tallies.values())
        for voice in VOICES:
            table.add_column(voice, no_wrap=True)
            # Of a model that never does, a column would be empty.
            if abstains:
                table.add_column("abstains", justify="right")
        table.add_column("unsure", justify="right")
        for name, tally in list(self.tallies.items())[:MAX_PARTIES]:
            cells = []
            for voice in VOICES:
                cells.append(_stance_counts(tally.stances[voice]))
                if abstains:
                    cells.append(str(tally.abstained[voice] or "–"))
            table.add_row(printable(name), *cells, str(tally.unsure.total() or "–"))
        return table


def _stance_counts(counts: Counter[str]) -> str:
    """Return "2 / 0 / 1"; a plain number without a stance model, and other stances by their names."""
    if not counts:
        return "–"
    if set(counts) == {""}:
        return str(counts[""])
    # The three stances keep their places, so that columns can be compared; others follow by name.
    names: Sequence[str] = [
        name for name in STANCES if name in counts or len(counts) > 1 or set(counts) <= set(STANCES)
    ]
    other_stances = [f"{name} {n}" for name, n in counts.items() if name not in STANCES]
    return " / ".join([*(str(counts[name]) for name in names), *other_stances])
