"""Which labelled rows a prompt shows."""

from __future__ import annotations

import numpy as np

from harness.classifiers.llm.shots import Pick
from harness.classifiers.protocol import Example, Labelled
from tests.classifiers.llm.asked_models import (
    FRAMES,
    ROWS,
    TRAIN,
    WORDS,
    classifier,
)
from tests.classifiers.llm.stub_server import Stub


def test_seeds_change_balanced_shots_and_nothing_else(stub: Stub) -> None:
    assert classifier(stub.url).deterministic
    assert not classifier(stub.url, shots=2).deterministic
    assert classifier(stub.url, shots=Pick(2, "nearest")).deterministic


def test_shots_are_training_rows_in_balance(stub: Stub) -> None:
    train = Labelled([ROWS[number] for number in (0, 3, 6, 1, 4, 2)], np.array([0, 0, 0, 1, 1, 2]))
    model = classifier(stub.url, shots=3)
    model.fit(train)
    example = Example("Coast is good.", "Coast", ((0, 5),))
    model.predict_proba([example])
    prompt = stub.requests[0].body["messages"][0]["content"]
    shown = [line for line in prompt.splitlines() if line.startswith("Sentence: ")]
    assert len(shown) == 4
    assert {word for word in WORDS.values() if any(f" {word} " in line for line in shown[:3])} == set(
        WORDS.values()
    )
    assert shown[3].endswith(example.text)


def test_a_row_is_never_its_own_example(stub: Stub) -> None:
    model = classifier(stub.url, shots=2)
    model.fit(TRAIN)
    model.predict_proba(TRAIN.examples)
    for request, example in zip(stub.requests, TRAIN.examples, strict=False):
        assert len(stub.requests) == 3
        prompt = request.body["messages"][0]["content"]
        last = prompt[prompt.rindex("Sentence: ") :].splitlines()[0]
        assert prompt.count(last) == 1
        assert example.text


def test_shots_of_several_labels_are_balanced_for_each(stub: Stub) -> None:
    texts = [Example(f"Row {number}.") for number in range(20)]
    codes = np.zeros((20, 2), dtype=np.int64)
    codes[3, 0] = codes[7, 1] = 1
    model = classifier(stub.url, labels=FRAMES, shots=2, concurrency=1)
    model.fit(Labelled(texts, codes))
    model.predict_proba([Example("New row.")])
    for request, row in zip(stub.requests, ("Row 3.", "Row 7."), strict=True):
        assert f"Sentence: {row}" in request.body["messages"][0]["content"]


def test_the_nearest_shots_are_shown_last(stub: Stub) -> None:
    texts = ["The minister praised Varna warmly.", "Bread costs more.", "It rained in the north all week."]
    model = classifier(stub.url, shots=Pick(2, "nearest"))
    model.fit(Labelled([Example(text, "Varna") for text in texts], np.arange(3)))
    model.predict_proba([Example("It rained in the south all week.", "Varna")])
    prompt = stub.requests[0].body["messages"][0]["content"]
    shown = [line for line in prompt.splitlines() if line.startswith("Sentence: ")]
    assert shown[1] == f"Sentence: {texts[2]}"


def test_a_sentence_is_no_example_of_itself_under_another_target(stub: Stub) -> None:
    model = classifier(stub.url, shots=2)
    model.fit(TRAIN)
    text = TRAIN.examples[0].text
    model.predict_proba([Example(text, "Varna")])
    assert stub.requests[0].body["messages"][0]["content"].count(text) == 1
