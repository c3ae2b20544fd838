"""A Comparison in, an MLflow run of its own out: tables, figures and a page."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.reports.comparison_page import comparison_page
from harness.reports.forest import forest_png, tie_groups_png
from harness.scoring.comparison import Comparison
from harness.scoring.comparison.conclusions import conclusions, power
from harness.tracking import contents, context, descriptions, names
from harness.tracking.finished_runs import file_of
from harness.tracking.store import Store
from harness.values.tables import fingerprint
from harness.values.version import VERSION

PAGE = "comparison.html"


def log_comparison(
    store: Store, comparison: Comparison, experiment_id: str, runs: Mapping[str, str], command: str
) -> str:
    """Log a comparison, unless an equal one of the same runs was logged before.

    Parameters
    ----------
    store : Store
    comparison : Comparison
    experiment_id : str
        The experiment that the run belongs to.
    runs : mapping
        Name → id of each run that was compared or refused.
    command : str
        The command line that repeats it; shown on the page.

    Returns
    -------
    str
        The id of its run.
    """
    client = store.client
    # The version too: a later one may compare in another way.
    parts = [VERSION, comparison.metric, comparison.split, str(comparison.n_draws)]
    digest = fingerprint([*parts, *(f"{name} {run_id}" for name, run_id in sorted(runs.items()))])
    earlier = client.search_runs(
        [experiment_id],
        f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.ROLE}` = '{names.COMPARISON}'"
        " and attributes.status = 'FINISHED'",
        max_results=1,
    )
    if earlier:
        return str(earlier[0].info.run_id)
    tags = {
        names.ROLE: names.COMPARISON,
        names.DIGEST: digest,
        names.TEST: comparison.fingerprint,
        names.PRIMARY: comparison.metric,
        "mlflow.user": context.user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "compare",
        descriptions.NOTE: _note(comparison),
    }
    run = client.create_run(experiment_id, tags=tags, run_name=f"compare {comparison.metric}")
    run_id = str(run.info.run_id)
    try:
        with tempfile.TemporaryDirectory(prefix="harness-") as name:
            _write(Path(name), comparison, command)
            client.log_artifacts(run_id, name)
        contents.log_parameters(client, run_id, _parameters(comparison, runs))
        contents.log_metrics(client, run_id, names.metrics(_metrics(comparison)))
    # On Ctrl-C too: a run that stays RUNNING would look as if it were still at work.
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return run_id


def page_of(store: Store, run_id: str) -> str:
    """Return the page of a logged comparison: a path, or on a server its address in MLflow."""
    if store.artifacts is None:
        return f"runs:/{run_id}/{PAGE}"
    # No folder for copies: the file lies on this machine.
    return str(file_of(store, run_id, PAGE, ""))


def _write(folder: Path, comparison: Comparison, command: str) -> None:
    comparison.runs_table().to_csv(folder / "runs.csv", index=False)
    comparison.pairs_table().to_csv(folder / "pairs.csv", index=False)
    date = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = comparison_page(comparison, date=date, command=command)
    (folder / PAGE).write_text(page, encoding="utf-8")
    figures = folder / "figures"
    figures.mkdir()
    (figures / "forest.png").write_bytes(forest_png(comparison))
    (figures / "tie_groups.png").write_bytes(tie_groups_png(comparison))


def _note(comparison: Comparison) -> str:
    refused = [f"{name} was left out: {reason}." for name, reason in comparison.refused.items()]
    sentences = (*conclusions(comparison), *power(comparison), *comparison.limitations, *refused)
    lines = [f"- {line}" for line in sentences]
    return "\n".join([*lines, "", f"See `{PAGE}`."])


def _parameters(comparison: Comparison, runs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "metric": comparison.metric,
        "split": comparison.split,
        "draws": comparison.n_draws,
        "runs": {name: runs[name] for name in (run.name for run in comparison.runs) if name in runs},
        "refused": dict(comparison.refused),
    }


def _metrics(comparison: Comparison) -> dict[str, float]:
    return {
        # With a prefix of their own: the UI groups metrics by what stands before the slash.
        "comparison/runs": float(len(comparison.runs)),
        "comparison/pairs": float(len(comparison.pairs)),
        "comparison/established": float(sum(pair.separable for pair in comparison.pairs)),
        "comparison/tie_groups": float(len(comparison.groups)),
        "comparison/test_items": float(comparison.n_items),
    }
