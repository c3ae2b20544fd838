"""A fitted encoder in, a folder of plain data out; and back.

==================  ======================================================
model.safetensors   the weights of body and head
config.json         the body's architecture
tokenizer files     as the ``tokenizers`` package writes them
encoder.json        the options, the seed, and the number of labels
==================  ======================================================
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers import checkpoints
from harness.classifiers.encoder.options import Options, from_record
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.encoder.classifier import Encoder
    from harness.classifiers.encoder.network import Network

SETTINGS = "encoder.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


def write(folder: Path, fitted: Encoder) -> None:
    """Write a fitted encoder into an existing folder."""
    from safetensors.torch import save_model

    network = fitted.network_
    save_model(network, str(folder / checkpoints.WEIGHTS))
    network.body.config.save_pretrained(folder)
    fitted.tokenizer_.backend.save_pretrained(folder)
    record = {"options": fitted.options.to_record(), "seed": fitted.seed, "outputs": len(fitted.labels)}
    (folder / SETTINGS).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read(folder: Path, labels: LabelSet) -> Encoder:
    """Read what :func:`write` wrote.

    Where a fast engine may do without it, the network is loaded when it is first asked for, and PyTorch too.

    Raises
    ------
    ClassifierError
        Where a file is missing, truncated or not finite, or the labels are not as many as were learned.
    """
    from harness.classifiers.encoder.classifier import Encoder, reader
    from harness.classifiers.encoder.engines import record as engines
    from harness.classifiers.encoder.engines.service import Service

    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        options, outputs = from_record(record["options"]), int(record["outputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"{folder / SETTINGS}: cannot be read: {error}") from error
    if outputs != len(labels):
        raise ClassifierError(f"{folder}: the encoder has {outputs} labels, not {len(labels)}")
    found = engines.read(folder)
    _check_whole(folder / checkpoints.WEIGHTS)
    made = Encoder(options, labels, int(record["seed"]))
    service = Service(folder, found, labels, partial(_network, folder, options, labels))
    if found is not None and "int8" in found.offers:
        backend: Any = Saved(_tokenizer(folder), found.padding, folder)
    else:
        backend = checkpoints.load_tokenizer(str(folder.resolve()))
        # What is damaged is said at once.
        _ = service.network
    made.serve(reader(options, backend), service)
    return made


@dataclass(frozen=True)
class Saved:
    """A tokenizer as it was saved: all that prediction takes, without the seconds that transformers takes.

    Attributes
    ----------
    backend_tokenizer : tokenizers.Tokenizer
    pad_token_id : int
    folder : Path
        Where it lies.
    """

    backend_tokenizer: Any
    pad_token_id: int
    folder: Path

    def save_pretrained(self, folder: Path) -> None:
        """Copy it."""
        for file in TOKENIZER:
            shutil.copy2(self.folder / file, folder / file)


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    file = folder / TOKENIZER[0]
    try:
        backend = Tokenizer.from_file(str(file))
    except Exception as error:
        raise ClassifierError(f"{file}: cannot be read: {error}") from error
    backend.no_padding()
    backend.no_truncation()
    return backend


def _network(folder: Path, options: Options, labels: LabelSet) -> Network:
    from transformers import AutoConfig, AutoModel

    from harness.classifiers.encoder.classifier import assembled
    from harness.classifiers.encoder.prediction import device

    try:
        config = AutoConfig.from_pretrained(str(folder.resolve()))
    except (OSError, ValueError) as error:
        raise ClassifierError(f"{folder / 'config.json'}: cannot be read: {error}") from error
    body = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    network = assembled(options, body, labels)
    _fill(network, folder / checkpoints.WEIGHTS)
    return network.to(device()).eval()


def _check_whole(file: Path) -> None:
    """Refuse a file that is missing or cut short; reads no more of it than its header."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="np"):
            return
    except (OSError, SafetensorError) as error:
        raise ClassifierError(f"{file}: its weights cannot be read: {error}") from error


def _fill(network: object, file: Path) -> None:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    assert isinstance(network, torch.nn.Module)
    try:
        weights = load_file(str(file))
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ClassifierError(f"{file}: its weights cannot be read: {error}") from error
    bad = [name for name, value in weights.items() if not bool(torch.isfinite(value).all())]
    if bad:
        raise ClassifierError(f"{file}: its weights hold NaN or infinity, first in {bad[0]}")
