"""Simulates which line through a learning curve forecasts best: a power law with or without a fixed exponent.

    python -m experiments.learning.curves                       # half a minute of one core

Writes ``curves.csv`` in this folder: for power laws that a classifier might follow, and noise as a curve on a
few hundred validation rows has it, how far the forecast of a doubling of the gold is off with each.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from harness.scoring.statistics.learning_slope import grown
from harness.values import seeds

RESULTS = Path(__file__).with_name("curves.csv")
LABELS = np.array([25, 50, 100, 200, 400, 600])
REPEATS = 40
RISE = 0.4
"""What the score rises by from the first training rows to its limit, whatever their number."""


def power_law(rows: np.ndarray, limit: float, scale: float, exponent: float) -> np.ndarray:
    return limit - scale * rows**-exponent


def fixed(rows: int, scores: np.ndarray, start: float, more: int) -> float:
    """Forecast the score by a power law with the exponent one half, as ``harness learn`` does."""
    x = np.array([0.0, *(grown(rows, int(labels)) for labels in LABELS)])
    return _straight(x, np.array([start, *scores]), grown(rows, more))


def logarithmic(rows: int, scores: np.ndarray, start: float, more: int) -> float:
    """Forecast the score by a straight line in the logarithm of the rows."""
    x = np.log((rows + np.array([0, *LABELS])) / rows)
    return _straight(x, np.array([start, *scores]), math.log((rows + more) / rows))


def _straight(x: np.ndarray, y: np.ndarray, at: float) -> float:
    centred = x - x.mean()
    return float(y.mean() + (centred * y).sum() / (centred**2).sum() * (at - x.mean()))


def curved(rows: int, scores: np.ndarray, start: float, more: int) -> float:
    """Forecast the score by a power law with its three parameters, within bounds that leave it free."""
    from scipy.optimize import curve_fit

    at = np.array([rows, *(rows + LABELS)], dtype=float)
    values = np.array([start, *scores])
    first = (float(values[-1]) + 0.05, 1.0, 0.5)
    fitted, _ = curve_fit(
        power_law, at, values, p0=first, bounds=([0.0, 0.0, 0.05], [1.0, 50.0, 2.0]), maxfev=20_000
    )
    return float(power_law(np.array([rows + more], dtype=float), *fitted)[0])


def study(rows: int, exponent: float, noise: float) -> dict[str, float]:
    """Measure both forecasts of the score with twice the gold."""
    scale = RISE * rows**exponent
    at = np.array([rows, *(rows + LABELS), rows + 2 * LABELS[-1]], dtype=float)
    truth = power_law(at, 0.8, scale, exponent)
    forecasts = {"one half": fixed, "logarithm": logarithmic, "free": curved}
    errors: dict[str, list[float]] = {name: [] for name in forecasts}
    for repeat in range(REPEATS):
        stream = seeds.generator(repeat, "curves", str(rows), str(exponent))
        drawn = truth[:-1] + noise * stream.standard_normal(len(truth) - 1)
        for name, forecast in forecasts.items():
            value = forecast(rows, drawn[1:], float(drawn[0]), int(2 * LABELS[-1]))
            errors[name].append(abs(value - float(truth[-1])))
    return {
        "rows": rows,
        "exponent": exponent,
        "noise": noise,
        "gain so far": float(truth[-2] - truth[0]),
        **{f"error, {name}": float(np.median(each)) for name, each in errors.items()},
        **{f"error in 9 of 10, {name}": float(np.quantile(each, 0.9)) for name, each in errors.items()},
    }


def main() -> None:
    table = [
        study(rows, exponent, noise)
        for rows in (60, 1000, 8000)
        for exponent in (0.2, 0.5)
        for noise in (0.01, 0.03)
    ]
    pd.DataFrame(table).round(4).to_csv(RESULTS, index=False)


if __name__ == "__main__":
    main()
