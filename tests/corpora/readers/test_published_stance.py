"""P-Stance, VAST and SEESAW in their published formats, on invented lines; and the real files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.narrative_frames import narrative_frames
from harness.corpora.readers.pstance import pstance
from harness.corpora.readers.seesaw import seesaw
from harness.corpora.readers.vast import vast
from harness.splits import predefined
from harness.values.labels import STANCE, TWO_SIDES
from harness.values.tables import Corpus
from tests.corpora.messages import Messages
from tests.corpora.published import error_of, needs, source_notes, splits, wheres


def pstance_files(home: Path, *files: str, row: str = '"Go, {name}!",{name},FAVOR') -> Path:
    names = {"trump": "Donald Trump", "biden": "Joe Biden", "bernie": "Bernie Sanders"}
    for file in files:
        for short, name in names.items():
            text = f"Tweet,Target,Stance\n{row.format(name=name)}\n" + f"No {name} {file}.,{name},AGAINST\n"
            (home / f"raw_{file}_{short}.csv").write_text(text, encoding="utf-8")
    return home


def test_pstance(tmp_path: Path) -> None:
    home = pstance_files(tmp_path, "train", "val", "test")
    corpus = pstance(folder=home, labels=TWO_SIDES)
    assert splits(corpus) == {"train": 6, "dev": 6, "test": 6}
    first = corpus.rows.iloc[0]
    assert first[["id", "text", "target", "stance"]].tolist() == [
        "raw_train_trump.csv:2",
        "Go, Donald Trump!",
        "Donald Trump",
        "supportive",
    ]
    assert splits(pstance(folder=home, politician="biden", labels=TWO_SIDES)) == {
        "train": 2,
        "dev": 2,
        "test": 2,
    }
    assert splits(pstance(folder=home, scored="val", labels=TWO_SIDES)) == {"train": 6, "test": 6}


def test_pstance_without_its_test_files_or_with_an_unknown_code(tmp_path: Path, messages: Messages) -> None:
    home = pstance_files(tmp_path, "train", "val")
    corpus = pstance(folder=home, politician="trump", labels=TWO_SIDES)
    (note,) = source_notes(corpus, home)
    assert "raw_test_trump.csv" in note.split()
    messages(corpus.source)
    (home / "raw_val_biden.csv").unlink()
    messages(error_of(pstance, home))
    pstance_files(home, "val", row="Hm.,{name},NONE")
    messages(error_of(pstance, home, labels=TWO_SIDES))


VAST_HEADER = (
    "author,post,ori_topic,new_topic,label,type_idx,new_id,arc_id,text,topic_str,seen?,contains_topic?"
)


def vast_file(home: Path, split: str, *rows: str) -> Path:
    (home / f"vast_{split}.csv").write_text("\n".join([VAST_HEADER, *rows]) + "\n", encoding="utf-8")
    return home


def test_vast(tmp_path: Path, messages: Messages) -> None:
    home = vast_file(
        tmp_path,
        "train",
        'Ann,"Boats, not roads.",boats,ferries,1,1,7,a1,"[[""boat""]]",ferry,1,0',
        'Ann,"Boats, not roads.",boats,roads,0,2,8,a1,"[[""boat""]]",road,1,1',
        "Bo,Soup again.,soup,ferries,2,3,9,a2,[],ferry,0,0",
    )
    corpus = vast(folder=home, labels=STANCE)
    assert [re.findall(r"\w+\.csv", note) for note in source_notes(corpus, home)] == [
        ["vast_dev.csv"],
        ["vast_test.csv"],
    ]
    messages(corpus.source)
    assert corpus.rows["id"].tolist() == ["train:7", "train:8", "train:9"]
    assert corpus.rows["text"].tolist()[0] == "Boats, not roads."
    assert corpus.rows["target"].tolist() == ["ferries", "roads", "ferries"]
    assert corpus.rows["stance"].tolist() == ["supportive", "critical", "neutral"]
    assert corpus.rows["group"].tolist() == ["a1", "a1", "a2"]
    assert corpus.rows["shots"].tolist() == ["few", "few", "zero"]
    assert list(corpus.rows.columns)[-5:] == ["author", "ori_topic", "type_idx", "contains_topic?", "shots"]
    vast_file(home, "test", "Ann,Fog.,fog,fog,1,1,7,a9,[],fog,0,0")
    assert splits(vast(folder=home, labels=STANCE)) == {"train": 3, "test": 1}


def test_vast_with_an_unknown_code_or_another_header(tmp_path: Path, messages: Messages) -> None:
    vast_file(tmp_path, "train", "Ann,Fog.,fog,fog,3,1,7,a9,[],fog,0,0")
    messages(error_of(vast, tmp_path, labels=STANCE))
    (tmp_path / "vast_train.csv").write_text("post,topic,label\na,b,1\n", encoding="utf-8")
    messages(error_of(vast, tmp_path))


def seesaw_files(home: Path, split: str = "train", story: str = "TRIPLET_001", **change: Any) -> Path:
    for folder in ("annotations", "articles", "meta"):
        (home / folder).mkdir(exist_ok=True)
    meta = {"Split": split, "story_time": "2015-03-21", "story_topic": "us_senate"}
    meta |= {f"Meta info for article {n}": {"source": f"Paper {n}"} for n in range(3)}
    (home / "meta" / f"{story}.json").write_text(json.dumps(meta), encoding="utf-8")
    stances = [
        {"id": 0, "subject": "Ann", "sentiment": "NEG", "object": "Senate", "annotators": ["A"]},
        {"id": 1, "subject": "None", "sentiment": "POS", "object": "Ann", "annotators": ["A"]},
        {"id": 2, "subject": "Ann", "sentiment": "POS", "object": "Not in the list", "annotators": ["A"]},
    ]
    stances[0] |= change
    for number in range(3):
        name = f"{story}_DOCUMENT_{number}.json"
        annotated = {
            "entity lists": [
                ["Ann", ["People"], ["Main"], ["A"]],
                ["Senate", ["Organization"], ["Main"], ["A"]],
            ],
            "sentence-level stances": {"1": stances if number == 0 else []},
        }
        article = {
            "title": "T",
            "text": [{"id": 0, "text": "Fog."}, {"id": 1, "text": "Ann blames the Senate."}],
        }
        (home / "annotations" / name).write_text(json.dumps(annotated), encoding="utf-8")
        (home / "articles" / name).write_text(json.dumps(article), encoding="utf-8")
    return home


@pytest.mark.parametrize(
    ("target", "party"),
    [
        ("Republican Party", "yes"),
        ("Democratic_Party", "yes"),
        ("Senate Democrats", "yes"),
        ("House", "no"),
        ("GOP bill", "no"),
    ],
)
def test_seesaw_tells_parties_from_other_targets(tmp_path: Path, target: str, party: str) -> None:
    rows = seesaw(folder=seesaw_files(tmp_path, object=target), labels=TWO_SIDES).rows
    assert rows["party"].tolist() == [party, "no"]
    assert rows["target"].tolist() == [target.replace("_", " "), "Ann"]


def test_seesaw(tmp_path: Path, messages: Messages) -> None:
    home = seesaw_files(tmp_path)
    seesaw_files(home, "valid", "TRIPLET_002")
    corpus = seesaw(folder=home, labels=TWO_SIDES)
    rows = corpus.rows
    assert rows["id"].tolist()[:2] == ["TRIPLET_001_DOCUMENT_0.1.0", "TRIPLET_001_DOCUMENT_0.1.1"]
    assert rows.loc[0, ["text", "target", "holder", "stance", "group", "outlet", "date"]].tolist() == [
        "Ann blames the Senate.",
        "Senate",
        "Ann",
        "critical",
        "TRIPLET_001",
        "Paper 0",
        "2015-03-21",
    ]
    assert rows["holder"].tolist()[:2] == ["Ann", None]
    assert rows["subject"].tolist()[:2] == ["Ann", "None"]
    assert rows["target_kind"].tolist()[:2] == ["Organization", "People"]
    (note,) = source_notes(corpus, home)
    assert "test" in note.split()
    messages(corpus.source)
    assert splits(corpus) == {"train": 2, "dev": 2}
    assert splits(seesaw(folder=home, scored="valid", labels=TWO_SIDES)) == {"train": 2, "test": 2}
    seesaw_files(home, "test", "TRIPLET_003")
    assert splits(seesaw(folder=home, labels=TWO_SIDES)) == {"train": 2, "dev": 2, "test": 2}
    assert splits(seesaw(folder=home, scored="valid", labels=TWO_SIDES)) == {"train": 2, "test": 2}


@pytest.mark.parametrize(
    ("change", "column"),
    [({"sentiment": "NEU"}, "sentiment"), ({"object": " "}, "target"), ({"id": 1}, "id")],
    ids=["sentiment", "target", "id"],
)
def test_seesaw_with_a_broken_annotation(
    tmp_path: Path, change: dict[str, Any], column: str, messages: Messages
) -> None:
    home = seesaw_files(tmp_path, **change)
    error = error_of(seesaw, home, labels=TWO_SIDES)
    file = "annotations/TRIPLET_001_DOCUMENT_0.json"
    assert wheres(error, home) == [f"{file}: sentence 1: {column}"]
    messages(error)


def test_seesaw_with_broken_files(tmp_path: Path, messages: Messages) -> None:
    home = seesaw_files(tmp_path)
    meta = home / "meta" / "TRIPLET_001.json"
    whole = meta.read_text(encoding="utf-8")
    meta.write_text(whole.replace('"train"', '"tain"'), encoding="utf-8")
    messages(error_of(seesaw, home))
    meta.write_text("{}", encoding="utf-8")
    messages(error_of(seesaw, home))
    meta.write_text(whole, encoding="utf-8")
    article = home / "articles" / "TRIPLET_001_DOCUMENT_1.json"
    article.write_text('{"title": "T",\n"text": [', encoding="utf-8")
    messages(error_of(seesaw, home))
    article.write_bytes(b'{"title": "\xe9"}')
    messages(error_of(seesaw, home))
    article.unlink()
    messages(error_of(seesaw, home))
    meta.unlink()
    messages(error_of(seesaw, home))


@pytest.mark.parametrize(
    "factory, options, counted",
    [
        pytest.param(pstance, {}, {"train": 17_224, "dev": 2_193}, marks=needs("HARNESS_PSTANCE")),
        pytest.param(
            pstance, {"scored": "val"}, {"train": 17_224, "test": 2_193}, marks=needs("HARNESS_PSTANCE")
        ),
        pytest.param(vast, {}, {"train": 13_477}, marks=needs("HARNESS_VAST")),
        pytest.param(seesaw, {}, {"train": 5_939, "dev": 2_294}, marks=needs("HARNESS_SEESAW")),
        pytest.param(
            narrative_frames, {}, {"train": 258, "dev": 85}, marks=needs("HARNESS_NARRATIVE_FRAMES")
        ),
    ],
)
def test_the_real_files_are_read(
    factory: Callable[..., Corpus], options: dict[str, Any], counted: dict[str, int]
) -> None:
    assert splits(factory(**options)) == counted


@needs("HARNESS_SEESAW")
def test_no_story_of_the_real_files_is_split() -> None:
    (split,) = predefined().draw(seesaw(scored="valid", labels=TWO_SIDES), TWO_SIDES)
    assert split.notes == ()
