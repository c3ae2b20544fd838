"""A suite's file in; its experiments run, its table written and logged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from harness.runs.suites.across import across_sentences
from harness.runs.suites.running import SuiteAbsence, SuiteCell, SuiteFailure, run_entries
from harness.runs.suites.suite import Suite, SuiteEntry, read, with_executor
from harness.runs.suites.table import SuiteRow, rows, to_csv, to_markdown
from harness.tracking import remnants
from harness.tracking.store import Store
from harness.tracking.suite_runs import log_suite
from harness.values.errors import HarnessError
from harness.values.outputs import claimed, write_text


@dataclass(frozen=True)
class SuiteRun:
    """A suite that was run.

    Attributes
    ----------
    suite : Suite
    rows : tuple of SuiteRow
        Its table: a classifier on a corpus, a published number, or a mean each.
    folder : Path
        Where ``table.csv`` and ``table.md`` were written.
    failures : tuple of str
        What failed and why, a line each.
    """

    suite: Suite
    rows: tuple[SuiteRow, ...]
    folder: Path
    failures: tuple[str, ...]

    @property
    def across(self) -> tuple[str, ...]:
        """Which classifiers are shown to differ over corpora, a sentence each pair."""
        return tuple(across_sentences(_corpora(self.suite), self.rows))


def _corpora(suite: Suite) -> dict[str, str]:
    """Return the corpus of each experiment: two experiments on one corpus have one name."""
    cards = {entry.key: entry.card for entry in suite.entries}
    return {key: card.name if card is not None else key for key, card in cards.items()}


class FailedSuiteError(HarnessError):
    """Some parts of a suite failed; ``run`` holds the others, which are finished."""

    def __init__(self, run: SuiteRun) -> None:
        self.run = run
        super().__init__("\n".join(run.failures))


class SuiteObserver:
    """Listens to a running suite and does nothing; override what is of interest."""

    def absent(self, entry: SuiteEntry) -> None:
        """Hear that an experiment is left out, since its corpus is not there."""

    def note(self, text: str) -> None:
        """Hear what a person should know."""

    def classifier_ended(self, cell: SuiteCell) -> None:
        """Hear that a classifier has finished on a corpus."""


def run_suite(
    path: Path,
    *,
    only: Collection[str] = (),
    classifiers: Collection[str] = (),
    output: Path | None = None,
    fresh: bool = False,
    executor: str = "",
    observer: SuiteObserver | None = None,
) -> SuiteRun:
    """Run what is not yet finished of a suite, write its table and log it.

    Parameters
    ----------
    path : Path
        The suite's YAML file.
    only, classifiers : collection of str
        See :func:`harness.runs.suites.running.run_entries`.
    output : Path, optional
        Folder for ``table.csv`` and ``table.md``; left out, ``suites/NAME`` of the store's own folder.
    fresh : bool
        Repeat what is finished, of what is chosen.
    executor : {"serial", "processes", "ray"}, optional
        Where trials run; default: what each experiment says under ``run``.
    observer : SuiteObserver, optional

    Raises
    ------
    ConfigError
        With every problem of every experiment.
    FailedSuiteError
        Where something failed, after everything else is finished and written.
    OutputError
        Where another process writes into the folder.
    """
    # The folder of the store is nobody's alone: suites that run side by side share what they finish.
    with claimed(output, folder=True):
        suite = with_executor(read(path), executor) if executor else read(path)
        return _run(suite, observer or SuiteObserver(), output, (only, classifiers, fresh))


def _run(
    suite: Suite,
    observer: SuiteObserver,
    output: Path | None,
    chosen: tuple[Collection[str], Collection[str], bool],
) -> SuiteRun:
    for entry in suite.entries:
        if entry.absent:
            observer.absent(entry)
    store = remnants.opened(observer.note)
    cells: list[SuiteCell] = []
    failures: list[str] = []
    only, classifiers, fresh = chosen
    for part in run_entries(suite, store, only=only, classifiers=classifiers, fresh=fresh):
        if isinstance(part, SuiteAbsence):
            observer.absent(replace(part.entry, absent=part.reason))
        elif isinstance(part, SuiteFailure):
            failures.append(f"{part.entry.key}: {part.error}")
        elif part.outcome.error is not None:
            failures.append(f"{part.entry.key}: {part.outcome.name} failed: {part.outcome.error}")
        else:
            cells.append(part)
            observer.classifier_ended(part)
    table = tuple(rows(suite, cells))
    folder = output or store.home / "suites" / suite.name
    _write(store, suite, table, folder)
    run = SuiteRun(suite, table, folder, tuple(failures))
    if failures:
        raise FailedSuiteError(run)
    return run


def _write(store: Store, suite: Suite, table: tuple[SuiteRow, ...], folder: Path) -> None:
    across = "".join(f"\n- {sentence}" for sentence in across_sentences(_corpora(suite), table))
    files = {"table.csv": to_csv(table), "table.md": to_markdown(table) + (f"{across}\n" if across else "")}
    # Of suites that end at the same time, each writes its table whole.
    with store.lock(f"suite-{suite.name}"):
        for name, text in files.items():
            write_text(folder / name, text)
    # As metrics, published numbers would look like results of this run.
    ours = [row for row in table if not row.published]
    values = {f"{row.corpus}/{row.classifier}": row.value for row in ours}
    log_suite(store, suite.name, suite.description, files, values)
