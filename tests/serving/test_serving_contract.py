from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.serving.contract import Contract, loader
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.calibrators import Temperature
from harness.serving.decisions.decider import Decider
from harness.serving.engine import LabelEngine
from harness.values.errors import ModelError
from harness.values.labels import STANCE, LabelSet

CONTRACT = Contract("stance", STANCE, "toys:load")


def decisions(**changed: Any) -> dict[str, Any]:
    """What a contract says of decisions, with something wrong in it."""
    return Decider(STANCE).plain() | changed


@pytest.mark.parametrize(
    "contract",
    [
        CONTRACT,
        Contract(
            "framing",
            LabelSet(("a", "b"), multi=True),
            "mine.frames:load",
            Decider(
                LabelSet(("a", "b"), multi=True),
                Temperature((1.5, 0.7)),
                (0.4, 0.6),
                AbstentionRule(0.7, 0.1, "conformal", 0.9, n=80, groups=20, largest=9),
                ("Few rows.",),
            ),
            classifier={"kind": "linear", "C": 1.0},
            trained_on={"corpus": "x", "seed": 3},
            versions={"numpy": "2"},
        ),
    ],
)
def test_a_contract_is_read_as_it_was_written(tmp_path: Path, contract: Contract) -> None:
    contract.write(tmp_path)
    assert Contract.read(tmp_path) == contract


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 1}, "has format 1; this harness reads 2"),
        ({"task": "weather"}, "is damaged: task 'weather'"),
        ({"decisions": decisions(calibration={"kind": "magic"})}, "is damaged: calibration 'magic'"),
        (
            {"decisions": decisions(calibration={"kind": "temperature", "temperatures": [0]})},
            "is damaged: temperature 0.0",
        ),
        (
            {"decisions": decisions(calibration={"kind": "temperature", "temperatures": ["warm"]})},
            "is damaged: could not convert string to float: 'warm'",
        ),
        ({"decisions": decisions(thresholds=[0.5, 0.5, 0.5])}, "is damaged: thresholds (0.5, 0.5, 0.5)"),
        ({"decisions": decisions(abstention={"below": 0.5})}, "is damaged: 'risk'"),
        ({"labels": ["a", "a"]}, "is damaged: labels repeat: a"),
        ({"loader": None}, None),
    ],
)
def test_a_damaged_contract_is_refused(tmp_path: Path, change: dict[str, Any], said: str | None) -> None:
    CONTRACT.write(tmp_path)
    path = tmp_path / "contract.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    if said is None:
        with pytest.raises(ModelError, match="the model's loader 'None'"):
            loader(Contract.read(tmp_path).loader)
        return
    with pytest.raises(ModelError) as caught:
        Contract.read(tmp_path)
    assert str(caught.value).startswith(f"{path} {said}")


def test_a_folder_without_contract_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        LabelEngine.read(tmp_path)
    assert str(caught.value) == f"{tmp_path} holds no contract.json: it is no model of the harness"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("os:system", "the model's loader 'os:system' is no loader"),
        ("shutil:rmtree", "the model's loader 'shutil:rmtree' is no loader"),
        ("numpy:array", "the model's loader 'numpy:array' is no function(folder, labels)"),
        ("toys:write_corpus", "the model's loader 'toys:write_corpus' is no function(folder, labels)"),
        (
            "not_there:load",
            "the model's loader 'not_there:load' cannot be imported: No module named 'not_there';"
            " install the package it comes from",
        ),
    ],
)
def test_only_what_was_written_to_load_models_is_called(address: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        loader(address)
    assert str(caught.value) == said
