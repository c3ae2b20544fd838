"""Datasets in a folder, and the errors about those that cannot be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.values.catalog import bind
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

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


def load(task: str = "stance", **options: Any) -> Corpus:
    bound = bind("corpus", "hub", options, "corpus", lambda _: Path.cwd())
    corpus: Corpus = bound.make(labels=STANCE if task == "stance" else FRAMING, task=task)
    return corpus


def error_of(**options: Any) -> CorpusError | ConfigError:
    with pytest.raises((CorpusError, ConfigError)) as caught:
        load(**options)
    return caught.value


def wheres(error: CorpusError | ConfigError) -> list[str]:
    return [problem.where for problem in error.problems]


SHAPE = {"columns": {"target": "entity", "stance": "label"}, "label_map": LABELS}


def test_codes_are_read_by_the_names_that_the_dataset_gives_them() -> None:
    saved("plain")
    corpus = load(folder="plain", **SHAPE)
    assert (corpus.name, corpus.source) == ("plain", "plain")
    assert corpus.rows["id"].tolist() == ["row:1", "row:2", "row:3"]
    # -1 is the library's code for a label that is withheld.
    assert corpus.rows["stance"].tolist() == ["critical", "supportive", None]
    assert corpus.rows["frames"].tolist() == [("conflict", "morality"), (), ("morality",)]
    assert len(load(folder="plain", task="framing").for_task("framing")) == 3


def test_splits_go_by_their_names_or_by_the_map() -> None:
    saved("parts", "train", "validation", "test")
    corpus = load(folder="parts", **SHAPE)
    assert corpus.rows["split"].tolist() == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3
    assert corpus.rows["id"].tolist()[3] == "validation:1"
    corpus = load(folder="parts", splits={"train": "test"}, name="mine", **SHAPE)
    assert (corpus.name, corpus.rows["split"].tolist()) == ("mine", ["test"] * 3)


def test_a_folder_of_data_files() -> None:
    folder = Path("files")
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text("text,target,stance\nLate.,Varna,critical\n", encoding="utf-8")
    corpus = load(folder="files")
    assert corpus.rows["id"].tolist() == ["train:1", "test:1"]


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["corpus.repo"]),
    "both": ({"repo": "some/rows", "folder": "plain"}, ["corpus.repo"]),
    "no revision": ({"repo": "some/rows"}, ["corpus.revision"]),
    "options of the hub": (
        {"folder": "plain", "revision": "abc", "subset": "en"},
        ["corpus.revision", "corpus.subset"],
    ),
    "splits of none": ({"folder": "plain", "splits": {"train": "train"}}, ["corpus.splits"]),
    "no folder": ({"folder": "nowhere"}, ["nowhere"]),
    "no network": ({"repo": "some/rows", "revision": "abc"}, ["some/rows@abc"]),
    "unknown split": ({"folder": "parts"}, ["parts"]),
    "unknown splits": (
        {"folder": "parts", "splits": {"trian": "train", "extra": "held-out"}},
        ["parts", "parts"],
    ),
    "unknown column": ({"folder": "plain", "columns": {"target": "entty", "stance": "label"}}, ["plain"]),
    "unknown labels": (
        {"folder": "plain", "columns": SHAPE["columns"]},
        ["plain row 1: label", "plain row 2: label"],
    ),
}


@pytest.mark.parametrize(("options", "expected"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_loaded_is_refused_with_what_to_do(
    options: dict[str, Any], expected: list[str], messages: Messages
) -> None:
    saved("plain")
    saved("parts", "train", "extra")
    error = error_of(**options)
    assert wheres(error) == expected
    messages(error)


def test_a_damaged_folder(messages: Messages) -> None:
    saved("plain")
    (data,) = Path("plain").glob("*.arrow")
    data.write_bytes(data.read_bytes()[:100])
    Path("empty").mkdir()
    for name, options in (("plain", SHAPE), ("empty", {})):
        error = error_of(folder=name, **options)
        assert wheres(error) == [name]
        assert error.__cause__ is not None
        # The reasons are the library's own words.
        messages(str(error).rpartition(str(error.__cause__).splitlines()[0])[0].rstrip())


def test_a_data_file_that_is_cut_off(messages: Messages) -> None:
    Path("cut").mkdir()
    Path("cut/train.jsonl").write_text('{"text": "a"}\n{"text": "b', encoding="utf-8")
    error = error_of(folder="cut")
    assert wheres(error) == ["cut"]
    (problem,) = error.problems
    assert "files" in problem.hint.split()
    messages(problem.hint)
