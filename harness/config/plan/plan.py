"""What an experiment is once everything is resolved."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.schema import OFF, ExperimentConfig
from harness.values.catalog import CATALOGUES, Bound
from harness.values.labels import LabelSet
from harness.values.tables import fingerprint

TUNED = "tuned"
"""Where the thresholds of a multi-label task come from, unless a config says otherwise."""

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric


@dataclass(frozen=True)
class PlannedClassifier:
    """A named classifier with its options checked.

    Attributes
    ----------
    name : str
        As in the config.
    bound : Bound
        Its factory and options; tuned options stand at their first value.
    tune : mapping
        Option → the values of the grid; empty without one.
    """

    name: str
    bound: Bound
    tune: Mapping[str, tuple[Any, ...]]

    def grid(self) -> tuple[Bound, ...]:
        """Return every combination of the tuned options; one entry where nothing is tuned."""
        names = list(self.tune)
        return tuple(
            replace(self.bound, options={**self.bound.options, **dict(zip(names, values, strict=True))})
            for values in itertools.product(*self.tune.values())
        )

    def canonical(self) -> dict[str, Any]:
        """Return all that its result depends on, as plain data."""
        return {**self.bound.canonical(), "tune": {name: list(values) for name, values in self.tune.items()}}


@dataclass(frozen=True)
class Plan:
    """A resolved experiment.

    Attributes
    ----------
    config : ExperimentConfig
    source : Path
        The config's file.
    labels : LabelSet
    corpus, split : Bound
    metrics : tuple of Metric
    primary : Metric
        One of ``metrics``.
    classifiers : tuple of PlannedClassifier
    audits : mapping
        Name → audit, in the order in which they are reported; the leak gate, ``leaks``, among them.
    """

    config: ExperimentConfig
    source: Path
    labels: LabelSet
    corpus: Bound
    split: Bound
    metrics: tuple[Metric, ...]
    primary: Metric
    classifiers: tuple[PlannedClassifier, ...]
    audits: Mapping[str, Bound] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.config.name

    @property
    def model_name(self) -> str:
        """Under which the champion is registered."""
        return self.config.model_name or self.config.task

    def canonical(self) -> dict[str, Any]:
        """Return the config with every default written out, as plain data."""
        written = self.config.model_dump(mode="json")
        return written | {
            "labels": list(self.labels.names),
            "multi": self.labels.multi if self.config.task == "framing" else None,
            "corpus": self.corpus.canonical(),
            "split": self.split.canonical(),
            "metrics": [metric.name for metric in self.metrics],
            "classifiers": {one.name: one.canonical() for one in self.classifiers},
            "audits": dict.fromkeys(CATALOGUES["audit"], OFF)
            | {name: bound.canonical() for name, bound in self.audits.items()},
            "model_name": self.model_name,
            "thresholds": (self.config.thresholds or TUNED) if self.labels.multi else None,
        }

    @cached_property
    def config_text(self) -> str:
        """The canonical config as JSON, which is YAML too: loading it gives the same plan."""
        return json.dumps(self.canonical(), indent=2, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """Identify the whole config."""
        return fingerprint([json.dumps(self.canonical(), sort_keys=True)])
