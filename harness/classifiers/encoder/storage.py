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
from pathlib import Path
from typing import TYPE_CHECKING

from harness.classifiers import checkpoints
from harness.classifiers.encoder.options import from_record
from harness.errors import ClassifierError
from harness.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.encoder.classifier import Encoder

SETTINGS = "encoder.json"


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

    Raises
    ------
    ClassifierError
        Where a file is missing, truncated or not finite, or the labels are not as many as were learned.
    """
    from transformers import AutoConfig, AutoModel

    from harness.classifiers.encoder.classifier import Encoder, assembled, reader
    from harness.classifiers.encoder.prediction import device

    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        options, outputs = from_record(record["options"]), int(record["outputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"{folder / SETTINGS}: cannot be read: {error}") from error
    if outputs != len(labels):
        raise ClassifierError(f"{folder}: the encoder has {outputs} labels, not {len(labels)}")
    where = str(folder.resolve())
    tokenizer = reader(options, checkpoints.load_tokenizer(where))
    try:
        config = AutoConfig.from_pretrained(where)
    except (OSError, ValueError) as error:
        raise ClassifierError(f"{folder / 'config.json'}: cannot be read: {error}") from error
    body = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    network = assembled(options, body, labels)
    _fill(network, folder / checkpoints.WEIGHTS)
    made = Encoder(options, labels, int(record["seed"]))
    made.take(tokenizer, network.to(device()).eval())
    return made


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
