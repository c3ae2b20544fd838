"""A finished classifier, or the runs of a comparison, in; the files of its run for the explorer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.explorer.answers import ExploredClassifier, answered_rows
from harness.explorer.finished_experiments import explore_runs
from harness.explorer.page_data import Described, page_data
from harness.explorer.page_writer import PAGE, explorer_page
from harness.explorer.scored_rows import ROWS, scored_rows, write_rows
from harness.tracking import sending
from harness.tracking.finished_runs import FinishedRun
from harness.tracking.scratch import scratch_folder
from harness.tracking.store import Store
from harness.values.progress import progress


def explorer_files(prepared: Prepared, result: ClassifierResult, run_id: str) -> Mapping[str, bytes]:
    """Return the files of a finished classifier: its page, and the table of its scored rows.

    Parameters
    ----------
    prepared : Prepared
        Its experiment.
    result : ClassifierResult
    run_id : str
        Empty for one that is not tracked.

    Returns
    -------
    mapping
        Name of the file → its content. Without sentences under ``tracking.log_text: false``.
    """
    details = scored_rows(prepared)
    classifier = ExploredClassifier(
        result.classifier.name, result.predictions, result.findings, run_id, result.scores
    )
    rows = answered_rows([classifier], prepared.report_rows.slices)
    described = Described(
        title=f"{prepared.plan.name}: {result.classifier.name}",
        task=prepared.plan.config.task,
        corpus=prepared.corpus.name,
        shows_text=prepared.plan.config.tracking.log_text,
    )
    page = explorer_page(page_data(rows, details, described), described)
    return {PAGE: page.encode("utf-8"), ROWS: write_rows(details)}


def log_missing_pages(store: Store, runs: Sequence[FinishedRun]) -> list[FinishedRun]:
    """Log the page into each finished run that has none, as runs of earlier versions; return these runs.

    Raises
    ------
    StoreError
        Where files of a run are gone, or the server does not let this account write.
    """
    lacking = [
        run for run in runs if PAGE not in {file.path for file in store.client.list_artifacts(run.run_id)}
    ]
    for run in progress(lacking, "writing", len(lacking), "pages"):
        explored = explore_runs(store, [run])
        described = replace(explored.described, title=f"{run.experiment}: {run.name}")
        page = replace(explored, described=described).page()
        with scratch_folder(store) as scratch:
            (scratch / PAGE).write_text(page, encoding="utf-8")
            sending.send_folder(store, run.run_id, scratch)
    return lacking


def comparison_files(store: Store, runs: Sequence[FinishedRun]) -> Mapping[str, bytes]:
    """Return the page of the runs of a comparison, by name."""
    return {PAGE: explore_runs(store, runs).page().encode("utf-8")}
