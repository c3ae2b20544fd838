"""How often the intervals of shares cover the truth, naive and corrected.

    python -m experiments.shares.simulate

Readings are simulated, so that their truth is known: rows with a true stance and voice, a classifier with
given error rates, and a sample that is drawn, written, labelled and read by ``harness sample`` and
``harness shares``. Writes ``results.csv``.
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

from harness.articles.holders import OWN_VOICE, QUOTED
from harness.articles.readings_table import ReadingsTable
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.shares import StanceShare, estimate_shares, read_gold
from harness.values.labels import STANCES
from harness.values.progress import progress

RESULTS = Path(__file__).parent / "results.csv"
PARTIES = 3
INTERVALS = 1000
# Rows: the true stance (critical, neutral, supportive); columns: the probability of each prediction.
STEADY = ((0.80, 0.15, 0.05), (0.10, 0.80, 0.10), (0.05, 0.15, 0.80))
LEANING = ((0.60, 0.35, 0.05), (0.05, 0.90, 0.05), (0.05, 0.45, 0.50))
GOOD = ((0.95, 0.04, 0.01), (0.03, 0.94, 0.03), (0.01, 0.04, 0.95))


@dataclass(frozen=True)
class World:
    """How many rows a party has, which stances they have, how the classifier errs, and how many are labelled.

    Attributes
    ----------
    errors : tuple
        A row for each true stance: the probabilities of the predicted stances.
    size : int
        Rows of each party.
    labelled : int
        Rows of all three parties together that are labelled by hand.
    truth : tuple of float
        Shares of the true stances.
    voice_right : float
        How often the predicted voice is right.
    outlets : int
        Where there are several, shares are by party and outlet; the sample is drawn by party and voice.
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
        """The columns that make groups."""
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


def simulated(world: World, random: np.random.Generator) -> pd.DataFrame:
    """Simulate rows; ``truth`` and ``true_voice`` are the labels that a person would give."""
    n = world.size * PARTIES
    truth = random.choice(3, n, p=world.truth)
    # One draw from the predictions of each true stance, by inverting their cumulative distribution.
    uniform = random.random((n, 1))
    predicted = (np.cumsum(np.array(world.errors)[truth], axis=1) < uniform).sum(axis=1).clip(0, 2)
    own_voice = random.random(n) < 0.6
    predicted_own = np.where(random.random(n) < world.voice_right, own_voice, ~own_voice)
    names = np.array(STANCES)
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(n)],
            "article": "a", "outlet": random.integers(world.outlets, size=n).astype(str), "date": "",
            "week": "", "text": "",
            "target": np.repeat([f"party {k}" for k in range(PARTIES)], world.size),
            "voice": np.where(predicted_own, OWN_VOICE, QUOTED),
            "stance": names[predicted],
            "true_voice": np.where(own_voice, OWN_VOICE, QUOTED),
            "truth": names[truth],
        },
    ).astype(object)  # fmt: skip


def once(world: World, random: np.random.Generator, folder: Path) -> Iterator[tuple[StanceShare, float]]:
    """Simulate rows and label a sample; yield the shares, each with the truth."""
    rows = simulated(world, random)
    table = ReadingsTable(rows, 0)
    sample = draw_sample(table, world.labelled, by=("target", "voice"), seed=int(random.integers(2**31)))
    chosen = sample["row"].astype(int)
    path = folder / "gold.csv"
    write_sample(
        sample.assign(gold=rows["truth"][chosen].array, gold_voice=rows["true_voice"][chosen].array), path
    )
    gold = read_gold(path, table)
    columns = {name: rows[name].to_numpy() for name in ("target", "outlet", "true_voice", "truth")}
    for share in estimate_shares(table, gold, by=world.by):
        inside = np.all([columns[key] == value for key, value in share.group.items()], axis=0)
        if share.voice != "all":
            inside &= columns["true_voice"] == share.voice
        if inside.any() and not np.isnan(share.corrected.value):
            yield share, float((columns["truth"][inside] == share.label).mean())


def rows(world: World, folder: Path) -> Iterator[dict[str, Any]]:
    """Simulate a world until there are a thousand intervals; yield a row for each voice and label."""
    random = np.random.default_rng(1)
    draws = -(-INTERVALS // (PARTIES * world.outlets))
    pairs = [pair for _ in range(draws) for pair in once(world, random, folder)]
    for voice in ("all", "own or quoted"):
        for label in STANCES:
            chosen = [
                (share, truth)
                for share, truth in pairs
                if share.label == label and (share.voice == "all") == (voice == "all")
            ]
            yield {"world": world.name, "voice": voice, "label": label} | _measured(chosen)


def _measured(pairs: list[tuple[StanceShare, float]]) -> dict[str, Any]:
    truth = np.array([truth for _, truth in pairs])
    naive, corrected = (
        np.array([(estimate.value, estimate.low, estimate.high) for estimate in estimates])
        for estimates in ([share.naive for share, _ in pairs], [share.corrected for share, _ in pairs])
    )
    return {
        "intervals": len(pairs),
        "labelled": f"{np.mean([share.n_gold for share, _ in pairs]):.0f}",
        "truth": f"{truth.mean():.3f}",
        "naive_bias": f"{(naive[:, 0] - truth).mean():+.3f}",
        "naive_coverage": f"{((naive[:, 1] <= truth) & (truth <= naive[:, 2])).mean():.3f}",
        "naive_width": f"{(naive[:, 2] - naive[:, 1]).mean():.3f}",
        "bias": f"{(corrected[:, 0] - truth).mean():+.3f}",
        "coverage": f"{((corrected[:, 1] <= truth) & (truth <= corrected[:, 2])).mean():.3f}",
        "width": f"{(corrected[:, 2] - corrected[:, 1]).mean():.3f}",
    }


def main() -> None:
    """Simulate every world, and write the table."""
    with TemporaryDirectory() as folder:
        results = [
            row
            for world in progress(WORLDS, "simulating", len(WORLDS), "worlds")
            for row in rows(world, Path(folder))
            for world in progress(WORLDS, "simulating", len(WORLDS), "worlds")
            for row in rows(world, Path(folder))
        ]
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(results[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(results)


if __name__ == "__main__":
    main()
