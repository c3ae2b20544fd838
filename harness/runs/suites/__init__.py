"""A suite's file in, its experiments run and one table of all of them out."""

from harness.runs.suites.running import SuiteAbsence, SuiteCell, SuiteFailure, run_entries
from harness.runs.suites.suite import Suite, SuiteEntry, read
from harness.runs.suites.suite_run import FailedSuiteError, SuiteObserver, SuiteRun, run_suite
from harness.runs.suites.table import SuiteRow, rows, to_csv, to_markdown

__all__ = [
    "FailedSuiteError",
    "Suite",
    "SuiteAbsence",
    "SuiteCell",
    "SuiteEntry",
    "SuiteFailure",
    "SuiteObserver",
    "SuiteRow",
    "SuiteRun",
    "read",
    "rows",
    "run_entries",
    "run_suite",
    "to_csv",
    "to_markdown",
]
