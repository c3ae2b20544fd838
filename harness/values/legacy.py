"""Names that earlier versions wrote in, the present ones out: the one table of old names.

Nothing writes these names any more. Runs, predictions and models that hold them are read through this table,
so that an experiment of then compares with one of now. A config that holds them is refused, with what to
write.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

Value = TypeVar("Value")

SPLITS: Mapping[str, str] = MappingProxyType({"select": "validation", "calibrate": "calibration"})
"""Parts of a split: in the column ``split`` of predictions and scores, and before the ``/`` of metric keys.
"""

TAGS: Mapping[str, str] = MappingProxyType({"harness.select_fingerprint": "harness.validation_fingerprint"})
"""Tags of MLflow runs."""

AUDIT, AUDITS = "harness.audit.", "harness.audits"
"""Once each audit of a run had a tag of its own; now one tag says what all of them found."""

LOADERS: Mapping[str, str] = MappingProxyType(
    {
        "harness.classifiers.baselines:load": "harness.classifiers.baselines.constant:load",
        "harness.classifiers.embedding:load": "harness.classifiers.embedding.classifier:load",
        "harness.classifiers.joint:load": "harness.classifiers.encoder.joint:load",
        "harness.classifiers.lexicon:load": "harness.classifiers.baselines.lexicon:load",
        "harness.classifiers.linear:load": "harness.classifiers.linear.classifier:load",
    }
)
"""Functions that read a saved classifier, as a model's ``contract.json`` names them."""

_SPLIT_OPTIONS = {"calibrate": ("calibrate was renamed: write 'calibration'", "")}

OPTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "predefined": _SPLIT_OPTIONS,
        "holdout": _SPLIT_OPTIONS,
        "kfold": _SPLIT_OPTIONS,
        "disjoint": _SPLIT_OPTIONS,
        "leave_one_out": _SPLIT_OPTIONS,
        "forward": _SPLIT_OPTIONS,
        "distilled": {"trust": ("distilled takes no 'trust'", "did you mean 'teacher_weight'?")},
        "Regularization": {
            "ema": ("was removed: averaging the weights over steps neither helped nor harmed", "leave it out")
        },
    }
)
"""Options in a config, by kind or by class of grouped options: what is wrong with each, and a hint."""


def current_metrics(metrics: Mapping[str, Value]) -> dict[str, Value]:
    """Return metrics of a run under their present keys.

    Parameters
    ----------
    metrics : mapping
        By key, ``select/f1_macro``; keys without an old part stay.

    Examples
    --------
    >>> current_metrics({"select/f1_macro": 0.5, "test/f1_macro": 0.4})
    {'validation/f1_macro': 0.5, 'test/f1_macro': 0.4}
    """
    keys = {key: key.partition("/") for key in metrics}
    return {
        f"{SPLITS.get(part, part)}{slash}{name}": metrics[key] for key, (part, slash, name) in keys.items()
    }


def current_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags of a run under their present names.

    Examples
    --------
    >>> current_tags({"harness.select_fingerprint": "99a0"})
    {'harness.validation_fingerprint': '99a0'}
    >>> current_tags({"harness.audit.leaks": "passed", "harness.audit.party_swap": "failed"})[AUDITS]
    'failed party swap; 1 of 2 passed'
    """
    # Here, and not above: a model's contract needs the table of loaders alone.
    from harness.values.findings import verdicts_in_short

    current = {TAGS.get(name, name): value for name, value in tags.items()}
    verdicts = {name.removeprefix(AUDIT): value for name, value in tags.items() if name.startswith(AUDIT)}
    if verdicts:
        current.setdefault(AUDITS, verdicts_in_short(verdicts))
    return current
