"""A toy corpus: articles with a few labelled rows each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from harness.corpora.checks import Raw, build
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus

CYCLE = ("critical", "neutral", "neutral", "supportive")


def corpus_of(
    n_groups: int = 40,
    rows_a_group: int = 3,
    split: Callable[[int], str | None] = lambda _: None,
    *,
    grouped: bool = True,
    multi: bool = False,
) -> Corpus:
    """Articles with a few rows each, the labels in turn; ``split`` goes by article."""
    rows = []
    for number in range(n_groups * rows_a_group):
        article = number // rows_a_group
        frames = tuple(name for k, name in enumerate(FRAMING.names) if (number + k) % (k + 2) == 0)
        rows.append(
            {
                "id": f"r{number:04}",
                "text": f"Sentence {number}.",
                "target": "Varna",
                "stance": CYCLE[number % 4],
                "frames": frames,
                "group": f"a{article}" if grouped else None,
                "split": split(article),
            }
        )
    raw = Raw(pd.DataFrame(rows, dtype=object), [row["id"] for row in rows], "made up")
    corpus = build("mine", raw, labels=STANCE)
    return corpus.for_task("framing") if multi else corpus


def thirds(article: int) -> str:
    return ("train", "train", "train", "dev", "test")[article % 5]


def rows_of(corpus: Corpus, ids: Sequence[str]) -> pd.DataFrame:
    return corpus.rows.set_index("id").loc[list(ids)]


def groups_of(corpus: Corpus, ids: Sequence[str]) -> set[str]:
    return set(rows_of(corpus, ids)["group"])
