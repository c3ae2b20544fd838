"""Simulates how often intervals of the largest of many gaps hold the truth, and how often none is found.

    python -m experiments.statistics.parity

Writes ``parity.csv`` and its table in the README of this folder. Each repetition draws test items in articles
whose sentences err together, gives each article to one of several outlets and each item to one of several
parties, and compares the error rate of every group with that of all other items. All true gaps are 0, or one
party has 20 points more errors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.scoring.statistics.simultaneous import Contrast, simultaneous_gaps
from harness.values import seeds
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("parity.csv")
REPEATS = 500
ROOT = 2029
SETTINGS = (
    # articles, sentences an article, parties, outlets, rate of errors, how alike an article's errors are
    (40, 4, 3, 2, 0.35, 0.0),
    (40, 4, 3, 2, 0.35, 0.2),
    (130, 4, 8, 4, 0.35, 0.2),
    (130, 4, 8, 4, 0.05, 0.1),
    (500, 2, 12, 8, 0.2, 0.2),
)


def errors_of(
    setting: tuple[int, int, int, int, float, float], gap: float, draw: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw whether each item is wrong, its article, its party and its outlet."""
    articles, sentences, parties, outlets, rate, alike = setting
    article = np.repeat(np.arange(articles), sentences)
    party = draw.integers(parties, size=len(article))
    outlet = (np.arange(articles) % outlets)[article]
    # A beta-binomial: the correlation of two items of an article is ``alike``.
    scale = 1 / alike - 1 if alike else np.inf
    level = (
        draw.beta(rate * scale, (1 - rate) * scale, articles)[article]
        if alike
        else np.full(len(article), rate)
    )
    wrong = draw.random(len(article)) < level
    # The first party has more errors: of its right items, as many turn wrong as give the gap.
    wrong |= (party == 0) & (draw.random(len(article)) < gap / (1 - rate))
    return wrong.astype(float), article, party, outlet


def repetition(setting: tuple[int, int, int, int, float, float], gap: float, seed: int) -> dict[str, float]:
    """Return what held in one world."""
    draw = seeds.generator(ROOT, "parity", *map(str, setting), str(gap), str(seed))
    wrong, article, party, outlet = errors_of(setting, gap, draw)
    groups = [
        (values == value, value == 0 and values is party)
        for values in (party, outlet)
        for value in range(values.max() + 1)
    ]
    everything = np.ones(len(wrong), dtype=bool)
    gaps = simultaneous_gaps(
        [Contrast(wrong, inside, everything) for inside, _ in groups], article, draws=1_000
    )
    # Of the others, the rest holds the worse party with its share of the items.
    n_parties = setting[2]
    truths = []
    for index, (_, worse) in enumerate(groups):
        of_rest = -gap / (n_parties - 1) if index < n_parties else 0.0
        truths.append(gap if worse else of_rest)
    held = [each.low_all <= truth <= each.high_all for each, truth in zip(gaps, truths, strict=True)]
    alone = [each.low <= truth <= each.high for each, truth in zip(gaps, truths, strict=True)]
    largest = max(range(len(gaps)), key=lambda index: abs(gaps[index].value))
    by_holm = holm([min(1.0, _p_alone(each)) for each in gaps])
    return {
        "all hold": all(held),
        "each holds": float(np.mean(alone)),
        "largest alone holds": alone[largest],
        "found": gaps[0].p <= SIGNIFICANCE_LEVEL,
        "any found": any(each.p <= SIGNIFICANCE_LEVEL for each in gaps),
        "any found, Holm": min(by_holm) <= SIGNIFICANCE_LEVEL,
        "width": gaps[0].high_all - gaps[0].low_all,
    }


def _p_alone(gap: object) -> float:
    """Return the p-value of a gap by itself, from its interval."""
    from scipy.stats import norm

    half = (gap.high - gap.low) / 2  # type: ignore[attr-defined]
    return float(2 * norm.sf(1.959964 * abs(gap.value) / half))  # type: ignore[attr-defined]


def simulate(repeats: int) -> pd.DataFrame:
    """Return one row a setting and gap: shares in [0, 1] and the mean width."""
    rows = []
    for setting in SETTINGS:
        for gap in (0.0, 0.2):
            worlds = progress(range(repeats), f"{setting[0]} articles", repeats, "repetitions")
            results = pd.DataFrame([repetition(setting, gap, seed) for seed in worlds])
            names = ("articles", "sentences", "parties", "outlets", "errors", "alike")
            rows.append(
                dict(zip(names, setting, strict=True))
                | {"gap": gap}
                | results.mean().to_dict()
                | {"repeats": repeats}
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    simulate(arguments.repeats).round(4).to_csv(arguments.output, index=False)
    if arguments.output == RESULTS:
        tables.write_parity(pd.read_csv(RESULTS))


if __name__ == "__main__":
    main()
