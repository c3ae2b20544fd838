"""A finding is plain data: it goes to a file and comes back equal."""

from __future__ import annotations

import json
import math

import pytest

from harness.values.findings import Detail, Finding, Measure, from_dict, measure_table, not_applicable, worst

FOUND = Finding(
    "swap",
    "warning",
    "Labels flip.",
    (Measure("flips", 0.25, 0.125, 0.5, 40), Measure("items", 3.0)),
    (
        Detail(
            "rows", "Rows", ("id", "n", "p", "text"), (("a", 3, 0.5, "One."), ("b", 4, 0.25, "")), ("text",)
        ),
    ),
)


def test_a_finding_comes_back_equal() -> None:
    back = from_dict(json.loads(json.dumps(FOUND.to_dict())))
    assert back.details == FOUND.details
    assert back.measures[0] == FOUND.measures[0]
    assert math.isnan(back.measures[1].low)
    assert (back.audit, back.verdict, back.sentence) == ("swap", "warning", "Labels flip.")


def test_sentences_can_be_left_out() -> None:
    (detail,) = FOUND.without_texts().details
    assert (detail.columns, detail.rows, detail.texts) == (
        ("id", "n", "p"),
        (("a", 3, 0.5), ("b", 4, 0.25)),
        (),
    )


def test_measures_are_looked_up() -> None:
    assert FOUND.value("flips") == 0.25
    assert math.isnan(FOUND.value("flop"))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("passed", "warning", "failed"), "failed"),
        (("passed", "warning", "not applicable"), "warning"),
        (("passed", "not applicable"), "passed"),
        ((), "not applicable"),
    ],
)
def test_the_worst_verdict(verdicts: tuple[str, ...], expected: str) -> None:
    assert worst(Finding("a", verdict, "") for verdict in verdicts) == expected  # type: ignore[arg-type]


def test_every_audit_has_a_row() -> None:
    table = measure_table([FOUND, not_applicable("leaks", "There is no test.")])
    assert table["audit"].tolist() == ["swap", "swap", "leaks"]
    assert table["measure"].tolist() == ["flips", "items", ""]
