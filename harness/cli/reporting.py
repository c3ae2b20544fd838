"""A verb in; the same verb with ``--json`` and ``--quiet``, which change what it prints, out.

A verb prints for people and returns what it reports as plain data. With ``--json`` the words are held back
and the data is printed, as one JSON document; with ``--quiet`` nothing is. Errors and warnings always go to
standard error.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import json
import math
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from harness.values.errors import HarnessError, ProblemsError
from harness.values.progress import progress_as
from harness.values.secrets import hide

if TYPE_CHECKING:
    from typing import BinaryIO

Report = dict[str, Any]
"""What a verb reports: names and values, which :func:`as_json` turns into JSON data."""

Json = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON document, and nothing else.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and warnings.")]


@dataclass(frozen=True)
class Unfinished:
    """What a verb reports though it failed in the end: it is printed, and then the error is raised."""

    report: Report
    error: HarnessError


class _Muted(io.TextIOBase):
    """Standard output that holds words back; rows of data, which are written as bytes, still pass.

    Parameters
    ----------
    stream : TextIO
        The real standard output.
    passes_data : bool
        False for JSON, beside which nothing else may stand.
    """

    def __init__(self, stream: TextIO, *, passes_data: bool) -> None:
        self._stream = stream
        self._passes_data = passes_data

    def write(self, text: str, /) -> int:
        """Drop a text."""
        return len(text)

    @property
    def buffer(self) -> BinaryIO:
        """The stream of bytes."""
        if not self._passes_data:
            raise HarnessError(
                "--json needs --output FILE: the rows would stand beside it on standard output"
            )
        return self._stream.buffer

    def fileno(self) -> int:
        """Return the descriptor of the real stream."""
        return self._stream.fileno()


class Hiding:
    """Standard output or error on which no secret is shown: messages of other code may hold one.

    Parameters
    ----------
    stream : TextIO
        The real stream; rows of data, which are written to it as bytes, pass as they are.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """Return what the real stream has."""
        return getattr(self._stream, name)

    def write(self, text: str, /) -> int:
        """Write a text without secrets."""
        return self._stream.write(hide(text))

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write several texts without secrets."""
        for line in lines:
            self.write(line)


def with_output_options(verb: Callable[..., Any]) -> Callable[..., None]:
    """Add ``--json`` and ``--quiet`` to a verb.

    Parameters
    ----------
    verb : callable
        Returns a :data:`Report`, or an :class:`Unfinished` one.
    """

    @functools.wraps(verb)
    def reporting(*arguments: Any, json_: bool, quiet: bool, **options: Any) -> None:
        if json_ and quiet:
            raise typer.BadParameter("--json and --quiet exclude each other")
        with contextlib.ExitStack() as stack:
            if json_ or quiet:
                muted = typing.cast("TextIO", _Muted(sys.stdout, passes_data=quiet))
                stack.enter_context(contextlib.redirect_stdout(muted))
            if quiet:
                stack.enter_context(progress_as("off"))
            try:
                outcome = verb(*arguments, **options)
            except HarnessError as error:
                outcome = Unfinished({}, error)
        report, failure = (
            (outcome.report, outcome.error) if isinstance(outcome, Unfinished) else (outcome, None)
        )
        if json_:
            _print({**(report or {}), **(_error_report(failure) if failure is not None else {})})
        if failure is not None:
            raise failure

    add_switches(verb, reporting, {"json_": Json, "quiet": Quiet})
    return reporting


def add_switches(verb: Callable[..., Any], wrapper: Callable[..., Any], switches: Mapping[str, Any]) -> None:
    """Give the wrapper of a verb its options and some switches, which are off by default.

    Parameters
    ----------
    verb, wrapper : callable
    switches : mapping
        Name of the wrapper's parameter → its annotation.
    """
    # Typer reads options from the signature; the annotations of the verb are texts until they are resolved.
    hints = typing.get_type_hints(verb, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(verb).parameters.items()
    ]
    for name, annotation in switches.items():
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        )
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {**hints, **switches}


def as_json(value: Any) -> Any:
    """Turn a value into JSON data; NaN and infinity, which JSON does not have, become null.

    Examples
    --------
    >>> as_json({"path": Path("a.csv"), "score": math.nan, "labels": ("critical",)})
    {'path': 'a.csv', 'score': None, 'labels': ['critical']}
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "to_dict"):
        # A DataFrame, one record a row.
        value = value.to_dict("records")
    elif hasattr(value, "dtype") and hasattr(value, "item"):
        # A number of numpy.
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path | Enum):
        return str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"{type(value).__name__} is no JSON data")


def _error_report(error: HarnessError) -> Report:
    report: Report = {"error": str(error), "exit_code": error.exit_code}
    if isinstance(error, ProblemsError):
        report["problems"] = error.problems
    return report


def _print(report: Report) -> None:
    # Other encodings than UTF-8 lack letters; escapes say them in ASCII.
    is_utf8 = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(as_json(report), indent=2, ensure_ascii=not is_utf8, allow_nan=False))
