"""The articles of ``train`` and ``implied`` in, the files that the corpora are read from out.

    python -m experiments.reading.make_corpus

``train`` becomes the second part of Partyline's train (``training.jsonl`` and ``training-parties.yaml``
beside its articles), ``implied`` a folder of the same form, read with
``corpus: {kind: partyline, folder: …}``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.reading import sources
from harness.corpora.readers.partyline import HOME, TRAINING, TRAINING_PARTIES
from harness.values import parties

HERE = Path(__file__).parent
TRAIN = HERE / "train"
IMPLIED = HERE / "implied"
WRITERS = ("t1", "t2", "t3", "t4", "t5", "t6")
REGISTRY_HEAD = """\
# The parties of the second part of Partyline's train, six worlds one after the other; see parties.yaml.
# Made from experiments/reading/train by `python -m experiments.reading.make_corpus`; change those, not this.

"""


def training() -> list[dict[str, Any]]:
    """Return the training articles of all writers."""
    read: list[dict[str, Any]] = []
    for writer in WRITERS:
        articles = sources.articles(TRAIN / f"articles-{writer}.txt")
        first = {
            sentence: line.labels
            for article in articles
            for sentence, line in article.labelled()
            if line.labels is not None
        }
        second = sources.labelling(TRAIN / f"labels-2-{writer}.tsv")
        settled = rulings(TRAIN / f"settled-{writer}.tsv")
        names = parties.read(TRAIN / f"parties-{writer}.yaml")
        read += sources.records(articles, "train", (first, second), settled, names)
    return read


def implied() -> list[dict[str, Any]]:
    """Return the articles of the test set of implied judgements."""
    votes = (sources.labelling(IMPLIED / "labels-1.tsv"), sources.labelling(IMPLIED / "labels-2.tsv"))
    articles = sources.articles(IMPLIED / "articles.txt")
    names = parties.read(IMPLIED / "parties.yaml")
    return list(sources.records(articles, "test", votes, rulings(IMPLIED / "settled.tsv"), names))


def rulings(path: Path) -> dict[str, dict[str, str]]:
    """Return what was settled: sentence → what → label."""
    by_sentence: dict[str, dict[str, str]] = defaultdict(dict)
    for row in sources.settled(path):
        by_sentence[row["sentence"]][row["what"]] = row["settled"]
    return by_sentence


def registry() -> str:
    """Return the registries of all writers as one text."""
    parts = ((TRAIN / f"parties-{writer}.yaml").read_text(encoding="utf-8").strip() for writer in WRITERS)
    return REGISTRY_HEAD + "\n".join(parts) + "\n"


def as_lines(articles: Iterable[dict[str, Any]]) -> str:
    """Return articles as JSON, one a line."""
    return "".join(json.dumps(article, ensure_ascii=False) + "\n" for article in articles)


def main() -> None:
    """Write the files."""
    TRAINING.write_text(as_lines(training()), encoding="utf-8")
    TRAINING_PARTIES.write_text(registry(), encoding="utf-8")
    (IMPLIED / "articles.jsonl").write_text(as_lines(implied()), encoding="utf-8")
    print(f"wrote {TRAINING.name} and {TRAINING_PARTIES.name} in {HOME}, articles.jsonl in {IMPLIED}")


if __name__ == "__main__":
    main()
