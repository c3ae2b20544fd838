"""Settings of the quickstart's linear classifier in, their macro-F1 on dev and two ways to abstain out.

    python -m experiments.obvious.recipes

Trained as the quickstart trains, scored on validation and calibration alone: neither test nor the thirty
sentences are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from harness.classifiers.linear.classifier import linear
from harness.config import plan
from harness.evaluation.decisions import calibrator_fitting
from harness.evaluation.decisions.risk_control import RiskRows, empirical
from harness.evaluation.prepared import Prepared, prepare
from harness.values.labels import LabelSet, confidence

CONFIG = Path("configs/quickstart.yaml")
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "C: 0.3": {"C": 0.3},
    "C: 3": {"C": 3.0},
    "C: 10": {"C": 10.0},
    "target: marked": {"target": "marked"},
    "target: marked_pair": {"target": "marked_pair"},
    "words: 3": {"words": 3},
    "balanced: false": {"balanced": False},
}
PARTS = ("validation", "calibration")
RISK, REPEATS = 0.35, 200


def labelled(prepared: Prepared, options: Mapping[str, Any]) -> NDArray[np.float64]:
    """Train with some options; return the probabilities of the rows of dev."""
    split = prepared.splits[0]
    classifier = linear(**options, labels=prepared.plan.labels)
    classifier.fit(prepared.labelled(split, "train"), prepared.labelled(split, "validation"))
    return np.concatenate(
        [classifier.predict_proba(prepared.labelled(split, part).examples) for part in PARTS]
    )


def thresholds(
    proba: NDArray[np.float64], truth: NDArray[np.int64], groups: NDArray[np.int64], labels: LabelSet
) -> dict[str, tuple[float, float, float]]:
    """Set temperature and threshold on ten articles drawn from dev, and apply them to the others.

    Returns
    -------
    dict
        Way → mean coverage, its standard deviation, and the share of what was served that is wrong.
    """
    draw, names = np.random.default_rng(0), np.unique(groups)
    served: dict[str, list[tuple[float, float]]] = {"half for each": [], "all for both": []}
    for _ in range(REPEATS):
        order = draw.permutation(names)
        fitted = np.isin(groups, order[: len(names) // 2])
        half = np.isin(groups, order[: len(names) // 4])
        for way, (of_temperature, of_threshold) in {
            "half for each": (half, fitted & ~half),
            "all for both": (fitted, fitted),
        }.items():
            calibrator, _ = calibrator_fitting.fit(
                "temperature", proba[of_temperature], truth[of_temperature], labels
            )
            calibrated = calibrator.apply(proba, multi=False)
            codes = calibrated.argmax(axis=1)
            sure, wrong = confidence(calibrated, codes), (codes != truth).astype(np.int64)
            codes_of_groups = np.unique(groups[of_threshold], return_inverse=True)[1]
            rows = RiskRows(sure[of_threshold], wrong[of_threshold], codes_of_groups)
            answered = ~fitted & (sure >= empirical(rows, RISK))
            served[way].append((answered.sum() / (~fitted).sum(), wrong[answered].sum() / (~fitted).sum()))
    columns = {way: np.array(pairs).T for way, pairs in served.items()}
    return {
        way: (float(share.mean()), float(share.std()), float(errors.sum() / share.sum()))
        for way, (share, errors) in columns.items()
    }


def main() -> None:
    """Print both tables as Markdown."""
    prepared = prepare(plan.read(CONFIG))
    split = prepared.splits[0]
    truth = np.concatenate([prepared.labelled(split, part).codes for part in PARTS])
    n_validation = len(split.validation)
    print(f"| setting | {' | '.join(PARTS)} | both |\n|---|---:|---:|---:|")
    for name, options in RECIPES.items():
        predicted = labelled(prepared, options).argmax(axis=1)
        parts = (slice(None, n_validation), slice(n_validation, None), slice(None))
        scores = [f1_score(truth[part], predicted[part], average="macro") for part in parts]
        print(f"| {name} | {' | '.join(f'{score:.3f}' for score in scores)} |", flush=True)
    articles = np.concatenate(
        [prepared.part(split, part).rows["group"].to_numpy(dtype=object) for part in PARTS]
    )
    groups = np.unique(articles.astype(str), return_inverse=True)[1]
    print("\n| calibration rows | coverage | sd | wrong |\n|---|---:|---:|---:|")
    ways = thresholds(labelled(prepared, {}), truth, groups, prepared.plan.labels)
    for way, numbers in ways.items():
        print(f"| {way} | {' | '.join(f'{number:.2f}' for number in numbers)} |")


if __name__ == "__main__":
    main()
