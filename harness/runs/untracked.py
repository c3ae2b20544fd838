"""Results in, a folder of reports and models out: what takes MLflow's place where nothing is tracked."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.results import FinishedClassifier, Trial, TrialResult
from harness.reports.run_summary import Summary
from harness.tracking import contents, context

MODEL = "model"
"""Folder of a classifier's model, beside its report."""


@dataclass(frozen=True)
class UntrackedExperiment:
    """Writes the results of one experiment into a folder; nothing of earlier calls is found again.

    Attributes
    ----------
    folder : Path
        Made where it is missing; each classifier gets a folder in it.
    plan : Plan
    """

    folder: Path
    plan: Plan

    @contextlib.contextmanager
    def classifier(
        self,
        classifier: PlannedClassifier,
        trials: Sequence[Trial],  # noqa: ARG002 (as Tracker.classifier)
    ) -> Iterator[UntrackedParent]:
        """Open the folder of a classifier; unfinished models are gone after the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
            yield UntrackedParent(folder_of(self.folder, self.plan, classifier), self.plan, Path(scratch))


def folder_of(folder: Path, plan: Plan, classifier: PlannedClassifier) -> Path:
    """Return where a classifier's results lie in the folder of untracked results."""
    return folder / plan.name / classifier.name


@dataclass(frozen=True)
class UntrackedParent:
    """The open folder of a classifier; the counterpart of :class:`harness.tracking.tracker.ParentRun`.

    Attributes
    ----------
    target : Path
        Where report, tables and model go.
    plan : Plan
    scratch : Path
        Where models are kept until one of them is served.
    """

    target: Path
    plan: Plan
    scratch: Path
    done: None = None
    run_id: str = ""

    @property
    def folder(self) -> Path:
        """A place for a refit."""
        return self.scratch / "refit"

    def finished_trial(self, trial: Trial) -> None:
        """Find nothing: what is not tracked is not found again."""

    @contextlib.contextmanager
    def trial(self, trial: Trial) -> Iterator[UntrackedChild]:
        """Open the folder of a trial."""
        yield UntrackedChild(self.scratch / trial.digest, self.scratch / f"{trial.digest}-training")

    def complete(
        self,
        finished: FinishedClassifier,
        pack: contents.ModelPackager | None = None,
        attachments: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Write report, figures, tables and, where the classifier can be saved, its model."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir(parents=True)
        git = context.Git.of(self.plan.source.resolve().parent)
        summary = Summary(finished)
        contents.write_artifacts(self.target, summary, git)
        contents.write_attachments(self.target, attachments)
        if pack is not None and finished.result.model is not None:
            pack(self.target / MODEL, summary, run_id="", model_id="")


@dataclass(frozen=True)
class UntrackedChild:
    """The open folder of a trial; the counterpart of :class:`harness.tracking.tracker.ChildRun`.

    Attributes
    ----------
    folder : Path
        Where the trial's model is to be saved.
    unfinished : Path
        Where a training may keep its state.
    """

    folder: Path
    unfinished: Path

    def log(self, result: TrialResult) -> None:
        """Log nothing; the classifier's results are written when all its trials are done."""
