"""A JSON file in, what it records out, or one error: an earlier version, or anybody, may have written it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from harness.values.errors import HarnessError

Record = TypeVar("Record")


def read_record(path: Path, build: Callable[[Any], Record], error: type[HarnessError]) -> Record:
    """Read a record.

    Parameters
    ----------
    path : Path
    build : callable
        Turns the file's data into the record, and may fail in any way that wrong data make it fail.
    error : type
        Raised where the file cannot be read, or its data are no such record.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "record.json"
    >>> _ = path.write_text('{"format": 1}')
    >>> read_record(path, lambda data: data["format"], HarnessError)
    1
    >>> folder.cleanup()
    """
    try:
        return build(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as reason:
        # A missing key alone would read as a word in quotes.
        detail = f"it has no {reason}" if isinstance(reason, KeyError) else reason
        raise error(f"{path} is damaged: {detail}") from reason
