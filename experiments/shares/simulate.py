"""How often the intervals of shares hold the truth, naive and corrected.

    python -m experiments.shares.simulate

Made-up readings whose truth is known: rows with a true stance and voice, a classifier that errs as told, and
a sample that is drawn, written, labelled and read as ``harness sample`` and ``harness shares`` do it. Writes
``results.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from harness.articles.readings_table import OWN, QUOTED, ReadingsTable
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.shares import StanceShare, estimate_shares, read_gold
from harness.values.labels import STANCES
from harness.values.progress import progress

RESULTS = Path(__file__).parent / "results.csv"
PARTIES = 3
INTERVALS = 1000
STEADY = ((0.80, 0.15, 0.05), (0.10, 0.80, 0.10), (0.05, 0.15, 0.80))
LEANING = ((0.60, 0.35, 0.05), (0.05, 0.90, 0.05), (0.05, 0.45, 0.50))
GOOD = ((0.95, 0.04, 0.01), (0.03, 0.94, 0.03), (0.01, 0.04, 0.95))


@dataclass(frozen=True)
class World:
    """Rows a party, how stances are spread, what the classifier makes of them, and how many are labelled.

    Attributes
    ----------
    errors : tuple
        True stance, then predicted one → how probable that is.
    labelled : int
        Of all three parties together.
    outlets : int
        More than one: shares are by party and outlet, while the sample is drawn by party and voice.
    """

    name: str
    errors: tuple[tuple[float, ...], ...]
    size: int
    labelled: int
    truth: tuple[float, float, float] = (0.3, 0.55, 0.15)
    voice_right: float = 1.0
    outlets: int = 1

    @property
    def by(self) -> tuple[str, ...]:
        """What shares are asked for by."""
        return ("target", "outlet") if self.outlets > 1 else ("target",)


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
    World("four outlets", LEANING, 2000, 300, outlets=4),
    World("four outlets, 900 labelled", LEANING, 2000, 900, voice_right=0.9, outlets=4),
)


def readings(world: World, random: np.random.Generator) -> pd.DataFrame:
    """Make rows up; ``truth`` and ``true_voice`` say what a person would."""
    n = world.size * PARTIES
    truth = random.choice(3, n, p=world.truth)
    spoken = random.random((n, 1))
    said = (np.cumsum(np.array(world.errors)[truth], axis=1) < spoken).sum(axis=1).clip(0, 2)
    own = random.random(n) < 0.6
    guess = np.where(random.random(n) < world.voice_right, own, ~own)
    names = np.array(STANCES)
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(n)],
            "article": "a", "outlet": random.integers(world.outlets, size=n).astype(str), "date": "",
            "week": "", "text": "",
            "target": np.repeat([f"party {k}" for k in range(PARTIES)], world.size),
            "voice": np.where(guess, OWN, QUOTED),
            "stance": names[said],
            "true_voice": np.where(own, OWN, QUOTED),
            "truth": names[truth],
        },
    ).astype(object)  # fmt: skip


def once(world: World, random: np.random.Generator, folder: Path) -> Iterator[tuple[StanceShare, float]]:
    """Make rows up, label a sample; yield the shares, each with the truth."""
    table = readings(world, random)
    found = ReadingsTable(table, 0)
    drawn = draw_sample(found, world.labelled, by=("target", "voice"), seed=int(random.integers(2**31)))
    chosen = drawn["row"].astype(int)
    path = folder / "gold.csv"
    write_sample(
        drawn.assign(gold=table["truth"][chosen].array, gold_voice=table["true_voice"][chosen].array), path
    )
    gold = read_gold(path, found)
    of = {name: table[name].to_numpy() for name in ("target", "outlet", "true_voice", "truth")}
    for one in estimate_shares(found, gold, by=world.by):
        inside = np.all([of[key] == value for key, value in one.group.items()], axis=0)
        if one.voice != "all":
            inside &= of["true_voice"] == one.voice
        if inside.any() and not np.isnan(one.corrected.value):
            yield one, float((of["truth"][inside] == one.label).mean())


def rows(world: World, folder: Path) -> Iterator[dict[str, Any]]:
    """Repeat a world; yield one row a kind of voice and label."""
    random = np.random.default_rng(1)
    draws = -(-INTERVALS // (PARTIES * world.outlets))
    pairs = [pair for _ in range(draws) for pair in once(world, random, folder)]
    for voice in ("all", "own or quoted"):
        for label in STANCES:
            mine = [
                pair
                for pair in pairs
                if pair[0].label == label and (pair[0].voice == "all") == (voice == "all")
            ]
            yield {"world": world.name, "voice": voice, "label": label} | _measured(mine)


def _measured(pairs: list[tuple[StanceShare, float]]) -> dict[str, Any]:
    truth = np.array([truth for _, truth in pairs])
    naive = np.array([(one.naive.value, one.naive.low, one.naive.high) for one, _ in pairs])
    right = np.array([(one.corrected.value, one.corrected.low, one.corrected.high) for one, _ in pairs])
    return {
        "intervals": len(pairs),
        "labelled": f"{np.mean([one.n_gold for one, _ in pairs]):.0f}",
        "truth": f"{truth.mean():.3f}",
        "naive_bias": f"{(naive[:, 0] - truth).mean():+.3f}",
        "naive_coverage": f"{((naive[:, 1] <= truth) & (truth <= naive[:, 2])).mean():.3f}",
        "naive_width": f"{(naive[:, 2] - naive[:, 1]).mean():.3f}",
        "bias": f"{(right[:, 0] - truth).mean():+.3f}",
        "coverage": f"{((right[:, 1] <= truth) & (truth <= right[:, 2])).mean():.3f}",
        "width": f"{(right[:, 2] - right[:, 1]).mean():.3f}",
    }


def main() -> None:
    """Repeat every world, and write the table."""
    with TemporaryDirectory() as folder:
        found = [
            row for world in progress(WORLDS, "worlds", len(WORLDS)) for row in rows(world, Path(folder))
        ]
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()
