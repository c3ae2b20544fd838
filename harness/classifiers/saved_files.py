"""What goes wrong while a saved classifier is read in, one kind of error out."""

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
    """Read a file, or the files of a folder, inside: whatever is wrong with them is a ClassifierError.

    Raises
    ------
    ClassifierError
        Where something is missing, cut off, or not what it should be.
    """
    try:
        yield
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
    # The file is opened here, since numpy leaves one open that is cut off.
    with reading(path), path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
        yield found


def expect_labels(path: Path, found: int, expected: int) -> None:
    """Refuse a file that holds another number of labels.

    Raises
    ------
    ClassifierError
        Naming both numbers.
    """
    if found != expected:
        raise ClassifierError(f"{path} holds {found} labels; expected {expected}")
