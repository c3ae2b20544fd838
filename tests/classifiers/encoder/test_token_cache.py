"""Rows are tokenized once, however many trainings use them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.classifiers.encoder import token_cache
from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.protocol import Example, Examples
from tests.classifiers import tiny_models

EXAMPLES = [Example("varna praised the plan", "varna", ((0, 5),)), Example("bad plan", "varna")]


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "_cache", type(token_cache._cache)())


class Counted(Tokenizer):
    """Counts how often it is called."""

    calls = 0

    def __call__(self, examples: Examples) -> Any:
        Counted.calls += 1
        return super().__call__(examples)


def tokenizer(**options: Any) -> Counted:
    settings: dict[str, Any] = {"target": "marked", "max_tokens": 16, **options}
    return Counted(tiny_models.tokenizer(), **settings)


def calls(*requests: tuple[Counted, Examples]) -> int:
    """Count how often a tokenizer is called for some requests, one after the other."""
    before = Counted.calls
    for counted, examples in requests:
        token_cache.tokenize(counted, examples)
    return Counted.calls - before


def test_the_same_rows_are_tokenized_once() -> None:
    assert calls((tokenizer(), EXAMPLES), (tokenizer(), list(EXAMPLES)), (tokenizer(), EXAMPLES)) == 1
    assert (
        token_cache.tokenize(tokenizer(), EXAMPLES).tokens[1].tolist()
        == tokenizer()(EXAMPLES).tokens[1].tolist()
    )


@pytest.mark.parametrize("other", [{"target": "pair"}, {"max_tokens": 32}])
def test_another_view_of_the_target_is_tokenized_again(other: dict[str, Any]) -> None:
    assert calls((tokenizer(), EXAMPLES), (tokenizer(**other), EXAMPLES)) == 2


def test_another_vocabulary_or_other_rows_are_tokenized_again() -> None:
    other = tokenizer()
    other.backend.add_tokens(["varnish"])
    assert calls((tokenizer(), EXAMPLES), (other, EXAMPLES), (tokenizer(), EXAMPLES[:1])) == 3


@pytest.mark.parametrize(("room", "expected"), [(3, 2), (2, 3), (1, 3)])
def test_what_was_used_longest_ago_is_dropped(
    room: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A single row, a pair of rows, the pair again, the single one again. Room for three rows holds them all;
    # with room for two the pair replaces the single row; with room for one the pair is never cached.
    monkeypatch.setattr(token_cache, "MAX_ROWS", room)
    single, pair = EXAMPLES[:1], EXAMPLES
    requests = [(tokenizer(), rows) for rows in (single, pair, pair, single)]
    assert calls(*requests) == expected
