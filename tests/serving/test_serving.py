from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toys

from harness.classifiers.protocol import Example, Examples
from harness.errors import ModelError
from harness.labels import FRAMING, STANCE, LabelSet
from harness.parties import EMPTY, Party, Registry
from harness.serving import requirements, wheel
from harness.serving.contract import Contract, loader
from harness.serving.engine import WINDOW, Engine, confidence, tempered
from harness.serving.package import write_data, write_mlflow
from harness.serving.pyfunc import input_example, signature
from harness.serving.rows import examples

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


def saved(folder: Path, contract: Contract = CONTRACT) -> Path:
    """Write a model folder with a small model of the tests."""
    model = toys.Verbs(1.0, "", contract.labels, 1)
    model.known_ = {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0]}
    (folder / "own" / "model").mkdir(parents=True)
    model.save(folder / "own" / "model")
    (folder / "served").mkdir()
    write_data(folder / "served", folder / "own", contract, PARTIES)
    return folder / "served"


# The contract


@pytest.mark.parametrize(
    "contract",
    [
        CONTRACT,
        Contract(
            "framing",
            LabelSet(("a", "b"), multi=True),
            "mine.frames:load",
            temperature=1.5,
            thresholds=(0.4, 0.6),
            abstain_below=0.7,
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
        ({"format": 2}, "has format 2; this harness reads 1"),
        ({"task": "weather"}, "is damaged: task 'weather'"),
        ({"temperature": 0}, "is damaged: temperature 0.0"),
        ({"temperature": "warm"}, "is damaged: could not convert string to float: 'warm'"),
        ({"thresholds": [0.5, 0.5, 0.5]}, "is damaged: thresholds [0.5, 0.5, 0.5]"),
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
        Engine.read(tmp_path)
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


# Rows


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(given))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": None}, "row 1: text is missing"),
        ({"text": float("nan")}, "row 1: text is missing"),
        ({"text": ""}, "row 1: text is empty"),
        ({"text": " \n\t"}, "row 1: text is empty"),
        ({"text": 3}, "row 1: text should be text, got 3"),
        ({"target": None}, "row 1: target is missing"),
        ({"target": "  "}, "row 1: target is empty"),
        ({"holder": 5}, "row 1: holder should be text, got 5"),
        ({"target_start": 3}, "row 1: target_start and target_end come together"),
        ({"target_start": 3, "target_end": None}, "row 1: target_start and target_end come together"),
        (
            {"target_start": 0.5, "target_end": 3},
            "row 1: target_start and target_end should be whole numbers, got 0.5 and 3",
        ),
        (
            {"target_start": "0", "target_end": "5"},
            "row 1: target_start and target_end should be whole numbers, got '0' and '5'",
        ),
        (
            {"target_start": 0, "target_end": 25},
            "row 1: the span 0:25 lies outside the text of 24 characters",
        ),
        (
            {"target_start": -1, "target_end": 5},
            "row 1: the span -1:5 lies outside the text of 24 characters",
        ),
        ({"target_start": 5, "target_end": 5}, "row 1: the span 5:5 lies outside the text of 24 characters"),
    ],
)
def test_what_cannot_be_labelled_is_named(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        examples(rows(BLANK | row), "stance", PARTIES)
    assert str(caught.value) == f"the input cannot be labelled: {said}"


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 24), (23, 24), (0.0, 24.0)])
def test_spans_may_touch_the_ends(start: float, end: float) -> None:
    (one,) = examples(rows(BLANK | {"target_start": start, "target_end": end}), "stance", PARTIES)
    assert one.spans == ((start, end),)


def test_all_problems_are_named_up_to_ten() -> None:
    with pytest.raises(ModelError) as caught:
        examples(rows(*[{"text": "", "target": "x"}] * 12), "stance", EMPTY, first=101)
    parts = str(caught.value).split("; ")
    assert parts[0] == "the input cannot be labelled: row 101: text is empty"
    assert parts[9:] == ["row 110: text is empty", "and 2 more"]


def test_missing_and_repeated_columns_are_named() -> None:
    with pytest.raises(ModelError) as caught:
        examples(pd.DataFrame({"txt": ["a"]}), "stance", EMPTY)
    assert str(caught.value) == "the input lacks the columns 'text' and 'target'; it has 'txt'"
    with pytest.raises(ModelError) as caught:
        examples(pd.DataFrame([["a", "b"]], columns=["text", "text"]), "framing", EMPTY)
    assert str(caught.value) == "the input has the column 'text' more than once"


@pytest.mark.parametrize(
    ("target", "spans"),
    [
        ("Coastal Union", ((14, 23),)),  # by an alias, which the text uses
        ("CU", ((14, 23),)),  # an alias stands for its party
        ("cu", ((14, 23),)),
        ("Varna", ((0, 5),)),
        ("varna", ((0, 5),)),
        ("Nobody", ()),
    ],
)
def test_a_target_without_a_span_is_found_by_name(target: str, spans: tuple[tuple[int, int], ...]) -> None:
    (one,) = examples(rows(BLANK | {"target": target}), "stance", PARTIES)
    assert (one.target, one.spans) == (target, spans)


def test_framing_reads_the_text_alone() -> None:
    (one,) = examples(rows(BLANK | {"target": "", "holder": 5}), "framing", PARTIES)
    assert one == Example(BLANK["text"])


def test_gaps_in_a_column_are_no_values() -> None:
    table = pd.DataFrame({"text": ["Varna won."] * 2, "target": ["Varna"] * 2, "target_start": [0, None]})
    table["target_end"] = [5, None]
    table["holder"] = pd.Series(["Varna", None], dtype="string")
    first, second = examples(table, "stance", EMPTY)
    assert (first.holder, second.holder) == ("Varna", None)
    assert first.spans == second.spans == ((0, 5),)


# The engine


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


# The model folder, and MLflow around it


def test_a_model_folder_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    engine = Engine.read(saved(tmp_path))
    assert engine.parties.parties == PARTIES.parties
    assert engine.label(rows(BLANK))["label"].tolist() == ["supportive"]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged")
    write_mlflow(folder / "model", saved(folder))
    return folder / "model"


def test_the_artifact_holds_data_and_no_code(logged: Path) -> None:
    names = {str(path.relative_to(logged)) for path in logged.rglob("*") if path.is_file()}
    assert names == {
        *("MLmodel", "conda.yaml", "constraints.txt", "python_env.yaml", "requirements.txt"),
        *("input_example.json", "serving_input_example.json", f"wheels/{wheel.wheel_name()}"),
        *(f"data/served/{name}" for name in ("contract.json", "parties.json", "model/verbs.json")),
    }
    assert not (logged / "constraints.txt").read_text().startswith(str(logged.parent))
    assert "code: null" in (logged / "MLmodel").read_text()
    assert (logged / "requirements.txt").read_text().splitlines() == [
        f"wheels/{wheel.wheel_name()}",
        "mlflow==3.17.2",
        "-c constraints.txt",
    ]


def test_mlflow_loads_it_where_pickle_is_forbidden(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.pyfunc

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    model = mlflow.pyfunc.load_model(str(logged))
    assert model.predict(input_example("stance"))["label"].isin(STANCE.names).all()
    spans = pd.DataFrame([BLANK | {"target_start": 14, "target_end": 23, "holder": "Varna"}, BLANK])
    assert model.predict(spans)["label"].tolist() == ["supportive"] * 2


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        ({"dataframe_records": [BLANK]}, 200, '"label": "supportive"'),
        ({"inputs": [BLANK]}, 200, '"label": "supportive"'),
        (
            {"dataframe_split": {"columns": ["text", "target"], "data": [[None, "x"]]}},
            400,
            "row 1: text is missing",
        ),
        ({"dataframe_records": [BLANK | {"text": ""}]}, 400, "row 1: text is empty"),
        ({"dataframe_records": [{"text": "a"}]}, 400, "Model is missing inputs ['target']"),
        (
            {"dataframe_records": [BLANK | {"target_start": 0, "target_end": 99}]},
            400,
            "row 1: the span 0:99 lies outside the text of 24 characters",
        ),
    ],
)
def test_the_scoring_server_answers_bad_input_with_a_message(
    logged: Path, data: dict[str, Any], status: int, said: str
) -> None:
    """As ``mlflow models serve`` does, in this process: MLflow's function for a request, its error text."""
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import invocations

    model = mlflow.pyfunc.load_model(str(logged))
    schema = model.metadata.get_input_schema()
    try:
        answer = invocations(json.dumps(data), "application/json", model, schema)
    except MlflowException as error:
        code, text = error.get_http_status_code(), error.serialize_as_json()
        assert "Traceback" not in text
    else:
        code, text = answer.status, answer.response
    assert (code, said in text) == (status, True), text


@pytest.mark.parametrize(("task", "columns"), [("stance", 5), ("framing", 1)])
def test_the_signature_names_what_is_required(task: Any, columns: int) -> None:
    labels = STANCE if task == "stance" else FRAMING
    made = signature(task, labels)
    assert len(made.inputs) == columns
    assert [one.name for one in made.inputs.inputs if one.required] == list(input_example(task).columns)
    assert made.outputs.input_names() == ["label", *(f"p_{name}" for name in labels.names), "abstain"]


def test_constraints_pin_what_is_needed_and_no_local_build() -> None:
    pins = dict(line.split("==") for line in requirements.constraints())
    assert {"mlflow", "numpy", "scikit-learn", "torch", "skops", "sqlalchemy"} <= set(pins)
    assert not {"stance-harness", "pytest", "ruff", "mypy"} & set(pins)
    assert not any("+" in version for version in pins.values())


def test_the_wheel_is_whole_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = wheel.write_wheel(tmp_path / "a"), wheel.write_wheel(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert {"harness/__init__.py", "harness/report/templates/run.html.j2"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import harness; print(harness.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(first)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{first}/harness/__init__.py"
