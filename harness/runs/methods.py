"""The name of an experiment in, the methods paragraph of it out: what ``harness report methods`` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.corpora.card import load_card
from harness.evaluation.external import EXTERNAL
from harness.reports.methods import MethodsFacts, MethodsText, ScoredClassifier
from harness.reports.methods import methods as describe
from harness.scoring.aligned import AlignedPredictions
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.splits.leaks.gate import NAME as LEAKS
from harness.tracking import context, names
from harness.tracking.finished_runs import (
    FinishedRun,
    finished_runs,
    read_config,
    read_environment,
    read_evidence,
    read_file,
    read_predictions,
)
from harness.tracking.run_files import TRIALS
from harness.tracking.store import Store, last_experiment
from harness.values.catalog import CATALOGUES
from harness.values.legacy import current_metrics


def methods(experiment: str = "") -> MethodsText:
    """Describe an experiment as the methods section of a paper does, from what its runs recorded.

    Parameters
    ----------
    experiment : str
        By name; left out, the one that was run last.

    Returns
    -------
    MethodsText
        The paragraph, and the works that it refers to.

    Raises
    ------
    StoreError
        Where the experiment is unknown, has no finished run, or the files of a run are gone.
    """
    store = Store.open(reading=True)
    runs = finished_runs(store, [experiment or last_experiment.recall(store)])
    classifiers = [_scored(store, run) for run in runs]
    # The newest: classifiers that were added later are in its config.
    newest = runs[-1]
    config, described = read_config(store, newest), _dataset(store, newest)
    profile = described.get("profile", {})
    kind = str(config["corpus"].get("kind", ""))
    card = (
        load_card(kind) if kind in CATALOGUES["corpus"] and kind not in ("files", "hub", "joined") else None
    )
    test = AlignedPredictions.of(read_predictions(store, newest).only(split="test"))
    facts = MethodsFacts(
        config=config,
        corpus=card.title if card is not None else str(described.get("name", kind)),
        paper=card.paper if card is not None else "",
        fingerprint=str(described.get("digest", "")),
        rows=profile.get("splits", {}),
        folds=int(profile.get("folds", 1)),
        n_rows=int(profile.get("num_rows", 0)),
        classifiers=classifiers,
        n_items=len(test),
        n_groups=test.n_clusters,
        leaks=_leaks(store, runs),
        versions=context.reported_versions(read_environment(store, newest)),
    )
    return describe(facts)


def _scored(store: Store, run: FinishedRun) -> ScoredClassifier:
    data = store.client.get_run(run.run_id).data
    metrics = current_metrics(data.metrics)
    kind = data.tags.get(names.KIND, "")
    value, low, high = (
        float(metrics.get(f"test/{run.primary}{end}", float("nan"))) for end in ("", "_low", "_high")
    )
    predictions = read_predictions(store, run)
    n_seeds, missing = len(set(predictions.rows["seed"])), predictions.only(split="test").missing().mean()
    shown = "" if kind == EXTERNAL else kind
    source = {
        tag.removeprefix(names.SOURCE): value
        for tag, value in data.tags.items()
        if tag.startswith(names.SOURCE)
    }
    return ScoredClassifier(
        *(run.name, shown, n_seeds, run.deterministic, value, low, high, float(missing)),
        abstention=_abstention(store, run),
        source=source,
    )


def _abstention(store: Store, run: FinishedRun) -> str:
    """Return what the rule states by which a classifier abstains; empty where it never does."""
    data = read_file(store, run, TRIALS)
    rule = ((json.loads(data) if data else {}).get("decider") or {}).get("abstention")
    return AbstentionRule.read(rule).statement if rule else ""


def _leaks(store: Store, runs: Sequence[FinishedRun]) -> str:
    """Return what the gate found before training; it looks at the corpus, so that all runs have the same."""
    findings = (finding for run in reversed(runs) for finding in read_evidence(store, run).findings)
    return next((finding.sentence for finding in findings if finding.audit == LEAKS), "")


def _dataset(store: Store, run: FinishedRun) -> Mapping[str, Any]:
    """Return name, digest and profile of the corpus of a run; empty where none was logged."""
    inputs = store.client.get_run(run.run_id).inputs
    for data in inputs.dataset_inputs if inputs is not None else ():
        profile = json.loads(data.dataset.profile or "{}")
        return {"name": data.dataset.name, "digest": data.dataset.digest, "profile": profile}
    return {}
