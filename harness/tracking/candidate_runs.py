"""A finished trial in, a child run for each candidate of its search out."""

from __future__ import annotations

import math
import time
from typing import Protocol

from harness.evaluation.results import TrialResult
from harness.evaluation.search.record import SearchCandidate
from harness.tracking import names, sending
from harness.tracking.store import Store


class TagWriter(Protocol):
    """What logging candidates needs of a tracker."""

    store: Store

    @property
    def experiment_id(self) -> str:
        """The experiment's id in MLflow."""

    def tags(self, role: str, digest: str) -> dict[str, str]:
        """Return the tags that every run of the experiment carries."""


def log_candidates(tracker: TagWriter, run_id: str, result: TrialResult) -> None:
    """Log the candidates of a trial's search as children of its run; none where it searched for nothing.

    Parameters
    ----------
    tracker : TagWriter
    run_id : str
        Of the trial.
    result : TrialResult
    """
    record = result.search
    # Runs that were judged side by side are begun and ended by the sum of their times: the order is right.
    moment = time.time() - (record.seconds if record is not None else 0.0)
    for candidate in record.candidates if record is not None else ():
        began, moment = moment, moment + candidate.seconds
        _log(tracker, run_id, result, (candidate, began, moment))


def _log(
    tracker: TagWriter, run_id: str, result: TrialResult, timed: tuple[SearchCandidate, float, float]
) -> None:
    candidate, began, ended = timed
    assert result.search is not None
    tags = tracker.tags(names.CANDIDATE, result.trial.digest) | {
        "mlflow.parentRunId": run_id,
        names.KIND: result.trial.classifier.bound.kind,
        names.CANDIDATE_STATE: "chosen" if candidate.number == result.search.chosen else candidate.state,
    }
    if candidate.reason:
        tags[names.ERROR] = candidate.reason[: names.MAX_ERROR_LENGTH]
    # No files: what candidates predicted is of use to nobody once one is chosen.
    client = tracker.store.client
    name = f"{result.trial.name} candidate {candidate.number}"
    run = client.create_run(tracker.experiment_id, start_time=int(began * 1000), tags=tags, run_name=name)
    values = {
        f"tuning/{names.safe(result.search.metric)}": candidate.score,
        "tuning/seconds": candidate.seconds,
        "tuning/rows_per_second": candidate.rows_per_second,
        "tuning/megabytes": candidate.megabytes,
    }
    sending.send_values(
        client,
        run.info.run_id,
        options={"candidate": candidate.number} | names.option_parameters(candidate.options),
        metrics=names.metrics({key: value for key, value in values.items() if not math.isnan(value)}),
    )
    client.set_terminated(run.info.run_id, "FINISHED", int(ended * 1000))
