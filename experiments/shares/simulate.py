"""How often the intervals of shares hold the truth, naive and corrected.

    python -m experiments.shares.simulate

Made-up readings whose truth is known: rows with a true stance and voice, a classifier that errs as told, and
a sample drawn as ``harness sample`` draws it. Writes ``results.csv``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.article.readings import OWN, QUOTED, Readings
from harness.article.sampling import draw
from harness.article.shares import Share, _labelled, shares
from harness.labels import STANCES

RESULTS = Path(__file__).parent / "results.csv"
REPEATS = 400
STEADY = ((0.80, 0.15, 0.05), (0.10, 0.80, 0.10), (0.05, 0.15, 0.80))
LEANING = ((0.60, 0.35, 0.05), (0.05, 0.90, 0.05), (0.05, 0.45, 0.50))
GOOD = ((0.95, 0.04, 0.01), (0.03, 0.94, 0.03), (0.01, 0.04, 0.95))


@dataclass(frozen=True)
class World:
    """Rows a party, how stances are spread, what the classifier makes of them, and how many are labelled."""

    name: str
    errors: tuple[tuple[float, ...], ...]
    size: int
    labelled: int
    truth: tuple[float, float, float] = (0.3, 0.55, 0.15)
    voice_right: float = 1.0
    parties: int = 3


WORLDS = (
    World("right 80 %", STEADY, 2000, 300),
    World("leans to neutral", LEANING, 2000, 300),
    World("leans to neutral, 90 labelled", LEANING, 2000, 90),
    World("leans to neutral, 900 labelled", LEANING, 2000, 900),
    World("right 95 %", GOOD, 2000, 300),
    World("right 95 %, 90 labelled", GOOD, 2000, 90),
    World("rare criticism", STEADY, 2000, 300, truth=(0.05, 0.90, 0.05)),
    World("few rows a party", LEANING, 150, 120),
    World("voice right 80 %", STEADY, 2000, 300, voice_right=0.8),
)


def readings(world: World, random: np.random.Generator) -> pd.DataFrame:
    n = world.size * world.parties
    truth = random.choice(3, n, p=world.truth)
    spoken = random.random((n, 1))
    said = (np.cumsum(np.array(world.errors)[truth], axis=1) < spoken).sum(axis=1).clip(0, 2)
    own = random.random(n) < 0.6
    guess = np.where(random.random(n) < world.voice_right, own, ~own)
    names = np.array(STANCES)
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(n)],
            "article": "a", "outlet": "", "date": "", "week": "", "text": "",
            "target": np.repeat([f"party {k}" for k in range(world.parties)], world.size),
            "voice": np.where(guess, OWN, QUOTED),
            "stance": names[said],
            "true_voice": np.where(own, OWN, QUOTED),
            "truth": names[truth],
        }
    )  # fmt: skip


def once(world: World, random: np.random.Generator) -> list[tuple[Share, float]]:
    """One world: its shares, each with the truth."""
    table = readings(world, random)
    found = Readings(table, 0)
    drawn = draw(found, world.labelled, by=("target", "voice"), seed=int(random.integers(2**31)))
    known = table.set_index("row")
    sample = drawn.assign(
        gold=known.loc[drawn["row"], "truth"].to_numpy(),
        gold_voice=known.loc[drawn["row"], "true_voice"].to_numpy(),
    )
    gold = _labelled(sample[["row", "pi", "stratum", "gold", "gold_voice"]], known)
    made = []
    for one in shares(found, gold, by=("target",)):
        group = table[table["target"] == one.group["target"]]
        if one.voice != "all":
            group = group[group["true_voice"] == one.voice]
        made.append((one, float((group["truth"] == one.label).mean())))
    return made


def main() -> None:
    rows = []
    for world in WORLDS:
        random = np.random.default_rng(1)
        pairs = [pair for _ in range(REPEATS // world.parties + 1) for pair in once(world, random)]
        for label in STANCES:
            mine = [
                (one, truth)
                for one, truth in pairs
                if one.label == label and not np.isnan(one.corrected.value)
            ]
            naive = [one.naive.low <= truth <= one.naive.high for one, truth in mine]
            right = [one.corrected.low <= truth <= one.corrected.high for one, truth in mine]
            rows.append(
                {
                    "world": world.name,
                    "label": label,
                    "intervals": len(mine),
                    "truth": f"{np.mean([truth for _, truth in mine]):.3f}",
                    "naive_bias": f"{np.mean([one.naive.value - truth for one, truth in mine]):+.3f}",
                    "naive_coverage": f"{np.mean(naive):.3f}",
                    "bias": f"{np.mean([one.corrected.value - truth for one, truth in mine]):+.3f}",
                    "coverage": f"{np.mean(right):.3f}",
                    "width": f"{np.mean([one.corrected.high - one.corrected.low for one, _ in mine]):.3f}",
                }
            )
            print(rows[-1])
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
