"""A language model as tests make it, and rows to ask about."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.classifiers.llm import LanguageModel, llm
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import NEWS_FRAMES, STANCE, LabelSet

FRAMES = LabelSet(NEWS_FRAMES[:2], multi=True)
KEY = "canary-key-7f3a91"
WORDS = {"critical": "bad", "neutral": "plain", "supportive": "good"}
ROWS = [
    Example(f"Varna is {word} {number}.", "Varna", ((0, 5),))
    for number in range(4)
    for word in WORDS.values()
]
TRUTH = STANCE.encode(list(WORDS) * 4)
TRAIN = Labelled(
    [Example(f"Coast was {word} then.", "Coast", ((0, 5),)) for word in WORDS.values()], np.arange(3)
)


def many(count: int) -> list[Example]:
    return [Example(f"Varna is good {number}.", "Varna", ((0, 5),)) for number in range(count)]


def classifier(url: str, *, labels: LabelSet = STANCE, seed: int = 1, **options: Any) -> LanguageModel:
    fast = {"concurrency": 2, "timeout": 10.0, "model": "words", "api": "logprobs"}
    made_from: dict[str, Any] = {**fast, **options}
    return llm(url=url, labels=labels, seed=seed, **made_from)


def fitted(url: str, **options: Any) -> LanguageModel:
    model = classifier(url, **options)
    labels = options.get("labels", STANCE)
    train = Labelled(TRAIN.examples, np.eye(3, 2, dtype=np.int64)) if labels.multi else TRAIN
    model.fit(train, Labelled(ROWS, TRUTH))
    return model
