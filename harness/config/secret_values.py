"""A merged config and the variables in its values in, the same with its secrets hidden out.

A value that comes from ``${NAME}`` is secret where NAME matches TOKEN, KEY, SECRET or PASSWORD, where it
stands under a key called ``key``, and where the config lists NAME under ``secrets``. It is used, and shown
and kept as ``${NAME}``: in parameters, tags, ``config.yaml``, reports, packed models, digests and messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.values.secrets import SecretText, is_secret_name, register

Key = tuple[str, ...]
VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::(?P<default>[^}]*))?\}")

DECLARED = "secrets"
"""The setting that lists variables."""

UNDER = "key"
OPTIONS = ("corpus", "split", "classifiers", "audits", "common", "experiments")
"""Sections whose values are checked against signatures, which say where a number is needed."""


@dataclass(frozen=True)
class Variables:
    """The environment variables in a value.

    Attributes
    ----------
    text : str
        As a person wrote it.
    values : mapping
        Name → value.
    filled : str
        The text with the values in their place.
    parsed : object
        The value as YAML reads it; equal to ``filled`` where there is other text around a variable.
    """

    text: str
    values: Mapping[str, str]
    filled: str
    parsed: Any


def conceal(data: dict[str, Any], variables: Mapping[Key, Variables]) -> dict[str, Any]:
    """Replace secrets in a config by texts that show their names.

    Parameters
    ----------
    data : dict
        Modified and returned.
    variables : mapping
        Of the values that hold any, by their path.
    """
    declared = _declared(data)
    for key, inside in variables.items():
        of_key = UNDER in key
        secret = {name for name in inside.values if of_key or name in declared or is_secret_name(name)}
        if not secret or key[:1] == (DECLARED,):
            continue
        is_declared = of_key or bool(secret & declared)
        # Settings that are no options take numbers where they say so, and then no secret.
        if not is_declared and key[0] not in OPTIONS and not isinstance(inside.parsed, str):
            continue
        for name in secret:
            register(inside.values[name], f"${{{name}}}", declared=is_declared)
        shown = VARIABLE.sub(
            lambda match, inside=inside, secret=secret: (  # type: ignore[misc]
                f"${{{match['name']}}}" if match["name"] in secret else inside.values[match["name"]]
            ),
            inside.text,
        )
        _put(data, key, SecretText(shown, inside.filled, inside.parsed, is_declared))
    return data


def _declared(data: Mapping[str, Any]) -> set[str]:
    """Return the variables that a config lists as secrets, or a suite in one of its configs."""
    listed = data.get(DECLARED)
    declared = {str(name) for name in listed} if isinstance(listed, list) else set()
    experiments = data.get("experiments")
    inner = [data.get("common"), *(experiments.values() if isinstance(experiments, Mapping) else ())]
    return declared.union(*(_declared(part) for part in inner if isinstance(part, Mapping)))


def _put(data: Any, key: Key, value: SecretText) -> None:
    """Set the value at a path; one that is not in the data any more, such as ``extends``, is left out."""
    *parents, last = key
    for part in parents:
        data = _item(data, part)
    if _item(data, last) is not None:
        data[int(last) if isinstance(data, list) else last] = value


def _item(data: Any, name: str) -> Any:
    """Return what lies under a name, or at an index; None where there is nothing."""
    if isinstance(data, list):
        return data[int(name)] if name.isdecimal() and int(name) < len(data) else None
    return data.get(name) if isinstance(data, dict) else None
