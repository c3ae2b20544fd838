"""Toy classifiers that behave badly in the process that trains them, and leave a mark for each attempt."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path

from toys import Verbs

from harness.classifiers.protocol import Labelled
from harness.values.errors import ConfigError, HarnessWarning, MissingPackageError, Problem
from harness.values.labels import LabelSet

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
