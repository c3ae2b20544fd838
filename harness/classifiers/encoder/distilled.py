"""Teachers in, one encoder that learned from what they say out: a large model's labels, a small one's price.

Teachers are fine-tuned first. Then they say how likely each label is, of the training rows and of unlabelled
ones, and a student learns that (knowledge distillation; Hinton et al. 2015). What is saved and served is the
student alone, or one encoder with the mean of several students' weights (a soup; Wortsman et al. 2022).
"""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.checkpoints import check
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.options import Options
from harness.classifiers.protocol import Example, Examples, Labelled, examples_of
from harness.values import seeds
from harness.values.errors import ClassifierError, ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPTIONS = Options()
READERS = {".csv": "read_csv", ".jsonl": "read_json", ".parquet": "read_parquet", ".tsv": "read_csv"}
"""By the end of a file's name, what of pandas reads it."""


def distilled(
    *,
    teacher: Options = OPTIONS,
    student: Options = OPTIONS,
    teachers: int = 1,
    students: int = 1,
    trust: float = 0.7,
    unlabelled: Path | None = None,
    labels: LabelSet,
    seed: int,
) -> Distilled:
    """Make an encoder that learns from others.

    Parameters
    ----------
    teacher, student : Options
        As of :func:`harness.classifiers.encoder.encoder`. A teacher may be many times as large; with the same
        checkpoint for both, several teachers are worth one student that knows what their average knows.
    teachers : int
        At least 1; each with a seed of its own, their probabilities are averaged.
    students : int
        At least 1; each with a seed of its own, their weights are averaged. Where the best of them has a
        higher macro-F1 on the validation rows than their average, that one is kept.
    trust : float
        Share of the teachers in what the student learns of a training row, in [0, 1]; the rest is its label.
    unlabelled : Path, optional
        CSV, TSV, JSONL or Parquet as ``harness predict`` takes it: ``text`` and, for stance, ``target``;
        ``target_start`` and ``target_end``, in characters, where they are known. Of these rows the teachers
        alone are heard. They should be like those to be labelled, and none of those that are scored.
    labels : LabelSet
        Handed in.
    seed : int
        Handed in.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where a checkpoint or the file is not there.
    """
    problems = list(_problems(teacher, student))
    for name, count in (("teachers", teachers), ("students", students)):
        if count < 1:
            problems.append(Problem(name, f"should be at least 1, got {count}"))
    if not 0 <= trust <= 1:
        problems.append(Problem("trust", f"should be in [0, 1], got {trust}"))
    if unlabelled is not None and unlabelled.suffix not in READERS:
        problems.append(Problem("unlabelled", f"should end in {', '.join(READERS)}, got {unlabelled.name!r}"))
    elif unlabelled is not None and not unlabelled.is_file():
        problems.append(Problem("unlabelled", f"there is no file {unlabelled}"))
    if problems:
        raise ConfigError(problems)
    return Distilled((teacher, teachers), (student, students), (trust, unlabelled), labels, seed)


def _problems(teacher: Options, student: Options) -> Iterator[Problem]:
    for name, options in (("teacher", teacher), ("student", student)):
        try:
            check(options.checkpoint)
            options.check()
        except ConfigError as error:
            yield from (replace(one, where=f"{name}.{one.where}") for one in error.problems)


class Distilled:
    """A student and how it is taught; see :func:`distilled`.

    Parameters
    ----------
    teachers, students : pair of Options and int
        What each is, and how many they are.
    lessons : pair of float and Path or None
        The share of the teachers, and the file of unlabelled rows.
    labels : LabelSet
    seed : int

    Attributes
    ----------
    checkpoint_dir : Path or None
        A folder of its own in which :meth:`fit` keeps what each teacher said and each student learned, and
        goes on from it.
    encoder_ : Encoder
        The student, or the average of several.
    curves_ : list of dict
        One an epoch of the first student, as of an encoder; with validation rows also ``teacher_f1_macro`` on
        them and, of several students, ``average_f1_macro``, which are the same in each.
    """

    deterministic = False

    def __init__(
        self,
        teachers: tuple[Options, int],
        students: tuple[Options, int],
        lessons: tuple[float, Path | None],
        labels: LabelSet,
        seed: int,
    ) -> None:
        (self.teacher, self.teachers), (self.student, self.students) = teachers, students
        self.trust, self.unlabelled = lessons
        self.labels, self.seed = labels, seed
        self.checkpoint_dir: Path | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune the teachers on ``train``, hear them, and fine-tune the students on what they say.

        Raises
        ------
        ConfigError, ClassifierError
            As :meth:`harness.classifiers.encoder.classifier.Encoder.fit`; also where the unlabelled rows
            cannot be read.
        """
        from harness.classifiers.encoder.prediction import f1_macro

        n, beside = len(train), [] if self.unlabelled is None else read(self.unlabelled)
        asked = [*train.examples, *beside, *(() if validation is None else validation.examples)]
        said = np.mean(
            [self._said(number, train, validation, asked) for number in range(self.teachers)], axis=0
        )
        known = train.codes if self.labels.multi else np.eye(len(self.labels))[train.codes]
        mixed = self.trust * said[:n] + (1 - self.trust) * known
        # Probabilities stand where codes do.
        taught: Any = np.concatenate([mixed, said[n : n + len(beside)]])
        lessons = Labelled(asked[: n + len(beside)], taught)
        made = [self._taught(number, lessons, validation) for number in range(self.students)]
        self.encoder_, scores = made[0], {}
        if validation is not None:
            decided = self.labels.decide(said[n + len(beside) :])
            scores["teacher_f1_macro"] = f1_macro(validation.codes, decided, self.labels)
        if len(made) > 1:
            self.encoder_, more = _best(made, validation)
            scores |= more
        self.curves_: list[dict[str, float]] = [one | scores for one in made[0].curves_]

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

    def _place(self, name: str) -> Path | None:
        return None if self.checkpoint_dir is None else self.checkpoint_dir / name

    def _taught(self, number: int, lessons: Labelled, validation: Labelled | None) -> Encoder:
        """Fine-tune a student."""
        seed = seeds.derive(self.seed, "student", number) if number else self.seed
        made = Encoder(self.student, self.labels, seed)
        made.checkpoint_dir = self._place(f"student-{number}")
        made.fit(lessons, validation)
        return made

    def _said(
        self, number: int, train: Labelled, validation: Labelled | None, asked: Examples
    ) -> NDArray[np.float64]:
        """Return what a teacher says, ``(asked, k)``; where it was stopped after that, what it said then."""
        made = Encoder(self.teacher, self.labels, seeds.derive(self.seed, "teacher", number))
        place = self._place(f"teacher-{number}")
        file = None if place is None else place / f"{self._identity(made, train, validation, asked)}.npy"
        if file is not None and file.is_file():
            return np.asarray(np.load(file))
        made.checkpoint_dir = None if place is None else place / "training"
        made.fit(train, validation)
        said = heard(made, asked)
        if file is not None:
            fresh = file.with_suffix(".new")
            with fresh.open("wb") as stream:
                np.save(stream, said)
            fresh.replace(file)
            shutil.rmtree(file.parent / "training")
        return said

    def _identity(
        self, teacher: Encoder, train: Labelled, validation: Labelled | None, asked: Examples
    ) -> str:
        settings = [teacher.options.to_record(), self.labels, teacher.seed, train.examples, asked]
        digest = hashlib.sha256(repr(settings).encode())
        for part in (train, validation):
            digest.update(b"" if part is None else part.codes.tobytes())
        return digest.hexdigest()


def averaged(models: Sequence[Encoder]) -> Encoder:
    """Return an encoder with the mean of several ones' weights, which costs no more than one to serve.

    Parameters
    ----------
    models : sequence of Encoder
        Fitted, with the same options; at least one. They stay as they are.
    """
    import torch

    first = models[0]
    network = copy.deepcopy(first.network_)
    states = [one.network_.state_dict() for one in models]
    network.load_state_dict(
        {
            name: torch.stack([state[name] for state in states]).mean(dim=0)
            if value.is_floating_point()
            else value
            for name, value in states[0].items()
        }
    )
    made = Encoder(first.options, first.labels, first.seed)
    made.take(first.tokenizer_, network)
    return made


def _best(models: Sequence[Encoder], validation: Labelled | None) -> tuple[Encoder, dict[str, float]]:
    """Return the average of models, or a better one on ``validation``; and how good the average is."""
    from harness.classifiers.encoder.prediction import f1_macro

    mean = averaged(models)
    if validation is None:
        return mean, {}
    score, *others = (
        f1_macro(validation.codes, one.labels.decide(one.predict_proba(validation.examples)), one.labels)
        for one in (mean, *models)
    )
    kept = mean if score >= max(others) else models[others.index(max(others))]
    return kept, {"average_f1_macro": score}


def heard(teacher: Encoder, examples: Examples) -> NDArray[np.float64]:
    """Return a fitted encoder's ``(n, k)`` probabilities, computed as it was trained: they are not scored.

    Parameters
    ----------
    teacher : Encoder
    examples : sequence of Example
    """
    from harness.classifiers.encoder.classifier import padding
    from harness.classifiers.encoder.engines.computing import TorchEngine
    from harness.classifiers.encoder.prediction import Reading, probabilities, streamed
    from harness.classifiers.encoder.training import in_bf16

    engine = TorchEngine(teacher.network_, "bf16" if in_bf16(teacher.options.precision) else "fp32")
    reading = Reading(teacher.tokenizer_, padding(teacher.tokenizer_.backend))
    return probabilities(streamed(engine, reading, examples, len(teacher.labels)), teacher.labels)


def read(file: Path) -> list[Example]:
    """Read unlabelled rows; see :func:`distilled`.

    Raises
    ------
    ClassifierError
        Where the file cannot be read, or a row has no text.
    """
    import pandas as pd

    styles: dict[str, dict[str, Any]] = {".jsonl": {"lines": True}, ".tsv": {"sep": "\t"}}
    try:
        rows = getattr(pd, READERS[file.suffix])(file, **styles.get(file.suffix, {}))
    except (OSError, ValueError) as error:
        raise ClassifierError(f"{file}: cannot be read: {error}") from error
    if "text" not in rows or not len(rows):
        raise ClassifierError(f"{file}: there should be rows with a text")
    empty = rows.index[rows["text"].isna()]
    if len(empty):
        raise ClassifierError(f"{file}: row {empty[0] + 1} has no text")
    return examples_of(rows.rename(columns={"target_start": "start", "target_end": "end"}))
