"""Files fetched from a test server, which breaks off, stalls, redirects and lies."""

from __future__ import annotations

import errno
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from harness.corpora.fetch.downloads import MISSING_STATUSES, AbsentError, RetryPolicy, download
from harness.values.errors import FetchError
from tests.corpora.fetch.server import Site, serving
from tests.corpora.messages import Messages

DATA = bytes(range(256)) * 40
QUICK = RetryPolicy(connect=2.0, read=2.0, tries=3, pause=0.0)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({"/data.csv": DATA})) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data.csv"


def error_of(address: str, path: Path, retries: RetryPolicy = QUICK, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        download(address, path, retries=retries, **options)
    return caught.value


def beside(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_a_file_is_fetched_once(site: Site, path: Path) -> None:
    for _ in range(2):
        download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    assert beside(path) == ["data.csv"]
    assert site.requests == [("/data.csv", None)]


def test_a_broken_download_is_resumed_where_it_ended(site: Site, path: Path) -> None:
    site.breaks = [4_000, 3_000]
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    assert [range_ for _, range_ in site.requests] == [None, "bytes=4000-", "bytes=7000-"]


def test_a_partial_file_is_kept_for_the_next_run(site: Site, path: Path, messages: Messages) -> None:
    site.breaks = [4_000, 0, 0, 0]
    address = f"{site.address}/data.csv"
    messages(error_of(address, path))
    assert beside(path) == ["data.csv.partial", "data.csv.partial.version"]
    site.breaks = []
    download(address, path, retries=QUICK)
    assert path.read_bytes() == DATA
    assert site.requests[-1] == ("/data.csv", "bytes=4000-")
    assert beside(path) == ["data.csv"]


def test_an_attempt_that_brings_something_is_no_failure(site: Site, path: Path) -> None:
    site.breaks = [1_000] * 9
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    assert len(site.requests) == 10


def test_a_server_without_ranges_sends_it_all_again(site: Site, path: Path) -> None:
    site.ranges, site.breaks = False, [4_000]
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    assert [range_ for _, range_ in site.requests] == [None, "bytes=4000-"]


def test_without_a_version_nothing_is_resumed_unless_a_checksum_will_tell(site: Site, path: Path) -> None:
    site.version, site.breaks = None, [4_000]
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert [range_ for _, range_ in site.requests] == [None, None]
    path.unlink()
    site.breaks = [4_000]
    download(f"{site.address}/data.csv", path, checked=True, retries=QUICK)
    assert path.read_bytes() == DATA
    assert site.requests[-1] == ("/data.csv", "bytes=4000-")


def test_another_version_on_the_server_is_fetched_from_the_start(site: Site, path: Path) -> None:
    site.breaks = [4_000, 0, 0, 0]
    address = f"{site.address}/data.csv"
    error_of(address, path)
    site.files, site.version, site.breaks = {"/data.csv": DATA[::-1]}, '"two"', []
    download(address, path, retries=QUICK)
    assert path.read_bytes() == DATA[::-1]
    # A shorter one has no such range at all.
    path.unlink()
    site.breaks = [4_000, 0, 0, 0]
    error_of(address, path)
    site.files, site.version, site.breaks = {"/data.csv": DATA[:100]}, '"three"', []
    download(address, path, retries=QUICK)
    assert path.read_bytes() == DATA[:100]


def test_a_file_of_unknown_length(site: Site, path: Path) -> None:
    site.length = False
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA


def test_an_empty_file(site: Site, path: Path) -> None:
    site.files = {"/data.csv": b""}
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "Not Found"), (403, "Forbidden"), (410, "Gone"), (429, "Too Many Requests")]
)
def test_a_server_that_refuses_the_file(
    site: Site, path: Path, status: int, reason: str, messages: Messages
) -> None:
    site.statuses = [status]
    address = f"{site.address}/data.csv"
    error = error_of(address, path)
    assert str(error).startswith(f"{address}: ")
    assert f" {status} {reason};" in str(error)
    assert isinstance(error, AbsentError) == (status in MISSING_STATUSES)
    assert len(site.requests) == 1
    assert beside(path) == []
    messages(error)


def test_a_server_in_trouble_is_tried_again(site: Site, path: Path, messages: Messages) -> None:
    site.statuses = [503, 500]
    download(f"{site.address}/data.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    site.statuses = [503, 503, 503]
    path.unlink()
    messages(error_of(f"{site.address}/data.csv", path))


def test_a_redirect_is_followed_and_a_circle_is_not(site: Site, path: Path, messages: Messages) -> None:
    site.moved = {"/old.csv": "/data.csv", "/a": "/b", "/b": "/a"}
    download(f"{site.address}/old.csv", path, retries=QUICK)
    assert path.read_bytes() == DATA
    path.unlink()
    messages(error_of(f"{site.address}/a", path, RetryPolicy(tries=1, pause=0.0)))


def test_an_encrypted_address_does_not_lead_to_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch, path: Path, messages: Messages
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
    messages(error_of("https://x/data.csv", path))


def test_a_slow_server_is_waited_for_and_one_that_stalls_is_not(
    site: Site, path: Path, messages: Messages
) -> None:
    site.drips = 0.15
    address = f"{site.address}/data.csv"
    download(address, path, retries=RetryPolicy(read=0.4, tries=1, pause=0.0))
    assert path.read_bytes() == DATA
    path.unlink()
    site.drips, site.stalls = 0.0, 1.0
    error = error_of(address, path, RetryPolicy(read=0.2, tries=1, pause=0.0))
    what, _, progress = str(error).partition("; ")
    assert re.search(rf"^{re.escape(address)}: .*\b0\.2 s$", what)
    # How much arrived before is a matter of time.
    messages(f"{what}; {re.sub('[0-9,]+', 'N', progress)}")
    site.stalls = 0.0
    download(address, path, retries=QUICK)
    assert path.read_bytes() == DATA


def test_nobody_answers(path: Path, messages: Messages) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        messages(error_of(f"http://127.0.0.1:{bound.getsockname()[1]}/data.csv", path))


@pytest.mark.parametrize("address", ["ftp://x/data.csv", "data.csv", "http://"])
def test_no_address(address: str, path: Path, messages: Messages) -> None:
    messages(error_of(address, path))


def test_a_disk_that_is_too_small_is_seen_before(
    site: Site, path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_239))
    messages(error_of(f"{site.address}/data.csv", path))
    assert beside(path) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_240))
    download(f"{site.address}/data.csv", path, retries=QUICK)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
def test_a_disk_that_fails_meanwhile(
    site: Site, path: Path, monkeypatch: pytest.MonkeyPatch, number: int, messages: Messages
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
    messages(error_of(f"{site.address}/data.csv", path))
    if number == errno.ENOSPC:
        assert beside(path) == []
