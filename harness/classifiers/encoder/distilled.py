"""Teachers in, one encoder trained on their probabilities out: a large model's labels at a small one's price.

Teachers are fine-tuned first. They give every label of each training row and each unlabelled row a
probability, and a student is trained on these (knowledge distillation; Hinton et al. 2015). What is saved and
served is the student alone, or one encoder with the mean of several students' weights (a model soup; Wortsman
et al. 2022). What it gains: experiments/encoder.
"""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.checkpoints import check
from harness.classifiers.encoder.assembly import padding_token
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.options import Options
from harness.classifiers.encoder.unlabelled import READERS, read_unlabelled
from harness.classifiers.protocol import Examples, Labelled
from harness.values import seeds
from harness.values.errors import ClassifierError, ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPTIONS = Options()


def distilled(
    *,
    teacher: Options = OPTIONS,
    student: Options = OPTIONS,
    teachers: int = 1,
    students: int = 1,
    teacher_weight: float = 0.7,
    unlabelled: Path | None = None,
    labels: LabelSet,
    seed: int,
) -> Distilled:
    """Train an encoder on the probabilities of others.

    Parameters
    ----------
    teacher, student : Options
        As of :func:`harness.classifiers.encoder.encoder`. A teacher may be many times as large; with the same
        checkpoint for both, several teachers make one student that knows what their average knows.
    teachers : int
        At least 1; each with a seed of its own, their probabilities are averaged.
    students : int
        At least 1; each with a seed of its own, their weights are averaged. Where the best of them has a
        higher macro-F1 on the validation rows than their average, it is kept instead.
    teacher_weight : float
        Share of the teachers in the target of a training row, in [0, 1]; the rest is the row's label.
    unlabelled : Path, optional
        CSV, TSV, JSONL or Parquet as ``harness predict`` takes it: ``text`` and, for stance, ``target``;
        ``target_start`` and ``target_end``, in characters, where they are known. The target of these rows
        comes from the teachers alone. They should be like those to be labelled, and none of those that are
        scored: the leak gate counts test rows among them.
    labels : LabelSet
        Passed in by the harness.
    seed : int
        Passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where a checkpoint or the file is missing.
    """
    problems = list(_problems(teacher, student))
    for name, count in (("teachers", teachers), ("students", students)):
        if count < 1:
            problems.append(Problem(name, f"should be at least 1, got {count}"))
    if not 0 <= teacher_weight <= 1:
        problems.append(Problem("teacher_weight", f"should be in [0, 1], got {teacher_weight}"))
    if unlabelled is not None and unlabelled.suffix not in READERS:
        problems.append(Problem("unlabelled", f"should end in {', '.join(READERS)}, got {unlabelled.name!r}"))
    elif unlabelled is not None and not unlabelled.is_file():
        problems.append(Problem("unlabelled", f"there is no file {unlabelled}"))
    if problems:
        raise ConfigError(problems)
    plan = Distillation(teacher, student, teachers, students, teacher_weight, unlabelled)
    return Distilled(plan, labels, seed)


def _problems(teacher: Options, student: Options) -> Iterator[Problem]:
    for name, options in (("teacher", teacher), ("student", student)):
        try:
            check(options.checkpoint)
            options.check()
        except ConfigError as error:
            yield from (replace(problem, where=f"{name}.{problem.where}") for problem in error.problems)


@dataclass(frozen=True)
class Distillation:
    """How students are trained; see :func:`distilled` for the attributes.

    Attributes
    ----------
    teacher, student : Options
    teachers, students : int
    teacher_weight : float
    unlabelled : Path or None
    """

    teacher: Options
    student: Options
    teachers: int
    students: int
    teacher_weight: float
    unlabelled: Path | None


class Distilled:
    """A student and its teachers; see :func:`distilled`.

    Parameters
    ----------
    plan : Distillation
    labels : LabelSet
    seed : int

    Attributes
    ----------
    checkpoint_dir : Path or None
        A folder of its own in which :meth:`fit` saves the probabilities of each teacher and the state of each
        student, and resumes from them.
    encoder_ : Encoder
        The student, or the average of several.
    curves_ : list of dict
        One an epoch of the first student, as of an encoder; with validation rows also ``teacher_f1_macro`` on
        them and, of several students, ``average_f1_macro``, the same numbers in each epoch.
    """

    deterministic = False

    def __init__(self, plan: Distillation, labels: LabelSet, seed: int) -> None:
        self.plan, self.labels, self.seed = plan, labels, seed
        self.checkpoint_dir: Path | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune the teachers on ``train``, then the students on the teachers' probabilities.

        Raises
        ------
        ConfigError, ClassifierError
            As :meth:`harness.classifiers.encoder.classifier.Encoder.fit`; also where the unlabelled rows
            cannot be read.
        """
        from harness.classifiers.encoder.prediction import f1_macro

        plan, n = self.plan, len(train)
        unlabelled = [] if plan.unlabelled is None else read_unlabelled(plan.unlabelled)
        learned = [*train.examples, *unlabelled]
        # The validation rows too: the teachers' macro-F1 on them stands in the curves.
        examples = [*learned, *(() if validation is None else validation.examples)]
        soft = np.mean(
            [self._teach(number, train, validation, examples) for number in range(plan.teachers)], axis=0
        )
        hard = train.codes if self.labels.multi else np.eye(len(self.labels))[train.codes]
        mixed = plan.teacher_weight * soft[:n] + (1 - plan.teacher_weight) * hard
        # Probabilities in place of codes: see harness.classifiers.encoder.losses.
        probabilities: Any = np.concatenate([mixed, soft[n : len(learned)]])
        targets = Labelled(learned, probabilities)
        students = [self._fit_student(number, targets, validation) for number in range(plan.students)]
        self.encoder_, scores = students[0], {}
        if validation is not None:
            predicted = self.labels.decide(soft[len(learned) :])
            scores["teacher_f1_macro"] = f1_macro(validation.codes, predicted, self.labels)
        if len(students) > 1:
            self.encoder_, soup_scores = _soup_or_best(students, validation)
            scores |= soup_scores
        self.curves_: list[dict[str, float]] = [epoch | scores for epoch in students[0].curves_]

    def other_texts(self) -> list[str]:
        """Return the unlabelled texts that students learn from; see :func:`distilled`."""
        file = self.plan.unlabelled
        return [] if file is None else [example.text for example in read_unlabelled(file)]

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return the student's ``(n, k)`` probabilities in label order, computed in fp32."""
        return self._fitted.predict_proba(examples)

    def save(self, folder: Path) -> str:
        """Write the student; return the loader's address: it is an encoder like any other."""
        return self._fitted.save(folder)

    @property
    def _fitted(self) -> Encoder:
        if not hasattr(self, "encoder_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self.encoder_

    def _subfolder(self, name: str) -> Path | None:
        return None if self.checkpoint_dir is None else self.checkpoint_dir / name

    def _fit_student(self, number: int, targets: Labelled, validation: Labelled | None) -> Encoder:
        # The first has the seed of a plain encoder: the two then differ by the teaching alone.
        seed = seeds.derive(self.seed, "student", number) if number else self.seed
        student = Encoder(self.plan.student, self.labels, seed)
        student.checkpoint_dir = self._subfolder(f"student-{number}")
        student.fit(targets, validation)
        return student

    def _teach(
        self, number: int, train: Labelled, validation: Labelled | None, examples: Examples
    ) -> NDArray[np.float64]:
        """Return a teacher's probabilities of examples, ``(n, k)``; from its file after an interruption."""
        teacher = Encoder(self.plan.teacher, self.labels, seeds.derive(self.seed, "teacher", number))
        folder = self._subfolder(f"teacher-{number}")
        file = None
        if folder is not None:
            file = folder / f"{self._identity(teacher, train, validation, examples)}.npy"
            if file.is_file():
                return np.asarray(np.load(file))
            teacher.checkpoint_dir = folder / "training"
        teacher.fit(train, validation)
        soft = soft_labels(teacher, examples)
        if file is not None:
            # A file that is cut off must not pass for the probabilities.
            draft = file.with_suffix(".new")
            with draft.open("wb") as stream:
                np.save(stream, soft)
            draft.replace(file)
            # Only its probabilities are needed again.
            shutil.rmtree(file.parent / "training")
        return soft

    def _identity(
        self, teacher: Encoder, train: Labelled, validation: Labelled | None, examples: Examples
    ) -> str:
        # Saved probabilities of another teacher, or of other rows, must not be taken for these.
        settings = [teacher.options.to_record(), self.labels, teacher.seed, train.examples, examples]
        digest = hashlib.sha256(repr(settings).encode())
        for part in (train, validation):
            digest.update(b"" if part is None else part.codes.tobytes())
        return digest.hexdigest()


def average_weights(models: Sequence[Encoder]) -> Encoder:
    """Return an encoder with the mean of the weights of several, which costs no more to serve than one.

    Parameters
    ----------
    models : sequence of Encoder
        Fitted, with the same options; at least one. They stay as they are.

    Returns
    -------
    Encoder
        With a network of its own.
    """
    import torch

    first = models[0]
    network = copy.deepcopy(first.network_)
    states = [model.network_.state_dict() for model in models]
    network.load_state_dict(
        {
            # Whole numbers, such as position ids, are the same in all.
            name: torch.stack([state[name] for state in states]).mean(dim=0)
            if value.is_floating_point()
            else value
            for name, value in states[0].items()
        }
    )
    soup = Encoder(first.options, first.labels, first.seed)
    soup.set_network(first.tokenizer_, network)
    return soup


def _soup_or_best(models: Sequence[Encoder], validation: Labelled | None) -> tuple[Encoder, dict[str, float]]:
    """Return the average of models, or a better one of them on ``validation``; and the average's score."""
    from harness.classifiers.encoder.prediction import f1_macro

    soup = average_weights(models)
    if validation is None:
        return soup, {}
    labels = soup.labels
    soup_score, *scores = (
        f1_macro(validation.codes, labels.decide(model.predict_proba(validation.examples)), labels)
        for model in (soup, *models)
    )
    # Of equals the soup, which depends less on a single seed.
    best = soup if soup_score >= max(scores) else models[scores.index(max(scores))]
    return best, {"average_f1_macro": soup_score}


def soft_labels(teacher: Encoder, examples: Examples) -> NDArray[np.float64]:
    """Return a teacher's probabilities, computed in the precision of its training: they are not scored.

    Parameters
    ----------
    teacher : Encoder
        Fitted.
    examples : sequence of Example

    Returns
    -------
    (n, k) array
        In label order.
    """
    from harness.classifiers.encoder.engines.computing import TorchEngine
    from harness.classifiers.encoder.prediction import Preprocessing, probabilities, stream_scores
    from harness.classifiers.encoder.training import uses_bf16

    engine = TorchEngine(teacher.network_, "bf16" if uses_bf16(teacher.options.precision) else "fp32")
    preprocessing = Preprocessing(teacher.tokenizer_, padding_token(teacher.tokenizer_.backend))
    raw = stream_scores(engine, preprocessing, examples, len(teacher.labels))
    return probabilities(raw, teacher.labels)
