"""News sentences in, each with every name in it as a target out: unlabelled rows for teachers.

    python -m experiments.encoder.names > rows.jsonl

reads the training sentences of NewsMTSC and all sentences of SEESAW, without those that NewsMTSC has in dev
or test.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from experiments.encoder.seesaw import plain
from harness.classifiers.protocol import Example
from harness.corpora.readers.newsmtsc import newsmtsc

WORD = re.compile(r"[A-Za-z][\w-]*")
NAME = re.compile(r"[A-Z][\w-]*(?:\.? (?:of |the |de )?[A-Z][\w-]*)*")
"""Capitalized words in a row."""

BEGINS = re.compile(r"^$|[.!?:\"“”'‘\n] ?$")
"""What stands before a word that has a capital because a sentence begins with it."""

TIMES = {
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December", "Jan", "Feb", "Aug", "Sept", "Oct", "Nov", "Dec"),
}


def named(texts: Iterable[str]) -> list[Example]:
    """Find names in each text; the first word of a sentence is one if it mostly has a capital elsewhere."""
    texts = sorted(set(texts))
    inner, small = Counter[str](), Counter[str]()
    for text in texts:
        for match in WORD.finditer(text):
            word = match.group()
            if word[0].islower():
                small[word] += 1
            elif not BEGINS.search(text[: match.start()][-2:]):
                inner[word.lower()] += 1

    def is_name(word: str) -> bool:
        return inner[word.lower()] > small[word.lower()]

    examples = []
    for text in texts:
        for match in NAME.finditer(text):
            start = match.start()
            words = [(start + word.start(), start + word.end()) for word in WORD.finditer(match.group())]
            if BEGINS.search(text[:start][-2:]) and not is_name(text[slice(*words[0])]):
                words.pop(0)
            name = text[words[0][0] : words[-1][1]] if words else ""
            if len(name) > 1 and name not in TIMES:
                examples.append(Example(text, name, ((words[0][0], words[-1][1]),)))
    return examples


def news() -> list[Example]:
    """Read the sentences of both corpora (``HARNESS_NEWSMTSC``, ``HARNESS_SEESAW``)."""
    rows = newsmtsc(variant="mt", dev="both").rows
    held = {plain(text) for text in rows.loc[rows["split"] != "train", "text"]}
    texts = {*rows.loc[rows["split"] == "train", "text"], *_seesaw()}
    return named(text for text in texts if plain(text) not in held)


def _seesaw() -> Iterator[str]:
    for file in sorted((Path(os.environ["HARNESS_SEESAW"]) / "articles").glob("*.json")):
        for sentence in json.loads(file.read_text(encoding="utf-8"))["text"]:
            yield sentence["text"]


def main() -> None:
    for example in news():
        ((start, end),) = example.spans
        row = {"text": example.text, "target": example.target, "target_start": start, "target_end": end}
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
