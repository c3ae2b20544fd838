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
from harness.classifiers.encoder.assembly import make_network, make_tokenizer
from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.engines import record as engines
from harness.classifiers.encoder.engines.service import Service
from harness.classifiers.encoder.options import Options, from_record
from harness.classifiers.encoder.prediction import device
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.encoder.network import Network, ScoringNetwork

SETTINGS = "encoder.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class SavedEncoder:
    """What a folder holds of an encoder.

    Attributes
    ----------
    options : Options
    seed : int
    tokenizer : Tokenizer
    service : Service
        Computes its scores; loads the network when that is needed.
    """

    options: Options
    seed: int
    tokenizer: Tokenizer
    service: Service


def write(folder: Path, network: Network, tokenizer: Tokenizer, options: Options, seed: int) -> None:
    """Write a fitted encoder into an existing folder.

    Parameters
    ----------
    folder : Path
    network : Network
    tokenizer : Tokenizer
    options : Options
    seed : int
    """
    from safetensors.torch import save_model

    save_model(network, str(folder / checkpoints.WEIGHTS))
    network.body.config.save_pretrained(folder)
    tokenizer.backend.save_pretrained(folder)
    record = {"options": options.to_record(), "seed": seed, "outputs": network.head.out_features}
    (folder / SETTINGS).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read(folder: Path, labels: LabelSet) -> SavedEncoder:
    """Read what :func:`write` wrote.

    Where a fast engine can serve the model without PyTorch, network and PyTorch are loaded on first use only.

    Parameters
    ----------
    folder : Path
    labels : LabelSet
        As many as were learned.

    Raises
    ------
    ClassifierError
        Where a file is missing, truncated or not finite, or the labels are not as many as were learned.
    """
    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        options, outputs, seed = from_record(record["options"]), int(record["outputs"]), int(record["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"{folder / SETTINGS}: cannot be read: {error}") from error
    if outputs != len(labels):
        raise ClassifierError(f"{folder}: the encoder has {outputs} labels, not {len(labels)}")
    engine_record = engines.read(folder)
    check_complete(folder / checkpoints.WEIGHTS)
    service = Service(folder, engine_record, labels, partial(_read_network, folder, options, labels))
    backend = read_tokenizer(folder, service)
    return SavedEncoder(options, seed, make_tokenizer(options, backend), service)


@dataclass(frozen=True)
class SavedTokenizer:
    """A tokenizer as it was saved: all that prediction needs, without the seconds that transformers takes.

    Attributes
    ----------
    backend_tokenizer : tokenizers.Tokenizer
    pad_token_id : int
    folder : Path
        Where its files are.
    """

    backend_tokenizer: Any
    pad_token_id: int
    folder: Path

    def save_pretrained(self, folder: Path) -> None:
        """Copy the files."""
        for file in TOKENIZER:
            shutil.copy2(self.folder / file, folder / file)


def read_tokenizer(folder: Path, service: Service) -> Any:
    """Read the tokenizer of a saved network.

    Where PyTorch is needed to serve the model, the network is loaded too: damaged weights are then reported
    now, not at the first prediction.
    """
    record = service.record
    if record is not None and record.offers.keys() & {"onnx", "int8"}:
        return SavedTokenizer(_read_backend(folder), record.padding, folder)
    # An absolute path, since a relative one would be taken for a hub id.
    backend = checkpoints.load_tokenizer(str(folder.resolve()))
    _ = service.network
    return backend


def _read_backend(folder: Path) -> Any:
    from tokenizers import Tokenizer as Backend

    file = folder / TOKENIZER[0]
    try:
        backend = Backend.from_file(str(file))
    except Exception as error:
        # The package raises bare Exception whatever is wrong with the file.
        raise ClassifierError(f"{file}: cannot be read: {error}") from error
    # The file may fix both; batches are padded and texts are cut by this package.
    backend.no_padding()
    backend.no_truncation()
    return backend


def _read_network(folder: Path, options: Options, labels: LabelSet) -> Network:
    from transformers import AutoConfig, AutoModel

    try:
        config = AutoConfig.from_pretrained(str(folder.resolve()))
    except (OSError, ValueError) as error:
        raise ClassifierError(f"{folder / 'config.json'}: cannot be read: {error}") from error
    body = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    network = make_network(options, body, labels)
    load_weights(network, folder / checkpoints.WEIGHTS)
    return network.to(device()).eval()


def check_complete(file: Path) -> None:
    """Refuse a file that is missing or truncated; reads no more of it than its header."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="np"):
            return
    except (OSError, SafetensorError) as error:
        raise ClassifierError(f"{file}: its weights cannot be read: {error}") from error


def load_weights(network: ScoringNetwork, file: Path) -> None:
    """Read the weights of a network.

    Raises
    ------
    ClassifierError
        Where the file is damaged, of another network, or holds a value that is not finite.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(str(file))
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ClassifierError(f"{file}: its weights cannot be read: {error}") from error
    bad = [name for name, value in weights.items() if not bool(torch.isfinite(value).all())]
    if bad:
        raise ClassifierError(f"{file}: its weights hold NaN or infinity, first in {bad[0]}")
