"""What teachers took in, a fact of the report out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sentences import words

from harness.reports.teaching import teaching
from harness.values.formatting import duration

LABELS = {"teacher_labels": 100.0, "teacher_unanswered": 0.0}


def fact(*usages: dict[str, float]) -> str:
    return teaching([cast("Any", SimpleNamespace(usage=usage)) for usage in usages])


def test_what_a_teacher_s_training_took_is_said_and_whether_that_was_earlier() -> None:
    now = fact(LABELS | {"teacher_fit_seconds": 90.0}, LABELS | {"teacher_fit_seconds": 30.0})
    before = fact(LABELS | {"teacher_fit_seconds": 120.0, "teachers_from_cache": 1.0})
    assert ("trained" in words(now), "earlier" in words(now)) == (True, False)
    assert ("trained" in words(before), "earlier" in words(before)) == (True, True)
    # Of trials the sum.
    assert [duration(120) in line for line in (now, before)] == [True, True]
    # A model that is asked as it is has no training to speak of.
    assert "trained" not in words(fact(LABELS | {"teacher_fit_seconds": 0.2}))
    assert fact({}) == ""
