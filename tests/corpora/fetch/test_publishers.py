"""The table of sources, held against the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.corpora.card import load_card
from harness.corpora.fetch import checksums
from harness.corpora.fetch.publishers import SOURCES
from harness.values import catalog
from harness.values.errors import CorpusError
from tests.corpora.small import SMALL


def test_every_source_is_a_corpus_that_says_how_it_is_had() -> None:
    wanted = {name for name in catalog.CATALOGUES["corpus"] if load_card(name).variable}
    assert SOURCES.keys() == wanted
    for name, source in SOURCES.items():
        ways = [bool(source.files), bool(source.archive), bool(source.request)]
        assert ways.count(True) == 1, name
        assert all(source.place(path) == path for path in [*source.files, *checksums.known(name)]), name
        assert source.holds, name


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.spare])
def test_spare_files_are_those_that_the_loader_can_do_without(name: str, tmp_path: Path) -> None:
    small, source = SMALL[name](), SOURCES[name]
    spare = [path for path in source.files if source.spares(path)]
    assert 0 < len(spare) < len(source.files)
    small.write(tmp_path)
    for path in spare:
        (tmp_path / path).unlink(missing_ok=True)
    load = catalog.lookup("corpus", name, "")
    assert len(small.load(load, tmp_path)) > 0
    for path in [path for path in small.files if path not in spare]:
        small.write(tmp_path)
        (tmp_path / path).unlink()
        with pytest.raises(CorpusError):
            small.load(load, tmp_path)
