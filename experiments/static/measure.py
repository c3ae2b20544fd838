"""Static embeddings between ``linear`` and ``embedding``: macro-F1 on dev rows and rows a second.

    python -m experiments.static.measure
    python -m experiments.static.measure --rates

Trains on the train rows of NewsMTSC (``HARNESS_NEWSMTSC``) and partyline, scores their dev rows with 95 %
intervals from a bootstrap over articles (``results.csv``). ``--rates`` times all classifiers on 256 dev rows
of NewsMTSC in turn, so that whatever else the machine does slows each of them alike (``rates.csv``).
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.encoder.rows import labelled
from experiments.static.model import StaticFeatures, distil
from harness.classifiers.checkpoints import MINILM
from harness.classifiers.embedding import vectors
from harness.classifiers.heads import Head, logistic
from harness.classifiers.protocol import Examples, Labelled
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.corpora.readers.partyline import partyline
from harness.values.catalog import bind
from harness.values.labels import STANCE
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).with_name("results.csv")
RATES = Path(__file__).with_name("rates.csv")
TABLE = Path(".harness/static/table.npz")
DRAWS, ROUNDS, FEW = 2000, 5, 256
SIZE, WINDOW, C = 256, 8.0, 0.003


@dataclass
class Static:
    """A logistic regression over static vectors; ``variants.py`` tries other settings."""

    features: StaticFeatures

    def fit(self, train: Labelled) -> None:
        rows = self.features(train.examples)
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1)
        head = logistic((rows - mean) / scale, train.codes, STANCE, C=C, balanced=True)
        weights = head.weights / scale[:, None]
        self.head = Head(weights, head.bias - mean @ weights, head.link)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        return self.head.proba(self.features(examples))


def classifiers(backend: Any, table: NDArray[np.float32]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: bind("classifier", "linear", options).make(labels=STANCE, seed=1)
        for name, options in {"linear words": {"chars": None}, "linear": {}}.items()
    }
    for target in ("masked", "marked", "none"):
        made[f"static {target}"] = Static(StaticFeatures(backend, table, target, WINDOW))  # type: ignore[arg-type]
    made["embedding"] = bind("classifier", "embedding", {}).make(labels=STANCE, seed=1)
    return made


def macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64], weights: NDArray[np.float64]) -> Any:
    """Return the macro-F1 under each line of weights of rows, ``(draws,)``."""
    scores = []
    for code in range(len(STANCE)):
        hits = weights @ ((truth == code) & (predicted == code))
        either = weights @ ((truth == code).astype(float) + (predicted == code))
        scores.append(np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0))
    return np.mean(scores, axis=0)


def draws_of(groups: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each row is drawn, ``(draws, rows)``: articles with replacement."""
    number = groups.max() + 1
    counts = [np.bincount(generator.integers(number, size=number), minlength=number) for _ in range(DRAWS)]
    return np.array(counts, dtype=np.float64)[:, groups]


def scored(name: str, corpus: Corpus, every: Mapping[str, Any]) -> list[dict[str, str]]:
    train, dev = labelled(corpus, split="train"), labelled(corpus, split="dev")
    rows = corpus.rows[corpus.rows["split"] == "dev"]
    _, groups = np.unique(rows["group"].astype(str), return_inverse=True)
    weights = draws_of(groups, np.random.default_rng(1))
    entire, drawn, lines = np.ones((1, len(dev))), {}, []
    for kind, classifier in every.items():
        start = time.perf_counter()
        classifier.fit(train)
        seconds = time.perf_counter() - start
        predicted = classifier.predict_proba(dev.examples).argmax(axis=1)
        value = macro_f1(dev.codes, predicted, entire)[0]
        drawn[kind] = macro_f1(dev.codes, predicted, weights)
        line = {"corpus": name, "classifier": kind, "rows": str(len(dev)), "fit_seconds": f"{seconds:.1f}"}
        lines.append(line | {"f1_macro": _with_interval(value, drawn[kind])})
        lines[-1]["minus_linear"] = (
            _with_interval(
                value
                - macro_f1(dev.codes, every["linear"].predict_proba(dev.examples).argmax(axis=1), entire)[0],
                drawn[kind] - drawn["linear"],
            )
            if "linear" in drawn
            else ""
        )
        print(lines[-1], flush=True)
    return lines


def rates(every: Mapping[str, Any], examples: Examples) -> dict[str, float]:
    """Return rows a second, the median of rounds in which the classifiers take turns."""
    seconds: dict[str, list[float]] = {kind: [] for kind in every}
    for number in range(ROUNDS + 1):
        for kind, classifier in every.items():
            # Vectors of an earlier round would be found again.
            vectors._CACHE.vectors.clear()
            vectors._CACHE.size = 0
            lasted = _timed(lambda classifier=classifier: classifier.predict_proba(examples))
            if number:
                seconds[kind].append(lasted)
    return {kind: len(examples) / float(np.median(values)) for kind, values in seconds.items()}


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _with_interval(value: float, drawn: NDArray[np.float64]) -> str:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return (
        f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
        if value < 0.1
        else f"{value:.3f} ({low:.3f} to {high:.3f})"
    )


def load_table() -> tuple[Any, NDArray[np.float32]]:
    from harness.classifiers import checkpoints

    if not TABLE.is_file():
        _, table = distil(MINILM, SIZE)
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        np.savez(TABLE, table=table)
    return checkpoints.load_tokenizer(MINILM), np.load(TABLE)["table"]


def main() -> None:
    backend, table = load_table()
    if sys.argv[1:] == ["--rates"]:
        _write(RATES, _rates(backend, table))
        return
    lines = []
    for name, corpus in (("partyline", partyline()), ("newsmtsc", newsmtsc(variant="mt", dev="both"))):
        lines += scored(name, corpus, classifiers(backend, table))
    _write(RESULTS, lines)


def _rates(backend: Any, table: NDArray[np.float32]) -> list[dict[str, str]]:
    corpus = newsmtsc(variant="mt", dev="both")
    train, every = labelled(corpus, split="train"), classifiers(backend, table)
    few = Labelled(train.examples[:FEW], train.codes[:FEW])
    for kind, classifier in every.items():
        # What an encoder takes does not depend on what its head learned; the terms of linear do.
        classifier.fit(few if kind == "embedding" else train)
    of_kind = rates(every, labelled(corpus, split="dev").examples[:FEW])
    return [{"classifier": kind, "rows_per_second": f"{rate:.0f}"} for kind, rate in of_kind.items()]


def _write(file: Path, lines: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    print(lines)


if __name__ == "__main__":
    main()
