"""A finished classifier in, a model folder out: what is served, and what it takes to serve it elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from harness.classifiers.protocol import Accelerated, Labelled
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.reports.model_card import model_card
from harness.reports.summary import Summary
from harness.serving.contract import DATA, Contract, loader
from harness.serving.folder import write_data, write_mlflow
from harness.values.catalog import plain
from harness.values.errors import ModelError
from harness.values.version import VERSION

CARD = "MODEL_CARD.md"
VERSIONS = ("numpy", "scikit-learn", "torch", "transformers", "mlflow")


def pack(path: Path, prepared: Prepared, summary: Summary, *, run_id: str, model_id: str) -> None:
    """Write the MLflow model of a finished classifier.

    Parameters
    ----------
    path : Path
        Made; must not exist.
    prepared : Prepared
    summary : Summary
        Of a classifier whose ``model`` folder is there.
    run_id, model_id : str
        Where MLflow files it; written into ``MLmodel``.

    Raises
    ------
    ModelError
        Where the classifier saved nothing.
    """
    result = summary.result
    if result.model is None or result.served is None:
        raise ModelError(f"{result.classifier.name} saved no model")
    data = path.with_name(f"{path.name}-{DATA}") / DATA
    data.mkdir(parents=True)
    try:
        write_data(data, result.model, contract_of(prepared, result), prepared.corpus.parties)
        card = model_card(summary) + accelerated(data / "model", prepared, result)
        (data / CARD).write_text(card, encoding="utf-8")
        write_mlflow(path, data, run_id=run_id, model_id=model_id)
    finally:
        shutil.rmtree(data.parent)


def accelerated(folder: Path, prepared: Prepared, result: ClassifierResult) -> str:
    """Add fast engines to a saved model that can have some; return what its card says of them.

    They are judged on the rows of validation and calibration, never on test.
    """
    assert result.served is not None
    plan, trial = prepared.plan, result.served.trial
    bound = result.classifier.bound
    if not isinstance(bound.make(labels=plan.labels, seed=trial.seed), Accelerated):
        return ""
    split = next(one for one in prepared.splits if one.fold == trial.fold)
    parts = [prepared.labelled(split, name) for name in ("validation", "calibration")]
    examples = [one for part in parts for one in part.examples]
    held = Labelled(examples, np.concatenate([part.codes for part in parts]))
    classifier = loader(contract_of(prepared, result).loader)(folder, plan.labels)
    assert isinstance(classifier, Accelerated)
    found = classifier.accelerate(folder, prepared.labelled(split, "train").examples, held)
    return "\n" + engines_section(found)


def engines_section(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the section of a model card on the engines that a model may be served by."""
    lines = ["- `fp32`: exact; the scores above are its."]
    for name, one in found.items():
        if "refused" in one:
            lines.append(f"- `{name}`: refused, because {one['refused']}.")
            continue
        equal = 1 - one["different"] / one["rows"]
        lines.append(
            f"- `{name}`: of {one['rows']:,} held-out rows {equal:.2%} got the same label, and"
            f" {one['lost']:.2f} points of macro-F1 were lost. {one['again']:.1%} of rows are computed once"
            " more, in fp32."
        )
    return "## Engines\n\n" + "\n".join(lines) + "\n"


def contract_of(prepared: Prepared, result: ClassifierResult) -> Contract:
    """Return the contract of a finished classifier's model."""
    assert result.model is not None
    assert result.served is not None
    plan, trial, corpus = prepared.plan, result.served.trial, prepared.corpus
    split = next(one for one in prepared.splits if one.fold == trial.fold)
    return Contract(
        task=plan.config.task,
        labels=plan.labels,
        loader=(result.model / "loader.txt").read_text(encoding="utf-8").strip(),
        decider=result.decider,
        classifier={
            "name": result.classifier.name,
            "kind": result.classifier.bound.kind,
            **{name: plain(value) for name, value in result.served.options.items()},
        },
        trained_on={
            "experiment": plan.name,
            "corpus": corpus.name,
            "corpus_fingerprint": corpus.fingerprint,
            "split_fingerprint": split.fingerprint,
            "test_fingerprint": result.predictions.only(split="test").fingerprint(),
            "seed": trial.seed,
            "whole": len(prepared.splits) > 1,
        },
        versions={"harness": VERSION} | {name: metadata.version(name) for name in VERSIONS},
    )
