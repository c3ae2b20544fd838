"""Corpora put into the cache from a server of our own, or from a folder; and found there."""

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
from harness.corpora.fetch.downloads import Patience
from harness.corpora.fetch.publishers import SOURCES, Source
from harness.values import catalog
from harness.values.errors import ConfigError, CorpusError, FetchError
from tests.corpora.fetch.server import Site, serving
from tests.corpora.small import SMALL

QUICK = Patience(connect=2.0, read=2.0, tries=2, pause=0.0)
VAST = SMALL["vast"]().files


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and no variable that says where a corpus is."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for card in describe.cards():
        monkeypatch.delenv(card.variable or "HARNESS_NONE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({f"/{name}": data for name, data in VAST.items()})) as running:
        yield running


def offer(monkeypatch: pytest.MonkeyPatch, site: Site, known: Mapping[str, bytes] | None = None) -> None:
    """Let VAST be what our server has, and let the package know some of its checksums."""
    files = {name: f"{site.address}/{name}" for name in VAST}
    monkeypatch.setitem(SOURCES, "vast", Source(files, holds=tuple(VAST)))  # type: ignore[arg-type]
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in (known or {}).items()}
    monkeypatch.setattr(checksums, "known", lambda name: sums if name == "vast" else {})


def complaint(name: str = "vast", mirror: str = "", given: Path | None = None) -> str:
    with pytest.raises((FetchError, ConfigError)) as caught:
        fetching.fetch(name, mirror=mirror, given=given, patience=QUICK)
    return str(caught.value)


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_fetched_corpus_is_found(site: Site, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    assert describe.describe("vast").endswith(
        "or fetch it (harness corpus fetch vast), to see what the files hold."
    )
    fetched = fetching.fetch("vast", patience=QUICK)
    assert fetched.folder == home / "corpora" / "vast"
    assert fetched.states == {
        "vast_dev.csv": "unverified",
        "vast_test.csv": "unverified",
        "vast_train.csv": "verified",
    }
    assert left(home) == [
        "corpora/vast/vast_dev.csv",
        "corpora/vast/vast_test.csv",
        "corpora/vast/vast_train.csv",
        "lock",
        "pins.json",
    ]
    assert len(catalog.lookup("corpus", "vast", "")()) == 6
    assert "Composition" in describe.describe("vast")
    asked = len(site.asked)
    again = fetching.fetch("vast", patience=QUICK)
    assert again.before
    assert set(again.states.values()) == {"verified", "as first fetched"}
    assert len(site.asked) == asked


def test_the_variable_comes_before_the_cache(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, site)
    fetching.fetch("vast", patience=QUICK)
    monkeypatch.setenv("HARNESS_VAST", str(tmp_path / "none"))
    with pytest.raises(CorpusError) as caught:
        catalog.lookup("corpus", "vast", "")()
    assert str(caught.value) == f"vast: HARNESS_VAST says {tmp_path / 'none'}, which is not a folder"
    monkeypatch.delenv("HARNESS_VAST")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "other"))
    with pytest.raises(CorpusError) as caught:
        catalog.lookup("corpus", "vast", "")()
    assert str(caught.value) == (
        "vast: the environment variable HARNESS_VAST is not set; set it to the folder of VAST"
        " (https://github.com/emilyallaway/zero-shot-stance), write corpus.folder, or see"
        " harness corpus fetch vast"
    )


def test_an_interrupted_fetch_leaves_nothing_to_be_found_and_goes_on(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, site)
    site.breaks = [100_000, 60, 0, 0]
    said = complaint()
    assert said.endswith("vast_dev.csv: broke off; 60 bytes are kept: run it again to go on")
    assert checksums.fetched("vast") is None
    assert not (home / "pins.json").exists()
    assert set(fetching.fetch("vast", patience=QUICK).states.values()) == {"unverified"}
    assert ("/vast_dev.csv", "bytes=60-") in site.asked
    assert [path for path, _ in site.asked].count("/vast_train.csv") == 1


def test_a_wrong_checksum(site: Site, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, site, {"vast_train.csv": b"something else"})
    is_, should = (hashlib.sha256(one).hexdigest() for one in (VAST["vast_train.csv"], b"something else"))
    assert complaint() == (
        f"vast_train.csv: is not the published file: its SHA-256 is {is_}, not {should}; it is deleted"
    )
    assert checksums.fetched("vast") is None
    assert left(home / "corpora") == ["vast.begun/vast_dev.csv", "vast.begun/vast_test.csv"]
    assert not (home / "pins.json").exists()
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    assert fetching.fetch("vast", patience=QUICK).states["vast_train.csv"] == "verified"


def test_other_files_than_those_first_fetched(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, site)
    folder = fetching.fetch("vast", patience=QUICK).folder
    pins = home / "pins.json"
    first = json.loads(pins.read_text(encoding="utf-8"))["vast"]["vast_dev.csv"]
    (folder / "vast_dev.csv").write_bytes(b"changed")
    changed = hashlib.sha256(b"changed").hexdigest()
    told = (
        f"vast_dev.csv: is not the file that was first fetched: its SHA-256 is {changed}, not {first}; if the"
        f" new one is right, take its line out of {pins}"
    )
    assert complaint() == f"{told}; delete {folder} to fetch it again"
    assert (folder / "vast_dev.csv").is_file()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    site.files = {**site.files, "/vast_dev.csv": b"changed"}
    assert complaint() == f"{told}; it is deleted"
    pins.write_text("{", encoding="utf-8")
    assert complaint() == f"{pins}: is not valid JSON; delete it to pin everything anew"


def test_a_mirror(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "known", lambda _: {})
    files = {"/my%20mirror/" + name: data for name, data in VAST.items()}
    with serving(Site(files)) as mirror:
        fetching.fetch("vast", mirror=f"{mirror.address}/my%20mirror/", patience=QUICK)
    assert left(home / "corpora" / "vast") == sorted(VAST)


def archive(files: Mapping[str, bytes], top: str = "SEESAW-6722/SEESAW") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name, data in {**files, "README.md": b""}.items():
            opened.writestr(f"{top}/{name}", data)
    return made.getvalue()


def test_an_archive(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "known", lambda _: {})
    small = SMALL["seesaw"]()
    with serving(Site({"/x/data.zip": archive(small.files)})) as site:
        source = Source(archive=f"{site.address}/x/data.zip", holds=SOURCES["seesaw"].holds)
        monkeypatch.setitem(SOURCES, "seesaw", source)  # type: ignore[arg-type]
        site.breaks = [500]
        fetching.fetch("seesaw", patience=QUICK)
    assert left(home / "corpora" / "seesaw") == sorted(small.files)
    assert len(catalog.lookup("corpus", "seesaw", "")()) == 9


def test_an_archive_that_is_none_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Site({"/GVFC.zip": b"<html>moved</html>"})) as site:
        assert (
            complaint("gvfc", mirror=site.address)
            == "GVFC.zip: is no whole zip archive: File is not a zip file"
        )
        assert left(home) == ["lock"]
        assert not list((home / "corpora").iterdir())
        site.files = {"/GVFC.zip": archive(SMALL["gvfc"]().files)}
        said = complaint("gvfc", mirror=site.address)
    assert said.startswith("GVFC_headlines_and_annotations.xlsx: is not the published file: its SHA-256 is ")
    assert said.endswith("d94125ecacae3159f9cbcd46e8de09b2e81127a6ac70c06c6395b7662b7a1cec; it is deleted")


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_of_ones_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "known", lambda _: {})
    small = SMALL[name]()
    given = tmp_path / "mine" / "deep"
    given.mkdir(parents=True)
    small.write(given, **({"annotations/immigration.json": b""} if name == "media_frames" else {}))
    if name == "media_frames":
        (given / "immigration.json").replace(given / "annotations" / "immigration.json")
    (given / "notes.txt").write_text("Mine.", encoding="utf-8")
    fetched = fetching.fetch(name, given=tmp_path / "mine")
    assert set(fetched.states.values()) == {"unverified"}
    assert "notes.txt" not in fetched.states
    card = load_card(name)
    options = {**small.options, "labels": card.labels[card.tasks[0]], "task": card.tasks[0]}
    assert len(catalog.lookup("corpus", name, "")(**options)) > 0


def test_a_folder_without_the_files_leaves_nothing(tmp_path: Path, home: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert complaint(given=tmp_path / "mine") == (
        f"{tmp_path / 'mine'}: holds none of the corpus's files: vast_train.csv, vast_dev.csv, vast_test.csv"
    )
    (tmp_path / "mine" / "vast_train.csv").write_bytes(b"Mine.")
    assert complaint(given=tmp_path / "mine").startswith("vast_train.csv: is not the published file: ")
    assert checksums.fetched("vast") is None


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.request])
def test_what_may_not_be_fetched_says_what_to_do(name: str) -> None:
    card = load_card(name)
    said = complaint(name)
    assert said.startswith(f"{card.title} cannot be fetched: ")
    assert "with --from. Licence: " in said
    assert said.endswith(card.licence)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("partyline", "partyline: Partyline: ships with the package; known: basil, gvfc, media_frames,"),
        ("files", "files: your own files: is not fetched; a config says where it is; known: basil,"),
        ("vsat", "corpus: unknown corpus 'vsat'; did you mean 'vast'?"),
    ],
)
def test_what_is_not_fetched(name: str, message: str) -> None:
    assert complaint(name).startswith(message)


def test_a_mirror_and_a_folder_exclude_each_other(tmp_path: Path) -> None:
    assert complaint(mirror="http://x", given=tmp_path) == "--mirror: and --from exclude each other"
    assert complaint("media_frames", mirror="http://x") == (
        "media_frames: which files a mirror has is not known; give a folder with --from"
    )


def _hold(ready: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    with checksums.alone("vast"):
        ready.set()
        done.wait(20)


def test_two_at_once(home: Path) -> None:
    forked = multiprocessing.get_context("fork")
    ready, done = forked.Event(), forked.Event()
    other = forked.Process(target=_hold, args=(ready, done))
    other.start()
    try:
        assert ready.wait(20)
        assert complaint() == f"vast: another process is fetching into {home}"
    finally:
        done.set()
        other.join()


def test_a_cache_that_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert complaint() == f"{home / 'corpora'}: cannot be written; set HARNESS_CACHE to another folder"


def test_the_command(site: Site, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, site, {"vast_train.csv": VAST["vast_train.csv"]})
    answer = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert answer.output.splitlines() == [
        f"vast is in {home / 'corpora' / 'vast'}",
        "  vast_dev.csv: unverified",
        "  vast_test.csv: unverified",
        "  vast_train.csv: verified",
        "No published checksum is known of 2 files; theirs are pinned now, so that others will not pass for"
        " them.",
        "Next: harness corpus describe vast",
    ]
    answer = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert answer.output.splitlines()[0] == f"vast is in {home / 'corpora' / 'vast'} already"
    assert answer.output.splitlines()[1] == "  vast_dev.csv: as first fetched"
    small = SMALL["seesaw"]()
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(checksums, "known", lambda _: {})
    answer = CliRunner().invoke(
        app, ["corpus", "fetch", "seesaw", "--from", str(small.write(tmp_path / "mine"))]
    )
    assert answer.output.splitlines()[1] == "  21 files: unverified"
    listed = CliRunner().invoke(app, ["corpus", "list"]).output.splitlines()
    assert [line.split()[0] for line in listed if line.endswith("fetched")] == ["vast", "seesaw"]
