"""A factory's annotation in, the kinds that may stand in the place of a group of options out.

A group of options is a dataclass. Where the annotation says so, a mapping with a ``kind`` may be written in
its place, which names another entry of the same catalogue::

    def distilled(*, teacher: Annotated[Options | Bound, OtherKinds(("llm",))] = OPTIONS, ...)
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any


@dataclass(frozen=True)
class OtherKinds:
    """Kinds that may stand in the place of a group of options.

    Attributes
    ----------
    names : tuple of str
        Of the catalogue.
    usual : str
        The kind whose options the group holds; it may be written, too.
    """

    names: tuple[str, ...]
    usual: str


@cache
def other_kinds(factory: Callable[..., Any]) -> Mapping[str, OtherKinds]:
    """Return the options of a factory in whose place another kind may stand."""
    hints = typing.get_type_hints(factory, include_extras=True)
    return {
        name: extra
        for name, hint in hints.items()
        if typing.get_origin(hint) is Annotated
        for extra in hint.__metadata__
        if isinstance(extra, OtherKinds)
    }


def group_of(hint: Any) -> Any:
    """Return the group of an annotation, without what stands for another kind."""
    group, *_ = typing.get_args(hint)
    return group
