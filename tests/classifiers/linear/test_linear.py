from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import Golden
from refused import listing, places, refused

from harness.classifiers.linear.classifier import Linear, linear, load
from harness.classifiers.protocol import Example, Labelled, Target
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import STANCE, LabelSet

PAIR = LabelSet(("critical", "supportive"))
NAMES = ("Varna", "Coast", "Hill", "League", "Union", "Quay")


def opposed() -> Labelled:
    """One sentence, two parties, opposite labels: only the position of the target distinguishes them."""
    examples, codes = [], []
    for first in NAMES:
        for second in NAMES:
            if first == second:
                continue
            text = f"Praise for {first} but blame for {second}."
            for name, code in ((first, 1), (second, 0)):
                at = text.index(name)
                examples.append(Example(text, name, ((at, at + len(name)),)))
                codes.append(code)
    return Labelled(examples, np.array(codes))


def accuracy(classifier: Linear, data: Labelled) -> float:
    return float((classifier.predict_proba(data.examples).argmax(axis=1) == data.codes).mean())


@pytest.mark.parametrize(
    ("target", "learns"),
    [("masked", True), ("marked", True), ("marked_pair", True), ("none", False), ("pair", False)],
)
@pytest.mark.parametrize("chars", [None, (2, 4)], ids=["words", "words and chars"])
def test_opposite_labels_in_one_sentence_need_a_mark(
    target: Target, learns: bool, chars: tuple[int, int] | None
) -> None:
    classifier = linear(target=target, chars=chars, labels=PAIR)
    classifier.fit(opposed())
    if learns:
        assert accuracy(classifier, opposed()) == 1
    else:
        assert abs(accuracy(classifier, opposed()) - 0.5) < 0.2


def test_a_masked_name_tells_nothing() -> None:
    classifier = linear(target="masked", labels=PAIR)
    classifier.fit(opposed())
    texts = ("Praise for Varna but blame for Hill.", "Praise for Nobody but blame for Hill.")
    spans = ((11, 16),), ((11, 17),)
    proba = classifier.predict_proba([Example(t, "x", s) for t, s in zip(texts, spans, strict=True)])
    assert proba[0].tobytes() == proba[1].tobytes()


@pytest.mark.parametrize("options", [{}, {"model": "svm"}], ids=["logistic", "svm"])
def test_large_inputs_are_done_in_pieces(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = linear(labels=PAIR, **options)
    classifier.fit(opposed())
    whole = classifier.predict_proba(opposed().examples)
    monkeypatch.setattr("harness.classifiers.linear.classifier._BATCH_ROWS", 7)
    assert classifier.predict_proba(opposed().examples).tobytes() == whole.tobytes()


def test_training_rows_without_any_known_word_are_no_error() -> None:
    classifier = linear(labels=STANCE)
    classifier.fit(Labelled([Example(""), Example("once")], np.array([0, 1])))
    np.testing.assert_allclose(classifier.predict_proba([Example("other")]), [[0.5, 0.5, 0]])


def test_every_option_out_of_range_is_named(golden: Golden) -> None:
    action = partial(linear, C=0.0, words=4, chars=(3, 2), window=-1.0, min_count=0, labels=STANCE)
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == ["C", "words", "chars", "window", "min_count"]
    golden("classifiers/linear", listing({"options out of range": action}))


@pytest.mark.parametrize("chars", [(1, 8), (1, 1), (8, 8), None])
def test_the_ends_of_the_ranges_are_allowed(chars: tuple[int, int] | None) -> None:
    for words in (1, 3):
        assert linear(C=1e-9, words=words, chars=chars, window=1e-9, min_count=1, labels=STANCE)


@pytest.mark.parametrize("chars", [(0, 3), (2, 9)])
def test_beyond_them_is_refused(chars: tuple[int, int]) -> None:
    with pytest.raises(ConfigError):
        linear(chars=chars, labels=STANCE)


def test_a_saved_one_with_other_labels_is_refused(tmp_path: Path) -> None:
    classifier = linear(labels=PAIR)
    classifier.fit(opposed())
    classifier.save(tmp_path)
    with pytest.raises(ClassifierError, match=r"head\.npz .*\b2\b.* 3$"):
        load(tmp_path, STANCE)
