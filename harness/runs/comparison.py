"""Names of experiments in, a logged Comparison of their classifiers out: what ``harness compare`` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.scoring.comparison import Comparison
from harness.scoring.comparison import compare as compare_predictions
from harness.tracking.comparison_runs import log_comparison, page_of
from harness.tracking.finished import FinishedRun, finished_runs, read_predictions
from harness.tracking.store import Store
from harness.values.errors import ConfigError, Problem
from harness.values.progress import progress


@dataclass(frozen=True)
class LoggedComparison:
    """A comparison and where it was logged.

    Attributes
    ----------
    comparison : Comparison
    run_id : str
    page : str
        Path of its HTML page.
    """

    comparison: Comparison
    run_id: str
    page: str


def compare(store: Store, experiments: Sequence[str], metric: str = "") -> LoggedComparison:
    """Compare the finished classifiers of experiments, and log the comparison in the first of them.

    Parameters
    ----------
    store : Store
    experiments : sequence of str
        By name.
    metric : str
        Left out, the primary metric of the experiments.

    Raises
    ------
    StoreError
        Where an experiment is unknown or has no finished run.
    ConfigError
        Where the experiments go by different metrics and none is named, or the one named does not apply.
    PredictionsError
        Where fewer than two runs compare.
    """
    runs = finished_runs(store, experiments)
    chosen = metric or _primary(runs)
    tables = ((run.name, read_predictions(store, run)) for run in progress(runs, "reading runs", len(runs)))
    deterministic = {run.name for run in runs if run.deterministic}
    comparison = compare_predictions(tables, chosen, deterministic=deterministic)
    command = f"harness compare --experiment {','.join(experiments)} --metric {chosen}"
    ids = {run.name: run.run_id for run in runs}
    run_id = log_comparison(store, comparison, runs[0].experiment_id, ids, command)
    return LoggedComparison(comparison, run_id, page_of(store, run_id))


def _primary(runs: Sequence[FinishedRun]) -> str:
    by_experiment = {run.experiment: run.primary for run in runs}
    if len(set(by_experiment.values())) > 1:
        going = ", ".join(f"{name} by {primary}" for name, primary in by_experiment.items())
        raise ConfigError([Problem("metric", f"the experiments go by different ones: {going}", "name one")])
    return next(iter(by_experiment.values()))
