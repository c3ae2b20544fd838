"""Files with the labels of several annotators: a column each, a row each, or all in one cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.files import files
from harness.values.errors import CorpusError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

WIDE = """text,target,a,b,c,group
Voters thanked Varna.,Varna,pos,pos,neu,g1
Varna is late.,Varna,neg,pos,,g1
Korr met Varna.,Varna,,,,g2
Varna waits.,Varna,,neu,,g2
"""
TEXTS = ["Voters thanked Varna.", "Varna is late."]
LONG = """text,target,stance,coder
Voters thanked Varna.,Varna,pos,a
Varna is late.,Varna,neg,a
Voters thanked Varna.,Varna,pos,b
Varna is late.,Varna,pos,b
Voters thanked Varna.,Varna,neu,c
"""
MAP = {"pos": "supportive", "neu": "neutral", "neg": "critical"}


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(content: str, *, task: Any = "stance", **options: Any) -> Corpus:
    Path("mine.csv").write_text(content, encoding="utf-8")
    labels = STANCE if task == "stance" else FRAMING
    return files(path=Path("mine.csv"), labels=labels, task=task, **options)


@pytest.mark.parametrize("how", [None, "majority"])
def test_a_column_for_each_annotator(how: Any, messages: Messages) -> None:
    corpus = load(WIDE, columns={"votes": ("a", "b", "c")}, label_map=MAP, aggregate=how)
    assert corpus.rows["stance"].tolist() == ["supportive", None, None, "neutral"]
    assert corpus.rows["votes"].tolist() == [
        ("supportive", "supportive", "neutral"),
        ("critical", "supportive"),
        None,
        ("neutral",),
    ]
    messages("\n".join(corpus.for_task("stance").notes))


def test_a_row_for_each_annotation_becomes_a_row_for_each_item(messages: Messages) -> None:
    corpus = load(LONG, columns={"annotator": "coder"}, label_map=MAP)
    assert corpus.rows["text"].tolist() == TEXTS
    assert corpus.rows["stance"].tolist() == ["supportive", None]
    assert corpus.rows["votes"].tolist()[0] == ("supportive", "supportive", "neutral")
    assert corpus.rows["id"].tolist() == ["mine.csv:2", "mine.csv:3"]
    messages("\n".join(corpus.notes))


def test_long_and_wide_files_give_the_same_labels() -> None:
    wide = load(WIDE, columns={"votes": ("a", "b", "c")}, label_map=MAP).rows["stance"].tolist()[:2]
    assert load(LONG, columns={"annotator": "coder"}, label_map=MAP).rows["stance"].tolist() == wide


def test_votes_in_one_cell_are_counted() -> None:
    content = "text,target,votes\nThanks to Varna.,Varna,pos|pos|neg\nVarna waits.,Varna,pos|neg\n"
    assert load(content, label_map=MAP).rows["stance"].tolist() == ["supportive", None]


def test_votes_beside_labels_change_no_label() -> None:
    content = WIDE.replace("group", "stance").replace("g1", "neg").replace("g2", "neu")
    corpus = load(content, columns={"votes": ("a", "b", "c")}, label_map=MAP)
    assert corpus.rows["stance"].tolist() == ["critical", "critical", "neutral", "neutral"]
    assert corpus.notes == ()


def test_frames_are_decided_one_by_one() -> None:
    content = "text,a,b,c\none,conflict|morality,conflict,conflict\ntwo,morality,,x\n"
    corpus = load(
        content.replace(",x", ","), task="framing", columns={"votes": ("a", "b", "c")}, aggregate="majority"
    )
    assert corpus.rows["frames"].tolist() == [("conflict",), ("morality",)]
    assert corpus.rows["frames_votes"].tolist()[0] == (("conflict", "morality"), ("conflict",), ("conflict",))


SPELT = """text,target,stance by Ada,stance by ben,stance by  ADA,stance by Ben
One.,Varna,pos,pos,,
Two.,Varna,pos,,neg,neg
Three.,Varna,,,neg,neg
Four.,Varna,neg,,,
"""
SPELLINGS = ("stance by Ada", "stance by ben", "stance by  ADA", "stance by Ben")


@pytest.mark.parametrize("how", ["majority", "dawid_skene"])
def test_columns_of_one_annotator_are_taken_together(how: Any, messages: Messages) -> None:
    corpus = load(SPELT, columns={"votes": SPELLINGS}, label_map=MAP, aggregate=how)
    # As on the label screen, of two votes of a person on a row the first counts; "Two." is then tied.
    assert corpus.rows["votes"].tolist() == [
        ("supportive", "supportive"),
        ("supportive", "critical"),
        ("critical", "critical"),
        ("critical",),
    ]
    assert corpus.rows["stance"].tolist()[0::2] == ["supportive", "critical"]
    if how == "majority":
        assert corpus.rows["stance"].tolist()[1] is None
        messages("\n".join(corpus.notes))


@pytest.mark.parametrize("name", ["A", "A\u00a0"])
def test_rows_of_one_annotator_are_taken_together(name: str) -> None:
    content = LONG + f"Voters thanked Varna.,Varna,neu,{name}\n"
    with pytest.raises(CorpusError) as caught:
        load(content, columns={"annotator": "coder"}, label_map=MAP)
    assert "second time" in str(caught.value)
    corpus = load(LONG + f"Varna sits.,Varna,neu,{name}\n", columns={"annotator": "coder"}, label_map=MAP)
    assert corpus.rows["votes"].tolist()[-1] == ("neutral",)
    assert corpus.notes[0].startswith("mine.csv: taken as one annotator each: 'a'")


FRAMED = """text,target,gold,gold_frames,stance by Ada,stance by Ben,frames by Ada,frames by Ben
One.,Varna,pos,conflict|morality,pos,neg,conflict,conflict|morality
Two.,Varna,neg,none,neg,neg,none,
Three.,Varna,neg,morality,neg,neg,conflict,morality
"""
OF_STANCE, OF_FRAMES = ("stance by Ada", "stance by Ben"), ("frames by Ada", "frames by Ben")
BOTH = {"stance": "gold", "votes": OF_STANCE, "frames": "gold_frames", "frames_votes": OF_FRAMES}


@pytest.mark.parametrize("task", ["stance", "framing"])
def test_labels_and_votes_of_both_questions_stand_in_one_config(task: Any) -> None:
    rows = load(FRAMED, task=task, columns=BOTH, label_map=MAP | {"none": None}).rows
    assert rows["stance"].tolist() == ["supportive", "critical", "critical"]
    assert rows["votes"].tolist()[0] == ("supportive", "critical")
    assert rows["frames"].tolist() == [("conflict", "morality"), (), ("morality",)]
    assert rows["frames_votes"].tolist() == [
        (("conflict",), ("conflict", "morality")),
        ((),),
        (("conflict",), ("morality",)),
    ]


def test_votes_on_frames_alone_decide_them() -> None:
    columns: dict[str, Any] = {"frames_votes": OF_FRAMES, "votes": OF_STANCE}
    content, labels = FRAMED.replace("gold_frames", "x"), MAP | {"none": None}
    rows = load(content, task="framing", columns=columns, label_map=labels).rows
    assert rows["frames"].tolist() == [("conflict",), (), ()]
    assert rows["votes"].tolist()[0] == ("supportive", "critical")


def test_votes_on_frames_beside_frames_are_told_where_they_go(messages: Messages) -> None:
    for votes in (OF_FRAMES, "frames by Ada"):
        with pytest.raises(CorpusError) as caught:
            load(FRAMED, task="framing", columns={"frames": "gold_frames", "votes": votes}, label_map=MAP)
    messages(caught.value)


def test_a_column_of_that_name_stays_as_it_is() -> None:
    content = FRAMED.replace("frames by Ada", "frames_votes").replace(",stance by Ada,stance by Ben", ",x,y")
    rows = load(content, columns={"stance": "gold"}, label_map=MAP).rows
    assert rows["frames_votes"].tolist() == ["conflict", "none", "conflict"]


def test_dawid_skene_needs_names_of_annotators() -> None:
    corpus = load(WIDE, columns={"votes": ("a", "b", "c")}, label_map=MAP, aggregate="dawid_skene")
    assert corpus.rows["stance"].tolist()[0] == "supportive"
    with pytest.raises(CorpusError):
        load("text,target,votes\nVarna.,Varna,pos|neg\n", label_map=MAP, aggregate="dawid_skene")


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing to aggregate": ("text,target,stance\nVarna.,Varna,pos\n", {"aggregate": "majority"}),
    "labels beside votes": (
        "text,target,stance,votes\nVarna.,Varna,pos,pos|neg\n",
        {"aggregate": "majority"},
    ),
    "unnamed annotators": ("text,target,votes\nVarna.,Varna,pos|neg\n", {"aggregate": "dawid_skene"}),
    "twice by one annotator": (LONG + "Varna is late.,Varna,neg,a\n", {"columns": {"annotator": "coder"}}),
    "an annotation by nobody": (LONG + "Varna sits.,Varna,neg,\n", {"columns": {"annotator": "coder"}}),
    "a column that is not there": (WIDE, {"columns": {"votes": ("a", "d")}}),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_aggregated_is_refused(case: str, messages: Messages) -> None:
    content, options = WRONG[case]
    with pytest.raises(CorpusError) as caught:
        load(content, label_map=MAP, **options)
    messages(caught.value)
