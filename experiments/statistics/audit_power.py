"""Simulates how often each audit fails a broken classifier, passes a sound one, or leaves it undecided.

    python -m experiments.statistics.audit_power [--only parity]

Writes ``audit_power.csv`` and its table in the README of this folder. Each repetition draws a world of
sentences in articles of four rows, a sound and a broken classifier, and audits both.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.audits import Subject, run_audits
from harness.classifiers.protocol import Example, Examples, examples_of
from harness.corpora.checks import Raw, build
from harness.scoring.metrics.classification import F1_MACRO
from harness.splits.split import split_from_indices
from harness.values.catalog import bind
from harness.values.labels import STANCE, STANCES
from harness.values.parties import Registry, from_records
from harness.values.progress import progress
from harness.values.tables import Corpus, Predictions

RESULTS = Path(__file__).with_name("audit_power.csv")
SIZES = (50, 150, 500)
REPEATS = 200
ROWS_PER_ARTICLE = 4
NAMES = tuple(
    f"{word} Party" for word in ("Amber", "Birch", "Cobalt", "Dune", "Elm", "Flint", "Grove", "Heron")
)
REGISTRY: Registry = from_records([{"name": name} for name in NAMES])
UNSEEN = set(NAMES[:3])
"""Parties that occur in no training row."""

ACCURACY = 0.65
"""Of a sound classifier: about what fine-tuned models reach on hard sentences."""

PARITY_OF_ERRORS = "parity, errors by outlet"
OPTIONS: dict[str, dict[str, Any]] = {
    "party_swap": {"items": 1_000},
    "sensitivity": {"items": 1_000},
    PARITY_OF_ERRORS: {"by": ["outlet"], "rates": ["error"]},
}
"""Options of an audit that are not the defaults; what follows a comma tells variants of an audit apart."""

Labeller = Callable[[Example], int]


def chance(*parts: object) -> float:
    """Return a number in [0, 1) that is random, and the same whenever it is asked for."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def corpus_of(n: int, seed: int) -> Corpus:
    """Draw ``n`` test rows: sentences about two parties, two sentences an article; and some for training."""
    draw = np.random.default_rng(seed)
    pairs = list(itertools.permutations(NAMES, 2))
    rows: list[dict[str, Any]] = []
    for k in range(n // 2 + 20):
        test = k < n // 2
        first, second = pairs[int(draw.integers(len(pairs)))]
        if not test and {first, second} & UNSEEN:
            first, second = NAMES[3], NAMES[4]
        text = f"{first} and {second} met on day {k} of round {seed}."
        stances = draw.choice(3, 2)
        voters = [[_vote(int(stance), 0.92, draw) for _ in range(3)] for stance in stances]
        for number, (target, stance) in enumerate(zip((first, second), stances, strict=True)):
            start = text.index(target)
            rows.append(
                {
                    "id": f"s{k}.{number}",
                    "text": text,
                    "target": target,
                    "start": start,
                    "end": start + len(target),
                    "stance": STANCES[int(stance)],
                    "group": f"a{k // 2}",
                    "outlet": f"Paper {k // 2 % 2}",
                    "split": "test" if test else "train",
                    "votes": tuple(voters[number]),
                }
            )
    raw = Raw(pd.DataFrame(rows, dtype=object), [row["id"] for row in rows], "simulated")
    return build("simulated", raw, labels=STANCE, parties=REGISTRY)


def _vote(stance: int, accuracy: float, draw: np.random.Generator) -> str:
    return STANCES[stance if draw.random() < accuracy else int(draw.integers(3))]


def sound(truth: dict[tuple[str, str], int], seed: int) -> Labeller:
    """Right in 65 % of the rows; renaming changes 3 % of the labels; without a target it sees a third."""

    def label(example: Example) -> int:
        sentence = example.text.partition(" met ")[2] or example.text
        position = example.spans[0][0] if example.spans else -1
        slot = 0 if position == 0 else 1 if position > 0 else 2
        stance = truth.get((sentence, str(slot)))
        if stance is None or chance(seed, "sound", sentence, slot) >= ACCURACY:
            stance = int(3 * chance(seed, "wrong", sentence, slot))
        if chance(seed, "name", sentence, slot, example.target) < 0.03:
            stance = (stance + 1) % 3
        return stance

    return label


def blind(seed: int) -> Labeller:
    """Gives all parties of a sentence one label."""
    return lambda example: int(3 * chance(seed, "blind", example.text.partition(" met ")[2] or example.text))


def name_reader(seed: int) -> Labeller:
    """Labels by the party's name alone."""
    return lambda example: int(3 * chance(seed, "reader", example.target))


def unfair(reader: Labeller, seed: int) -> Labeller:
    """Labels a third of the rows by the party's name."""

    def label(example: Example) -> int:
        if chance(seed, "unfair", example.text.partition(" met ")[2], bool(example.spans)) < 1 / 3:
            return int(3 * chance(seed, "reader", example.target))
        return reader(example)

    return label


def narrow(truth: dict[tuple[str, str], int], seed: int) -> Labeller:
    """Is right 20 points less often about parties that training never saw."""
    reader = sound(truth, seed)

    def label(example: Example) -> int:
        worse = example.target in UNSEEN and chance(seed, "narrow", example.text, example.target) < 0.63
        return int(3 * chance(seed, "lost", example.text, example.target)) if worse else reader(example)

    return label


def partial(truth: dict[tuple[str, str], int], seed: int) -> Labeller:
    """Is right 20 points less often in one of the two outlets: those are articles of an odd number."""
    reader = sound(truth, seed)

    def label(example: Example) -> int:
        day = example.text.partition(" on day ")[2].partition(" ")[0]
        odd = int(day or 0) // 2 % 2 == 1
        worse = odd and chance(seed, "partial", example.text, example.target) < 0.63
        return int(3 * chance(seed, "lost", example.text, example.target)) if worse else reader(example)

    return label


def _truth(corpus: Corpus) -> dict[tuple[str, str], int]:
    return {
        (str(row["text"]).partition(" met ")[2], "0" if row["start"] == 0 else "1"): STANCES.index(
            row["stance"]
        )
        for row in corpus.rows.to_dict("records")
    }


def cases(corpus: Corpus, seed: int) -> Iterator[tuple[str, str, Labeller, Labeller]]:
    """Yield audit, kind of classifier, the classifier, and its twin without the target."""
    truth = _truth(corpus)
    reader, twin = sound(truth, seed), blind(seed + 1)
    yield "target_use", "sound", reader, twin
    yield "target_use", "twin as good", reader, sound(truth, seed + 1)
    yield "target_use", "reads no target", twin, twin
    yield "sensitivity", "sound", reader, twin
    yield "sensitivity", "reads no target", twin, twin
    yield "sensitivity", "reads names alone", name_reader(seed), twin
    yield "party_swap", "sound", reader, twin
    yield "party_swap", "names decide a third", unfair(reader, seed), twin
    yield "unseen", "sound", reader, twin
    yield "unseen", "20 points worse", narrow(truth, seed), twin
    for name in ("parity", PARITY_OF_ERRORS):
        yield name, "sound", reader, twin
        yield name, "20 points worse in an outlet", partial(truth, seed), twin


def audit(corpus: Corpus, name: str, labeller: Labeller, twin: Labeller) -> str:
    """Return the verdict of an audit on a classifier."""

    def model(examples: Examples, labeller: Labeller = labeller) -> NDArray[np.float64]:
        codes = [labeller(example) for example in examples]
        return np.asarray(0.1 + 0.7 * np.eye(3)[codes], dtype=np.float64)

    train, test = (np.flatnonzero(corpus.rows["split"].to_numpy() == part) for part in ("train", "test"))
    split = split_from_indices(corpus, STANCE, 0, (train, train[:0], train[:0], test))
    tested = corpus.take(split.test)
    examples = examples_of(tested.rows, corpus.parties)
    made, without = (
        Predictions.of(tested, STANCE, model(examples, one), run=run, split="test", seed=1)
        for one, run in ((labeller, "model"), (twin, "twin"))
    )
    subject = Subject(
        name="model",
        task="stance",
        labels=STANCE,
        corpus=corpus,
        tested=tested,
        proba=model(examples),
        predicted=STANCE.decide(model(examples)),
        metric=F1_MACRO,
        predictions=made,
        splits=(split,),
        without_target=without,
    )
    options = OPTIONS.get(name, {})
    kind = name.partition(",")[0]
    (finding,) = run_audits(subject, {kind: bind("audit", kind, options).make()}, model)
    return finding.verdict


def simulate(repeats: int, only: str = "") -> pd.DataFrame:
    """Return the verdicts, counted: a row per audit, classifier and number of items.

    ``only`` is what the names of audits begin with.
    """
    verdicts = []
    for n in SIZES:
        for seed in progress(range(repeats), f"{n} items", repeats, "repetitions"):
            corpus = corpus_of(n, seed)
            verdicts += [
                (name, kind, n, audit(corpus, name, labeller, twin))
                for name, kind, labeller, twin in cases(corpus, seed)
                if name.startswith(only)
            ]
    columns = ["audit", "classifier", "items", "verdict"]
    return pd.DataFrame(verdicts, columns=columns).value_counts(sort=False).reset_index(name="count")


def main() -> None:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--only", default="", help="audits whose names begin with this; others stay")
    arguments = parser.parse_args()
    verdicts = simulate(arguments.repeats, arguments.only)
    if arguments.only and arguments.output.exists():
        before = pd.read_csv(arguments.output)
        verdicts = pd.concat([before[~before["audit"].str.startswith(arguments.only)], verdicts])
    verdicts.to_csv(arguments.output, index=False)
    if arguments.output == RESULTS:
        tables.write_audit_power(pd.read_csv(RESULTS))


if __name__ == "__main__":
    main()
