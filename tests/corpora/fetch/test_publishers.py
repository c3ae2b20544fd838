"""The table of sources, compared with the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.corpora.card import load_card
from harness.corpora.fetch import checksums
from harness.corpora.fetch.publishers import SOURCES
from harness.values import catalog
from harness.values.errors import CorpusError
from tests.corpora.small import SMALL


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
