"""Names of experiments in, their finished classifiers and the predictions of each out."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan.plan import loadable
from harness.reports.comparison_reasons import RunEvidence
from harness.scoring.slices import Slice
from harness.tracking import names, run_files
from harness.tracking.store import Store
from harness.values.costs import Costs
from harness.values.errors import StoreError
from harness.values.findings import Findings
from harness.values.labels import LabelSet
from harness.values.prevalence import Prevalence
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from mlflow.entities import Run

REPORT = "report.html"


@dataclass(frozen=True)
class FinishedRun:
    """A finished run of a classifier.

    Attributes
    ----------
    name : str
        The classifier's; preceded by the experiment's where several experiments are read.
    run_id, experiment_id : str
    experiment : str
    primary : str
        Primary metric of its config.
    deterministic : bool
        Whether it is the same under every seed; False also where that is unknown.
    """

    name: str
    run_id: str
    experiment_id: str
    experiment: str
    primary: str
    deterministic: bool


def finished_runs(store: Store, experiments: Sequence[str]) -> tuple[FinishedRun, ...]:
    """Return the newest finished run of each classifier: experiment by experiment, the oldest run first.

    Parameters
    ----------
    store : Store
    experiments : sequence of str
        By name.

    Raises
    ------
    StoreError
        Where an experiment is unknown, named twice, or has no finished run.
    """
    repeated = [name for name, count in Counter(experiments).items() if count > 1]
    if repeated:
        raise StoreError(f"the experiment {repeated[0]!r} is named twice")
    runs = [run for experiment in experiments for run in _of_experiment(store, experiment)]
    if len(experiments) == 1:
        return tuple(runs)
    return tuple(replace(run, name=f"{run.experiment}/{run.name}") for run in runs)


def unfinished_notes(store: Store, experiments: Sequence[str]) -> list[str]:
    """Name the classifiers whose newest run has not finished, and what takes its place; a sentence each.

    Parameters
    ----------
    store : Store
    experiments : sequence of str
        By name; classifiers are named as by :func:`finished_runs`.
    """
    notes = []
    for experiment in experiments:
        runs = store.client.search_runs(
            [store.find_experiment(experiment)],
            f"tags.`{names.ROLE}` = '{names.CLASSIFIER}'",
            order_by=["attributes.start_time ASC"],
        )
        newest = {run.info.run_name: run.info.status for run in runs}
        finished = {run.info.run_name for run in runs if run.info.status == "FINISHED"}
        prefix = f"{experiment}/" if len(experiments) > 1 else ""
        # A run that failed is easily taken for a classifier that was left out, an earlier one for the newest.
        notes += [
            f"The newest run of {prefix}{name} has not finished: "
            + ("an earlier one takes its place." if name in finished else "it is left out.")
            for name, status in newest.items()
            if status != "FINISHED"
        ]
    return notes


def finished_run(store: Store, run_id: str) -> FinishedRun:
    """Return the finished run of a classifier by its id.

    Raises
    ------
    StoreError
        Where there is none, or it is a run of something else.
    """
    from mlflow.exceptions import MlflowException

    try:
        run = store.client.get_run(run_id)
        experiment = store.client.get_experiment(run.info.experiment_id).name
    except MlflowException as error:
        raise StoreError(f"there is no run {run_id!r} in {store.shown}") from error
    if run.data.tags.get(names.ROLE) != names.CLASSIFIER or run.info.status != "FINISHED":
        raise StoreError(f"the run {run_id!r} ({run.info.run_name}) is no finished run of a classifier")
    return _described(run, str(experiment))


def run_of_digest(store: Store, experiment: str, digest: str) -> FinishedRun:
    """Return the newest finished run of a classifier by the digest of its contents.

    Raises
    ------
    StoreError
        Where there is none.
    """
    query = f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.ROLE}` = '{names.CLASSIFIER}'"
    runs = store.client.search_runs(
        [store.find_experiment(experiment)],
        f"{query} and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    if not runs:
        raise StoreError(f"the experiment {experiment!r} has no finished run {digest}")
    return _described(runs[0], experiment)


def read_predictions(store: Store, run: FinishedRun) -> Predictions:
    """Read the predictions of a run; parts of the split have their present names.

    Raises
    ------
    StoreError
        Where the files are gone.
    """
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        try:
            config, table = (
                file_of(store, run.run_id, name, copies) for name in ("config.yaml", run_files.PREDICTIONS)
            )
            return run_files.read_predictions(table, labels_of(config))
        except (OSError, MlflowException) as error:
            raise StoreError(f"the files of {run.name} (run {run.run_id}) are gone: {error}") from error


def read_config(store: Store, run: FinishedRun) -> dict[str, Any]:
    """Read the config of a run, with all defaults; it can be resolved again.

    Raises
    ------
    StoreError
        Where the file is gone.
    """
    from mlflow.exceptions import MlflowException

    try:
        return loadable(_read_json(store, run, "config.yaml"))
    except (OSError, MlflowException) as error:
        raise StoreError(f"the files of {run.name} (run {run.run_id}) are gone: {error}") from error


def read_environment(store: Store, run: FinishedRun) -> dict[str, Any]:
    """Read the versions and the machine that a run was made with; empty where the file is gone."""
    from mlflow.exceptions import MlflowException

    try:
        return _read_json(store, run, "environment.json")
    except (OSError, MlflowException):
        return {}


def _read_json(store: Store, run: FinishedRun, name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        data: dict[str, Any] = json.loads(
            file_of(store, run.run_id, name, copies).read_text(encoding="utf-8")
        )
    return data


def read_evidence(store: Store, run: FinishedRun) -> RunEvidence:
    """Read what a comparison says of a run beside its score: audits, sentences, slices, where its report is.

    Files that are gone are left out: they explain a comparison, and are not needed for it.
    """
    from mlflow.exceptions import MlflowException

    findings: Findings = ()
    sentences: dict[str, str] = {}
    slices: tuple[Slice, ...] = ()
    report, seconds, candidates = "", math.nan, 0
    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        with contextlib.suppress(OSError, ValueError, MlflowException):
            findings = run_files.read_findings(file_of(store, run.run_id, run_files.FINDINGS, copies).parent)
        with contextlib.suppress(OSError, ValueError, MlflowException):
            sentences = run_files.read_sentences(file_of(store, run.run_id, run_files.TABLE, copies))
        # Runs of earlier versions have no such file.
        with contextlib.suppress(OSError, ValueError, MlflowException):
            slices = run_files.read_slices(file_of(store, run.run_id, run_files.SLICES, copies))
        with contextlib.suppress(OSError, ValueError, MlflowException):
            trials = json.loads(file_of(store, run.run_id, run_files.TRIALS, copies).read_text("utf-8"))
            seconds = run_files.predict_seconds(trials)
            candidates = run_files.most_candidates(trials)
        with contextlib.suppress(OSError, MlflowException):
            path = file_of(store, run.run_id, REPORT, copies)
            local = store.artifacts is not None and path.is_file()
            report = str(path) if local else f"runs:/{run.run_id}/{REPORT}"
    return RunEvidence(findings, sentences, report, slices, seconds, candidates)


def read_file(store: Store, run: FinishedRun, name: str) -> bytes | None:
    """Read a file of a run by its path among the run's artifacts; None where there is none."""
    from mlflow.exceptions import MlflowException

    with (
        tempfile.TemporaryDirectory(prefix="harness-") as copies,
        contextlib.suppress(OSError, MlflowException),
    ):
        return file_of(store, run.run_id, name, copies).read_bytes()
    return None


def file_of(store: Store, run_id: str, name: str, copies: str) -> Path:
    """Return a file of a run: the file itself where it lies on this machine, else a copy.

    Parameters
    ----------
    store : Store
    run_id : str
    name : str
        Path of the file among the run's artifacts.
    copies : str
        Folder for a copy.
    """
    if store.artifacts is None:
        return Path(store.client.download_artifacts(run_id, name, copies))
    # For a single file MLflow makes a copy even here; for a run's whole folder it returns the path.
    return Path(store.client.download_artifacts(run_id, "")) / name


def labels_of(config: Path) -> LabelSet:
    """Read the label set from the config that a run holds."""
    data = json.loads(config.read_text(encoding="utf-8"))
    framing = data["task"] == "framing"
    # Configs from before framing could be single-label do not have the key.
    labels = LabelSet(tuple(data["labels"]), multi=framing and data.get("multi") is not False)
    if data.get("costs"):
        labels = replace(labels, costs=Costs.of(data["costs"], decides="decision" in data))
    if data.get("prevalence"):
        adjusts = bool(data.get("adjust"))
        labels = replace(labels, prevalence=Prevalence.of(data["prevalence"], adjusts=adjusts))
    return labels


def _of_experiment(store: Store, experiment: str) -> list[FinishedRun]:
    runs: list[Run] = list(
        store.client.search_runs(
            [store.find_experiment(experiment)],
            f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time ASC"],
        )
    )
    if not runs:
        raise StoreError(f"the experiment {experiment!r} has no finished run; run it first")
    # The runs come oldest first, so that the newest of a name stays.
    newest = {run.info.run_name: run for run in runs}
    return [_described(run, experiment) for run in newest.values()]


def _described(run: Run, experiment: str) -> FinishedRun:
    tags = run.data.tags
    return FinishedRun(
        name=str(run.info.run_name),
        run_id=str(run.info.run_id),
        experiment_id=str(run.info.experiment_id),
        experiment=experiment,
        primary=tags.get(names.PRIMARY, ""),
        deterministic=tags.get(names.DETERMINISTIC) == "true",
    )
