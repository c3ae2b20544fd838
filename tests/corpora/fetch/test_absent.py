"""Files that a server does not have: a fetch goes on without those that the loader can do without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.corpora import describe
from harness.corpora.fetch import checksums, fetching
from harness.corpora.fetch.publishers import SOURCES
from harness.values import catalog
from tests.corpora.fetch.server import Site, serving
from tests.corpora.fetch.test_fetching import QUICK, VAST, complaint, left


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, no variable that says where a corpus is, and no file that is known."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for card in describe.cards():
        monkeypatch.delenv(card.variable or "HARNESS_NONE", raising=False)
    monkeypatch.setattr(checksums, "known", lambda _: {})
    return tmp_path / "cache"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({f"/{name}": data for name, data in VAST.items()})) as running:
        yield running


def test_what_a_mirror_lacks_and_the_loader_can_do_without_is_said(home: Path) -> None:
    with serving(Site({"/vast_train.csv": VAST["vast_train.csv"]})) as mirror:
        answer = CliRunner().invoke(app, ["corpus", "fetch", "vast", "--mirror", mirror.address])
    said = [
        "Not there, and not needed to read the corpus: vast_dev.csv, vast_test.csv.",
        "To have them from elsewhere, delete the folder and fetch again with --mirror or --from.",
    ]
    assert answer.output.splitlines()[:2] == [
        f"vast is in {home / 'corpora' / 'vast'}",
        "  vast_train.csv: unverified",
    ]
    assert answer.output.splitlines()[3:5] == said
    assert left(home / "corpora") == ["vast/vast_train.csv"]
    assert len(catalog.lookup("corpus", "vast", "")()) == 2
    again = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert again.output.splitlines()[2:4] == said


def test_what_has_begun_to_arrive_is_dropped_where_it_is_no_more(site: Site, home: Path) -> None:
    site.breaks = [100_000, 60, 0, 0]
    assert "vast_dev.csv: broke off; 60 bytes are kept" in complaint(mirror=site.address)
    site.files = {"/vast_train.csv": VAST["vast_train.csv"]}
    fetched = fetching.fetch("vast", mirror=site.address, patience=QUICK)
    assert fetched.absent == ("vast_dev.csv", "vast_test.csv")
    assert left(home / "corpora") == ["vast/vast_train.csv"]


def test_what_a_mirror_lacks_and_the_loader_needs_stops_the_fetch() -> None:
    with serving(Site({f"/{name}": data for name, data in VAST.items() if "train" not in name})) as mirror:
        assert complaint(mirror=mirror.address) == (
            f"{mirror.address}/vast_train.csv: answers 404 Not Found; try another place with --mirror, or"
            " your own copy with --from"
        )
    assert checksums.fetched("vast") is None


def test_a_server_that_refuses_a_spare_file_stops_the_fetch(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.statuses = [403]
    site.files = {name: data for name, data in site.files.items() if name != "/vast_train.csv"}
    monkeypatch.setitem(SOURCES, "vast", replace(SOURCES["vast"], files={"vast_dev.csv": ""}))  # type: ignore[arg-type]
    assert "vast_dev.csv: answers 403 Forbidden" in complaint(mirror=site.address)
