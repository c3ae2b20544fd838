from __future__ import annotations

import pandas as pd
import pytest

from harness.classifiers.inputs import Marks, view
from harness.classifiers.protocol import Example, examples_of
from harness.values.parties import from_records

TEXT = "Ostrel praised Varna, and Varna's mayor blushed."
ONE = Example(TEXT, "Varna", ((15, 20),))
TWO = Example(TEXT, "Varna", ((26, 31), (15, 20)))
ABSENT = Example("They blushed.", "Varna")


@pytest.mark.parametrize(
    ("example", "target", "text", "pair"),
    [
        (ONE, "none", TEXT, None),
        (ONE, "marked", "Ostrel praised [Varna], and Varna's mayor blushed.", None),
        (ONE, "masked", "Ostrel praised TARGET, and Varna's mayor blushed.", None),
        (ONE, "pair", TEXT, "Varna"),
        (ONE, "marked_pair", "Ostrel praised [Varna], and Varna's mayor blushed.", "Varna"),
        (TWO, "marked", "Ostrel praised [Varna], and [Varna]'s mayor blushed.", None),
        (TWO, "masked", "Ostrel praised TARGET, and TARGET's mayor blushed.", None),
        (ABSENT, "marked", "They blushed.", "Varna"),
        (ABSENT, "masked", "They blushed.", "TARGET"),
        (ABSENT, "none", "They blushed.", None),
        (Example("No party at all."), "marked_pair", "No party at all.", None),
        (Example(TEXT, "Varna", ((15, 20),), "Ostrel"), "pair", TEXT, "Ostrel: Varna"),
        (Example("", "Varna"), "marked", "", "Varna"),
    ],
)
def test_what_a_model_sees(example: Example, target: str, text: str, pair: str | None) -> None:
    seen = view(example, target)  # type: ignore[arg-type]
    assert (seen.text, seen.pair) == (text, pair)


@pytest.mark.parametrize("target", ["marked", "masked", "pair", "marked_pair"])
def test_spans_follow_the_rewriting_the_given_one_first(target: str) -> None:
    seen = view(TWO, target)  # type: ignore[arg-type]
    named = "TARGET" if target == "masked" else "Varna"
    assert [seen.text[start:end] for start, end in seen.spans] == [named, named]
    assert seen.spans[0] > seen.spans[1]


def test_marks_are_free_to_choose() -> None:
    assert view(ONE, "marked", Marks("<t>", "</t>")).text.count("<t>Varna</t>") == 1


def test_overlapping_and_repeated_spans_are_marked_once() -> None:
    seen = view(Example("Varna City won.", "Varna", ((0, 10), (0, 5), (0, 10))), "marked")
    assert seen.text.count("[") == 1


def test_a_given_span_is_taken_and_others_are_looked_for() -> None:
    registry = from_records([{"name": "Varna", "aliases": ["Varnans"]}])
    rows = pd.DataFrame(
        {
            "text": [TEXT, "Varnans left."],
            "target": ["Varna", "Varna"],
            "start": [15, None],
            "end": [20, None],
        }
    ).astype({"start": "Int64", "end": "Int64"})
    first, second = examples_of(rows, registry)
    assert (first.spans, second.spans) == (((15, 20),), ((0, 7),))
    assert (first.holder, examples_of(rows.drop(columns="target"))[1].target) == (None, None)
