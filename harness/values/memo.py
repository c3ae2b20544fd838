"""An object that nobody changes and a function in; its value, computed once while the object lives, out.

For what several classifiers of an experiment, or several parts of a report, ask of the same rows: how a
corpus names its parties does not depend on who labels it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")

_VALUES: dict[int, dict[Hashable, Any]] = {}


def once(owner: object, key: Hashable, compute: Callable[[], Value]) -> Value:
    """Return what a function computes from an object; it is called on the first time alone.

    Parameters
    ----------
    owner : object
        With its end the values are forgotten. Neither it nor what it holds may change.
    key : hashable
        Names the value, with all that it depends on beside the owner.
    compute : callable
        Its value is shared: nobody may change it either. It may not hold the owner, which would never end.
    """
    values = _VALUES.get(id(owner))
    if values is None:
        values = _VALUES[id(owner)] = {}
        # Not a dictionary with weak keys: tables have no hash, and equal ones may be of two owners.
        weakref.finalize(owner, _VALUES.pop, id(owner), None)
    if key not in values:
        values[key] = compute()
    return values[key]  # type: ignore[no-any-return]


def recall(owner: object, key: Hashable) -> Any:
    """Return what :func:`once` computed under a key; None where that was never asked for."""
    return _VALUES.get(id(owner), {}).get(key)
