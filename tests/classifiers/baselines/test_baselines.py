from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from golden import Golden

from harness.classifiers.baselines.constant import every_label, load, majority, prior
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import STANCE, LabelSet

FRAMES = LabelSet(("conflict", "morality", "responsibility"), multi=True)
TWO = [Example("One."), Example("Another.")]


def rows(codes: list[int] | list[list[int]]) -> Labelled:
    return Labelled([Example(f"Row {n}.") for n in range(len(codes))], np.array(codes))


def test_majority_is_certain_of_the_most_frequent_label() -> None:
    classifier = majority(labels=STANCE)
    classifier.fit(rows([0, 2, 2, 1]))
    assert classifier.predict_proba(TWO).tolist() == [[0, 0, 1], [0, 0, 1]]


def test_a_tie_goes_to_the_first_label() -> None:
    classifier = majority(labels=STANCE)
    classifier.fit(rows([2, 1, 2, 1]))
    assert classifier.predict_proba(TWO[:1]).tolist() == [[0, 1, 0]]


def test_prior_gives_the_shares_of_the_training_labels() -> None:
    classifier = prior(labels=STANCE)
    classifier.fit(rows([0, 2, 2, 0, 2]))
    # Two, none and three of five rows.
    assert classifier.predict_proba(TWO).tolist() == [[0.4, 0, 0.6], [0.4, 0, 0.6]]


def test_labels_that_go_together_are_counted_apart() -> None:
    codes = [[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]]
    # Three, two and none of four rows; half is enough for the majority.
    shares, certain = prior(labels=FRAMES), majority(labels=FRAMES)
    shares.fit(rows(codes))
    certain.fit(rows(codes))
    assert shares.predict_proba(TWO[:1]).tolist() == [[0.75, 0.5, 0]]
    assert certain.predict_proba(TWO[:1]).tolist() == [[1, 1, 0]]


def test_every_label_is_predicted_always_and_refused_for_single_labels() -> None:
    classifier = every_label(labels=FRAMES)
    classifier.fit(rows([[0, 0, 1]]))
    assert classifier.predict_proba(TWO).tolist() == [[1, 1, 1], [1, 1, 1]]
    with pytest.raises(ConfigError) as raised:
        every_label(labels=STANCE)
    (problem,) = raised.value.problems
    assert "majority" in problem.hint.split()


def test_another_number_of_labels_is_refused(tmp_path: Path, golden: Golden) -> None:
    classifier = prior(labels=STANCE)
    classifier.fit(rows([0, 1]))
    assert classifier.save(tmp_path) == "harness.classifiers.baselines.constant:load"
    with pytest.raises(ClassifierError, match=r"baseline\.json .*\b3\b.* 2$") as raised:
        load(tmp_path, LabelSet(("critical", "supportive")))
    golden("classifiers/other-labels", str(raised.value).replace(str(tmp_path), "FOLDER"))


def test_a_damaged_file_is_refused(tmp_path: Path, golden: Golden) -> None:
    (tmp_path / "baseline.json").write_text("{", encoding="utf-8")
    with pytest.raises(ClassifierError, match=r"baseline\.json ") as raised:
        load(tmp_path, STANCE)
    assert isinstance(raised.value.__cause__, json.JSONDecodeError)
    # The reason is the library's.
    text = str(raised.value).replace(str(raised.value.__cause__), "…")
    golden("classifiers/damaged-file", text.replace(str(tmp_path), "FOLDER"))
