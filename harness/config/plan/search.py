"""Options and a space in, candidates of a search out: what a config's ``tune`` becomes in a plan."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.config.search_settings import SearchSettings
from harness.values.catalog import Bound, plain


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; whole ones where these are.

    Attributes
    ----------
    low, high : int or float
        ``low`` is below ``high``.
    log : bool
        Whether all orders of magnitude are equally probable; ``low`` is above 0 then.
    """

    low: int | float
    high: int | float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers."""
        return isinstance(self.low, int)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


Space = Mapping[str, Range | tuple[Any, ...]]
"""Option, or ``group.option``, to the values that are tried."""


@dataclass(frozen=True)
class Search:
    """How the options of a classifier are searched for.

    Attributes
    ----------
    settings : SearchSettings
        As in the config.
    space : Space
        Checked: each value of a list, and both ends of each range, are taken by the factory.
    """

    settings: SearchSettings
    space: Space

    @property
    def size(self) -> int:
        """How many candidates are tried, at most."""
        if self.settings.trials is not None:
            return self.settings.trials
        return math.prod(len(values) for values in self.space.values() if isinstance(values, tuple))

    def without(self, option: str) -> Search | None:
        """Return the search without one of the options; None where no other is left."""
        space = {name: values for name, values in self.space.items() if name != option}
        return replace(self, space=space) if space else None

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data, which a config may hold again."""
        space = {
            name: {"low": values.low, "high": values.high, "log": values.log}
            if isinstance(values, Range)
            else plain(values)
            for name, values in self.space.items()
        }
        settings = self.settings.model_dump(mode="json", exclude_none=True)
        # Searches of before there were batches keep their digests.
        if settings["batch"] == 1:
            del settings["batch"]
        # Of tuples, which YAML does not have.
        return settings | {"objectives": list(self.settings.objectives), "space": space}


def some_values(values: Range | tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what stands for all values: the ends of a range, or the list."""
    return (values.low, values.high) if isinstance(values, Range) else values


def with_options(bound: Bound, values: Mapping[str, Any]) -> Bound:
    """Return a factory with other options.

    Parameters
    ----------
    bound : Bound
    values : mapping
        Option, or ``group.option``, to a checked value.
    """
    options = dict(bound.options)
    for path, value in values.items():
        name, *rest = path.split(".")
        options[name] = _inside(options[name], rest, value)
    return replace(bound, options=options)


def option_at(options: Mapping[str, Any], path: str) -> Any:
    """Return the value of an option, or of ``group.option``."""
    name, *rest = path.split(".")
    value = options[name]
    for inner in rest:
        value = value.options[inner] if isinstance(value, Bound) else getattr(value, inner)
    return value


def restored_values(space: Space, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tuned options of a candidate among all of its options, which are plain data."""
    values = {}
    for path, choices in space.items():
        value: Any = options
        for name in path.split("."):
            value = value[name]
        if not isinstance(choices, Range):
            # A value of its own kind again: plain data has no groups and no tuples.
            value = next(choice for choice in choices if plain(choice) == value)
        values[path] = value
    return values


def combinations(bound: Bound, space: Mapping[str, Sequence[Any]]) -> Iterator[Bound]:
    """Yield every combination of listed values.

    In the order of the config: the last option varies fastest, and of equal scores the first combination
    wins.
    """
    for values in itertools.product(*space.values()):
        yield with_options(bound, dict(zip(space, values, strict=True)))


def one_by_one(bound: Bound, space: Mapping[str, Sequence[Any]]) -> Iterator[Bound]:
    """Yield the first values together, and then each other value beside the first ones of other options."""
    # Not all combinations: five options of two ends each would be thirty-two factories to call.
    yield bound
    for name, values in space.items():
        for value in values[1:]:
            yield with_options(bound, {name: value})


def _inside(group: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(group, Bound):
        return replace(group, options={**group.options, first: _inside(group.options[first], rest, value)})
    return replace(group, **{first: _inside(getattr(group, first), rest, value)})
