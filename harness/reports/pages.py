"""A finished classifier in, a self-contained HTML page out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.evaluation.external import EXTERNAL
from harness.evaluation.trial import ClassifierResult, Prepared
from harness.reports.deciding import Deciding
from harness.reports.summary import Summary
from harness.scoring.crosstab import Share
from harness.scoring.metrics.calibration import ReliabilityBin
from harness.scoring.slice_tests import SliceResult, reportable
from harness.values.catalog import plain
from harness.values.findings import WORST_FIRST, Cell, Findings
from harness.values.formatting import number, percent, percent_interval

if TYPE_CHECKING:
    from jinja2 import Environment

SPLITS = ("test", "validation")
PLOT = 240
"""Side of the reliability plot, in the units of its view box."""


@dataclass(frozen=True)
class About:
    """When, where and from which code a run was made; what is not known is left out of the page."""

    date: str = ""
    machine: str = ""
    commit: str = ""
    dirty: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)


def run_page(prepared: Prepared, result: ClassifierResult, about: About = About()) -> str:
    """Return the report of a run.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
    about : About
        Shown with it.

    Returns
    -------
    str
        One HTML document without scripts, that asks the network for nothing; light and dark. Whatever comes
        from a corpus or a config is escaped. Sentences are left out under ``tracking.log_text: false``.
    """
    summary = Summary(prepared, result)
    deciding = Deciding(result, summary.seed)
    return (
        environment()
        .get_template("run.html.j2")
        .render(
            summary=summary,
            plan=prepared.plan,
            result=result,
            facts=facts(summary),
            scores=score_rows(summary),
            confusion=confusion_rows(summary),
            points=plot_points(summary.reliability),
            deciding=deciding,
            points_before=plot_points(deciding.bins_before) if summary.has_probabilities else [],
            slices=slice_groups(summary),
            shows_text=summary.shows_text,
            findings=sorted(result.findings, key=lambda one: WORST_FIRST.index(one.verdict)),
            zip=zip,
            elsewhere=result.classifier.bound.kind == EXTERNAL,
            plot=PLOT,
            about=about,
        )
    )


def audits_page(name: str, asked: str, notes: Sequence[str], findings: Findings) -> str:
    """Return the report of a finished model's audits, a document like that of :func:`run_page`.

    Parameters
    ----------
    name : str
        Of the model.
    asked : str
        What it was asked about: ``448 rows of partyline``.
    notes : sequence of str
        What limits the findings.
    findings : sequence of Finding
    """
    template = environment().get_template("audited.html.j2")
    ordered = sorted(findings, key=lambda one: WORST_FIRST.index(one.verdict))
    return template.render(name=name, asked=asked, notes=notes, findings=ordered, zip=zip, shows_text=True)


@cache
def environment() -> Environment:
    """Return the template environment: every value is escaped, an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("harness.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "percent": percent, "words": words, "cell": cell}
    made.filters |= {"range": percentages}
    return made


def percentages(share: Share) -> str:
    """Write the interval of a share, as ``12–18 %``."""
    return percent_interval(share.low, share.high)


def words(name: str) -> str:
    """Write a label's name as words."""
    return name.replace("_", " ")


def cell(value: Cell) -> str:
    """Write a cell of an audit's table: a number with three decimals, a count or a text as it is."""
    return number(value) if isinstance(value, float) else str(value)


def facts(summary: Summary) -> list[tuple[str, str]]:
    """List what was run: pairs of a name and a value."""
    prepared, result = summary.prepared, summary.result
    plan, bound = prepared.plan, result.classifier.bound
    chosen = summary.result.served.options if summary.result.served is not None else bound.options
    sizes = ", ".join(
        f"{name} {len(getattr(prepared.splits[0], name)):,}"
        for name in ("train", "validation", "calibration", "test")
    )
    folds = f"{len(prepared.splits)} folds; the first: " if len(prepared.splits) > 1 else ""
    return [
        ("classifier", f"{result.classifier.name} ({bound.kind})"),
        (
            "options",
            ", ".join(f"{name}: {json.dumps(plain(value))}" for name, value in chosen.items()) or "none",
        ),
        ("tuned on validation", ", ".join(result.classifier.tune) or "nothing"),
        ("task", f"{plan.config.task}: {', '.join(words(one) for one in summary.labels.names)}"),
        ("corpus", f"{prepared.corpus.name}, {len(prepared.corpus):,} rows"),
        ("split", f"{plan.split.kind}; {folds}{sizes}"),
        ("seeds", ", ".join(map(str, summary.seeds))),
        ("corpus fingerprint", prepared.corpus.fingerprint),
        ("test fingerprint", result.predictions.only(split="test").fingerprint()),
    ]


def score_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return one row a metric: name, direction, whether it is primary, scores on test and validation."""
    plan, scores = summary.prepared.plan, summary.scores
    metrics = {key: one for one in plan.metrics for key in one.keys(summary.labels)}
    found = {(row["metric"], row["split"]): row for row in scores.to_dict("records")}
    empty = dict.fromkeys(("value", "low", "high", "seed_sd"), math.nan)
    return [
        {
            "name": name,
            "primary": name == plan.primary.name,
            "label": metrics[name].per_label,
            "direction": metrics[name].direction,
            **{split: found.get((name, split), empty) for split in SPLITS},
        }
        for name in dict.fromkeys(scores["metric"])
    ]


def confusion_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return one row a label: its name and its cells, each a count and its share."""
    rows = []
    for name, counts in zip(summary.labels.names, summary.confusion.tolist(), strict=True):
        if summary.labels.multi:
            (rejected, false_alarms), (missed, hits) = counts
            pairs = [(hits, hits + missed), (missed, hits + missed)]
            pairs += [(false_alarms, false_alarms + rejected), (rejected, false_alarms + rejected)]
        else:
            pairs = [(count, sum(counts)) for count in counts]
        cells = [{"n": n, "share": n / total if total else 0.0} for n, total in pairs]
        rows.append({"name": name, "cells": cells})
    return rows


@dataclass(frozen=True)
class SliceGroup:
    """The slices by one column: those that are judged, those too small, and how many more of these."""

    column: str
    judged: tuple[SliceResult, ...]
    small: tuple[SliceResult, ...]
    more: int


def slice_groups(summary: Summary) -> list[SliceGroup]:
    """Return the slices of the test items, column by column."""
    kept, counted = reportable(summary.slices)
    return [
        SliceGroup(
            column,
            tuple(one for one in kept if one.column == column and not one.underpowered),
            tuple(one for one in kept if one.column == column and one.underpowered),
            counted.get(column, 0),
        )
        for column in dict.fromkeys(one.column for one in summary.slices)
    ]


def plot_points(bins: Sequence[ReliabilityBin]) -> list[dict[str, float]]:
    """Return reliability bins with their place in the plot."""
    return [
        {
            "x": one.confidence * PLOT,
            "y": (1 - one.frequency) * PLOT,
            "stated": one.confidence,
            "true": one.frequency,
            "n": one.n,
        }
        for one in bins
    ]
