"""Stance and frames in, one encoder with two heads out: it learns both from the same articles.

A row of stance is a sentence with its party shown, a row of framing the sentence alone; both go through the
same body. In an experiment on one task it learns the other beside it, from the same training articles, and is
scored on both: the other task's scores and model are those of the experiment ``NAME-framing``.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.checkpoints import check
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.options import Options
from harness.classifiers.protocol import Examples, Labelled, learns_both_tasks
from harness.classifiers.saved_files import reading
from harness.values.errors import ClassifierError, ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.objectives import TwoTasks

OPTIONS = Options()
_FILE = "joint.json"


@learns_both_tasks
def joint_encoder(
    *,
    weight: float = 1.0,
    encoder: Options = OPTIONS,
    labels: LabelSet,
    other_labels: LabelSet | None = None,
    seed: int,
) -> JointEncoder:
    """Make an encoder with a head for stance and one for frames, fine-tuned on both at once.

    Parameters
    ----------
    weight : float
        Of a row of the other task in the loss, where one of the experiment's own weighs 1; above 0. Each
        frame of a row counts as much as a stance.
    encoder : Options
        As of :func:`harness.classifiers.encoder.encoder`. The epoch is kept that has the best mean of both
        macro-F1 on validation.
    labels, other_labels : LabelSet
        Handed in: the labels of the experiment's task and of the other one.
    seed : int
        Handed in.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where the checkpoint is not there.
    """
    problems = []
    if not (weight > 0 and math.isfinite(weight)):
        problems.append(Problem("weight", f"should be above 0, got {weight}"))
    try:
        check(encoder.checkpoint)
        encoder.check()
    except ConfigError as error:
        problems += [replace(one, where=f"encoder.{one.where}") for one in error.problems]
    if problems:
        raise ConfigError(problems)
    return JointEncoder(encoder, weight, labels, other_labels, seed)


class JointEncoder:
    """One body, two heads.

    Parameters
    ----------
    options : Options
    weight : float
    labels : LabelSet
        Of the task that it labels.
    other_labels : LabelSet or None
        Of the other task, which it learns too; None where there is none, and then it cannot be fitted.
    seed : int

    Attributes
    ----------
    encoder_ : Encoder
    curves_ : list of dict
        One an epoch: loss and macro-F1 on validation, means over both tasks, and the macro-F1 of each.
    """

    deterministic = False

    def __init__(
        self, options: Options, weight: float, labels: LabelSet, other_labels: LabelSet | None, seed: int
    ) -> None:
        self.options, self.weight, self.seed = options, weight, seed
        self.labels, self.other_labels = labels, other_labels
        self.checkpoint_dir: Path | None = None
        self._place = 0

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune on ``train`` and on what stands beside it.

        Raises
        ------
        ClassifierError
            Where nothing stands beside it, or as :meth:`harness.classifiers.encoder.classifier.Encoder.fit`.
        """
        from harness.classifiers.encoder.objectives import TwoTasks

        if self.other_labels is None or train.other_task is None:
            raise ClassifierError(
                "a joint encoder learns stance and frames at once, and the corpus is labelled for one of them"
            )
        tasks = TwoTasks(self.labels, self.other_labels, self.weight)
        made = Encoder(self.options, tasks.outputs, self.seed, tasks)
        made.checkpoint_dir = self.checkpoint_dir
        made.fit(
            tasks.together(train, train.other_task),
            None if validation is None else tasks.together(validation, validation.other_task),
        )
        self.encoder_, self._tasks = made, tasks
        self.curves_: list[dict[str, float]] = made.curves_

    def take(self, encoder: Encoder, tasks: TwoTasks, place: int) -> None:
        """Take what was learned elsewhere; ``place`` says which head labels."""
        self.encoder_, self._tasks, self._place = encoder, tasks, place

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities of its task, computed in fp32."""
        from harness.classifiers.encoder.prediction import probabilities

        span = self._learned[1].spans[self._place]
        return probabilities(self.encoder_.scores(examples)[:, span], self.labels)

    def save(self, folder: Path) -> str:
        """Write the encoder and which of its outputs are whose; return the loader's address.

        What is saved labels either task: the loader goes by the labels.
        """
        encoder, tasks = self._learned
        encoder.save(folder)
        record: dict[str, Any] = {
            "weight": tasks.weight,
            "tasks": [{"labels": list(one.names), "multi": one.multi} for one in (tasks.first, tasks.second)],
        }
        (folder / _FILE).write_text(json.dumps(record) + "\n", encoding="utf-8")
        return "harness.classifiers.encoder.joint:load"

    @property
    def _learned(self) -> tuple[Encoder, TwoTasks]:
        if not hasattr(self, "encoder_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self.encoder_, self._tasks


def load(folder: Path, labels: LabelSet) -> JointEncoder:
    """Read what :meth:`JointEncoder.save` wrote, to label one of its tasks.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or neither head has these labels.
    """
    from harness.classifiers.encoder.objectives import TwoTasks
    from harness.classifiers.encoder.storage import read

    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        heads = [LabelSet(tuple(one["labels"]), multi=bool(one["multi"])) for one in state["tasks"]]
        first, second = heads
        tasks = TwoTasks(first, second, float(state["weight"]))
    if labels not in heads:
        raise ClassifierError(f"{path}: neither head has the labels {', '.join(labels.names)}")
    encoder = read(folder, tasks.outputs)
    place = heads.index(labels)
    made = JointEncoder(encoder.options, tasks.weight, labels, heads[1 - place], encoder.seed)
    made.take(encoder, tasks, place)
    return made
