"""A small world whose every sentence is understood by an oracle, and misread by broken classifiers.

Sentences read ``A blasted B over the toll in Ostrin.``: neutral toward A, and toward B what the verb says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audits import Subject
from harness.audits.behaviour import SUITE, read
from harness.classifiers.protocol import Example, Examples, examples_of
from harness.corpora.checks import Raw, build
from harness.scoring.metrics.classification import F1_MACRO
from harness.splits import Split
from harness.splits.split import split_from_indices
from harness.values.labels import STANCE, STANCES
from harness.values.parties import Registry, from_records
from harness.values.tables import Corpus, Predictions

REGISTRY: Registry = from_records(
    [
        {
            "name": "Coastal Union",
            "aliases": ["CU"],
            "leaders": [{"name": "Mara Oldin", "aliases": ["Oldin"]}],
        },
        {
            "name": "Harbour Party",
            "aliases": ["HP"],
            "leaders": [{"name": "Pell Arrando", "aliases": ["Arrando"]}],
        },
        {
            "name": "Green Current",
            "aliases": ["GC"],
            "leaders": [{"name": "Lio Vennet", "aliases": ["Vennet"]}],
        },
        {
            "name": "Free Ballot",
            "aliases": ["FB"],
            "leaders": [{"name": "Nadja Corvell", "aliases": ["Corvell"]}],
        },
    ]
)
NAMES = tuple(party.name for party in REGISTRY.parties)
VERBS = {"blasted": "critical", "met": "neutral", "praised": "supportive"}
WHAT = ("toll", "grain levy", "school plan", "harbour wall", "bread price", "ferry line", "census")
WHERE = ("Ostrin", "Petrask", "Haldvik", "Yendra", "Aldersea", "Dunnel", "Lanno", "Mill Street")
SENTENCE = re.compile(r"(?P<subject>.+?) (?P<verb>blasted|met|praised) (?P<object>.+?) over the ")
Model = Callable[[Examples], NDArray[np.float64]]
SUITE_ANSWERS = {
    (text, case.target): stance
    for case in read(SUITE)
    for text, stance in ((case.text, case.stance), (case.changed, case.becomes))
}


def corpus_of(n: int = 160, **columns: Any) -> Corpus:
    """Sentences in articles of two; both parties of each are targets. Every fourth article is test."""
    pairs = list(itertools.permutations(NAMES, 2))
    rows: list[dict[str, Any]] = []
    for k in range(n):
        subject, about = pairs[k % len(pairs)]
        verb = list(VERBS)[(k // 4 + k) % 3]
        where = WHERE[(k // 7) % 8]
        text = f"{subject} {verb} {about} over the {WHAT[k % 7]} in {where} on day {k}."
        for number, (target, stance) in enumerate(((subject, "neutral"), (about, VERBS[verb])), start=1):
            start = text.index(target)
            rows.append(
                {
                    "id": f"s{k:03}.{number}",
                    "text": text,
                    "target": target,
                    "start": start,
                    "end": start + len(target),
                    "stance": stance,
                    "group": f"a{k // 2}",
                    "split": "test" if (k // 2) % 2 else "train",
                    "date": f"2031-{1 + k // 20:02}-{1 + k % 20:02}",
                    "outlet": f"Paper {k // 40}",
                    **{name: make(k, stance) for name, make in columns.items()},
                }
            )
    raw = Raw(pd.DataFrame(rows, dtype=object), [row["id"] for row in rows], "made up")
    return build("world", raw, labels=STANCE, parties=REGISTRY)


def split_of(corpus: Corpus) -> Split:
    declared = corpus.rows["split"].to_numpy()
    train, test = (np.flatnonzero(declared == part) for part in ("train", "test"))
    return split_from_indices(corpus, STANCE, 0, (train, train[:0], train[:0], test))


def sure(stances: list[str], sureness: float = 0.9) -> NDArray[np.float64]:
    table = np.full((len(stances), 3), (1 - sureness) / 2)
    table[np.arange(len(stances)), [STANCES.index(stance) for stance in stances]] = sureness
    return table


def understood(example: Example) -> str:
    """Read a sentence as a careful reader would."""
    suite_answer = SUITE_ANSWERS.get((example.text, str(example.target)))
    if suite_answer is not None:
        return suite_answer
    match = SENTENCE.match(example.text)
    if match is None or example.target is None or not example.spans:
        return "neutral"
    return VERBS[match["verb"]] if example.spans[0][0] >= match.start("object") else "neutral"


def oracle(examples: Examples) -> NDArray[np.float64]:
    return sure([understood(example) for example in examples])


def blind(examples: Examples) -> NDArray[np.float64]:
    """Ignores the target."""
    return sure(
        [
            next((VERBS[word] for word in example.text.split() if word in VERBS), "neutral")
            for example in examples
        ]
    )


def name_reader(examples: Examples) -> NDArray[np.float64]:
    """Reads nothing but the target."""
    codes = {name: code % 3 for code, name in enumerate(NAMES)}
    return sure([STANCES[codes.get(str(example.target), 1)] for example in examples])


def biased(examples: Examples) -> NDArray[np.float64]:
    """Reads well, but is biased against one party."""
    return sure(
        ["critical" if example.target == "Free Ballot" else understood(example) for example in examples]
    )


def deaf_to(capability: str) -> Model:
    """Predicts, for every changed sentence of a capability, the stance of the original."""
    unchanged = {
        (case.changed, case.target): case.stance for case in read(SUITE) if case.capability == capability
    }

    def model(examples: Examples) -> NDArray[np.float64]:
        return sure(
            [unchanged.get((example.text, str(example.target)), understood(example)) for example in examples]
        )

    return model


def subject_of(model: Model, corpus: Corpus | None = None, **others: Any) -> Subject:
    corpus = corpus or corpus_of()
    split = split_of(corpus)
    tested = corpus.take(split.test)
    proba = model(examples_of(tested.rows, corpus.parties))
    predictions = Predictions.of(tested, STANCE, proba, run="model", split="test", seed=1)
    return Subject(
        name="model",
        task="stance",
        labels=STANCE,
        corpus=corpus,
        tested=tested,
        proba=proba,
        predicted=STANCE.decide(proba),
        metric=F1_MACRO,
        **{"predictions": predictions, "splits": (split,), **others},
    )


def predictions_of(model: Model, corpus: Corpus) -> Predictions:
    tested = corpus.take(split_of(corpus).test)
    proba = model(examples_of(tested.rows, corpus.parties))
    return Predictions.of(tested, STANCE, proba, run="other", split="test", seed=1)
