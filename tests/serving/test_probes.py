"""A model is recognised by its own answers: unchanged it passes, and each way of changing it is seen."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from sentences import numbers

from harness.serving import probes, reproduction
from harness.serving.contract import Contract
from harness.serving.decisions.decider import Decider
from harness.serving.engine import LabelEngine
from harness.serving.probes import FILE, MAX_PROBES, TOLERANCES, Probes, read_probes, write_probes
from harness.serving.reproduction import Reproduction, reproduce, reproduce_in_fresh_process
from harness.values.errors import ModelError
from harness.values.labels import FRAMING
from tests.serving.toy_models import write_model

VERBS = ("praised", "blasted", "met")


def rows(count: int, **more: Any) -> pd.DataFrame:
    texts = [f"Varna {VERBS[n % 3]} the Union, for the {n}th time." for n in range(count)]
    table = pd.DataFrame({"id": range(count), "text": texts, "target": "the Union"})
    return table.assign(
        start=[text.index("the Union") for text in texts], end=pd.NA, holder=None, **more
    ).assign(end=lambda frame: (frame["start"] + len("the Union")).astype("Int64"))


def packed(folder: Path, count: int = 7, **options: Any) -> Path:
    # Not sealed: these tests change files, and see what the probes tell of it.
    model = write_model(folder, sealed=False, **options)
    write_probes(model, rows(count))
    return model


@pytest.mark.parametrize(
    ("count", "written"), [(1, 1), (7, 7), (MAX_PROBES, 50), (MAX_PROBES + 1, 50), (900, 50)]
)
def test_at_most_fifty_rows_are_kept_from_first_to_last(tmp_path: Path, count: int, written: int) -> None:
    read = read_probes(packed(tmp_path, count))
    assert read is not None
    assert len(read.rows) == len(read.labels) == len(read.abstain) == written
    texts = rows(count)["text"].tolist()
    assert (read.rows[0]["text"], read.rows[-1]["text"]) == (texts[0], texts[-1])
    assert len({row["text"] for row in read.rows}) == written


def test_rows_keep_span_and_holder_and_nothing_else(tmp_path: Path) -> None:
    read = read_probes(packed(tmp_path))
    assert read is not None
    assert set(read.rows[0]) == {"text", "target", "target_start", "target_end", "holder"}
    first = read.rows[0]
    assert first["text"][first["target_start"] : first["target_end"]] == "the Union"
    assert first["holder"] is None


def test_an_unchanged_model_reproduces_exactly(tmp_path: Path) -> None:
    answer = reproduce(packed(tmp_path))
    assert (answer.rows, answer.differences, answer.relabelled, answer.problem) == (7, {"fp32": 0.0}, 0, "")
    assert answer.holds
    assert answer.milliseconds > 0


def test_a_multi_label_model_reproduces(tmp_path: Path) -> None:
    votes = {verb: [9.0, *[0.0] * (len(FRAMING) - 1)] for verb in VERBS}
    assert reproduce(packed(tmp_path, labels=FRAMING, task="framing", votes=votes)).holds


def reverse_labels(contract: dict[str, Any]) -> None:
    contract["labels"].reverse()


def calibrate(contract: dict[str, Any]) -> None:
    contract["decisions"] = {
        "calibration": {"kind": "temperature", "temperature": 3.0},
        "thresholds": None,
        "abstention": None,
        "notes": [],
    }


@pytest.mark.parametrize("change", [reverse_labels, calibrate])
def test_a_changed_contract_is_seen(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    model = packed(tmp_path)
    path = model / "contract.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    change(contract)
    path.write_text(json.dumps(contract), encoding="utf-8")
    assert not reproduce(model).holds


def test_lost_decisions_are_seen(tmp_path: Path) -> None:
    """Thresholds of 0.9 for all labels, then none: other labels follow from equal probabilities."""
    votes = {verb: [9.0, 8.0, *[0.0] * (len(FRAMING) - 2)] for verb in VERBS}
    model = write_model(tmp_path, labels=FRAMING, task="framing", votes=votes, sealed=False)
    strict = Decider(FRAMING, thresholds=(0.9,) * len(FRAMING))
    contract = Contract.read(model)
    replace(contract, decider=strict).write(model)
    write_probes(model, rows(6))
    assert reproduce(model).holds
    contract.write(model)
    answer = reproduce(model)
    assert (answer.differences, answer.relabelled) == ({"fp32": 0.0}, 6)
    assert not answer.holds


def test_changed_weights_are_seen(tmp_path: Path) -> None:
    model = packed(tmp_path)
    path = model / "model" / "verbs.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["known"]["praised"][2] -= 0.01
    path.write_text(json.dumps(state), encoding="utf-8")
    answer = reproduce(model)
    assert answer.differences["fp32"] > TOLERANCES["fp32"]
    assert not answer.holds


@pytest.mark.parametrize("engine", sorted(TOLERANCES))
def test_each_engine_has_its_own_tolerance(engine: str) -> None:
    """An engine at its tolerance passes, and beyond it fails, whatever the others do."""
    others = dict.fromkeys(TOLERANCES, 0.0)
    limit = TOLERANCES[engine]
    assert Reproduction(5, others | {engine: limit}).holds
    beyond = Reproduction(5, others | {engine: np.nextafter(limit, 1)})
    assert not beyond.holds
    assert beyond.worst[0] == engine


def test_an_engine_that_this_machine_lacks_is_passed_over(tmp_path: Path) -> None:
    model = packed(tmp_path)
    read = read_probes(model)
    assert read is not None
    recorded = replace(read, proba={**read.proba, "int8": read.proba["fp32"] + 1})
    assert probes.differences(LabelEngine.read(model), recorded) == {"fp32": 0.0}


def test_a_model_with_another_number_of_labels_differs_infinitely(tmp_path: Path) -> None:
    model = packed(tmp_path)
    engine = LabelEngine.read(model)
    two = Probes(
        [{"text": "Varna met.", "target": "Varna"}], {"fp32": np.array([[0.5, 0.5]])}, ["x"], [False]
    )
    assert probes.differences(engine, two) == {"fp32": np.inf}
    assert probes.relabelled(engine, two) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"fp32"', '"fp33"'),
        lambda text: text.replace('"labels"', '"lebals"'),
        lambda text: text.replace('"abstain": [', '"abstain": [false, '),
    ],
)
def test_damaged_probes_are_named(tmp_path: Path, damage: Callable[[str], str]) -> None:
    model = packed(tmp_path)
    path = model / FILE
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ModelError, match=r"probes\.json is damaged"):
        read_probes(model)
    assert "probes.json" in reproduce(model).problem


def test_a_model_without_probes_loads_and_is_timed(tmp_path: Path) -> None:
    answer = reproduce(write_model(tmp_path))
    assert (answer.rows, answer.problem, answer.holds) == (0, "", True)
    assert answer.milliseconds > 0


# In a process of its own


def test_a_fresh_process_gives_the_same_answer(tmp_path: Path) -> None:
    model = packed(tmp_path)
    answer = reproduce_in_fresh_process(model)
    assert (answer.rows, answer.differences, answer.holds) == (7, {"fp32": 0.0}, True)


def test_what_only_this_process_has_does_not_help(tmp_path: Path) -> None:
    """A loader that was put into this process's memory loads here, and nowhere else."""
    import sys
    import types

    import toys

    module = types.ModuleType("only_here")
    vars(module)["load"] = toys.load
    model = packed(tmp_path)
    contract = json.loads((model / "contract.json").read_text(encoding="utf-8"))
    contract["loader"] = "only_here:load"
    (model / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
    sys.modules["only_here"] = module
    try:
        assert reproduce(model).holds
        assert "only_here" in reproduce_in_fresh_process(model).problem
    finally:
        del sys.modules["only_here"]


def test_a_missing_folder_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    answer = reproduce_in_fresh_process(tmp_path / "nothing")
    assert not answer.holds
    assert "contract.json" in answer.problem


def test_a_process_that_dies_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduction.sys, "executable", "/bin/false")
    answer = reproduce_in_fresh_process(packed(tmp_path))
    assert (answer.holds, answer.problem) == (False, "exit code 1")


def test_a_process_that_does_not_end_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(reproduction.subprocess, "run", late)
    answer = reproduce_in_fresh_process(packed(tmp_path))
    assert not answer.holds
    assert numbers(answer.problem) == [reproduction.MAX_SECONDS]
    golden("serving/late-process", answer.problem)
