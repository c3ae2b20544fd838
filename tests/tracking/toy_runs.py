"""Runs of the toy experiment: starting them, and looking them up in a store."""

from __future__ import annotations

from typing import Any

from harness.evaluation.prepared import Prepared
from harness.runs.classifiers import ClassifierOutcome, run_classifiers
from harness.tracking.store import Store


def run_all(prepared: Prepared, store: Store, **options: Any) -> list[ClassifierOutcome]:
    """Run every classifier of an experiment."""
    return list(run_classifiers(prepared, store, **options))


def runs_by_name(store: Store, role: str, experiment: str = "toys") -> dict[str, Any]:
    """The newest run of each name, of parents (``classifier``) or children (``trial``)."""
    runs = store.client.search_runs(
        [store.experiment(experiment)],
        f"tags.`harness.role` = '{role}'",
        order_by=["attributes.start_time ASC"],
    )
    return {run.info.run_name: run for run in runs}
