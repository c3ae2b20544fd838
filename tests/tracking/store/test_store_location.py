from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from golden import Golden

from harness.tracking.store import Store
from harness.tracking.store.location import project
from harness.tracking.store.relocate import COLUMNS, relocate
from harness.values.errors import StoreError

OPENING = """
import sys
from harness.tracking.store import Store
store = Store.open(__import__("pathlib").Path(sys.argv[1]))
print(store.uri, "mlflow" in sys.modules)
"""


def test_the_project_is_the_nearest_store_or_checkout_upwards(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert project(inner) == inner
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "stance-harness"\n')
    assert project(inner) == tmp_path
    (tmp_path / "a" / ".harness").mkdir()
    assert project(inner) == tmp_path / "a"


@pytest.mark.parametrize(
    "text",
    ["", "[project]\nname='mine'\n", "project = 1\n", "not toml", "[tool.x]\nname='stance-harness'\n"],
)
def test_another_project_gets_no_store(tmp_path: Path, text: str) -> None:
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text(text)
    assert project(inner) == inner


def test_an_option_names_the_folder_of_the_store(
    folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(template / ".harness", folder / "runs")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/.harness/mlflow.db")
    monkeypatch.setenv("HARNESS_STORE", "runs")
    store = Store.open()
    assert (store.home, store.database) == (folder / "runs", folder / "runs" / "mlflow.db")
    assert store.artifacts == folder / "runs" / "artifacts"
    # An address, as of MLflow: locks and unfinished work stay with the project.
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{folder}/runs/mlflow.db")
    store = Store.open()
    assert (store.home, store.database) == (folder / ".harness", folder / "runs" / "mlflow.db")
    monkeypatch.setenv("HARNESS_STORE", "ftp://runs.example")
    with pytest.raises(StoreError, match=r"^HARNESS_STORE is 'ftp://runs.example'; use the address"):
        Store.open()


@pytest.mark.parametrize("name", ["a b", "100 %", "#1", "ü&x=1", "100 % #1"])
def test_a_store_lies_in_a_folder_of_any_name(template: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(template / ".harness", tmp_path / name / ".harness")
    store = Store.open(tmp_path / name)
    assert store.database == tmp_path / name / ".harness" / "mlflow.db"
    number = store.experiment("mine")
    run = store.client.create_run(number)
    store.client.log_text(run.info.run_id, "text", "file.txt")
    assert (tmp_path / name / ".harness" / "artifacts").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["what?", "100%41"])
def test_a_folder_that_no_address_can_name_is_refused(tmp_path: Path, name: str, golden: Golden) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path / name)
    golden("tracking/folder-without-an-address", str(caught.value).replace(str(tmp_path / name), "FOLDER"))
    assert [path.name for path in tmp_path.rglob("*")] == [name]


def test_a_store_lies_in_the_project(folder: Path) -> None:
    store = Store.open()
    assert store.uri == f"sqlite:///{folder}/.harness/mlflow.db"
    assert store.database == folder / ".harness" / "mlflow.db"
    assert store.artifacts == folder / ".harness" / "artifacts"


@pytest.mark.parametrize(
    ("uri", "artifacts"),
    [
        ("databricks://profile", None),
        ("postgresql+psycopg2://runs.example/db", ".harness/artifacts"),
        ("sqlite:///elsewhere/own.db", "elsewhere/artifacts"),
    ],
)
def test_the_variable_names_another_store(
    folder: Path, monkeypatch: pytest.MonkeyPatch, template: Path, uri: str, artifacts: str | None
) -> None:
    # There is no such database.
    monkeypatch.setattr("harness.tracking.store.location.connected", lambda *_: None)
    (folder / "elsewhere").mkdir()
    shutil.copy(template / ".harness" / "mlflow.db", folder / "elsewhere" / "own.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.replace("sqlite:///", f"sqlite:///{folder}/"))
    store = Store.open()
    assert store.artifacts == (folder / artifacts if artifacts is not None else None)
    assert store.home == folder / ".harness"


def test_a_folder_of_files_is_no_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    with pytest.raises(StoreError, match=r"MLFLOW_TRACKING_URI .*'\./mlruns'"):
        Store.open()


def test_four_processes_make_one_store(tmp_path: Path) -> None:
    (tmp_path / ".harness").mkdir()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 4, answers
    # One created it; the others waited, and did not need MLflow.
    assert sorted(out.split()[1] for out, _ in answers) == ["False", "False", "False", "True"]
    with sqlite3.connect(tmp_path / ".harness" / "mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        locations = dict(connection.execute("SELECT name, artifact_location FROM experiments"))
    assert locations == {"Default": f"{(tmp_path / '.harness' / 'artifacts').as_uri()}/0"}
    assert not list((tmp_path / ".harness").glob("*.new-*"))


def test_four_threads_make_one_experiment(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: Store.open().experiment("same"), range(4)))
    assert len(set(numbers)) == 1


def test_a_new_store_is_announced_and_an_old_one_is_not(folder: Path) -> None:
    messages: list[str] = []
    Store.open(say=messages.append)
    assert messages == []


def test_a_deleted_experiment_is_named_with_the_way_back(folder: Path) -> None:
    store = Store.open()
    number = store.experiment("gone")
    store.client.delete_experiment(number)
    command = rf"MLFLOW_TRACKING_URI={store.uri} \S*mlflow experiments restore --experiment-id {number}$"
    with pytest.raises(StoreError, match=command):
        store.experiment("gone")


def test_a_moved_store_is_refused_and_corrected(ladder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a folder with ü"
    shutil.copytree(ladder, copy)
    with pytest.raises(StoreError, match="harness relocate$") as caught:
        Store.open(copy)
    assert {f"{copy}/.harness/mlflow.db", f"{ladder}/.harness/artifacts"} <= set(
        re.findall(r"/.*?(?:artifacts|\.db)", str(caught.value))
    )
    store = Store.open(copy, check=False)
    corrected = relocate(store)
    # One experiment (the default one lies with the template); four parents, their six children, and the four
    # candidates of those that are tuned; three models, none of them registered.
    assert corrected.counts == {
        "experiments.artifact_location": 1,
        "runs.artifact_uri": 14,
        "logged_models.artifact_location": 3,
        "model_versions.storage_location": 0,
    }
    assert corrected.backup is not None
    with sqlite3.connect(corrected.backup) as connection:
        assert str(ladder) in str(connection.execute("SELECT artifact_uri FROM runs").fetchone())
    assert Store.open(copy) == store
    assert relocate(store).backup is None
    run = store.client.search_runs(["1"])[0]
    assert Path(store.client.download_artifacts(run.info.run_id, "")).is_relative_to(copy)


def test_every_column_with_addresses_is_corrected(trained: Path) -> None:
    """MLflow may add a column: no other one may hold addresses of files."""
    with sqlite3.connect(trained / ".harness" / "mlflow.db") as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        with_addresses = {
            (table, column)
            for table in tables
            for (_, column, *_) in connection.execute(f"PRAGMA table_info({table})").fetchall()
            if connection.execute(
                f"SELECT COUNT(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE ?", (f"%{trained}%",)
            ).fetchone()[0]
        }
    assert ("runs", "artifact_uri") in with_addresses
    assert with_addresses <= set(COLUMNS)


def test_somebody_elses_experiment_stays_where_it_is(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    store = Store.open()
    store.client.create_experiment("theirs", artifact_location=(other / "theirs").as_uri())
    assert store.moved_roots() == []
    Store.open()


def test_only_a_sqlite_store_can_be_relocated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")
    with pytest.raises(StoreError, match="databricks"):
        relocate(Store.open())


def test_a_server_that_is_not_there_is_named_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(StoreError, match=rf"{uri} \(MLFLOW_TRACKING_URI\)"):
        Store.open()


def test_a_wait_for_another_process_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store.open()
    with ThreadPoolExecutor(1) as pool:
        with store.lock("work", "it works"):
            waiting = pool.submit(lambda: store.lock("work", "it works").__enter__())
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        waiting.result(timeout=10)
    assert capsys.readouterr().err.endswith(": it works\n")


def test_an_unknown_experiment_is_refused_with_a_suggestion(ladder: Path) -> None:
    store = Store.open(ladder)
    assert store.find_experiment("toys") == store.experiment("toys")
    with pytest.raises(StoreError, match="'toys'"):
        store.find_experiment("toy")


def test_threads_that_point_at_stores_leave_the_settings_as_they_were(tmp_path: Path) -> None:
    import mlflow

    stores = [Store(f"sqlite:///{tmp_path}/{number}.db", tmp_path, None) for number in range(4)]
    before = (mlflow.get_tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI"))

    def point(number: int) -> str:
        with stores[number % 4].pointed():
            time.sleep(0.001)
            return str(mlflow.get_tracking_uri())

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(point, range(64)))
    assert seen == [stores[number % 4].uri for number in range(64)]
    assert (mlflow.get_tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")) == before
