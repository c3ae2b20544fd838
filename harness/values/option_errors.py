"""Options and their pydantic model in, values out; what is wrong with them, as clauses that follow a path."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from harness.values import legacy
from harness.values.errors import abbreviate, suggest


def validated(schema: Any, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Validate options; return their values, or else path, clause and hint of each problem."""
    from pydantic import ValidationError
    from pydantic_core import to_json

    try:
        # Through JSON: strict mode then still takes a list for a tuple and a text for a path. Infinity stays
        # itself: as null, it would be reported as a None that nobody wrote.
        model = schema.model_validate_json(to_json(dict(options), inf_nan_mode="constants"))
    except ValidationError as error:
        return {}, [_problem_of(details, schema) for details in error.errors()]
    return {name: getattr(model, name) for name in schema.model_fields}, []


def _problem_of(error: Any, schema: Any) -> tuple[str, str, str]:
    """Turn the details of a pydantic error into path, clause and hint."""
    # Inside a union pydantic adds the branch it tried to the path: ``path.tuple[Path, ...].0``.
    path = ".".join(str(part) for part in error["loc"] if re.fullmatch(r"\w+", str(part)))
    if error["type"] == "missing":
        return path, "is required", ""
    if error["type"] == "unexpected_keyword_argument":
        # An option of a group, a dataclass: pydantic's error names neither the group nor its other options.
        *groups, name = error["loc"]
        group = _group(schema.model_fields[groups[0]].annotation)
        for inner in groups[1:]:
            group = _group(typing.get_type_hints(group)[inner])
        fields = group.__dataclass_fields__
        return path, *unknown(group.__name__, str(name), "there is no such option", fields)
    # Pydantic writes sentences, "Tuple should have at most 2 items after validation, not 3"; a problem is a
    # clause after its path.
    message = str(error["msg"]).replace("Input should be ", "should be ").replace("Value error, ", "")
    message = re.sub(r"^(Tuple|List|Dictionary|String) should", "should", message).replace(
        " after validation", ""
    )
    return path, f"{message}, got {abbreviate(error['input'])}", ""


def _group(annotation: Any) -> Any:
    """Return the dataclass of an annotation: of ``Prices | None`` it is ``Prices``."""
    choices = (annotation, *typing.get_args(annotation))
    return next(choice for choice in choices if dataclasses.is_dataclass(choice))


def unknown(owner: str, name: str, what: str, fields: Iterable[str]) -> tuple[str, str]:
    """Return clause and hint for an option that ``owner`` does not have, or no longer has."""
    former = legacy.OPTIONS.get(owner, {}).get(name)
    return former if former is not None else (what, suggest(name, fields))
