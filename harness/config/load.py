"""YAML files in, one combined document out, every value with the file and line it came from.

YAML 1.2: ``no``, ``none`` and ``off`` are text. On top of it:

- ``extends: other.yaml`` (or a list) starts from other files; mappings merge, everything else is replaced,
  ``~`` removes a key, and a part whose ``kind`` changes starts afresh;
- ``${NAME}`` and ``${NAME:default}`` are environment variables; a value that is nothing else is read as YAML;
- ``--set a.b=c`` overrides last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from harness.values.errors import ConfigError, Problem

Key = tuple[str, ...]
VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::(?P<default>[^}]*))?\}")


@dataclass(frozen=True)
class SourceLine:
    """A line of a file, or a ``--set`` of the command line (line 0)."""

    file: Path
    line: int = 0

    def __str__(self) -> str:
        return f"{short_path(self.file)}:{self.line}" if self.line else "--set"

    @property
    def folder(self) -> Path:
        """What relative paths written here start from."""
        return self.file.parent if self.line else Path.cwd()


@dataclass(frozen=True)
class ConfigDocument:
    """A combined config as plain data.

    Attributes
    ----------
    path : Path
        The file that was asked for.
    data : dict
        Plain dicts, lists and scalars.
    lines : mapping
        Key path → where it was written last; list items are keyed by their index.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[Key, SourceLine] = field(default_factory=dict)

    def line_of(self, path: str | Key) -> SourceLine:
        """Return where a path, or the nearest part of it, was written."""
        key = tuple(path.split(".")) if isinstance(path, str) else path
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, SourceLine(self.path, 1))

    def problem(self, path: str, what: str, hint: str = "") -> Problem:
        """Name a path together with its file and line."""
        place = f"{self.line_of(path)}: " if path else f"{short_path(self.path)}: "
        return Problem(f"{place}{path}".removesuffix(": "), what, hint)


def short_path(path: Path) -> str:
    """Return a path as a person would type it: relative where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def load(path: Path, sets: Sequence[str] = ()) -> ConfigDocument:
    """Read a config with everything it extends.

    Parameters
    ----------
    path : Path
        A YAML file.
    sets : sequence of str
        ``a.b=c``, as after ``--set``.

    Raises
    ------
    ConfigError
        For a missing file, bad YAML, a repeated key, an unset variable, a circle of ``extends`` or a
        malformed ``--set``: all that one file holds at once.
    """
    data, places = _read(path.resolve(), ())
    for text in sets:
        _apply(text, data, places, path.resolve())
    return ConfigDocument(path.resolve(), data, places)


def document_of(data: dict[str, Any], sets: Sequence[str] = ()) -> ConfigDocument:
    """Take data, which no file holds, for a config; relative paths start from the working folder."""
    path = Path.cwd() / "config"
    places: dict[Key, SourceLine] = {}
    for text in sets:
        _apply(text, data, places, path)
    return ConfigDocument(path, data, places)


def merged(path: Path, parts: Sequence[tuple[dict[str, Any], Mapping[Key, SourceLine]]]) -> ConfigDocument:
    """Merge documents' data, each on top of those before it, as ``extends`` does.

    Parameters
    ----------
    path : Path
        The file that the document stands for.
    parts : sequence of (dict, mapping)
        Data, which is taken over, and where its keys were written.
    """
    combined: dict[str, Any] = {}
    places: dict[Key, SourceLine] = {}
    for data, own in parts:
        _merge(combined, places, data, own)
    return ConfigDocument(path, combined, places)


def _read(path: Path, above: tuple[Path, ...]) -> tuple[dict[str, Any], dict[Key, SourceLine]]:
    if path in above:
        circle = " → ".join(short_path(one) for one in (*above, path))
        raise ConfigError([Problem(short_path(path), f"extends itself: {circle}")])
    problems: list[Problem] = []
    raw = _parsed(path)
    places: dict[Key, SourceLine] = {}
    data = _plain(raw, (), path, places, problems)
    parents = data.pop("extends", [])
    parents = [parents] if isinstance(parents, str) else parents
    if not isinstance(parents, list) or not all(isinstance(one, str) for one in parents):
        problems.append(Problem(f"{short_path(path)}: extends", "should be a file or a list of files"))
    if problems:
        raise ConfigError(problems)
    combined: dict[str, Any] = {}
    merged_places: dict[Key, SourceLine] = {}
    for parent in parents:
        base, base_places = _read((path.parent / parent).resolve(), (*above, path))
        _merge(combined, merged_places, base, base_places)
    _merge(combined, merged_places, data, places)
    return combined, merged_places


def _parsed(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        raw = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except DuplicateKeyError as error:
        raise ConfigError([_repeated(path, error)]) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([Problem(f"{short_path(path)}:{line}", f"is not YAML: {error.problem}")]) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(short_path(path), f"is not YAML: {error}")]) from error
    except OSError as error:
        raise ConfigError([Problem(short_path(path), f"cannot be read: {error.strerror}")]) from error
    if not isinstance(raw, Mapping):
        what = "is empty" if raw is None else "is not a mapping of settings"
        raise ConfigError([Problem(short_path(path), what)])
    return raw


def _repeated(path: Path, error: Any) -> Problem:
    line = error.problem_mark.line + 1
    found = re.search(r'duplicate key "(.*?)"', str(error.problem))
    key = found.group(1) if found else "?"
    first = _first_line(path, key, error.context_mark.line, line)
    return Problem(
        f"{short_path(path)}:{line}", f"{key!r} is already set on line {first}", "remove one of them"
    )


def _first_line(path: Path, key: str, start: int, end: int) -> int:
    """Find where a key is first used: from the line where its mapping starts to where it is repeated."""
    lines = path.read_text(encoding="utf-8").splitlines()
    indent = len(lines[end - 1]) - len(lines[end - 1].lstrip())
    pattern = re.compile(rf"^\s{{{indent}}}[\"']?{re.escape(key)}[\"']?\s*:")
    for number in range(start, end):
        if pattern.match(lines[number]):
            return number + 1
    return start + 1


def _plain(raw: Any, key: Key, path: Path, places: dict[Key, SourceLine], problems: list[Problem]) -> Any:
    if isinstance(raw, Mapping):
        for name in raw:
            places[*key, str(name)] = SourceLine(path, _line_of(raw, name))
        return {str(name): _plain(raw[name], (*key, str(name)), path, places, problems) for name in raw}
    if isinstance(raw, list):
        for index in range(len(raw)):
            places[*key, str(index)] = SourceLine(path, raw.lc.item(index)[0] + 1)  # type: ignore[attr-defined]
        return [_plain(one, (*key, str(index)), path, places, problems) for index, one in enumerate(raw)]
    if isinstance(raw, str):
        return _interpolated(str(raw), key, places, problems)
    return _scalar(raw)


def _line_of(raw: Any, name: Any) -> int:
    """Return the line of a key; of one that a merge (``<<``) brought, that of the mapping."""
    try:
        return int(raw.lc.key(name)[0]) + 1
    except KeyError:
        return int(raw.lc.line) + 1


def _scalar(raw: Any) -> Any:
    if isinstance(raw, date):
        return raw.isoformat()
    if raw is None or isinstance(raw, bool):
        return raw
    return int(raw) if isinstance(raw, int) else float(raw)


def _interpolated(text: str, key: Key, places: Mapping[Key, SourceLine], problems: list[Problem]) -> Any:
    def value(found: re.Match[str]) -> str:
        default: str | None = found["default"]
        known = os.environ.get(found["name"], default)
        if known is None:
            hint = f"set it, or write ${{{found['name']}:default}}"
            where = f"{places[key]}: {'.'.join(key)}"
            problems.append(Problem(where, f"the environment variable {found['name']} is not set", hint))
        return known or ""

    filled = VARIABLE.sub(value, text)
    return _value(filled) if VARIABLE.fullmatch(text) else filled


def _value(text: str) -> Any:
    """Read one YAML value, as after ``--set`` or in a variable."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return _plain(YAML(typ="rt").load(StringIO(text)), (), Path(), {}, [])
    except YAMLError:
        return text


def _merge(
    into: dict[str, Any],
    into_places: dict[Key, SourceLine],
    data: Mapping[str, Any],
    places: Mapping[Key, SourceLine],
    key: Key = (),
) -> None:
    for name, value in data.items():
        path = (*key, name)
        old = into.get(name)
        if (
            isinstance(old, dict)
            and isinstance(value, dict)
            and value.get("kind", old.get("kind")) == old.get("kind")
        ):
            _merge(old, into_places, value, places, path)
            continue
        _forget(into_places, path)
        if value is None and name in into:
            del into[name]
            continue
        into[name] = value
        into_places.update({one: place for one, place in places.items() if one[: len(path)] == path})


def _forget(places: dict[Key, SourceLine], path: Key) -> None:
    for one in [one for one in places if one[: len(path)] == path]:
        del places[one]


def _apply(text: str, data: dict[str, Any], places: dict[Key, SourceLine], path: Path) -> None:
    name, equals, value = text.partition("=")
    key = tuple(part.strip() for part in name.split("."))
    if not equals or not all(key):
        raise ConfigError([Problem(f"--set {text}", "is not of the form a.b=c")])
    read = _value(value)
    nested: Any = read
    for part in reversed(key):
        nested = {part: nested}
    _merge(data, places, nested, {one: SourceLine(path) for one in _paths(nested)})


def _paths(data: Any, key: Key = ()) -> Iterable[Key]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield (*key, name)
            yield from _paths(value, (*key, name))
