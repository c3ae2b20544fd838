"""Simulated candidates in, how well the expected optimism of a tuned score meets the true one out, as CSV.

    python -m experiments.search.optimism > experiments/search/optimism.csv

Each world has articles of a few sentences. Candidates label them with true accuracies that are equal or
spread, and with errors that they share in part, as candidates of one classifier do. The best one on the rows
of tuning is chosen; its true accuracy is known, and so is how much too good its score is.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.evaluation.search.optimism import tuning_optimism
from harness.scoring.metrics.metric import Metric
from harness.values.catalog import lookup
from harness.values.labels import STANCE
from harness.values.tables import Predictions

ROWS_PER_GROUP = 2
WORLDS = 200
ACCURACY, SPREAD = 0.6, 0.03
"""Mean accuracy of candidates, and the standard deviation of it where they differ."""

SHARED = 0.7
"""Correlation of two candidates' errors on a row, on the scale of the normal variates that they follow."""


def world(
    stream: np.random.Generator, n_groups: int, n_candidates: int, spread: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Draw true labels ``(n,)``, predictions ``(candidates, n)`` and the candidates' true accuracies."""
    from scipy.stats import norm

    n = n_groups * ROWS_PER_GROUP
    accuracy = np.clip(ACCURACY + spread * stream.standard_normal(n_candidates), 0.05, 0.95)
    truth = stream.integers(3, size=n)
    common = np.sqrt(SHARED) * stream.standard_normal(n)
    alone = np.sqrt(1 - SHARED) * stream.standard_normal((n_candidates, n))
    wrong = common + alone > norm.ppf(accuracy)[:, None]
    # Two candidates that are wrong on a row are mostly wrong in the same way.
    shift = np.where(stream.random((n_candidates, n)) < 0.2, stream.integers(1, 3, (n_candidates, n)), 1)
    return truth, np.where(wrong, (truth + shift) % 3, truth), accuracy


def table(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Predictions:
    """Return the predictions of one candidate as the harness has them."""
    n = len(truth)
    rows = {
        "run": "simulated",
        "split": "tuning",
        "seed": 1,
        "fold": 0,
        "id": [f"r{row}" for row in range(n)],
        "group": [f"g{row // ROWS_PER_GROUP}" for row in range(n)],
        "target": "x",
        "truth": [STANCE.names[code] for code in truth],
        "prediction": [STANCE.names[code] for code in predicted],
    }
    proba = np.eye(3)[predicted]
    rows |= {f"p_{name}": proba[:, code] for code, name in enumerate(STANCE.names)}
    return Predictions(STANCE, pd.DataFrame(rows))


def outcomes(
    n_groups: int, n_candidates: int, spread: float, worlds: int, metric: Metric
) -> Iterator[tuple[float, float, float]]:
    """Yield for each world how much too good the best score is, the estimate, and the error elsewhere.

    The last is the score of the chosen candidate on other rows, less its true one.
    """
    stream = np.random.default_rng([n_groups, n_candidates, round(1000 * spread)])
    for _ in range(worlds):
        truth, predicted, accuracy = world(stream, 2 * n_groups, n_candidates, spread)
        half = n_groups * ROWS_PER_GROUP
        scores = (predicted == truth)[:, :half].mean(axis=1)
        best = int(scores.argmax())
        tables = [table(truth[:half], each[:half]) for each in predicted]
        elsewhere = float((predicted[best] == truth)[half:].mean())
        estimate = tuning_optimism(tables, metric)
        yield float(scores[best] - accuracy[best]), estimate, elsewhere - float(accuracy[best])


def main() -> None:
    """Print a row for each design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=WORLDS)
    worlds = parser.parse_args().worlds
    metric: Metric = lookup("metric", "accuracy", "")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["groups", "candidates", "spread", "worlds", "too_good", "estimated", "on_other_rows"]
    writer.writerow([*columns, "standard_error"])
    for n_groups in (25, 70):
        for n_candidates in (4, 12, 30):
            for spread in (0.0, SPREAD):
                drawn = np.array(list(outcomes(n_groups, n_candidates, spread, worlds, metric)))
                means, error = drawn.mean(axis=0), float((drawn[:, 0] - drawn[:, 1]).std() / worlds**0.5)
                values = [f"{value:.4f}" for value in (*means, error)]
                writer.writerow([n_groups, n_candidates, spread, worlds, *values])
                sys.stdout.flush()


if __name__ == "__main__":
    main()
