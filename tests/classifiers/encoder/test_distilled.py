"""A student: what it is taught, from whom, that it goes on after a stop, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from harness.classifiers.encoder import distilled as distillation
from harness.classifiers.encoder import load, training
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.distilled import Distilled, distilled, heard, read
from harness.classifiers.encoder.options import Options, Regularization, Schedule
from harness.classifiers.protocol import Example, Labelled
from harness.values.catalog import bind
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
PLAIN = Regularization(dropout=0.0, label_smoothing=0.0, ema=0.0)
ROWS = 2
"""Unlabelled ones."""


def rows(ends: tuple[str, ...] = ("again", "on the hill", "in a plan")) -> Labelled:
    """The verb tells the stance toward the target."""
    texts = [
        (f"the {who} {verb} varna {end} .", code)
        for who in ("minister", "league", "union")
        for end in ends
        for code, verb in enumerate(("attacked", "praised"))
    ]
    examples = [
        Example(text, "varna", ((text.index("varna"), text.index("varna") + 5),)) for text, _ in texts
    ]
    return Labelled(examples, np.array([code for _, code in texts]))


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    checkpoint = tiny_models.write(tmp_path_factory.mktemp("bert"))
    how = {"max_tokens": 32, "batch_size": 4, "schedule": Schedule(patience=0), "regularization": PLAIN}
    return Options(checkpoint=checkpoint, epochs=10, learning_rate=1e-2, **how)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    file = tmp_path / "news.jsonl"
    lines = [{"text": f"a league {verb} varna .", "target": "varna"} for verb in ("praised", "attacked")]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Labelled]]:
    """Note what every encoder is fitted on from here on, with its seed."""
    noted: list[tuple[int, Labelled]] = []
    plain = Encoder.fit

    def fit(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        noted.append((self.seed, train))
        plain(self, train, validation)

    monkeypatch.setattr(Encoder, "fit", fit)
    return noted


def made(options: Options, **given: Any) -> Distilled:
    return distilled(**{"teacher": options, "student": options, "labels": PAIR, "seed": 1} | given)


def test_a_student_without_a_label_learns_what_its_teacher_knows(
    options: Options, unlabelled: Path, tmp_path: Path
) -> None:
    student = made(options, trust=1.0, unlabelled=unlabelled)
    student.fit(rows(), rows())
    assert student.predict_proba(rows().examples).argmax(axis=1).tolist() == rows().codes.tolist()
    folder = tmp_path / "model"
    folder.mkdir()
    assert student.save(folder) == "harness.classifiers.encoder:load"
    again = load(folder, PAIR)
    assert again.predict_proba(rows().examples).tobytes() == student.predict_proba(rows().examples).tobytes()
    assert {one["teacher_f1_macro"] for one in student.curves_} == {1.0}
    assert set(student.curves_[-1]) == {
        "train_loss",
        "validation_loss",
        "validation_f1_macro",
        "teacher_f1_macro",
    }


def test_labels_and_what_teachers_say_are_mixed(
    options: Options, unlabelled: Path, lessons: list[tuple[int, Labelled]]
) -> None:
    train = rows()
    student = made(options, teachers=2, trust=0.25, unlabelled=unlabelled)
    student.fit(train)
    (one, first), (two, second), (own, taught) = lessons
    assert len({one, two, own}) == 3
    assert first.codes.tolist() == second.codes.tolist() == train.codes.tolist()
    asked = [*train.examples, *read(unlabelled)]
    assert list(taught.examples) == asked
    said = []
    for seed in (one, two):
        teacher = Encoder(options, PAIR, seed)
        teacher.fit(train)
        said.append(heard(teacher, asked))
    mean = (said[0] + said[1]) / 2
    expected = np.concatenate([0.25 * mean[:-ROWS] + 0.75 * np.eye(2)[train.codes], mean[-ROWS:]])
    assert np.asarray(taught.codes) == pytest.approx(expected)


def test_frames_are_taught_each_by_its_own_probability(
    options: Options, lessons: list[tuple[int, Labelled]]
) -> None:
    train = rows()
    examples = [Example(one.text) for one in train.examples]
    codes = np.stack([1 - train.codes, train.codes], axis=1)
    student = made(options, labels=FRAMES, trust=0.5)
    student.fit(Labelled(examples, codes))
    assert (student.predict_proba(examples) >= 0.5).astype(int).tolist() == codes.tolist()
    taught = np.asarray(lessons[-1][1].codes)
    assert taught.shape == codes.shape
    assert ((taught >= 0.5) == (codes == 1)).all()
    assert (taught != codes).any()


def test_it_goes_on_after_a_stop_without_asking_its_teachers_again(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(options, teachers=2)
    whole.fit(rows(), rows(("today",)))
    fits: list[int] = []
    plain = Encoder.fit

    def stopped(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        fits.append(self.seed)
        if self.seed == 1:
            raise KeyboardInterrupt
        plain(self, train, validation)

    monkeypatch.setattr(Encoder, "fit", stopped)
    one = made(options, teachers=2)
    one.checkpoint_dir = tmp_path
    with pytest.raises(KeyboardInterrupt):
        one.fit(rows(), rows(("today",)))
    assert len(fits) == 3
    assert sorted(path.suffix for path in tmp_path.rglob("*") if path.is_file()) == [".npy", ".npy"]
    monkeypatch.setattr(Encoder, "fit", plain)
    again = made(options, teachers=2)
    again.checkpoint_dir = tmp_path
    monkeypatch.setattr("harness.classifiers.encoder.distilled.heard", None)
    again.fit(rows(), rows(("today",)))
    assert again.predict_proba(rows().examples).tobytes() == whole.predict_proba(rows().examples).tobytes()
    assert again.curves_ == whole.curves_
    other = made(replace(options, epochs=2), student=options, teachers=2)
    other.checkpoint_dir = tmp_path
    with pytest.raises(TypeError):  # what other teachers said is not taken for theirs
        other.fit(rows(), rows(("today",)))


def weights(one: Encoder) -> dict[str, Any]:
    return {name: value.clone() for name, value in one.network_.state_dict().items()}


def test_the_weights_of_several_students_are_averaged(
    options: Options, lessons: list[tuple[int, Labelled]]
) -> None:
    several = made(options, students=3)
    several.fit(rows())
    (_, _), *taught = lessons
    assert len({seed for seed, _ in taught}) == 3
    assert all(one.codes is taught[0][1].codes for _, one in taught)
    learned = []
    for seed, given in list(taught):
        student = Encoder(options, PAIR, seed)
        student.fit(given)
        learned.append(weights(student))
    kept = weights(several.encoder_)
    for name, value in kept.items():
        mean = sum(one[name].double() for one in learned) / 3
        assert value.double().numpy() == pytest.approx(mean.numpy(), abs=1e-6), name
    alone = made(options)
    alone.fit(rows())
    assert all(value.equal(learned[0][name]) for name, value in weights(alone.encoder_).items())


@pytest.mark.parametrize("better", ["average", "student"])
def test_the_average_is_kept_unless_a_student_is_better_on_validation(
    options: Options, better: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[int, Encoder] = {}
    plain = distillation.averaged

    def like(models: Any) -> Encoder:
        given.update(enumerate(models))
        # As good as the best of them, or one that always says the same.
        found = plain(
            [max(models, key=lambda one: max(epoch["validation_f1_macro"] for epoch in one.curves_))]
        )
        if better == "student":
            with torch.no_grad():
                found.network_.head.weight.zero_()
                found.network_.head.bias.copy_(torch.tensor([1.0, 0.0]))
        return found

    monkeypatch.setattr(distillation, "averaged", like)
    several = made(options, students=2)
    several.fit(rows(), rows(("today",)))
    scores = {one["average_f1_macro"] for one in several.curves_}
    assert len(scores) == 1
    if better == "student":
        assert several.encoder_ in given.values()
        assert scores.pop() == pytest.approx(1 / 3)
    else:
        assert several.encoder_ not in given.values()
        assert scores.pop() >= max(one["validation_f1_macro"] for one in several.curves_)


def test_a_student_that_has_learned_does_not_learn_again_after_a_stop(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(options, students=2)
    whole.fit(rows(), rows(("today",)))
    plain = Encoder.fit

    def stopped(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        if self.checkpoint_dir == tmp_path / "student-1":
            raise KeyboardInterrupt
        plain(self, train, validation)

    one, again = made(options, students=2), made(options, students=2)
    one.checkpoint_dir = again.checkpoint_dir = tmp_path
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "fit", stopped)
        with pytest.raises(KeyboardInterrupt):
            one.fit(rows(), rows(("today",)))
    epochs: list[str] = []
    step = training._Step.epoch

    def noted(self: Any, *given: Any) -> float:
        epochs.append(str(self.training.folder))
        return step(self, *given)

    monkeypatch.setattr(training._Step, "epoch", noted)
    again.fit(rows(), rows(("today",)))
    assert set(epochs) == {str(tmp_path / "student-1")}
    assert again.predict_proba(rows().examples).tobytes() == whole.predict_proba(rows().examples).tobytes()


def test_options_out_of_range_are_named(options: Options, tmp_path: Path) -> None:
    (tmp_path / "news.txt").touch()
    given = {
        "teacher": {"checkpoint": options.checkpoint, "epochs": 0},
        "student": {"checkpoint": options.checkpoint, "learning_rate": 0.0},
        "teachers": 0,
        "students": 0,
        "trust": 1.5,
        "unlabelled": str(tmp_path / "news.txt"),
    }
    with pytest.raises(ConfigError) as caught:
        bind("classifier", "distilled", given).make(labels=PAIR, seed=1)
    assert str(caught.value).splitlines() == [
        "teacher.epochs: should be at least 1, got 0",
        "student.learning_rate: should be above 0, got 0.0",
        "teachers: should be at least 1, got 0",
        "students: should be at least 1, got 0",
        "trust: should be in [0, 1], got 1.5",
        "unlabelled: should end in .csv, .jsonl, .parquet, .tsv, got 'news.txt'",
    ]
    missing = tmp_path / "news.csv"
    with pytest.raises(ConfigError) as caught:
        made(options, unlabelled=missing)
    assert str(caught.value) == f"unlabelled: there is no file {missing}"
    with pytest.raises(ClassifierError, match="call fit first"):
        made(options).predict_proba(rows().examples)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_unlabelled_rows_are_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame(
        {
            "text": ["Varna met the coast, and Varna won.", "The coast spoke."],
            "target": ["Varna", "coast"],
            "target_start": [25, None],
            "target_end": [30, None],
        }
    )
    file = tmp_path / f"news{suffix}"
    if suffix == ".parquet":
        table.to_parquet(file)
    elif suffix == ".jsonl":
        table.to_json(file, orient="records", lines=True)
    else:
        table.to_csv(file, sep="\t" if suffix == ".tsv" else ",", index=False)
    first, second = read(file)
    assert (first.target, second.target) == ("Varna", "coast")
    assert first.spans[0] == (25, 30)
    assert second.spans == ((4, 9),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read: "),
        ("target\nVarna\n", "there should be rows with a text"),
        ("text,target\n", "there should be rows with a text"),
        ("text,target\nVarna won.,Varna\n,Varna\n", "row 2 has no text"),
    ],
)
def test_a_file_without_text_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "news.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ClassifierError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: {problem}")
