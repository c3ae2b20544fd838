"""A plan and the results of its classifiers in, parent and child runs out."""

from __future__ import annotations

import contextlib
import json
import shutil
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.results import ClassifierResult, FinishedClassifier, Trial, TrialResult
from harness.scoring.score import score
from harness.tracking import (
    claims,
    contents,
    context,
    descriptions,
    names,
    run_files,
    run_metrics,
    sending,
    spool,
    view,
)
from harness.tracking.candidate_runs import log_candidates
from harness.tracking.scratch import scratch_folder
from harness.tracking.store import Store, pending
from harness.tracking.store.database import locked
from harness.tracking.store.failures import FULL, failure
from harness.tracking.store.lease import OWNER, Lease
from harness.tracking.store.ownership import Owner, at_work
from harness.values.errors import PredictionsError, StoreError
from harness.values.labels import LabelSet
from harness.values.secrets import hide

if TYPE_CHECKING:
    from mlflow.entities import Run


class Tracker:
    """Writes the runs of one experiment, and finds those that are finished or can be resumed.

    Parameters
    ----------
    store : Store
    plan : Plan
    fresh : bool
        Ignore what is finished: everything is run again.
    marks : mapping
        Additional tags for every run.
    """

    def __init__(
        self,
        store: Store,
        plan: Plan,
        *,
        fresh: bool = False,
        marks: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.store, self.plan, self.fresh, self.marks = store, plan, fresh, marks
        self.digests: list[str] = []
        self._emptied: set[str] = set()
        self.owner = Owner.new()

    @cached_property
    def experiment_id(self) -> str:
        """The experiment's id in MLflow; on first use it is created and described."""
        store, plan = self.store, self.plan
        tags = contents.experiment_tags(plan) | view.tags(plan)
        experiment_id = store.experiment(plan.name, tags)
        current = store.client.get_experiment(experiment_id).tags
        changed = [pair for pair in tags.items() if current.get(pair[0]) != pair[1]]
        sending.for_each(store, lambda pair: store.client.set_experiment_tag(experiment_id, *pair), changed)
        descriptions.describe_experiment(store, experiment_id, descriptions.experiment_head(plan))
        return experiment_id

    @cached_property
    def git(self) -> context.Git:
        """The state of the repository that the config lies in."""
        return context.Git.of(self.plan.source.resolve().parent)

    def finished(self, classifier: PlannedClassifier, trials: Sequence[Trial]) -> ClassifierResult | None:
        """Load the result of a finished parent run with equal trials and metrics; None without one."""
        digest = names.parent_digest(self.plan, classifier, trials)
        return self._finished_of(self.runs(names.CLASSIFIER, digest), classifier, trials)

    def _finished_of(
        self, runs: Sequence[Run], classifier: PlannedClassifier, trials: Sequence[Trial]
    ) -> ClassifierResult | None:
        for run in runs:
            if run.info.status == "FINISHED":
                # Files that were deleted or do not read: the run does not count, and is done again.
                with contextlib.suppress(OSError, KeyError, PredictionsError), self.files(run) as folder:
                    return run_files.read_result(folder, classifier, trials, self.plan.labels)
        return None

    @contextlib.contextmanager
    def classifier(self, classifier: PlannedClassifier, trials: Sequence[Trial]) -> Iterator[ParentRun]:
        """Open the parent run of a classifier, an interrupted one where there is one.

        If another process is training the same classifier of the same experiment, wait for it. An exception
        ends the run as FAILED with its reason, Ctrl-C as KILLED; :meth:`ParentRun.complete` as FINISHED.
        """
        digest = names.parent_digest(self.plan, classifier, trials)
        self.digests.append(digest)
        what = f"it runs {classifier.name} of {self.plan.name}"
        # By the digest: two processes may run different classifiers of one experiment at once.
        with self.store.lock(f"{self.experiment_id}-{digest}", what), at_work(self.owner):
            run_id, waits = "", False
            while not run_id:
                runs = self.runs(names.CLASSIFIER, digest)
                done = None if self.fresh else self._finished_of(runs, classifier, trials)
                if done is not None:
                    yield ParentRun(self, classifier, "", Path(), done)
                    return
                run_id = claims.take(self, digest, runs, lambda: self._created(classifier, digest))
                if not run_id:
                    claims.wait(what, announce=not waits)
                    waits = True
            parent = ParentRun(self, classifier, run_id, self.pending(run_id))
            with Lease(self.store.client, run_id, self.owner), self.ending(run_id):
                yield parent

    def mark_latest(self) -> None:
        """Mark the classifiers that were opened as those of the latest run: promotion chooses among them."""
        # Of an experiment that was changed and changed back, the newest run is not the latest one.
        tag = json.dumps(self.digests)
        self.store.client.set_experiment_tag(self.experiment_id, names.LATEST, tag)

    @contextlib.contextmanager
    def ending(self, run_id: str) -> Iterator[None]:
        """Mark a run FAILED with its reason, or KILLED, where the block ends in an exception."""
        client = self.store.client
        try:
            yield
        except BaseException as error:
            killed = not isinstance(error, Exception)
            # Hidden before it is cut: a part of a secret would not be recognised.
            reason = hide(f"{type(error).__name__}: {error}".strip(": "))[: names.MAX_ERROR_LENGTH]
            # Where the store itself fails, the next start closes the run.
            with contextlib.suppress(StoreError, OSError):
                client.set_tag(run_id, names.ERROR, reason)
                # The traceback of Ctrl-C says nothing.
                if not killed:
                    client.log_text(run_id, hide(traceback.format_exc()), "error.txt")
                client.set_terminated(run_id, "KILLED" if killed else "FAILED")
            # Files on their way into the store, which ran out of space.
            is_full = isinstance(error, OSError) and error.errno in FULL
            full = failure(error, self.store.shown) if is_full and isinstance(error, OSError) else None
            if full is not None:
                raise full from error
            raise

    def runs(self, role: str, digest: str) -> list[Run]:
        """Find runs of the experiment by role and digest, the newest first."""
        return list(
            self.store.client.search_runs(
                [self.experiment_id],
                f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.ROLE}` = '{role}'",
                order_by=["attributes.start_time DESC"],
            )
        )

    @contextlib.contextmanager
    def files(self, run: Run) -> Iterator[Path]:
        """Provide the folder of a run's files: the files themselves on this machine, copies from a server.

        Raises
        ------
        FileNotFoundError
            Where the files are gone.
        """
        from mlflow.exceptions import MlflowException

        with self.scratch() as folder:
            # Without a destination MLflow returns the folder itself; with one it copies.
            copies = None if self.store.artifacts is not None else str(folder)
            try:
                yield Path(self.store.client.download_artifacts(run.info.run_id, "", copies))
            except MlflowException as error:
                raise FileNotFoundError(str(error)) from error

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Create an empty folder, deleted after the block."""
        with scratch_folder(self.store) as folder:
            yield folder

    def unfinished(self, trial: Trial) -> Path:
        """Return the folder that all attempts at a trial share: for checkpoints, and an unlogged result.

        Where everything is to be trained again, it is emptied when it is first asked for.
        """
        folder = self.pending(f"{pending.PREFIX}{self.experiment_id}-{trial.digest}")
        if self.fresh and trial.digest not in self._emptied:
            shutil.rmtree(folder, ignore_errors=True)
        self._emptied.add(trial.digest)
        return folder

    def lock_of(self, trial: Trial) -> Path:
        """Return the file that is locked by the process that runs a trial."""
        return self.store.lock_file(f"{self.experiment_id}-trial-{trial.digest}")

    def open_trials(self, classifier: PlannedClassifier, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials of a classifier that no finished run has."""
        if self.fresh:
            return list(trials)
        digest = names.parent_digest(self.plan, classifier, trials)
        if any(run.info.status == "FINISHED" for run in self.runs(names.CLASSIFIER, digest)):
            return []
        return [
            trial
            for trial in trials
            if all(run.info.status != "FINISHED" for run in self.runs(names.TRIAL, trial.digest))
        ]

    def pending(self, name: str) -> Path:
        """Return the folder of an unfinished run's models, by its id, or of an unfinished training."""
        return pending.folder_of(self.store, name)

    def tags(self, role: str, digest: str) -> dict[str, str]:
        """Return the tags that every run of the experiment carries."""
        plan = self.plan
        tags = {
            names.ROLE: role,
            names.DIGEST: digest,
            OWNER: self.owner.text(),
            "mlflow.user": context.user(),
            "mlflow.source.type": "LOCAL",
            "mlflow.source.name": plan.source.name,
            "mlflow.source.git.commit": self.git.commit,
            "mlflow.source.git.branch": self.git.branch,
        }
        tags |= self.marks
        return {**plan.config.tracking.tags, **{name: value for name, value in tags.items() if value}}

    def _created(self, classifier: PlannedClassifier, digest: str) -> str:
        client, plan = self.store.client, self.plan
        tags = self.tags(names.CLASSIFIER, digest) | {
            names.KIND: classifier.bound.kind,
            names.PRIMARY: plan.primary.name,
            names.DIRECTION: plan.primary.direction,
            names.MODEL_NAME: plan.model_name,
            **_deterministic(classifier, plan.labels),
        }
        run = client.create_run(self.experiment_id, tags=tags, run_name=classifier.name)
        # Tuned options are logged when they are chosen; MLflow's parameters cannot be changed.
        fixed = {k: v for k, v in classifier.bound.options.items() if k not in classifier.tuned_options}
        about = {"classifier": classifier.name, "kind": classifier.bound.kind}
        sending.send_values(client, run.info.run_id, options=about | names.option_parameters(fixed))
        return str(run.info.run_id)


def _deterministic(classifier: PlannedClassifier, labels: LabelSet) -> dict[str, str]:
    """Tag a classifier that is the same under every seed: one seed is then enough for its intervals."""
    instance = classifier.bound.make(labels=labels, seed=0)
    return {names.DETERMINISTIC: "true"} if getattr(instance, "deterministic", False) else {}


@dataclass(frozen=True)
class ParentRun:
    """The open run of a classifier.

    Attributes
    ----------
    tracker : Tracker
    classifier : PlannedClassifier
    run_id : str
    folder : Path
        For a refit (:func:`harness.evaluation.trial.refit`); deleted by :meth:`complete`.
    done : ClassifierResult or None
        The result of a run that was finished before; no run is open then.
    """

    tracker: Tracker
    classifier: PlannedClassifier
    run_id: str
    folder: Path
    done: ClassifierResult | None = None

    def finished_trial(self, trial: Trial) -> TrialResult | None:
        """Load the result of a finished child run with the trial's digest; None where there is none.

        Its ``folder`` is None where the model was deleted because that of another seed was served.
        """
        tracker = self.tracker
        for run in [] if tracker.fresh else tracker.runs(names.TRIAL, trial.digest):
            if run.info.status != "FINISHED":
                continue
            folder = tracker.pending(run.info.run_id)
            model = folder if (folder / "loader.txt").is_file() else None
            with contextlib.suppress(OSError, KeyError, PredictionsError), tracker.files(run) as files:
                return run_files.read_trial(files, trial, tracker.plan.labels, model)
        return None

    @contextlib.contextmanager
    def trial(self, trial: Trial) -> Iterator[ChildRun]:
        """Open the child run of a trial; it ends FINISHED, FAILED or KILLED with the block."""
        tracker = self.tracker
        client = tracker.store.client
        tags = tracker.tags(names.TRIAL, trial.digest) | {
            "mlflow.parentRunId": self.run_id,
            names.KIND: trial.classifier.bound.kind,
        }
        run = client.create_run(tracker.experiment_id, tags=tags, run_name=trial.name)
        run_id = str(run.info.run_id)
        # Each attempt is a run of its own, but they share the folder of checkpoints: the training is resumed.
        unfinished = tracker.unfinished(trial)
        with tracker.ending(run_id), locked(tracker.lock_of(trial), f"it runs {trial.name}"):
            yield ChildRun(tracker, run_id, tracker.pending(run_id), unfinished)
            client.set_terminated(run_id, "FINISHED")
            spool.discard(tracker.store, run_id)
        shutil.rmtree(unfinished, ignore_errors=True)

    def complete(
        self,
        finished: FinishedClassifier,
        pack: contents.ModelPackager | None = None,
        attachments: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Log all that the UI shows, and the model; the run is FINISHED then.

        Parameters
        ----------
        finished : FinishedClassifier
        pack : ModelPackager, optional
            Writes the model; default: no model is logged.
        attachments : mapping
            Further files of the run by name.
        """
        tracker = self.tracker
        contents.log_classifier(tracker, self.run_id, finished, pack, attachments)
        tracker.store.client.set_terminated(self.run_id, "FINISHED")
        descriptions.describe_experiment(tracker.store, tracker.experiment_id)
        shutil.rmtree(self.folder, ignore_errors=True)
        for trial in finished.result.trials:
            for run in tracker.runs(names.TRIAL, trial.trial.digest):
                shutil.rmtree(tracker.pending(run.info.run_id), ignore_errors=True)


@dataclass(frozen=True)
class ChildRun:
    """The open run of a trial.

    Attributes
    ----------
    tracker : Tracker
    run_id : str
    folder : Path
        For the trial's model; kept when the experiment is interrupted.
    unfinished : Path
        For checkpoints of the training, from one attempt at the trial to the next.
    """

    tracker: Tracker
    run_id: str
    folder: Path
    unfinished: Path

    def log(self, result: TrialResult) -> None:
        """Log predictions, options, scores, training curves, times, and where labels come from."""
        plan, store = self.tracker.plan, self.tracker.store
        labels_alone = not result.predictions.has_probabilities
        metrics = [metric for metric in plan.metrics if not (labels_alone and metric.probabilities)]
        scores = score(result.predictions, metrics, draws=0)
        values = names.score_values(scores) | {f"time/{k}_seconds": v for k, v in result.seconds.items()}
        values |= run_metrics.tuning_of([result])
        values |= run_metrics.usage_of([result]) | run_metrics.missing_shares(result.predictions)
        used = [key for key in run_metrics.TRIAL_RARE if key in values]
        keys = (*run_metrics.trial_keys(plan.primary, plan.metrics, len(used)), *used)
        logged = names.metrics(run_metrics.shown(values, keys)) + names.curve_metrics(result.curves)
        about = {"seed": result.trial.seed, "fold": result.trial.fold}
        options = about | names.option_parameters(result.options)
        with self.tracker.scratch() as folder:
            run_files.write_trial(folder, result)
            (folder / run_metrics.MEASURES).write_text(run_metrics.measures_csv(values), encoding="utf-8")
            log = spool.TrialLog(folder, options, logged, names.source_tags(result.provenance))
            spool.keep(store, self.run_id, log, self.tracker.owner)
            log.send(store, self.run_id)
        log_candidates(self.tracker, self.run_id, result)
