"""Archives of our own: what belongs to a corpus is taken out, and nothing is written anywhere else."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.corpora.fetch.archives import copy, unpack
from harness.corpora.fetch.publishers import SOURCES, CorpusSource
from harness.values.errors import FetchError
from tests.corpora.messages import Messages

SOURCE = CorpusSource(patterns=("meta/*.json", "train.csv"))
GOOD = {"repo-main/meta/a.json": b"{}", "repo-main/train.csv": b"x", "repo-main/README.md": b"Read me."}


def zipped(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("repo-main")
        for name, data in members.items():
            archive.writestr(name, data)
        for name, target in (links or {}).items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def error_of(archive: Path, folder: Path) -> FetchError:
    with pytest.raises(FetchError) as caught:
        unpack(archive, folder, SOURCE)
    return caught.value


def test_what_belongs_is_taken_out(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", GOOD), tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json", "train.csv"]


def test_what_a_system_adds_does_not_belong(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", GOOD | {"__MACOSX/meta/._a.json": b"?"}), tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json", "train.csv"]


@pytest.mark.parametrize(
    "name", ["../meta/b.json", "/meta/b.json", "repo/../../meta/b.json", "..\\meta\\b.json", "C:/meta/b.json"]
)
def test_a_path_that_leads_outside_stops_everything(tmp_path: Path, name: str, messages: Messages) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD | {name: b"{}"})
    error = error_of(archive, tmp_path / "deep" / "out")
    assert repr(name) in str(error)
    messages(error)
    assert files(tmp_path) == ["a.zip"]


def test_a_link_stops_everything(tmp_path: Path, messages: Messages) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD, {"repo-main/meta/b.json": "/etc/passwd"})
    messages(error_of(archive, tmp_path / "out"))
    assert files(tmp_path) == ["a.zip"]


def test_an_archive_that_is_cut_off_is_none_or_holds_something_else(
    tmp_path: Path, messages: Messages
) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD)
    archive.write_bytes(archive.read_bytes()[:-30])
    messages(error_of(archive, tmp_path / "out"))
    archive.write_bytes(b"<html>Sign in</html>")
    messages(error_of(archive, tmp_path / "out"))
    zipped(archive, {"README.md": b""})
    messages(error_of(archive, tmp_path / "out"))


def test_a_damaged_member(tmp_path: Path, messages: Messages) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("train.csv", b"text of the corpus")
    archive.write_bytes(archive.read_bytes().replace(b"text", b"tezt", 1))
    messages(error_of(archive, tmp_path / "out"))


def test_two_files_for_one_path(tmp_path: Path, messages: Messages) -> None:
    archive = zipped(tmp_path / "a.zip", GOOD | {"old/train.csv": b"y"})
    messages(error_of(archive, tmp_path / "out"))


def test_an_archive_larger_than_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    archive = zipped(tmp_path / "a.zip", {"train.csv": b"0" * 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=999_999))
    messages(error_of(archive, tmp_path / "out"))
    assert files(tmp_path / "out") == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    unpack(archive, tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["train.csv"]


def test_a_folder_or_an_archive_of_ones_own(tmp_path: Path, messages: Messages) -> None:
    inner = tmp_path / "mine" / "corpus"
    (inner / "meta").mkdir(parents=True)
    (inner / "meta" / "a.json").write_bytes(b"{}")
    (inner / "notes.txt").write_bytes(b"Mine.")
    copy(tmp_path / "mine", tmp_path / "out", SOURCE)
    assert files(tmp_path / "out") == ["meta/a.json"]
    copy(zipped(tmp_path / "a.zip", GOOD), tmp_path / "other", SOURCE)
    assert files(tmp_path / "other") == ["meta/a.json", "train.csv"]
    (tmp_path / "empty").mkdir()
    for name in ("none", "empty"):
        with pytest.raises(FetchError) as caught:
            copy(tmp_path / name, tmp_path / "out", SOURCE)
        messages(caught.value)


@pytest.mark.parametrize(
    ("corpus", "path", "expected"),
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
def test_where_files_of_the_published_archives_belong(corpus: str, path: str, expected: str | None) -> None:
    assert SOURCES[corpus].path_in_corpus(path) == expected
