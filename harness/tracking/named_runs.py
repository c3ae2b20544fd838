"""What a person calls a run in; the finished run of a classifier out."""

from __future__ import annotations

from harness.tracking.finished_runs import FinishedRun, finished_run, finished_runs
from harness.tracking.models import SCHEMES, run_of
from harness.tracking.store import Store
from harness.values.errors import StoreError, suggest
from harness.values.formatting import counted


def named_run(store: Store, address: str) -> FinishedRun:
    """Return the run that an address names.

    Parameters
    ----------
    store : Store
    address : str
        ``runs:/ID``, or a model (``models:/stance@champion``), whose run it is; an experiment with one
        classifier; or ``EXPERIMENT/CLASSIFIER``, whose newest run it is.

    Raises
    ------
    ModelError, StoreError
        Where there is none.
    """
    if address.startswith(SCHEMES):
        return finished_run(store, run_of(store, address))
    experiment, _, classifier = address.partition("/")
    runs = {run.name: run for run in finished_runs(store, [experiment])}
    if classifier in runs:
        return runs[classifier]
    if not classifier and len(runs) == 1:
        return next(iter(runs.values()))
    choices = [f"{experiment}/{name}" for name in runs]
    if classifier:
        raise StoreError(f"{address}: there is no classifier {classifier!r}; {suggest(address, choices)}")
    raise StoreError(f"{address} has {counted(len(runs), 'classifier')}; name one: {', '.join(choices)}")
