from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from experiments.obvious.check import SENTENCES, Obvious

TOP = Path(__file__).parents[2]
IMPLIED = TOP / "experiments" / "reading" / "implied"


def test_the_texts_of_the_test_set_are_those_that_were_frozen() -> None:
    lines = (IMPLIED / "frozen.sha256").read_text(encoding="utf-8").splitlines()
    frozen = {name: digest for digest, name in (line.split() for line in lines)}
    assert frozen == {
        name: hashlib.sha256((IMPLIED / name).read_bytes()).hexdigest()
        for name in ("articles.txt", "parties.yaml")
    }


def test_the_obvious_sentences_are_ten_a_label_and_name_their_party() -> None:
    rows = pd.read_csv(SENTENCES)
    assert rows["label"].value_counts().to_dict() == dict.fromkeys(("critical", "neutral", "supportive"), 10)
    assert all(target in text for text, target in zip(rows["text"], rows["target"], strict=True))
    assert rows["text"].is_unique


def test_wrong_and_reversed_answers_are_counted() -> None:
    rows = pd.DataFrame(
        {
            "label": ["critical", "critical", "critical", "neutral", "supportive"],
            "prediction": ["critical", "supportive", "neutral", "critical", "critical"],
            "abstain": [False, False, False, False, True],
        }
    )
    # Four answered: right, reversed, wrong, wrong; the fifth would be reversed, but is not answered.
    result = Obvious(rows)
    assert (result.answered, result.wrong, result.reversed) == (4, 3, 1)
