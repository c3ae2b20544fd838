"""Results in, the keys and values that MLflow keeps of them out: metrics, parameters, names of tags."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.results import Trial
from harness.values import legacy
from harness.values.catalog import plain
from harness.values.findings import Findings
from harness.values.tables import Scores, fingerprint

if TYPE_CHECKING:
    from mlflow.entities import Metric as LoggedMetric
    from mlflow.entities import Run

SPLITS = ("test", "validation")
MAX_PARAMETER_LENGTH = 6000
"""Characters; MLflow refuses longer ones."""

MAX_ERROR_LENGTH = 500
OPTION = "option."
"""Begins the parameters that are options of a classifier."""

ROLE, DIGEST, ERROR = "harness.role", "harness.digest", "harness.error"
TEST, VALIDATION = "harness.test_fingerprint", "harness.validation_fingerprint"
HOST = "harness.host"
"""Tag in which earlier versions named the machine; an owner names it now."""

KIND, PRIMARY, DIRECTION = "harness.kind", "harness.primary", "harness.direction"
MODEL_NAME = "harness.model_name"
CLASSIFIER, TRIAL, COMPARISON = "classifier", "trial", "comparison"
CANDIDATE, CANDIDATE_STATE = "candidate", "harness.candidate"
"""Role of the runs of a search's candidates, and the tag that says what became of each."""

DETERMINISTIC = "harness.deterministic"
LEAKS, AUDIT = "harness.leaks", legacy.AUDIT
"""``AUDIT`` begins the tags in which earlier versions kept the verdict of each audit."""

AUDITS, TRUST = legacy.AUDITS, "harness.trust"
"""Tags that people read: what the audits found, and how far the labels may be trusted."""

SOURCE = "harness.source."
"""Begins the tags of where labels come from, where that is elsewhere: the model as answered, when, …."""

GOLD = "harness.gold"
"""Tag of a run that was trained with gold: the digests of its files, the oldest first."""

GOLD_FILE, GOLD_ADDED, GOLD_REPLACED = f"{GOLD}_file", f"{GOLD}_added", f"{GOLD}_replaced"
"""Tags of such a run: the newest file, and how many of its rows were added or replaced a label."""

LEARNED_FROM, LEARN_VERDICT = "harness.learned_from", "harness.learn_verdict"
"""Tags of such a run: the classifier of the config, and whether the gold paid."""

PROMOTION = "harness.promotion"
"""Tag of an experiment: what its config says of promotion, as JSON. Of the experiment and not of its runs, so
that another rule repeats none of them."""

LOOK = "harness.test_look."
"""Begins the tags of a registered model that record a look at test on promotion; a time follows."""

LATEST = "harness.latest"
"""Tag of an experiment: the digests of the classifiers that it was run with last, as JSON."""


def parent_digest(plan: Plan, classifier: PlannedClassifier, trials: Sequence[Trial]) -> str:
    """Identify the contents of a parent run: trials, decisions, metrics, audits, whether texts are logged.

    Equal digests have equal results: this is the key by which a finished run is used again.
    """
    parts = [classifier.name, plan.primary.name, str(plan.config.tracking.log_text), ""]
    parts += [metric.name for metric in plan.metrics]
    parts += [f"slice {name}" for name in plan.config.slices or ()]
    parts += [f"audit {name} {json.dumps(bound.canonical())}" for name, bound in plan.audits.items()]
    config = plan.canonical()
    parts += [json.dumps(config[part]) for part in ("calibration", "thresholds", "abstention")]
    # Left out where none are stated, so that runs of before are found again.
    parts += [
        json.dumps(config[part]) for part in ("costs", "decision", "prevalence", "adjust") if part in config
    ]
    return fingerprint([*parts, "", *sorted(trial.digest for trial in trials)])


def safe(name: str) -> str:
    """Replace characters that MLflow refuses in the name of a metric or a parameter.

    Examples
    --------
    >>> safe("test/f1_[x]@y")
    'test/f1__x__y'
    """
    return re.sub(r"[^\w.\- :/]", "_", name)


def score_values(scores: Scores) -> dict[str, float]:
    """Return the scores of whole splits by key, e.g. ``test/f1_macro_low``, without those that are NaN."""
    whole = scores.rows[scores.rows["slice"] == "all"]
    values = {}
    # Test first: the UI lists metrics in the order in which they were logged.
    for split in SPLITS:
        # Slices are in scores.csv: as metrics they would crowd the UI.
        for row in whole[whole["split"] == split].to_dict("records"):
            key = f"{split}/{row['metric']}"
            values[key] = row["value"]
            values |= {f"{key}_{word}": row[word] for word in ("low", "high", "seed_sd")}
    return {safe(key): float(value) for key, value in values.items() if not math.isnan(value)}


def finding_values(findings: Findings) -> dict[str, float]:
    """Return the measures of audits by key, e.g. ``audit/leaks_near_rows``, without those that are NaN."""
    values: dict[str, float] = {}
    for finding in findings:
        for measure in finding.measures:
            key = f"audit/{finding.audit}_{measure.name}"
            values |= {key: measure.value, f"{key}_low": measure.low, f"{key}_high": measure.high}
    return {safe(key): float(value) for key, value in values.items() if not math.isnan(value)}


def source_tags(provenance: Mapping[str, str]) -> dict[str, str]:
    """Return tags that say where labels come from, where that is elsewhere."""
    return {f"{SOURCE}{name.replace(' ', '_')}": value for name, value in provenance.items() if value}


def metrics(values: Mapping[str, float], step: int = 0, **about: Any) -> list[LoggedMetric]:
    """Return values as MLflow's metrics.

    Parameters
    ----------
    values : mapping
        By key.
    step : int
    **about
        What they are linked to: ``model_id``, ``dataset_name``, ``dataset_digest``, ``run_id``.
    """
    from mlflow.entities import Metric as LoggedMetric

    now = int(time.time() * 1000)
    return [LoggedMetric(key, value, now, step, **about) for key, value in values.items()]


def curve_metrics(curves: Sequence[Mapping[str, float]]) -> list[LoggedMetric]:
    """Return training curves as metrics ``training/…``; steps count from 1."""
    logged: list[LoggedMetric] = []
    # Not from 0: MLflow shows the value of step 0 as a model's.
    for step, values in enumerate(curves, start=1):
        keyed = {safe(f"training/{key.replace('/', '_')}"): float(value) for key, value in values.items()}
        logged += metrics(keyed, step)
    return logged


def option_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Put options of a classifier behind a prefix.

    MLflow's page that compares runs begins with the first three parameters, by name, that differ between
    them. Without a prefix these were ``C``, ``balanced`` and ``chars``; with it they are the classifier and
    its kind, which say what is compared, and one option.

    Examples
    --------
    >>> sorted({"kind": "linear", "classifier": "blind", **option_parameters({"C": 1.0, "balanced": True})})
    ['classifier', 'kind', 'option.C', 'option.balanced']
    """
    return {f"{OPTION}{name}": value for name, value in options.items()}


def parameters(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return options as MLflow's parameters; long ones are cut, the whole config is an artifact."""
    for name, value in options.items():
        simple = plain(value)
        text = str(simple) if isinstance(simple, str) else json.dumps(simple, ensure_ascii=False)
        if len(text) > MAX_PARAMETER_LENGTH:
            text = text[: MAX_PARAMETER_LENGTH - 1] + "…"
        yield safe(name), text


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a sequence into parts of at most ``size`` items, one per request."""
    for at in range(0, len(items), size):
        yield items[at : at + size]


def model_of(run: Run) -> str | None:
    """Return the id of the model that a run logged; None where it logged none."""
    models = run.outputs.model_outputs if run.outputs is not None else []
    return str(models[0].model_id) if models else None
