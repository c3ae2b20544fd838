"""Candidates of a search in, what became of them out: the workers that run trials fit them, too.

A search with batches, or with finalists to time, is made by the driver: it draws candidates, hands them to
the workers and is told of them in the order of their numbers. Then a worker runs the trial itself with the
options that were chosen, as it runs any other trial. A worker cannot search like that: it has no workers of
its own, and while it waited for others, it would keep a process or a node from fitting candidates. These
searches come one after the other, and their candidates before trials that wait. A search without batches is
a part of its trial, as without workers; several trials then search at once.

Where a worker is ended three times by the same candidate, the search fails, and goes on after the last
finished candidate when it is run again. To leave that candidate out would make the choice depend on how many
workers share the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.classifiers.protocol import Classifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.finalists import Measured
from harness.evaluation.search.judging import Fitted, Judge
from harness.evaluation.search.study import Drawn, Judged
from harness.evaluation.search.tuning_rows import tuning_rows
from harness.evaluation.search.workers import Here
from harness.evaluation.trial import SEARCH
from harness.runs.executors.processes import Workers
from harness.runs.executors.worker import Ran


@dataclass(frozen=True)
class CandidateJob:
    """A candidate to judge.

    Attributes
    ----------
    trial : Trial
        Whose options are searched for.
    drawn : Drawn
    folder : Path or None
        Where trainings keep checkpoints; None where the driver's folders are not to be seen.
    """

    trial: Trial
    drawn: Drawn
    folder: Path | None

    @property
    def name(self) -> str:
        """For messages."""
        return f"candidate {self.drawn.number} of {self.trial.name}"

    def run(self, prepared: Prepared) -> Fitted:
        """Judge it; the classifier stays behind."""
        return replace(_judge(prepared, self.trial, self.folder)(self.drawn), classifier=None)


@dataclass(frozen=True)
class FinalistJob:
    """A finalist to measure.

    Attributes
    ----------
    trial : Trial
        Whose options are searched for.
    judged : Judged
    """

    trial: Trial
    judged: Judged

    @property
    def name(self) -> str:
        """For messages."""
        return f"finalist {self.judged.number} of {self.trial.name}"

    def run(self, prepared: Prepared) -> Measured:
        """Fit and measure it."""
        measured, _ = Here(_judge(prepared, self.trial, None)).measured(self.judged, None)
        return measured


@dataclass(frozen=True)
class HandedOut:
    """The candidates of one search, which are fitted by workers.

    Attributes
    ----------
    workers : Workers
    trial : Trial
    folder : Path or None
        Of the trial, where workers see it.
    """

    workers: Workers
    trial: Trial
    folder: Path | None

    def judged(self, drawn: Sequence[Drawn]) -> Iterator[Fitted]:
        """Judge candidates at once; yield the results, and warn of what was warned of, in the order given."""
        folder = self.folder / SEARCH if self.folder is not None else None
        jobs = [CandidateJob(self.trial, each, folder) for each in drawn]
        # Submitted now and not when the first is asked for.
        return _in_order([self.workers.submit(job, job.name, urgent=True) for job in jobs])

    def measured(self, judged: Judged, fitted: Classifier | None) -> tuple[Measured, None]:  # noqa: ARG002
        """Measure a finalist in a worker, while the driver and all other workers wait."""
        job = FinalistJob(self.trial, judged)
        ran: Ran = self.workers.submit(job, job.name, urgent=True, alone=True).result()
        return ran.here(), None


def _judge(prepared: Prepared, trial: Trial, folder: Path | None) -> Judge:
    rows = tuning_rows(prepared, prepared.split_of(trial.fold), trial.classifier)
    return Judge(prepared, trial, rows, folder)


def _in_order(futures: Sequence[Future[Any]]) -> Iterator[Fitted]:
    try:
        for future in futures:
            yield future.result().here()
    finally:
        # After an error nobody asks for the others.
        for future in futures:
            future.cancel()
