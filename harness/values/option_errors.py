"""Errors of pydantic about the options of a factory in; path, clause and hint of a problem out."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from typing import Any

from harness.values import legacy
from harness.values.errors import abbreviate, suggest


def described_error(error: Any, schema: Any) -> tuple[str, str, str]:
    """Turn the details of a pydantic error into path, clause and hint."""
    # Inside a union pydantic adds the branch it tried to the path: ``path.tuple[Path, ...].0``.
    path = ".".join(str(part) for part in error["loc"] if re.fullmatch(r"\w+", str(part)))
    if error["type"] == "missing":
        return path, "is required", ""
    if error["type"] == "unexpected_keyword_argument":
        # An option of a group, a dataclass: pydantic's error names neither the group nor its other options.
        *groups, name = error["loc"]
        group = schema.model_fields[groups[0]].annotation
        for inner in groups[1:]:
            group = typing.get_type_hints(group)[inner]
        fields = group.__dataclass_fields__
        return path, *unknown_option(group.__name__, str(name), "there is no such option", fields)
    # Pydantic writes sentences, "Tuple should have at most 2 items after validation, not 3"; a problem is a
    # clause after its path.
    message = str(error["msg"]).replace("Input should be ", "should be ").replace("Value error, ", "")
    message = re.sub(r"^(Tuple|List|Dictionary|String) should", "should", message).replace(
        " after validation", ""
    )
    return path, f"{message}, got {abbreviate(error['input'])}", ""


def unknown_option(owner: str, name: str, what: str, fields: Iterable[str]) -> tuple[str, str]:
    """Return clause and hint for an option that ``owner`` does not have, or no longer has."""
    former = legacy.OPTIONS.get(owner, {}).get(name)
    return former if former is not None else (what, suggest(name, fields))
