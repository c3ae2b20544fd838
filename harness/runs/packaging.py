"""A finished classifier in, its MLflow model out: data, contract, card, and the environment that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import Accelerated, Labelled
from harness.corpora.readers.partyline import partyline
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.reports.model_card import card_of, model_card
from harness.reports.run_summary import Summary
from harness.serving.contract import DATA, Contract, Holders, loader
from harness.serving.folder import write_data, write_mlflow
from harness.serving.probes import write_probes
from harness.values.catalog import plain
from harness.values.errors import ModelError
from harness.values.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

CARD = "MODEL_CARD.md"
VERSIONS = ("numpy", "scikit-learn", "torch", "transformers", "mlflow")


def pack(prepared: Prepared, path: Path, summary: Summary, *, run_id: str, model_id: str) -> None:
    """Write the MLflow model of a finished classifier.

    Parameters
    ----------
    prepared : Prepared
        The experiment: its parties go into the model, its rows measure the engines.
    path : Path
        Created; must not exist.
    summary : Summary
        Of a classifier that saved a model.
    run_id, model_id : str
        The run and the logged model that it belongs to; written into ``MLmodel``.

    Raises
    ------
    ModelError
        Where the classifier saved nothing.
    """
    result = summary.result
    if result.model is None or result.served is None:
        raise ModelError(f"{result.classifier.name} saved no model")
    # MLflow copies the data folder under its own name, hence a folder of its own around it.
    data = path.with_name(f"{path.name}-{DATA}") / DATA
    data.mkdir(parents=True)
    try:
        write_data(data, result.model, contract_of(prepared, result), prepared.corpus.parties)
        card_of(summary).write(data)
        card = model_card(summary) + accelerated(data / "model", prepared, result)
        (data / CARD).write_text(card, encoding="utf-8")
        # Last: the probes are answered by everything that the folder holds.
        write_probes(data, probe_rows(prepared, result))
        write_mlflow(path, data, run_id=run_id, model_id=model_id)
    finally:
        shutil.rmtree(data.parent)


def probe_rows(prepared: Prepared, result: ClassifierResult) -> pd.DataFrame:
    """Return rows that a model is to be recognised by: of validation, or invented where texts are not logged.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult

    Returns
    -------
    DataFrame
        Columns ``text``, ``target``, ``start``, ``end``, ``holder``.
    """
    config = prepared.plan.config
    if not config.tracking.log_text:
        # Licensed text may not leave the corpus, and a model is handed on: the shipped articles are ours.
        return partyline(training="core", task=config.task).for_task(config.task).rows
    assert result.served is not None
    split = prepared.split_of(result.served.trial.fold)
    # Never test rows, which a model that is handed on would carry with it.
    return prepared.part(split, "validation" if split.validation else "train").rows


def accelerated(folder: Path, prepared: Prepared, result: ClassifierResult) -> str:
    """Add fast engines to a saved model that supports them; return the section of its card on them.

    They are compared with fp32 on the rows of validation and calibration, never of test.

    Parameters
    ----------
    folder : Path
        The saved model; the engines are written into it.
    prepared : Prepared
    result : ClassifierResult

    Returns
    -------
    str
        Markdown; the empty string for a classifier without a choice of engines.
    """
    assert result.served is not None
    plan, trial = prepared.plan, result.served.trial
    bound = result.classifier.bound
    # Asked of a fresh one: a result that was read from the store has no fitted classifier.
    if not isinstance(bound.make(labels=plan.labels, seed=trial.seed), Accelerated):
        return ""
    split = next(split for split in prepared.splits if split.fold == trial.fold)
    parts = [prepared.labelled(split, name) for name in ("validation", "calibration")]
    examples = [example for part in parts for example in part.examples]
    held_out = Labelled(examples, np.concatenate([part.codes for part in parts]))
    classifier = loader(contract_of(prepared, result).loader)(folder, plan.labels)
    assert isinstance(classifier, Accelerated)
    engines = classifier.accelerate(folder, prepared.labelled(split, "train").examples, held_out)
    return "\n" + engines_section(engines)


def engines_section(engines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the section of a model card on its engines.

    Parameters
    ----------
    engines : mapping
        Name → what :meth:`harness.classifiers.protocol.Accelerated.accelerate` measured of it.
    """
    lines = ["- `fp32`: exact; the scores above were measured with it."]
    for name, measured in engines.items():
        if "refused" in measured:
            lines.append(f"- `{name}`: refused, because {measured['refused']}.")
            continue
        equal = 1 - measured["different"] / measured["rows"]
        lines.append(
            f"- `{name}`: {equal:.2%} of {measured['rows']:,} held-out rows got the same label; macro-F1 fell"
            f" by {measured['lost']:.2f} points. {measured['again']:.1%} of rows are computed again in fp32."
        )
    return "## Engines\n\n" + "\n".join(lines) + "\n"


def contract_of(prepared: Prepared, result: ClassifierResult) -> Contract:
    """Return the contract of a finished classifier's model."""
    assert result.model is not None
    assert result.served is not None
    plan, trial, corpus = prepared.plan, result.served.trial, prepared.corpus
    split = next(split for split in prepared.splits if split.fold == trial.fold)
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
            # With folds the served model is a refit on all rows: audits on that corpus then say so.
            "whole": len(prepared.splits) > 1,
        },
        versions={"harness": VERSION} | {name: metadata.version(name) for name in VERSIONS},
        languages=corpus.languages,
        holders=holders_of(corpus.rows),
    )


def holders_of(rows: pd.DataFrame) -> Holders:
    """Return who is named as the holder in rows of a corpus, in the words of a contract."""
    names = set(rows["holder"].dropna())
    if not names:
        return "none"
    return "all" if "writer" in names else "quoted"
