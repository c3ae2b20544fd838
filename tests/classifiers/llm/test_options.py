"""Each option on both sides of its bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.classifiers.llm.ledger import Prices
from harness.classifiers.llm.options import Rate
from harness.classifiers.llm.shots import Pick
from harness.values.errors import ConfigError
from harness.values.labels import LabelSet
from tests.classifiers.llm.asked_models import (
    classifier,
)

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("url", {"url": "127.0.0.1:8080"}),
    ("url", {"url": "https://ann:pw@llm.example.org/v1"}),
    ("url", {"url": "ftp://llm.example.org/v1"}),
    ("model", {"model": " "}),
    ("key", {"key": "sk-1234"}),
    ("shots", {"shots": -1}),
    ("shots.by", {"shots": Pick(0, "nearest")}),
    ("debias", {"api": "json", "debias": "prior"}),
    ("concurrency", {"concurrency": 0}),
    ("concurrency", {"concurrency": 257}),
    ("timeout", {"timeout": 0.0}),
    ("rate.requests", {"rate": Rate(requests=-1.0)}),
    ("rate.requests", {"rate": Rate(requests=0.0)}),
    ("rate.tokens", {"rate": Rate(tokens=-1.0)}),
    ("rate.attempts", {"rate": Rate(attempts=0)}),
    ("prices.input", {"prices": Prices(-1.0)}),
    ("prices.output", {"prices": Prices(1.0, float("inf"))}),
    ("budget", {"prices": Prices(1.0), "budget": 0.0}),
    ("budget", {"budget": 1.0}),
    ("budget", {"prices": Prices(1.0), "budget": 1.0, "extra_body": {"max_tokens": None}}),
    ("repeats", {"repeats": 0}),
    ("max_tokens", {"max_tokens": 0}),
    ("extra_body.messages", {"extra_body": {"messages": []}}),
    ("prompt", {"prompt": Path("nowhere.md")}),
    ("api", {"labels": LabelSet(tuple(f"label{number}" for number in range(21)))}),
]


@pytest.mark.parametrize(("where", "options"), WRONG, ids=str)
def test_what_is_out_of_range_or_without_effect_is_a_problem(where: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        classifier(**{"url": "http://127.0.0.1:8080/v1", **options})
    assert [problem.where for problem in caught.value.problems] == [where]
    assert "pw" not in str(caught.value)
    assert "sk-1234" not in str(caught.value)


RIGHT: list[dict[str, Any]] = [
    {"shots": 0},
    {"concurrency": 256},
    {"timeout": 0.1},
    {"rate": Rate(0.5, 1.0, 1)},
    {"prices": Prices(0.0), "budget": 0.01},
    {"prices": Prices(1.0), "budget": 1.0, "extra_body": {"max_tokens": None, "max_completion_tokens": 9}},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(20)))},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(21))), "api": "json"},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(21)), multi=True)},
]


@pytest.mark.parametrize("options", RIGHT, ids=str)
def test_what_is_just_in_range_is_taken(options: dict[str, Any]) -> None:
    assert classifier(**{"url": "http://127.0.0.1:8080/v1", **options}).settings.model == "words"
