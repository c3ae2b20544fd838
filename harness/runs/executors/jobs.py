"""A trial in, its result in a folder out: what one process runs and another takes.

The result goes through files, in the form in which finished trials are logged, so that a trial that has ended
is not lost with the process that wanted it: the next call takes it from there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial, TrialResult
from harness.evaluation.search.search import Chosen
from harness.evaluation.trial import run_trial
from harness.tracking import run_files
from harness.tracking.store.database import locked
from harness.values.errors import PredictionsError
from harness.values.labels import LabelSet
from harness.values.threads import computing_with

ENDED, ENDING, MODEL = "ended", "ending", "model"
"""In a job's folder: a whole result, one that is being written, and in it the fitted classifier."""


@dataclass(frozen=True)
class Job:
    """A trial to run.

    Attributes
    ----------
    trial : Trial
    folder : Path
        A folder of this trial alone, the same for every attempt: checkpoints of its training, then its
        result.
    lock : Path or None
        A file that is locked while the trial runs; None where no other process may run it.
    is_shared : bool
        Whether the folder lies on storage that all nodes of a cluster see.
    chosen : Chosen or None
        The outcome of its search, where that is over already.
    threads : int or None
        That PyTorch computes with; None: those of the process that runs it.
    """

    trial: Trial
    folder: Path
    lock: Path | None = None
    is_shared: bool = False
    chosen: Chosen | None = None
    threads: int | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return self.trial.name

    @property
    def is_ended(self) -> bool:
        """Whether a process before has left the result in the folder."""
        return (self.folder / ENDED).is_dir()

    def run(self, prepared: Prepared) -> None:
        """Run the trial, unless a process before has ended it, and leave the result in the folder."""
        if self.lock is not None:
            with locked(self.lock, f"it runs {self.name} of {prepared.plan.name}"):
                _run(prepared, self)
        else:
            _run(prepared, self)


def taken(trial: Trial, source: Path, folder: Path, labels: LabelSet) -> TrialResult | None:
    """Take the result of a trial out of the folder of its job; the classifier is moved to ``folder``.

    Returns
    -------
    TrialResult or None
        None where there is no result, or none that can be read.
    """
    ended = source / ENDED
    try:
        result = run_files.read_trial(ended, trial, labels, None)
    except (OSError, KeyError, ValueError, PredictionsError):
        return None
    model = ended / MODEL
    is_saved = (model / "loader.txt").is_file()
    if is_saved:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(model, folder)
    shutil.rmtree(ended, ignore_errors=True)
    return replace(result, folder=folder if is_saved else None)


def _run(prepared: Prepared, job: Job) -> None:
    ended, ending = job.folder / ENDED, job.folder / ENDING
    if job.is_ended:
        return
    # What a process left that was killed while it wrote.
    shutil.rmtree(ending, ignore_errors=True)
    with computing_with(job.threads):
        result = run_trial(prepared, job.trial, ending / MODEL, job.folder, searched_by=job.chosen)
    ending.mkdir(parents=True, exist_ok=True)
    run_files.write_trial(ending, result)
    # In one step: a result is whole, or there is none.
    ending.rename(ended)
