"""A count and its noun agree, wherever the harness writes one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.values.formatting import agreeing, counted

PACKAGE = Path(__file__).parents[2] / "harness"
NOUNS = [
    "article",
    "row",
    "run",
    "seed",
    "item",
    "sentence",
    "file",
    "fold",
    "group",
    "mention",
    "pair",
    "comparison",
    "experiment",
    "version",
    "trial",
    "prediction",
    "finding",
    "metric",
]
NOUN = "|".join(NOUNS)
IN_CODE = re.compile(rf"\{{(?P<what>[^{{}}]+)\}} (?:test )?(?:{NOUN})s\b")
IN_TEMPLATES = re.compile(rf"\}}\}} (?:test )?(?:{NOUN})s\b")
# What stands before the noun is no count: a name, a constant above 1, or a number that is never 1.
NO_COUNT = {
    "comparison.split",
    "split",
    "name",
    "total:,.0f",
    "rate:,.0f",
    "script('mlflow')",
}
CONSTANT = re.compile(r"[A-Z_]+(:,)?|5 \* MIN_SCORED_ROWS")


def uncounted(source: str, suffix: str) -> list[str]:
    if suffix == ".j2":
        return IN_TEMPLATES.findall(source)
    return [
        match["what"]
        for match in IN_CODE.finditer(source)
        if match["what"] not in NO_COUNT and not CONSTANT.fullmatch(match["what"])
    ]


def test_a_noun_after_a_count_is_written_by_one_function() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".j2")]
    plain = {
        str(path.relative_to(PACKAGE)): match
        for path in files
        if (match := uncounted(path.read_text(encoding="utf-8"), path.suffix))
    }
    assert plain == {}


@pytest.mark.parametrize(
    ("source", "suffix"),
    [('f"{n:,} rows"', ".py"), ('f"{len(x)} test items"', ".py"), ("{{ n }} articles", ".j2")],
)
def test_a_plain_count_is_noticed(source: str, suffix: str) -> None:
    assert len(uncounted(source, suffix)) == 1


@pytest.mark.parametrize(
    ("n", "expected"), [(0, "0 rows are"), (1, "1 row is"), (2, "2 rows are"), (1000, "1,000 rows are")]
)
def test_noun_and_verb_agree_with_the_count(n: int, expected: str) -> None:
    assert f"{counted(n, 'row')} {agreeing(n, 'is', 'are')}" == expected
