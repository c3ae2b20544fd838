"""Rows with one fault each, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.corpora.checks import SHOWN, Raw, build, is_missing, stacked, written
from harness.values.errors import CorpusError
from harness.values.labels import FRAMING, STANCE, LabelSet, Task
from harness.values.tables import CORPUS_COLUMNS, Corpus

GOOD = {"id": "a", "text": "Varna won.", "target": "Varna", "start": 0, "end": 5, "stance": "neutral"}


def built(
    *rows: dict[str, Any], labels: LabelSet | None = STANCE, task: Task = "stance", **raw: Any
) -> Corpus:
    frame = pd.DataFrame(list(rows), dtype=object)
    places = [f"mine.csv:{line}" for line in range(2, len(rows) + 2)]
    return build("mine", Raw(frame, places, "mine.csv", **raw), labels=labels, task=task)


def complaint(*rows: dict[str, Any], **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        built(*rows, **options)
    return str(caught.value)


def test_every_column_is_there_and_holds_none_where_nothing_is_known() -> None:
    rows = built(GOOD | {"loud": True}, {"text": "No party here.", "id": "b"}).rows
    assert list(rows.columns) == [*CORPUS_COLUMNS, "loud"]
    for column in set(CORPUS_COLUMNS) - {"id", "text", "start", "end"}:
        assert rows.loc[1, column] is None, column
    assert rows["start"].tolist() == [0, pd.NA]
    assert (str(rows["start"].dtype), str(rows["end"].dtype)) == ("Int64", "Int64")


def test_a_row_without_an_id_is_called_by_its_place() -> None:
    assert built(GOOD | {"id": None}, GOOD | {"id": " "}).rows["id"].tolist() == ["mine.csv:2", "mine.csv:3"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"text": ""}, "text: is empty"),
        ({"text": " \n"}, "text: is empty"),
        ({"text": None}, "text: is empty"),
        ({"text": 5, "start": None, "end": None}, "text: is not text: 5"),
        ({"text": "Varna \ud83d"}, "text: holds half a surrogate pair, which is no character"),
        ({"target": None}, "target: is missing, though the row has a stance"),
        ({"target": "  "}, "target: is missing, though the row has a stance"),
        ({"start": None}, "start: is missing; a span needs both start and end"),
        ({"end": None}, "end: is missing; a span needs both start and end"),
        ({"start": -1}, "start: is negative: -1"),
        ({"start": 5}, "start: is 5, not before the end 5"),
        ({"start": 6}, "start: is 6, not before the end 5"),
        ({"end": 11}, "end: is 11, outside the text of 10 characters"),
        ({"end": "five"}, "end: is not a whole number: 'five'"),
        ({"end": 5.5}, "end: is not a whole number: '5.5'"),
        (
            {"stance": "hostile"},
            "stance: unknown label 'hostile'; the labels are critical, neutral, supportive",
        ),
        ({"split": "tets"}, "split: unknown split 'tets'; did you mean 'test'?"),
    ],
)
def test_a_fault_is_told_with_file_row_and_column(change: dict[str, Any], message: str) -> None:
    lines = complaint(GOOD | change).splitlines()
    assert lines[0] == f"mine.csv:2: {message}"
    # A number that cannot be read leaves half a span behind, which is told too.
    assert len(lines) == (2 if "whole number" in message else 1)


@pytest.mark.parametrize(
    "change",
    [
        {"start": 0, "end": 10},
        {"start": 9, "end": 10},
        {"start": "0", "end": "5.0".removesuffix(".0")},
        {"start": 0.0, "end": 5.0},
        {"start": None, "end": None},
        {"start": np.nan, "end": pd.NA},
        {"stance": None, "target": None},
        {"stance": None},
        {"split": "Validation"},
        {"text": "V\U0001f600rna", "end": 5},
    ],
)
def test_what_is_just_right_passes(change: dict[str, Any]) -> None:
    assert len(built(GOOD | change)) == 1


def test_a_repeated_id_names_where_it_stands_first() -> None:
    told = complaint(GOOD, GOOD | {"id": "b"}, GOOD)
    assert told == "mine.csv:4: id: 'a' stands at mine.csv:2 already"


def test_all_faults_are_told_at_once_in_the_order_of_the_rows() -> None:
    told = complaint(GOOD | {"text": ""}, GOOD | {"stance": "pro"}, GOOD | {"id": "c", "target": None})
    assert told.splitlines() == [
        "mine.csv:2: text: is empty",
        "mine.csv:3: id: 'a' stands at mine.csv:2 already",
        "mine.csv:3: stance: unknown label 'pro'; the labels are critical, neutral, supportive",
        "mine.csv:4: target: is missing, though the row has a stance",
    ]


def test_a_wrong_label_is_told_once_with_its_count() -> None:
    rows = [GOOD | {"id": str(n), "stance": "pro" if n else "con"} for n in range(2_001)]
    assert complaint(*rows).splitlines() == [
        "mine.csv:2: stance: unknown label 'con'; the labels are critical, neutral, supportive",
        "mine.csv:3: stance: unknown label 'pro', and in 1,999 more rows;"
        " the labels are critical, neutral, supportive",
    ]


def test_columns_are_called_what_the_source_calls_them() -> None:
    told = complaint(GOOD | {"stance": "pro"}, named={"stance": "label"}, remedy="map it")
    assert told == (
        "mine.csv:2: label: unknown label 'pro'; the labels are critical, neutral, supportive; map it"
    )


@pytest.mark.parametrize("count", [SHOWN, SHOWN + 1])
def test_more_than_twenty_faults_are_counted(count: int) -> None:
    lines = complaint(*[GOOD | {"id": str(n), "text": ""} for n in range(count)]).splitlines()
    assert len(lines) == count
    assert lines[SHOWN - 1] == f"mine.csv:{SHOWN + 1}: text: is empty"
    if count > SHOWN:
        assert lines[-1] == "mine.csv: … and 1 more problems"


def test_no_rows_at_all() -> None:
    assert complaint() == "mine.csv: has no rows"


def test_frames_are_checked_where_framing_is_the_task() -> None:
    row = {"text": "Prices rose.", "frames": ["economic_consequences", "drama"]}
    told = complaint(row, labels=FRAMING, task="framing")
    assert told == (
        "mine.csv:2: frames: unknown label 'drama'; the labels are conflict, human_interest,"
        " economic_consequences, morality, responsibility"
    )
    assert built(row | {"frames": ["morality"]}, labels=FRAMING, task="framing").rows["frames"][0] == (
        "morality",
    )
    assert built(row | {"frames": []}, labels=FRAMING, task="framing").rows["frames"][0] == ()
    # For stance, the frames of a row are nobody's business.
    assert len(built(row)) == 1


def test_any_label_will_do_where_none_are_declared() -> None:
    assert built(GOOD | {"stance": "hostile"}, labels=None).rows["stance"][0] == "hostile"


@pytest.mark.parametrize(
    "value, text",
    [
        (1, "1"),
        (2.0, "2"),
        (2.5, "2.5"),
        (True, "true"),
        (np.int64(3), "3"),
        (np.True_, "true"),
        (" x ", "x"),
        (pd.Timestamp("2031-03-14"), "2031-03-14T00:00:00"),
    ],
)
def test_cells_are_written_as_a_person_would(value: Any, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, "", " \t"])
def test_missing(value: Any) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "None", "NA", (), [], np.array([])])
def test_not_missing(value: Any) -> None:
    assert not is_missing(value)


def test_stacked_sources_keep_their_places() -> None:
    one = Raw(pd.DataFrame({"text": ["a"]}), ["x:1"], "x", {"text": "body"})
    two = Raw(pd.DataFrame({"text": ["b"], "more": [1]}), ["y:1"], "y")
    both = stacked([one, two], "x, y")
    assert (both.places, both.source, both.named) == (["x:1", "y:1"], "x, y", {"text": "body"})
    assert both.frame["text"].tolist() == ["a", "b"]
