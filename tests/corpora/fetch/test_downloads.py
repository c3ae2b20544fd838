"""Files fetched from a server of our own, which breaks off, stalls, moves and lies."""

from __future__ import annotations

import errno
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from harness.corpora.fetch.downloads import Patience, download
from harness.values.errors import FetchError
from tests.corpora.fetch.server import Site, serving

DATA = bytes(range(256)) * 40
ELSEWHERE = "try another place with --mirror, or your own copy with --from"
QUICK = Patience(connect=2.0, read=2.0, tries=3, pause=0.0)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({"/data.csv": DATA})) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data.csv"


def complaint(address: str, path: Path, patience: Patience = QUICK, **options: Any) -> str:
    with pytest.raises(FetchError) as caught:
        download(address, path, patience=patience, **options)
    return str(caught.value)


def left(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


def test_a_file_is_fetched_once(site: Site, path: Path) -> None:
    for _ in range(2):
        download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    assert left(path) == ["data.csv"]
    assert site.asked == [("/data.csv", None)]


def test_what_broke_off_is_taken_up_where_it_ended(site: Site, path: Path) -> None:
    site.breaks = [4_000, 3_000]
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    assert [asked for _, asked in site.asked] == [None, "bytes=4000-", "bytes=7000-"]


def test_what_broke_off_again_and_again_is_kept_for_the_next_run(site: Site, path: Path) -> None:
    site.breaks = [4_000, 0, 0, 0]
    address = f"{site.address}/data.csv"
    assert complaint(address, path) == f"{address}: broke off; 4,000 bytes are kept: run it again to go on"
    assert left(path) == ["data.csv.partial", "data.csv.partial.version"]
    site.breaks = []
    download(address, path, patience=QUICK)
    assert path.read_bytes() == DATA
    assert site.asked[-1] == ("/data.csv", "bytes=4000-")
    assert left(path) == ["data.csv"]


def test_an_attempt_that_brings_something_counts_as_none_that_failed(site: Site, path: Path) -> None:
    site.breaks = [1_000] * 9
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    assert len(site.asked) == 10


def test_a_server_without_ranges_sends_it_all_again(site: Site, path: Path) -> None:
    site.ranges, site.breaks = False, [4_000]
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    assert [asked for _, asked in site.asked] == [None, "bytes=4000-"]


def test_without_a_mark_of_the_version_nothing_is_taken_up_unless_a_checksum_will_tell(
    site: Site, path: Path
) -> None:
    site.version, site.breaks = None, [4_000]
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert [asked for _, asked in site.asked] == [None, None]
    path.unlink()
    site.breaks = [4_000]
    download(f"{site.address}/data.csv", path, checked=True, patience=QUICK)
    assert path.read_bytes() == DATA
    assert site.asked[-1] == ("/data.csv", "bytes=4000-")


def test_another_version_on_the_server_is_fetched_from_the_start(site: Site, path: Path) -> None:
    site.breaks = [4_000, 0, 0, 0]
    address = f"{site.address}/data.csv"
    complaint(address, path)
    site.files, site.version, site.breaks = {"/data.csv": DATA[::-1]}, '"two"', []
    download(address, path, patience=QUICK)
    assert path.read_bytes() == DATA[::-1]
    # A shorter one has no such range at all.
    path.unlink()
    site.breaks = [4_000, 0, 0, 0]
    complaint(address, path)
    site.files, site.version, site.breaks = {"/data.csv": DATA[:100]}, '"three"', []
    download(address, path, patience=QUICK)
    assert path.read_bytes() == DATA[:100]


def test_a_file_of_unknown_length(site: Site, path: Path) -> None:
    site.length = False
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA


def test_an_empty_file(site: Site, path: Path) -> None:
    site.files = {"/data.csv": b""}
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "Not Found"), (403, "Forbidden"), (410, "Gone"), (429, "Too Many Requests")]
)
def test_a_server_that_does_not_give_the_file(site: Site, path: Path, status: int, reason: str) -> None:
    site.statuses = [status]
    address = f"{site.address}/data.csv"
    assert complaint(address, path) == f"{address}: answers {status} {reason}; {ELSEWHERE}"
    assert len(site.asked) == 1
    assert left(path) == []


def test_a_server_in_trouble_is_asked_again(site: Site, path: Path) -> None:
    site.statuses = [503, 500]
    download(f"{site.address}/data.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    site.statuses = [503, 503, 503]
    path.unlink()
    address = f"{site.address}/data.csv"
    assert complaint(address, path) == f"{address}: answers 503 Service Unavailable; {ELSEWHERE}"


def test_a_redirect_is_followed_and_a_circle_is_not(site: Site, path: Path) -> None:
    site.moved = {"/old.csv": "/data.csv", "/a": "/b", "/b": "/a"}
    download(f"{site.address}/old.csv", path, patience=QUICK)
    assert path.read_bytes() == DATA
    path.unlink()
    assert complaint(f"{site.address}/a", path, Patience(tries=1, pause=0.0)) == (
        f"{site.address}/a: cannot be reached: Exceeded 30 redirects; {ELSEWHERE}"
    )


def test_an_encrypted_address_does_not_lead_to_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    import requests

    class Answer(SimpleNamespace):
        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(
        requests, "get", lambda *_, **__: Answer(url="http://x/data.csv", status_code=200, ok=True)
    )
    assert complaint("https://x/data.csv", path) == (
        f"https://x/data.csv: leads to http://x/data.csv, which is not encrypted; {ELSEWHERE}"
    )


def test_a_slow_server_is_waited_for_and_one_that_stalls_is_not(site: Site, path: Path) -> None:
    site.drips = 0.15
    address = f"{site.address}/data.csv"
    download(address, path, patience=Patience(read=0.4, tries=1, pause=0.0))
    assert path.read_bytes() == DATA
    path.unlink()
    site.drips, site.stalls = 0.0, 1.0
    said = complaint(address, path, Patience(read=0.2, tries=1, pause=0.0))
    assert said.startswith(f"{address}: nothing came for 0.2 s; ")
    assert said.endswith(("are kept: run it again to go on", ELSEWHERE))
    site.stalls = 0.0
    download(address, path, patience=QUICK)
    assert path.read_bytes() == DATA


def test_nobody_answers(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/data.csv"
        assert complaint(address, path) == f"{address}: cannot be reached: Connection refused; {ELSEWHERE}"


@pytest.mark.parametrize("address", ["ftp://x/data.csv", "data.csv", "http://"])
def test_no_address(address: str, path: Path) -> None:
    assert complaint(address, path).startswith(f"{address}: is no address of HTTP: ")


def test_a_disk_that_is_too_small_is_seen_before(
    site: Site, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_239))
    said = complaint(f"{site.address}/data.csv", path)
    assert said == f"{path.parent}: the disk is full: 10,240 bytes are needed, 10,239 are free"
    assert left(path) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_240))
    download(f"{site.address}/data.csv", path, patience=QUICK)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "{folder}: the disk is full; what had arrived is deleted"),
        (errno.EROFS, "{folder}/data.csv.partial: cannot be written: Read-only file system"),
    ],
)
def test_a_disk_that_fills_up_meanwhile(
    site: Site, path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    real = Path.open

    def opened(self: Path, mode: str = "r", *rest: Any, **more: Any) -> IO[Any]:
        file = real(self, mode, *rest, **more)
        if mode != "wb":
            return file
        file.write(b"begun")

        class Full:
            def __enter__(self) -> Full:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, _: bytes) -> int:
                import os

                raise OSError(number, os.strerror(number))

        return Full()  # type: ignore[return-value]

    monkeypatch.setattr(Path, "open", opened)
    assert complaint(f"{site.address}/data.csv", path) == said.format(folder=path.parent)
    if number == errno.ENOSPC:
        assert left(path) == []
