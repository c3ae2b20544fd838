"""YAML files in, one merged document out, each value with the file and line it comes from.

YAML 1.2: ``no``, ``none`` and ``off`` are text. In addition:

- ``extends: other.yaml`` (or a list) starts from other files; mappings are merged, everything else is
  replaced, ``~`` removes a key, and a section whose ``kind`` changes inherits nothing;
- ``${NAME}`` and ``${NAME:default}`` are environment variables; a value that is only a variable is parsed as
  YAML. Secrets are used and never shown (:mod:`harness.config.secret_values`);
- ``--set a.b=c`` overrides everything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.config.secret_values import VARIABLE, Key, Variables, conceal
from harness.values import limits
from harness.values.errors import ConfigError, Problem, abbreviate
from harness.values.unreadable import UnreadableError
from harness.values.yaml_files import parse_yaml, read_yaml


@dataclass(frozen=True)
class SourceLine:
    """A line of a file, or a ``--set`` option of the command line (line 0); the variables in its value."""

    file: Path
    line: int = 0
    variables: Variables | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{short_path(self.file)}:{self.line}" if self.line else "--set"

    @property
    def folder(self) -> Path:
        """The folder from which relative paths on this line start."""
        return self.file.parent if self.line else Path.cwd()


@dataclass(frozen=True)
class ConfigDocument:
    """A merged config as plain data.

    Attributes
    ----------
    path : Path
        The file that was loaded, without those that it extends.
    data : dict
        Plain dicts, lists and scalars.
    lines : mapping
        Key path → the line that set it last; list items are keyed by their index.
    is_file : bool
        Whether it comes from files; data of Python code have no lines.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[Key, SourceLine] = field(default_factory=dict)
    is_file: bool = True

    def line_of(self, path: str | Key) -> SourceLine:
        """Return the line that set a path, or the nearest part of it."""
        key = tuple(path.split(".")) if isinstance(path, str) else path
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, SourceLine(self.path, 1))

    def problem(self, path: str, what: str, hint: str = "") -> Problem:
        """Describe a problem of a path, with its file and line."""
        line = self.line_of(path)
        if not self.is_file and line.line:
            return Problem(path, what, hint)
        where = f"{line}: {path}" if path else short_path(self.path)
        return Problem(where, what, hint)


def short_path(path: Path) -> str:
    """Return a path relative to the working folder, or as it is where it lies elsewhere."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def load(path: Path, sets: Sequence[str] = ()) -> ConfigDocument:
    """Read a config and the files it extends.

    Parameters
    ----------
    path : Path
        A YAML file.
    sets : sequence of str
        Each ``a.b=c``, as after ``--set``.

    Raises
    ------
    ConfigError
        For a missing file, invalid YAML, a repeated key, an unset variable, a cycle of ``extends`` or a
        malformed ``--set``; with all such problems of a file at once.
    """
    path = _resolved(path)
    data, lines = _read(path, (), [])
    for text in sets:
        _apply(text, data, lines, path)
    return ConfigDocument(path, conceal(data, _variables(lines)), lines)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # A null character, or links that lead to each other.
        raise ConfigError([Problem(abbreviate(str(path)), f"is no path: {error}")]) from None


def document_of(data: dict[str, Any], sets: Sequence[str] = ()) -> ConfigDocument:
    """Turn data that come from no file into a document; relative paths start from the working folder."""
    path = Path.cwd() / "config"
    lines: dict[Key, SourceLine] = {}
    for text in sets:
        _apply(text, data, lines, path)
    return ConfigDocument(path, conceal(data, _variables(lines)), lines, is_file=False)


def _variables(lines: Mapping[Key, SourceLine]) -> dict[Key, Variables]:
    return {key: line.variables for key, line in lines.items() if line.variables is not None}


def merged(path: Path, parts: Sequence[tuple[dict[str, Any], Mapping[Key, SourceLine]]]) -> ConfigDocument:
    """Merge the data of documents, each on top of those before it, as ``extends`` does.

    Parameters
    ----------
    path : Path
        The file that the document stands for.
    parts : sequence of (dict, mapping)
        Data, which are modified, and the lines of their keys.
    """
    combined: dict[str, Any] = {}
    lines: dict[Key, SourceLine] = {}
    for data, lines_of_part in parts:
        _merge(combined, lines, data, lines_of_part)
    return ConfigDocument(path, combined, lines)


def _read(
    path: Path, above: tuple[Path, ...], every: list[Path]
) -> tuple[dict[str, Any], dict[Key, SourceLine]]:
    """Read a file on top of those it extends; ``every`` gathers the files that were read, with repeats."""
    if path in above:
        # A cycle would recurse for ever; the files on the way are named, since each of them looks right
        # alone.
        cycle = " → ".join(short_path(file) for file in (*above, path))
        raise ConfigError([Problem(short_path(path), f"extends itself: {cycle}")])
    every.append(path)
    if limits.CONFIG_FILES.exceeded_by(len(every)):
        limit = limits.CONFIG_FILES
        raise ConfigError([Problem(short_path(every[0]), limit.problem, limit.remedy)])
    problems: list[Problem] = []
    raw = _parsed(path)
    lines: dict[Key, SourceLine] = {}
    data = _plain(raw, (), path, lines, problems)
    # Parents are merged first, in their order, and this file last: the nearer file wins.
    parents = data.pop("extends", [])
    parents = [parents] if isinstance(parents, str) else parents
    if not isinstance(parents, list) or not all(isinstance(parent, str) for parent in parents):
        problems.append(Problem(f"{short_path(path)}: extends", "should be a file or a list of files"))
    if problems:
        raise ConfigError(problems)
    combined: dict[str, Any] = {}
    combined_lines: dict[Key, SourceLine] = {}
    for parent in parents:
        base, base_lines = _read(_resolved(path.parent / parent), (*above, path), every)
        _merge(combined, combined_lines, base, base_lines)
    _merge(combined, combined_lines, data, lines)
    return combined, combined_lines


def _parsed(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml.constructor import DuplicateKeyError

    try:
        # Round-trip mode keeps the line of every key, which the safe loader drops.
        raw = read_yaml(path, limits.CONFIG_BYTES, kind="rt")
    except DuplicateKeyError as error:
        raise ConfigError([_repeated(path, error)]) from error
    except UnreadableError as error:
        where = f"{short_path(path)}:{error.line}" if error.line else short_path(path)
        raise ConfigError([Problem(where, str(error))]) from None
    if not isinstance(raw, Mapping):
        what = "is empty" if raw is None else "is not a mapping of settings"
        raise ConfigError([Problem(short_path(path), what)])
    return raw


def _repeated(path: Path, error: Any) -> Problem:
    line = error.problem_mark.line + 1
    # ruamel names the key in its message alone.
    match = re.search(r'duplicate key "(.*?)"', str(error.problem))
    key = match.group(1) if match else "?"
    first = _first_line(path, key, error.context_mark.line, line)
    return Problem(
        f"{short_path(path)}:{line}", f"{key!r} is already set on line {first}", "remove one of them"
    )


def _first_line(path: Path, key: str, start: int, end: int) -> int:
    """Find the first use of a key between the line where its mapping starts and the one that repeats it."""
    # ruamel reports where the mapping starts and where the key is repeated, but not its first use.
    lines = path.read_text(encoding="utf-8").splitlines()
    indent = len(lines[end - 1]) - len(lines[end - 1].lstrip())
    pattern = re.compile(rf"^\s{{{indent}}}[\"']?{re.escape(key)}[\"']?\s*:")
    for number in range(start, end):
        if pattern.match(lines[number]):
            return number + 1
    return start + 1


# ruamel returns subclasses of dict, list, str and float that carry comments and anchors. Pydantic's strict
# mode and the JSON of digests need the plain types.
def _plain(raw: Any, key: Key, path: Path, lines: dict[Key, SourceLine], problems: list[Problem]) -> Any:
    if isinstance(raw, Mapping):
        for name in raw:
            lines[*key, str(name)] = SourceLine(path, _line_of(raw, name))
        return {str(name): _plain(raw[name], (*key, str(name)), path, lines, problems) for name in raw}
    if isinstance(raw, list):
        for index in range(len(raw)):
            lines[*key, str(index)] = SourceLine(path, _line_of_item(raw, index))
        return [_plain(item, (*key, str(index)), path, lines, problems) for index, item in enumerate(raw)]
    if isinstance(raw, str):
        return _interpolated(str(raw), key, lines, problems)
    if not isinstance(raw, date | bool | int | float | None):
        what = f"is neither text nor a number, list or mapping: {type(raw).__name__}"
        problems.append(Problem(f"{lines.get(key, SourceLine(path, 1))}: {'.'.join(key)}", what))
        return None
    return _scalar(raw)


def _line_of(raw: Any, name: Any) -> int:
    """Return the line of a key; for a key from a YAML merge (``<<``), the line of the mapping."""
    try:
        return int(raw.lc.key(name)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        # A mapping of merged keys alone has no lines of keys at all.
        return _line_of_collection(raw)


def _line_of_item(raw: Any, index: int) -> int:
    try:
        return int(raw.lc.item(index)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return _line_of_collection(raw)


def _line_of_collection(raw: Any) -> int:
    line = getattr(getattr(raw, "lc", None), "line", None)
    return 1 if line is None else int(line) + 1


def _scalar(raw: Any) -> Any:
    # YAML turns 2031-05-14 into a date; every reader of a config expects text. bool comes before int, whose
    # subclass it is.
    if isinstance(raw, date):
        return raw.isoformat()
    if raw is None or isinstance(raw, bool):
        return raw
    return int(raw) if isinstance(raw, int) else float(raw)


def _interpolated(text: str, key: Key, lines: dict[Key, SourceLine], problems: list[Problem]) -> Any:
    values: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        default: str | None = match["default"]
        value = os.environ.get(match["name"], default)
        if value is None:
            hint = f"set it, or write ${{{match['name']}:default}}"
            where = f"{lines[key]}: {'.'.join(key)}" if key in lines else "--set"
            problems.append(Problem(where, f"the environment variable {match['name']} is not set", hint))
        values[match["name"]] = value or ""
        return value or ""

    # A variable alone may be a number, a list or null; inside other text its value is text.
    filled = VARIABLE.sub(value_of, text)
    parsed = _value(filled) if VARIABLE.fullmatch(text) else filled
    if values and key in lines:
        lines[key] = replace(lines[key], variables=Variables(text, values, filled, parsed))
    return parsed


def _value(
    text: str,
    key: Key = (),
    lines: dict[Key, SourceLine] | None = None,
    problems: list[Problem] | None = None,
) -> Any:
    """Parse a YAML value, as after ``--set`` or in a variable; text that is not YAML stays text."""
    lines, problems = {} if lines is None else lines, [] if problems is None else problems
    from ruamel.yaml.error import YAMLError

    of_text: list[Problem] = []
    try:
        value = _plain(parse_yaml(text, kind="rt"), key, Path(), lines, of_text)
    except (UnreadableError, YAMLError):
        return text
    problems += of_text
    return text if of_text else value


def _merge(
    into: dict[str, Any],
    into_lines: dict[Key, SourceLine],
    data: Mapping[str, Any],
    lines: Mapping[Key, SourceLine],
    key: Key = (),
) -> None:
    for name, value in data.items():
        path = (*key, name)
        # Options of one kind mean nothing to another: a section whose kind changes is replaced, not merged.
        old = into.get(name)
        if (
            isinstance(old, dict)
            and isinstance(value, dict)
            and value.get("kind", old.get("kind")) == old.get("kind")
        ):
            _merge(old, into_lines, value, lines, path)
            continue
        # Keys nested in a replaced value would keep the lines of the file that no longer sets them.
        for old_path in _value_paths(old, path):
            into_lines.pop(old_path, None)
        if value is None and name in into:
            del into[name]
            continue
        into[name] = value
        into_lines.update({inner: lines[inner] for inner in _value_paths(value, path) if inner in lines})


def _value_paths(value: Any, path: Key) -> Iterator[Key]:
    """Yield the path of a value and of every value in it."""
    yield path
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, item in inner:
        yield from _value_paths(item, (*path, str(name)))


def _apply(text: str, data: dict[str, Any], lines: dict[Key, SourceLine], path: Path) -> None:
    name, equals, value = text.partition("=")
    key = tuple(part.strip() for part in name.split("."))
    if not equals or not all(key):
        raise ConfigError([Problem(f"--set {text}", "is not of the form a.b=c")])
    # As nested mappings it is merged like a file, so that a change of kind acts here as it does there.
    set_lines: dict[Key, SourceLine] = {key: SourceLine(path)}
    problems: list[Problem] = []
    nested: Any = _value(value, key, set_lines, problems)
    if problems:
        raise ConfigError(problems)
    for part in reversed(key):
        nested = {part: nested}
    # Without lines of their own: what follows --set is one line.
    unset = SourceLine(path)
    variables = {where: line.variables for where, line in set_lines.items()}
    paths = [where for where in _value_paths(nested, ()) if where]
    _merge(
        data,
        lines,
        nested,
        {where: replace(unset, variables=variables.get(where)) for where in [*paths, *set_lines]},
    )
