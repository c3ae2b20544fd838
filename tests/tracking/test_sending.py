"""Values and files of a run: how many requests they take, and what happens when one of them fails."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.tracking import names, sending
from harness.tracking.store import Store

SERVER = Store("http://runs.example", Path("home"), None)
LOCAL = Store("sqlite:////x/mlflow.db", Path("home"), Path("artifacts"))


class Recorder:
    """Takes batches as MLflow does, and refuses those that MLflow refuses."""

    def __init__(self) -> None:
        self.batches: list[dict[str, int]] = []

    def log_batch(self, run_id: str, **values: Any) -> None:
        sizes = {kind: len(items) for kind, items in values.items()}
        assert all(sizes.values())
        assert sum(sizes.values()) <= 1000
        assert max(sizes.get("params", 0), sizes.get("tags", 0)) <= 100
        self.batches.append(sizes)


@pytest.mark.parametrize(
    ("options", "metrics", "tags", "batches"),
    [
        (0, 0, 0, []),
        (1, 0, 0, [{"params": 1}]),
        (100, 800, 100, [{"params": 100, "metrics": 800, "tags": 100}]),
        (
            101,
            801,
            101,
            [{"params": 100, "metrics": 800, "tags": 100}, {"params": 1, "metrics": 1, "tags": 1}],
        ),
        (3, 2000, 0, [{"params": 3, "metrics": 800}, {"metrics": 800}, {"metrics": 400}]),
    ],
)
def test_values_go_together(options: int, metrics: int, tags: int, batches: list[dict[str, int]]) -> None:
    client: Any = Recorder()
    sending.send_values(
        client,
        "run",
        options={f"o{number}": number for number in range(options)},
        metrics=names.metrics({f"m{number}": float(number) for number in range(metrics)}),
        tags={f"t{number}": "x" for number in range(tags)},
    )
    assert client.batches == batches


def test_values_arrive_in_a_store(folder: Path) -> None:
    store = Store.open()
    run_id = store.client.create_run(store.experiment("values")).info.run_id
    sending.send_values(
        store.client, run_id, options={"C": 0.5}, metrics=names.metrics({"test/f1": 0.25}), tags={"t": "ü"}
    )
    data = store.client.get_run(run_id).data
    assert (data.params, data.metrics, data.tags["t"]) == ({"C": "0.5"}, {"test/f1": 0.25}, "ü")


def test_a_folder_arrives_in_a_store_with_its_folders(folder: Path) -> None:
    store = Store.open()
    run_id = store.client.create_run(store.experiment("files")).info.run_id
    (folder / "files" / "a" / "b").mkdir(parents=True)
    for name in ("1.txt", "a/2.txt", "a/b/3.txt"):
        (folder / "files" / name).write_text(name, encoding="utf-8")
    sending.send_folder(store, run_id, folder / "files")
    copies = Path(store.client.download_artifacts(run_id, ""))
    texts = {path.relative_to(copies).as_posix(): path.read_text() for path in copies.rglob("*.txt")}
    assert texts == {name: name for name in ("1.txt", "a/2.txt", "a/b/3.txt")}


def test_a_server_gets_eight_at_once_and_a_local_store_one() -> None:
    for store, simultaneous in ((LOCAL, 1), (SERVER, sending.SIMULTANEOUS)):
        lock, now, most, seen = threading.Lock(), [0], [0], []

        def send(
            item: int,
            lock: threading.Lock = lock,
            now: list[int] = now,
            most: list[int] = most,
            seen: list[int] = seen,
        ) -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.02)
            with lock:
                now[0] -= 1
                seen.append(item)

        sending.for_each(store, send, range(40))
        assert sorted(seen) == list(range(40))
        assert most[0] <= simultaneous
        assert (most[0] > 1) == (store is SERVER)


@pytest.mark.parametrize("store", [LOCAL, SERVER], ids=["local", "server"])
def test_after_a_failure_nothing_more_is_begun(store: Store) -> None:
    begun = []

    def send(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise OSError("no space left")
        time.sleep(0.01)

    with pytest.raises(OSError, match="no space left"):
        sending.for_each(store, send, range(1000))
    assert len(begun) < 100
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count
