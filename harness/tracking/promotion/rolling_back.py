"""A model's name in, the champion before the present one as champion again out."""

from __future__ import annotations

from dataclasses import replace

from harness.tracking import context, descriptions
from harness.tracking.promotion import versions
from harness.tracking.promotion.candidates import Candidate
from harness.tracking.promotion.gates import reproduction_gate, tried
from harness.tracking.promotion.outcome import Promotion, RefusedPromotionError
from harness.tracking.promotion.promoting import promotion_of
from harness.tracking.store import Store
from harness.values.errors import PromotionError


def rollback(store: Store, model_name: str = "") -> Promotion:
    """Make the champion before the present one champion again; a second time, the one before that.

    Parameters
    ----------
    store : Store
    model_name : str
        Empty: the only registered model that has a champion.

    Raises
    ------
    PromotionError
        Where there is none before it, or several names have a champion and none is given.
    RefusedPromotionError
        Where the one before does not give its recorded answers in a fresh process: the champion stays.
    """
    name = model_name or only_champion(store)
    order = versions.champions(store, name)
    if len(order) < 2:
        raise PromotionError(f"{name!r} has no previous champion to roll back to")
    version, left = order[-2], order[-1]
    candidate = _candidate(store, name, version)
    result = reproduction_gate(tried(store, f"models:/{name}/{version}")[0])
    if result.stops:
        raise RefusedPromotionError(f"version {version} of {name!r}", [result])
    with versions.exclusive(store, name):
        if versions.champions(store, name) != order:
            raise PromotionError(f"the champion of {name!r} was changed by somebody else meanwhile")
        versions.move_champion(store, name, order[:-1])
        tags = {
            versions.BY: context.user() or "unknown",
            versions.AT: versions.now(),
            versions.WHY: f"rolled back from version {left}",
        }
        versions.describe_version(store, name, version, tags)
        event = {"action": "rolled back", "version": version, "before": left}
        versions.record(store, name, versions.EVENT, event)
        descriptions.describe_champion(store, name, versions.CHAMPION)
    return replace(promotion_of(name, version, candidate), previous=left, results=(result,))


def only_champion(store: Store) -> str:
    """Return the name of the only registered model that has a champion.

    Raises
    ------
    PromotionError
        Where there is none, or several.
    """
    named = sorted(
        model.name
        for model in store.client.search_registered_models()
        if versions.CHAMPION in (model.aliases or {})
    )
    if len(named) == 1:
        return str(named[0])
    if not named:
        raise PromotionError("there is no champion to roll back; promote a model first")
    raise PromotionError(f"there are {len(named)} champions, so name one: {', '.join(named)}")


def _candidate(store: Store, name: str, version: str) -> Candidate:
    from mlflow.exceptions import MlflowException

    try:
        run_id = str(store.client.get_model_version(name, version).run_id)
        return Candidate.of(store, store.client.get_run(run_id))
    except MlflowException as error:
        raise PromotionError(
            f"version {version} of {name!r}, the champion before, was deleted, or its run was"
        ) from error
