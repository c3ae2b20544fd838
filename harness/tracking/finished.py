"""Names of experiments in, their finished classifiers and what each of them predicted out."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.tracking import names, saved
from harness.tracking.store import Store
from harness.values.errors import StoreError
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True)
class FinishedRun:
    """A finished run of a classifier.

    Attributes
    ----------
    name : str
        The classifier's; with that of its experiment in front where several experiments are looked at.
    run_id, experiment_id : str
    experiment : str
    primary : str
        The metric that its config goes by.
    deterministic : bool
        Whether no seed changes it; False too where that is not known.
    """

    name: str
    run_id: str
    experiment_id: str
    experiment: str
    primary: str
    deterministic: bool


def finished_runs(store: Store, experiments: Sequence[str]) -> tuple[FinishedRun, ...]:
    """Return the newest finished run of each classifier, experiment by experiment, the oldest first.

    Raises
    ------
    StoreError
        Where an experiment is unknown, named twice, or has no finished run.
    """
    twice = [name for name, count in Counter(experiments).items() if count > 1]
    if twice:
        raise StoreError(f"the experiment {twice[0]!r} is named twice")
    found = [one for experiment in experiments for one in _of_experiment(store, experiment)]
    if len(experiments) == 1:
        return tuple(found)
    return tuple(replace(one, name=f"{one.experiment}/{one.name}") for one in found)


def read_predictions(store: Store, run: FinishedRun) -> Predictions:
    """Read what a run predicted.

    Raises
    ------
    StoreError
        Where its files are gone.
    """
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        try:
            config, table = (
                file_of(store, run.run_id, name, copies) for name in ("config.yaml", saved.PREDICTIONS)
            )
            return Predictions.read(table, labels_of(config))
        except (OSError, MlflowException) as error:
            raise StoreError(f"the files of {run.name} (run {run.run_id}) are gone: {error}") from error


def file_of(store: Store, run_id: str, name: str, copies: str) -> Path:
    """Return a file of a run: itself where it lies on this machine, else a copy in a folder."""
    if store.artifacts is None:
        return Path(store.client.download_artifacts(run_id, name, copies))
    # Asked for a file, MLflow would copy it; a run's whole folder it only names.
    return Path(store.client.download_artifacts(run_id, "")) / name


def labels_of(config: Path) -> LabelSet:
    """Read the label set from the config that a run holds."""
    data = json.loads(config.read_text(encoding="utf-8"))
    framing = data["task"] == "framing"
    # Runs of before frames could stand alone do not say.
    return LabelSet(tuple(data["labels"]), multi=framing and data.get("multi") is not False)


def _of_experiment(store: Store, experiment: str) -> list[FinishedRun]:
    known = store.client.get_experiment_by_name(experiment)
    if known is None:
        others = ", ".join(sorted(one.name for one in store.client.search_experiments())) or "none"
        raise StoreError(f"there is no experiment {experiment!r}; known: {others}")
    runs: list[Run] = list(
        store.client.search_runs(
            [known.experiment_id],
            f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time ASC"],
        )
    )
    if not runs:
        raise StoreError(f"the experiment {experiment!r} has no finished run")
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
