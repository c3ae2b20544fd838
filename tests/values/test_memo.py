"""What is computed once: a value per owner and key, forgotten with the owner."""

import gc
import weakref

from harness.values.memo import once, recall


class Owner:
    """Something that values are computed from."""


class Value:
    """Something computed."""


def test_it_is_computed_once_per_owner_and_key() -> None:
    first, second = Owner(), Owner()
    value = once(first, "a", Value)
    assert once(first, "a", Value) is value
    assert once(first, "b", Value) is not value
    assert once(second, "a", Value) is not value


def test_it_is_forgotten_with_its_owner() -> None:
    owner = Owner()
    value = weakref.ref(once(owner, "a", Value))
    assert value() is not None
    del owner
    gc.collect()
    assert value() is None


def test_nothing_is_kept_of_a_failure() -> None:
    owner, calls = Owner(), []

    def compute() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("the first time")
        return 7

    try:
        once(owner, "a", compute)
    except ValueError:
        calls.append(2)
    assert once(owner, "a", compute) == 7
    assert calls == [1, 2, 1]


def test_what_was_computed_is_recalled_and_nothing_else_is() -> None:
    owner = Owner()
    assert recall(owner, "a") is None
    value = once(owner, "a", Value)
    assert recall(owner, "a") is value
    assert recall(owner, "b") is None
