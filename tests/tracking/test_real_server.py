"""The whole life of a classifier on the server of ``deploy/compose.yaml``: PostgreSQL, accounts, a proxy."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import toys
from golden import Golden
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.tracking.store import Store
from harness.tracking.store.lease import TRUST_SECONDS
from harness.tracking.store.ownership import HEARTBEAT_SECONDS
from harness.values.errors import StoreError
from tests.tracking.real_server import RealServer, missing, real_server

CONFIG = """\
name: team
task: stance
corpus: {kind: files, path: sentences.csv, name: toys}
split: {kind: predefined, calibration: 0}
audits: [leaks]
# Its sentences differ in a number alone: test repeats train nearly word for word.
promotion: {audits: {leaks: warn}}
classifiers:
  majority: {kind: majority}
  linear: {kind: linear}
"""
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "server.md"
ARTICLE = "Germany blasted France at the quay.\n\nFrance praised Germany on Monday.\n"
READER = ("reader", "a-password-to-read")
MAX_REQUESTS = 65
"""Of a run with two classifiers, without those that carry files; nine of them ask and say who is at work."""

MAX_REQUESTS_A_SECOND = 1 / TRUST_SECONDS + 1 / HEARTBEAT_SECONDS
"""More of a run that takes long: who is at work is said and asked again."""


@pytest.fixture(scope="module")
def server() -> Iterator[RealServer]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with real_server() as running:
        answer = requests.post(
            f"{running.uri}/api/2.0/mlflow/users/create",
            json=dict(zip(("username", "password"), READER, strict=True)),
            auth=running.admin,
            timeout=30,
        )
        answer.raise_for_status()
        yield running


@pytest.fixture
def project(folder: Path) -> Path:
    """A working folder with a corpus and a config, and with an empty SQLite store that nothing may use."""
    return fill(folder)


def fill(folder: Path) -> Path:
    """Write the corpus, the config and an article into a folder."""
    toys.write_corpus(folder)
    (folder / "team.yaml").write_text(CONFIG)
    (folder / "article.txt").write_text(ARTICLE)
    return folder


def log_in(patch: pytest.MonkeyPatch, server: RealServer, account: tuple[str, str]) -> None:
    patch.setenv("HARNESS_STORE", server.uri)
    patch.setenv("MLFLOW_TRACKING_USERNAME", account[0])
    patch.setenv("MLFLOW_TRACKING_PASSWORD", account[1])


def call(*words: str) -> str:
    """Run a verb; return what it prints."""
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def count_requests(patch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the requests from now on: ``files`` and ``others``."""
    counts, lock, send = Counter[str](), threading.Lock(), requests.Session.send

    def counting(
        self: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        with lock:
            counts["files" if "/mlflow-artifacts/" in str(request.url) else "others"] += 1
        return send(self, request, **options)

    patch.setattr(requests.Session, "send", counting)
    return counts


@pytest.fixture(scope="module")
def champion(server: RealServer, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the admin has run, compared and promoted."""
    folder = tmp_path_factory.mktemp("admin")
    shutil.copytree(template / ".harness", folder / ".harness")
    fill(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        log_in(patch, server, server.admin)
        call("run", "team.yaml")
        call("compare", "--experiment", "team")
        call("promote", "--experiment", "team")
    return folder


def test_what_is_run_on_the_server_labels_and_reads(
    server: RealServer, champion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(champion)
    log_in(monkeypatch, server, server.admin)
    call("predict", "--input", "sentences.csv", "--output", "labelled.csv")
    labelled = pd.read_csv("labelled.csv")
    assert len(labelled) == 54
    assert set(labelled["label"]) <= {"critical", "neutral", "supportive"}
    call("read", "article.txt", "--output", "readings.csv")
    assert set(pd.read_csv("readings.csv")["target"]) == {"Germany", "France"}


def test_runs_are_complete_and_their_files_lie_with_the_server(
    server: RealServer, champion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(champion)
    log_in(monkeypatch, server, server.admin)
    store = Store.open()
    runs = store.client.search_runs([store.find_experiment("team")])
    # Two classifiers, each with one trial.
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    # By the proxy: the client knows no folder, and nothing of a run lies in the project.
    assert {run.info.artifact_uri.partition(":")[0] for run in runs} == {"mlflow-artifacts"}
    assert len(list((server.folder / "artifacts").rglob("report.html"))) >= 2
    assert not list((champion / ".harness").rglob("report.html"))
    # What is finished is found again, and nothing is repeated.
    call("run", "team.yaml")
    assert len(store.client.search_runs([store.find_experiment("team")])) == 4


def test_who_may_read_predicts_and_does_not_run(
    server: RealServer, champion: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(champion)
    log_in(monkeypatch, server, READER)
    call("predict", "--input", "sentences.csv", "--output", "by-reader.csv")
    assert len(pd.read_csv("by-reader.csv")) == 54
    refused = []
    for verb in (["run", "team.yaml", "--fresh"], ["promote", "--experiment", "team"]):
        with pytest.raises(StoreError) as caught:
            call(*verb)
        refused.append(str(caught.value).replace(server.uri, "http://SERVER"))
    store = Store.open()
    runs = store.client.search_runs([store.find_experiment("team")])
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    golden("tracking/forbidden", "\n".join(refused))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_accounts_are_made_as_the_page_says(
    server: RealServer, champion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(champion)
    log_in(monkeypatch, server, server.admin)
    number = Store.open().find_experiment("team")
    monkeypatch.setenv("MLFLOW_ADMIN_PASSWORD", server.admin[1])
    commands = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("curl ")]
    for command in commands:
        here = command.replace("http://127.0.0.1:5000", server.uri).replace('"1"', f'"{number}"')
        subprocess.run(f"{here} --silent --fail", shell=True, check=True, stdout=subprocess.DEVNULL)
    log_in(monkeypatch, server, ("ann", "a-long-password"))
    client = Store.open().client
    run_id = client.create_run(number).info.run_id
    client.set_terminated(run_id, "FINISHED")
    champions = client.get_model_version_by_alias("stance", "champion")
    client.set_model_version_tag("stance", champions.version, "by", "ann")
    # To delete takes more than EDIT.
    with pytest.raises(StoreError):
        client.delete_run(run_id)
    log_in(monkeypatch, server, server.admin)
    Store.open().client.delete_run(run_id)


@pytest.mark.parametrize("verb", [["run", "team.yaml"], ["compare"], ["predict", "--input", "sentences.csv"]])
def test_a_wrong_password_is_one_line(
    server: RealServer, project: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden, verb: list[str]
) -> None:
    log_in(monkeypatch, server, ("admin", "wrong"))
    with pytest.raises(StoreError) as wrong:
        call(*verb)
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name)
    with pytest.raises(StoreError) as absent:
        call(*verb)
    golden("tracking/passwords", f"{wrong.value}\n{absent.value}".replace(server.uri, "http://SERVER"))


def test_a_run_asks_the_server_seldom(
    server: RealServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, server, server.admin)
    # The first run of a process asks more.
    call("run", "team.yaml", "--set", "name=first")
    counts = count_requests(monkeypatch)
    began = time.perf_counter()
    call("run", "team.yaml", "--set", "name=second")
    more = MAX_REQUESTS_A_SECOND * (time.perf_counter() - began)
    assert counts["others"] <= MAX_REQUESTS + more, counts


def test_files_go_to_the_server_several_at_once(
    server: RealServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.tracking import sending

    log_in(monkeypatch, server, server.admin)
    store = Store.open()
    run = store.client.create_run(store.experiment("files"))
    (project / "files" / "inner").mkdir(parents=True)
    names = [f"{number}.txt" for number in range(20)] + ["inner/ä b.txt"]
    for name in names:
        (project / "files" / name).write_text(name, encoding="utf-8")
    threads = set[str]()
    together = requests.Session.send

    def noting(
        self: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        threads.add(threading.current_thread().name)
        return together(self, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", noting)
        sending.send_folder(store, run.info.run_id, project / "files")
    assert 2 <= len(threads) <= sending.SIMULTANEOUS + 1
    copies = Path(store.client.download_artifacts(run.info.run_id, "", str(project)))
    written = {path.relative_to(copies).as_posix(): path.read_text("utf-8") for path in copies.rglob("*.txt")}
    assert {name: text for name, text in written.items() if name in names} == {name: name for name in names}
