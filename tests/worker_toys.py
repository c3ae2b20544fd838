"""Toy classifiers that behave badly in the process that trains them, and leave a mark for each attempt."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import toys
from toys import Verbs

from harness.classifiers.protocol import Examples, Labelled
from harness.values.errors import ConfigError, HarnessWarning, MissingPackageError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEHAVES, MARKS = "HARNESS_TEST_BEHAVES", "HARNESS_TEST_MARKS"
"""Environment variables: how a model behaves in a process that labels, and the folder of its marks."""

WARNING = "the verbs are few"


class Marked(Verbs):
    """Leaves a file for each attempt at a training, named after the process, and then behaves as told."""

    def __init__(self, folder: str, behaves: str, labels: LabelSet, seed: int) -> None:
        super().__init__(1.0, "", labels, seed)
        self.folder, self.behaves = Path(folder), behaves

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        before = len(list(self.folder.glob(f"{self.seed}-*")))
        (self.folder / f"{self.seed}-{os.getpid()}-{time.monotonic_ns()}").touch()
        if self.behaves == "killed once" and not before:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.behaves == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.behaves == "sleeps":
            time.sleep(300)
        if self.behaves == "warns":
            warnings.warn(WARNING, HarnessWarning, stacklevel=1)
        if self.behaves == "config error":
            raise ConfigError([Problem("a.yaml:3", "is wrong", "write it anew"), Problem("b", "is missing")])
        if self.behaves == "package":
            raise MissingPackageError("nlp2000", "this", "extra")
        super().fit(train, validation)


def marked(*, folder: str, behaves: str = "", labels: LabelSet, seed: int) -> Marked:
    return Marked(folder, behaves, labels, seed)


class Labeller(Verbs):
    """Leaves a file for each chunk that it labels, named after the process, and then behaves as told."""

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        folder, behaves = Path(os.environ[MARKS]), os.environ.get(BEHAVES, "")
        before = len(list(folder.iterdir()))
        (folder / f"{time.monotonic_ns()}-{os.getpid()}-{len(examples)}").touch()
        if behaves == "killed" or (behaves == "killed once" and before == 2):
            os.kill(os.getpid(), signal.SIGKILL)
        if behaves == "sleeps at once" or (behaves == "sleeps" and before >= 2):
            time.sleep(300)
        return super().predict_proba(examples)


def load_labeller(folder: Path, labels: LabelSet) -> Labeller:
    classifier = toys.load(folder, labels)
    assert isinstance(classifier, Verbs)
    labeller = Labeller(classifier.strength, "", labels, classifier.seed)
    labeller.known_ = classifier.known_
    return labeller


class Crowded(Labeller):
    """Its probabilities depend on how many rows are computed together, as those of an encoder do."""

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        proba = super().predict_proba(examples)
        proba[:, 0] += len(examples) * 1e-6
        shares: NDArray[np.float64] = proba / proba.sum(axis=1, keepdims=True)
        return shares


def load_crowded(folder: Path, labels: LabelSet) -> Crowded:
    labeller = load_labeller(folder, labels)
    crowded = Crowded(labeller.strength, "", labels, labeller.seed)
    crowded.known_ = labeller.known_
    return crowded
