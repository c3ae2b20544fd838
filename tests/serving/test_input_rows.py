from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from golden import Golden
from sentences import numbers

from harness.classifiers.protocol import Example
from harness.serving.input_rows import MAX_LISTED, examples
from harness.values.errors import ModelError
from harness.values.parties import EMPTY, Party, Registry
from tests.serving.toy_models import listing, refusal

PARTIES = Registry((Party("Coastal Union", aliases=("the Union", "CU")), Party("Varna", "country")))
BLANK = {"text": "Varna praised the Union.", "target": "Coastal Union"}
UNUSABLE: list[dict[str, Any]] = [
    {"text": None},
    {"text": float("nan")},
    {"text": ""},
    {"text": " \n\t"},
    {"text": 3},
    {"target": None},
    {"target": "  "},
    {"holder": 5},
    {"target_start": 3},
    {"target_start": 3, "target_end": None},
    {"target_start": 0.5, "target_end": 3},
    {"target_start": "0", "target_end": "5"},
    {"target_start": 0, "target_end": 25},
    {"target_start": -1, "target_end": 5},
    {"target_start": 5, "target_end": 5},
]


def rows(*records: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(records))


def test_unusable_rows_are_named_with_their_problem(golden: Golden) -> None:
    messages = {
        str(row): refusal(lambda row=row: examples(rows(BLANK | row), "stance", PARTIES))  # type: ignore[misc]
        for row in UNUSABLE
    }
    golden("serving/unusable-rows", listing(messages))


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 24), (23, 24), (0.0, 24.0)])
def test_spans_may_touch_the_ends(start: float, end: float) -> None:
    (example,) = examples(rows(BLANK | {"target_start": start, "target_end": end}), "stance", PARTIES)
    assert example.spans == ((start, end),)


@pytest.mark.parametrize(("count", "listed", "more"), [(10, 10, []), (12, 10, [[2]])])
def test_many_problems_are_listed_up_to_a_limit(count: int, listed: int, more: list[list[int]]) -> None:
    message = refusal(
        lambda: examples(rows(*[{"text": "", "target": "x"}] * count), "stance", EMPTY, first=101)
    )
    parts = message.partition(": ")[2].split("; ")
    assert listed == MAX_LISTED
    assert [part.partition(":")[0] for part in parts[:listed]] == [f"row {101 + n}" for n in range(listed)]
    assert [numbers(part) for part in parts[listed:]] == more


def test_missing_and_repeated_columns_are_named(golden: Golden) -> None:
    tables = {
        "both are missing": pd.DataFrame({"txt": ["a"]}),
        "the target is missing": pd.DataFrame({"text": ["a"]}),
        "there is no column": pd.DataFrame(),
        "text stands twice": pd.DataFrame([["a", "b", "c"]], columns=["text", "text", "target"]),
    }
    messages = {
        case: refusal(lambda table=table: examples(table, "stance", EMPTY))  # type: ignore[misc]
        for case, table in tables.items()
    }
    golden("serving/unusable-columns", listing(messages))


@pytest.mark.parametrize(
    ("target", "spans"),
    [
        ("Coastal Union", ((14, 23),)),  # the text names it by an alias
        ("CU", ((14, 23),)),  # an alias stands for its party
        ("cu", ((14, 23),)),
        ("Varna", ((0, 5),)),
        ("varna", ((0, 5),)),
        ("Nobody", ()),
    ],
)
def test_a_target_without_a_span_is_searched_by_name(target: str, spans: tuple[tuple[int, int], ...]) -> None:
    (example,) = examples(rows(BLANK | {"target": target}), "stance", PARTIES)
    assert (example.target, example.spans) == (target, spans)


def test_framing_reads_the_text_alone() -> None:
    (example,) = examples(rows(BLANK | {"target": "", "holder": 5}), "framing", PARTIES)
    assert example == Example(BLANK["text"])
    with pytest.raises(ModelError):
        examples(rows({"target": "Varna"}), "framing", PARTIES)


def test_gaps_in_a_column_are_missing_values() -> None:
    table = pd.DataFrame({"text": ["Varna won."] * 2, "target": ["Varna"] * 2, "target_start": [0, None]})
    table["target_end"] = [5, None]
    table["holder"] = pd.Series(["Varna", None], dtype="string")
    first, second = examples(table, "stance", EMPTY)
    assert (first.holder, second.holder) == ("Varna", None)
    assert first.spans == second.spans == ((0, 5),)
