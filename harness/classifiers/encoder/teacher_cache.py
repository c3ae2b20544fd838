"""What a teacher said of rows in, the same out when another student has that teacher: it is trained once.

A teacher that is five times as large as its students takes most of a distillation's time. What it says
depends on its options, its weights before the training, its seed and the rows, and on nothing of its
students: it is kept in the cache folder (``teachers``), under a digest of all that.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from harness.classifiers import checkpoints
from harness.classifiers.encoder.teachers import TeacherLabels
from harness.classifiers.protocol import Examples, Labelled
from harness.values.cache import cache_folder
from harness.values.errors import HarnessWarning
from harness.values.labels import LabelSet

FOLDER = "teachers"

FROM_CACHE = "teachers_from_cache"
"""Among what a teacher took: it was trained for an earlier student, and took that then."""

RECIPE = 1
"""Raised with each change of what a teacher of the same options says."""


@dataclass(frozen=True)
class Lesson:
    """All that a teacher's probabilities depend on.

    Attributes
    ----------
    options : str
        Of the teacher, as plain data.
    checkpoint : str
        Its pretrained model.
    labels : LabelSet
    seed : int
    train, validation : Labelled
        What it is fitted to, and the rows by which its epoch is chosen, if any.
    examples : sequence of Example
        What it is asked about.
    """

    options: str
    checkpoint: str
    labels: LabelSet
    seed: int
    train: Labelled
    validation: Labelled | None
    examples: Examples

    @property
    def digest(self) -> str:
        """Return a name for what is kept of it."""
        # A folder of the same name may hold other weights since.
        weights = checkpoints.content(self.checkpoint)
        settings = [RECIPE, self.options, weights, self.labels, self.seed, self.train.examples, self.examples]
        held = () if self.validation is None else self.validation.examples
        digest = hashlib.sha256(repr([*settings, held]).encode())
        for part in (self.train, self.validation):
            digest.update(b"" if part is None else part.codes.tobytes())
        return digest.hexdigest()


def look_up(digest: str, folder: Path) -> TeacherLabels | None:
    """Return what a teacher said, from this training's folder or the cache; None where it is in neither.

    Parameters
    ----------
    digest : str
        Of its :class:`Lesson`.
    folder : Path
        In which this training keeps what it has finished.
    """
    private, shared = _files(digest, folder)
    if (labels := TeacherLabels.read_if_whole(private)) is not None:
        return labels
    labels = TeacherLabels.read_if_whole(shared)
    return labels and replace(labels, usage={**labels.usage, FROM_CACHE: 1.0})


def keep(labels: TeacherLabels, digest: str, folder: Path) -> None:
    """Write what a teacher said, for this training to resume with, and into the cache for others."""
    private, shared = _files(digest, folder)
    labels.write(private)
    try:
        shared.parent.mkdir(parents=True, exist_ok=True)
        labels.write(shared)
    except OSError as error:
        note = f"what the teacher said cannot be kept for other students: {error}"
        warnings.warn(note, HarnessWarning, stacklevel=2)


def _files(digest: str, folder: Path) -> tuple[Path, Path]:
    # On nodes that share storage but no cache, the training's own file is there for whoever resumes it.
    return folder / f"{digest}.npz", cache_folder() / FOLDER / f"{digest}.npz"
