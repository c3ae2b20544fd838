"""The labels of a task in every order: an audit finds the same, in the same words."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.audits import Subject, run_audits
from harness.classifiers.protocol import Examples
from harness.scoring.metrics.metric import Metric
from harness.scoring.score import score
from harness.values.catalog import CATALOGUES, bind, lookup
from harness.values.findings import Finding
from harness.values.labels import STANCES, LabelSet
from harness.values.polarity import polarity
from harness.values.tables import Predictions
from tests.audits import toy_world

ORDERS = list(itertools.permutations(STANCES))
MODELS = ("oracle", "blind", "name_reader", "biased")


def votes(k: int, stance: str) -> tuple[str, ...]:
    return (stance, stance if k % 5 else "neutral")


def reordered(subject: Subject, order: Sequence[str]) -> Subject:
    """Return the subject with its labels, and the columns of its arrays, in another order."""
    labels = LabelSet(tuple(order))
    columns = [subject.labels.names.index(name) for name in order]
    proba = np.asarray(subject.proba)[:, columns]

    def of(predictions: Any) -> Predictions:
        array = predictions.rows[[f"p_{name}" for name in order]].to_numpy()
        return Predictions.of(subject.tested, labels, array, run="model", split="test", seed=1)

    return replace(
        subject,
        labels=labels,
        proba=proba,
        predicted=labels.decide(proba),
        predictions=of(subject.predictions),
        without_target=of(subject.without_target),
    )


def findings_in(order: Sequence[str], name: str) -> dict[str, Finding]:
    corpus = toy_world.corpus_of(votes=votes)
    model = getattr(toy_world, name)
    subject = toy_world.subject_of(
        model, corpus, without_target=toy_world.predictions_of(toy_world.blind, corpus)
    )
    columns = [STANCES.index(label) for label in order]

    def ordered(examples: Examples) -> NDArray[np.float64]:
        return model(examples)[:, columns]

    audits = {audit: bind("audit", audit, {}).make() for audit in CATALOGUES["audit"] if audit != "leaks"}
    return {finding.audit: finding for finding in run_audits(reordered(subject, order), audits, ordered)}


@pytest.mark.parametrize("model", MODELS)
def test_no_audit_reads_direction_off_the_order_of_labels(model: str) -> None:
    expected = findings_in(STANCES, model)
    for order in ORDERS[1:]:
        for audit, finding in findings_in(order, model).items():
            assert (finding.verdict, finding.sentence) == (expected[audit].verdict, expected[audit].sentence)
            for measure, like in zip(finding.measures, expected[audit].measures, strict=True):
                assert measure.name == like.name, audit
                numbers = [[m.value, m.low, m.high, m.n] for m in (measure, like)]
                np.testing.assert_allclose(*numbers, atol=1e-9, err_msg=f"{audit}: {measure.name}")
            assert [(d.name, d.title, d.columns) for d in finding.details] == [
                (d.name, d.title, d.columns) for d in expected[audit].details
            ]


SINGLE: list[Metric] = [
    metric
    for metric in (lookup("metric", name, "metrics") for name in CATALOGUES["metric"])
    if metric.tasks != "multi"
]


@pytest.mark.parametrize("metric", SINGLE, ids=lambda metric: metric.name)
def test_no_metric_depends_on_the_order_of_labels(metric: Metric) -> None:
    corpus = toy_world.corpus_of()
    truth = [STANCES.index(stance) for stance in corpus.rows["stance"]]
    proba = np.random.default_rng(3).dirichlet(np.ones(3), len(truth)) + 0.6 * np.eye(3)[truth]
    proba /= proba.sum(axis=1, keepdims=True)
    values = []
    for order in ORDERS:
        columns = [STANCES.index(label) for label in order]
        made = Predictions.of(corpus, LabelSet(order), proba[:, columns], run="a", split="test", seed=1)
        rows = score(made, [metric], draws=50).rows.sort_values("metric")
        values.append(rows.loc[rows["slice"] == "all", ["value", "low", "high"]].to_numpy())
    for other in values[1:]:
        np.testing.assert_allclose(other, values[0], atol=1e-9)


def test_direction_is_in_the_names() -> None:
    for names_ in (("pro", "none", "contra"), ("AGAINST", "FAVOR"), STANCES):
        sides = polarity(names_)
        assert sides is not None
        signs = dict(zip(names_, sides.signs, strict=True))
        assert (signs[sides.critical], signs[sides.supportive]) == (-1, 1)
        assert sum(map(abs, signs.values())) == 2
    for names_ in (
        ("a", "b"),
        ("critical", "against", "for"),
        ("critical", "neutral"),
        ("one", "supportive"),
    ):
        assert polarity(names_) is None


def test_labels_without_direction_have_flips_alone() -> None:
    corpus = toy_world.corpus_of()
    rows = corpus.rows.assign(stance=corpus.rows["stance"].map(dict(zip(STANCES, "xyz", strict=True))))
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    labels = LabelSet(("x", "y", "z"))
    subject = replace(
        toy_world.subject_of(toy_world.biased), corpus=corpus, labels=labels, predictions=None, splits=()
    )
    audits = {"party_swap": bind("audit", "party_swap", {}).make()}
    (finding,) = run_audits(subject, audits, toy_world.biased)
    assert [measure.name for measure in finding.measures] == ["flips"]
    assert finding.value("flips") > 0.1
    assert not {"x", "z"} & set(finding.sentence.split())
