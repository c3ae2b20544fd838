"""A suite's file in, its experiments run and one table of all of them out."""

from harness.runs.suites.running import Cell, Failure, run
from harness.runs.suites.suite import Entry, Suite, read
from harness.runs.suites.table import Row, rows, to_csv, to_markdown

__all__ = ["Cell", "Entry", "Failure", "Row", "Suite", "read", "rows", "run", "to_csv", "to_markdown"]
