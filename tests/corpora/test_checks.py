"""Rows with one problem each, and the errors about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.corpora.checks import MAX_PROBLEMS, Raw, build, cell_text, concatenate, is_missing, select_rows
from harness.values.errors import CorpusError
from harness.values.labels import FRAMING, STANCE, LabelSet, Task
from harness.values.tables import CORPUS_COLUMNS, Corpus
from tests.corpora.messages import Messages

GOOD = {"id": "a", "text": "Varna won.", "target": "Varna", "start": 0, "end": 5, "stance": "neutral"}


def built(
    *rows: dict[str, Any], labels: LabelSet | None = STANCE, task: Task = "stance", **raw: Any
) -> Corpus:
    frame = pd.DataFrame(list(rows), dtype=object)
    locations = [f"mine.csv:{line}" for line in range(2, len(rows) + 2)]
    return build("mine", Raw(frame, locations, "mine.csv", **raw), labels=labels, task=task)


def error_of(*rows: dict[str, Any], **options: Any) -> CorpusError:
    with pytest.raises(CorpusError) as caught:
        built(*rows, **options)
    return caught.value


def wheres(error: CorpusError) -> list[str]:
    return [problem.where for problem in error.problems]


def test_every_column_is_there_and_holds_none_where_nothing_is_known() -> None:
    rows = built(GOOD | {"loud": True}, {"text": "No party here.", "id": "b"}).rows
    assert list(rows.columns) == [*CORPUS_COLUMNS, "loud"]
    for column in set(CORPUS_COLUMNS) - {"id", "text", "start", "end"}:
        assert rows.loc[1, column] is None, column
    assert rows["start"].tolist() == [0, pd.NA]
    assert (str(rows["start"].dtype), str(rows["end"].dtype)) == ("Int64", "Int64")


def test_a_row_without_an_id_is_called_by_its_place() -> None:
    assert built(GOOD | {"id": None}, GOOD | {"id": " "}).rows["id"].tolist() == ["mine.csv:2", "mine.csv:3"]


BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no text": ({"text": ""}, ["text"]),
    "blank text": ({"text": " \n"}, ["text"]),
    "missing text": ({"text": None}, ["text"]),
    "a number for a text": ({"text": 5, "start": None, "end": None}, ["text"]),
    "half a surrogate pair": ({"text": "Varna \ud83d"}, ["text"]),
    "no target": ({"target": None}, ["target"]),
    "blank target": ({"target": "  "}, ["target"]),
    "no start": ({"start": None}, ["start"]),
    "no end": ({"end": None}, ["end"]),
    "negative start": ({"start": -1}, ["start"]),
    "start at the end": ({"start": 5}, ["start"]),
    "start after the end": ({"start": 6}, ["start"]),
    "end outside the text": ({"end": 11}, ["end"]),
    # A number that cannot be read leaves an incomplete span behind, which is a problem too.
    "end in words": ({"end": "five"}, ["end", "end"]),
    "end with a fraction": ({"end": 5.5}, ["end", "end"]),
    "unknown label": ({"stance": "hostile"}, ["stance"]),
    "unknown split": ({"split": "tets"}, ["split"]),
}


@pytest.mark.parametrize(("change", "columns"), BROKEN.values(), ids=BROKEN)
def test_an_error_names_file_row_and_column(
    change: dict[str, Any], columns: list[str], messages: Messages
) -> None:
    error = error_of(GOOD | change)
    assert wheres(error) == [f"mine.csv:2: {column}" for column in columns]
    messages(error)


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


def test_a_repeated_id_names_its_first_row(messages: Messages) -> None:
    error = error_of(GOOD, GOOD | {"id": "b"}, GOOD)
    assert wheres(error) == ["mine.csv:4: id"]
    messages(error)


def test_all_problems_are_reported_at_once_in_the_order_of_the_rows(messages: Messages) -> None:
    error = error_of(GOOD | {"text": ""}, GOOD | {"stance": "pro"}, GOOD | {"id": "c", "target": None})
    assert wheres(error) == [
        "mine.csv:2: text",
        "mine.csv:3: id",
        "mine.csv:3: stance",
        "mine.csv:4: target",
    ]
    messages(error)


def test_an_unknown_label_is_reported_once_with_its_count(messages: Messages) -> None:
    rows = [GOOD | {"id": str(n), "stance": "pro" if n else "con"} for n in range(2_001)]
    error = error_of(*rows)
    assert wheres(error) == ["mine.csv:2: stance", "mine.csv:3: stance"]
    messages(error)


def test_columns_are_called_what_the_source_calls_them(messages: Messages) -> None:
    error = error_of(GOOD | {"stance": "pro"}, source_names={"stance": "label"}, label_hint="map it")
    assert wheres(error) == ["mine.csv:2: label"]
    assert error.problems[0].hint.endswith("; map it")
    messages(error)


@pytest.mark.parametrize("count", [MAX_PROBLEMS, MAX_PROBLEMS + 1])
def test_more_than_twenty_problems_are_counted(count: int, messages: Messages) -> None:
    error = error_of(*[GOOD | {"id": str(n), "text": ""} for n in range(count)])
    assert wheres(error)[:MAX_PROBLEMS] == [f"mine.csv:{n}: text" for n in range(2, MAX_PROBLEMS + 2)]
    assert wheres(error)[MAX_PROBLEMS:] == (["mine.csv"] if count > MAX_PROBLEMS else [])
    messages(error.problems[-1])


def test_no_rows_at_all(messages: Messages) -> None:
    messages(error_of())


def test_frames_are_checked_for_framing(messages: Messages) -> None:
    row = {"text": "Prices rose.", "frames": ["economic_consequences", "drama"]}
    error = error_of(row, labels=FRAMING, task="framing")
    assert wheres(error) == ["mine.csv:2: frames"]
    messages(error)
    assert built(row | {"frames": ["morality"]}, labels=FRAMING, task="framing").rows["frames"][0] == (
        "morality",
    )
    assert built(row | {"frames": []}, labels=FRAMING, task="framing").rows["frames"][0] == ()
    # For stance, the frames of a row are not checked.
    assert len(built(row)) == 1


def test_any_label_is_accepted_if_none_are_declared() -> None:
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
    assert cell_text(value) == text


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, "", " \t"])
def test_missing(value: Any) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "None", "NA", (), [], np.array([])])
def test_not_missing(value: Any) -> None:
    assert not is_missing(value)


def test_concatenated_sources_keep_their_locations() -> None:
    first = Raw(pd.DataFrame({"text": ["a"]}), ["x:1"], "x", {"text": "body"})
    second = Raw(pd.DataFrame({"text": ["b"], "more": [1]}), ["y:1"], "y")
    both = concatenate([first, second], "x, y")
    assert (both.locations, both.source, both.source_names) == (["x:1", "y:1"], "x, y", {"text": "body"})
    assert both.frame["text"].tolist() == ["a", "b"]


def test_selected_rows_keep_their_locations() -> None:
    raw = Raw(pd.DataFrame({"text": ["a", "b", "c"]}), ["x:1", "x:2", "x:3"], "x", label_hint="map it")
    part = select_rows(raw, [2, 0])
    assert (part.frame["text"].tolist(), list(part.frame.index)) == (["c", "a"], [0, 1])
    assert (part.locations, part.source, part.label_hint) == (["x:3", "x:1"], "x", "map it")
