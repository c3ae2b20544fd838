"""The installed harness in, a wheel of it out: with it a model can be served where there is no harness yet.

A model pins the version of the package (``stance-harness==0.1.0``) and holds no code. On request, for serving
elsewhere, the wheel is added to it.

The wheel is written from the files that are running, not built from a source tree: that takes milliseconds,
needs no network, and holds exactly the code that runs. The same files always give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from harness.values.errors import ModelError
from harness.values.version import VERSION

DISTRIBUTION = "stance-harness"
FOLDER = "wheels"
"""Of an MLflow model, for wheels."""

ENVIRONMENT_FILES = ("requirements.txt", "conda.yaml")
"""Files of an MLflow model that name its packages, one a line; ``python_env.yaml`` refers to the first."""

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the earliest that a zip file can hold, so that equal files give equal bytes."""

# The wheel is tagged py3-none-any: compiled files fit one version of Python, or one platform.
NOT_SHIPPED = (".pyc", ".pyo", ".so")


def requirement() -> str:
    """Return the requirement by which a model pins the running harness."""
    return f"{DISTRIBUTION}=={VERSION}"


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
        Where the harness runs from a folder that was never installed, so that its requirements are unknown.
    """
    info = f"{DISTRIBUTION.replace('-', '_')}-{VERSION}.dist-info"
    entries = dict(package_files())
    entries |= {f"{info}/{name}": text for name, text in _metadata().items()}
    entries[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: harness\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    # The wheel format lists every file with digest and size, except RECORD itself.
    record = [f"{name},{_digest(data)},{len(data)}" for name, data in entries.items()]
    entries[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    path = folder / wheel_name()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, EARLIEST)
            # Unix permissions; without them pip would install unreadable files.
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def write_wheel_overlay(model: Path, overlay: Path) -> bool:
    """Write the files that make an MLflow model install the harness from a wheel of its own.

    Parameters
    ----------
    model : Path
        An MLflow model from :func:`harness.serving.folder.write_mlflow`; only its environment files are read.
    overlay : Path
        Existing and empty. It gets the wheel and the changed environment files, to be copied over the model.

    Returns
    -------
    bool
        False where the model holds a wheel already; nothing is written then.

    Raises
    ------
    ModelError
        Where the model pins another version of the harness than the one that runs.
    """
    texts = {name: (model / name).read_text(encoding="utf-8") for name in ENVIRONMENT_FILES}
    # Also models of earlier versions, which carried the wheel from the beginning.
    if all(f"{FOLDER}/" in text for text in texts.values()):
        return False
    for name, text in texts.items():
        pattern = rf"(?m)^(?P<start>\s*(?:- )?){re.escape(requirement())}$"
        changed, count = re.subn(pattern, rf"\g<start>{FOLDER}/{wheel_name()}", text)
        if count != 1:
            other = re.search(rf"{DISTRIBUTION}==(\S+)", text)
            version = f"version {other[1]}" if other else "no version"
            raise ModelError(
                f"the model pins {version} of {DISTRIBUTION}, and the wheel would hold {VERSION}:"
                " promote it with that version, or run the experiment again"
            )
        (overlay / name).write_text(changed, encoding="utf-8")
    (overlay / FOLDER).mkdir()
    write_wheel(overlay / FOLDER)
    return True


def package_files() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the running harness, by their names in a wheel, and what they hold."""
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
