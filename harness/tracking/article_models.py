"""The address of a stance model in; whether another should rather read articles, and how to get it, out."""

from __future__ import annotations

from typing import Any

from harness.tracking.finished_runs import FinishedRun, finished_run, finished_runs, read_config
from harness.tracking.models import SCHEMES, run_of
from harness.tracking.store import Store
from harness.values.commands import command_line
from harness.values.errors import HarnessError

EXPERIMENT = "reading"
"""The name of the experiment of ``configs/reading.yaml``, whose champion is made for articles."""

INVENTED = "partyline"
"""The corpus of the quickstart, whose news is invented."""


def advice(address: str) -> str:
    """Say which model would read articles better than one that has seen invented news alone.

    Parameters
    ----------
    address : str
        Of the model that reads: ``models:/…`` or ``runs:/…``.

    Returns
    -------
    str
        One sentence; empty where the model is of another corpus, a folder, or its run is gone.
    """
    if not address.startswith(SCHEMES):
        return ""
    store = Store.open(reading=True)
    try:
        run = finished_run(store, run_of(store, address))
        if not _is_invented(read_config(store, run)):
            return ""
    # A label is worth more than what is said about it: a deleted run is no reason to stop.
    except HarnessError:
        return ""
    who = f"stance is by {run.name} of {run.experiment}, which has learned from invented news alone"
    if _trained(store):
        promote = command_line("promote", "--replace", experiment=EXPERIMENT)
        return f"{who}; the experiment {EXPERIMENT!r} was trained for articles and is not promoted: {promote}"
    return f"{who}; configs/{EXPERIMENT}.yaml trains a champion on real news too"


def _is_invented(config: dict[str, Any]) -> bool:
    corpus = config.get("corpus")
    return isinstance(corpus, dict) and corpus.get("kind") == INVENTED


def _trained(store: Store) -> tuple[FinishedRun, ...]:
    try:
        return finished_runs(store, [EXPERIMENT])
    except HarnessError:
        return ()
