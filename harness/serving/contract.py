"""A model's ``contract.json`` in, a checked Contract out, and back; the loader that it names."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from harness.classifiers.protocol import Classifier
from harness.serving.decisions.decider import Decider
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import LabelSet, Task
from harness.values.legacy import LOADERS

OWN_LOADERS = "harness.classifiers."
"""Where the loaders of this package are: no other function of it reads a saved classifier."""

FILE = "contract.json"
DATA = "served"
"""Name of the data folder inside the MLflow model."""

ABOUT = ("classifier", "trained_on", "versions")
Holders = Literal["none", "quoted", "all"]
"""Who was named as the holder in training rows: nobody, people who are quoted, or these and ``writer``, where
the outlet itself speaks."""

FORMAT = 2
"""Version of the file; raised when a reader of the one before could misread it."""


@dataclass(frozen=True)
class Contract:
    """What a model is for and how its probabilities become labels.

    Attributes
    ----------
    task : {"stance", "framing"}
    labels : LabelSet
    loader : str
        ``package.module:function`` of the installed code that reads ``model/``.
    decider : Decider or None
        Calibration, thresholds and abstention. None: probabilities stay the classifier's, the label is the
        likeliest one (multi-label: every label with a probability of at least 0.5), and it never abstains.
    classifier, trained_on, versions : mapping
        Its origin: name and options; corpus, fingerprints and seed; versions of packages.
    languages : tuple of str
        Codes of the languages of the texts that it was trained on; empty where they are unknown.
    holders : {"none", "quoted", "all"}
        Who was named as the holder in the rows that it was trained on: rows to label should say the same.
    """

    task: Task
    labels: LabelSet
    loader: str
    decider: Decider | None = None
    classifier: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    # Not in the repr, by which an interrupted labelling is known to be the same model's.
    languages: tuple[str, ...] = field(default=(), repr=False)
    holders: Holders = field(default="none", repr=False)

    @property
    def language(self) -> str:
        """The languages in words, ``German and French``; empty where they are unknown."""
        # Here, so that a model that is served loads no more than it needs.
        from harness.values.language import describe

        return describe(self.languages)

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
            "languages": list(self.languages),
            "holders": self.holders,
        }
        # Indented and not escaped: a person may want to read what a model is before using it.
        (folder / FILE).write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @property
    def effective_decider(self) -> Decider:
        """The decider that was fitted, or one that changes nothing."""
        return self.decider or Decider(self.labels)

    @classmethod
    def read(cls, folder: Path) -> Contract:
        """Read and check ``contract.json``.

        Raises
        ------
        ForeignModelError
            Where it is missing: the folder is not a model of the harness.
        ModelError
            Where it is damaged or of another format.
        """
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ForeignModelError(f"{folder} is not a model of the harness: it holds no {FILE}") from None
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
        version = data.get("format") if isinstance(data, dict) else None
        if version != FORMAT:
            newer = isinstance(version, int) and version > FORMAT
            remedy = "upgrade the harness" if newer else "run the experiment and promote the model again"
            raise ModelError(f"{path} has format {version!r}, this harness reads {FORMAT}: {remedy}")
        try:
            return cls._of(data)
        except KeyError as error:
            raise ModelError(f"{path} is damaged: it has no {error}") from error
        except (TypeError, ValueError) as error:
            raise ModelError(f"{path} is damaged: {error}") from error

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> Contract:
        # The parts check themselves, so that a file and a config meet the same rules.
        labels = LabelSet(tuple(data["labels"]), multi=bool(data["multi"]))
        if data["task"] not in get_args(Task):
            raise ValueError(f"task {data['task']!r}")
        decisions = data["decisions"]
        decider = Decider.read(decisions, labels) if decisions is not None else None
        classifier, trained_on, versions = (dict(data[name]) for name in ABOUT)
        # Models that were packed before languages were recorded have none.
        languages = tuple(map(str, data.get("languages", ())))
        # Nor holders: they are given none, as before.
        holders = data.get("holders", "none")
        if holders not in get_args(Holders):
            raise ValueError(f"holders {holders!r}")
        loader_address = str(data["loader"])
        about = (classifier, trained_on, versions, languages, holders)
        return cls(data["task"], labels, loader_address, decider, *about)


def loader(address: str) -> Callable[[Path, LabelSet], Classifier]:
    """Import the function that reads a saved classifier.

    Parameters
    ----------
    address : str
        ``package.module:function``, as a contract names it; one of :data:`harness.values.legacy.LOADERS` is
        looked up where it is now.

    Returns
    -------
    callable
        A folder and labels → the classifier.

    Raises
    ------
    ModelError
        Where it is not installed, is code that is not trusted (:mod:`harness.values.own_code`), or is not a
        ``function(folder, labels)``.
    """
    # A contract is a file that anybody may have written: what it names is imported only if it is a loader of
    # this package or trusted code, and called only if its parameters show that it was written to load models.
    address = LOADERS.get(address, address)
    try:
        function = _own_loader(address) if address.startswith(OWN_LOADERS) else _loader_of_yours(address)
    except (ImportError, AttributeError, SyntaxError, ValueError) as error:
        raise ModelError(
            f"the model's loader {address!r} cannot be imported: {error}; install the package it comes from"
        ) from error
    if not inspect.isfunction(function) or list(inspect.signature(function).parameters) != [
        "folder",
        "labels",
    ]:
        raise ModelError(f"the model's loader {address!r} is not a function(folder, labels)")
    load: Callable[[Path, LabelSet], Classifier] = function
    return load


def _own_loader(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)


def _loader_of_yours(address: str) -> Any:
    # Few models need it, and all pay for what is imported.
    from harness.values import own_code

    try:
        return own_code.imported(address)
    except own_code.UntrustedCodeError as error:
        raise ModelError(f"the model's loader cannot be used: {error}") from error
