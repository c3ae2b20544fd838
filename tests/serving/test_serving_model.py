from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.utils import environment, requirements_utils
from ruamel.yaml import YAML

import harness
from harness.classifiers.protocol import Example, Labelled, save
from harness.serving import requirements, wheel
from harness.serving.engine import LabelEngine
from harness.serving.folder import write_mlflow
from harness.serving.pyfunc import input_example, signature
from harness.values.catalog import bind
from harness.values.labels import FRAMING, STANCE
from harness.values.parties import Party, Registry
from tests.serving.toy_models import refusal, write_model

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
CODE = {".py", ".pyc", ".so", ".whl", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".skops"}
"""Endings of code, and of formats that can hold code."""

BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}


def test_a_model_folder_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    engine = LabelEngine.read(write_model(tmp_path, parties=PARTIES))
    assert engine.parties.parties == PARTIES.parties
    assert engine.label(pd.DataFrame([BLANK]))["label"].tolist() == ["supportive"]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged")
    write_mlflow(folder / "model", write_model(folder, parties=PARTIES))
    return folder / "model"


def test_the_running_packages_are_not_compared_with_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = environment.warn_dependency_requirement_mismatches
    # What takes the time: MLflow lists the modules of every installed package.
    monkeypatch.setattr(requirements_utils, "_init_packages_to_modules_map", None)
    write_mlflow(tmp_path / "model", write_model(tmp_path, parties=PARTIES))
    assert environment.warn_dependency_requirement_mismatches is check


def test_the_artifact_holds_data_and_no_code(logged: Path) -> None:
    names = {str(path.relative_to(logged)) for path in logged.rglob("*") if path.is_file()}
    assert names == {
        *("MLmodel", "conda.yaml", "constraints.txt", "python_env.yaml", "requirements.txt"),
        *("input_example.json", "serving_input_example.json"),
        *(
            f"data/served/{name}"
            for name in ("contract.json", "manifest.json", "parties.json", "model/verbs.json")
        ),
    }
    assert not (logged / "constraints.txt").read_text().startswith(str(logged.parent))
    assert "code: null" in (logged / "MLmodel").read_text()
    assert (logged / "requirements.txt").read_text().splitlines() == [
        f"stance-harness=={harness.__version__}",
        "mlflow==3.17.2",
        "-c constraints.txt",
    ]
    assert not [path for path in logged.rglob("*") if path.suffix in CODE]


def test_mlflow_finds_the_environment_of_a_model_installed_here(
    logged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The package is installed under the version that the model pins, editable or not: nothing to warn of."""
    import mlflow.pyfunc

    # MLflow's loggers do not propagate, so that a handler of pytest's own would see nothing.
    logger = logging.getLogger("mlflow")
    monkeypatched = (logger.propagate, logger.level)
    logger.propagate, logger.level = True, logging.WARNING
    try:
        mlflow.pyfunc.load_model(str(logged))
    finally:
        logger.propagate, logger.level = monkeypatched
    assert [record.getMessage() for record in caplog.records if "stance-harness" in record.getMessage()] == []
    assert metadata.version("stance-harness") == harness.__version__


def test_a_wheel_is_added_to_a_model_on_request(logged: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(logged, model)
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    assert wheel.write_wheel_overlay(model, overlay)
    files = {str(path.relative_to(overlay)) for path in overlay.rglob("*") if path.is_file()}
    assert files == {"requirements.txt", "conda.yaml", f"wheels/{wheel.wheel_name()}"}
    shutil.copytree(overlay, model, dirs_exist_ok=True)
    assert (model / "requirements.txt").read_text().splitlines() == [
        f"wheels/{wheel.wheel_name()}",
        "mlflow==3.17.2",
        "-c constraints.txt",
    ]
    packages = YAML(typ="safe").load((model / "conda.yaml").read_text())["dependencies"][-1]["pip"]
    assert packages == (model / "requirements.txt").read_text().splitlines()
    again = tmp_path / "again"
    again.mkdir()
    assert not wheel.write_wheel_overlay(model, again)
    assert list(again.iterdir()) == []


def test_a_wheel_of_another_version_is_not_added(
    logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel, "VERSION", "99.0")
    message = refusal(lambda: wheel.write_wheel_overlay(logged, tmp_path))
    assert {harness.__version__, "99.0"} <= {word.strip(":,") for word in message.split()}
    assert list(tmp_path.iterdir()) == []


def test_mlflow_loads_it_where_pickle_is_forbidden(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.pyfunc

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    model = mlflow.pyfunc.load_model(str(logged))
    assert model.predict(input_example("stance"))["label"].isin(STANCE.names).all()
    spans = pd.DataFrame([BLANK | {"target_start": 14, "target_end": 23, "holder": "Varna"}, BLANK])
    assert model.predict(spans)["label"].tolist() == ["supportive"] * 2


@pytest.mark.parametrize(
    ("data", "status", "part"),
    [
        ({"dataframe_records": [BLANK]}, 200, '"label": "supportive"'),
        ({"inputs": [BLANK]}, 200, '"label": "supportive"'),
        ({"dataframe_split": {"columns": ["text", "target"], "data": [[None, "x"]]}}, 400, "row 1: text"),
        ({"dataframe_records": [BLANK | {"text": ""}]}, 400, "row 1: text"),
        ({"dataframe_records": [{"text": "a"}]}, 400, "['target']"),
        ({"dataframe_records": [BLANK | {"target_start": 0, "target_end": 99}]}, 400, "0:99"),
    ],
)
def test_the_scoring_server_answers_bad_input_with_a_message(
    logged: Path, data: dict[str, Any], status: int, part: str
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
    assert (code, part in text) == (status, True), text


def test_the_request_of_the_guide_is_answered(logged: Path) -> None:
    import mlflow.pyfunc
    from mlflow.pyfunc.scoring_server import invocations

    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "predict.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^```bash\n(curl .*?)^```", guide, re.MULTILINE | re.DOTALL)
    words = shlex.split(command)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[1].endswith("/invocations")
    # The address that the line above it serves.
    assert re.search(rf"--port {words[1].rsplit(':')[2].partition('/')[0]}$", guide, re.MULTILINE)
    model = mlflow.pyfunc.load_model(str(logged))
    kind = options["-H"].partition(": ")[2]
    answer = invocations(options["-d"], kind, model, model.metadata.get_input_schema())
    assert answer.status == 200
    rows = json.loads(answer.response)["predictions"]
    assert [row["label"] in STANCE.names for row in rows] == [True, True]


@pytest.mark.parametrize(("task", "columns"), [("stance", 5), ("framing", 1)])
def test_the_signature_names_what_is_required(task: Any, columns: int) -> None:
    labels = STANCE if task == "stance" else FRAMING
    schemas = signature(task, labels)
    assert len(schemas.inputs) == columns
    required = [column.name for column in schemas.inputs.inputs if column.required]
    assert required == list(input_example(task).columns)
    outputs = ["label", *(f"p_{name}" for name in labels.names), "abstain"]
    assert schemas.outputs.input_names() == outputs
    assert signature(task, labels, risk=True).outputs.input_names() == [*outputs, "risk_met"]


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
    assert {"harness/__init__.py", "harness/reports/templates/run.html.j2"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import harness; print(harness.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(first)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{first}/harness/__init__.py"


@pytest.mark.parametrize("kind", ["prior", "lexicon", "linear"])
def test_a_saved_classifier_is_data_without_pickle(kind: str, tmp_path: Path) -> None:
    options = {"min_count": 1} if kind == "linear" else {}
    classifier = bind("classifier", kind, options).make(labels=STANCE, seed=1)
    examples = [Example(f"Varna {verb} Ostrel.", "Ostrel") for verb in ("praised", "met", "blasted") * 4]
    classifier.fit(Labelled(examples, np.array([2, 1, 0] * 4)))
    folder = save(classifier, tmp_path)
    assert folder is not None
    for path in (path for path in folder.rglob("*") if path.is_file()):
        assert path.suffix not in CODE
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        else:
            assert path.suffix == ".txt"
            path.read_text(encoding="utf-8")
