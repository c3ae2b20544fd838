"""Partyline and Narrative Frames in; macro-F1 of frames by what a classifier was trained on out.

    python -m experiments.framing.study --classifier linear --output experiments/framing/results.csv
    python -m experiments.framing.study --classifier embedding --output experiments/framing/results.csv

A classifier is trained on the core of Partyline's train, on all of it, and on that with the articles of
Narrative Frames' train (first published fold). It is scored on Partyline's test and on Narrative Frames' dev,
of which nothing was trained or chosen on: calibration and thresholds are the harness's own, from Partyline's
dev. Options are the defaults. Every score has a 95 % interval and the difference from predicting every frame,
both by 4,000 paired draws over articles.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.classifiers.embedding.classifier import embedding
from harness.classifiers.linear.classifier import linear
from harness.classifiers.protocol import Classifier, Labelled, examples_of
from harness.corpora.readers.narrative_frames import narrative_frames
from harness.corpora.readers.partyline import partyline
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide, halves
from harness.values.labels import FRAMING
from harness.values.tables import Corpus, Predictions

Codes = NDArray[np.int64]
Reals = NDArray[np.float64]

DRAWS = 4000
NEWS, CORE, FULL = "Narrative Frames", "core", "full"
BOTH = f"{FULL} + {NEWS}"


def classifier(kind: str) -> Classifier:
    """Return an unfitted classifier; 256 tokens, since a row of Narrative Frames is an article."""
    if kind == "linear":
        return linear(target="none", labels=FRAMING)
    return embedding(target="none", max_tokens=256, labels=FRAMING)


def labelled(rows: pd.DataFrame) -> Labelled:
    """Return rows as examples with their frames."""
    return Labelled(examples_of(rows, Corpus("rows", rows).parties), FRAMING.encode(rows["frames"]))


def predicted(fitted: Classifier, rows: pd.DataFrame, part: str) -> Predictions:
    """Return raw predictions of rows."""
    corpus = Corpus("rows", rows.reset_index(drop=True))
    proba = fitted.predict_proba(labelled(corpus.rows).examples)
    return Predictions.of(corpus, FRAMING, proba, run="study", split=part)


def decided(fitted: Classifier, dev: pd.DataFrame, tested: dict[str, pd.DataFrame]) -> Predictions:
    """Return predictions by thresholds from the halves of dev; ``split`` is what was tested."""
    parts = zip(("validation", "calibration"), halves(predicted(fitted, dev, "dev")), strict=True)
    of_dev = [Predictions(FRAMING, half.rows.assign(split=part)) for part, half in parts]
    others = [predicted(fitted, rows, name) for name, rows in tested.items()]
    _, table = decide(Predictions.concat([*of_dev, *others]), DecisionSettings())
    return table


def cases(kind: str, sentences: pd.DataFrame, news: pd.DataFrame) -> Iterator[tuple[str, Predictions]]:
    """Yield what was trained on, and the predictions of what is tested."""
    train, dev, test = (sentences[sentences["split"] == part] for part in ("train", "dev", "test"))
    of_news = news[news["split"] == "train"]
    tested = {"Partyline test": test, f"{NEWS} dev": news[news["split"] == "dev"]}
    trained_on = {CORE: train[train["core"]], FULL: train, BOTH: pd.concat([train, of_news])}
    for name, rows in trained_on.items():
        fitted = classifier(kind)
        fitted.fit(labelled(rows))
        yield name, decided(fitted, dev, tested)


def f1(truth: Codes, given: Codes, weights: Reals) -> Reals:
    """Return macro-F1 of each draw; ``weights`` says how often a row is drawn, ``(draws, n)``."""
    hits, total = weights @ (truth & given), weights @ (truth + given)
    return np.asarray((2 * hits / np.maximum(total, 1)).mean(axis=1))


def scored(predictions: Predictions) -> dict[str, float | int]:
    """Return macro-F1 and how far it lies above that of every frame, with intervals over articles."""
    truth, given = predictions.truth(), predictions.predicted()
    groups = predictions.rows["group"].to_numpy()
    _, codes = np.unique(groups.astype(str), return_inverse=True)
    draws = np.random.default_rng(1).multinomial(
        codes.max() + 1, np.full(codes.max() + 1, 1 / (codes.max() + 1)), DRAWS
    )
    weights = np.vstack([np.ones(len(codes)), draws[:, codes]]).astype(np.float64)
    values, trivial = f1(truth, given, weights), f1(truth, np.ones_like(truth), weights)
    row: dict[str, float | int] = {"rows": len(truth), "groups": int(codes.max()) + 1}
    for name, series in (("f1_macro", values), ("every_frame", trivial), ("difference", values - trivial)):
        low, high = np.quantile(series[1:], [0.025, 0.975])
        row |= {name: series[0], f"{name}_low": low, f"{name}_high": high}
    for at, label in enumerate(FRAMING.names):
        row[label] = float(f1(truth[:, [at]], given[:, [at]], weights[:1])[0])
    return row


def read() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sentences of Partyline, with a column ``core``, and the articles of Narrative Frames."""
    sentences = partyline(task="framing").for_task("framing").rows
    core = partyline(task="framing", training="core").for_task("framing").rows
    news = narrative_frames(parts=("train", "dev")).for_task("framing").rows
    return sentences.assign(core=sentences["id"].isin(core["id"])), news.assign(group=news["id"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores, and add them to a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classifier", choices=("linear", "embedding"), default="linear")
    parser.add_argument("--output", type=Path, help="a CSV file, to which the rows are added")
    options = parser.parse_args(arguments)
    sentences, news = read()
    rows = []
    for trained_on, predictions in cases(options.classifier, sentences, news):
        for tested in ("validation", "calibration", "Partyline test", f"{NEWS} dev"):
            row = {"tested": tested, "classifier": options.classifier, "trained_on": trained_on}
            rows.append(row | scored(predictions.only(split=tested)))
            print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False, header=len(rows) == 1), flush=True)
    if options.output:
        earlier = [pd.read_csv(options.output)] if options.output.is_file() else []
        pd.concat([*earlier, pd.DataFrame(rows)]).round(4).to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
