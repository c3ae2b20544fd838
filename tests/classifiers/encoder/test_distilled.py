"""A student: its targets, its teachers, how it resumes after an interruption, what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.checkpoints import resolve
from harness.classifiers.encoder import averaging, load, teachers, training
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.distilled import Distilled, distilled
from harness.classifiers.encoder.options import Options, Regularization, Schedule
from harness.classifiers.encoder.teacher_cache import FROM_CACHE
from harness.classifiers.encoder.teachers import soft_labels
from harness.classifiers.encoder.unlabelled import read_unlabelled
from harness.classifiers.protocol import Example, Labelled
from harness.values.catalog import bind
from harness.values.errors import ClassifierError, ConfigError, HarnessWarning
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models
from tests.golden import Golden

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
PLAIN = Regularization(dropout=0.0, label_smoothing=0.0)
UNLABELLED_ROWS = 2

Fits = list[tuple[int, Labelled]]


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
    settings = {"max_tokens": 32, "batch_size": 4, "schedule": Schedule(patience=0), "regularization": PLAIN}
    return Options(checkpoint=checkpoint, epochs=10, learning_rate=1e-2, **settings)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    file = tmp_path / "news.jsonl"
    lines = [{"text": f"a league {verb} varna .", "target": "varna"} for verb in ("praised", "attacked")]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    """Record the seed of every encoder that is fitted, and its rows."""
    recorded: Fits = []
    original = Encoder.fit

    def fit(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        recorded.append((self.seed, train))
        original(self, train, validation)

    monkeypatch.setattr(Encoder, "fit", fit)
    return recorded


def make(options: Options, **settings: Any) -> Distilled:
    return distilled(**{"teacher": options, "student": options, "labels": PAIR, "seed": 1} | settings)


def test_a_student_without_labels_learns_what_its_teacher_knows(
    options: Options, unlabelled: Path, tmp_path: Path
) -> None:
    student = make(options, teacher_weight=1.0, unlabelled=unlabelled)
    student.fit(rows(), rows())
    assert student.predict_proba(rows().examples).argmax(axis=1).tolist() == rows().codes.tolist()
    folder = tmp_path / "model"
    folder.mkdir()
    assert student.save(folder) == "harness.classifiers.encoder:load"
    again = load(folder, PAIR)
    assert again.predict_proba(rows().examples).tobytes() == student.predict_proba(rows().examples).tobytes()
    assert {epoch["teacher_f1_macro"] for epoch in student.curves_} == {1.0}
    assert set(student.curves_[-1]) == {
        "train_loss",
        "validation_loss",
        "validation_f1_macro",
        "teacher_f1_macro",
    }


def test_targets_mix_labels_and_teachers(options: Options, unlabelled: Path, fits: Fits) -> None:
    train = rows()
    student = make(options, teachers=2, teacher_weight=0.25, unlabelled=unlabelled)
    student.fit(train)
    (first_seed, first), (second_seed, second), (student_seed, targets) = fits
    assert len({first_seed, second_seed, student_seed}) == 3
    assert first.codes.tolist() == second.codes.tolist() == train.codes.tolist()
    examples = [*train.examples, *read_unlabelled(unlabelled)]
    assert list(targets.examples) == examples
    probas = []
    for seed in (first_seed, second_seed):
        teacher = Encoder(options, PAIR, seed)
        teacher.fit(train)
        probas.append(soft_labels(teacher, examples))
    mean = (probas[0] + probas[1]) / 2
    labelled = 0.25 * mean[:-UNLABELLED_ROWS] + 0.75 * np.eye(2)[train.codes]
    expected = np.concatenate([labelled, mean[-UNLABELLED_ROWS:]])
    assert np.asarray(targets.codes) == pytest.approx(expected)


def test_each_frame_has_a_target_of_its_own(options: Options, fits: Fits) -> None:
    train = rows()
    examples = [Example(example.text) for example in train.examples]
    codes = np.stack([1 - train.codes, train.codes], axis=1)
    student = make(options, labels=FRAMES, teacher_weight=0.5)
    student.fit(Labelled(examples, codes))
    assert (student.predict_proba(examples) >= 0.5).astype(int).tolist() == codes.tolist()
    targets = np.asarray(fits[-1][1].codes)
    assert targets.shape == codes.shape
    assert ((targets >= 0.5) == (codes == 1)).all()
    assert (targets != codes).any()


def test_it_resumes_after_an_interruption_without_fitting_its_teachers_again(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = make(options, teachers=2)
    uninterrupted.fit(rows(), rows(("today",)))
    seeds: list[int] = []
    original = Encoder.fit

    def interrupt_the_student(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        seeds.append(self.seed)
        if self.seed == 1:
            raise KeyboardInterrupt
        original(self, train, validation)

    monkeypatch.setattr(Encoder, "fit", interrupt_the_student)
    interrupted = make(options, teachers=2)
    interrupted.checkpoint_dir = tmp_path
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(rows(), rows(("today",)))
    assert len(seeds) == 3
    assert sorted(path.suffix for path in tmp_path.rglob("*") if path.is_file()) == [".npz", ".npz"]
    monkeypatch.setattr(Encoder, "fit", original)
    resumed = make(options, teachers=2)
    resumed.checkpoint_dir = tmp_path
    monkeypatch.setattr("harness.classifiers.encoder.teachers.soft_labels", None)
    resumed.fit(rows(), rows(("today",)))
    expected = uninterrupted.predict_proba(rows().examples)
    assert resumed.predict_proba(rows().examples).tobytes() == expected.tobytes()
    assert resumed.curves_ == uninterrupted.curves_
    other = make(replace(options, epochs=2), student=options, teachers=2)
    other.checkpoint_dir = tmp_path
    with pytest.raises(TypeError):  # the probabilities of other teachers are not read in their place
        other.fit(rows(), rows(("today",)))


def test_what_a_teacher_has_said_before_an_interruption_is_kept(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(teachers, "PORTION", 8)
    asked: list[int] = []

    def label(teacher: Encoder, examples: Sequence[Example]) -> Any:
        asked.append(len(examples))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return soft_labels(teacher, examples)

    monkeypatch.setattr(teachers, "soft_labels", label)
    with pytest.raises(KeyboardInterrupt):
        resume(make(options), tmp_path / "state")
    resumed = resume(make(options), tmp_path / "state")
    # 18 rows to train on and 6 to choose the epoch by; the third portion alone is asked about again.
    assert asked == [8, 8, 8, 8]
    assert resumed.usage()["teacher_labels"] == 24
    assert len(list((tmp_path / "state" / "teacher-0").iterdir())) == 1
    entire = make(options)
    entire.fit(rows(), rows(("today",)))
    expected = entire.predict_proba(rows().examples)
    assert resumed.predict_proba(rows().examples) == pytest.approx(expected, abs=1e-5)


def resume(model: Distilled, folder: Path) -> Distilled:
    model.checkpoint_dir = folder
    model.fit(rows(), rows(("today",)))
    return model


def test_another_student_of_a_teacher_trains_it_no_more(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: Fits
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(resolve(options.checkpoint), checkpoint)

    def trained(name: str, teacher: Options, n_fits: int) -> Distilled:
        before = len(fits)
        model = make(options, teacher=teacher)
        model.checkpoint_dir = tmp_path / name
        model.fit(rows(), rows(("today",)))
        assert len(fits) - before == n_fits, name
        return model

    first = trained("first", options, 2)
    # The same weights in another folder are the same teacher.
    moved = trained("moved", replace(options, checkpoint=str(checkpoint)), 1)
    assert moved.predict_proba(rows().examples).tobytes() == first.predict_proba(rows().examples).tobytes()
    # It took what it took, and that was before.
    assert moved.usage()["teacher_fit_seconds"] == first.usage()["teacher_fit_seconds"] > 0
    assert (first.usage().get(FROM_CACHE), moved.usage()[FROM_CACHE]) == (None, 1.0)
    # Another model under the same name is another teacher; so are other options.
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    (checkpoint / "config.json").write_text(json.dumps(config | {"hidden_dropout_prob": 0.2}), "utf-8")
    trained("changed", replace(options, checkpoint=str(checkpoint)), 2)
    trained("longer", replace(options, epochs=options.epochs + 1), 2)
    # What is damaged is trained again; what cannot be written is said.
    for file in (tmp_path / "cache" / "teachers").iterdir():
        file.write_bytes(b"PK")
    trained("damaged", options, 2)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").touch()
    with pytest.warns(HarnessWarning, match="cache"):
        trained("unwritten", options, 2)


def weights(model: Encoder) -> dict[str, Any]:
    return {name: value.clone() for name, value in model.network_.state_dict().items()}


def test_the_weights_of_several_students_are_averaged(options: Options, fits: Fits) -> None:
    several = make(options, students=3)
    several.fit(rows())
    (_, _), *student_fits = fits
    assert len({seed for seed, _ in student_fits}) == 3
    assert all(targets.codes is student_fits[0][1].codes for _, targets in student_fits)
    states = []
    for seed, targets in list(student_fits):
        student = Encoder(options, PAIR, seed)
        student.fit(targets)
        states.append(weights(student))
    for name, value in weights(several.encoder_).items():
        mean = sum(state[name].double() for state in states) / 3
        assert value.double().numpy() == pytest.approx(mean.numpy(), abs=1e-6), name
    single = make(options)
    single.fit(rows())
    assert all(value.equal(states[0][name]) for name, value in weights(single.encoder_).items())


@pytest.mark.parametrize("better", ["average", "student"])
def test_the_average_wins_unless_a_student_is_better_on_validation(
    options: Options, better: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    students: list[Encoder] = []
    original = averaging.average_weights

    def scripted(models: Any) -> Encoder:
        students.extend(models)
        # As good as the best of them, or a model that gives every row the same label.
        best = max(models, key=lambda model: max(epoch["validation_f1_macro"] for epoch in model.curves_))
        soup = original([best])
        if better == "student":
            with torch.no_grad():
                soup.network_.head.weight.zero_()
                soup.network_.head.bias.copy_(torch.tensor([1.0, 0.0]))
        return soup

    monkeypatch.setattr(averaging, "average_weights", scripted)
    several = make(options, students=2)
    several.fit(rows(), rows(("today",)))
    scores = {epoch["average_f1_macro"] for epoch in several.curves_}
    assert len(scores) == 1
    if better == "student":
        assert several.encoder_ in students
        assert scores.pop() == pytest.approx(1 / 3)
    else:
        assert several.encoder_ not in students
        assert scores.pop() >= max(epoch["validation_f1_macro"] for epoch in several.curves_)


def test_a_finished_student_is_not_fitted_again_after_an_interruption(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = make(options, students=2)
    uninterrupted.fit(rows(), rows(("today",)))
    original = Encoder.fit

    def interrupt_the_second(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        if self.checkpoint_dir == tmp_path / "student-1":
            raise KeyboardInterrupt
        original(self, train, validation)

    interrupted, resumed = make(options, students=2), make(options, students=2)
    interrupted.checkpoint_dir = resumed.checkpoint_dir = tmp_path
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "fit", interrupt_the_second)
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(rows(), rows(("today",)))
    folders: list[str] = []
    run_epoch = training._Steps.run_epoch

    def recorded(self: Any, *arguments: Any) -> float:
        folders.append(str(self.training.folder))
        return run_epoch(self, *arguments)

    monkeypatch.setattr(training._Steps, "run_epoch", recorded)
    resumed.fit(rows(), rows(("today",)))
    assert set(folders) == {str(tmp_path / "student-1")}
    expected = uninterrupted.predict_proba(rows().examples)
    assert resumed.predict_proba(rows().examples).tobytes() == expected.tobytes()


def test_options_out_of_range_are_reported(options: Options, tmp_path: Path, golden: Golden) -> None:
    (tmp_path / "news.txt").touch()
    settings = {
        "teacher": {"checkpoint": options.checkpoint, "epochs": 0},
        "student": {"checkpoint": options.checkpoint, "learning_rate": 0.0},
        "teachers": 0,
        "students": 0,
        "teacher_weight": 1.5,
        "unlabelled": str(tmp_path / "news.txt"),
    }
    with pytest.raises(ConfigError) as caught:
        bind("classifier", "distilled", settings).make(labels=PAIR, seed=1)
    assert [problem.where for problem in caught.value.problems] == [
        *("teacher.epochs", "student.learning_rate", "teachers", "students", "teacher_weight", "unlabelled")
    ]
    golden("classifiers/distilled-options", str(caught.value))
    missing = tmp_path / "news.csv"
    with pytest.raises(ConfigError, match="news.csv") as caught:
        make(options, unlabelled=missing)
    assert [problem.where for problem in caught.value.problems] == ["unlabelled"]


def test_a_student_that_is_not_fitted_is_refused(options: Options) -> None:
    with pytest.raises(ClassifierError, match=r"\bfit\b"):
        make(options).predict_proba(rows().examples)


def test_the_unlabelled_texts_can_be_looked_at(options: Options, unlabelled: Path) -> None:
    texts = [example.text for example in read_unlabelled(unlabelled)]
    assert make(options, unlabelled=unlabelled).other_texts() == texts != []
    assert make(options).other_texts() == []


def test_a_label_in_the_unlabelled_file_is_mixed_as_that_of_a_training_row(
    options: Options, unlabelled: Path, fits: Fits
) -> None:
    lines = [json.loads(line) for line in unlabelled.read_text(encoding="utf-8").splitlines()]
    plain = make(options, teacher_weight=0.25, unlabelled=unlabelled)
    plain.fit(rows())
    without = np.asarray(fits[-1][1].codes)
    lines[1]["stance"] = "supportive"
    unlabelled.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    make(options, teacher_weight=0.25, unlabelled=unlabelled).fit(rows())
    expected = without.copy()
    expected[-1] = 0.25 * without[-1] + 0.75 * np.array([0.0, 1.0])
    assert np.asarray(fits[-1][1].codes) == pytest.approx(expected)
