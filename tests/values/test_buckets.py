"""Objects in a store that speaks S3, and what is wrong with addresses, in one line each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3_store
from golden import Golden
from s3_store import BUCKET, Store

from harness.values import buckets
from harness.values.bucket_addresses import BucketAddress, is_remote
from harness.values.buckets import Bucket
from harness.values.errors import BucketError


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with s3_store.serving() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in s3_store.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server.empty()
    return server


def bucket(address: str) -> Bucket:
    return Bucket(BucketAddress.parse(address))


def test_an_address_is_taken_apart() -> None:
    address = BucketAddress.parse("s3://rows/2030/a.csv?region=eu-central-1")
    assert (address.bucket, address.key, address.options) == (
        "rows", "2030/a.csv", (("region", "eu-central-1"),),
    )  # fmt: skip
    assert (str(address), address.name) == ("s3://rows/2030/a.csv", "a.csv")
    assert str(address.beside("b.csv")) == "s3://rows/2030/b.csv"
    assert str(BucketAddress.parse("gs://rows/").beside("b.csv")) == "gs://rows/b.csv"
    folder = BucketAddress.parse("s3://rows/2030/?region=eu-central-1")
    assert [folder.holds(each) for each in (folder, address, address.beside("../2031"))] == [True, True, True]
    assert not folder.holds(BucketAddress.parse("s3://rows/2030b?region=eu-central-1"))
    assert [is_remote(name) for name in ("s3://a/b", "gs://a", "a/s3://b", "-")] == [True, True, False, False]


def refused(address: str) -> str:
    with pytest.raises(BucketError) as caught:
        BucketAddress.parse(address)
    return str(caught.value)


def test_addresses_that_are_none_are_refused(golden: Golden) -> None:
    addresses = (
        *("s3:///rows.csv", "s3://key:secret@rows/a.csv", "s3://rows/a.csv?regoin=x", "gs://rows/a?region=x"),
    )
    golden("values/bucket_addresses", "\n".join(map(refused, addresses)) + "\n")


def test_files_come_and_go_as_they_are(store: Store, tmp_path: Path) -> None:
    content = os.urandom(6 * 2**20)
    (tmp_path / "a.bin").write_bytes(content)
    bucket(store.address("deep/er/a.bin")).upload(tmp_path / "a.bin")
    assert store.get("deep/er/a.bin") == content
    store.put("deep/b.txt", b"b")
    store.put("deeper/c.txt", b"c")
    below = bucket(store.address("deep/"))
    assert [item.name for item in below.objects(lambda name: True)] == ["b.txt", "er/a.bin"]
    assert [item.name for item in below.objects(lambda name: name.suffix == ".txt")] == ["b.txt"]
    (single,) = bucket(store.address("deep/er/a.bin")).objects(lambda name: False)
    assert (single.name, single.size) == ("a.bin", len(content))
    assert [item.path for item in below.existing(["b.txt", "none", "er"])] == [f"{BUCKET}/deep/b.txt"]
    below.fetch(single, tmp_path / "in" / "a.bin")
    assert (tmp_path / "in" / "a.bin").read_bytes() == content
    below.fetch_ranges(single, tmp_path / "in" / "b.bin", [(0, 4), (5_000_000, 5_000_009)])
    ranges = bytearray(len(content))
    ranges[:4], ranges[5_000_000:5_000_009] = content[:4], content[5_000_000:5_000_009]
    assert (tmp_path / "in" / "b.bin").read_bytes() == ranges


def test_the_endpoint_may_come_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("a.txt", b"a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{store.endpoint}")
    assert [item.name for item in bucket(f"s3://{BUCKET}").objects(lambda name: True)] == ["a.txt"]


def refusal(address: str, *, write: Path | None = None) -> str:
    """Return what is said of an address; it is one line, and comes in time."""
    began = time.monotonic()
    with pytest.raises(BucketError) as caught:
        bucket(address).upload(write) if write is not None else bucket(address).objects(lambda name: True)
    assert time.monotonic() - began < 30
    (line,) = str(caught.value).splitlines()
    return line


def test_what_fails_is_told_in_one_line(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.setattr(buckets, "PATIENCE", 1.0)
    (tmp_path / "a.txt").write_text("a")
    store.put("a.txt", b"a")
    lines = [
        refusal(store.address("none/")),
        refusal(store.address("a.csv", bucket="elsewhere")),
        refusal(store.address("a.csv", bucket="elsewhere"), write=tmp_path / "a.txt"),
    ]
    with pytest.raises(BucketError) as caught:
        bucket(store.address("a.csv", bucket="elsewhere")).check()
    lines.append(str(caught.value))
    store.ask_for_keys(True)
    try:
        lines += [refusal(store.address("a.txt")), refusal(store.address("a.txt"), write=tmp_path / "a.txt")]
    finally:
        store.ask_for_keys(False)
    # A port that nobody listens on, and one whose listener never answers.
    for listens in (False, True):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            if listens:
                listener.listen()
            port = listener.getsockname()[1]
            line = refusal(f"s3://rows/a?endpoint_override=127.0.0.1:{port}&scheme=http")
        lines.append(line.replace(str(port), "PORT"))
    golden("values/bucket_refusals", "\n".join(lines) + "\n")


def test_google_without_credentials_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Nothing is asked of the network: the credentials that are named are none.
    (tmp_path / "none.json").write_text("{}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    line = refusal("gs://rows/a.csv")
    assert line.startswith("gs://rows/a.csv: ")
    assert "GOOGLE_APPLICATION_CREDENTIALS" in line


def test_an_upload_that_is_interrupted_leaves_no_object(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "a.bin").open("wb") as file:
        file.truncate(2**30)
    there = bucket(store.address("a.bin"))

    def interrupt() -> None:
        while not store.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads"):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        there.upload(tmp_path / "a.bin")
    assert store.objects() == set()
    assert multiprocessing.active_children() == []
