"""Values that must not be shown in, what is shown in their place out: ``${NAME}``, or ``***`` in an address.

A secret of a config travels as a :class:`SecretText`. As a text it is ``${NAME}``, so that whatever writes
options writes the name; only :func:`reveal`, called where a factory is, gives the value. Messages of other
code may hold the value itself: :func:`hide` takes it out of texts that are printed or kept.
"""

from __future__ import annotations

import copy
import json
import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

NAMES = re.compile(r"TOKEN|KEY|SECRET|PASSWORD", re.IGNORECASE)
"""Environment variables whose name matches hold secrets, unless the value is a number where one is needed."""

MASK = "***"
MIN_LENGTH = 4
"""Shorter values are not searched for in texts: they would be found in ordinary words."""

MIN_DIGITS = 8
"""Nor are shorter numbers, unless they are declared as secrets."""

MIN_BYTES = 8
"""Shorter values are not searched for in files: weights hold any few bytes by chance."""

# The length of a scheme is bounded: of a long word every letter may begin one.
USERINFO = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]{0,40}://)(?P<user>[^\s/?#:@]*):(?P<password>[^\s/?#]*)@")

_SHOWN: dict[str, str] = {}
"""Values that this process knows to be secret → what is shown in their place."""


class SecretText(str):
    """A secret of a config: the text as a person wrote it, ``${NAME}`` in place of the secret.

    Attributes
    ----------
    value : object
        What it stands for.
    parsed : object
        The value as YAML reads it, for options that take no text.
    declared : bool
        Whether the config says that it is secret; else its name tells.
    """

    __slots__ = ("declared", "parsed", "value")

    def __new__(cls, shown: str, value: Any, parsed: Any = None, declared: bool = True) -> SecretText:
        """Make a text of what is shown."""
        text = super().__new__(cls, shown)
        text.value, text.parsed, text.declared = value, parsed, declared
        return text

    value: Any
    parsed: Any
    declared: bool

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and send to other processes whole."""
        return SecretText, (str(self), self.value, self.parsed, self.declared)


def is_secret_name(variable: str) -> bool:
    """Say whether the name of an environment variable is that of a secret.

    Examples
    --------
    >>> is_secret_name("HUB_TOKEN"), is_secret_name("apikey"), is_secret_name("HARNESS_CORPORA")
    (True, True, False)
    """
    return NAMES.search(variable) is not None


def secrets_in(value: Any) -> Iterator[SecretText]:
    """Yield the secrets in nested data."""
    if isinstance(value, SecretText):
        yield value
    for inner in _inner(value):
        yield from secrets_in(inner)


def reveal(value: Any, *, parsed: bool = False) -> Any:
    """Put the values of secrets in their place.

    Parameters
    ----------
    value : object
        Nested data; without a secret it is returned as it is.
    parsed : bool
        As YAML reads them, for options that take no text.
    """
    if isinstance(value, SecretText):
        return value.parsed if parsed else value.value
    if next(secrets_in(value), None) is None:
        return value
    return _mapped(value, lambda inner, _: reveal(inner, parsed=parsed))


def concealed(value: Any, written: Any) -> Any:
    """Return a checked option with its secrets hidden again.

    Parameters
    ----------
    value : object
        The option with the values of its secrets, after its types were checked.
    written : object
        The option as a person wrote it.

    Returns
    -------
    object
        Paths stay visible, and so do numbers that the config does not call secret: an option that takes a
        number takes no password.
    """
    if not isinstance(written, SecretText) and next(secrets_in(written), None) is None:
        return value
    if isinstance(written, SecretText):
        is_number = value is None or isinstance(value, bool | int | float)
        if isinstance(value, Path) or (is_number and not written.declared):
            return value
        return SecretText(str(written), value, value, written.declared)
    names = set(written) if isinstance(written, Mapping) else set(range(len(written)))
    if isinstance(value, Mapping | list | tuple) or is_dataclass(value):
        return _mapped(value, lambda inner, name: concealed(inner, written[name]) if name in names else inner)
    # Of another shape than it was written in, a set say: nothing of it is shown.
    return SecretText(json.dumps(written), value, value)


Invalid = list[tuple[str, str, str]]
"""Path of an option, what is wrong with it, and a hint."""


def validated(
    validate: Callable[[Mapping[str, Any]], tuple[dict[str, Any], Invalid]],
    options: Mapping[str, Any],
    write: Callable[[Any], str],
) -> tuple[dict[str, Any], Invalid]:
    """Check options by the values of their secrets; in what is returned, these are hidden again.

    Parameters
    ----------
    validate : callable
        Options → checked options, or what is wrong with them.
    options : mapping
        As a person wrote them.
    write : callable
        Writes an option for a message.
    """
    secret = {name for name, value in options.items() if next(secrets_in(value), None) is not None}
    if not secret:
        return validate(options)
    values, invalid = validate(reveal(dict(options)))
    # A secret is text wherever that is allowed, even one of digits; where it is not, YAML's reading counts.
    wrong = secret & {path.split(".")[0] for path, _, _ in invalid}
    if wrong:
        values, invalid = validate(
            {name: reveal(value, parsed=name in wrong) for name, value in options.items()}
        )
    described = []
    for path, what, hint in invalid:
        name = path.split(".")[0]
        # With what a person wrote as the input, in place of the value.
        shown = f"{what.rpartition(', got ')[0]}, got {write(options[name])}" if name in secret else what
        described.append((path, shown, hint))
    return {name: concealed(value, options.get(name, value)) for name, value in values.items()}, described


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, name) for name in value.__dataclass_fields__)


def _mapped(value: Any, change: Any) -> Any:
    """Copy nested data, each item changed with its name or index."""
    if isinstance(value, Mapping):
        return {name: change(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(change(inner, index) for index, inner in enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = copy.copy(value)
        for name in value.__dataclass_fields__:
            # Groups of options are frozen, and were checked with the values of their secrets.
            object.__setattr__(changed, name, change(getattr(value, name), name))
        return changed
    return value


def register(value: str, shown: str, *, declared: bool = True) -> None:
    """Let :func:`hide` replace a value from now on.

    Parameters
    ----------
    value : str
    shown : str
        What takes its place.
    declared : bool
        False for what only its name makes a secret: short numbers are then left alone.
    """
    is_number = value.replace(".", "", 1).isdecimal()
    if len(value) < (MIN_DIGITS if is_number and not declared else MIN_LENGTH):
        return
    # As it stands in a message, in the repr of an object, in JSON and in an address.
    for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe="")):
        _SHOWN[form] = shown


def shown_secrets() -> dict[str, str]:
    """Return the values that this process knows to be secret, and what is shown in their place."""
    return dict(_SHOWN)


def remember(shown: Mapping[str, str]) -> None:
    """Hide what another process knows to be secret, too; see :func:`shown_secrets`."""
    _SHOWN.update(shown)


def hide(text: str) -> str:
    """Return a text without the secrets that this process knows, and without passwords in addresses.

    Examples
    --------
    >>> hide("cannot reach postgresql://ann:pw@db/runs")
    'cannot reach postgresql://ann:***@db/runs'
    """
    # The longest first: one secret may be a part of another.
    for value in sorted(_SHOWN, key=len, reverse=True):
        text = text.replace(value, _SHOWN[value])
    return masked(text) if "://" in text else text


def secret_in(file: Path) -> str:
    """Return how a secret is shown whose value stands in a file; the empty string where none does.

    Parameters
    ----------
    file : Path
        What is compressed in it is not searched.
    """
    # As the environment has it: bytes that are no text stand in a value as surrogates.
    values = {value.encode(errors="surrogateescape"): shown for value, shown in _SHOWN.items()}
    values = {value: shown for value, shown in values.items() if len(value) >= MIN_BYTES}
    if not values or not file.stat().st_size:
        return ""
    # Mapped, not read: weights may take hundreds of MB.
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return next((shown for value, shown in values.items() if content.find(value) >= 0), "")


def masked(text: str) -> str:
    """Return a text with ``***`` for the passwords of the addresses in it.

    Examples
    --------
    >>> masked("http://ann:pa:ss@word@runs.example.org:8080/mlflow")
    'http://ann:***@runs.example.org:8080/mlflow'
    >>> masked("http://runs.example.org:8080/a@b")
    'http://runs.example.org:8080/a@b'
    """
    return USERINFO.sub(rf"\g<scheme>\g<user>:{MASK}@", text)


def credentials(address: str) -> tuple[str, str, str]:
    """Split an address with credentials into one without them, the user and the password.

    Parameters
    ----------
    address : str

    Returns
    -------
    tuple of str
        User and password are empty where it has none; escapes such as ``%40`` are undone in them.

    Examples
    --------
    >>> credentials("https://ann:p%40ss@runs.example.org/mlflow")
    ('https://runs.example.org/mlflow', 'ann', 'p@ss')
    >>> credentials("https://runs.example.org")
    ('https://runs.example.org', '', '')
    """
    match = USERINFO.match(address)
    if match is None:
        return address, "", ""
    rest = address[match.end() :]
    return match["scheme"] + rest, unquote(match["user"]), unquote(match["password"])
