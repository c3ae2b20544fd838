from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.classifiers.protocol import Example, Examples
from harness.serving.contract import Contract
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.calibrators import Temperature
from harness.serving.decisions.decider import Decider
from harness.serving.engine import WINDOW, LabelEngine
from harness.values.errors import ModelError
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.parties import EMPTY, Party, Registry

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
CONTRACT = Contract("stance", STANCE, "toys:load")
BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}


class Said:
    """Says what it is told to, and notes what it was asked."""

    deterministic = True

    def __init__(self, *rows: list[float]) -> None:
        self.rows, self.asked = rows, list[list[Example]]()

    def fit(self, train: Any, validation: Any = None) -> None:
        raise AssertionError("a served classifier is not trained")

    def predict_proba(self, examples: Examples) -> Any:
        self.asked.append(list(examples))
        return np.array([self.rows[number % len(self.rows)] for number, _ in enumerate(examples)])


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(given))


def test_labels_follow_the_probabilities() -> None:
    engine = LabelEngine(CONTRACT, Said([0.2, 0.1, 0.7], [0.5, 0.3, 0.2]), PARTIES)
    out = engine.label(rows(BLANK, {"text": "Varna fell.", "target": "Varna"}))
    assert out.to_dict("records") == [
        {"label": "supportive", "p_critical": 0.2, "p_neutral": 0.1, "p_supportive": 0.7, "abstain": False},
        {"label": "critical", "p_critical": 0.5, "p_neutral": 0.3, "p_supportive": 0.2, "abstain": False},
    ]
    assert list(out.columns) == engine.columns


def test_several_labels_are_joined_and_none_is_empty() -> None:
    decider = Decider(FRAMING, thresholds=(0.5, 0.5, 0.5, 0.9, 0.5))
    contract = Contract("framing", FRAMING, "x:y", decider)
    engine = LabelEngine(contract, Said([0.6, 0.1, 0.5, 0.8, 0.4], [0.1, 0.1, 0.1, 0.1, 0.1]), EMPTY)
    out = engine.label(pd.DataFrame({"text": ["a", "b"]}))
    assert out["label"].tolist() == ["conflict|economic_consequences", ""]


def test_equal_rows_are_asked_once_and_order_and_index_stay() -> None:
    said = Said([0.2, 0.1, 0.7], [0.5, 0.3, 0.2])
    table = rows(BLANK, {"text": "b", "target": "c"}, BLANK).set_index(pd.Index([7, 3, 9]))
    out = LabelEngine(CONTRACT, said, PARTIES).label(table)
    assert [len(asked) for asked in said.asked] == [2]
    assert out["label"].to_dict() == {7: "supportive", 3: "critical", 9: "supportive"}


@pytest.mark.parametrize(("n", "asked"), [(WINDOW, [WINDOW]), (WINDOW + 1, [WINDOW, 1])])
def test_windows_bound_what_is_held(n: int, asked: list[int]) -> None:
    said = Said([0.2, 0.1, 0.7])
    texts = pd.DataFrame({"text": [f"text {i}" for i in range(n)], "target": "Varna"})
    assert len(LabelEngine(CONTRACT, said, EMPTY).label(texts)) == n
    assert [len(one) for one in said.asked] == asked


def test_no_rows_give_no_rows() -> None:
    out = LabelEngine(CONTRACT, Said([1.0, 0.0, 0.0]), EMPTY).label(pd.DataFrame({"text": [], "target": []}))
    assert (len(out), list(out.columns)) == (0, LabelEngine(CONTRACT, Said(), EMPTY).columns)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ([float("nan"), 0.5, 0.5], "row 0 of the probabilities is not finite: [nan, 0.5, 0.5]"),
        ([0.5, 0.5, 0.5], "row 0 of the probabilities does not sum to 1: [0.5, 0.5, 0.5]"),
        ([0.5, 0.5], "probabilities have shape (1, 2); expected (1, 3)"),
    ],
)
def test_a_damaged_model_is_not_believed(row: list[float], what: str) -> None:
    with pytest.raises(ModelError) as caught:
        LabelEngine(CONTRACT, Said(row), EMPTY).label(rows(BLANK))
    assert str(caught.value) == f"the model is damaged: {what}"


@pytest.mark.parametrize(("below", "abstains"), [(None, False), (0.7, False), (0.71, True)])
def test_it_abstains_below_the_bound_alone(below: float | None, abstains: bool) -> None:
    rule = None if below is None else AbstentionRule(below, 0.1, "conformal", 0.9, n=80, groups=20, largest=9)
    contract = Contract("stance", STANCE, "x:y", Decider(STANCE, rule=rule))
    out = LabelEngine(contract, Said([0.2, 0.1, 0.7]), EMPTY).label(rows(BLANK))
    assert out["abstain"].tolist() == [abstains]


def test_what_is_calibrated_is_what_is_stated_and_decided_by() -> None:
    """Temperature 2 takes the root of the odds: 0.8 becomes 2/3, which a threshold of 0.7 does not give."""
    pair = LabelSet(("a", "b"), multi=True)
    contract = Contract("framing", pair, "x:y", Decider(pair, Temperature((2.0, 1.0)), (0.7, 0.7)))
    out = LabelEngine(contract, Said([0.8, 0.8]), EMPTY).label(pd.DataFrame({"text": ["a"]}))
    assert out["label"].tolist() == ["b"]
    assert out[["p_a", "p_b"]].to_numpy() == pytest.approx(np.array([[2 / 3, 0.8]]), abs=1e-9)
