"""Files that a server does not have: a fetch goes on without those that the reader can do without."""

from __future__ import annotations

import re
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
from tests.corpora.fetch.test_fetching import QUICK, VAST, error_of, files_of, states_of
from tests.corpora.messages import Messages


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test, no variable of a corpus, and no published checksum."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for card in describe.cards():
        monkeypatch.delenv(card.variable or "HARNESS_NONE", raising=False)
    monkeypatch.setattr(checksums, "published_checksums", lambda _: {})
    return tmp_path / "cache"


OPTIONAL = {"vast_dev.csv", "vast_test.csv"}


def files_reported(output: str) -> set[str]:
    """The files that an output names after the list of those that are there."""
    lines = [line for line in output.splitlines() if not line.startswith("  ")]
    return set(re.findall(r"\w+\.csv", "\n".join(lines)))


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({f"/{name}": data for name, data in VAST.items()})) as running:
        yield running


def test_optional_files_that_a_mirror_lacks_are_reported(home: Path, messages: Messages) -> None:
    with serving(Site({"/vast_train.csv": VAST["vast_train.csv"]})) as mirror:
        answer = CliRunner().invoke(app, ["corpus", "fetch", "vast", "--mirror", mirror.address])
    assert states_of(answer.output) == {"vast_train.csv": "unverified"}
    assert files_reported(answer.output) == OPTIONAL
    messages(answer.output)
    assert files_of(home / "corpora") == ["vast/vast_train.csv"]
    assert len(catalog.lookup("corpus", "vast", "")()) == 2
    again = CliRunner().invoke(app, ["corpus", "fetch", "vast"])
    assert files_reported(again.output) == OPTIONAL
    messages(again.output)


def test_a_partial_file_is_dropped_if_the_server_no_longer_has_it(
    site: Site, home: Path, messages: Messages
) -> None:
    site.breaks = [100_000, 60, 0, 0]
    error = error_of(mirror=site.address)
    assert re.search(r"/vast_dev\.csv: .*\b60\b", str(error))
    messages(error)
    site.files = {"/vast_train.csv": VAST["vast_train.csv"]}
    fetched = fetching.fetch("vast", mirror=site.address, retries=QUICK)
    assert fetched.missing == ("vast_dev.csv", "vast_test.csv")
    assert files_of(home / "corpora") == ["vast/vast_train.csv"]


def test_a_required_file_that_a_mirror_lacks_stops_the_fetch(messages: Messages) -> None:
    with serving(Site({f"/{name}": data for name, data in VAST.items() if "train" not in name})) as mirror:
        messages(error_of(mirror=mirror.address))
    assert checksums.fetched_folder("vast") is None


def test_a_server_that_refuses_an_optional_file_stops_the_fetch(
    site: Site, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    site.statuses = [403]
    site.files = {name: data for name, data in site.files.items() if name != "/vast_train.csv"}
    monkeypatch.setitem(SOURCES, "vast", replace(SOURCES["vast"], files={"vast_dev.csv": ""}))  # type: ignore[arg-type]
    error = error_of(mirror=site.address)
    assert re.search(r"/vast_dev\.csv: .*\b403\b", str(error))
    messages(error)
