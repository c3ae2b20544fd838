from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden

from harness.classifiers.protocol import Example, Examples
from harness.serving.contract import Contract
from harness.serving.decisions.abstention_rule import SERVES_NOTHING, AbstentionRule
from harness.serving.decisions.calibrators import Temperature
from harness.serving.decisions.decider import Decider
from harness.serving.engine import WINDOW, LabelEngine
from harness.serving.trust import ModelCard
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.parties import EMPTY, Party, Registry
from tests.serving.toy_models import listing, refusal

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
CONTRACT = Contract("stance", STANCE, "toys:load")
BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}


class FixedProbabilities:
    """Answers with the given probabilities in turn, and records the examples of every call."""

    deterministic = True

    def __init__(self, *rows: list[float]) -> None:
        self.rows, self.calls = rows, list[list[Example]]()

    def fit(self, train: Any, validation: Any = None) -> None:
        raise AssertionError("a served classifier is not trained")

    def predict_proba(self, examples: Examples) -> Any:
        self.calls.append(list(examples))
        return np.array([self.rows[number % len(self.rows)] for number, _ in enumerate(examples)])


def rows(*records: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(records))


def test_labels_follow_the_probabilities() -> None:
    engine = LabelEngine(CONTRACT, FixedProbabilities([0.2, 0.1, 0.7], [0.5, 0.3, 0.2]), PARTIES)
    out = engine.label(rows(BLANK, {"text": "Varna fell.", "target": "Varna"}))
    assert out.to_dict("records") == [
        {"label": "supportive", "p_critical": 0.2, "p_neutral": 0.1, "p_supportive": 0.7, "abstain": False},
        {"label": "critical", "p_critical": 0.5, "p_neutral": 0.3, "p_supportive": 0.2, "abstain": False},
    ]
    assert list(out.columns) == engine.columns


def test_several_labels_are_joined_and_none_is_empty() -> None:
    decider = Decider(FRAMING, thresholds=(0.5, 0.5, 0.5, 0.9, 0.5))
    contract = Contract("framing", FRAMING, "x:y", decider)
    engine = LabelEngine(
        contract, FixedProbabilities([0.6, 0.1, 0.5, 0.8, 0.4], [0.1, 0.1, 0.1, 0.1, 0.1]), EMPTY
    )
    out = engine.label(pd.DataFrame({"text": ["a", "b"]}))
    assert out["label"].tolist() == ["conflict|economic_consequences", ""]


def test_equal_rows_are_computed_once_and_order_and_index_stay() -> None:
    classifier = FixedProbabilities([0.2, 0.1, 0.7], [0.5, 0.3, 0.2])
    table = rows(BLANK, {"text": "b", "target": "c"}, BLANK).set_index(pd.Index([7, 3, 9]))
    out = LabelEngine(CONTRACT, classifier, PARTIES).label(table)
    assert [len(examples) for examples in classifier.calls] == [2]
    assert out["label"].to_dict() == {7: "supportive", 3: "critical", 9: "supportive"}


@pytest.mark.parametrize(("n", "sizes"), [(WINDOW, [WINDOW]), (WINDOW + 1, [WINDOW, 1])])
def test_windows_limit_how_many_rows_are_computed_at_once(n: int, sizes: list[int]) -> None:
    classifier = FixedProbabilities([0.2, 0.1, 0.7])
    texts = pd.DataFrame({"text": [f"text {i}" for i in range(n)], "target": "Varna"})
    assert len(LabelEngine(CONTRACT, classifier, EMPTY).label(texts)) == n
    assert [len(examples) for examples in classifier.calls] == sizes


def test_no_rows_give_no_rows() -> None:
    out = LabelEngine(CONTRACT, FixedProbabilities([1.0, 0.0, 0.0]), EMPTY).label(
        pd.DataFrame({"text": [], "target": []})
    )
    assert (len(out), list(out.columns)) == (0, LabelEngine(CONTRACT, FixedProbabilities(), EMPTY).columns)


def test_what_is_not_probabilities_is_refused(golden: Golden) -> None:
    answers = {
        "not a number": [float("nan"), 0.5, 0.5],
        "a sum of 1.5": [0.5, 0.5, 0.5],
        "two columns for three labels": [0.5, 0.5],
    }
    messages = {
        case: refusal(
            lambda row=row: LabelEngine(CONTRACT, FixedProbabilities(row), EMPTY).label(rows(BLANK))  # type: ignore[misc]
        )
        for case, row in answers.items()
    }
    golden("serving/damaged-models", listing(messages))


@pytest.mark.parametrize(("below", "abstains"), [(None, False), (0.7, False), (0.71, True)])
def test_it_abstains_below_the_bound_alone(below: float | None, abstains: bool) -> None:
    rule = None if below is None else AbstentionRule(below, 0.1, "conformal", 0.9, n=80, groups=20, largest=9)
    contract = Contract("stance", STANCE, "x:y", Decider(STANCE, rule=rule))
    out = LabelEngine(contract, FixedProbabilities([0.2, 0.1, 0.7]), EMPTY).label(rows(BLANK))
    assert out["abstain"].tolist() == [abstains]
    # Whether the risk is met is said where one was wanted.
    assert out.get("risk_met", pd.Series(dtype=bool)).tolist() == ([] if below is None else [True])


@pytest.mark.parametrize(("on_unmet", "abstains"), [("serve", False), ("abstain", True), ("refuse", True)])
def test_the_output_says_that_the_risk_is_not_met(on_unmet: str, abstains: bool) -> None:
    rule = AbstentionRule(SERVES_NOTHING, 0.1, "conformal", 0.9, 80, 20, 9, on_unmet=on_unmet)
    contract = Contract("stance", STANCE, "x:y", Decider(STANCE, rule=rule))
    engine = LabelEngine(contract, FixedProbabilities([0.2, 0.1, 0.7]), EMPTY)
    out = engine.label(rows(BLANK))
    assert list(out.columns) == engine.columns
    assert (out["abstain"].tolist(), out["risk_met"].tolist()) == ([abstains], [False])
    card = ModelCard.of_contract(contract)
    assert card.unmet_risk == 0.1
    assert card.abstains_below == (None if on_unmet == "serve" else SERVES_NOTHING)


def test_labels_and_probabilities_come_from_the_calibrated_ones() -> None:
    """Temperature 2 takes the root of the odds: 0.8 becomes 2/3, which a threshold of 0.7 does not give."""
    pair = LabelSet(("a", "b"), multi=True)
    contract = Contract("framing", pair, "x:y", Decider(pair, Temperature((2.0, 1.0)), (0.7, 0.7)))
    out = LabelEngine(contract, FixedProbabilities([0.8, 0.8]), EMPTY).label(pd.DataFrame({"text": ["a"]}))
    assert out["label"].tolist() == ["b"]
    assert out[["p_a", "p_b"]].to_numpy() == pytest.approx(np.array([[2 / 3, 0.8]]), abs=1e-9)
