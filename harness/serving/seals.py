"""A model folder in, whether it holds the files that were packed, byte for byte, out.

``manifest.json`` lists the SHA-256 of every other file of the folder. Its own SHA-256, the *seal*, stands in
the MLflow model around the folder and, as a tag, on the run, the logged model and the registered version.
What MLflow adds beside the folder (``MLmodel``, requirements, an input example) is not sealed.

A seal finds damage and mistakes: a flipped bit, a file that was edited or lost. It is no signature: whoever
may write the files and the tags can seal another model.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.values.errors import HarnessWarning, ModelError

FILE = "manifest.json"
FORMAT = 1
SEAL = "harness.seal"
"""Name of the seal: a tag in a store, an entry of ``metadata`` in ``MLmodel``."""

MLMODEL = "MLmodel"
RECORDED = re.compile(rf"^\s+{re.escape(SEAL)}:\s*['\"]?([0-9a-f]{{64}})['\"]?\s*$", re.MULTILINE)
MAX_NAMED = 5
"""Files that a message names of each kind; of more it gives the number."""


class UnsealedWarning(HarnessWarning):
    """A model that was packed before models were sealed."""


def seal_folder(folder: Path) -> str:
    """Write the manifest of a complete model folder.

    Parameters
    ----------
    folder : Path
        Holds every file of the model; whatever is written later is refused at load.

    Returns
    -------
    str
        The seal: 64 hexadecimal digits.
    """
    text = _manifest({name: _digest(folder / name) for name in sorted(_names(folder)) if name != FILE})
    (folder / FILE).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def seal_of(folder: Path) -> str:
    """Return the seal of a model folder; the empty string where it has no manifest.

    Raises
    ------
    ModelError
        Where the manifest cannot be read.
    """
    try:
        return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ModelError(f"{folder / FILE} cannot be read: {error.strerror}") from error


def check_seal(folder: Path) -> bool:
    """Compare every file of a model folder with the manifest, and that with the MLflow model around it.

    Parameters
    ----------
    folder : Path
        A model folder.

    Returns
    -------
    bool
        Whether the model is sealed: False for one that an earlier version packed.

    Raises
    ------
    ModelError
        Naming the files that were changed, are missing or do not belong to the model.
    """
    require_seal(folder, _recorded(folder), MLMODEL)
    path = folder / FILE
    if not path.is_file():
        return False
    expected, present = _expected(path), set(_names(folder)) - {FILE}
    changed = [name for name in sorted(expected.keys() & present) if _digest(folder / name) != expected[name]]
    problems = {
        "changed": changed,
        "missing": sorted(expected.keys() - present),
        "not part of the model": sorted(present - expected.keys()),
    }
    if any(problems.values()):
        listed = "; ".join(f"{what}: {_listed(names)}" for what, names in problems.items() if names)
        raise ModelError(f"{folder} does not hold the model that was packed ({listed}); {REMEDY}")
    return True


REMEDY = "restore its files, or run the experiment and promote the model again"


def warn_unsealed(sealed: bool, address: str) -> None:
    """Warn, in a line, of a model that is not sealed.

    Parameters
    ----------
    sealed : bool
        What :func:`check_seal` returned.
    address : str
        Of the model, as its user gave it.

    Warns
    -----
    UnsealedWarning
    """
    if not sealed:
        warnings.warn(
            f"the model {address} is not sealed: an earlier version packed it, and damage to its files may go"
            " unnoticed",
            UnsealedWarning,
            stacklevel=3,
        )


def lists(folder: Path, name: str) -> bool:
    """Return whether a folder's manifest can be read and lists a file."""
    try:
        return name in _expected(folder / FILE)
    except ModelError:
        return False


def require_seal(folder: Path, recorded: str, where: str) -> None:
    """Refuse a model folder whose seal is not the one that was recorded when it was packed.

    Parameters
    ----------
    folder : Path
        A model folder; only its manifest is read.
    recorded : str
        A seal; empty where none was recorded, and then nothing is compared.
    where : str
        Where it was recorded, for the message.

    Raises
    ------
    ModelError
    """
    if not recorded:
        return
    actual = seal_of(folder)
    if actual != recorded:
        state = "changed" if actual else "missing"
        raise ModelError(
            f"{folder} does not hold the model that was packed ({state}: {FILE}, by the seal in {where});"
            f" {REMEDY}"
        )


def _recorded(folder: Path) -> str:
    """Return the seal in the MLflow model around a model folder; the empty string where there is none."""
    # Read as text: a parser of YAML would be the slowest part of loading a small model.
    try:
        match = RECORDED.search((folder.resolve().parent.parent / MLMODEL).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return match[1] if match is not None else ""


def _expected(path: Path) -> dict[str, str]:
    try:
        text = path.read_bytes()
        data = json.loads(text)
        version, files = data["format"], {str(name): str(digest) for name, digest in data["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}; {REMEDY}") from error
    if version != FORMAT:
        raise ModelError(f"{path} has format {version!r}, this harness reads {FORMAT}: upgrade the harness")
    # Written in one way only: no bit of the manifest may change unnoticed, not even one of a space.
    if text != _manifest(files):
        raise ModelError(f"{path} is damaged: it is not written as the harness writes it; {REMEDY}")
    return files


def _manifest(files: Mapping[str, str]) -> bytes:
    data = {"format": FORMAT, "files": dict(files)}
    return (json.dumps(data, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _names(folder: Path) -> Iterator[str]:
    """Yield the names of a folder's files, relative to it and with slashes; links to folders among them."""
    for parent, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in [*files, *linked]:
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; of what cannot be read as one, a text that no digest equals."""
    if not path.is_file():
        return "no file"
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _listed(names: list[str]) -> str:
    rest = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
