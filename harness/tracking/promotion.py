"""An experiment's runs in, a registered model under an alias out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.evaluation.external import EXTERNAL
from harness.tracking import names
from harness.tracking.store import Store
from harness.tracking.tracker import model_of
from harness.values.errors import PromotionError, StoreError
from harness.values.formatting import number

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
PREVIOUS = "previous"
BASELINES = ("majority", "prior", "every_label")


@dataclass(frozen=True)
class Promotion:
    """What a promotion or a rollback did.

    Attributes
    ----------
    model_name, version : str
        What the alias ``champion`` now points to.
    classifier, run_id : str
        Where it came from.
    metric : str
        The primary metric.
    validation, test : float
        Its value there; NaN where there is none.
    previous : str or None
        The version that was champion before, where it is another.
    changed : bool
        Whether the alias moved.
    notes : tuple of str
        What a person should know, in full sentences: that it is a baseline, that the version before scored
        higher, …
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
        """Tell it in a few lines."""
        verb = "is now" if self.changed else "already is"
        before = f", in place of version {self.previous}" if self.previous is not None else ""
        validation, test = (number(score, missing="unknown") for score in (self.validation, self.test))
        scores = f"{self.metric} {validation} on validation, {test} on test"
        head = (
            f"{self.model_name} version {self.version} ({self.classifier}) {verb} champion{before}: {scores}"
        )
        return "\n".join([head, *(f"note: {note}" for note in self.notes)])


def promote(
    store: Store,
    experiment: str,
    *,
    classifier: str | None = None,
    model_name: str | None = None,
    replace: bool = False,
) -> Promotion:
    """Register the best classifier of an experiment and move the alias ``champion`` to it.

    Best is by the primary metric on validation, never on test. Runs are candidates if they were judged on the
    same validation and test items as the newest run of the experiment.

    Parameters
    ----------
    store : Store
    experiment : str
        By name.
    classifier : str, optional
        This one, whether it is the best or not.
    model_name : str, optional
        Left out, the config's ``model_name``.
    replace : bool
        Replace a champion that was judged on other test items.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    PromotionError
        Where nothing can be promoted, or where the champion was judged on other test items.
    """
    best = _best(_candidates(store, experiment), experiment, classifier)
    name = model_name or best.data.tags.get(names.MODEL_NAME, "model")
    with store.lock(f"model-{name}"):
        champion = _version(store, name, CHAMPION)
        if champion is not None and not replace:
            _refuse_other_items(champion, best, name)
        version = _registered(store, name, best)
        before = str(champion.version) if champion is not None else None
        previous, changed = (before if before != version else None), before != version
        if changed:
            if before is not None:
                store.client.set_registered_model_alias(name, PREVIOUS, before)
            store.client.set_registered_model_alias(name, CHAMPION, version)
            # On a server another machine may have moved it in between: there is no compare-and-set.
            now = store.client.get_model_version_by_alias(name, CHAMPION)
            if str(now.version) != version:
                raise PromotionError(
                    f"somebody else made version {now.version} of {name!r} champion meanwhile"
                )
    notes = tuple(_notes(store, best, champion if changed else None))
    return _promotion(name, version, best, previous=previous, changed=changed, notes=notes)


def rollback(store: Store, model_name: str) -> Promotion:
    """Make the previous champion the champion again; the two change places.

    Raises
    ------
    PromotionError
        Where there is no previous one.
    """
    with store.lock(f"model-{model_name}"):
        champion, previous = (_version(store, model_name, alias) for alias in (CHAMPION, PREVIOUS))
        if previous is None:
            raise PromotionError(f"{model_name!r} has had no champion before the present one")
        store.client.set_registered_model_alias(model_name, CHAMPION, previous.version)
        if champion is not None:
            store.client.set_registered_model_alias(model_name, PREVIOUS, champion.version)
    run = store.client.get_run(str(previous.run_id))
    before = str(champion.version) if champion is not None else None
    return _promotion(model_name, str(previous.version), run, previous=before)


def _candidates(store: Store, experiment: str) -> list[Run]:
    """Return the newest finished run of each classifier, if judged on the items of the newest of all."""
    found = store.client.get_experiment_by_name(experiment)
    if found is None:
        known = ", ".join(sorted(one.name for one in store.client.search_experiments())) or "none"
        raise StoreError(f"there is no experiment {experiment!r}; known: {known}")
    runs = store.client.search_runs(
        [found.experiment_id],
        f"tags.`{names.ROLE}` = '{names.CLASSIFIER}' and attributes.status = 'FINISHED'"
        f" and tags.`{names.KIND}` != '{EXTERNAL}'",
        order_by=["attributes.start_time DESC"],
    )
    if not runs:
        raise PromotionError(f"the experiment {experiment!r} has no finished run")
    judged = (names.TEST, names.VALIDATION, names.PRIMARY)
    newest = [runs[0].data.tags.get(tag) for tag in judged]
    alike = [run for run in runs if [run.data.tags.get(tag) for tag in judged] == newest]
    return list({run.info.run_name: run for run in reversed(alike)}.values())


def _best(runs: list[Run], experiment: str, classifier: str | None) -> Run:
    if classifier is not None:
        named = [run for run in runs if run.info.run_name == classifier]
        if not named:
            known = ", ".join(sorted(str(run.info.run_name) for run in runs))
            raise PromotionError(f"{experiment!r} has no finished run of {classifier!r}; finished: {known}")
        if model_of(named[0]) is None:
            raise PromotionError(f"{classifier!r} has no model: it cannot be saved")
        return named[0]
    servable = [
        run for run in runs if model_of(run) is not None and not math.isnan(_score(run, "validation"))
    ]
    if not servable:
        raise PromotionError(
            f"no run of {experiment!r} has both a model and a score on validation; name one with --classifier"
        )
    sign = -1.0 if servable[0].data.tags.get(names.DIRECTION) == "lower" else 1.0
    return max(servable, key=lambda run: sign * _score(run, "validation"))


def _refuse_other_items(champion: ModelVersion, best: Run, name: str) -> None:
    judged, now = champion.tags.get(names.TEST), best.data.tags.get(names.TEST)
    if judged != now:
        raise PromotionError(
            f"the champion of {name!r}, version {champion.version}, was judged on other test items"
            f" ({judged}) than {best.info.run_name!r} ({now}), so their scores cannot be compared;"
            " --replace replaces it all the same"
        )


def _registered(store: Store, name: str, run: Run) -> str:
    """Return the version that holds a run's model, registered if it is not yet."""
    from mlflow.exceptions import MlflowException

    client, source = store.client, f"models:/{model_of(run)}"
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(
            name, description="Kept by the harness: the alias champion is what labels."
        )
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.source == source:
            return str(version.version)
    tags = {
        tag: run.data.tags[tag]
        for tag in (names.TEST, names.VALIDATION, names.PRIMARY)
        if tag in run.data.tags
    }
    # The registry looks the model up through a client of its own, which knows the global settings alone.
    with store.pointed():
        made = client.create_model_version(
            name,
            source,
            run_id=run.info.run_id,
            tags={**tags, "harness.classifier": str(run.info.run_name)},
            description=run.data.tags.get("mlflow.note.content"),
            model_id=model_of(run),
        )
    return str(made.version)


def _notes(store: Store, best: Run, champion: ModelVersion | None) -> Iterator[str]:
    if best.data.tags.get(names.KIND) in BASELINES:
        yield f"{best.info.run_name} is a baseline: it looks at no word of a sentence."
    if names.LEAKS in best.data.tags:
        yield f"{best.info.run_name} was run with --allow-leaks: test rows repeat what it was trained on."
    if champion is None or not champion.run_id:
        return
    before = store.client.get_run(champion.run_id)
    if before.data.tags.get(names.VALIDATION) != best.data.tags.get(names.VALIDATION):
        return
    lower = best.data.tags.get(names.DIRECTION) == "lower"
    was, now = _score(before, "validation"), _score(best, "validation")
    if (was < now) if lower else (was > now):
        yield (
            f"version {champion.version} ({before.info.run_name}) had the better score on validation,"
            f" {number(was, missing='unknown')}; 'harness rollback' brings it back."
        )


def _version(store: Store, name: str, alias: str) -> ModelVersion | None:
    from mlflow.exceptions import MlflowException

    try:
        return store.client.get_model_version_by_alias(name, alias)
    except MlflowException:
        return None


def _promotion(name: str, version: str, run: Run, **about: object) -> Promotion:
    made = Promotion(
        name,
        version,
        str(run.info.run_name),
        str(run.info.run_id),
        run.data.tags.get(names.PRIMARY, ""),
        _score(run, "validation"),
        _score(run, "test"),
    )
    return replace(made, **about)  # type: ignore[arg-type]


def _score(run: Run, split: str) -> float:
    return float(run.data.metrics.get(f"{split}/{run.data.tags.get(names.PRIMARY)}", math.nan))
