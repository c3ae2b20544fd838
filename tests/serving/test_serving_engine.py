from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.classifiers.protocol import Example, Examples
from harness.errors import ModelError
from harness.labels import FRAMING, STANCE, LabelSet
from harness.parties import EMPTY, Party, Registry
from harness.serving.contract import Contract
from harness.serving.engine import WINDOW, Engine, confidence, tempered

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
CONTRACT = Contract("stance", STANCE, "toys:load")
BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}


class Said:
    """Says what it is told to, and notes what it was asked."""

    deterministic = True

    def __init__(self, *rows: list[float]) -> None:
        self.rows, self.asked = rows, list[list[Example]]()

    def fit(self, train: Any, select: Any = None) -> None:
        raise AssertionError("a served classifier is not trained")

    def predict_proba(self, examples: Examples) -> Any:
        self.asked.append(list(examples))
        return np.array([self.rows[number % len(self.rows)] for number, _ in enumerate(examples)])


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(given))


def test_labels_follow_the_probabilities() -> None:
    engine = Engine(CONTRACT, Said([0.2, 0.1, 0.7], [0.5, 0.3, 0.2]), PARTIES)
    out = engine.label(rows(BLANK, {"text": "Varna fell.", "target": "Varna"}))
    assert out.to_dict("records") == [
        {"label": "supportive", "p_critical": 0.2, "p_neutral": 0.1, "p_supportive": 0.7, "abstain": False},
        {"label": "critical", "p_critical": 0.5, "p_neutral": 0.3, "p_supportive": 0.2, "abstain": False},
    ]
    assert list(out.columns) == engine.columns


def test_several_labels_are_joined_and_none_is_empty() -> None:
    contract = Contract("framing", FRAMING, "x:y", thresholds=(0.5, 0.5, 0.5, 0.9, 0.5))
    engine = Engine(contract, Said([0.6, 0.1, 0.5, 0.8, 0.4], [0.1, 0.1, 0.1, 0.1, 0.1]), EMPTY)
    out = engine.label(pd.DataFrame({"text": ["a", "b"]}))
    assert out["label"].tolist() == ["conflict|economic_consequences", ""]


def test_equal_rows_are_asked_once_and_order_and_index_stay() -> None:
    said = Said([0.2, 0.1, 0.7], [0.5, 0.3, 0.2])
    table = rows(BLANK, {"text": "b", "target": "c"}, BLANK).set_index(pd.Index([7, 3, 9]))
    out = Engine(CONTRACT, said, PARTIES).label(table)
    assert [len(asked) for asked in said.asked] == [2]
    assert out["label"].to_dict() == {7: "supportive", 3: "critical", 9: "supportive"}


@pytest.mark.parametrize(("n", "asked"), [(WINDOW, [WINDOW]), (WINDOW + 1, [WINDOW, 1])])
def test_windows_bound_what_is_held(n: int, asked: list[int]) -> None:
    said = Said([0.2, 0.1, 0.7])
    texts = pd.DataFrame({"text": [f"text {i}" for i in range(n)], "target": "Varna"})
    assert len(Engine(CONTRACT, said, EMPTY).label(texts)) == n
    assert [len(one) for one in said.asked] == asked


def test_no_rows_give_no_rows() -> None:
    out = Engine(CONTRACT, Said([1.0, 0.0, 0.0]), EMPTY).label(pd.DataFrame({"text": [], "target": []}))
    assert (len(out), list(out.columns)) == (0, Engine(CONTRACT, Said(), EMPTY).columns)


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
        Engine(CONTRACT, Said(row), EMPTY).label(rows(BLANK))
    assert str(caught.value) == f"the model is damaged: {what}"


@pytest.mark.parametrize(("below", "abstains"), [(None, False), (0.7, False), (0.71, True)])
def test_it_abstains_below_the_bound_alone(below: float | None, abstains: bool) -> None:
    contract = Contract("stance", STANCE, "x:y", abstain_below=below)
    out = Engine(contract, Said([0.2, 0.1, 0.7]), EMPTY).label(rows(BLANK))
    assert out["abstain"].tolist() == [abstains]


def test_the_least_sure_decision_counts_for_several_labels() -> None:
    """Said yes at 0.9, no at 0.2: sure 0.9 and 0.8. With a threshold of 0.95 the first is a no, sure 0.1."""
    pair = LabelSet(("a", "b"), multi=True)
    proba = np.array([[0.9, 0.2]])
    assert confidence(proba, pair) == pytest.approx([0.8], abs=1e-12)
    assert confidence(proba, pair, (0.95, 0.5)) == pytest.approx([0.1], abs=1e-12)


def test_temperature_one_changes_no_bit_and_two_takes_the_root() -> None:
    proba = np.array([[0.1, 0.2, 0.7]])
    assert tempered(proba, 1.0, multi=False) is proba
    root = np.sqrt(proba)
    assert tempered(proba, 2.0, multi=False) == pytest.approx(root / root.sum(), abs=1e-9)
    # One label alone: odds 4 : 1 become 2 : 1.
    assert tempered(np.array([[0.8]]), 2.0, multi=True) == pytest.approx(np.array([[2 / 3]]), abs=1e-9)


def test_temperature_keeps_zero_and_one_finite() -> None:
    for multi in (False, True):
        out = tempered(np.array([[0.0, 1.0]]), 0.5, multi=multi)
        assert np.isfinite(out).all()
        assert out.argmax() == 1
