"""A suite's file in, its experiments run and one table of all of them out."""

from harness.suites.running import Cell, Failure, run
from harness.suites.suite import Entry, Suite, read
from harness.suites.table import Row, rows, to_csv, to_markdown

__all__ = ["Cell", "Entry", "Failure", "Row", "Suite", "read", "rows", "run", "to_csv", "to_markdown"]
