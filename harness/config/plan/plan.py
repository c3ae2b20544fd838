"""A resolved experiment: factories instead of names, every default filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan.search import Search, combinations, one_by_one, restored_values, with_options
from harness.config.plan.tune_section import is_search, without
from harness.config.promotion_policy import PromotionPolicy
from harness.config.schema import OFF, ExperimentConfig
from harness.values.catalog import CATALOGUES, Bound
from harness.values.labels import LabelSet
from harness.values.tables import fingerprint

# On Narrative Frames, linear is .134 above the baseline that predicts every frame; with thresholds of 0.5 it
# was .013, too little to be established (experiments/public-corpora).
TUNED = "tuned"
"""The default for thresholds of a multi-label task: tuned on validation."""

MOST_PROBABLE = "most_probable"
"""The default for which label a row gets."""

UNSET: Mapping[str, Any] = {
    "secrets": [],
    "costs": None,
    "decision": MOST_PROBABLE,
    "prevalence": None,
    "adjust": False,
    "run": {
        "executor": "serial",
        "workers": None,
        "threads": None,
        "ray_address": None,
        "gpus": None,
        "storage": None,
    },
}
"""Settings of later versions, which a canonical config leaves out where they have these values."""

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric


@dataclass(frozen=True)
class PlannedClassifier:
    """A named classifier with checked options.

    Attributes
    ----------
    name : str
        As in the config.
    bound : Bound
        Its factory and options; tuned options have their first value.
    tune : mapping
        Option → values that are tried, the ends of a range for it; empty where nothing is tuned.
    search : Search or None
        How options are searched for; None where nothing is tuned, or by a plain grid.
    """

    name: str
    bound: Bound
    tune: Mapping[str, tuple[Any, ...]]
    search: Search | None = None

    @property
    def tries_all(self) -> bool:
        """Whether every combination of the tuned options is tried."""
        return self.search is None or self.search.settings.search == "grid"

    @property
    def tuned_options(self) -> frozenset[str]:
        """The options that are tuned; of ``group.option`` the group."""
        return frozenset(name.partition(".")[0] for name in self.tune)

    @property
    def n_candidates(self) -> int:
        """How many combinations of options are tried, at most; 1 where nothing is tuned."""
        return len(self.grid()) if self.search is None else self.search.size

    def grid(self) -> tuple[Bound, ...]:
        """Return every combination of the tuned options; a single entry where nothing is tuned.

        Of a search that draws, the values that its space names, one option at a time.
        """
        options = combinations if self.tries_all else one_by_one
        return tuple(options(self.bound, self.tune))

    def restored(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Turn options of a fitted classifier that were kept as JSON into those of the plan.

        Parameters
        ----------
        options : mapping
            All of them; JSON has fewer types than a config.
        """
        if not self.tries_all:
            space = self.search.space if self.search is not None else {}
            return with_options(self.bound, restored_values(space, options)).options
        for bound in self.grid():
            if bound.canonical() == {"kind": bound.kind, **options}:
                return bound.options
        return options

    def canonical(self) -> dict[str, Any]:
        """Return everything that its result depends on, as plain data."""
        grid = {name: list(values) for name, values in self.tune.items()}
        tune = grid if self.search is None else self.search.canonical()
        return {**self.bound.canonical(), "tune": tune}


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
        Name → audit, in the order of the report, including the leak gate ``leaks``.
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

    def __repr__(self) -> str:
        classifiers = ", ".join(planned.name for planned in self.classifiers)
        return (
            f"Plan({self.name!r}: {self.config.task} on {self.corpus.kind}, split {self.split.kind},"
            f" classifiers {classifiers})"
        )

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.config.name

    @property
    def model_name(self) -> str:
        """The name under which the champion is registered."""
        return self.config.model_name or self.config.task

    @property
    def promotion(self) -> PromotionPolicy:
        """What a model has to meet before it becomes champion, with what a failure of each audit does."""
        policy = self.config.promotion
        actions = {name: policy.action(name) for name in (*CATALOGUES["audit"], *self.audits)}
        return policy.model_copy(update={"audits": actions | policy.audits})

    def canonical(self) -> dict[str, Any]:
        """Return the config with all defaults, as plain data."""
        # Defaults are filled in and options have one spelling, so that two ways to write the same experiment
        # have the same digest, and a new default in a later version does not change an old run's config.
        declared = self.config.model_dump(mode="json")
        # It stands under each classifier, as if it had been written there.
        del declared["search_budget"]
        # Left out where there are none: configs of earlier versions keep their digests.
        for name, unset in UNSET.items():
            if declared[name] == unset:
                del declared[name]
        return declared | {
            "labels": list(self.labels.names),
            "multi": self.labels.multi if self.config.task == "framing" else None,
            "corpus": self.corpus.canonical(),
            "split": self.split.canonical(),
            "metrics": [metric.name for metric in self.metrics],
            "classifiers": {planned.name: planned.canonical() for planned in self.classifiers},
            # An audit that a later version adds would run by default: what is off is written out.
            "audits": dict.fromkeys(CATALOGUES["audit"], OFF)
            | {name: bound.canonical() for name, bound in self.audits.items()},
            "model_name": self.model_name,
            "promotion": self.promotion.model_dump(mode="json"),
            "thresholds": (self.config.thresholds or TUNED) if self.labels.multi else None,
        }

    @cached_property
    def config_text(self) -> str:
        """The canonical config as JSON, which is also YAML: loading it gives the same plan."""
        return json.dumps(loadable(self.canonical()), indent=2, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits that identify the whole config."""
        return fingerprint([json.dumps(self.canonical(), sort_keys=True)])


def loadable(canonical: Mapping[str, Any]) -> dict[str, Any]:
    """Return a canonical config without what a config may not say twice: a tuned option beside its grid.

    Parameters
    ----------
    canonical : mapping
        See :meth:`Plan.canonical`; or the config of a run that an earlier version has logged like that.

    Returns
    -------
    dict
        A copy, as far as it differs.
    """
    classifiers = {
        name: _untold(part) if isinstance(part, Mapping) else part
        for name, part in canonical.get("classifiers", {}).items()
    }
    return {**canonical, "classifiers": classifiers}


def _untold(part: Mapping[str, Any]) -> dict[str, Any]:
    tune = part.get("tune") or {}
    options = dict(part)
    for option in tune["space"] if is_search(tune) else tune:
        options = without(options, option)
    return options
