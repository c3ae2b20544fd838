"""A model that refuses some sentences: what is compared with a refusal is left out, and said to be."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.audits import Subject, run_audits
from harness.audits.unanswered import MAX_UNANSWERED
from harness.classifiers.protocol import Examples
from harness.values.errors import PredictionsError
from harness.values.findings import Finding
from harness.values.labels import STANCE
from harness.values.tables import Predictions
from tests.audits import toy_world
from tests.audits.test_runner import all_audits
from tests.audits.toy_world import Model

SHARE = 0.05


def refusing(model: Model, share: float = SHARE) -> Model:
    """A model that gives no answer to a share of sentences, which their texts decide."""

    def answer(examples: Examples) -> NDArray[np.float64]:
        proba = model(examples)
        keys = [f"{example.text}|{example.target}".encode() for example in examples]
        proba[[zlib.crc32(key) / 2**32 < share for key in keys]] = np.nan
        return proba

    return answer


def subject_of(model: Model, *, may_miss: bool = True) -> Subject:
    corpus = toy_world.corpus_of(votes=lambda k, stance: (stance, "neutral" if k % 3 else stance))
    whole = toy_world.subject_of(toy_world.oracle, corpus)
    proba = model(whole.examples)
    rows = Predictions.of(whole.tested, STANCE, proba, may_miss=True, run="model", split="test", seed=1)
    return replace(whole, proba=proba, predicted=STANCE.decide(proba), predictions=rows, may_miss=may_miss)


def findings_of(model: Model) -> dict[str, Finding]:
    subject = subject_of(model)
    return {finding.audit: finding for finding in run_audits(subject, all_audits(), model)}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    return findings_of(refusing(toy_world.oracle))


def test_refusals_are_no_flips_and_no_failures(findings: dict[str, Finding]) -> None:
    whole = {
        finding.audit: finding
        for finding in run_audits(toy_world.subject_of(toy_world.oracle), all_audits(), toy_world.oracle)
    }
    for name in ("party_swap", "behaviour"):
        first = findings[name].measures[0]
        assert first.value == whole[name].measures[0].value == 0
        assert 0 < first.n < whole[name].measures[0].n
        assert findings[name].verdict == whole[name].verdict
    masked = findings["sensitivity"].value("masked_changes")
    assert masked == pytest.approx(whole["sensitivity"].value("masked_changes"), abs=0.1)


def test_each_audit_says_how_many_are_missing(findings: dict[str, Finding]) -> None:
    tested = int((subject_of(refusing(toy_world.oracle)).predicted < 0).sum())
    assert tested
    for name in ("party_swap", "behaviour", "sensitivity"):
        finding = findings[name]
        (measure,) = [each for each in finding.measures if each.name == "unanswered"]
        assert 0 < measure.value < MAX_UNANSWERED
        missing = round(measure.value * measure.n)
        (sentence,) = re.findall(r"No answer[^.]+\.", finding.sentence)
        assert [int(number) for number in re.findall(r"\d+", sentence)][:3:2] == [missing, tested]
    assert findings["annotators"].verdict != "not applicable"
    applicable = [finding for finding in findings.values() if finding.verdict != "not applicable"]
    assert all("No answer" in finding.sentence for finding in applicable)
    assert not any(
        "No answer" in finding.sentence for finding in findings.values() if finding not in applicable
    )


def test_with_many_refusals_nothing_passes() -> None:
    few, many = (findings_of(refusing(toy_world.oracle, share)) for share in (SHARE, 0.3))
    assert few["behaviour"].verdict == "passed"
    assert many["behaviour"].verdict == "undecided"


def test_what_fails_fails_in_spite_of_refusals() -> None:
    assert findings_of(refusing(toy_world.biased, 0.3))["party_swap"].verdict == "failed"


def test_where_nothing_is_answered_nothing_is_judged() -> None:
    def silent(examples: Examples) -> NDArray[np.float64]:
        return np.full((len(examples), 3), np.nan)

    verdicts = {finding.verdict for finding in findings_of(silent).values()}
    assert not verdicts & {"passed"}


def test_a_model_that_may_not_miss_is_at_fault() -> None:
    subject = subject_of(toy_world.oracle, may_miss=False)
    with pytest.raises(PredictionsError):
        run_audits(subject, all_audits(), refusing(toy_world.oracle))
