"""The installed harness in, a wheel of it out: with it a model can be served where there is no harness yet.

The wheel is written from the files that are running, not built from a source tree: that takes milliseconds,
needs no network, and holds exactly the code that made the model. The same files always give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from harness.values.errors import ModelError
from harness.values.version import VERSION

DISTRIBUTION = "stance-harness"
MADE = (1980, 1, 1, 0, 0, 0)
"""Every entry's time; the earliest that a zip file can hold."""

NOT_SHIPPED = (".pyc", ".pyo", ".so")


def wheel_name() -> str:
    """Return the file name of the wheel."""
    return f"{DISTRIBUTION.replace('-', '_')}-{VERSION}-py3-none-any.whl"


def write_wheel(folder: Path) -> Path:
    """Write the wheel of the running harness into a folder.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    ModelError
        Where the harness runs from a folder that was never installed, so that nothing says what it needs.
    """
    info = f"{DISTRIBUTION.replace('-', '_')}-{VERSION}.dist-info"
    entries = dict(_package())
    entries |= {f"{info}/{name}": text for name, text in _metadata().items()}
    entries[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: harness\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},{_digest(data)},{len(data)}" for name, data in entries.items()]
    entries[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    path = folder / wheel_name()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, MADE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in NOT_SHIPPED:
            yield f"harness/{path.relative_to(root).as_posix()}", path.read_bytes()


def _metadata() -> dict[str, bytes]:
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ModelError(
            "the harness is not installed, so its wheel cannot be put beside the model: pip install -e ."
        ) from None
    texts = {name: installed.read_text(name) for name in ("METADATA", "entry_points.txt")}
    return {name: text.encode() for name, text in texts.items() if text}


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
