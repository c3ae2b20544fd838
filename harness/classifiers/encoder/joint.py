"""Stance and frames in, one encoder with two heads out: it learns both from the same articles.

A row of stance is a sentence with its party shown, a row of framing the sentence alone; both go through the
same body. An experiment on one task trains it on the other task as well, from the same training articles, and
scores it on both: scores and model of the other task are those of the experiment ``NAME-framing``. How it
compares with two encoders: experiments/joint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.checkpoints import check
from harness.classifiers.encoder.classifier import Encoder, read
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
    """Fine-tune an encoder with a head for stance and one for frames, on both at once.

    Parameters
    ----------
    weight : float
        Of a row of the other task in the loss, where a row of the experiment's own task weighs 1; above 0.
        Each frame of a row counts as much as a stance.
    encoder : Options
        As of :func:`harness.classifiers.encoder.encoder`. The epoch is kept that has the best mean of both
        macro-F1 on validation.
    labels, other_labels : LabelSet
        Passed in by the harness: the labels of the experiment's task and of the other one.
    seed : int
        Passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where the checkpoint is missing.
    """
    problems = []
    if not (weight > 0 and math.isfinite(weight)):
        problems.append(Problem("weight", f"should be above 0, got {weight}"))
    try:
        check(encoder.checkpoint)
        encoder.check()
    except ConfigError as error:
        problems += [replace(problem, where=f"encoder.{problem.where}") for problem in error.problems]
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
        Of the other task, which it learns as well; without them it cannot be fitted.
    seed : int

    Attributes
    ----------
    encoder_ : Encoder
    curves_ : list of dict
        One an epoch: loss and macro-F1 on validation, means over both tasks, and the macro-F1 of each.
    """

    deterministic = False
    multithreaded = True

    def __init__(
        self, options: Options, weight: float, labels: LabelSet, other_labels: LabelSet | None, seed: int
    ) -> None:
        self.options, self.weight, self.seed = options, weight, seed
        self.labels, self.other_labels = labels, other_labels
        self.checkpoint_dir: Path | None = None
        self.on_step: Callable[[float], None] | None = None
        self.n_steps = options.epochs
        self._head = 0

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune on ``train`` and on its rows of the other task.

        Raises
        ------
        ClassifierError
            Where there are no such rows, or as :meth:`harness.classifiers.encoder.classifier.Encoder.fit`.
        """
        from harness.classifiers.encoder.objectives import TwoTasks

        if self.other_labels is None or train.other_task is None:
            raise ClassifierError(
                "a joint encoder learns stance and frames, but the corpus is labelled for only one of them"
            )
        tasks = TwoTasks(self.labels, self.other_labels, self.weight)
        encoder = Encoder(self.options, tasks.outputs, self.seed, tasks)
        encoder.checkpoint_dir, encoder.on_step = self.checkpoint_dir, self.on_step
        encoder.fit(
            tasks.stack(train, train.other_task),
            None if validation is None else tasks.stack(validation, validation.other_task),
        )
        self.set_fitted(encoder, tasks, head=0)
        self.curves_: list[dict[str, float]] = encoder.curves_

    def set_fitted(self, encoder: Encoder, tasks: TwoTasks, *, head: int) -> None:
        """Use a fitted encoder.

        Parameters
        ----------
        encoder : Encoder
        tasks : TwoTasks
            What its outputs stand for.
        head : {0, 1}
            Which of the tasks it labels.
        """
        self.encoder_, self._tasks, self._head = encoder, tasks, head

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities of its task, computed in fp32."""
        from harness.classifiers.encoder.prediction import probabilities

        encoder, tasks = self._fitted
        return probabilities(encoder.scores(examples)[:, tasks.columns[self._head]], self.labels)

    def save(self, folder: Path) -> str:
        """Write the encoder and which of its outputs belong to which task; return the loader's address.

        What is saved labels either task: the loader chooses the head by the labels.
        """
        encoder, tasks = self._fitted
        encoder.save(folder)
        record: dict[str, Any] = {
            "weight": tasks.weight,
            "tasks": [
                {"labels": list(task.names), "multi": task.multi} for task in (tasks.first, tasks.second)
            ],
        }
        (folder / _FILE).write_text(json.dumps(record) + "\n", encoding="utf-8")
        # Saved models hold this address, so that it must not change.
        return "harness.classifiers.encoder.joint:load"

    @property
    def _fitted(self) -> tuple[Encoder, TwoTasks]:
        if not hasattr(self, "encoder_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self.encoder_, self._tasks


def load(folder: Path, labels: LabelSet) -> JointEncoder:
    """Read what :meth:`JointEncoder.save` wrote, to label one of its tasks.

    Parameters
    ----------
    folder : Path
    labels : LabelSet
        Of the task.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or neither head has these labels.
    """
    from harness.classifiers.encoder.objectives import TwoTasks

    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        heads = [LabelSet(tuple(task["labels"]), multi=bool(task["multi"])) for task in state["tasks"]]
        first, second = heads
        tasks = TwoTasks(first, second, float(state["weight"]))
    # Both tasks may have as many labels: names decide, never positions.
    if labels not in heads:
        raise ClassifierError(f"{path}: neither head has the labels {', '.join(labels.names)}")
    encoder = read(folder, tasks.outputs)
    head = heads.index(labels)
    joint = JointEncoder(encoder.options, tasks.weight, labels, heads[1 - head], encoder.seed)
    joint.set_fitted(encoder, tasks, head=head)
    return joint
