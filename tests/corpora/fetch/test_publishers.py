"""The table of sources, compared with the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.corpora.card import load_card
from harness.corpora.fetch import checksums, publishers
from harness.corpora.fetch.publishers import SOURCES, CorpusSource
from harness.values import catalog
from harness.values.errors import CorpusError
from tests.corpora.small import SMALL

ROOT = Path(__file__).parents[3]


def test_every_source_is_a_corpus_that_says_how_to_get_it() -> None:
    expected = {name for name in catalog.CATALOGUES["corpus"] if load_card(name).variable}
    assert SOURCES.keys() == expected
    for name, source in SOURCES.items():
        ways = [bool(source.files), bool(source.archive), bool(source.instructions)]
        assert ways.count(True) == 1, name
        assert all(
            source.path_in_corpus(path) == path
            for path in [*source.files, *checksums.published_checksums(name)]
        ), name
        assert source.patterns, name


def test_what_is_said_of_addresses_that_may_change_is_true() -> None:
    changing = {name for name, source in SOURCES.items() if source.may_change}
    lasting = {name for name, source in SOURCES.items() if source.addresses} - changing
    manual = (ROOT / "docs" / "how-to" / "corpora.md").read_text(encoding="utf-8")
    sentence = re.search(r"The addresses of(.*?) name a commit; those of(.*?) do not", manual, re.DOTALL)
    assert sentence is not None
    assert [set(re.findall(r"`(\w+)`", part)) for part in sentence.groups()] == [lasting, changing]
    docstring = re.search(
        r"Addresses of(.*?)name a commit(.*?)may change", publishers.__doc__ or "", re.DOTALL
    )
    assert docstring is not None
    words = [set(re.findall(r"\w+", part)) & set(SOURCES) for part in docstring.groups()]
    assert words == [lasting, changing]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://host/a/b/6b838e00f54423c253806327a0ae24dbffa24c9e/c.csv", False),
        ("https://host/a/archive/6722af6867fd596220407d57c1b42122308e5d04.zip", False),
        ("https://host/a/b/master/c.csv", True),
        # 39 digits are no commit.
        ("https://host/a/b/6b838e00f54423c253806327a0ae24dbffa24c9/c.csv", True),
    ],
)
def test_an_address_without_a_commit_may_change(address: str, expected: bool) -> None:
    assert CorpusSource(archive=address).may_change == expected
    # One address of several is enough.
    commit = "https://host/6b838e00f54423c253806327a0ae24dbffa24c9e/d.csv"
    assert CorpusSource({"c.csv": address, "d.csv": commit}).may_change == expected


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.optional])
def test_optional_files_are_those_that_the_reader_can_do_without(name: str, tmp_path: Path) -> None:
    small, source = SMALL[name](), SOURCES[name]
    optional = [path for path in source.files if source.is_optional(path)]
    assert 0 < len(optional) < len(source.files)
    small.write(tmp_path)
    for path in optional:
        (tmp_path / path).unlink(missing_ok=True)
    load = catalog.lookup("corpus", name, "")
    assert len(small.load(load, tmp_path)) > 0
    for path in [path for path in small.files if path not in optional]:
        small.write(tmp_path)
        (tmp_path / path).unlink()
        with pytest.raises(CorpusError):
            small.load(load, tmp_path)
