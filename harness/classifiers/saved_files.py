"""Files of a saved classifier in, their content out; whatever is wrong with them is one kind of error."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn every failure of a ``with`` block that reads a file, or a folder, into a ClassifierError.

    Parameters
    ----------
    path : Path
        Named in the message.

    Raises
    ------
    ClassifierError
        Where something is missing, truncated, or has another form than expected.
    """
    try:
        yield
    # What json, numpy, zipfile and zlib raise for damaged files, and look-ups in data of another form.
    except (
        OSError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ClassifierError(f"{path} cannot be read: {str(error) or type(error).__name__}") from error


@contextmanager
def arrays(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Open a file of named arrays; one that holds a pickle is refused. Raises as :func:`reading` does."""
    # Not opened by numpy, which leaves a truncated file open.
    with reading(path), path.open("rb") as stream, np.load(stream, allow_pickle=False) as by_name:
        yield by_name


def expect_labels(path: Path, count: int, expected: int) -> None:
    """Refuse a file with another number of labels.

    Raises
    ------
    ClassifierError
        Naming both numbers.
    """
    if count != expected:
        raise ClassifierError(f"{path} holds {count} labels; expected {expected}")
