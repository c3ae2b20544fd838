from __future__ import annotations

import numpy as np
import pytest

from harness.classifiers.linear.classifier import Linear, linear
from harness.classifiers.linear.tokens import tokenize, views_of, word_spans
from harness.classifiers.protocol import Example, Labelled, Target
from harness.values.labels import STANCE

WORDS = ["praised", "blamed", "the", "harbour's", "won", "good", "bad,", "said", "“no”", "İstanbul", "again"]


def examples() -> list[Example]:
    draw = np.random.default_rng(1)
    rows = []
    for _ in range(60):
        text = f"Varna {' '.join(draw.choice(WORDS, 8))} for Varna now."
        last = text.rindex("Varna")
        rows.append(Example(text, "Varna", ((0, 5), (last, last + 5)), None))
    return rows


def fitted(target: Target, chars: tuple[int, int] | None, model: str = "logistic") -> Linear:
    rows = examples()
    codes = np.array([0 if "blamed" in row.text else 2 if "praised" in row.text else 1 for row in rows])
    classifier = linear(target=target, chars=chars, model=model, labels=STANCE)  # type: ignore[arg-type]
    classifier.fit(Labelled(rows, codes))
    return classifier


@pytest.mark.parametrize("target", ["masked", "marked", "none", "pair", "marked_pair"])
@pytest.mark.parametrize("chars", [None, (2, 4)])
def test_the_words_add_up_to_the_score(target: Target, chars: tuple[int, int] | None) -> None:
    classifier, rows = fitted(target, chars), examples()
    terms = classifier.terms_.rows(rows)
    n_of_words = sum(len(block.keys) for name, block in classifier.terms_.blocks.items() if name != "second")
    of_words = terms[:, :n_of_words] @ classifier.head_.weights[:n_of_words]
    summed = [sum((share for _, share in shares), np.zeros(3)) for shares in classifier.contributions(rows)]
    assert np.abs(np.array(summed) - of_words).max() < 1e-12


def test_a_support_vector_machine_adds_up_too() -> None:
    classifier, rows = fitted("none", None, "svm"), examples()
    summed = [sum((share for _, share in shares), np.zeros(3)) for shares in classifier.contributions(rows)]
    assert np.abs(np.array(summed) - classifier.terms_.rows(rows) @ classifier.head_.weights).max() < 1e-12


def test_the_word_that_decides_has_the_largest_share() -> None:
    classifier = fitted("masked", None)
    text = "Varna praised the harbour again."
    (shares,) = classifier.contributions([Example(text, "Varna", ((0, 5),), None)])
    best = max(shares, key=lambda share: share[1][2] - share[1][0])
    assert text[slice(*best[0])] == "praised"


@pytest.mark.parametrize("target", ["masked", "marked", "none", "pair", "marked_pair"])
@pytest.mark.parametrize("spans", [((6, 11),), ((0, 5), (6, 11)), ((6, 11), (6, 11)), ()])
def test_every_word_has_a_span(target: Target, spans: tuple[tuple[int, int], ...]) -> None:
    example = Example("İzmir Varna’s “mayor” isn't here.", "Varna", spans, None)
    assert len(word_spans(example, target)) == len(tokenize(views_of([example], target), target).code)
    assert all(0 <= start < end <= len(example.text) for start, end in word_spans(example, target))
