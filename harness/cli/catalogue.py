"""A section of a config in; what it can name, with every option and its default as in YAML, out."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any

from harness.values import catalog
from harness.values.docstrings import parameters_of, summary_of
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.other_kinds import OtherKinds, other_kinds

REQUIRED = "required"
"""In place of a default."""


@dataclass(frozen=True)
class CatalogueOption:
    """An option of a kind.

    Attributes
    ----------
    name : str
        With its group in front where it is nested: ``schedule.warmup``.
    default : str
        In YAML; ``required`` where there is none.
    meaning : str
        What its documentation says.
    """

    name: str
    default: str
    meaning: str


@dataclass(frozen=True)
class CatalogueEntry:
    """What a config can name.

    Attributes
    ----------
    section, kind : str
    what : str
        In one line.
    options : tuple of CatalogueOption
    """

    section: str
    kind: str
    what: str
    options: tuple[CatalogueOption, ...]


def entries(section: str = "", kind: str = "") -> tuple[CatalogueEntry, ...]:
    """Return the entries of a section, or of all; only the one of a kind, if that is named.

    Raises
    ------
    ConfigError
        Where there is no such section, or no such kind in it; with a suggestion.
    """
    if section and section not in catalog.CATALOGUES:
        hint = suggest(section, catalog.CATALOGUES)
        raise ConfigError([Problem("", f"there is no catalogue {section!r}", hint)])
    return tuple(
        _entry(name, entry)
        for name, kinds in catalog.CATALOGUES.items()
        if section in ("", name)
        for entry in ([kind] if kind else kinds)
    )


def render(listed: Sequence[CatalogueEntry], width: int, *, explained: bool = False) -> Iterator[str]:
    """Yield the lines that show entries, by section.

    Parameters
    ----------
    listed : sequence of CatalogueEntry
    width : int
        Characters of a line.
    explained : bool
        Say what each option means.
    """
    section = ""
    for entry in listed:
        if entry.section != section:
            yield from ([""] if section else [])
            section = entry.section
            yield f"{section}:"
        yield textwrap.fill(
            f"{entry.kind}: {entry.what}", width, initial_indent="  ", subsequent_indent="      "
        )
        yield from _options(entry.options, width, explained=explained)


def _options(options: Sequence[CatalogueOption], width: int, *, explained: bool) -> Iterator[str]:
    groups: tuple[str, ...] = ()
    for option in options:
        *path, name = option.name.split(".")
        # The lines that open the groups which the option before was not in.
        for depth, group in enumerate(path):
            if groups[: depth + 1] != tuple(path[: depth + 1]):
                yield f"{'  ' * (depth + 3)}{group}:"
        groups = tuple(path)
        indent = "  " * (len(path) + 3)
        yield textwrap.fill(
            f"{name}: {option.default}", width, initial_indent=indent, subsequent_indent=f"{indent}  "
        )
        if explained and option.meaning:
            yield textwrap.fill(
                option.meaning, width, initial_indent=f"{indent}  # ", subsequent_indent=f"{indent}  # "
            )


def _entry(section: catalog.Section, kind: str) -> CatalogueEntry:
    if kind not in catalog.CATALOGUES[section]:
        hint = suggest(kind, catalog.CATALOGUES[section])
        raise ConfigError([Problem("", f"there is no {section} {kind!r}", hint)])
    target = catalog.lookup(section, kind, kind)
    # Metrics are values without options: what tells them apart is their reference.
    if not inspect.isfunction(target):
        return CatalogueEntry(section, kind, getattr(target, "reference", ""), ())
    documented, others = parameters_of(target), other_kinds(target)
    fields = catalog.options_model(target, section).model_fields
    options = tuple(
        option
        for name, field in fields.items()
        for option in (
            *_kind_option(name, others.get(name)),
            *_flat(name, REQUIRED if field.is_required() else field.default, documented.get(name, "")),
        )
    )
    return CatalogueEntry(section, kind, summary_of(target), options)


def _kind_option(name: str, kinds: OtherKinds | None) -> Iterator[CatalogueOption]:
    """Yield the option that chooses another kind in the place of a group, if one may stand there."""
    if kinds is not None:
        meaning = f"Or {' or '.join(kinds.names)}, with the options of that kind in place of those below."
        yield CatalogueOption(f"{name}.kind", kinds.usual, meaning)


def _flat(name: str, default: Any, meaning: str) -> Iterator[CatalogueOption]:
    """Yield an option, or those of a group: a default that is a dataclass is written as nested keys."""
    if is_dataclass(default) and not isinstance(default, type):
        documented = parameters_of(type(default))
        for inner in default.__dataclass_fields__:
            yield from _flat(
                f"{name}.{inner}",
                getattr(default, inner),
                documented.get(inner, ""),
            )
    else:
        written = REQUIRED if default is REQUIRED else yaml_form(default)
        yield CatalogueOption(name, written, meaning)


def yaml_form(value: Any) -> str:
    """Write a default as a config would.

    Examples
    --------
    >>> yaml_form(None), yaml_form(True), yaml_form((2, 5)), yaml_form("utf-8"), yaml_form("")
    ('~', 'true', '[2, 5]', 'utf-8', '""')
    """
    if value is None:
        return "~"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {yaml_form(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(map(yaml_form, value)) + "]"
    if isinstance(value, str):
        # Quoted where YAML would read something else than this text.
        is_plain = value.replace("-", "").replace("_", "").replace("/", "").replace(":", "").isalnum()
        return value if is_plain and not value[0].isdigit() else json.dumps(value, ensure_ascii=False)
    return str(value)
