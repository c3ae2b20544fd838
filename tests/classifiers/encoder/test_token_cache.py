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
    monkeypatch.setattr(token_cache, "_known", type(token_cache._known)())


class Counted(Tokenizer):
    """Counts how often it is called."""

    calls = 0

    def __call__(self, examples: Examples) -> Any:
        Counted.calls += 1
        return super().__call__(examples)


def made(**options: Any) -> Counted:
    given: dict[str, Any] = {"target": "marked", "max_tokens": 16, **options}
    return Counted(tiny_models.tokenizer(), **given)


def calls(*asked: tuple[Counted, Examples]) -> int:
    before = Counted.calls
    for tokenizer, examples in asked:
        token_cache.tokenized(tokenizer, examples)
    return Counted.calls - before


def test_the_same_rows_are_tokenized_once() -> None:
    assert calls((made(), EXAMPLES), (made(), list(EXAMPLES)), (made(), EXAMPLES)) == 1
    assert token_cache.tokenized(made(), EXAMPLES).tokens[1].tolist() == made()(EXAMPLES).tokens[1].tolist()


@pytest.mark.parametrize("other", [{"target": "pair"}, {"max_tokens": 32}])
def test_what_is_shown_otherwise_is_tokenized_anew(other: dict[str, Any]) -> None:
    assert calls((made(), EXAMPLES), (made(**other), EXAMPLES)) == 2


def test_another_vocabulary_or_other_rows_are_tokenized_anew() -> None:
    other = made()
    other.backend.add_tokens(["varnish"])
    assert calls((made(), EXAMPLES), (other, EXAMPLES), (made(), EXAMPLES[:1])) == 3


@pytest.mark.parametrize(("room", "expected"), [(3, 2), (2, 3), (1, 3)])
def test_the_oldest_is_forgotten(room: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # One row, two rows, the two again, the one again. Room for three rows keeps all; the two drive out the
    # one where there is room for two; where there is room for one, the two are never kept.
    monkeypatch.setattr(token_cache, "ROWS", room)
    one, two = EXAMPLES[:1], EXAMPLES
    assert calls((made(), one), (made(), two), (made(), two), (made(), one)) == expected
