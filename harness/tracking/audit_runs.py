"""The findings of audits of a model in, an MLflow run of its own out."""

from __future__ import annotations

from pathlib import Path

from harness.tracking import context, descriptions, names, run_metrics, sending
from harness.tracking.store import Store
from harness.tracking.store.lease import Lease
from harness.tracking.store.ownership import Owner
from harness.values.findings import Findings, audits_in_short

ROLE = "audit"


def log_audits(store: Store, experiment: str, name: str, folder: Path, findings: Findings) -> str:
    """Log the audits of a model: verdicts as a tag, the first measure of each as metrics, and files.

    Parameters
    ----------
    store : Store
    experiment, name : str
        Of the run.
    folder : Path
        Its files, a page and tables, are logged.
    findings : sequence of Finding

    Returns
    -------
    str
        The id of its run.
    """
    client = store.client
    tags = {
        names.ROLE: ROLE,
        names.AUDITS: audits_in_short(findings),
        "mlflow.user": context.user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": ROLE,
        descriptions.NOTE: "\n\n".join(
            f"**{finding.audit}: {finding.verdict}.** {finding.sentence}" for finding in findings
        ),
    }
    values = names.finding_values(findings)
    shown = run_metrics.shown(values, run_metrics.audit_keys(findings))
    run = client.create_run(store.experiment(experiment), tags=tags, run_name=name)
    run_id = str(run.info.run_id)
    with Lease(client, run_id, Owner.new()):
        try:
            sending.send_folder(store, run_id, folder)
            client.log_text(run_id, run_metrics.measures_csv(values), run_metrics.MEASURES)
            sending.send_values(client, run_id, metrics=names.metrics(shown))
        # On Ctrl-C too: a run that stays RUNNING would look as if it were still at work.
        except BaseException:
            client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
    return run_id
