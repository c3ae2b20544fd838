"""What was found of a model's fast engines in, ``engines.json`` beside its weights out; and back.

==============  ==========================================================
engines.json    which engines may serve the model, how they were judged, and checksums
fp32.onnx       the graph; its weights are those of ``model.safetensors``
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

FILE = "engines.json"
EXACT = "fp32.onnx"
SMALL = "int8.onnx"


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
class Record:
    """What may serve a model beside ``fp32``.

    Attributes
    ----------
    weights : str
        SHA-256 of the weights.
    padding : int
        The padding token.
    offers : mapping
        Engines that passed.
    refused : mapping
        Why others did not, or could not be tried.
    files : mapping
        SHA-256 of the files that were judged; none in a model that was packed before they were written down.
    """

    weights: str
    padding: int
    offers: Mapping[EngineName, Offer]
    refused: Mapping[EngineName, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def check(self, file: Path) -> None:
        """Refuse a file that is not the one that was judged; one that is missing is left to who opens it.

        Raises
        ------
        ClassifierError
            Where its SHA-256 is another.
        """
        packed = self.files.get(file.name)
        if packed is not None and file.is_file() and digest(file) != packed:
            raise ClassifierError(f"{file}: is not what the model was packed with, of SHA-256 {packed}")

    def summary(self) -> dict[str, Any]:
        """Say in plain data how each engine did."""
        found: dict[str, Any] = {name: one.agreement.to_record() for name, one in self.offers.items()}
        return found | {name: {"refused": why} for name, why in self.refused.items()}

    def write(self, folder: Path) -> None:
        """Write ``engines.json``; :func:`read` returns an equal record."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Record | None:
    """Read what :meth:`Record.write` wrote; None where a model was never given other engines.

    Raises
    ------
    ClassifierError
        Where the file is damaged.
    """
    file = folder / FILE
    if not file.exists():
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        offers = {
            name: Offer(float(one["narrow"]), Agreement.from_record(one["agreement"]))
            for name, one in data["offers"].items()
        }
        return Record(
            str(data["weights"]),
            int(data["padding"]),
            offers,
            dict(data["refused"]),
            dict(data.get("files", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClassifierError(f"{file}: cannot be read: {error}") from error


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
