"""A plan in, the view with which the MLflow UI opens its runs out.

By default the UI hides the columns of metrics, and draws a chart of every metric, sorted by name. A view that
is saved in a tag of the experiment, and named in the address as ``viewStateShareKey``, shows the columns that
matter, and opens the charts on the scores. Its format is that of MLflow 3.17: the fields of the page's state,
and the ``type`` and ``metricKey`` of each chart.
"""

from __future__ import annotations

import json
from typing import Any

from harness.config.plan import Plan
from harness.tracking import names
from harness.tracking.store.ui import VIEW

PREFIX = "mlflow.sharedViewState."
MAX_OTHER_METRICS = 4
"""Shown beside the primary metric."""

SHOWN_PARAMETERS = ("kind",)
WIDTHS = {f"tags.`{names.AUDITS}`": 280, f"tags.`{names.TRUST}`": 420}
"""Columns that hold text, in pixels; by default MLflow cuts it after a few letters."""

SCORES, DIFFERENCES = "harness-scores", "harness-differences"
FOLDED = ("test", "validation", "training", "time")
"""Sections of the charts that are closed at first: MLflow draws the other metrics there, by their prefix."""


def tags(plan: Plan) -> dict[str, str]:
    """Return the experiment's tag that holds the view: runs sorted by the primary metric on test."""
    primary = f"test/{plan.primary.name}"
    others = [
        f"test/{metric.name}"
        for metric in plan.metrics
        if not metric.per_label and metric.name != plan.primary.name
    ][:MAX_OTHER_METRICS]
    columns = _columns(primary, f"validation/{plan.primary.name}", others)
    state = {
        # Sorted by a metric, child runs would stand among their parents; earlier versions logged comparisons
        # beside the runs.
        "searchFilter": f"tags.`{names.ROLE}` = '{names.CLASSIFIER}'",
        "orderByKey": f"metrics.`{primary}`",
        "orderByAsc": plan.primary.direction == "lower",
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {**WIDTHS, **{name: 135 for name in columns if name.startswith("metrics.")}},
        "compareRunCharts": _charts([primary, f"validation/{plan.primary.name}", *others]),
        "compareRunSections": _sections(),
        # Otherwise MLflow sorts the sections by name.
        "isAccordionReordered": True,
    }
    # A constant time, so that equal plans give equal tags and nothing is written again.
    view = {"name": "Scores", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {PREFIX + VIEW: json.dumps(view)}


def _columns(primary: str, on_validation: str, others: list[str]) -> list[str]:
    """Return the columns of the table of runs, in order."""
    with_spread = [primary, *(f"{primary}_{word}" for word in ("low", "high", "seed_sd"))]
    return [
        *(f"metrics.`{name}`" for name in with_spread),
        # Beside the score: a score alone does not say which run to trust.
        f"tags.`{names.AUDITS}`",
        *(f"metrics.`{name}`" for name in (on_validation, *others, "time/fit_seconds")),
        *(f"params.`{name}`" for name in SHOWN_PARAMETERS),
        "attributes.`Models`",
        f"tags.`{names.TRUST}`",
    ]


def _charts(metrics: list[str]) -> list[dict[str, Any]]:
    """Return a bar chart for each metric, and a table of what differs between the runs."""
    bars = [
        {
            "uuid": f"{SCORES}-{number}",
            "type": "BAR",
            "metricSectionId": SCORES,
            "metricKey": metric,
            # The name first: a narrow card cuts its title.
            "displayName": f"{metric.partition('/')[2]}, {metric.partition('/')[0]}",
            "runsCountToCompare": 10,
            "deleted": False,
            "isGenerated": True,
        }
        for number, metric in enumerate(metrics)
    ]
    differences = {
        "uuid": f"{DIFFERENCES}-0",
        "type": "DIFFERENCE",
        "metricSectionId": DIFFERENCES,
        "chartName": "Scores, options and audits side by side",
        "compareGroups": ["Model metrics", "Parameters", "Tags"],
        "showChangeFromBaseline": True,
        "showDifferencesOnly": True,
        "baselineColumnUuid": "",
        "deleted": False,
        "isGenerated": False,
    }
    return [*bars, differences]


def _sections() -> list[dict[str, Any]]:
    open_sections = [(SCORES, "Scores", True), (DIFFERENCES, "Differences", True)]
    folded = [(f"harness-{name}", name, False) for name in FOLDED]
    return [
        {"uuid": uuid, "name": name, "display": display, "isReordered": True, "isGenerated": False}
        for uuid, name, display in (*open_sections, *folded)
    ]
