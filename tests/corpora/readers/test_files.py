"""Your own files: columns, labels, splits, and configs for them with problems."""

from __future__ import annotations

import csv
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


def rows_aside(path: str = "bad.csv") -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


BAD_CSV = """sentence,party,label,conflict,start,end
Varna is late again.,Varna,neg,1,0,5
Varna wins,Varna,neg
,Varna,neg,0,,
Korr met Varna.,Korr,maybe,0,,
Korr met Varna again.,Korr,maybe,1,0,99
Korr left.,Korr,neu,perhaps,,
Tove left.,,pos,1,,
Tove stayed.,Tove,pos,1,0,3
Tove smiled.,Tove,pos,1,0,4
"""


def test_rows_that_are_wrong_are_set_aside(messages: Messages) -> None:
    Path("mine.csv").write_text(BAD_CSV, encoding="utf-8")
    options: dict[str, Any] = {
        "path": "mine.csv",
        "columns": {**COLUMNS, "frames": ["conflict"]},
        "label_map": LABELS,
    }
    with pytest.raises(CorpusError):
        load(**options)
    corpus = load(**options, skip_bad="bad.csv")
    assert corpus.rows["id"].tolist() == ["mine.csv:2", "mine.csv:10"]
    aside = {row["row"]: row for row in rows_aside()}
    assert sorted(aside, key=int) == ["3", "4", "5", "6", "7", "8", "9"]
    # As the file has them: they can be mended there and put back.
    assert {**aside["3"], "problem": ""} == {
        "file": "mine.csv",
        "row": "3",
        "problem": "",
        "sentence": "Varna wins",
        "party": "Varna",
        "label": "neg",
        "conflict": "",
        "start": "",
        "end": "",
    }
    assert (aside["6"]["party"], aside["6"]["label"], aside["6"]["end"]) == ("Korr", "maybe", "99")
    problems = "\n".join(f"{row['row']}: {row['problem']}" for row in aside.values())
    messages(f"{corpus.notes[-1]}\n{problems}")


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "xlsx"])
def test_rows_of_any_format_are_set_aside(ending: str) -> None:
    frame = pd.DataFrame({"text": ["A", "", "C"], "target": "Varna", "stance": ["neutral", "neutral", "x"]})
    path = Path(f"more.{ending}")
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
        with path.open("a", encoding="utf-8") as handle:
            handle.write("{cut off\n")
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_excel(path, index=False)
    corpus = load(path=path.name, skip_bad="bad.csv")
    assert corpus.rows["text"].tolist() == ["A"]
    aside = rows_aside()
    assert len(aside) == 2 + (ending == "jsonl")
    assert {row["file"] for row in aside} == {path.name}
    assert [row["line"] for row in aside if row.get("line")] == ["{cut off"] * (ending == "jsonl")


def test_annotations_of_nobody_are_set_aside() -> None:
    cells = {"text": ["A"] * 3, "target": "Varna", "stance": ["neutral", "neutral", "critical"]}
    pd.DataFrame({**cells, "annotator": ["ann", "bo", None]}).to_csv("votes.csv", index=False)
    corpus = load(path="votes.csv", columns={"annotator": "annotator"}, skip_bad="bad.csv")
    assert corpus.rows["stance"].tolist() == ["neutral"]
    assert [row["row"] for row in rows_aside()] == ["4"]


def test_a_corpus_without_a_wrong_row_sets_none_aside() -> None:
    plain = load(path="mine.csv", columns=COLUMNS, label_map=LABELS)
    corpus = load(path="mine.csv", columns=COLUMNS, label_map=LABELS, skip_bad="bad.csv")
    assert (corpus.notes, corpus.fingerprint) == (plain.notes, plain.fingerprint)
    assert rows_aside() == []


@pytest.mark.parametrize(
    "text",
    [
        "sentence,party,label\n",
        "sentence;party;label\nA;Varna;neg\n",
        "sentence,party,label,party\nA,Varna,neg,Korr\n",
        "sentence,x\nA,1\n",
    ],
)
def test_a_file_that_is_wrong_is_refused_all_the_same(text: str) -> None:
    Path("mine.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError):
        load(path="mine.csv", columns=COLUMNS, label_map=LABELS, skip_bad="bad.csv")


def test_a_corpus_of_wrong_rows_alone_is_refused() -> None:
    Path("mine.csv").write_text("text,target,stance\n,Varna,neutral\nA,,neutral\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no rows"):
        load(path="mine.csv", skip_bad="bad.csv")


def test_a_missing_column_is_not_taken_for_one_that_holds_something_else() -> None:
    # "sentence" is as near to "stance" as a typing error would be.
    Path("mine.csv").write_text("text,target,stance\na,b,critical\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        load(path="mine.csv", columns={"text": "sentence"})
    (problem,) = caught.value.problems
    assert "'sentence'" in problem.what
    assert "stance" not in problem.hint
    assert "text" in problem.hint
