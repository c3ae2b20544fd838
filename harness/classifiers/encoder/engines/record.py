"""How a model's fast engines did in, ``engines.json`` in the model's folder out; and back.

==============  ==========================================================
engines.json    which engines may serve the model, how they did, and checksums
fp32.onnx       the graph; it reads its weights from ``model.safetensors``
int8.onnx       the graph with its large matrices in 8 bits
==============  ==========================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.classifiers.encoder.engines.acceptance import Agreement
from harness.classifiers.encoder.engines.computing import EngineName
from harness.values.errors import ClassifierError
from harness.values.record_files import read_record

FILE = "engines.json"
EXACT_GRAPH = "fp32.onnx"
INT8_GRAPH = "int8.onnx"


@dataclass(frozen=True)
class Offer:
    """An engine that passed.

    Attributes
    ----------
    narrow : float
        Rows with a smaller gap between their likeliest labels are computed once more, exactly.
    agreement : Agreement
    """

    narrow: float
    agreement: Agreement


@dataclass(frozen=True)
class EngineRecord:
    """Which engines may serve a model, besides ``fp32``.

    Attributes
    ----------
    weights : str
        SHA-256 of the weights.
    padding : int
        The padding token.
    offers : mapping
        Engines that passed.
    refused : mapping
        Why others failed, or could not be tried.
    files : mapping
        SHA-256 of the files that were tested; empty in a model that was packed before they were recorded.
    """

    weights: str
    padding: int
    offers: Mapping[EngineName, Offer]
    refused: Mapping[EngineName, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def check(self, file: Path) -> None:
        """Refuse a file that is not the one that was tested; opening reports one that is missing.

        Raises
        ------
        ClassifierError
            Where its SHA-256 differs.
        """
        packed = self.files.get(file.name)
        if packed is not None and file.is_file() and digest(file) != packed:
            raise ClassifierError(f"{file}: differs from what the model was packed with, SHA-256 {packed}")

    def summary(self) -> dict[str, Any]:
        """Return how each engine did, as plain data."""
        passed: dict[str, Any] = {name: offer.agreement.to_record() for name, offer in self.offers.items()}
        return passed | {name: {"refused": why} for name, why in self.refused.items()}

    def write(self, folder: Path) -> None:
        """Write ``engines.json``; :func:`read` returns an equal record."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> EngineRecord | None:
    """Read what :meth:`EngineRecord.write` wrote; None for a model that was packed with ``fp32`` alone.

    Raises
    ------
    ClassifierError
        Where the file is damaged.
    """
    file = folder / FILE
    return read_record(file, _recorded, ClassifierError) if file.exists() else None


def _recorded(data: Mapping[str, Any]) -> EngineRecord:
    offers: dict[EngineName, Offer] = {
        name: Offer(float(offer["narrow"]), Agreement.from_record(offer["agreement"]))
        for name, offer in data["offers"].items()
    }
    return EngineRecord(
        str(data["weights"]),
        int(data["padding"]),
        offers,
        dict(data["refused"]),
        # Models that were packed earlier have no checksums.
        dict(data.get("files", {})),
    )


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
