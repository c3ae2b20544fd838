"""The summary of a finished classifier in, a self-contained HTML page out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.evaluation.external import EXTERNAL
from harness.reports.asked_models import source_facts
from harness.reports.model_card import card_of
from harness.reports.run_summary import Summary
from harness.reports.teaching import teacher_fact
from harness.reports.tuning import option_text, search_page, tuned_fact, tuning_in_short
from harness.scoring.crosstab import CellShare
from harness.scoring.metrics.calibration import ReliabilityBin
from harness.scoring.slice_tests import SliceResult, reportable
from harness.scoring.variance import ScoreVariance
from harness.serving.trust import trust_line
from harness.values.catalog import plain
from harness.values.findings import WORST_FIRST, Cell, Findings
from harness.values.formatting import counted, number, percent, percent_interval
from harness.values.language import describe

if TYPE_CHECKING:
    from jinja2 import Environment

SPLITS = ("test", "validation")
PLOT = 240
"""Side of the reliability and risk-coverage plots, in the units of their view box."""


@dataclass(frozen=True)
class About:
    """When, where and from which code a run was made; what is not known is left out of the page."""

    date: str = ""
    machine: str = ""
    commit: str = ""
    dirty: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)


def run_page(summary: Summary, about: About = About()) -> str:
    """Return the report of a run.

    Parameters
    ----------
    summary : Summary
    about : About

    Returns
    -------
    str
        One HTML document without scripts that loads nothing from the network; light and dark. Whatever comes
        from a corpus or a config is escaped. Sentences are left out under ``tracking.log_text: false``.
    """
    decisions = summary.decision_report
    return (
        environment()
        .get_template("run.html.j2")
        .render(
            summary=summary,
            sources=variance_sources(summary.variance),
            experiment=summary.experiment,
            result=summary.result,
            facts=facts(summary),
            trust=trust_line(card_of(summary)),
            scores=score_rows(summary),
            confusion=confusion_rows(summary),
            points=plot_points(summary.reliability),
            decisions=decisions,
            points_before=plot_points(decisions.bins_before) if summary.has_probabilities else [],
            slices=slice_groups(summary),
            shows_text=summary.shows_text,
            tuned=tuning_in_short(summary.result),
            search=search_page(summary.result, summary.scores, summary.experiment.budgets),
            findings=worst_first(summary.result.findings),
            zip=zip,
            external=summary.result.classifier.bound.kind == EXTERNAL,
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
        What it was audited on: ``448 rows of partyline``.
    notes : sequence of str
        What limits the findings.
    findings : sequence of Finding
    """
    template = environment().get_template("model_audits.html.j2")
    # Sentences that may not be shown were taken out of the findings already (Finding.without_texts).
    return template.render(
        name=name, asked=asked, notes=notes, findings=worst_first(findings), zip=zip, shows_text=True
    )


def worst_first(findings: Findings) -> Findings:
    """Sort findings by verdict, failed first."""
    return tuple(sorted(findings, key=lambda finding: WORST_FIRST.index(finding.verdict)))


@cache
def environment() -> Environment:
    """Return the template environment: every value is escaped, an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("harness.reports", "templates"),
        # Sentences, labels and descriptions come from files of others: nothing may reach a page unescaped. A
        # misspelt name in a template is an error instead of an empty cell.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"number": number, "percent": percent, "words": words, "cell": cell}
    templates.filters |= {"range": percentages, "counted": counted, "option": option_text}
    return templates


def percentages(share: CellShare) -> str:
    """Write the interval of a share, as ``12–18 %``."""
    return percent_interval(share.low, share.high)


def words(name: str) -> str:
    """Write a label's name as words."""
    return name.replace("_", " ")


def cell(value: Cell) -> str:
    """Write a cell of an audit's table: a number with three decimals, a count or a text as it is."""
    return number(value) if isinstance(value, float) else str(value)


def variance_sources(variance: ScoreVariance | None) -> dict[str, str]:
    """Say from what each part of a score's variance is known, or why it is not."""
    if variance is None:
        return {}
    design, n_seeds = variance.design, variance.n_seeds
    training = "not known: one set of training rows was used"
    if design.cross_validated:
        repeats = counted(design.repeats, "repeat")
        training = f"{repeats} of the folds" if variance.measured else "a rule: the folds were run once"
        training += "; holds what the seed changes" if n_seeds == 1 else ""
    one_seed = "not known apart: one seed" if design.cross_validated else "not known: one seed"
    return {
        "items": "resampled groups of test items",
        "seeds": counted(n_seeds, "seed") if n_seeds > 1 else one_seed,
        "training rows": training,
    }


def facts(summary: Summary) -> list[tuple[str, str]]:
    """List what was run: pairs of a name and a value."""
    experiment, result = summary.experiment, summary.result
    bound, split, corpus = result.classifier.bound, experiment.split, experiment.corpus
    chosen = result.served.options if result.served is not None else bound.options
    sizes = ", ".join(f"{part} {size:,}" for part, size in split.sizes.items())
    folds = f"{split.described}; sizes of the first: " if split.folds > 1 else ""
    options = ", ".join(f"{name}: {json.dumps(plain(value))}" for name, value in chosen.items())
    return [
        ("classifier", f"{result.classifier.name} ({bound.kind})"),
        ("options", options or "none"),
        *teacher_fact(result.trials, chosen),
        ("tuned", tuned_fact(result)),
        ("task", f"{experiment.task}: {', '.join(words(name) for name in summary.labels.names)}"),
        ("corpus", f"{corpus.name}, {counted(corpus.size, 'row')}"),
        ("language", describe(corpus.languages) or "unknown"),
        ("split", f"{split.kind}; {folds}{sizes}"),
        ("seeds", ", ".join(map(str, summary.seeds))),
        *source_facts(result),
        ("corpus fingerprint", corpus.fingerprint),
        ("test fingerprint", result.predictions.only(split="test").fingerprint()),
    ]


def score_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return one row per metric: name, direction, whether it is primary, scores on test and validation."""
    experiment, scores = summary.experiment, summary.scores
    metrics = {key: metric for metric in experiment.metrics for key in metric.keys(summary.labels)}
    # Validation may have no rows, and external predictions no validation: such cells are dashes.
    by_metric = {(row["metric"], row["split"]): row for row in scores.to_dict("records")}
    empty = dict.fromkeys(("value", "low", "high", "seed_sd"), math.nan)
    return [
        {
            "name": name,
            "primary": name == experiment.primary.name,
            "label": metrics[name].per_label,
            "gloss": metrics[name].gloss,
            # Of a metric of each label the gloss stands once, at its first label.
            "first": name == metrics[name].keys(summary.labels)[0],
            "direction": metrics[name].direction,
            **{split: by_metric.get((name, split), empty) for split in SPLITS},
        }
        for name in dict.fromkeys(scores["metric"])
    ]


def confusion_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return one row per label: its name and its cells, each a count and its share."""
    rows = []
    for name, counts in zip(summary.labels.names, summary.confusion.tolist(), strict=True):
        if summary.labels.multi:
            # Each label's table is [[true negatives, false positives], [false negatives, true positives]].
            (rejected, false_alarms, *unanswered), (missed, hits, *unanswered_too) = counts
            pairs = [(hits, hits + missed), (missed, hits + missed)]
            pairs += [(false_alarms, false_alarms + rejected), (rejected, false_alarms + rejected)]
            # Of all items, whether they have the label or not.
            pairs += [
                (lost + lost_too, sum(map(sum, counts)))
                for lost, lost_too in zip(unanswered, unanswered_too, strict=True)
            ]
        else:
            pairs = [(count, sum(counts)) for count in counts]
        cells = [{"n": n, "share": n / total if total else 0.0} for n, total in pairs]
        rows.append({"name": name, "cells": cells})
    return rows


@dataclass(frozen=True)
class SliceGroup:
    """The slices by one column: those that are tested, those too small, and how many more of these."""

    column: str
    tested: tuple[SliceResult, ...]
    small: tuple[SliceResult, ...]
    more: int


def slice_groups(summary: Summary) -> list[SliceGroup]:
    """Return the slices of the test items, column by column."""
    # A corpus may have hundreds of targets with few items each: of such columns small slices are counted.
    listed, counted = reportable(summary.slices)
    return [
        SliceGroup(
            column,
            tuple(result for result in listed if result.column == column and not result.underpowered),
            tuple(result for result in listed if result.column == column and result.underpowered),
            counted.get(column, 0),
        )
        for column in dict.fromkeys(result.column for result in summary.slices)
    ]


def plot_points(bins: Sequence[ReliabilityBin]) -> list[dict[str, float]]:
    """Return reliability bins with their coordinates in the plot."""
    return [
        {
            "x": bin_.confidence * PLOT,
            # SVG counts y downwards.
            "y": (1 - bin_.frequency) * PLOT,
            "stated": bin_.confidence,
            "true": bin_.frequency,
            "n": bin_.n,
        }
        for bin_ in bins
    ]
