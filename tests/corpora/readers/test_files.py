"""Your own files: columns, labels, splits, and configs for them with problems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.corpora.readers.files import files
from harness.values.catalog import bind
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

CSV = """sentence,party,label,frames,country
"Voters thanked Varna, and left.",Varna,pos,conflict|morality,North
Varna is late again.,Varna,neg,,North
Korr met Varna on Monday.,Korr,neu,morality,South
"""
COLUMNS = {"text": "sentence", "target": "party", "stance": "label"}
LABELS = {"neg": "critical", "neu": "neutral", "pos": "supportive"}


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(CSV, encoding="utf-8")


def load(**options: Any) -> Corpus:
    """The corpus that a config with these options gives."""
    labels, task = (FRAMING, "framing") if options.pop("task", "stance") == "framing" else (STANCE, "stance")
    bound = bind("corpus", "files", options, "corpus", lambda _: Path.cwd())
    corpus: Corpus = bound.make(labels=labels, task=task)
    return corpus


def error_of(**options: Any) -> CorpusError | ConfigError:
    with pytest.raises((CorpusError, ConfigError)) as caught:
        load(**options)
    return caught.value


def wheres(error: CorpusError | ConfigError) -> list[str]:
    return [problem.where for problem in error.problems]


def test_the_least_a_config_has_to_say() -> None:
    corpus = load(path="mine.csv", columns=COLUMNS, label_map=LABELS)
    assert (corpus.name, corpus.source) == ("mine", "mine.csv")
    assert corpus.rows["id"].tolist() == ["mine.csv:2", "mine.csv:3", "mine.csv:4"]
    assert corpus.rows["stance"].tolist() == ["supportive", "critical", "neutral"]
    assert corpus.rows["target"].tolist() == ["Varna", "Varna", "Korr"]
    assert corpus.rows["country"].tolist() == ["North", "North", "South"]
    assert corpus.rows["group"].tolist() == [None, None, None]


def test_a_blank_cell_of_frames_means_that_none_applies() -> None:
    corpus = load(path="mine.csv", columns={"text": "sentence"}, task="framing")
    assert corpus.rows["frames"].tolist() == [("conflict", "morality"), (), ("morality",)]
    assert len(corpus.for_task("framing")) == 3


def test_frames_may_stand_in_columns_of_their_own(messages: Messages) -> None:
    Path("wide.csv").write_text("text,C,M,x\na,1,0,1\nb,TRUE,yes,2\nc,,no,3\n", encoding="utf-8")
    shape = {"columns": {"frames": ["C", "M"]}, "label_map": {"C": "conflict", "M": "morality"}}
    corpus = load(path="wide.csv", task="framing", **shape)
    assert corpus.rows["frames"].tolist() == [("conflict",), ("conflict", "morality"), ()]
    assert list(corpus.rows.columns)[-1] == "x"
    messages(error_of(path="wide.csv", task="framing", columns={"frames": ["C", "x"]}, label_map=LABELS))


def test_jsonl_with_codes_spans_frames_and_votes() -> None:
    row = {
        "text": "Varna is late.",
        "target": "Varna",
        "from": 0,
        "to": 5,
        "polarity": -1,
        "frames": ["R"],
        "votes": [-1, 0],
        "split": "validation",
        "group": 7,
    }
    missing = {"text": "No frames noted.", "frames": None}
    Path("mine.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(missing)}\n", encoding="utf-8")
    corpus = load(
        path="mine.jsonl",
        columns={"start": "from", "end": "to", "stance": "polarity"},
        label_map={-1: "critical", 0: "neutral", "R": "responsibility"},
    )
    first = corpus.rows.iloc[0]
    assert (first["start"], first["end"], first["stance"]) == (0, 5, "critical")
    assert (first["frames"], first["votes"]) == (("responsibility",), ("critical", "neutral"))
    assert (first["split"], first["group"]) == ("dev", "7")
    assert corpus.rows["frames"][1] is None


def test_parquet_reads_as_csv_does() -> None:
    frame = pd.read_csv("mine.csv", dtype=str)
    frame["frames"] = [["conflict", "morality"], [], ["morality"]]
    frame["label"] = [2.0, 0.0, None]
    frame.to_parquet("mine.parquet")
    corpus = load(path="mine.parquet", columns=COLUMNS, label_map={2: "supportive", "0.0": "critical"})
    assert corpus.rows["id"].tolist()[0] == "mine.parquet: row 1"
    assert corpus.rows["stance"].tolist() == ["supportive", "critical", None]
    assert corpus.rows["frames"].tolist() == [("conflict", "morality"), (), ("morality",)]


def test_several_files_and_files_by_split() -> None:
    for folder in ("train", "test"):
        Path(folder).mkdir()
        Path(folder, "data.csv").write_text(CSV, encoding="utf-8")
    options = {"columns": COLUMNS, "label_map": LABELS}
    listed = load(path=["train/data.csv", "mine.csv"], **options)
    assert len(listed) == 6
    assert listed.source == "train/data.csv, mine.csv"
    split = load(path={"train": ["train/data.csv", "mine.csv"], "Valid": "test/data.csv"}, **options)
    assert split.rows["split"].tolist() == ["train"] * 6 + ["dev"] * 3
    assert split.rows["id"].tolist()[::3] == [
        "train/data.csv:2",
        f"{Path.cwd().name}/mine.csv:2",
        "test/data.csv:2",
    ]


def test_a_label_may_be_left_out() -> None:
    corpus = load(path="mine.csv", columns=COLUMNS, label_map=LABELS | {"neu": None})
    assert corpus.rows["stance"].tolist() == ["supportive", "critical", None]
    assert len(corpus.for_task("stance")) == 2


def test_one_party_for_all_rows(messages: Messages) -> None:
    Path("one.csv").write_text("text,stance\nLate again.,critical\n", encoding="utf-8")
    assert load(path="one.csv", target="Varna").rows["target"].tolist() == ["Varna"]
    messages(error_of(path="mine.csv", target="Varna", columns=COLUMNS))
    Path("two.csv").write_text("text,stance,target\nLate.,critical,Korr\n", encoding="utf-8")
    messages(error_of(path="two.csv", target="Varna"))


def test_parties_are_read_from_a_registry() -> None:
    Path("parties.yaml").write_text("- {name: Varna, aliases: [the republic]}\n", encoding="utf-8")
    corpus = load(path="mine.csv", columns=COLUMNS, label_map=LABELS, parties="parties.yaml")
    assert corpus.parties.spans("Praise for the republic.", "Varna") == ((11, 23),)


def test_the_name_of_the_corpus_can_be_set() -> None:
    assert load(path="mine.csv", columns=COLUMNS, label_map=LABELS, name="debates").name == "debates"


def test_equal_files_have_equal_fingerprints_wherever_they_lie(tmp_path: Path) -> None:
    options = {"columns": COLUMNS, "label_map": LABELS}
    fingerprint = load(path="mine.csv", **options).fingerprint
    Path("deep").mkdir()
    Path("deep/mine.csv").write_text(CSV, encoding="utf-8")
    assert load(path="deep/mine.csv", **options).fingerprint == fingerprint
    Path("deep/mine.csv").write_text(CSV.replace("late", "Late"), encoding="utf-8")
    assert load(path="deep/mine.csv", **options).fingerprint != fingerprint


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown column": ({"columns": COLUMNS | {"text": "sentense"}}, ["mine.csv"]),
    "missing columns": ({"columns": {"text": "sentence"}}, ["mine.csv", "mine.csv"]),
    "unknown labels": ({"columns": COLUMNS}, [f"mine.csv:{line}: label" for line in (2, 3, 4)]),
    "columns that cannot be": (
        {"columns": {"txt": "sentence", "stance": ["label", "party"]}},
        ["corpus.columns.txt", "corpus.columns.stance"],
    ),
    "empty separator": ({"separator": ""}, ["corpus.separator"]),
    "no file": ({"path": []}, ["corpus.path"]),
    "no split": ({"path": {}}, ["corpus.path"]),
    "unknown split": ({"path": {"trian": "mine.csv"}}, ["corpus.path.trian"]),
    "splits twice": (
        {"path": {"train": "mine.csv"}, "columns": COLUMNS | {"split": "country"}},
        ["corpus.columns.split"],
    ),
    "unknown option": ({"label_mpa": {}}, ["corpus.label_mpa"]),
    "unknown format": ({"format": "xls"}, ["corpus.format"]),
}


@pytest.mark.parametrize(("options", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_refused_with_what_to_do(
    options: dict[str, Any], expected: list[str], messages: Messages
) -> None:
    error = error_of(**{"path": "mine.csv", **options})
    assert wheres(error) == expected
    messages(error)


def test_the_problems_of_all_files_are_reported_at_once(messages: Messages) -> None:
    Path("a.csv").write_text("text,label\nx\n", encoding="utf-8")
    Path("b.jsonl").write_text("{\n", encoding="utf-8")
    messages(error_of(path=["a.csv", "mine.csv", "b.jsonl"], columns=COLUMNS, label_map=LABELS))


def test_the_same_file_twice_repeats_every_id() -> None:
    error = error_of(path=["mine.csv", "mine.csv"], columns=COLUMNS, label_map=LABELS)
    assert wheres(error) == [f"mine.csv:{line}: id" for line in (2, 3, 4)]


def test_without_a_harness_around_it() -> None:
    corpus = files(path=Path("mine.csv"), columns=COLUMNS)
    assert corpus.rows["stance"].tolist() == ["pos", "neg", "neu"]
