"""Corpora put into the cache from a test server, or from a folder; and found there."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.corpora import describe
from harness.corpora.card import load_card
from harness.corpora.fetch import checksums, fetching
from harness.corpora.fetch.downloads import RetryPolicy
from harness.corpora.fetch.publishers import SOURCES, CorpusSource
from harness.values import catalog
from harness.values.errors import ConfigError, CorpusError, FetchError
from tests.corpora.fetch.server import Site, serving
from tests.corpora.messages import Messages
from tests.corpora.small import SMALL

QUICK = RetryPolicy(connect=2.0, read=2.0, tries=2, pause=0.0)
VAST = SMALL["vast"]().files
STATES_OF_PINNED = {
    "vast_dev.csv": "as first fetched",
    "vast_test.csv": "as first fetched",
    "vast_train.csv": "verified",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test, and no variable of a corpus."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for card in describe.cards():
        monkeypatch.delenv(card.variable or "HARNESS_NONE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({f"/{name}": data for name, data in VAST.items()})) as running:
        yield running


def offer(monkeypatch: pytest.MonkeyPatch, site: Site, published: Mapping[str, bytes] | None = None) -> None:
    """Make the test server the source of VAST, and these files the published ones."""
    files = {name: f"{site.address}/{name}" for name in VAST}
    monkeypatch.setitem(SOURCES, "vast", CorpusSource(files, patterns=tuple(VAST)))  # type: ignore[arg-type]
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in (published or {}).items()}
    monkeypatch.setattr(checksums, "published_checksums", lambda name: sums if name == "vast" else {})


def error_of(name: str = "vast", mirror: str = "", copy_from: Path | None = None) -> FetchError | ConfigError:
    with pytest.raises((FetchError, ConfigError)) as caught:
        fetching.fetch(name, mirror=mirror, copy_from=copy_from, retries=QUICK)
    return caught.value


def states_of(output: str) -> dict[str, str]:
    """Files and their states, as the command prints them."""
    lines = (line.strip() for line in output.splitlines() if line.startswith("  "))
    return {name: state for name, _, state in (line.partition(": ") for line in lines)}


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_fetched_corpus_is_found(site: Site, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    assert "Composition" not in describe.describe("vast")
    fetched = fetching.fetch("vast", retries=QUICK)
    assert fetched.folder == home / "corpora" / "vast"
    assert fetched.states == {
        "vast_dev.csv": "unverified",
        "vast_test.csv": "unverified",
        "vast_train.csv": "verified",
    }
    assert files_of(home) == [
        "corpora/vast/vast_dev.csv",
        "corpora/vast/vast_test.csv",
        "corpora/vast/vast_train.csv",
        "lock",
        "pins.json",
    ]
    assert len(catalog.lookup("corpus", "vast", "")()) == 6
    assert "Composition" in describe.describe("vast")
    requests = len(site.requests)
    again = fetching.fetch("vast", retries=QUICK)
    assert again.already
    assert again.states == STATES_OF_PINNED
    assert len(site.requests) == requests


def test_the_variable_comes_before_the_cache(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    offer(monkeypatch, site)
    fetching.fetch("vast", retries=QUICK)
    monkeypatch.setenv("HARNESS_VAST", str(tmp_path / "none"))
    with pytest.raises(CorpusError) as caught:
        catalog.lookup("corpus", "vast", "")()
    messages(caught.value)
    monkeypatch.delenv("HARNESS_VAST")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "other"))
    with pytest.raises(CorpusError) as caught:
        catalog.lookup("corpus", "vast", "")()
    assert [problem.where for problem in caught.value.problems] == ["vast"]
    assert caught.value.problems[0].hint == load_card("vast").remedy
    messages(caught.value)


def test_an_interrupted_fetch_leaves_nothing_to_be_found_and_is_resumed(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    offer(monkeypatch, site)
    site.breaks = [100_000, 60, 0, 0]
    messages(error_of())
    assert checksums.fetched_folder("vast") is None
    assert not (home / "pins.json").exists()
    assert set(fetching.fetch("vast", retries=QUICK).states.values()) == {"unverified"}
    assert ("/vast_dev.csv", "bytes=60-") in site.requests
    assert [path for path, _ in site.requests].count("/vast_train.csv") == 1


def test_a_wrong_checksum(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    offer(monkeypatch, site, {"vast_train.csv": b"something else"})
    messages(error_of())
    assert checksums.fetched_folder("vast") is None
    assert files_of(home / "corpora") == ["vast.begun/vast_dev.csv", "vast.begun/vast_test.csv"]
    assert not (home / "pins.json").exists()
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    assert fetching.fetch("vast", retries=QUICK).states["vast_train.csv"] == "verified"


def test_other_files_than_those_first_fetched(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    offer(monkeypatch, site)
    folder = fetching.fetch("vast", retries=QUICK).folder
    pins = home / "pins.json"
    first = json.loads(pins.read_text(encoding="utf-8"))["vast"]["vast_dev.csv"]
    assert first == hashlib.sha256(VAST["vast_dev.csv"]).hexdigest()
    (folder / "vast_dev.csv").write_bytes(b"changed")
    messages(error_of())
    assert (folder / "vast_dev.csv").is_file()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    site.files = {**site.files, "/vast_dev.csv": b"changed"}
    messages(error_of())
    pins.write_text("{", encoding="utf-8")
    messages(error_of())


def test_a_mirror(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "published_checksums", lambda _: {})
    files = {"/my%20mirror/" + name: data for name, data in VAST.items()}
    with serving(Site(files)) as mirror:
        fetching.fetch("vast", mirror=f"{mirror.address}/my%20mirror/", retries=QUICK)
    assert files_of(home / "corpora" / "vast") == sorted(VAST)


def archive(files: Mapping[str, bytes], top: str = "SEESAW-6722/SEESAW") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, data in {**files, "README.md": b""}.items():
            opened.writestr(f"{top}/{name}", data)
    return packed.getvalue()


def test_an_archive(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "published_checksums", lambda _: {})
    small = SMALL["seesaw"]()
    with serving(Site({"/x/data.zip": archive(small.files)})) as site:
        source = CorpusSource(archive=f"{site.address}/x/data.zip", patterns=SOURCES["seesaw"].patterns)
        monkeypatch.setitem(SOURCES, "seesaw", source)  # type: ignore[arg-type]
        site.breaks = [500]
        fetching.fetch("seesaw", retries=QUICK)
    assert files_of(home / "corpora" / "seesaw") == sorted(small.files)
    assert len(catalog.lookup("corpus", "seesaw", "")()) == 9


def test_an_archive_that_is_none_is_not_kept(home: Path, messages: Messages) -> None:
    with serving(Site({"/GVFC.zip": b"<html>moved</html>"})) as site:
        messages(error_of("gvfc", mirror=site.address))
        assert files_of(home) == ["lock"]
        assert not list((home / "corpora").iterdir())
        site.files = {"/GVFC.zip": archive(SMALL["gvfc"]().files)}
        error = str(error_of("gvfc", mirror=site.address))
    # The workbook of this test holds the time of its making, so that its checksum is never the same.
    assert error.startswith("GVFC_headlines_and_annotations.xlsx: ")
    assert "d94125ecacae3159f9cbcd46e8de09b2e81127a6ac70c06c6395b7662b7a1cec" in error


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_of_ones_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "published_checksums", lambda _: {})
    small = SMALL[name]()
    inner = tmp_path / "mine" / "deep"
    inner.mkdir(parents=True)
    small.write(inner, **({"annotations/immigration.json": b""} if name == "media_frames" else {}))
    if name == "media_frames":
        (inner / "immigration.json").replace(inner / "annotations" / "immigration.json")
    (inner / "notes.txt").write_text("Mine.", encoding="utf-8")
    fetched = fetching.fetch(name, copy_from=tmp_path / "mine")
    assert set(fetched.states.values()) == {"unverified"}
    assert "notes.txt" not in fetched.states
    card = load_card(name)
    options = {**small.options, "labels": card.labels[card.tasks[0]], "task": card.tasks[0]}
    assert len(catalog.lookup("corpus", name, "")(**options)) > 0


def test_a_folder_without_the_files_leaves_nothing(tmp_path: Path, messages: Messages) -> None:
    (tmp_path / "mine").mkdir()
    messages(error_of(copy_from=tmp_path / "mine"))
    (tmp_path / "mine" / "vast_train.csv").write_bytes(b"Mine.")
    messages(error_of(copy_from=tmp_path / "mine"))
    assert checksums.fetched_folder("vast") is None


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.instructions])
def test_what_may_not_be_fetched_says_what_to_do(name: str, messages: Messages) -> None:
    error = error_of(name)
    assert SOURCES[name].instructions in str(error)
    assert str(error).endswith(load_card(name).licence)
    messages(error)


@pytest.mark.parametrize(
    ("name", "where"), [("partyline", "partyline"), ("files", "files"), ("vsat", "corpus")]
)
def test_what_is_not_fetched(name: str, where: str, messages: Messages) -> None:
    error = error_of(name)
    assert isinstance(error, ConfigError)
    assert [problem.where for problem in error.problems] == [where]
    messages(error)


def test_a_mirror_and_a_folder_exclude_each_other(tmp_path: Path, messages: Messages) -> None:
    messages(error_of(mirror="http://x", copy_from=tmp_path))
    messages(error_of("media_frames", mirror="http://x"))


def _hold(ready: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    with checksums.fetch_lock("vast"):
        ready.set()
        done.wait(20)


def test_two_at_once(messages: Messages) -> None:
    forked = multiprocessing.get_context("fork")
    ready, done = forked.Event(), forked.Event()
    other = forked.Process(target=_hold, args=(ready, done))
    other.start()
    try:
        assert ready.wait(20)
        messages(error_of())
    finally:
        done.set()
        other.join()


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        error = error_of()
    messages(error)


def test_the_command(
    site: Site, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    answer = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert str(home / "corpora" / "vast") in answer.output.splitlines()[0]
    assert states_of(answer.output) == {
        "vast_dev.csv": "unverified",
        "vast_test.csv": "unverified",
        "vast_train.csv": "verified",
    }
    messages(answer.output)
    answer = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert str(home / "corpora" / "vast") in answer.output.splitlines()[0]
    assert states_of(answer.output) == STATES_OF_PINNED
    messages(answer.output)
    small = SMALL["seesaw"]()
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(checksums, "published_checksums", lambda _: {})
    answer = CliRunner().invoke(
        app, ["corpus", "fetch", "seesaw", "--from", str(small.write(tmp_path / "mine"))]
    )
    assert states_of(answer.output) == {"21 files": "unverified"}
    listed = CliRunner().invoke(app, ["corpus", "list"]).output.splitlines()
    assert [line.split()[0] for line in listed if line.endswith("fetched")] == ["vast", "seesaw"]
