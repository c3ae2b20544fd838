"""A store in, its registered versions out: aliases, scores, verdicts; who promoted them, when and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.tracking import names
from harness.tracking.promotion import versions
from harness.tracking.promotion.candidates import Candidate
from harness.tracking.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion

COLUMNS = (
    *("model", "version", "aliases", "classifier", "experiment", "metric", "validation", "test"),
    *("low", "high", "audits", "by", "at", "why", "forced", "waived", "run"),
)


def registry_table(store: Store) -> pd.DataFrame:
    """Return one row per registered version, by model, the newest first.

    Returns
    -------
    DataFrame
        ``model``, ``version`` (int), ``aliases`` (joined by ``, ``), ``classifier``, ``experiment``,
        ``metric``; its scores ``validation`` and ``test`` with the 95 % interval ``low`` to ``high`` of the
        latter; what its ``audits`` found, in short; ``by``, ``at`` and ``why`` of its last promotion;
        ``forced`` (gates that failed and were overruled, with the reason); ``waived`` (gates); ``run``.
    """
    import pandas as pd

    rows = [
        _row(store, version, model.aliases or {})
        for model in sorted(store.client.search_registered_models(), key=lambda model: model.name)
        for version in sorted(
            store.client.search_model_versions(f"name = '{model.name}'"),
            key=lambda version: -int(version.version),
        )
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(store: Store, version: ModelVersion, alias_of: dict[str, Any]) -> dict[str, Any]:
    tags = version.tags
    aliases = sorted(alias for alias, number in alias_of.items() if str(number) == str(version.version))
    waived = [tag.removeprefix(versions.WAIVED) for tag in tags if tag.startswith(versions.WAIVED)]
    return {
        "model": version.name,
        "version": int(version.version),
        "aliases": ", ".join(aliases),
        "classifier": tags.get(versions.CLASSIFIER, ""),
        **_of_run(store, version),
        "by": tags.get(versions.BY, ""),
        "at": tags.get(versions.AT, ""),
        "why": tags.get(versions.WHY, ""),
        "forced": tags.get(versions.FORCED, ""),
        "waived": ", ".join(sorted(waived)),
        "run": version.run_id or "",
    }


def _of_run(store: Store, version: ModelVersion) -> dict[str, Any]:
    """Return what the run of a version says of it; nothing where the run was deleted."""
    from mlflow.exceptions import MlflowException

    scores = dict.fromkeys(("validation", "test", "low", "high"), math.nan)
    try:
        candidate = Candidate.of(store, store.client.get_run(str(version.run_id)))
        experiment = store.client.get_experiment(candidate.run.info.experiment_id).name
    except MlflowException:
        return {"experiment": "", "metric": "", **scores, "audits": ""}
    key = f"test/{candidate.primary}"
    scores |= {split: candidate.score(split) for split in ("validation", "test")}
    scores |= {bound: candidate.metrics.get(f"{key}_{bound}", math.nan) for bound in ("low", "high")}
    return {
        "experiment": experiment,
        "metric": candidate.primary,
        **scores,
        "audits": candidate.tags.get(names.AUDITS, ""),
    }
