"""A student of a language model or of a zero-shot classifier: targets, missing answers, cost, losses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.distilled import Distilled
from harness.classifiers.encoder.teachers import TeacherLabels, ask, averaged, labelling, preserved, smoothed
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values.catalog import bind
from harness.values.errors import ConfigError, HarnessWarning
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models
from tests.classifiers.llm.stub_server import Stub, serving
from tests.classifiers.llm.word_model import WordModel
from tests.sentences import words

FRAMES = LabelSet(("conflict", "morality"), multi=True)
WORDS = {"critical": "bad", "neutral": "that", "supportive": "good"}
REFUSED = "hill"
MANY = 400


def rows(*ends: str) -> Labelled:
    texts = [f"varna is {word} {end} ." for end in ends for word in WORDS.values()]
    examples = [Example(text, "varna", ((0, 5),)) for text in texts]
    return Labelled(examples, np.tile(np.arange(3), len(ends)))


TRAIN, HELD = rows("again", "in a plan"), rows("in a vote", "on a coast")
UNLABELLED = rows("with people", "on the hill")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving(WordModel(words=WORDS)) as server:
        yield server


@pytest.fixture
def student(tmp_path: Path) -> dict[str, Any]:
    checkpoint = tiny_models.write(tmp_path / "bert")
    return {"checkpoint": checkpoint, "epochs": 2, "max_tokens": 32, "batch_size": 4, "learning_rate": 1e-2}


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    file = tmp_path / "news.jsonl"
    lines = [{"text": row.text, "target": row.target} for row in UNLABELLED.examples]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def taught(teacher: dict[str, Any], student: dict[str, Any], **options: Any) -> Distilled:
    settings = {"teacher": teacher, "student": student, **options}
    made: Distilled = bind("classifier", "distilled", settings).make(labels=STANCE, seed=1)
    return made


def of_server(stub: Stub, **options: Any) -> dict[str, Any]:
    defaults = {"kind": "llm", "url": stub.url, "model": "words", "api": "logprobs", "concurrency": 2}
    return {**defaults, "prices": {"input": 10.0, "output": 20.0}, **options}


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> list[Labelled]:
    """What students are fitted on."""
    recorded: list[Labelled] = []
    original = Encoder.fit

    def fit(self: Encoder, train: Labelled, validation: Labelled | None = None) -> None:
        recorded.append(train)
        original(self, train, validation)

    monkeypatch.setattr(Encoder, "fit", fit)
    return recorded


def test_a_student_of_a_language_model(
    stub: Stub, student: dict[str, Any], unlabelled: Path, targets: list[Labelled]
) -> None:
    classifier = taught(of_server(stub), student, teacher_weight=0.5, unlabelled=str(unlabelled))
    classifier.fit(TRAIN, HELD)
    (learned,) = targets
    assert list(learned.examples) == [*TRAIN.examples, *UNLABELLED.examples]
    soft = np.full((3, 3), 0.2) + 0.4 * np.eye(3)
    expected = np.concatenate([0.5 * np.tile(soft, (2, 1)) + 0.5 * np.eye(3)[TRAIN.codes], soft, soft])
    assert np.asarray(learned.codes) == pytest.approx(expected)
    # Six rows of train, six unlabelled, six of validation: each is asked about once.
    assert len(stub.requests) == 18
    usage = classifier.usage()
    assert (usage["requests"], usage["teacher_labels"], usage["teacher_unanswered"]) == (18, 18, 0)
    # 100 tokens in at 10 and one out at 20 a million.
    assert usage["cost_per_label"] == pytest.approx(0.00102)
    assert usage["seconds_per_label"] > 0
    assert {epoch["teacher_f1_macro"] for epoch in classifier.curves_} == {1.0}
    assert usage["student_minus_teacher_low"] <= usage["student_minus_teacher"] <= 0
    again = taught(of_server(stub), student, teacher_weight=0.5, unlabelled=str(unlabelled))
    again.fit(TRAIN, HELD)
    assert len(stub.requests) == 18
    assert again.usage()["requests"] == again.usage()["cost"] == 0
    assert again.usage()["cost_per_label"] == pytest.approx(0.00102)
    proba = again.predict_proba(HELD.examples)
    assert proba.tobytes() == classifier.predict_proba(HELD.examples).tobytes()


def test_labels_alone_are_smoothed(stub: Stub, student: dict[str, Any], targets: list[Labelled]) -> None:
    classifier = taught(of_server(stub, api="json"), student, teacher_weight=1.0)
    classifier.fit(TRAIN)
    expected = np.full((6, 3), 0.1 / 3) + 0.9 * np.eye(3)[TRAIN.codes]
    assert np.asarray(targets[0].codes) == pytest.approx(expected)
    frames = np.array([[1, 0], [-1, 0], [0, 0]])
    assert smoothed(frames, FRAMES) == pytest.approx(
        np.array([[0.95, 0.05], [np.nan] * 2, [0.05, 0.05]]), nan_ok=True
    )


def test_with_weight_0_training_rows_are_not_asked_about(
    stub: Stub, student: dict[str, Any], unlabelled: Path, targets: list[Labelled]
) -> None:
    classifier = taught(of_server(stub), student, teacher_weight=0.0, unlabelled=str(unlabelled))
    classifier.fit(TRAIN)
    assert len(stub.requests) == 6
    assert np.asarray(targets[0].codes)[:6].tolist() == np.eye(3)[TRAIN.codes].tolist()
    assert classifier.estimate(TRAIN, HELD.examples).requests == 12
    asking = taught(of_server(stub), student, unlabelled=str(unlabelled))
    assert asking.estimate(TRAIN, HELD.examples).requests == 18


class Refusing:
    """A teacher that has no answer about some rows."""

    deterministic = True

    def __init__(self, labels: LabelSet, *, says_labels: bool) -> None:
        self.labels, self.has_probabilities = labels, not says_labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        pass

    def predict_proba(self, examples: Examples) -> Any:
        proba = np.full((len(examples), len(self.labels)), 1 / len(self.labels))
        proba[[REFUSED in example.text for example in examples], 0] = np.nan
        return proba

    def predict(self, examples: Examples) -> Any:
        return np.array([-1 if REFUSED in example.text else 1 for example in examples])


@pytest.mark.parametrize("says_labels", [False, True], ids=["probabilities", "labels"])
def test_rows_without_an_answer_are_left_out_and_counted(
    student: dict[str, Any],
    unlabelled: Path,
    stub: Stub,
    targets: list[Labelled],
    monkeypatch: pytest.MonkeyPatch,
    says_labels: bool,
) -> None:
    classifier = taught(of_server(stub), student, unlabelled=str(unlabelled))
    monkeypatch.setattr(classifier, "_teacher", lambda number: Refusing(STANCE, says_labels=says_labels))
    with pytest.warns(HarnessWarning, match="3 rows of 12"):
        classifier.fit(TRAIN, rows(REFUSED, "again"))
    (learned,) = targets
    assert list(learned.examples) == [*TRAIN.examples, *UNLABELLED.examples[:3]]
    assert np.isfinite(np.asarray(learned.codes)).all()
    usage = classifier.usage()
    # Three of the unlabelled rows and three of validation.
    assert (usage["teacher_labels"], usage["teacher_unanswered"]) == (12, 6)


def test_a_student_of_a_zero_shot_classifier_resumes(
    student: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, targets: list[Labelled]
) -> None:
    nli = tiny_models.write_nli(tmp_path / "nli")
    teacher = {"kind": "zero_shot", "checkpoint": nli, "max_tokens": 32, "wording": WORDS}
    expected = bind("classifier", "zero_shot", {k: v for k, v in teacher.items() if k != "kind"})
    model = expected.make(labels=STANCE, seed=1)
    model.fit(TRAIN)
    classifier = taught(teacher, student, teacher_weight=1.0)
    classifier.checkpoint_dir = tmp_path / "training"
    classifier.fit(TRAIN, HELD)
    assert np.asarray(targets[0].codes) == pytest.approx(model.predict_proba(TRAIN.examples), abs=1e-6)
    assert "cost_per_label" not in classifier.usage()
    resumed = taught(teacher, student, teacher_weight=1.0)
    resumed.checkpoint_dir = tmp_path / "training"
    monkeypatch.setattr("harness.classifiers.encoder.distilled.ask", None)
    resumed.fit(TRAIN, HELD)
    proba = resumed.predict_proba(HELD.examples)
    assert proba.tobytes() == classifier.predict_proba(HELD.examples).tobytes()
    assert resumed.usage() == classifier.usage()


def test_several_teachers_count_as_one() -> None:
    first = TeacherLabels(np.array([[0.2, 0.8], [np.nan] * 2, [np.nan] * 2]), {"cost": 1.0, "spent": 1.0})
    second = TeacherLabels(np.array([[0.6, 0.4], [0.5, 0.5], [np.nan] * 2]), {"cost": 2.0, "spent": 3.0})
    assert averaged([first, second]) == pytest.approx(
        np.array([[0.4, 0.6], [0.5, 0.5], [np.nan] * 2]), nan_ok=True
    )
    assert labelling([first, second]) == {
        "cost": 3.0,
        "spent": 3.0,
        "teacher_labels": 3.0,
        "teacher_unanswered": 3.0,
        "seconds_per_label": 0.0,
    }


def test_what_a_student_keeps_of_its_teacher() -> None:
    draw = np.random.default_rng(1)
    truth = draw.integers(2, size=MANY)
    teacher = np.where(draw.random(MANY) < 0.9, truth, 1 - truth)
    student = np.where(draw.random(MANY) < 0.8, truth, 1 - truth)
    labels = LabelSet(("for", "against"))
    alone = [f"row {number}" for number in range(MANY)]
    result = preserved(student, teacher, truth, alone, labels)
    low, high = result["student_minus_teacher_low"], result["student_minus_teacher_high"]
    # The standard error of a difference of two shares, .9 and .8, of 400 rows is .025.
    assert result["student_minus_teacher"] == pytest.approx(-0.1, abs=0.05)
    assert low < result["student_minus_teacher"] < high
    assert high - low == pytest.approx(2 * 1.96 * 0.025, rel=0.2)
    equal = preserved(teacher, teacher, truth, alone, labels)
    assert set(equal.values()) == {0.0}
    assert set(preserved(student, teacher, truth, ["one"] * MANY, labels)) == {"student_minus_teacher"}


def test_rows_of_an_article_are_drawn_together() -> None:
    """Four hundred rows in articles whose rows are wrong together are worth as many as there are articles."""
    draw = np.random.default_rng(2)
    article = np.arange(MANY) // 10
    truth = draw.integers(2, size=MANY)
    lost = draw.random(MANY // 10) < 0.3
    student = np.where(lost[article], 1 - truth, truth)
    labels = LabelSet(("for", "against"))

    def width(clusters: list[str]) -> float:
        result = preserved(student, truth, truth, clusters, labels)
        return result["student_minus_teacher_high"] - result["student_minus_teacher_low"]

    rows_alone, articles = width([f"{n}" for n in range(MANY)]), width([f"{n}" for n in article])
    # The standard error of a share of 40 articles is that of 400 rows times the root of 10.
    assert articles == pytest.approx(10**0.5 * rows_alone, rel=0.2)


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
def test_the_comparison_draws_articles_where_there_are_any(
    stub: Stub, student: dict[str, Any], unlabelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.classifiers.encoder import distilled

    seen: list[list[str]] = []

    def spied(*arguments: Any) -> dict[str, float]:
        seen.append(list(arguments[3]))
        return preserved(*arguments)

    monkeypatch.setattr(distilled, "preserved", spied)
    for groups in (None, ["a1", "a1", "a2", "", "", "a2"]):
        held = Labelled(HELD.examples, HELD.codes, groups=groups)
        taught(of_server(stub), student, unlabelled=str(unlabelled)).fit(TRAIN, held)
    sentences = [f"sentence {example.text}" for example in HELD.examples]
    assert seen == [sentences, ["a1", "a1", "a2", *sentences[3:5], "a2"]]


def test_an_encoder_may_be_named_as_teacher(student: dict[str, Any]) -> None:
    classifier = taught({"kind": "encoder", **student}, student)
    assert classifier.plan == taught(student, student).plan


def test_what_is_wrong_with_a_teacher_is_said_with_its_path(student: dict[str, Any], tmp_path: Path) -> None:
    def problems(teacher: dict[str, Any], **options: Any) -> list[tuple[str, list[str]]]:
        with pytest.raises(ConfigError) as caught:
            taught(teacher, student, **options)
        return [(problem.where, words(problem.hint)[-1:]) for problem in caught.value.problems]

    assert problems({"kind": "lllm"}) == [("teacher.kind", ["llm"])]
    assert problems({"kind": "linear"})[0][0] == "teacher.kind"
    assert problems({"kind": "zero_shot", "hypotesis": ""}) == [
        ("teacher.hypotesis", ["hypothesis"]),
        ("teacher.checkpoint", []),
    ]
    assert problems({"kind": "llm", "url": "nowhere", "model": "x"})[0][0] == "teacher.url"
    nli = tiny_models.write_nli(tmp_path / "nli")
    assert problems({"kind": "zero_shot", "checkpoint": nli}, teachers=2)[0][0] == "teachers"


def test_a_teachers_prompt_is_found_beside_its_config(student: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text("Such as Varna was good.\n{{ target }}: {{ text }}\n", encoding="utf-8")
    teacher = {"kind": "llm", "url": "http://127.0.0.1:9/v1", "model": "x", "prompt": "own.md"}
    settings = {"teacher": teacher, "student": student}
    bound = bind("classifier", "distilled", settings, folder=lambda option: tmp_path)
    assert bound.options["teacher"].options["prompt"] == tmp_path / "own.md"
    assert bound.canonical()["teacher"]["kind"] == "llm"
    classifier = bound.make(labels=STANCE, seed=1)
    assert classifier.other_texts()[0].startswith("Such as")


def test_a_teacher_is_asked_for_probabilities_where_it_has_them() -> None:
    examples = [Example("row"), Example(REFUSED)]
    soft = ask(Refusing(STANCE, says_labels=False), examples, STANCE)
    assert np.isnan(soft.proba).tolist() == [[False] * 3, [True] * 3]
    hard = ask(Refusing(STANCE, says_labels=True), examples, STANCE)
    assert hard.proba[0] == pytest.approx([0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3])


def test_two_trainings_that_write_at_once_have_drafts_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = []
    replace = Path.replace

    def recorded(draft: Path, target: Path) -> Path:
        drafts.append(draft)
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", recorded)
    labels = TeacherLabels(np.array([[0.2, 0.8]]), {"requests": 1.0})
    for process in (1, 2):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        labels.write(tmp_path / "said.npz")
    assert len(set(drafts)) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"said.npz"}
    assert TeacherLabels.read(tmp_path / "said.npz").usage == labels.usage
