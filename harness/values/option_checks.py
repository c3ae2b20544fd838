"""A factory and a check of its options in, a factory that checks them first out.

Calling a corpus's factory reads the corpus. So that a config can be resolved without that, the check of its
options is a function of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from harness.values.errors import ConfigError, Problem

Factory = TypeVar("Factory", bound=Callable[..., Any])
Check = Callable[[Mapping[str, Any]], None]
"""Takes every option of a factory, defaults filled in, and raises ConfigError; it opens no file."""


def checked_by(check: Check) -> Callable[[Factory], Factory]:
    """Decorate a factory with the check of its options, which it makes before anything else.

    Examples
    --------
    >>> def positive(options):
    ...     if options["rows"] < 1:
    ...         raise ConfigError([Problem("corpus.rows", "should be 1 or more")])
    >>> @checked_by(positive)
    ... def read(*, rows: int = 1): ...
    >>> check_options(read, {"rows": 0})
    (Problem(where='corpus.rows', what='should be 1 or more', hint=''),)
    """

    def decorate(factory: Factory) -> Factory:
        signature = inspect.signature(factory)

        @wraps(factory)
        def checked(*arguments: Any, **options: Any) -> Any:
            bound = signature.bind(*arguments, **options)
            bound.apply_defaults()
            check(bound.arguments)
            return factory(*arguments, **options)

        checked.check_options = check  # type: ignore[attr-defined]  # read by check_options below
        return cast("Factory", checked)

    return decorate


def check_options(factory: Callable[..., Any], options: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what is wrong with the options of a factory; nothing where it has no check."""
    check: Check | None = getattr(factory, "check_options", None)
    return () if check is None else problems_of(lambda: check(options))


def problems_of(*steps: Callable[[], object]) -> tuple[Problem, ...]:
    """Take every step, and return the problems of all of them."""
    problems: list[Problem] = []
    for step in steps:
        try:
            step()
        except ConfigError as error:
            problems += error.problems
    return tuple(problems)


def raise_all(*steps: Callable[[], object]) -> None:
    """Take every step, and raise the problems of all of them at once."""
    problems = problems_of(*steps)
    if problems:
        raise ConfigError(problems)
