"""Saved models in, the targets of a student out: labels mixed with the models' probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder import load
from harness.classifiers.encoder.teachers import soft_labels
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import STANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mixed_targets(
    train: Labelled, teachers: Sequence[Path], teacher_weight: float, unlabelled: Sequence[Example] = ()
) -> Labelled:
    """Mix the labels with the mean probabilities of an ensemble (Hinton et al. 2015).

    Parameters
    ----------
    train : Labelled
        What the teachers were trained on, too.
    teachers : sequence of Path
        Folders of saved models.
    teacher_weight : float
        Share of the teachers in the mixture, in [0, 1].
    unlabelled : sequence of Example
        Rows whose targets come from the teachers alone.
    """
    examples = [*train.examples, *unlabelled]
    soft = np.mean([_probabilities(folder, examples) for folder in teachers], axis=0)
    hard = np.eye(len(STANCE))[train.codes]
    mixed = teacher_weight * soft[: len(hard)] + (1 - teacher_weight) * hard
    return Labelled(examples, np.concatenate([mixed, soft[len(hard) :]]))


def _probabilities(folder: Path, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return a model's probabilities; they are saved in its folder, since every student needs the same."""
    digest = hashlib.sha256(repr(examples).encode()).hexdigest()[:16]
    file = folder / f"taught-{digest}.npy"
    if not file.is_file():
        np.save(file, soft_labels(load(folder / "model", STANCE), examples))
    return np.asarray(np.load(file))
