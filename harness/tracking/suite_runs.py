"""The table of a suite in, an MLflow run of its own out."""

from __future__ import annotations

from collections.abc import Mapping

from harness.tracking import context, descriptions, names, sending
from harness.tracking.store import Store
from harness.tracking.store.lease import Lease
from harness.tracking.store.ownership import Owner
from harness.values.tables import fingerprint

SUITE = "suite"


def log_suite(
    store: Store, name: str, description: str, files: Mapping[str, str], values: Mapping[str, float]
) -> str:
    """Log the table of a suite in an experiment of its name, unless an equal one was logged before.

    Parameters
    ----------
    store : Store
    name, description : str
        Of the suite.
    files : mapping of str to str
        Name → text; ``table.md`` is shown as the run's description.
    values : mapping of str to float
        Metrics by key, ``pstance/linear``.

    Returns
    -------
    str
        The id of its run.
    """
    client = store.client
    experiment_id = store.experiment(name)
    # Times in the table are those of the trials, not of this call: a suite without news gives equal files.
    digest = fingerprint([*files.values()])
    earlier = client.search_runs(
        [experiment_id],
        f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.ROLE}` = '{SUITE}'"
        " and attributes.status = 'FINISHED'",
        max_results=1,
    )
    if earlier:
        return str(earlier[0].info.run_id)
    tags = {
        names.ROLE: SUITE,
        names.DIGEST: digest,
        "mlflow.user": context.user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": SUITE,
        descriptions.NOTE: "\n\n".join(text for text in (description, files.get("table.md", "")) if text),
    }
    run = client.create_run(experiment_id, tags=tags, run_name=f"suite {name}")
    run_id = str(run.info.run_id)
    with Lease(client, run_id, Owner.new()):
        try:
            sending.for_each(store, lambda file: client.log_text(run_id, file[1], file[0]), files.items())
            logged = {names.safe(key): value for key, value in values.items()}
            sending.send_values(client, run_id, metrics=names.metrics(logged))
        # On Ctrl-C too: a run that stays RUNNING would look as if it were still at work.
        except BaseException:
            client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
    return run_id
