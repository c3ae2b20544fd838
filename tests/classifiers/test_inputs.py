from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from harness.classifiers import corpus_rows
from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.inputs import Marks, view
from harness.classifiers.protocol import Example, examples_of
from harness.values.parties import EMPTY, Registry, from_records
from harness.values.tables import Corpus

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
def test_the_input_of_a_model(example: Example, target: str, text: str, pair: str | None) -> None:
    shown = view(example, target)  # type: ignore[arg-type]
    assert (shown.text, shown.pair) == (text, pair)


@pytest.mark.parametrize("target", ["marked", "masked", "pair", "marked_pair"])
def test_spans_follow_the_rewriting_that_of_the_corpus_first(target: str) -> None:
    shown = view(TWO, target)  # type: ignore[arg-type]
    mention = "TARGET" if target == "masked" else "Varna"
    assert [shown.text[start:end] for start, end in shown.spans] == [mention, mention]
    assert shown.spans[0] > shown.spans[1]


def test_marks_can_be_chosen() -> None:
    assert view(ONE, "marked", Marks("<t>", "</t>")).text.count("<t>Varna</t>") == 1


def test_overlapping_and_repeated_spans_are_marked_once() -> None:
    shown = view(Example("Varna City won.", "Varna", ((0, 10), (0, 5), (0, 10))), "marked")
    assert shown.text.count("[") == 1


def test_a_span_of_the_corpus_is_used_and_others_are_found() -> None:
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


def test_a_row_becomes_an_example_once_in_whatever_part_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(rows: pd.DataFrame, parties: Registry) -> list[Example]:
        asked.extend(rows["id"])
        return examples_of(rows, parties)

    monkeypatch.setattr(corpus_rows, "examples_of", counted)
    rows = pd.DataFrame({"id": list("abc"), "text": [TEXT, "Varnans left.", "Varna won."], "target": "Varna"})
    corpus = Corpus("toy", rows, "toy.csv", from_records([{"name": "Varna", "aliases": ["Varnans"]}]))
    part = corpus_examples(corpus.take(["c", "a"]))
    assert asked == ["c", "a"]
    assert [example.text for example in part] == ["Varna won.", TEXT]
    every = corpus_examples(corpus)
    assert asked == ["c", "a", "b"]
    assert every[0] is part[1]
    assert corpus_examples(corpus.take(["b"]).take(["b"]))[0].spans == ((0, 7),)
    assert asked == ["c", "a", "b"]
    corpus_examples(replace(corpus.take(["b"]), parties=EMPTY))
    assert asked == ["c", "a", "b", "b"]
