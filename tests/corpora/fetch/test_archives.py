"""Archives of our own: what belongs to a corpus is taken out, and nothing is written anywhere else."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.corpora.fetch.archives import copy, unpack
from harness.corpora.fetch.publishers import SOURCES, Source
from harness.values.errors import FetchError

SOURCE = Source(holds=("meta/*.json", "train.csv"))
GOOD = {"repo-main/meta/a.json": b"{}", "repo-main/train.csv": b"x", "repo-main/README.md": b"Read me."}


def zipped(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.mkdir("repo-main")
        for name, data in members.items():
            made.writestr(name, data)
        for name, target in (links or {}).items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(link, target)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def complaint(archive: Path, folder: Path) -> str:
    with pytest.raises(FetchError) as caught:
        unpack(archive, folder, SOURCE)
    return str(caught.value)


def test_what_belongs_is_taken_out(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", GOOD), tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json", "train.csv"]


def test_what_a_system_adds_does_not_belong(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", GOOD | {"__MACOSX/meta/._a.json": b"?"}), tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json", "train.csv"]


@pytest.mark.parametrize(
    "name", ["../meta/b.json", "/meta/b.json", "repo/../../meta/b.json", "..\\meta\\b.json", "C:/meta/b.json"]
)
def test_a_path_that_leads_out_stops_everything(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD | {name: b"{}"})
    said = complaint(archive, tmp_path / "deep" / "out")
    assert said == f"a.zip: holds {name!r}, which leads out of its folder; nothing is unpacked"
    assert files(tmp_path) == ["a.zip"]


def test_a_link_stops_everything(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD, {"repo-main/meta/b.json": "/etc/passwd"})
    assert complaint(archive, tmp_path / "out") == (
        "a.zip: holds 'repo-main/meta/b.json', which leads out of its folder; nothing is unpacked"
    )
    assert files(tmp_path) == ["a.zip"]


def test_an_archive_that_is_cut_off_is_none_or_holds_something_else(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD)
    archive.write_bytes(archive.read_bytes()[:-30])
    assert complaint(archive, tmp_path / "out") == "a.zip: is no whole zip archive: File is not a zip file"
    archive.write_bytes(b"<html>Sign in</html>")
    assert complaint(archive, tmp_path / "out") == "a.zip: is no whole zip archive: File is not a zip file"
    zipped(archive, {"README.md": b""})
    assert complaint(archive, tmp_path / "out") == (
        "a.zip: holds none of the corpus's files: meta/*.json, train.csv"
    )


def test_a_damaged_member(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("train.csv", b"text of the corpus")
    archive.write_bytes(archive.read_bytes().replace(b"text", b"tezt", 1))
    assert complaint(archive, tmp_path / "out") == (
        "a.zip: is no whole zip archive: Bad CRC-32 for file 'train.csv'"
    )


def test_two_files_for_one_place(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD | {"old/train.csv": b"y"})
    assert complaint(archive, tmp_path / "out") == (
        "a.zip: has two files for train.csv: repo-main/train.csv and old/train.csv"
    )


def test_an_archive_larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped(tmp_path / "a.zip", {"train.csv": b"0" * 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=999_999))
    assert complaint(archive, tmp_path / "out") == (
        f"{tmp_path / 'out'}: the disk is full: 1,000,000 bytes are needed, 999,999 are free"
    )
    assert files(tmp_path / "out") == []


def test_a_folder_or_an_archive_of_ones_own(tmp_path: Path) -> None:
    given = tmp_path / "mine" / "corpus"
    (given / "meta").mkdir(parents=True)
    (given / "meta" / "a.json").write_bytes(b"{}")
    (given / "notes.txt").write_bytes(b"Mine.")
    copy(tmp_path / "mine", tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json"]
    copy(zipped(tmp_path / "a.zip", GOOD), tmp_path / "other", SOURCE)
    assert files(tmp_path / "other") == ["meta/a.json", "train.csv"]
    with pytest.raises(FetchError, match=r"none: is not there$"):
        copy(tmp_path / "none", tmp_path / "out", SOURCE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        FetchError, match=r"empty: holds none of the corpus's files: meta/\*\.json, train\.csv$"
    ):
        copy(tmp_path / "empty", tmp_path / "out", SOURCE)


@pytest.mark.parametrize(
    ("corpus", "path", "place"),
    [
        ("newsmtsc", "NewsMTSC-main/datasets/newsmtsc-mt-hf/dev.jsonl", "newsmtsc-mt-hf/dev.jsonl"),
        ("newsmtsc", "old/devtest_rw.jsonl", "devtest_rw.jsonl"),
        ("semeval2016", "data/semeval2016-task6-trialdata.txt", "semeval2016-task6-trialdata.txt"),
        ("semeval2016", "data-all-annotations/readme.txt", None),
        ("tweeteval", "tweeteval-main/datasets/stance/hillary/val_labels.txt", "hillary/val_labels.txt"),
        ("tweeteval", "tweeteval-main/datasets/irony/val_labels.txt", None),
        ("xstance", "xstance/questions.en.jsonl", "questions.en.jsonl"),
        ("semeval2023", "data/en/dev-labels-subtask-2.txt", "en/dev-labels-subtask-2.txt"),
        ("semeval2023", "data/en/train-articles-subtask-3/article1.txt", None),
        ("basil", "dataset/0_fox.json", "0_fox.json"),
        ("basil", "BASIL-main/annotations/2010/x_1_ann.json", "annotations/2010/x_1_ann.json"),
        ("narrative_frames", "a/Fold_3/dev.txt", "Fold_3/dev.txt"),
    ],
)  # fmt: skip
def test_where_files_of_the_published_archives_belong(corpus: str, path: str, place: str | None) -> None:
    assert SOURCES[corpus].place(path) == place
