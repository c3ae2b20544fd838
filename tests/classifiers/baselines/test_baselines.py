from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
    with pytest.raises(ConfigError, match="use majority$"):
        every_label(labels=STANCE)


def test_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    classifier = prior(labels=STANCE)
    classifier.fit(rows([0, 1]))
    assert classifier.save(tmp_path) == "harness.classifiers.baselines.constant:load"
    with pytest.raises(ClassifierError, match=r"baseline\.json holds 3 .* 2$"):
        load(tmp_path, LabelSet(("critical", "supportive")))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text("{", encoding="utf-8")
    with pytest.raises(ClassifierError, match=r"baseline\.json .*property name"):
        load(tmp_path, STANCE)
