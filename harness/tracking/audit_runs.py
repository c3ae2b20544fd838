"""What audits found of a finished model in, an MLflow run of its own out."""

from __future__ import annotations

from pathlib import Path

from harness.tracking import contents, context, names
from harness.tracking.store import Store
from harness.values.findings import Findings

ROLE = "audit"


def log_audits(store: Store, experiment: str, name: str, folder: Path, findings: Findings) -> str:
    """Log the audits of a model: verdicts as tags, measures as metrics, a page and tables.

    Parameters
    ----------
    store : Store
    experiment, name : str
        Of the run.
    folder : Path
        Whose files are logged.
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
        contents.NOTE: "\n\n".join(f"**{one.audit}: {one.verdict}.** {one.sentence}" for one in findings),
    }
    tags |= {f"{names.AUDIT}{one.audit}": one.verdict for one in findings}
    run = client.create_run(store.experiment(experiment), tags=tags, run_name=name)
    run_id = str(run.info.run_id)
    try:
        client.log_artifacts(run_id, str(folder))
        contents.log_metrics(client, run_id, names.metrics(names.finding_values(findings)))
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return run_id
