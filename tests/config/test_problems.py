"""What is wrong with a config is reported at once, whatever else is wrong with it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from harness.config.plan.objects import plan_of
from harness.values.errors import ConfigError

SOUND: dict[str, Any] = {
    "name": "sound",
    "corpus": {"kind": "partyline"},
    "classifiers": {"linear": {"kind": "linear"}},
}


def wheres(**changed: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        plan_of(SOUND | changed)
    return sorted(problem.where for problem in caught.value.problems)


def test_types_and_ranges_are_reported_together() -> None:
    assert wheres(classifiers={"a": {"kind": "linear", "C": -1, "words": "q"}}) == [
        "classifiers.a.C",
        "classifiers.a.words",
    ]
    assert wheres(audits={"party_swap": {"items": 1, "names": "x"}}) == [
        "audits.party_swap.items",
        "audits.party_swap.names",
    ]
    assert wheres(split={"kind": "holdout", "test": 2.0, "dev": "x"}) == ["split.dev", "split.test"]


@pytest.mark.parametrize(
    ("classifiers", "expected"),
    [
        # The name of the classifier is that of a kind.
        ({"linear": {"C": -1}}, ["classifiers.linear.C", "classifiers.linear.kind"]),
        # Only one kind has such an option.
        ({"mine": {"min_count": 0}}, ["classifiers.mine.kind", "classifiers.mine.min_count"]),
        # Several have this one: nothing is guessed.
        ({"mine": {"C": -1}}, ["classifiers.mine.kind"]),
        ({"mine": {}}, ["classifiers.mine.kind"]),
    ],
)
def test_a_missing_kind_does_not_hide_what_else_is_wrong(
    classifiers: dict[str, Any], expected: list[str]
) -> None:
    assert wheres(classifiers=classifiers) == expected


def test_a_setting_that_is_wrong_does_not_make_others_useless() -> None:
    # calibration has no effect where dev is 0; here dev is wrong, and its default is not 0.
    assert wheres(split={"kind": "kfold", "dev": "x", "calibration": 0.3}) == ["split.dev"]


def test_one_wrong_item_of_a_list_is_one_problem() -> None:
    assert wheres(seeds=[-1]) == ["seeds.0"]
    assert wheres(seeds=[]) == ["seeds"]


@pytest.mark.parametrize("path", ["corpus", "classifiers", "option", "inside"])
def test_the_rows_of_a_table_in_a_config_are_not_printed(path: str) -> None:
    table = pd.DataFrame({"text": ["a secret sentence"] * 50})
    changed: dict[str, Any] = {
        "corpus": {"corpus": table},
        "classifiers": {"classifiers": table},
        "option": {"corpus": {"kind": "files", "path": table}},
        "inside": {"corpus": {"kind": "files", "path": {"train": table}}},
    }[path]
    with pytest.raises(ConfigError) as caught:
        plan_of(SOUND | changed)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_data_have_no_lines_and_overrides_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of({**SOUND, "sedes": [1]}, ["primry=mcc"])
    assert sorted(problem.where for problem in caught.value.problems) == ["--set: primry", "sedes"]
