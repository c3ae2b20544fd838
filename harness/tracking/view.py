"""A plan in, the view with which the MLflow UI opens its runs out.

By default the UI hides the columns of metrics. A view that is saved in a tag of the experiment, and named in
the address as ``viewStateShareKey``, shows the ones that matter.
"""

from __future__ import annotations

import json

from harness.config.plan import Plan
from harness.tracking.store.ui import VIEW

PREFIX = "mlflow.sharedViewState."
MAX_OTHER_METRICS = 4
"""Shown beside the primary metric."""

SHOWN_PARAMETERS = ("kind", "target")


def tags(plan: Plan) -> dict[str, str]:
    """Return the experiment's tag that holds the view: runs sorted by the primary metric on test."""
    primary = f"test/{plan.primary.name}"
    other_metrics = [
        metric.name for metric in plan.metrics if not metric.per_label and metric.name != plan.primary.name
    ]
    metrics = [
        primary,
        *(f"{primary}_{word}" for word in ("low", "high", "seed_sd")),
        f"validation/{plan.primary.name}",
        *(f"test/{name}" for name in other_metrics[:MAX_OTHER_METRICS]),
        "time/fit_seconds",
    ]
    columns = [f"metrics.`{name}`" for name in metrics]
    columns += [f"params.`{name}`" for name in SHOWN_PARAMETERS] + ["attributes.`Models`"]
    state = {
        # Sorted by a metric, child runs would stand among their parents.
        "searchFilter": "tags.`harness.role` != 'trial'",
        "orderByKey": f"metrics.`{primary}`",
        "orderByAsc": plan.primary.direction == "lower",
        "selectedColumns": columns,
        "columnOrder": columns,
    }
    # A constant time, so that equal plans give equal tags and nothing is written again.
    view = {"name": "Scores", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {PREFIX + VIEW: json.dumps(view)}
