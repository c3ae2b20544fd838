"""Teachers in, one encoder trained on their probabilities out: a large model's labels at a small one's price.

Teachers are fine-tuned first, or are models that need no training: a language model on a server, or one of
natural language inference. They give every label of each training row and each unlabelled row a probability,
and a student is trained on these (knowledge distillation; Hinton et al. 2015). What is saved and served is
the student alone, or one encoder with the mean of several students' weights (a model soup; Wortsman et al.
2022). What it gains: experiments/encoder.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from harness.classifiers.checkpoints import check
from harness.classifiers.encoder import teacher_cache
from harness.classifiers.encoder.averaging import average_or_best
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.options import Options
from harness.classifiers.encoder.teacher_cache import Lesson
from harness.classifiers.encoder.teachers import TeacherLabels, ask, averaged, labelling, preserved
from harness.classifiers.encoder.unlabelled import READERS, read_known_labels, read_unlabelled
from harness.classifiers.protocol import Classifier, Examples, Labelled, ReadsOtherTexts
from harness.classifiers.remote import Estimate, Estimating, HasObstacles, Probing
from harness.values import seeds
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError, ConfigError, HarnessWarning, Problem
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.other_kinds import OtherKinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPTIONS = Options()

Teacher = Annotated[Options | Bound, OtherKinds(("llm", "zero_shot"), usual="encoder")]
"""Options of an encoder, or another kind of classifier with its own."""


def distilled(
    *,
    teacher: Teacher = OPTIONS,
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
    teacher : Options or classifier
        As of :func:`harness.classifiers.encoder.encoder`. It may be many times as large; with the same
        checkpoint for both, several teachers make one student that knows what their average knows. Or, with a
        ``kind`` in front, ``llm`` or ``zero_shot`` with the options of that: it is asked once about each row,
        and a row without an answer is left out.
    student : Options
        As of an encoder.
    teachers : int
        At least 1; each with a seed of its own, their probabilities are averaged.
    students : int
        At least 1; each with a seed of its own, their weights are averaged. Where the best of them has a
        higher macro-F1 on the validation rows than their average, it is kept instead.
    teacher_weight : float
        Share of the teachers in the target of a training row, in [0, 1]; the rest is the row's label. With 0
        they are not asked about training rows.
    unlabelled : Path, optional
        CSV, TSV, JSONL or Parquet as ``harness predict`` takes it: ``text`` and, for stance, ``target``;
        ``target_start`` and ``target_end``, in characters, where they are known. The target of these rows
        comes from the teachers alone, except where the column ``stance`` of a stance task has a label: such a
        row is mixed as a training row is. They should be like those to be labelled, and none of those that
        are scored: the leak gate counts test rows among them.
    labels : LabelSet
        Passed in by the harness.
    seed : int
        Passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where a checkpoint or the file is missing.
    """
    if isinstance(teacher, Bound) and teacher.kind == "encoder":
        teacher = Options(**teacher.options)
    problems = [*_teacher_problems(teacher, teachers, labels), *_problems("student", student)]
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


def _problems(name: str, options: Options) -> Iterator[Problem]:
    try:
        check(options.checkpoint)
        options.check()
    except ConfigError as error:
        yield from (replace(problem, where=f"{name}.{problem.where}") for problem in error.problems)


def _teacher_problems(teacher: Options | Bound, teachers: int, labels: LabelSet) -> Iterator[Problem]:
    if isinstance(teacher, Options):
        yield from _problems("teacher", teacher)
        return
    try:
        classifier: Classifier = teacher.make(labels=labels, seed=0)
    except ConfigError as error:
        yield from (replace(problem, where=f"teacher.{problem.where}") for problem in error.problems)
        return
    if classifier.deterministic and teachers > 1:
        yield Problem("teachers", f"has no effect: this {teacher.kind} says the same with every seed")


@dataclass(frozen=True)
class Distillation:
    """How students are trained; see :func:`distilled` for the attributes.

    Attributes
    ----------
    teacher : Options or Bound
    student : Options
    teachers, students : int
    teacher_weight : float
    unlabelled : Path or None
    """

    teacher: Options | Bound
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
    usage_ : dict
        What the teachers' labels took, and how the student compares with them on the validation rows.
    """

    deterministic = False
    multithreaded = True

    def __init__(self, plan: Distillation, labels: LabelSet, seed: int) -> None:
        self.plan, self.labels, self.seed = plan, labels, seed
        self.checkpoint_dir: Path | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune or ask the teachers, then train the students on the teachers' probabilities.

        Raises
        ------
        ConfigError, ClassifierError
            As :meth:`harness.classifiers.encoder.classifier.Encoder.fit`; also where the unlabelled rows
            cannot be read, or no row has a teacher's answer.
        """
        plan = self.plan
        unlabelled = [] if plan.unlabelled is None else read_unlabelled(plan.unlabelled)
        held: Examples = () if validation is None else validation.examples
        # The validation rows too: the teachers' macro-F1 on them stands in the curves.
        asked = [*(train.examples if plan.teacher_weight > 0 else ()), *unlabelled, *held]
        teachers = [self._teach(number, train, validation, asked) for number in range(plan.teachers)]
        soft = averaged(teachers)
        if plan.teacher_weight == 0:
            # Labels alone make up these targets.
            soft = np.concatenate([np.zeros((len(train), len(self.labels))), soft])
        learned = [*train.examples, *unlabelled]
        targets = self._targets(self._given(train, len(unlabelled)), learned, soft[: len(learned)])
        students = [self._fit_student(number, targets, validation) for number in range(plan.students)]
        self.encoder_ = students[0]
        scores: dict[str, float] = {}
        if len(students) > 1:
            self.encoder_, scores = average_or_best(students, validation)
        self.usage_ = labelling(teachers)
        if validation is not None:
            scores |= self._compare(validation, soft[len(learned) :])
        self.curves_: list[dict[str, float]] = [epoch | scores for epoch in students[0].curves_]

    def _given(self, train: Labelled, unlabelled: int) -> NDArray[np.float64]:
        """Return labels as ``(n, k)`` probabilities, NaN where an unlabelled row has none."""
        labels = np.full((len(train) + unlabelled, len(self.labels)), np.nan)
        labels[: len(train)] = train.codes if self.labels.multi else np.eye(len(self.labels))[train.codes]
        if self.plan.unlabelled is not None and not self.labels.multi:
            for row, code in read_known_labels(self.plan.unlabelled, self.labels).items():
                labels[len(train) + row] = np.eye(len(self.labels))[code]
        return labels

    def _targets(self, labels: NDArray[np.float64], learned: Examples, soft: NDArray[np.float64]) -> Labelled:
        """Mix labels and soft labels; rows without a teacher's answer are left out."""
        weight = self.plan.teacher_weight
        # Probabilities in place of codes: see harness.classifiers.encoder.losses.
        probabilities: Any = np.where(np.isnan(labels), soft, weight * soft + (1 - weight) * labels)
        answered = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
        if not len(answered):
            raise ClassifierError("the teacher has no answer about any row: there is nothing to learn")
        if len(answered) < len(learned):
            missing = counted(len(learned) - len(answered), "row")
            note = f"{missing} of {len(learned):,} left out: no teacher has an answer about them"
            warnings.warn(note, HarnessWarning, stacklevel=3)
            return Labelled([learned[row] for row in answered.tolist()], probabilities[answered])
        return Labelled(learned, probabilities)

    def _compare(self, validation: Labelled, soft: NDArray[np.float64]) -> dict[str, float]:
        """Score the teachers on the validation rows that they answered, and the student beside them."""
        from harness.classifiers.encoder.prediction import f1_macro

        rows = np.flatnonzero(~np.isnan(soft).any(axis=1))
        if not len(rows):
            return {}
        examples, truth = [validation.examples[row] for row in rows.tolist()], validation.codes[rows]
        taught = self.labels.decide(soft[rows])
        learned = self.labels.decide(self.encoder_.predict_proba(examples))
        groups = validation.groups or [""] * len(validation)
        # Sentences of an article are alike: they are drawn together, as those of one sentence are.
        clusters = [groups[row] or f"sentence {validation.examples[row].text}" for row in rows.tolist()]
        self.usage_ |= preserved(learned, taught, truth, clusters, self.labels)
        return {"teacher_f1_macro": f1_macro(truth, taught, self.labels)}

    def usage(self) -> dict[str, float]:
        """Return what the teachers' labels took, see :func:`harness.classifiers.encoder.teachers.labelling`.

        With validation rows also how the student compares with the teachers on them, see
        :func:`harness.classifiers.encoder.teachers.preserved`.
        """
        return dict(self.usage_)

    def estimate(self, train: Labelled, examples: Examples) -> Estimate:
        """Estimate what the teachers are asked, which is most of what is asked: the student asks nothing.

        ``examples`` are counted, since validation rows are among them; of the rest of them nothing is asked.
        """
        plan = self.plan
        if isinstance(plan.teacher, Options):
            return Estimate()
        unlabelled = [] if plan.unlabelled is None else read_unlabelled(plan.unlabelled)
        asked = [*(train.examples if plan.teacher_weight > 0 else ()), *unlabelled, *examples]
        total = Estimate()
        for number in range(plan.teachers):
            teacher = self._teacher(number)
            total += teacher.estimate(train, asked) if isinstance(teacher, Estimating) else Estimate()
        return total

    def probes(self) -> dict[str, Estimate]:
        """Return what the teacher takes to find out how it is asked; empty for one that asks no server."""
        teacher: object = self._teacher(0) if isinstance(self.plan.teacher, Bound) else None
        return dict(teacher.probes()) if isinstance(teacher, Probing) else {}

    def obstacles(self) -> list[str]:
        """Say why the teacher could not be asked from this machine now; empty for one that asks no server."""
        teacher: object = self._teacher(0) if isinstance(self.plan.teacher, Bound) else None
        return list(teacher.obstacles()) if isinstance(teacher, HasObstacles) else []

    def other_texts(self) -> list[str]:
        """Return the texts beside the corpus that students and teachers learn from; see :func:`distilled`."""
        file, texts = self.plan.unlabelled, list[str]()
        if isinstance(self.plan.teacher, Bound):
            teacher = self._teacher(0)
            # Such as the examples in a prompt.
            texts += teacher.other_texts() if isinstance(teacher, ReadsOtherTexts) else ()
        return texts + ([] if file is None else [example.text for example in read_unlabelled(file)])

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

    def _teacher(self, number: int) -> Classifier:
        teacher, seed = self.plan.teacher, seeds.derive(self.seed, "teacher", number)
        if isinstance(teacher, Options):
            return Encoder(teacher, self.labels, seed)
        classifier: Classifier = teacher.make(labels=self.labels, seed=seed)
        return classifier

    def _teach(
        self, number: int, train: Labelled, validation: Labelled | None, examples: Examples
    ) -> TeacherLabels:
        """Return what a teacher says of examples; it is fitted unless that is kept."""
        teacher = self._teacher(number)
        # A language model's answers are kept by themselves, and its file would hide what they cost.
        folder = None if isinstance(teacher, Estimating) else self._subfolder(f"teacher-{number}")
        if folder is None:
            return self._taught(teacher, train, validation, examples)
        digest = self._lesson(number, train, validation, examples).digest
        if (answers := teacher_cache.look_up(digest, folder)) is not None:
            return answers
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(teacher, Encoder):
            teacher.checkpoint_dir = folder / "training"
        draft = folder / f"{digest}.draft.npz"
        answers = self._taught(teacher, train, validation, examples, draft)
        teacher_cache.keep(answers, digest, folder)
        # Only its probabilities are needed again.
        shutil.rmtree(folder / "training", ignore_errors=True)
        draft.unlink(missing_ok=True)
        return answers

    def _taught(
        self,
        teacher: Classifier,
        train: Labelled,
        validation: Labelled | None,
        examples: Examples,
        draft: Path | None = None,
    ) -> TeacherLabels:
        """Fit a teacher and ask it."""
        began = time.perf_counter()
        teacher.fit(train, validation)
        fitted = {"teacher_fit_seconds": time.perf_counter() - began}
        answers = ask(teacher, examples, self.labels, draft)
        return replace(answers, usage={**answers.usage, **fitted})

    def _lesson(
        self, number: int, train: Labelled, validation: Labelled | None, examples: Examples
    ) -> Lesson:
        teacher, seed = self.plan.teacher, seeds.derive(self.seed, "teacher", number)
        if isinstance(teacher, Options):
            checkpoint = teacher.checkpoint
            options = replace(teacher, checkpoint="").to_record()
        else:
            checkpoint = str(teacher.options.get("checkpoint", ""))
            options = {**teacher.canonical(), "checkpoint": ""}
        record = json.dumps(options, sort_keys=True)
        return Lesson(record, checkpoint, self.labels, seed, train, validation, examples)
