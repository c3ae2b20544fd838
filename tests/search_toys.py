"""Classifiers whose candidates are known: one that guesses, is trained in steps, is slow, or is killed."""

from __future__ import annotations

import hashlib
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from toys import Verbs

from harness.classifiers.protocol import Examples, Labelled
from harness.values.errors import ClassifierError, HarnessWarning, MissingPackageError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Guess:
    """Labels a text by a hash of it: every candidate is as good as any other."""

    deterministic = False

    def __init__(self, draw: int, labels: LabelSet, seed: int) -> None:
        self.draw, self.labels, self.seed = draw, labels, seed

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Learn nothing."""

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        k = len(self.labels)
        texts = [f"{self.draw} {self.seed} {example.text}".encode() for example in examples]
        codes = [hashlib.sha256(text).digest()[0] % k for text in texts]
        return 0.1 / k + 0.9 * np.eye(k)[codes]


def guess(*, draw: int = 0, labels: LabelSet, seed: int) -> Guess:
    return Guess(draw, labels, seed)


class Counted(Verbs):
    """Leaves a file for each training; the one of ``fatal`` ends its process, as if it were killed."""

    deterministic = True

    def __init__(self, strength: float, folder: Path, fatal: int, labels: LabelSet, seed: int) -> None:
        super().__init__(strength, "", labels, seed)
        self.folder, self.fatal = folder, fatal

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        if self.strength > 8:
            raise ClassifierError("too strong")
        n = len(list(self.folder.iterdir()))
        (self.folder / f"{n:03} {self.strength!r}").touch()
        if n == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        super().fit(train, validation)


def counted(*, strength: float = 1.0, folder: Path, fatal: int = -1, labels: LabelSet, seed: int) -> Counted:
    return Counted(strength, folder, fatal, labels, seed)


class Marked(Verbs):
    """Leaves a file for each training: its strength, process, begin and end; weak ones take longer.

    One above 8 fails; ``behaves`` says what one above 4 does. One that is killed is, while ``deadly`` lies
    beside the folder.
    """

    deterministic = True

    def __init__(self, strength: float, folder: Path, behaves: str, labels: LabelSet, seed: int) -> None:
        super().__init__(strength, "", labels, seed)
        self.folder, self.behaves = folder, behaves

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        began = time.monotonic_ns()
        if self.strength > 8:
            raise ClassifierError("too strong")
        if self.strength > 4 and self.behaves == "warns":
            warnings.warn(f"as strong as {self.strength:.2f}", HarnessWarning, stacklevel=1)
        if self.strength > 4 and self.behaves == "killed" and self.folder.with_name("deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if self.strength > 4 and self.behaves == "package":
            raise MissingPackageError("nlp2000", "this", "extra")
        time.sleep(0.1 / (1 + self.strength))
        super().fit(train, validation)
        name = f"{self.strength!r} {os.getpid()} {began} {time.monotonic_ns()}"
        (self.folder / name).touch()


def marked(*, strength: float = 1.0, folder: Path, behaves: str = "", labels: LabelSet, seed: int) -> Marked:
    return Marked(strength, folder, behaves, labels, seed)


class Stepwise(Verbs):
    """Is trained in nine steps; its score in each is ``strength`` times the step."""

    deterministic = True
    n_steps = 9

    def __init__(self, strength: float, labels: LabelSet, seed: int) -> None:
        super().__init__(strength, "", labels, seed)
        self.on_step: Callable[[float], None] | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        for step in range(1, self.n_steps + 1):
            if self.on_step is not None:
                self.on_step(self.strength * step)
        super().fit(train, validation)


def stepwise(*, strength: float = 1.0, labels: LabelSet, seed: int) -> Stepwise:
    return Stepwise(strength, labels, seed)


class Slow(Verbs):
    """Takes ``pause`` milliseconds a row, and is the better the longer it takes."""

    deterministic = True

    def __init__(self, pause: float, labels: LabelSet, seed: int) -> None:
        super().__init__(10.0 * pause, "", labels, seed)
        self.pause = pause

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        time.sleep(self.pause * len(examples) / 1000)
        proba = super().predict_proba(examples)
        # The fast ones label every second text by the last label.
        for row in range(0, len(examples), 2) if self.pause < 5 else ():
            proba[row] = [*[0.1 / (len(self.labels) - 1)] * (len(self.labels) - 1), 0.9]
        return proba


def slow(*, pause: float = 0.0, labels: LabelSet, seed: int) -> Slow:
    return Slow(pause, labels, seed)
