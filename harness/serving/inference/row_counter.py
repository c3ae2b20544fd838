"""Rows as they are labelled in, progress and notes on standard error out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from harness.serving.input_rows import AbsentTargets
from harness.values.formatting import agreeing, counted
from harness.values.unreadable import replaced_note

TERMINAL_SECONDS, LOG_SECONDS = 1.0, 30.0
"""Between two reports of progress: on a terminal, where they overwrite each other, and in a log."""


@dataclass(frozen=True)
class Tally:
    """What was counted while rows were labelled; those of several parts add up.

    Attributes
    ----------
    rows : int
        In the output.
    aside : int
        Rows that were set aside.
    unanswered : int
        Rows that the model gave no answer for.
    replaced : int
        Rows in which characters were replaced.
    absent : AbsentTargets
        Rows whose text does not name their target.
    remarks : tuple of str
        What the model says of its labels, a clause each.
    """

    rows: int = 0
    aside: int = 0
    unanswered: int = 0
    replaced: int = 0
    absent: AbsentTargets = field(default_factory=AbsentTargets)
    remarks: tuple[str, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Add what was counted in the part that follows."""
        absent = AbsentTargets(
            self.absent.rows + other.absent.rows,
            self.absent.absent + other.absent.absent,
            self.absent.first or other.absent.first,
        )
        return Tally(
            self.rows + other.rows,
            self.aside + other.aside,
            self.unanswered + other.unanswered,
            self.replaced + other.replaced,
            absent,
            tuple(dict.fromkeys((*self.remarks, *other.remarks))),
        )

    @property
    def notes(self) -> Iterator[str]:
        """What a reader of the labels should know, a clause each."""
        yield from self.remarks
        yield from filter(None, (replaced_note(self.replaced), self.absent.note))
        if self.unanswered:
            rows = f"{counted(self.unanswered, 'row')} {agreeing(self.unanswered, 'has', 'have')}"
            yield f"{rows} no label: the model gave no answer, and abstain is true there"


class RowCounter:
    """Counts rows and reports progress: on a terminal every second in place, else every half minute.

    Parameters
    ----------
    resumed : int
        Rows of an earlier attempt.
    quiet : bool
        Print nothing: another process reports what this one counts.
    """

    def __init__(self, resumed: int = 0, *, quiet: bool = False) -> None:
        self.tally, self.resumed, self.quiet = Tally(rows=resumed), resumed, quiet
        self.live = sys.stderr.isatty() and not quiet
        self.period = TERMINAL_SECONDS if self.live else LOG_SECONDS
        self.started = self.reported = time.monotonic()
        self.noted: set[str] = set()

    @property
    def count(self) -> int:
        """Rows so far, those of an earlier attempt among them."""
        return self.tally.rows

    def notes(self, notes: Iterable[str]) -> None:
        """Print notes, each once, as soon as there are any: not after hours of labelling."""
        for note in notes:
            if note not in self.noted:
                self.noted.add(note)
                self.print(f"note: {note}")

    def add(self, n: int, unanswered: int = 0) -> None:
        """Count rows, and those among them that the model gave no answer for."""
        self.tally = replace(
            self.tally, rows=self.tally.rows + n, unanswered=self.tally.unanswered + unanswered
        )
        self.report()

    def report(self) -> None:
        """Say how far it is, where the last time was long enough ago."""
        now = time.monotonic()
        if not self.quiet and self.count and now - self.reported >= self.period:
            self.reported = now
            rate = (self.count - self.resumed) / (now - self.started)
            text = f"{counted(self.count, 'row')}, {rate:,.0f} rows/s"
            sys.stderr.write(f"\r{text}\x1b[K" if self.live else f"{text}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line of progress on a terminal."""
        if self.live and self.reported != self.started:
            sys.stderr.write("\r\x1b[K")

    def print(self, text: str) -> None:
        """Print a line of its own."""
        if not self.quiet:
            self.end()
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def aside_note(aside: int, path: object) -> str:
    """Say how many rows were set aside, and where they are."""
    rows = f"{counted(aside, 'row')} {agreeing(aside, 'was', 'were')}"
    return f"{rows} set aside in {path}" if aside else "no row was set aside"
