"""The findings of audits of a model in, an MLflow run of its own out."""

from __future__ import annotations

from pathlib import Path

from harness.tracking import contents, context, names
from harness.tracking.store import Store
from harness.values.findings import Findings

ROLE = "audit"


def log_audits(store: Store, experiment: str, name: str, folder: Path, findings: Findings) -> str:
    """Log the audits of a model: verdicts as tags, measures as metrics, and files.

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
        "mlflow.user": context.user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": ROLE,
        contents.NOTE: "\n\n".join(
            f"**{finding.audit}: {finding.verdict}.** {finding.sentence}" for finding in findings
        ),
    }
    tags |= {f"{names.AUDIT}{finding.audit}": finding.verdict for finding in findings}
    run = client.create_run(store.experiment(experiment), tags=tags, run_name=name)
    run_id = str(run.info.run_id)
    try:
        client.log_artifacts(run_id, str(folder))
        contents.log_metrics(client, run_id, names.metrics(names.finding_values(findings)))
    # On Ctrl-C too: a run that stays RUNNING would look as if it were still at work.
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return run_id
