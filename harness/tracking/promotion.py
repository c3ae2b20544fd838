"""An experiment's runs in, a registered model under an alias out."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.evaluation.external import EXTERNAL
from harness.serving.wheel import ENVIRONMENT_FILES, FOLDER, wheel_name, write_wheel_overlay
from harness.tracking import descriptions, names
from harness.tracking.store import Store
from harness.tracking.store.database import imported
from harness.tracking.tracker import model_of
from harness.values.errors import PromotionError
from harness.values.formatting import number
from harness.values.legacy import current_metrics, current_tags

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
PREVIOUS = "previous"
BASELINES = ("majority", "prior", "every_label")
"""Kinds of classifiers that read no word: they may be promoted, with a note."""

SCORED_ON = (names.TEST, names.VALIDATION, names.PRIMARY)
"""Tags that runs share whose scores compare: test items, validation items, primary metric."""


@dataclass(frozen=True)
class Promotion:
    """What a promotion or a rollback did.

    Attributes
    ----------
    model_name, version : str
        The version that is champion now.
    classifier, run_id : str
        Its origin.
    metric : str
        The primary metric.
    validation, test : float
        Its scores; NaN where there are none.
    previous : str or None
        The version that was champion before; None where there was none, or it is the same.
    changed : bool
        Whether the alias moved.
    notes : tuple of str
        Limitations, in full sentences: that it is a baseline, that the version before scored higher, …
    """

    model_name: str
    version: str
    classifier: str
    run_id: str
    metric: str
    validation: float
    test: float
    previous: str | None = None
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        """The champion's address, whichever version it is."""
        return f"models:/{self.model_name}@{CHAMPION}"

    def describe(self) -> str:
        """Describe it in a few lines."""
        verb = "is now" if self.changed else "already is"
        before = f", in place of version {self.previous}" if self.previous is not None else ""
        validation, test = (number(score, missing="unknown") for score in (self.validation, self.test))
        scores = f"{self.metric} {validation} on validation, {test} on test"
        head = (
            f"{self.model_name} version {self.version} ({self.classifier}) {verb} champion{before}: {scores}"
        )
        return "\n".join([head, *(f"note: {note}" for note in self.notes)])


@dataclass(frozen=True)
class _Candidate:
    """A finished run that could be promoted; its tags and metrics under their present names."""

    run: Run
    tags: dict[str, str]
    metrics: dict[str, float]

    @classmethod
    def of(cls, run: Run) -> _Candidate:
        return cls(run, current_tags(run.data.tags), current_metrics(run.data.metrics))

    @property
    def name(self) -> str:
        return str(self.run.info.run_name)

    @property
    def model(self) -> str | None:
        return model_of(self.run)

    @property
    def scored_on(self) -> list[str | None]:
        return [self.tags.get(tag) for tag in SCORED_ON]

    def score(self, split: str) -> float:
        return float(self.metrics.get(f"{split}/{self.tags.get(names.PRIMARY)}", math.nan))


def promote(
    store: Store,
    experiment: str,
    *,
    classifier: str | None = None,
    model_name: str | None = None,
    replace: bool = False,
    with_wheel: bool = False,
) -> Promotion:
    """Register the best classifier of an experiment and move the alias ``champion`` to it.

    The best has the best score by the primary metric on validation, never on test. Runs are candidates if
    they were scored on the same validation and test items as the newest run of the experiment.

    Parameters
    ----------
    store : Store
    experiment : str
        By name.
    classifier : str, optional
        Promote this one, whether it is the best or not.
    model_name : str, optional
        Default: the config's ``model_name``.
    replace : bool
        Replace a champion that was scored on other test items.
    with_wheel : bool
        Add the wheel of this package to the model, to serve it where the package is not on an index.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    PromotionError
        Where nothing can be promoted, or where the champion was scored on other test items.
    ModelError
        Where the model pins another version of the package than the wheel would hold.
    """
    best = _best(_candidates(store, experiment), experiment, classifier)
    name = model_name or best.tags.get(names.MODEL_NAME, "model")
    # From reading the old champion until the alias has moved: of two promotions at once, each would otherwise
    # note the same champion as the previous one.
    with store.lock(f"model-{name}"):
        champion = _version(store, name, CHAMPION)
        if champion is not None and not replace:
            _refuse_other_items(champion, best, name)
        wheel_added = with_wheel and _add_wheel(store, best)
        version = _registered(store, name, best)
        if wheel_added:
            _check_wheel(store, name, version)
        before = str(champion.version) if champion is not None else None
        previous, changed = (before if before != version else None), before != version
        if changed:
            _make_champion(store, name, version, before)
        descriptions.describe_champion(store, name, CHAMPION)
    notes = tuple(_notes(store, best, champion if changed else None, name))
    return _promotion(name, version, best, previous=previous, changed=changed, notes=notes)


def rollback(store: Store, model_name: str) -> Promotion:
    """Make the previous champion the champion again; the two exchange their aliases.

    Raises
    ------
    PromotionError
        Where there is no previous one.
    """
    with store.lock(f"model-{model_name}"):
        champion, previous = (_version(store, model_name, alias) for alias in (CHAMPION, PREVIOUS))
        if previous is None:
            raise PromotionError(f"{model_name!r} has no previous champion to roll back to")
        # The champion first: a process that dies in between has done what was asked for.
        store.client.set_registered_model_alias(model_name, CHAMPION, previous.version)
        if champion is not None:
            store.client.set_registered_model_alias(model_name, PREVIOUS, champion.version)
        descriptions.describe_champion(store, model_name, CHAMPION)
    run = store.client.get_run(str(previous.run_id))
    before = str(champion.version) if champion is not None else None
    return _promotion(model_name, str(previous.version), _Candidate.of(run), previous=before)


def _candidates(store: Store, experiment: str) -> list[_Candidate]:
    """Return the newest finished run of each classifier, if scored on the same items as the newest of all."""
    runs = store.client.search_runs(
        [store.find_experiment(experiment)],
        f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'"
        f" and tags.`{names.KIND}` != '{EXTERNAL}'",
        order_by=["attributes.start_time DESC"],
    )
    if not runs:
        raise PromotionError(f"the experiment {experiment!r} has no finished run; run it first")
    candidates = [_Candidate.of(run) for run in runs]
    comparable = [candidate for candidate in candidates if candidate.scored_on == candidates[0].scored_on]
    # Reversed, so that the newest run of each name comes last and stays.
    return list({candidate.name: candidate for candidate in reversed(comparable)}.values())


def _best(candidates: list[_Candidate], experiment: str, classifier: str | None) -> _Candidate:
    if classifier is not None:
        named = [candidate for candidate in candidates if candidate.name == classifier]
        if not named:
            finished = ", ".join(sorted(candidate.name for candidate in candidates))
            raise PromotionError(
                f"{experiment!r} has no finished run of {classifier!r}; finished: {finished}"
            )
        if named[0].model is None:
            raise PromotionError(f"{classifier!r} has no model: it cannot be saved")
        return named[0]
    servable = [
        candidate
        for candidate in candidates
        if candidate.model is not None and not math.isnan(candidate.score("validation"))
    ]
    if not servable:
        raise PromotionError(
            f"no run of {experiment!r} has both a model and a score on validation; name one with --classifier"
        )
    sign = -1.0 if servable[0].tags.get(names.DIRECTION) == "lower" else 1.0
    return max(servable, key=lambda candidate: sign * candidate.score("validation"))


def _refuse_other_items(champion: ModelVersion, best: _Candidate, name: str) -> None:
    before, now = champion.tags.get(names.TEST), best.tags.get(names.TEST)
    if before != now:
        raise PromotionError(
            f"the champion of {name!r}, version {champion.version}, was scored on other test items"
            f" ({before}) than {best.name!r} ({now}), so their scores do not compare;"
            " --replace replaces it nevertheless"
        )


def _registered(store: Store, name: str, best: _Candidate) -> str:
    """Return the version that holds a run's model, registered if it is not yet."""
    from mlflow.exceptions import MlflowException

    client, source = store.client, f"models:/{best.model}"
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    # MLflow would register the same model a second time.
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.source == source:
            return str(version.version)
    tags = {tag: best.tags[tag] for tag in SCORED_ON if tag in best.tags}
    # The registry looks the model up through a client of its own, which knows the global settings alone.
    with store.pointed():
        version = client.create_model_version(
            name,
            source,
            run_id=best.run.info.run_id,
            tags={**tags, "harness.classifier": best.name},
            description=descriptions.version_note(best.tags),
            model_id=best.model,
        )
    return str(version.version)


def _add_wheel(store: Store, best: _Candidate) -> bool:
    """Add the package's wheel to a logged model, through MLflow, since its files may lie on a server.

    Returns whether it was added; False where the model has one already.
    """
    imported()
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    # Not through the client: for the life of a process it remembers by a model's id where its files lie, and
    # a copy of a store has the same ids.
    location = store.client.get_logged_model(str(best.model)).artifact_location
    files: Any = get_artifact_repository(location, tracking_uri=store.uri)
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        model, overlay = Path(scratch) / "model", Path(scratch) / "overlay"
        for folder in (model, overlay):
            folder.mkdir()
        # Two small files; the model itself may take hundreds of MB.
        for name in ENVIRONMENT_FILES:
            files.download_artifacts(name, str(model))
        added = write_wheel_overlay(model, overlay)
        if added:
            files.log_artifacts(str(overlay))
    return added


def _check_wheel(store: Store, name: str, version: str) -> None:
    """Refuse a version without the wheel: a registry may keep copies, made before the wheel was added."""
    with store.pointed():
        listed = imported().artifacts.list_artifacts(artifact_uri=f"models:/{name}/{version}/{FOLDER}")
    if wheel_name() not in {Path(file.path).name for file in listed}:
        raise PromotionError(
            f"version {version} of {name!r} was registered without the wheel, and the registry keeps copies;"
            " promote it under another name with --model-name"
        )


def _make_champion(store: Store, name: str, version: str, before: str | None) -> None:
    if before is not None:
        # Before the champion moves: a process that dies in between leaves a way back.
        store.client.set_registered_model_alias(name, PREVIOUS, before)
    store.client.set_registered_model_alias(name, CHAMPION, version)
    # Our lock does not reach other machines, and MLflow has no compare-and-set: on a server somebody else may
    # have moved the alias in between.
    now = store.client.get_model_version_by_alias(name, CHAMPION)
    if str(now.version) != version:
        raise PromotionError(
            f"version {now.version} of {name!r} was made champion by somebody else meanwhile"
        )


def _notes(store: Store, best: _Candidate, champion: ModelVersion | None, model_name: str) -> Iterator[str]:
    if best.tags.get(names.KIND) in BASELINES:
        yield f"{best.name} is a baseline: it does not read the sentence."
    if names.LEAKS in best.tags:
        yield f"{best.name} was run with --allow-leaks: test rows repeat training rows."
    if champion is None or not champion.run_id:
        return
    before = _Candidate.of(store.client.get_run(champion.run_id))
    if before.tags.get(names.VALIDATION) != best.tags.get(names.VALIDATION):
        return
    lower = best.tags.get(names.DIRECTION) == "lower"
    old, new = before.score("validation"), best.score("validation")
    if (old < new) if lower else (old > new):
        yield (
            f"version {champion.version} ({before.name}) had the better score on validation,"
            f" {number(old, missing='unknown')}; 'harness rollback {model_name}' brings it back."
        )


def _version(store: Store, name: str, alias: str) -> ModelVersion | None:
    from mlflow.exceptions import MlflowException

    try:
        return store.client.get_model_version_by_alias(name, alias)
    except MlflowException:
        return None


def _promotion(name: str, version: str, candidate: _Candidate, **outcome: object) -> Promotion:
    promotion = Promotion(
        name,
        version,
        candidate.name,
        str(candidate.run.info.run_id),
        candidate.tags.get(names.PRIMARY, ""),
        candidate.score("validation"),
        candidate.score("test"),
    )
    return replace(promotion, **outcome)  # type: ignore[arg-type]
