from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from harness.classifiers.protocol import Example
from harness.serving.contract import Contract
from harness.serving.input_rows import examples
from harness.values.errors import ModelError
from harness.values.labels import STANCE
from harness.values.parties import EMPTY, Party, Registry

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
CONTRACT = Contract("stance", STANCE, "toys:load")
BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(given))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": None}, "row 1: text is missing"),
        ({"text": float("nan")}, "row 1: text is missing"),
        ({"text": ""}, "row 1: text is empty"),
        ({"text": " \n\t"}, "row 1: text is empty"),
        ({"text": 3}, "row 1: text should be text, got 3"),
        ({"target": None}, "row 1: target is missing"),
        ({"target": "  "}, "row 1: target is empty"),
        ({"holder": 5}, "row 1: holder should be text, got 5"),
        ({"target_start": 3}, "row 1: target_start and target_end come together"),
        ({"target_start": 3, "target_end": None}, "row 1: target_start and target_end come together"),
        (
            {"target_start": 0.5, "target_end": 3},
            "row 1: target_start and target_end should be whole numbers, got 0.5 and 3",
        ),
        (
            {"target_start": "0", "target_end": "5"},
            "row 1: target_start and target_end should be whole numbers, got '0' and '5'",
        ),
        (
            {"target_start": 0, "target_end": 25},
            "row 1: the span 0:25 lies outside the text of 24 characters",
        ),
        (
            {"target_start": -1, "target_end": 5},
            "row 1: the span -1:5 lies outside the text of 24 characters",
        ),
        ({"target_start": 5, "target_end": 5}, "row 1: the span 5:5 lies outside the text of 24 characters"),
    ],
)
def test_what_cannot_be_labelled_is_named(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        examples(rows(BLANK | row), "stance", PARTIES)
    assert str(caught.value) == f"the input cannot be labelled: {said}"


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 24), (23, 24), (0.0, 24.0)])
def test_spans_may_touch_the_ends(start: float, end: float) -> None:
    (one,) = examples(rows(BLANK | {"target_start": start, "target_end": end}), "stance", PARTIES)
    assert one.spans == ((start, end),)


def test_all_problems_are_named_up_to_ten() -> None:
    with pytest.raises(ModelError) as caught:
        examples(rows(*[{"text": "", "target": "x"}] * 12), "stance", EMPTY, first=101)
    parts = str(caught.value).split("; ")
    assert parts[0] == "the input cannot be labelled: row 101: text is empty"
    assert parts[9:] == ["row 110: text is empty", "and 2 more"]


def test_missing_and_repeated_columns_are_named() -> None:
    with pytest.raises(ModelError) as caught:
        examples(pd.DataFrame({"txt": ["a"]}), "stance", EMPTY)
    assert str(caught.value) == "the input lacks the columns 'text' and 'target'; it has 'txt'"
    with pytest.raises(ModelError) as caught:
        examples(pd.DataFrame([["a", "b"]], columns=["text", "text"]), "framing", EMPTY)
    assert str(caught.value) == "the input has the column 'text' more than once"


@pytest.mark.parametrize(
    ("target", "spans"),
    [
        ("Coastal Union", ((14, 23),)),  # by an alias, which the text uses
        ("CU", ((14, 23),)),  # an alias stands for its party
        ("cu", ((14, 23),)),
        ("Varna", ((0, 5),)),
        ("varna", ((0, 5),)),
        ("Nobody", ()),
    ],
)
def test_a_target_without_a_span_is_found_by_name(target: str, spans: tuple[tuple[int, int], ...]) -> None:
    (one,) = examples(rows(BLANK | {"target": target}), "stance", PARTIES)
    assert (one.target, one.spans) == (target, spans)


def test_framing_reads_the_text_alone() -> None:
    (one,) = examples(rows(BLANK | {"target": "", "holder": 5}), "framing", PARTIES)
    assert one == Example(BLANK["text"])


def test_gaps_in_a_column_are_no_values() -> None:
    table = pd.DataFrame({"text": ["Varna won."] * 2, "target": ["Varna"] * 2, "target_start": [0, None]})
    table["target_end"] = [5, None]
    table["holder"] = pd.Series(["Varna", None], dtype="string")
    first, second = examples(table, "stance", EMPTY)
    assert (first.holder, second.holder) == ("Varna", None)
    assert first.spans == second.spans == ((0, 5),)
