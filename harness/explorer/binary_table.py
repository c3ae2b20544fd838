"""Columns of numbers and plain data in, one compressed text out that a page can hold.

The text is base64 of a gzip stream, which browsers unpack by themselves. In it lie, one after the other: the
length of the head (four bytes, little-endian), the head (JSON), and the columns as they lie in memory, each
from an offset that is a multiple of 8, so that a typed array can be laid over it without a copy.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES: Mapping[str, str] = {"uint8": "Uint8Array", "uint16": "Uint16Array", "int32": "Int32Array"}
"""Types of columns, and what browsers call them."""

COMPRESSION, FAST_COMPRESSION = 6, 1
"""Of gzip: level 9 takes four times as long as 6 and makes partyline's page 1 % smaller."""

LARGE = 2**22
"""Bytes from which on the fast one is taken, since a run waits for it: of 30,000 rows of six classifiers it
makes a text that is 22 % longer, in 0.07 s in place of 0.26 s.
"""

_ALIGNMENT = 8


def pack(head: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> str:
    """Return plain data and columns as one text.

    Parameters
    ----------
    head : mapping
        What JSON can hold.
    columns : mapping
        Arrays of a type in :data:`TYPES`, of any shape; stored in C order.

    Returns
    -------
    str
        Letters of base64; equal for equal data.
    """
    places: dict[str, list[Any]] = {}
    offset = 0
    for name, array in columns.items():
        places[name] = [TYPES[array.dtype.name], offset, int(array.size)]
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    # In ASCII: texts from the web may hold lone surrogates, which UTF-8 refuses and JSON escapes.
    text = json.dumps({**head, "columns": places}, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    text += b" " * (-(len(text) + 4) % _ALIGNMENT)
    parts = [struct.pack("<I", len(text)), text]
    for array in columns.values():
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        parts.append(data + bytes(-len(data) % _ALIGNMENT))
    data = b"".join(parts)
    # Without a time in its head: equal data are equal bytes.
    level = FAST_COMPRESSION if len(data) >= LARGE else COMPRESSION
    return base64.b64encode(gzip.compress(data, level, mtime=0)).decode("ascii")


def unpack(text: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the plain data and the columns, each as one row of numbers, of what :func:`pack` made."""
    data = gzip.decompress(base64.b64decode(text))
    (length,) = struct.unpack_from("<I", data)
    head: dict[str, Any] = json.loads(data[4 : 4 + length])
    types = {browser: name for name, browser in TYPES.items()}
    columns = {
        name: np.frombuffer(data, np.dtype(types[kind]).newbyteorder("<"), count, 4 + length + offset)
        for name, (kind, offset, count) in head.pop("columns").items()
    }
    return head, columns
