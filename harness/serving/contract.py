"""A model's ``contract.json`` in, a checked Contract out; and the reverse."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from harness.classifiers.protocol import Classifier
from harness.serving.decisions.decider import Decider
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import LabelSet, Task

FILE = "contract.json"
DATA = "served"
"""Name of the data folder inside the MLflow model."""

ABOUT = ("classifier", "trained_on", "versions")
FORMAT = 2


@dataclass(frozen=True)
class Contract:
    """What a served model promises.

    Attributes
    ----------
    task : {"stance", "framing"}
    labels : LabelSet
    loader : str
        ``package.module:function`` of the installed code that reads ``model/``.
    decider : Decider or None
        Calibration, thresholds and abstention; None leaves probabilities as the classifier says them, takes
        the likeliest label, or of several those from 0.5 on, and never abstains.
    classifier, trained_on, versions : mapping
        Where it comes from: name and options; corpus, fingerprints and seed; packages.
    """

    task: Task
    labels: LabelSet
    loader: str
    decider: Decider | None = None
    classifier: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``contract.json``; :meth:`read` returns an equal contract."""
        data = {
            "format": FORMAT,
            "task": self.task,
            "labels": list(self.labels.names),
            "multi": self.labels.multi,
            "loader": self.loader,
            "decisions": self.decider.plain() if self.decider is not None else None,
            **{name: dict(getattr(self, name)) for name in ABOUT},
        }
        (folder / FILE).write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @property
    def effective_decider(self) -> Decider:
        """The decider, the plain one where none was fitted."""
        return self.decider or Decider(self.labels)

    @classmethod
    def read(cls, folder: Path) -> Contract:
        """Read and check ``contract.json``.

        Raises
        ------
        ModelError
            Where it is missing, broken, or of a newer format.
        """
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ForeignModelError(f"{folder} holds no {FILE}: it is no model of the harness") from None
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
        version = data.get("format") if isinstance(data, dict) else None
        if version != FORMAT:
            raise ModelError(f"{path} has format {version!r}; this harness reads {FORMAT}")
        try:
            return cls._of(data)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path} is damaged: {error}") from error

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> Contract:
        labels = LabelSet(tuple(data["labels"]), multi=bool(data["multi"]))
        if data["task"] not in get_args(Task):
            raise ValueError(f"task {data['task']!r}")
        decided = data["decisions"]
        decider = Decider.read(decided, labels) if decided is not None else None
        about = (dict(data[name]) for name in ABOUT)
        return cls(data["task"], labels, str(data["loader"]), decider, *about)


def loader(address: str) -> Callable[[Path, LabelSet], Classifier]:
    """Import the function that a contract names.

    Raises
    ------
    ModelError
        Where it is not installed, or is no ``function(folder, labels)``: what a file says is never called
        unless it was written to load models.
    """
    module, _, name = address.partition(":")
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ModelError(f"the model's loader {address!r} is no loader")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelError(
            f"the model's loader {address!r} cannot be imported: {error}; install the package it comes from"
        ) from error
    if not inspect.isfunction(function) or list(inspect.signature(function).parameters) != [
        "folder",
        "labels",
    ]:
        raise ModelError(f"the model's loader {address!r} is no function(folder, labels)")
    loading: Callable[[Path, LabelSet], Classifier] = function
    return loading
