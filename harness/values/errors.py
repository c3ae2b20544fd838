"""Failures that a person can act on.

::

    HarnessError                 exit code 1
    ├── ProblemsError            carries a tuple of Problem, all of them at once
    │   ├── ConfigError          a config cannot be resolved; exit code 2
    │   ├── CorpusError          a corpus file or row is not what it should be
    │   │   └── UnavailableError a dataset of the hub cannot be reached, and is not in the cache
    │   └── ArticleError         an article cannot be read
    ├── FetchError               files of a corpus cannot be downloaded, or are not the published ones
    ├── SplitError               a split cannot be drawn or is not disjoint
    ├── LeakError                the test set repeats training rows
    ├── PredictionsError         a table of predictions breaks its contract
    ├── ClassifierError          a classifier cannot be fitted or used
    ├── ClusterError             a cluster cannot be reached, lacks something, or is gone
    ├── ModelError               a served model cannot be loaded, or its input is unusable
    ├── OutputError              a file cannot be written, or another process is writing it
    │   └── SameFileError        an output is an input, or another output; exit code 2
    ├── BucketError              an object in a bucket cannot be read or written
    ├── PromotionError           nothing can be promoted, or it may not replace this champion
    ├── StoreError               the MLflow store is missing, locked or inconsistent
    └── MissingPackageError      an optional package; the message names the install command
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_LENGTH = 60
"""Characters of a value in a message."""

MAX_CHOICES = 30
"""Choices that a suggestion lists; of more it gives the number."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where it is, what it is, and what to do about it.

    Attributes
    ----------
    where : str
        File, line and path, as precisely as possible: ``"mine.yaml:4: split.kind"``.
    what : str
        One clause without a full stop.
    hint : str
        A suggestion, or the empty string.
    """

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text


class HarnessError(Exception):
    """Root of everything the harness raises on purpose; its message shows no secret."""

    exit_code = 1

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(hidden(each) if isinstance(each, str) else each for each in arguments))

    def __reduce__(self) -> tuple[Any, ...]:
        """Come whole from another process: an error is not made of its message again."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[HarnessError], arguments: tuple[object, ...], attributes: Mapping[str, Any]
) -> HarnessError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


class ProblemsError(HarnessError):
    """Several problems, collected and raised at once.

    Parameters
    ----------
    problems : iterable of Problem
        At least one; the message has a line for each, in this order.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(Problem(*map(hidden, (each.where, each.what, each.hint))) for each in problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(ProblemsError):
    """A config that cannot be resolved."""

    # As click exits on a wrong call, so that a script can tell a wrong config from a failed run.
    exit_code = 2


class CorpusError(ProblemsError):
    """A corpus that is not what it claims to be."""


class UnavailableError(CorpusError):
    """A corpus that lies elsewhere and cannot be fetched now; nothing is known to be wrong with it."""


class ArticleError(ProblemsError):
    """An article that cannot be read."""


class FetchError(HarnessError):
    """Files of a corpus that cannot be downloaded, or are not the published ones."""


class SplitError(HarnessError):
    """A split that cannot be drawn, or that is not disjoint."""


class MissingPartError(SplitError):
    """A published corpus whose files of a part, such as test, are not there."""


class LeakError(HarnessError):
    """A test set that repeats training rows, more of them than the config allows."""


class PredictionsError(HarnessError):
    """A predictions table that breaks its contract."""


class ClassifierError(HarnessError):
    """A classifier that cannot be fitted or used."""


class ClusterError(HarnessError):
    """A cluster that cannot be reached, that lacks what a job needs, or that is gone."""


class ModelError(HarnessError):
    """A served model that cannot be loaded, or input that it cannot label."""


class ForeignModelError(ModelError):
    """A model that is not one of the harness, though it may be one of MLflow."""


class OutputError(HarnessError):
    """An output that cannot be written, or that another process is writing."""


class SameFileError(OutputError):
    """An output that is an input, or another output: writing it would lose what is there."""

    # The call is wrong, whatever the files hold.
    exit_code = 2


class BucketError(HarnessError):
    """An object in a bucket that cannot be read or written, or an address that leads to none."""


class PromotionError(HarnessError):
    """A model that cannot be made champion."""


class StoreError(HarnessError):
    """An MLflow store that cannot be used as it is."""


class MissingPackageError(HarnessError):
    """An optional package that is needed and not installed.

    Parameters
    ----------
    package : str
        As pip calls it.
    purpose : str
        What needs it; the subject of the message.
    extra : str
        The extra of this package that brings it; empty where none does.
    without_dependencies : bool
        Whether it declares packages that are not needed.
    """

    def __init__(
        self, package: str, purpose: str, extra: str = "", *, without_dependencies: bool = False
    ) -> None:
        source = f"'stance-harness[{extra}]'" if extra else package
        source = f"--no-deps {source}" if without_dependencies else source
        super().__init__(f"{purpose} needs the package {package!r}: pip install {source}")


class HarnessWarning(UserWarning):
    """Something that a person should know, though work goes on."""


def hidden(text: str) -> str:
    """Return a text without secrets; see :func:`harness.values.secrets.hide`."""
    # Here, and not above: what only labels rows makes no errors.
    from harness.values.secrets import hide

    return hide(text)


def suggest(word: str, choices: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or the list of choices where none is close.

    Parameters
    ----------
    word : str
        What a person wrote.
    choices : iterable of str
        What would have been right.

    Examples
    --------
    >>> suggest("linaer", ["linear", "prior"]), suggest("c", ["C", "words"])
    ("did you mean 'linear'?", "did you mean 'C'?")
    """
    names = sorted(choices)
    # Without regard to case: "c" is near to no other name, and a person meant "C".
    by_folded = {name.casefold(): name for name in reversed(names)}
    folded = word.casefold()
    # difflib finds typing errors; a prefix finds names that were written too long: "linear_svm" for "linear".
    close = (
        [folded] * (folded in by_folded)
        or difflib.get_close_matches(folded, list(by_folded), n=1)
        or [name for name in sorted(by_folded) if folded.startswith(name)]
    )
    if close:
        return f"did you mean {by_folded[close[0]]!r}?"
    return f"known: {listed(names)}" if names else "it takes no options"


def listed(names: Iterable[str]) -> str:
    """Join names with commas; of more than :data:`MAX_CHOICES`, the first, and the number of the others.

    Examples
    --------
    >>> listed(["linear", "prior"])
    'linear, prior'
    """
    every = list(names)
    rest = len(every) - MAX_CHOICES
    return ", ".join(every[:MAX_CHOICES]) + (f" and {rest:,} more" if rest > 0 else "")


def abbreviate(value: Any) -> str:
    """Write a value so that it fits into a message; of an object that is no plain data, its type.

    Examples
    --------
    >>> abbreviate(0.5), abbreviate("text"), abbreviate(object())
    ('0.5', "'text'", 'an object of type object')
    """
    # Hidden before it is cut: a part of a secret would not be recognised.
    text = hidden(" ".join(_written(value).split()))
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def _written(value: Any) -> str:
    """Write plain data as Python does; of other objects in it, the type."""
    if isinstance(value, Mapping):
        pairs = (f"{key!r}: {_written(inner)}" for key, inner in itertools.islice(value.items(), MAX_LENGTH))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value[:MAX_LENGTH])) + "]"
    if isinstance(value, tuple):
        items = [_written(inner) for inner in value[:MAX_LENGTH]]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, str | bytes | int | float | set | Path | None):
        return repr(value)
    # The repr of a table is the table: rows of data, over many lines.
    return f"an object of type {type(value).__name__}"
