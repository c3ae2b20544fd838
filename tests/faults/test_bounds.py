"""Limits of files of rows, workbooks, archives and YAML: accepted at the limit, refused one beyond it."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from harness.corpora import tabular
from harness.serving.inference.formats import open_rows
from harness.values import limits
from harness.values.errors import CorpusError, ModelError
from harness.values.limits import Limit
from harness.values.parties.records import read
from harness.values.unreadable import UnreadableError
from harness.values.workbooks import workbook_rows
from harness.values.yaml_files import parse_yaml, read_yaml


def test_every_limit_is_listed_and_says_what_to_do() -> None:
    named = [value for value in vars(limits).values() if isinstance(value, Limit)]
    assert {limit.subject for limit in named} == {limit.subject for limit in limits.ALL}
    assert all(limit.remedy in str(limit) and f"{limit.maximum:,}" in str(limit) for limit in limits.ALL)


@pytest.mark.parametrize("surplus", [0, 1])
def test_columns(tmp_path: Path, surplus: int) -> None:
    path = tmp_path / "wide.csv"
    names = [f"c{n}" for n in range(limits.COLUMNS.maximum + surplus)]
    path.write_text(f"{','.join(names)}\n{',' * (len(names) - 1)}x\n", encoding="utf-8")
    if surplus:
        with pytest.raises(CorpusError, match="16,384 columns"):
            tabular.read_cells(path)
        with pytest.raises(ModelError, match="16,384 columns"), open_rows(path, "csv", 10) as stream:
            list(stream.chunks)
    else:
        assert len(tabular.read_cells(path).cells) == limits.COLUMNS.maximum


@pytest.mark.parametrize("surplus", [0, 1])
def test_an_archive_that_unpacks_to_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surplus: int
) -> None:
    monkeypatch.setattr(limits, "TABLE_BYTES", Limit("a corpus file", 1000, "bytes", "split it"))
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"text\n" + b"x" * (995 + surplus)))
    if surplus:
        with pytest.raises(CorpusError, match="at most 1,000 bytes; split it"):
            tabular.read_cells(path)
    else:
        assert tabular.read_cells(path).cells == {"text": ["x" * 995]}


def workbook(*, sheet: bytes = b"") -> io.BytesIO:
    book, whole, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.worksheets[0].append(["text", "target"])
    book.save(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "xl/worksheets/sheet1.xml" and sheet:
                content = content.replace(b'ref="A1:B1"', sheet)
            copy.writestr(name, content)
    return changed


def test_a_workbook_that_unpacks_to_more(monkeypatch: pytest.MonkeyPatch) -> None:
    book = workbook()
    with zipfile.ZipFile(book) as archive:
        size = sum(member.file_size for member in archive.infolist())
    for maximum, refused in ((size, False), (size - 1, True)):
        monkeypatch.setattr(limits, "WORKBOOK_BYTES", Limit("a workbook", maximum, "bytes", "save it as CSV"))
        if refused:
            with pytest.raises(UnreadableError, match="save it as CSV"):
                list(workbook_rows(book))
        else:
            assert list(workbook_rows(book)) == [("text", "target")]


def test_a_sheet_that_states_a_size_of_billions_of_cells() -> None:
    assert list(workbook_rows(workbook(sheet=b'ref="A1:XFD1048576"'))) == [("text", "target")]


def test_a_registry_is_held_to_the_limits_of_yaml(tmp_path: Path) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("- &a [x, x, x, x, x, x, x, x, x, x]\n" + f"- [{', '.join(['*a'] * 20_000)}]\n")
    with pytest.raises(CorpusError, match="100,000 values"):
        read(path)


@pytest.mark.parametrize("surplus", [0, 1])
def test_a_yaml_file(tmp_path: Path, surplus: int) -> None:
    path, limit = tmp_path / "a.yaml", Limit("a file", 100, "bytes", "make it smaller")
    path.write_text("a: 1 #" + "x" * (94 + surplus))
    if surplus:
        with pytest.raises(UnreadableError, match="at most 100 bytes; make it smaller"):
            read_yaml(path, limit)
    else:
        assert read_yaml(path, limit) == {"a": 1}


@pytest.mark.parametrize("text", ["- " * 3000, "[" * 200_000, "{a: " * 3000, "? " * 3000])
def test_deep_yaml_is_refused_at_once(text: str) -> None:
    with pytest.raises(UnreadableError, match="100 levels of nesting"):
        parse_yaml(text)
