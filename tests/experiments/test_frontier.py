"""Scores and rates of models: which are beaten by none that is as fast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from experiments.frontier import measure
from harness.classifiers.protocol import Examples, examples_of
from harness.values.labels import STANCE
from tests.serving.toy_models import write_model

ROWS = pd.DataFrame(
    {
        "text": ["Varna praised the League.", "Varna blamed the League.", "Varna met the League."] * 4,
        "target": ["League"] * 12,
        "start": [18, 17, 14] * 4,
        "end": [24, 23, 20] * 4,
        "group": [str(row // 3) for row in range(12)],
        "stance": ["supportive", "critical", "neutral"] * 4,
    }
)
BY_TEXT = dict(zip(ROWS["text"], ROWS["stance"], strict=True))


def right(examples: Examples) -> NDArray[np.float64]:
    return np.stack([np.eye(3)[STANCE.names.index(BY_TEXT[row.text])] for row in examples])


def neutral(examples: Examples) -> NDArray[np.float64]:
    return np.tile(np.eye(3)[STANCE.names.index("neutral")], (len(examples), 1))


def fixed(rates: dict[str, float]) -> Callable[..., Any]:
    return lambda ways, examples, turns: {name: [(rates[name], rates[name])] * turns for name in ways}


@pytest.mark.parametrize(
    ("rates", "beaten"),
    [({"right": 9.0, "neutral": 3.0}, {"neutral"}), ({"right": 3.0, "neutral": 9.0}, set())],
)
def test_a_model_is_on_the_frontier_where_no_faster_one_is_as_good(
    monkeypatch: pytest.MonkeyPatch, rates: dict[str, float], beaten: set[str]
) -> None:
    monkeypatch.setattr(measure, "by_turns", fixed(rates))
    table = measure.measured({"neutral": neutral, "right": right}, ROWS)
    assert table["rows_per_second"].is_monotonic_decreasing
    assert dict(zip(table["model"], table["f1_macro"], strict=True)) == {"right": 1.0, "neutral": 0.1667}
    assert set(table["model"][~table["on_frontier"]]) == beaten
    assert measure.drawn(table).startswith(b"\x89PNG")


def test_a_served_model_labels_examples(tmp_path: Path) -> None:
    proba = measure.labelling(str(write_model(tmp_path / "model")))(examples_of(ROWS))
    assert proba.shape == (12, 3)
    assert np.allclose(proba.sum(axis=1), 1)
