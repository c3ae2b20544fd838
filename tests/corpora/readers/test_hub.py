"""Datasets that lie in a folder, and what is said of those that cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.values.catalog import bind
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus

LABELS = {"neg": "critical", "pos": "supportive"}


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))


def dataset() -> Any:
    import datasets

    datasets.disable_progress_bars()
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "entity": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["neg", "pos"]),
            "frames": datasets.List(datasets.ClassLabel(names=["conflict", "morality"])),
        }
    )
    columns = {
        "text": ["Varna is late.", "Korr is kind.", "Varna met Korr."],
        "entity": ["Varna", "Korr", "Varna"],
        "label": [0, 1, -1],
        "frames": [[0, 1], [], [1]],
    }
    return datasets.Dataset.from_dict(columns, features=features)


def saved(name: str, *splits: str) -> None:
    import datasets

    rows = dataset()
    parts = datasets.DatasetDict(dict.fromkeys(splits, rows)) if splits else rows
    parts.save_to_disk(name)


def made(task: str = "stance", **options: Any) -> Corpus:
    bound = bind("corpus", "hub", options, "corpus", lambda _: Path.cwd())
    corpus: Corpus = bound.make(labels=STANCE if task == "stance" else FRAMING, task=task)
    return corpus


def complaint(**options: Any) -> str:
    with pytest.raises((CorpusError, ConfigError)) as caught:
        made(**options)
    return str(caught.value)


SHAPE = {"columns": {"target": "entity", "stance": "label"}, "label_map": LABELS}


def test_codes_are_read_by_the_names_that_the_dataset_gives_them() -> None:
    saved("plain")
    corpus = made(folder="plain", **SHAPE)
    assert (corpus.name, corpus.source) == ("plain", "plain")
    assert corpus.rows["id"].tolist() == ["row:1", "row:2", "row:3"]
    # -1 is the library's code for a label that is withheld.
    assert corpus.rows["stance"].tolist() == ["critical", "supportive", None]
    assert corpus.rows["frames"].tolist() == [("conflict", "morality"), (), ("morality",)]
    assert len(made(folder="plain", task="framing").for_task("framing")) == 3


def test_splits_go_by_their_names_or_by_the_map() -> None:
    saved("parts", "train", "validation", "test")
    corpus = made(folder="parts", **SHAPE)
    assert corpus.rows["split"].tolist() == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3
    assert corpus.rows["id"].tolist()[3] == "validation:1"
    corpus = made(folder="parts", splits={"train": "test"}, name="mine", **SHAPE)
    assert (corpus.name, corpus.rows["split"].tolist()) == ("mine", ["test"] * 3)


def test_a_folder_of_data_files() -> None:
    folder = Path("files")
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text("text,target,stance\nLate.,Varna,critical\n", encoding="utf-8")
    corpus = made(folder="files")
    assert corpus.rows["id"].tolist() == ["train:1", "test:1"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "corpus.repo: or corpus.folder is required"),
        ({"repo": "some/rows", "folder": "plain"}, "corpus.repo: and corpus.folder exclude each other"),
        (
            {"repo": "some/rows"},
            "corpus.revision: is required for a dataset on the hub;"
            " write the commit: rows under a name alone may change",
        ),
        (
            {"folder": "plain", "revision": "abc", "subset": "en"},
            "corpus.revision: has no effect with a folder\ncorpus.subset: has no effect with a folder",
        ),
        (
            {"folder": "plain", "splits": {"train": "train"}},
            "corpus.splits: has no effect: the dataset has none",
        ),
        ({"folder": "nowhere"}, "nowhere: is not a folder"),
        (
            {"repo": "some/rows", "revision": "abc"},
            "some/rows@abc: cannot be loaded: Couldn't reach 'some/rows' on the Hub (OfflineModeIsEnabled);"
            " the first time needs a network; later ones read the cache. A folder needs none",
        ),
        (
            {"folder": "parts"},
            "parts: 'extra' is no split; write splits: {…: train, …: dev, …: test}",
        ),
        (
            {"folder": "parts", "splits": {"trian": "train", "extra": "held-out"}},
            "parts: has no split 'trian'; did you mean 'train'?\n"
            "parts: 'held-out' is no split; write splits: {…: train, …: dev, …: test}",
        ),
        (
            {"folder": "plain", "columns": {"target": "entty", "stance": "label"}},
            "plain: has no column 'entty' for target; did you mean 'entity'?",
        ),
        (
            {"folder": "plain", "columns": SHAPE["columns"]},
            "plain row 1: label: unknown label 'neg'; the labels are critical, neutral, supportive;"
            " label_map turns others into these\n"
            "plain row 2: label: unknown label 'pos'; the labels are critical, neutral, supportive;"
            " label_map turns others into these",
        ),
    ],
)
def test_what_cannot_be_had_is_told_with_what_to_do(options: dict[str, Any], message: str) -> None:
    saved("plain")
    saved("parts", "train", "extra")
    assert complaint(**options) == message


def test_a_damaged_folder() -> None:
    saved("plain")
    (data,) = Path("plain").glob("*.arrow")
    data.write_bytes(data.read_bytes()[:100])
    assert complaint(folder="plain", **SHAPE).startswith("plain: cannot be loaded: ")
    Path("empty").mkdir()
    assert complaint(folder="empty").startswith("empty: cannot be loaded: The directory at ")


def test_a_data_file_that_is_cut_off() -> None:
    Path("cut").mkdir()
    Path("cut/train.jsonl").write_text('{"text": "a"}\n{"text": "b', encoding="utf-8")
    told = complaint(folder="cut")
    assert told.startswith("cut: cannot be loaded: ")
    assert told.endswith("; the kind files reads CSV, JSONL and Parquet too, and names the line of a fault")
