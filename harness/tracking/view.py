"""A plan in, the view of its runs that the MLflow UI opens with out.

The UI hides metric columns at first. A view saved in a tag of the experiment, named in the address as
``viewStateShareKey``, shows the ones that matter.
"""

from __future__ import annotations

import json

from harness.config.plan import Plan
from harness.tracking.store.ui import VIEW

PREFIX = "mlflow.sharedViewState."
OTHERS = 4
SHOWN_PARAMETERS = ("kind", "target")


def tags(plan: Plan) -> dict[str, str]:
    """Return the experiment tag that holds the view, sorted by the primary metric on test."""
    primary = f"test/{plan.primary.name}"
    others = [one.name for one in plan.metrics if not one.per_label and one.name != plan.primary.name]
    metrics = [
        primary,
        *(f"{primary}_{word}" for word in ("low", "high", "seed_sd")),
        f"validation/{plan.primary.name}",
        *(f"test/{name}" for name in others[:OTHERS]),
        "time/fit_seconds",
    ]
    columns = [f"metrics.`{name}`" for name in metrics]
    columns += [f"params.`{name}`" for name in SHOWN_PARAMETERS] + ["attributes.`Models`"]
    state = {
        # Children would stand among their parents once the rows are sorted by a metric.
        "searchFilter": "tags.`harness.role` != 'trial'",
        "orderByKey": f"metrics.`{primary}`",
        "orderByAsc": plan.primary.direction == "lower",
        "selectedColumns": columns,
        "columnOrder": columns,
    }
    # A constant time: equal plans give equal tags.
    view = {"name": "Scores", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {PREFIX + VIEW: json.dumps(view)}
