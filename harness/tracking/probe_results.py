"""What a probe of a language model found in; metrics, tags and files of the run of that model out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.reports.pages import audits_page
from harness.tracking import names, run_files, run_metrics, sending
from harness.tracking.named_runs import named_run
from harness.tracking.store import Store
from harness.values.errors import StoreError
from harness.values.findings import Finding

FOLDER = "contamination"
"""The folder of the run's files that holds the finding."""

PROBED = "harness.contamination"
"""Tag of the run: the verdict of the probe, and its sentence."""

OPTION = f"{names.OPTION}model"


def probed_run(store: Store, address: str, model: str, corpus: str) -> str:
    """Return the id of the run that a finding about a model and a corpus may be logged to.

    Parameters
    ----------
    store : Store
    address : str
        See :func:`harness.tracking.named_runs.named_run`.
    model : str
        The name of the language model at its server.
    corpus : str
        Fingerprint of the corpus.

    Raises
    ------
    ModelError, StoreError
        Where there is no such run, or it is of another language model or corpus.
    """
    finished = named_run(store, address)
    run = store.client.get_run(finished.run_id)
    of_run = run.data.params.get(OPTION, "")
    if of_run != model:
        other = f"of the language model {of_run!r}" if of_run else "of no language model"
        raise StoreError(f"the run of {finished.name} is {other}, and {model!r} would be probed")
    inputs = [] if run.inputs is None else run.inputs.dataset_inputs
    digests = {each.dataset.digest for each in inputs}
    if corpus not in digests:
        raise StoreError(f"the run of {finished.name} is of another corpus, or of another version of it")
    return finished.run_id


def log_probe(store: Store, run_id: str, finding: Finding, about: str, usage: Mapping[str, float]) -> None:
    """Log what a probe found to the run of its model: the first measure with its interval, a tag, files.

    A probe that is repeated replaces what the last one logged.

    Parameters
    ----------
    store : Store
    run_id : str
    finding : Finding
    about : str
        Model and corpus, for the page.
    usage : mapping
        What the probe took: requests, tokens, cost.
    """
    values = names.finding_values((finding,))
    shown = run_metrics.shown(values, run_metrics.audit_keys((finding,)))
    with tempfile.TemporaryDirectory(prefix="harness-probe-") as name:
        folder = Path(name) / FOLDER
        folder.mkdir()
        run_files.write_findings(folder, (finding,))
        taken = {f"usage/{key}": value for key, value in usage.items()}
        (folder / run_metrics.MEASURES).write_text(run_metrics.measures_csv(values | taken), encoding="utf-8")
        (folder / "usage.json").write_text(json.dumps(dict(usage), indent=1) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(audits_page("Probe", about, (), (finding,)), encoding="utf-8")
        sending.send_folder(store, run_id, Path(name))
    tags = {PROBED: f"{finding.verdict}: {finding.sentence}"}
    sending.send_values(store.client, run_id, metrics=names.metrics(shown), tags=tags)
