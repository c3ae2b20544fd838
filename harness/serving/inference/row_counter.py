"""Rows as they are labelled in, progress and notes on standard error out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from harness.serving.inference.bad_rows import BadRows
from harness.values.formatting import agreeing, counted

TERMINAL_SECONDS, LOG_SECONDS = 1.0, 30.0
"""Between two reports of progress: on a terminal, where they overwrite each other, and in a log."""


class RowCounter:
    """Counts rows and reports progress: on a terminal every second in place, else every half minute."""

    def __init__(self, resumed: int = 0) -> None:
        self.count = self.resumed = resumed
        self.unanswered = 0
        self.live = sys.stderr.isatty()
        self.period = TERMINAL_SECONDS if self.live else LOG_SECONDS
        self.started = self.reported = time.monotonic()
        self.noted: set[str] = set()

    def notes(self, notes: Iterable[str]) -> None:
        """Print notes, each once, as soon as there are any: not after hours of labelling."""
        for note in notes:
            if note not in self.noted:
                self.noted.add(note)
                self.end()
                self.print(f"note: {note}")

    @property
    def unanswered_note(self) -> str:
        """Say how many rows have no label because the model gave no answer; empty where none has."""
        if not self.unanswered:
            return ""
        rows = f"{counted(self.unanswered, 'row')} {agreeing(self.unanswered, 'has', 'have')}"
        return f"{rows} no label: the model gave no answer, and abstain is true there"

    def add(self, n: int, unanswered: int = 0) -> None:
        """Count rows, and those among them that the model gave no answer for."""
        self.count += n
        self.unanswered += unanswered
        now = time.monotonic()
        if now - self.reported >= self.period:
            self.reported = now
            rate = (self.count - self.resumed) / (now - self.started)
            text = f"{counted(self.count, 'row')}, {rate:,.0f} rows/s"
            sys.stderr.write(f"\r{text}\x1b[K" if self.live else f"{text}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line of progress on a terminal."""
        if self.live and self.reported != self.started:
            sys.stderr.write("\r\x1b[K")

    def print_aside(self, aside: BadRows | None) -> None:
        """Say how many rows were set aside."""
        if aside is not None:
            rows = f"{counted(aside.count, 'row')} {agreeing(aside.count, 'was', 'were')}"
            self.print(f"{rows} set aside in {aside.path}" if aside.count else "no row was set aside")

    def print(self, text: str) -> None:
        """Print a line of its own."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
