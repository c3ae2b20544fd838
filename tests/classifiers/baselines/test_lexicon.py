from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from golden import Golden
from refused import listing, places, refused

from harness.classifiers.baselines.lexicon import NEGATED, Lexicon, lexicon, load, valences
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import FRAMING, STANCE, LabelSet

HALF = 1 / math.log(2)
"""A window at which each additional word halves the weight."""


def example(text: str, target: str = "Varna") -> Example:
    at = text.find(target)
    return Example(text, target, ((at, at + len(target)),) if at >= 0 else ())


TRAIN = Labelled(
    [
        *(example(f"Varna {verb} the vote.") for verb in ("praised", "won", "honored", "celebrated")),
        *(example(f"Varna {verb} the vote.") for verb in ("met", "held", "counted", "moved")),
        *(example(f"Varna {verb} the vote.") for verb in ("betrayed", "corrupted", "ruined", "insulted")),
    ],
    np.array([2] * 4 + [1] * 4 + [0] * 4),
)


@pytest.fixture
def fitted() -> Lexicon:
    classifier = lexicon(window=HALF, labels=STANCE)
    classifier.fit(TRAIN)
    return classifier


def sums(classifier: Lexicon, text: str, target: str = "Varna") -> list[float]:
    return np.expm1(classifier._sums([example(text, target)])[0]).round(9).tolist()


def test_the_list_is_vaders() -> None:
    words = valences()
    assert len(words) == 7209
    assert (words["praised"], words["betrayed"]) == (2.2, -3.0)
    assert min(words.values()) >= -4
    assert max(words.values()) <= 4
    assert all(word == word.lower() and "\t" not in word for word in words)


def test_positive_and_negative_words_are_added_up_on_either_side(fitted: Lexicon) -> None:
    # "praised" 2.2 is two words before the target, so that it counts half; "betrayed" -3 is next to it.
    assert sums(fitted, "praised the Varna betrayed") == [1.1, 0, 0.5, 0, 3, 1, 2.2, 3]


def test_a_negation_reverses_the_next_three_words(fitted: Lexicon) -> None:
    assert sums(fitted, "Varna not a big praised")[6:] == [0, round(2.2 * -NEGATED, 9)]
    assert sums(fitted, "Varna not a very big praised")[6:] == [2.2, 0]
    assert sums(fitted, "Varna isn’t betrayed")[6:] == [round(3 * -NEGATED, 9), 0]


def test_a_negation_stays_in_its_row(fitted: Lexicon) -> None:
    both = np.expm1(fitted._sums([example("Varna is not"), example("praised Varna")]))
    np.testing.assert_allclose(both[1, 6:], [2.2, 0])


def test_words_of_the_name_do_not_count(fitted: Lexicon) -> None:
    assert sums(fitted, "The Liberty Alliance met.", "Liberty Alliance") == [0] * 8
    assert sums(fitted, "The Liberty Alliance met.", "Nobody")[6] > 0


def test_a_target_that_is_not_named_leaves_the_whole_sentence(fitted: Lexicon) -> None:
    assert sums(fitted, "They praised it.") == [0, 0, 0, 0, 0, 0, 2.2, 0]


def test_it_tells_praise_from_blame(fitted: Lexicon) -> None:
    proba = fitted.predict_proba(
        [example("Varna admired it."), example("Varna saw it."), example("Varna destroyed it.")]
    )
    assert proba.argmax(axis=1).tolist() == [2, 1, 0]


def test_two_labels_do(tmp_path: Path) -> None:
    pair = LabelSet(("supportive", "critical"))
    classifier = lexicon(labels=pair)
    not_neutral = np.flatnonzero(TRAIN.codes != 1)
    codes = (TRAIN.codes[not_neutral] == 0).astype(np.int64)
    classifier.fit(Labelled([TRAIN.examples[index] for index in not_neutral], codes))
    assert classifier.predict_proba([example("Varna admired it.")]).argmax() == 0


@pytest.mark.parametrize(
    "labels",
    [
        FRAMING,
        LabelSet(("critical", "neutral")),
        LabelSet(("critical", "supportive", "mixed")),
        LabelSet(("critical", "supportive"), multi=True),
    ],
    ids=lambda labels: ",".join(labels.names),
)
def test_other_labels_are_refused(labels: LabelSet) -> None:
    error = refused(partial(lexicon, window=0.0, labels=labels))
    assert type(error) is ConfigError
    assert places(error) == ["", "window"]
    assert f" {', '.join(labels.names)};" in str(error)
    assert places(refused(partial(lexicon, labels=labels))) == [""]


def test_what_is_refused_says_why(golden: Golden) -> None:
    golden("classifiers/lexicon", listing({"framing": partial(lexicon, window=0.0, labels=FRAMING)}))


def test_a_damaged_file_is_refused(fitted: Lexicon, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    (tmp_path / "lexicon.json").write_text('{"target": "marked"}', encoding="utf-8")
    with pytest.raises(ClassifierError, match=r"lexicon\.json .*'window'$"):
        load(tmp_path, STANCE)
