"""An experiment's name in, its runs that could be promoted out: the choice among them, and their files."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.promotion_policy import PromotionPolicy
from harness.evaluation.choice import Choice, Contender, choose
from harness.evaluation.external import EXTERNAL
from harness.tracking import names, run_files
from harness.tracking.finished_runs import file_of, labels_of
from harness.tracking.store import Store
from harness.values.errors import PromotionError
from harness.values.findings import Finding
from harness.values.legacy import current_metrics, current_tags
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from mlflow.entities import Run

SCORED_ON = (names.TEST, names.VALIDATION, names.PRIMARY)
"""Tags that runs share whose scores compare: test items, validation items, primary metric."""


@dataclass(frozen=True)
class Candidate:
    """A finished run that could be promoted, or was.

    Attributes
    ----------
    store : Store
    run : Run
    tags, metrics : dict
        Under their present names.
    """

    store: Store = field(repr=False)
    run: Run = field(repr=False)
    tags: dict[str, str] = field(repr=False)
    metrics: dict[str, float] = field(repr=False)

    @classmethod
    def of(cls, store: Store, run: Run) -> Candidate:
        """Read tags and metrics of a run."""
        return cls(store, run, current_tags(run.data.tags), current_metrics(run.data.metrics))

    @property
    def name(self) -> str:
        """The classifier's name."""
        return str(self.run.info.run_name)

    @property
    def run_id(self) -> str:
        """The id of its run."""
        return str(self.run.info.run_id)

    @property
    def primary(self) -> str:
        """The metric that it was chosen by."""
        return self.tags.get(names.PRIMARY, "")

    @property
    def model(self) -> str | None:
        """The id of the logged model; None where it has none."""
        return names.model_of(self.run)

    @property
    def scored_on(self) -> list[str | None]:
        """What has to be equal for scores to compare."""
        return [self.tags.get(tag) for tag in SCORED_ON]

    def score(self, split: str) -> float:
        """Return the primary metric on a split; NaN where there is none."""
        return float(self.metrics.get(f"{split}/{self.primary}", math.nan))

    @property
    def training_rows(self) -> int:
        """Rows that it learned from, of the first fold; 0 where that is unknown."""
        for data in self.run.inputs.dataset_inputs if self.run.inputs is not None else ():
            sizes = json.loads(data.dataset.profile or "{}").get("splits", {})
            return int(sizes.get("train", 0))
        return 0

    @cached_property
    def files(self) -> RunResults:
        """What its files say; empty where they are gone."""
        return _read(self)


@dataclass(frozen=True)
class RunResults:
    """What the files of a run say of its classifier.

    Attributes
    ----------
    predictions : Predictions or None
        None where the files are gone.
    findings : tuple of Finding
        With nothing but the verdict where only the run's tags are left.
    seconds : float
        What predicting took, mean over trials; NaN where it is unknown.
    config : mapping
        The config with all defaults; empty where the files are gone.
    served_seed : int or None
        Seed of the trial whose model is served; None where it is unknown.
    """

    predictions: Predictions | None
    findings: tuple[Finding, ...]
    seconds: float
    config: Mapping[str, Any]
    served_seed: int | None = None

    @property
    def scored_rows(self) -> Mapping[str, int]:
        """Rows of validation and of test, each item once; empty where the predictions are gone."""
        if self.predictions is None:
            return {}
        return {
            part: int(self.predictions.only(split=part).rows["id"].nunique())
            for part in ("validation", "test")
        }


def policy_of(store: Store, experiment: str) -> PromotionPolicy:
    """Return what an experiment's config says of promotion; the defaults for one of an earlier version."""
    tags = store.client.get_experiment(store.find_experiment(experiment)).tags
    text = tags.get(names.PROMOTION)
    return PromotionPolicy.model_validate_json(text) if text else PromotionPolicy.model_validate({})


def candidates(store: Store, experiment: str, *, latest: bool = False) -> list[Candidate]:
    """Return the newest finished run of each classifier, if scored on the same items as the newest of all.

    Parameters
    ----------
    store : Store
    experiment : str
        By name.
    latest : bool
        Only the classifiers that the experiment was run with last, where that is recorded: those that were
        shown beside each other.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    PromotionError
        Where it has no finished run.
    """
    runs = store.client.search_runs(
        [store.find_experiment(experiment)],
        f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'"
        f" and tags.`{names.KIND}` != '{EXTERNAL}'",
        order_by=["attributes.start_time DESC"],
    )
    if not runs:
        raise PromotionError(f"the experiment {experiment!r} has no finished run; run it first")
    finished = [Candidate.of(store, run) for run in runs]
    digests = json.loads(store.client.get_experiment(runs[0].info.experiment_id).tags.get(names.LATEST, "[]"))
    shown = [candidate for candidate in finished if candidate.tags.get(names.DIGEST) in digests]
    finished = shown if latest and shown else finished
    comparable = [candidate for candidate in finished if candidate.scored_on == finished[0].scored_on]
    # Reversed, so that the newest run of each name comes last and stays.
    return list({candidate.name: candidate for candidate in reversed(comparable)}.values())


def chosen(
    finished: Sequence[Candidate], experiment: str, classifier: str, policy: PromotionPolicy
) -> tuple[Candidate, Choice | None]:
    """Return the candidate to promote: the one named, or the one that :func:`choose` takes.

    Raises
    ------
    PromotionError
        Where there is none, or the one named has no model.
    """
    if classifier:
        return _named(finished, experiment, classifier), None
    servable = [candidate for candidate in finished if candidate.model is not None]
    contenders = [contender for candidate in servable if (contender := contender_of(candidate)) is not None]
    choice = choose(contenders, servable[0].primary, policy) if contenders else None
    if choice is None:
        raise PromotionError(
            f"no run of {experiment!r} has both a model and a score on validation; name one with --classifier"
        )
    return next(candidate for candidate in servable if candidate.name == choice.name), choice


def contender_of(candidate: Candidate) -> Contender | None:
    """Return what a choice needs to know of a candidate; None where its predictions are gone."""
    files = candidate.files
    if files.predictions is None:
        return None
    return Contender(
        candidate.name,
        files.predictions,
        {finding.audit: finding.verdict for finding in files.findings},
        files.seconds,
        deterministic=candidate.tags.get(names.DETERMINISTIC) == "true",
        kind=candidate.tags.get(names.KIND, ""),
    )


def _named(finished: Sequence[Candidate], experiment: str, classifier: str) -> Candidate:
    for candidate in finished:
        if candidate.name == classifier:
            if candidate.model is None:
                raise PromotionError(f"{classifier!r} has no model: it cannot be saved")
            return candidate
    listed = ", ".join(sorted(candidate.name for candidate in finished))
    raise PromotionError(f"{experiment!r} has no finished run of {classifier!r}; finished: {listed}")


def _read(candidate: Candidate) -> RunResults:
    from mlflow.exceptions import MlflowException

    tagged = tuple(
        Finding(name.removeprefix(names.AUDIT), word, "")  # type: ignore[arg-type]  # a tag is any text
        for name, word in candidate.tags.items()
        if name.startswith(names.AUDIT)
    )
    with tempfile.TemporaryDirectory(prefix="harness-") as copies:

        def file(name: str) -> Path:
            return file_of(candidate.store, candidate.run_id, name, copies)

        try:
            config_file = file("config.yaml")
            config = json.loads(config_file.read_text(encoding="utf-8"))
            predictions = run_files.read_predictions(file(run_files.PREDICTIONS), labels_of(config_file))
        except (OSError, MlflowException):
            return RunResults(None, tagged, math.nan, {})
        try:
            findings = run_files.read_findings(file(run_files.FINDINGS).parent)
        except MlflowException:
            findings = ()
        try:
            trials = json.loads(file(run_files.TRIALS).read_text(encoding="utf-8"))
        except (OSError, MlflowException):
            trials = {}
        seconds, served_seed = run_files.predict_seconds(trials), _served_seed(trials)
        return RunResults(predictions, findings or tagged, seconds, config, served_seed)


def _served_seed(described: Mapping[str, Any]) -> int | None:
    trials, served = described.get("trials", ()), described.get("served")
    return next((int(trial["seed"]) for trial in trials if trial["digest"] == served), None)
