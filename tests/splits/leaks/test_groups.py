"""Rows without a group: how many there are, and what may link them over parts."""

from __future__ import annotations

import pytest
from sentences import words

from tests.splits.leaks.planted import BOILERPLATE, counts, inspect, rows, sentence, without_groups


def test_rows_without_a_group_are_counted() -> None:
    report = inspect(without_groups())
    assert report.finding.verdict == "passed"
    assert counts(report) == {"ungrouped_rows": 120}
    assert {"120"} <= set(words(report.finding.sentence))
    # The limits of the scores say so, too.
    assert report.notes == ()
    partly = rows()
    partly[4]["group"] = None
    assert counts(inspect(partly)) == {"ungrouped_rows": 1}


@pytest.mark.parametrize(
    ("column", "value", "proposed"),
    [
        ("url", "https://example.org/{}", True),
        ("Source", "https://example.org/{}", True),  # by its values
        ("article_title", "The toll of week {}", True),
        ("mood", "m{}", False),
    ],
)
def test_columns_that_may_name_the_article_are_proposed(column: str, value: str, proposed: bool) -> None:
    report = inspect(without_groups(**{column: value}))
    assert counts(report).get("linked_by_column_rows", 0) == (24 if proposed else 0)
    assert (report.finding.verdict == "warning") == proposed
    assert (f"corpus.columns.group: {column}" in report.finding.sentence) == proposed


def test_a_column_of_few_values_names_no_article() -> None:
    planted = without_groups(title="T{}")
    for number, row in enumerate(planted):
        row["title"] = f"T{min(number // 6, 18)}"
    assert counts(inspect(planted)) == {"ungrouped_rows": 120}
    for number, row in enumerate(planted):
        row["title"] = f"T{number // 6}"
    assert counts(inspect(planted))["linked_by_column_rows"] == 24


@pytest.mark.parametrize(("n", "n_linked"), [(7, 0), (8, 1)])
def test_a_passage_in_common_links_rows(n: int, n_linked: int) -> None:
    planted = without_groups()
    passage = " ".join(f"word{k}" for k in range(n))
    for number in (0, 4):
        planted[number]["text"] = f"{planted[number]['text']} {passage} {sentence(700 + number)}"
    report = inspect(planted)
    assert counts(report) == {"ungrouped_rows": 120} | ({"linked_rows": 1} if n_linked else {})
    linked = [table for table in report.finding.details if table.name == "linked"]
    assert [row[:2] for table in linked for row in table.rows] == [("r004", "r000")] * n_linked
    # Where rows have groups, these say it.
    grouped = [row | {"group": f"g{number}"} for number, row in enumerate(planted)]
    assert counts(inspect(grouped)) == {}


def test_a_passage_of_many_texts_is_a_formula() -> None:
    planted = without_groups()
    for row in planted[:11]:
        row["text"] = f"{row['text']} {BOILERPLATE}"
    assert counts(inspect(planted)) == {"ungrouped_rows": 120}
