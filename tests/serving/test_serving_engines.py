"""Which engine computes a served model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import toys

from harness.serving.engine import ENGINE, LabelEngine, choose
from harness.values.errors import ClassifierError, ModelError
from harness.values.labels import STANCE
from tests.serving.toy_models import write_model

REASON = "the engine bf16 cannot serve this model: it is a toy"


class Fast(toys.Verbs):
    """Has a choice of engines, and none called bf16."""

    used = ""

    def accelerate(self, folder: Path, seen: Any, held: Any) -> dict[str, dict[str, Any]]:
        return {}

    def use(self, engine: str) -> None:
        if engine == "bf16":
            raise ClassifierError(REASON)
        self.used = engine


def test_a_classifier_computes_by_the_engine_that_was_chosen() -> None:
    classifier = Fast(1.0, "", STANCE, 1)
    choose(classifier, "int8")
    assert classifier.used == "int8"
    with pytest.raises(ModelError, match=REASON):
        choose(classifier, "bf16")


@pytest.mark.parametrize("engine", ["auto", "fp32"])
def test_a_classifier_without_a_choice_has_the_exact_one(engine: str) -> None:
    choose(toys.Verbs(1.0, "", STANCE, 1), engine)
    with pytest.raises(ModelError, match="'int8'"):
        choose(toys.Verbs(1.0, "", STANCE, 1), "int8")


@pytest.mark.parametrize(
    ("argument", "environment", "used"),
    [("", None, "auto"), ("", "", "auto"), ("", "int8", "int8"), ("fp32", "int8", "fp32")],
)
def test_the_argument_comes_before_the_environment(
    argument: str, environment: str | None, used: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Fast(1.0, "", STANCE, 1)
    monkeypatch.setattr("harness.serving.engine.loader", lambda address: lambda folder, labels: classifier)
    monkeypatch.delenv(ENGINE, raising=False)
    if environment is not None:
        monkeypatch.setenv(ENGINE, environment)
    LabelEngine.read(write_model(tmp_path), argument)
    assert classifier.used == used
