"""Two models in, what a cascade of them would give out: coverage, agreement, score and cost.

    python -m experiments.cascade.curve CHEAP BETTER > experiments/cascade/NAME.csv

Addresses are those of ``harness.load``, such as ``runs:/ID``. The cheaper model answers the rows that it is
surest of, the better one the rest. Thresholds are set on calibration rows of NewsMTSC, everything else is
measured on its mt-test: which share the cheaper one answers, how often the cascade gives the label of the
better one, macro-F1 and its paired difference from the better one, and the rate in rates of the better one,
from the processor time that both took in this process.

A cascade would be built where one row has a rate of at least 1.3, an agreement of at least .98 and a
difference whose interval lies above −.01.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import harness
from experiments.performance import encoder
from experiments.reading.champion_scores import gain, labelled
from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.serving.inference.model import LabelModel
from harness.values.tables import Predictions

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Of the calibration rows, which the cheaper model answers."""

RATE, AGREEMENT, MARGIN = 1.3, 0.98, 0.01


@dataclass(frozen=True)
class Labelled:
    """What a model said of the calibration and of the test rows, and seconds of processor time a row."""

    calibration: Predictions
    test: Predictions
    seconds: float


def parts() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the calibration and the test rows."""
    prepared = prepare(plan.read(encoder.written() / "bench.yaml", ()))
    (split,) = prepared.splits
    calibration, test = (prepared.part(split, name).rows for name in ("calibration", "test"))
    return calibration, test


def label(model: LabelModel, calibration: pd.DataFrame, test: pd.DataFrame) -> Labelled:
    """Label both, and take the time of the second."""
    first = labelled(model, calibration)
    began = time.process_time()
    second = labelled(model, test)
    return Labelled(first, second, (time.process_time() - began) / len(test))


def surest(predictions: Predictions) -> NDArray[np.float64]:
    """Return the probability of each row's label."""
    return np.asarray(predictions.proba().max(axis=1))


def codes(predictions: Predictions) -> NDArray[np.int64]:
    """Return the likeliest label of each row."""
    return np.asarray(predictions.proba().argmax(axis=1))


def cascaded(cheap: Predictions, better: Predictions, is_cheap: NDArray[np.bool_]) -> Predictions:
    """Return the rows of the better model, with those of the cheaper one where it answers."""
    rows = pd.concat([cheap.rows[is_cheap], better.rows[~is_cheap]]).sort_index()
    return replace(better, rows=rows)


def line(cheap: Labelled, better: Labelled, share: float) -> dict[str, float]:
    """Return one point of the curve."""
    threshold = float(np.quantile(surest(cheap.calibration), 1 - share))
    is_cheap = surest(cheap.test) >= threshold
    table = cascaded(cheap.test, better.test, is_cheap)
    value, low, high = gain(table, better.test)
    seconds = cheap.seconds + (1 - float(is_cheap.mean())) * better.seconds
    return {
        "share": share,
        "threshold": round(threshold, 4),
        "answered": round(float(is_cheap.mean()), 4),
        "agreement": round(float((codes(table) == codes(better.test)).mean()), 4),
        "rate": round(better.seconds / seconds, 3),
        "difference": round(value, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def main() -> None:
    """Print the curve, and whether a row of it meets all three."""
    if not os.environ.get("HARNESS_NEWSMTSC"):
        sys.exit("set HARNESS_NEWSMTSC to the folder of NewsMTSC")
    cheap, better = (label(harness.load(address), *parts()) for address in sys.argv[1:3])
    table = pd.DataFrame([line(cheap, better, share) for share in SHARES])
    table.to_csv(sys.stdout, index=False)
    met = (table["rate"] >= RATE) & (table["agreement"] >= AGREEMENT) & (table["low"] > -MARGIN)
    print(f"rows that meet all three: {int(met.sum())}", file=sys.stderr)


if __name__ == "__main__":
    main()
