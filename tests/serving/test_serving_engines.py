"""Which engine computes a served model, and what its card says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import toys

from harness.runs.packaging import engines_section
from harness.serving.contract import Contract
from harness.serving.engine import ENGINE, LabelEngine, choose
from harness.serving.folder import write_data
from harness.values.errors import ClassifierError, ModelError
from harness.values.labels import STANCE
from harness.values.parties import EMPTY


class Fast(toys.Verbs):
    """Has a choice of engines, and none called bf16."""

    used = ""

    def accelerate(self, folder: Path, seen: Any, held: Any) -> dict[str, dict[str, Any]]:
        return {}

    def use(self, engine: str) -> None:
        if engine == "bf16":
            raise ClassifierError("the engine bf16 cannot serve this model: it is a toy")
        self.used = engine


def test_a_classifier_is_told_its_engine() -> None:
    one = Fast(1.0, "", STANCE, 1)
    choose(one, "int8")
    assert one.used == "int8"
    with pytest.raises(ModelError) as error:
        choose(one, "bf16")
    assert str(error.value) == "the engine bf16 cannot serve this model: it is a toy"


@pytest.mark.parametrize("engine", ["auto", "fp32"])
def test_a_classifier_without_a_choice_has_the_exact_one(engine: str) -> None:
    choose(toys.Verbs(1.0, "", STANCE, 1), engine)
    with pytest.raises(ModelError) as error:
        choose(toys.Verbs(1.0, "", STANCE, 1), "int8")
    assert str(error.value) == "this model has no choice of engines, so no 'int8'"


@pytest.mark.parametrize(
    ("asked", "environment", "used"),
    [("", None, "auto"), ("", "", "auto"), ("", "int8", "int8"), ("fp32", "int8", "fp32")],
)
def test_who_asks_comes_before_the_environment(
    asked: str, environment: str | None, used: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Fast(1.0, "", STANCE, 1)
    monkeypatch.setattr("harness.serving.engine.loader", lambda address: lambda folder, labels: one)
    monkeypatch.delenv(ENGINE, raising=False)
    if environment is not None:
        monkeypatch.setenv(ENGINE, environment)
    (tmp_path / "own" / "model").mkdir(parents=True)
    (tmp_path / "served").mkdir()
    write_data(tmp_path / "served", tmp_path / "own", Contract("stance", STANCE, "x:y"), EMPTY)
    LabelEngine.read(tmp_path / "served", asked)
    assert one.used == used


def test_the_card_says_what_passed_and_what_was_refused() -> None:
    passed = {"rows": 400, "different": 1, "widest": 0.01, "lost": 0.1, "again": 0.05}
    found = {"bf16": passed, "int8": {"refused": "the graph holds nothing"}}
    assert engines_section(found).splitlines() == [
        "## Engines",
        "",
        "- `fp32`: exact; the scores above are its.",
        "- `bf16`: of 400 held-out rows 99.75% got the same label, and 0.10 points of macro-F1 were lost."
        " 5.0% of rows are computed once more, in fp32.",
        "- `int8`: refused, because the graph holds nothing.",
    ]
