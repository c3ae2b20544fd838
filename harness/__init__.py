"""Evaluate classifiers that label sentences by stance toward a party and by framing.

Most of what the command line does can be done from Python. Importing the package loads nothing heavy: each
name is imported when it is first used.

>>> import harness
>>> run = harness.run("configs/quickstart.yaml", set={"seeds": [1, 2]})     # doctest: +SKIP
>>> run.scores, run.findings, run["linear"].report                         # doctest: +SKIP
>>> harness.compare("quickstart", metric="f1_macro").ties                  # doctest: +SKIP
>>> harness.promote("quickstart")                                          # doctest: +SKIP
>>> model = harness.load("models:/stance@champion")                        # doctest: +SKIP
>>> model.predict([{"text": "Voters thanked Varna.", "target": "Varna"}])  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.values.version import VERSION

if TYPE_CHECKING:
    from harness.articles.reading import Reading
    from harness.runs.article_reading import read
    from harness.runs.comparison import ComparedRuns, compare
    from harness.runs.corpus_loading import fetch_corpus, load_corpus
    from harness.runs.experiment import ClassifierRun, ExperimentRun, FailedClassifiersError, run
    from harness.runs.external import ScoredPredictions, score
    from harness.runs.learning.learn import learn
    from harness.runs.learning.learned_runs import LearnedRuns
    from harness.runs.learning.watching import LearnObserver
    from harness.runs.model_audit import AuditedModel, audit
    from harness.runs.model_promotion import promote, registry, rollback
    from harness.runs.observer import RunObserver
    from harness.runs.share_estimates import EstimatedShares, shares
    from harness.runs.stream_drift import WatchedStream, drift
    from harness.runs.suites import run_suite
    from harness.tracking.models import load, load_both
    from harness.values.errors import HarnessError
    from harness.values.labels import LabelSet
    from harness.values.tables import Corpus, Predictions, Scores

__version__ = VERSION
__all__ = [
    "AuditedModel",
    "ClassifierRun",
    "ComparedRuns",
    "Corpus",
    "EstimatedShares",
    "ExperimentRun",
    "FailedClassifiersError",
    "HarnessError",
    "LabelSet",
    "LearnObserver",
    "LearnedRuns",
    "Predictions",
    "Reading",
    "RunObserver",
    "ScoredPredictions",
    "Scores",
    "WatchedStream",
    "__version__",
    "audit",
    "compare",
    "drift",
    "fetch_corpus",
    "learn",
    "load",
    "load_both",
    "load_corpus",
    "promote",
    "read",
    "registry",
    "rollback",
    "run",
    "run_suite",
    "score",
    "shares",
]

_HOMES = {
    "harness.articles.reading": ("Reading",),
    "harness.runs.article_reading": ("read",),
    "harness.runs.corpus_loading": ("fetch_corpus", "load_corpus"),
    "harness.runs.learning.learn": ("learn",),
    "harness.runs.learning.learned_runs": ("LearnedRuns",),
    "harness.runs.learning.watching": ("LearnObserver",),
    "harness.runs.model_audit": ("AuditedModel", "audit"),
    "harness.runs.comparison": ("ComparedRuns", "compare"),
    "harness.runs.experiment": ("ClassifierRun", "ExperimentRun", "FailedClassifiersError", "run"),
    "harness.runs.external": ("ScoredPredictions", "score"),
    "harness.runs.observer": ("RunObserver",),
    "harness.runs.model_promotion": ("promote", "registry", "rollback"),
    "harness.runs.share_estimates": ("EstimatedShares", "shares"),
    "harness.runs.stream_drift": ("WatchedStream", "drift"),
    "harness.runs.suites": ("run_suite",),
    "harness.tracking.models": ("load", "load_both"),
    "harness.values.errors": ("HarnessError",),
    "harness.values.labels": ("LabelSet",),
    "harness.values.tables": ("Corpus", "Predictions", "Scores"),
}
"""Where each public name lives."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(home), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'harness' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
