"""Held-out sentences of Partyline in; which rule shows the most frames that are right, out.

    python -m experiments.framing.shown --output experiments/framing/shown.csv

A linear classifier of words is trained on two thirds of the articles of Partyline's train and labels the
others. Of these, validation and calibration sets of a few articles are drawn again and again; each rule tunes
its thresholds on them, counts its evidence as the harness does, and is then judged on all other articles. The
rules are the threshold that is best for F1, and those that are best for F0.5 and F0.3; in all of them a frame
is shown only if :class:`harness.serving.decisions.label_support.LabelSupport` holds. Dev and test
are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.framing.study import labelled
from harness.classifiers.linear.classifier import linear
from harness.corpora.readers.partyline import partyline
from harness.evaluation.decisions.threshold_tuning import tune_thresholds
from harness.serving.decisions.label_support import LabelSupport
from harness.values.labels import FRAMING

Codes = NDArray[np.int64]
Reals = NDArray[np.float64]
Mask = NDArray[np.bool_]

BETAS = (1.0, 0.5, 0.3)
SIZES = (80, 160, 320)
DRAWS, FOLDS = 60, 5


def held_out() -> tuple[Reals, Codes, Codes]:
    """Return probabilities, true frames and article numbers of the articles that were not trained on."""
    rows = partyline(task="framing").for_task("framing").rows
    rows = rows[rows["split"] == "train"]
    names, articles = np.unique(rows["group"].astype(str), return_inverse=True)
    apart = (np.random.default_rng(0).random(len(names)) < 1 / 3)[articles]
    classifier = linear(target="none", chars=None, labels=FRAMING)
    classifier.fit(labelled(rows[~apart]))
    tested = labelled(rows[apart])
    return classifier.predict_proba(tested.examples), tested.codes, articles[apart]


def limits_of(proba: Reals, truth: Codes, beta: float) -> Reals:
    """Return from which probability on each frame is shown."""
    return np.maximum(tune_thresholds(proba, truth), tune_thresholds(proba, truth, beta=beta))


def judged(proba: Reals, truth: Codes, articles: Codes, size: int, beta: float, seed: int) -> pd.DataFrame:
    """Draw validation and calibration; return what a rule shows of the other articles, a row a frame."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.unique(articles))
    sizes = np.cumsum([(articles == article).sum() for article in order])
    validation = np.isin(articles, order[sizes <= size])
    calibration = np.isin(articles, order[(sizes > size) & (sizes <= 2 * size)])
    others = ~validation & ~calibration
    limits = limits_of(proba[validation], truth[validation], beta)
    shown = np.zeros(truth.shape, dtype=bool)
    shown[calibration | others] = proba[calibration | others] >= limits
    fold = generator.permutation(articles.max() + 1)[articles] % FOLDS
    for number in range(FOLDS):
        inside, tuned_on = validation & (fold == number), validation & (fold != number)
        shown[inside] = proba[inside] >= limits_of(proba[tuned_on], truth[tuned_on], beta)
    right = shown & (truth == 1)
    evidence = validation | calibration
    support = [
        LabelSupport(name, limits[k], int(shown[evidence, k].sum()), int(right[evidence, k].sum()))
        for k, name in enumerate(FRAMING.names)
    ]
    return pd.DataFrame(
        {
            "frame": FRAMING.names,
            "holds": [label.holds for label in support],
            "shown": shown[others].sum(axis=0),
            "right": right[others].sum(axis=0),
            "true": truth[others].sum(axis=0),
        }
    )


def summary(draws: pd.DataFrame) -> dict[str, float]:
    """Return how many frames a rule shows, and how often they are right."""
    kept = draws[draws["holds"] & (draws["shown"] > 0)]
    precision = kept["right"] / kept["shown"]
    return {
        "frames_shown": draws["holds"].sum() / DRAWS,
        "share_at_60_percent": (precision >= 0.6).mean(),
        "share_below_50_percent": (precision < 0.5).mean(),
        "precision": kept["right"].sum() / kept["shown"].sum(),
        "recall": kept["right"].sum() / draws["true"].sum(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each size and rule."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    proba, truth, articles = held_out()
    rows = []
    for size in SIZES:
        for beta in BETAS:
            draws = [judged(proba, truth, articles, size, beta, seed) for seed in range(DRAWS)]
            rows.append({"rows": size, "beta": beta} | summary(pd.concat(draws)))
            print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False, header=len(rows) == 1), flush=True)
    if options.output:
        pd.DataFrame(rows).round(4).to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
