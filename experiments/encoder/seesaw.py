"""SEESAW in, sentences with the target of a stance in them out.

    python -m experiments.encoder.seesaw > sentences.jsonl

writes all of them without labels, for a teacher to label for its student (``HARNESS_UNLABELLED``).
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.classifiers.protocol import Example, Labelled
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.values import seeds
from harness.values.parties import find_name

NEUTRAL = 3500
"""Neutral rows to learn from: of the entities that a sentence names, most are the object of no stance."""

EMPTY_WORDS = {"the", "of", "and", "party", "for", "in", "president", "senator", "house"}
COLLECTIVE = {"Republican": ("Republicans", "Republican", "GOP"), "Democratic": ("Democrats", "Democratic")}


def seesaw(seed: int, neutral: int | None = NEUTRAL) -> Labelled:
    """Read SEESAW (``HARNESS_SEESAW``): in each sentence, who is the object of a positive or negative stance.

    An entity that a sentence names without being the object of a stance is taken as neutral. Sentences
    that NewsMTSC has in dev or test are left out.

    Parameters
    ----------
    seed : int
        Of the choice among neutral rows.
    neutral : int, optional
        How many neutral rows are drawn; None for all.
    """
    rows = sorted(set(_rows(Path(os.environ["HARNESS_SEESAW"]))))
    held = newsmtsc(variant="mt", dev="both").rows
    held_texts = {plain(text) for text in held.loc[held["split"] != "train", "text"]}
    rows = [row for row in rows if plain(row[0]) not in held_texts]
    random = seeds.generator(seed, "seesaw")
    neutrals = [row for row in rows if row[3] == 1]
    drawn = [neutrals[number] for number in random.permutation(len(neutrals))[:neutral]]
    rows = [row for row in rows if row[3] != 1] + drawn
    examples = [Example(text, text[start:end], ((start, end),)) for text, start, end, _ in rows]
    return Labelled(examples, np.array([row[3] for row in rows]))


def _rows(home: Path) -> Iterator[tuple[str, int, int, int]]:
    for file in sorted((home / "annotations").glob("*.json")):
        notes = json.loads(file.read_text(encoding="utf-8"))
        article = json.loads((home / "articles" / file.name).read_text(encoding="utf-8"))
        for sentence in article["text"]:
            votes = defaultdict(set)
            for stance in notes["sentence-level stances"].get(str(sentence["id"]), []):
                votes[stance["object"]].add(stance["sentiment"])
            for name, *_ in notes["entity lists"]:
                span = _span(sentence["text"], name)
                if span is not None and len(votes[name]) <= 1:
                    code = {"NEG": 0, "POS": 2}[min(votes[name])] if votes[name] else 1
                    yield sentence["text"], *span, code


def _span(text: str, name: str) -> tuple[int, int] | None:
    parts = [part for part in re.split(r"\W+", name) if len(part) > 3 and part.lower() not in EMPTY_WORDS]
    for part in (name, *reversed(parts)):
        for form in COLLECTIVE.get(part, (part,)):
            spans = find_name(text, form)
            if spans:
                return spans[0]
    return None


def plain(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())[:80]


def main() -> None:
    for example in seesaw(1, None).examples:
        ((start, end),) = example.spans
        row = {"text": example.text, "target": example.target, "target_start": start, "target_end": end}
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
