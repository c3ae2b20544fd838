"""Trials and parts of a file on two nodes of a Ray cluster: the same results, nothing lost, no silence."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import ray_cluster
import s3_store
import toys
import worker_toys
from ray_cluster import HEAD, SECOND, TwoNodes
from typer.testing import CliRunner

import harness
from harness.articles.pipeline import read as read_articles
from harness.articles.reading_options import ReadingOptions
from harness.cli import main as cli
from harness.runs.executors.cluster import connection
from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.labelling import label_on_cluster
from harness.runs.executors.cluster.reading import ReadOnCluster
from harness.runs.executors.labelling import Labelling
from harness.runs.experiment import FailedClassifiersError
from harness.serving.inference import load_folder
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.values import errors
from tests.golden import Golden
from tests.serving.toy_models import write_model

WAITS, GONE = "for 1 CPU, 1.5 GiB of memory: ", "does not answer any more"
VERBS = ("praised", "blasted", "met")

pytestmark = [
    # Minutes on two cores, and waits that another test's load makes longer.
    pytest.mark.torture,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not installed: stance-harness[ray]"
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has 127.0.0.2 and /proc"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with ray_cluster.two_nodes() as nodes, pytest.MonkeyPatch.context() as patch:
        for name, value in nodes.environment.items():
            patch.setenv(name, value)
        yield nodes


def on(cluster: TwoNodes, **more: object) -> dict[str, object]:
    """Return settings that run trials on a cluster."""
    return {"run": {"executor": "ray", "ray_address": cluster.address, **more}}


def experiment(folder: Path, behaviours: list[str]) -> Path:
    """Write an experiment with a classifier for each behaviour, named a, b, …, and one that is well."""
    (folder / "marks").mkdir()
    lines = [
        f"  {name}: {{kind: 'worker_toys:marked', folder: {folder / 'marks' / str(n)}, behaves: {each}}}"
        for n, (name, each) in enumerate(zip("abcd", behaviours, strict=True))
    ]
    for n in range(len(behaviours)):
        (folder / "marks" / str(n)).mkdir()
    lines += ["  verbs: {kind: 'toys:verbs'}", "  linear: {kind: linear}"]
    return toys.prepared(folder, "\n".join(lines), seeds="[1, 2]").plan.source


def attempts(folder: Path, number: int = 0) -> list[int]:
    """Return the processes that began to train a classifier, one for each attempt."""
    return [int(path.name.split("-")[1]) for path in (folder / "marks" / str(number)).iterdir()]


def test_trials_end_as_in_this_process_whatever_befalls_them(folder: Path, cluster: TwoNodes) -> None:
    config = experiment(folder, ["warns", "killed once", "config error", "package"])
    with (
        pytest.warns(errors.HarnessWarning, match=worker_toys.WARNING),
        pytest.raises(FailedClassifiersError) as there,
    ):
        harness.run(config, set=on(cluster), trust=True)
    assert [len(attempts(folder, n)) for n in range(2)] == [2, 4]
    with pytest.warns(errors.HarnessWarning), pytest.raises(FailedClassifiersError) as here:
        # Here nothing is killed: the marks say that it has been, once.
        harness.run(config, track=False, trust=True)
    alone, beside = here.value.run, there.value.run
    pd.testing.assert_frame_equal(alone.predictions, beside.predictions, check_exact=True, check_dtype=False)
    pd.testing.assert_frame_equal(alone.scores, beside.scores, check_exact=True, check_dtype=False)
    assert {name: (type(error), str(error), vars(error)) for name, error in alone.failed.items()} == {
        name: (type(error), str(error), vars(error)) for name, error in beside.failed.items()
    }
    rows = [{"text": "Coastal Union praised Varna at the quay.", "target": "Varna"}]
    first, second = (each["linear"].load().predict(rows) for each in (alone, beside))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.parametrize("storage", [False, True])
def test_candidates_of_a_search_are_those_of_this_process(
    folder: Path, cluster: TwoNodes, storage: bool
) -> None:
    (folder / "marks").mkdir()
    (folder / "shared").mkdir()
    tune = "search: tpe, trials: 14, batch: 4, space: {strength: {low: 0.01, high: 12.0}}"
    options = f"folder: {folder / 'marks'}, behaves: warns, tune: {{{tune}}}"
    classifiers = f"  searched: {{kind: 'search_toys:marked', {options}}}\n  verbs: {{kind: 'toys:verbs'}}"
    config = toys.prepared(folder, classifiers, seeds="[1]").plan.source
    more = {"storage": str(folder / "shared")} if storage else {}
    finished = []
    for settings in ({}, on(cluster, **more)):
        with pytest.warns(errors.HarnessWarning, match="as strong as"):
            finished.append(harness.run(config, set=settings | {"audits": []}, track=False, trust=True))
    alone, beside = (each["searched"].result for each in finished)
    assert alone.predictions.proba().tobytes() == beside.predictions.proba().tobytes()
    records = [str(each.trials[0].search.candidates) for each in (alone, beside)]
    # All but the seconds that each took.
    first, second = (re.sub(r"seconds=[^,]*", "", each) for each in records)
    assert first == second
    processes = {path.name.split()[1] for path in (folder / "marks").iterdir()}
    # On both nodes, and here.
    assert len(processes) >= 3
    assert not list((folder / "shared").iterdir())


@pytest.fixture
def nodes(cluster: TwoNodes) -> TwoNodes:
    """Return the cluster with both nodes, whatever an earlier test did to them, and without marks."""
    for host in (HEAD, SECOND):
        if host not in cluster.nodes:
            cluster.start(host)
    for mark in cluster.marks.iterdir():
        mark.unlink()
    return cluster


def parts_of(folder: Path, ending: str, rows: int) -> Labelling:
    """Write a slow model that is killed at its third chunk, and rows for it; return what is to be done."""
    model = folder / "model" / "served"
    if not model.exists():
        write_model(folder / "model", loader="ray_toys:load_slow")
    table = pd.DataFrame(
        {"text": [f"Varna {VERBS[n % 3]} them, {n}." for n in range(rows)], "target": "Varna"}
    )
    source, output = folder / f"in{ending}", folder / f"out{ending}"
    table.to_parquet(source) if ending == ".parquet" else table.to_csv(source, index=False)
    return Labelling((model,), "auto", source, output, FileOptions())


def whole(labelling: Labelling, monkeypatch: pytest.MonkeyPatch, marks: Path) -> bytes:
    """Return what one process writes."""
    monkeypatch.setenv(worker_toys.MARKS, str(marks))
    output = labelling.output.with_name(f"whole{labelling.output.suffix}")
    predict_file(load_folder(labelling.models[0]), labelling.source, output, options=labelling.options)
    return output.read_bytes()


def test_a_labelled_file_is_that_of_one_process_though_a_worker_and_a_node_are_killed(
    tmp_path: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelling = parts_of(tmp_path, ".parquet", 20_000)

    def kill() -> None:
        while len(list(nodes.marks.iterdir())) < 5:
            time.sleep(0.05)
        nodes.kill(SECOND)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert label_on_cluster(labelling, Address.parse(nodes.address)) == 20_000
    killer.join(1)
    assert not killer.is_alive()
    assert labelling.output.read_bytes() == whole(labelling, monkeypatch, tmp_path)
    assert {path.name for path in tmp_path.glob("*out*")} == {"out.parquet"}


def test_articles_are_read_as_by_one_process_though_a_worker_and_a_node_are_killed(
    tmp_path: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(Path("model"), loader="ray_toys:load_slow")
    Path("parties.yaml").write_text("- {name: Varna, kind: country}\n")
    Path("in").mkdir()
    for n in range(640):
        text = " ".join(f"Varna {VERBS[n % 3]} them in round {n}, day {day}." for day in range(9))
        Path(f"in/{n:03}.txt").write_text(text if n != 7 else " ")
    paths, names = (Path("in"),), ("rows.csv", "pages")

    def options(folder: str) -> ReadingOptions:
        outputs = tuple(Path(folder) / name for name in names)
        return ReadingOptions(
            outputs, parties=Path("parties.yaml"), stance="model/served", frames=None, keep_rows=False
        )

    def kill() -> None:
        while len(list(nodes.marks.iterdir())) < 5:
            time.sleep(0.05)
        nodes.kill(SECOND)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    there = read_articles(paths, options("there"), ReadOnCluster(Address.parse(nodes.address)))
    killer.join(1)
    assert not killer.is_alive()
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv(worker_toys.MARKS, str(marks))
    here = read_articles(paths, options("here"))
    assert (there.n_articles, len(there.unreadable)) == (639, 1)
    assert (there.tallies, there.unreadable, there.notes) == (here.tallies, here.unreadable, here.notes)
    files = {path.relative_to("here") for path in Path("here").rglob("*") if path.is_file()}
    assert {path.relative_to("there") for path in Path("there").rglob("*") if path.is_file()} == files
    assert all((Path("there") / name).read_bytes() == (Path("here") / name).read_bytes() for name in files)


def test_rows_of_a_bucket_are_labelled_through_a_folder_that_nodes_share(
    tmp_path: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelling = parts_of(tmp_path, ".parquet", 5_000)
    with s3_store.serving() as store:
        for name, value in s3_store.CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        store.empty()
        store.put("in.parquet", labelling.source.read_bytes())
        call = ["predict", "--model", str(labelling.models[0]), "--executor", "ray", "--ray-address"]
        call += [nodes.address, "-i", store.address("in.parquet"), "-o", store.address("out.parquet")]
        outcome = CliRunner().invoke(cli.app, [*call, "--scratch", str(tmp_path / "shared")])
        assert outcome.exit_code == 0, outcome.output
        assert store.get("out.parquet") == whole(labelling, monkeypatch, tmp_path)
    assert not list((tmp_path / "shared").iterdir())


def test_a_trial_goes_on_where_its_node_died(
    folder: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.1)
    storage = folder / "shared"
    storage.mkdir()
    classifiers = (
        f"  stuck: {{kind: 'ray_toys:stuck', marks: {nodes.marks}}}\n  verbs: {{kind: 'toys:verbs'}}"
    )
    config = toys.prepared(folder, classifiers, seeds="[1, 2, 3]").plan.source

    def kill() -> None:
        while not list(nodes.marks.glob("stuck-*")):
            time.sleep(0.05)
        nodes.kill(SECOND)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    finished = harness.run(config, set=on(nodes, storage=str(storage)), trust=True)
    (was_stuck,) = nodes.marks.glob("stuck-*")
    assert [path.name for path in nodes.marks.glob("resumed-*")] == [
        was_stuck.name.replace("stuck", "resumed")
    ]
    assert set(finished.classifiers) == {"stuck", "verbs"}
    same = [
        finished[name].predictions.drop(columns="run").reset_index(drop=True) for name in ("stuck", "verbs")
    ]
    pd.testing.assert_frame_equal(*same, check_exact=True)
    # Nothing stays on the storage, and what a trial waited for was said.
    assert not list(storage.iterdir())
    assert WAITS in capsys.readouterr().err


def test_the_trials_end_with_the_driver(folder: Path, nodes: TwoNodes) -> None:
    classifiers = f"  stuck: {{kind: 'ray_toys:stuck', marks: {nodes.marks}, everywhere: true}}"
    ends = {signal.SIGINT: "[1]", signal.SIGKILL: "[2]"}
    drivers = {}
    for end, seeds in ends.items():
        place = folder / end.name
        place.mkdir()
        config = toys.prepared(place, classifiers, seeds=seeds).plan.source
        drivers[end] = driver_of(config, nodes)
    wait_until(lambda: len(list(nodes.marks.glob("stuck-*"))) == len(drivers))
    before = nodes.processes()
    assert sum("ray::task" in command(process) for process in before) == len(drivers)
    for end, driver in drivers.items():
        driver.send_signal(end)
        driver.communicate(timeout=60)
    wait_until(lambda: not any("ray::task" in command(process) for process in before))


def driver_of(config: Path, nodes: TwoNodes) -> subprocess.Popen[bytes]:
    """Run an experiment in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = ["run", str(config), "--executor", "ray", "--ray-address", nodes.address]
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments], env=environment, stderr=subprocess.PIPE
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def refused(nodes: TwoNodes, config: Path, **more: object) -> str:
    with pytest.raises(errors.ClusterError) as caught:
        harness.run(config, set=on(nodes, **more), track=False, trust=True)
    (line,) = str(caught.value).splitlines()
    return line.replace(nodes.address, "ADDRESS")


def test_what_is_missing_is_told_in_a_line_at_once(
    folder: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    config = toys.prepared(folder).plan.source
    lines = [refused(nodes, config, threads=2), refused(nodes, config, gpus=1)]
    lines.append(refused(nodes, config, storage="/nowhere/at/all"))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of-another-cluster-0123456789abcdef")
    began = time.monotonic()
    lines.append(refused(nodes, config))
    assert time.monotonic() - began < 30
    golden(
        "runs/ray_refusals", "\n".join(re.sub(r"[\d.]+ GiB\b(?! of)", "N GiB", line) for line in lines) + "\n"
    )


def test_a_cluster_that_is_gone_is_told_in_one_line(
    folder: Path, nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the test takes less: it has to be more than a look at the nodes takes.
    monkeypatch.setattr(connection, "SILENT_SECONDS", 8.0)
    classifiers = f"  stuck: {{kind: 'ray_toys:stuck', marks: {nodes.marks}, everywhere: true}}"
    config = toys.prepared(folder, classifiers).plan.source
    killed = []

    def kill() -> None:
        wait_until(lambda: len(list(nodes.marks.glob("stuck-*"))) == 2)
        nodes.kill(HEAD)
        killed.append(time.monotonic())

    threading.Thread(target=kill, daemon=True).start()
    assert GONE in refused(nodes, config)
    assert time.monotonic() - killed[0] < 30
    nodes.kill(SECOND)
