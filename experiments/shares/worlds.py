"""Worlds whose truth is known, in; their readings, as a classifier with known errors gives them, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.articles.holders import OWN_VOICE, QUOTED
from harness.values.labels import STANCES

PARTIES = 6
# Rows: the true stance (critical, neutral, supportive); columns: the probability of each prediction.
STEADY = ((0.80, 0.15, 0.05), (0.10, 0.80, 0.10), (0.05, 0.15, 0.80))
LEANING = ((0.60, 0.35, 0.05), (0.05, 0.90, 0.05), (0.05, 0.45, 0.50))
GOOD = ((0.95, 0.04, 0.01), (0.03, 0.94, 0.03), (0.01, 0.04, 0.95))
POOR = ((0.55, 0.30, 0.15), (0.25, 0.55, 0.20), (0.15, 0.30, 0.55))
BLIND = ((0.30, 0.50, 0.20), (0.30, 0.50, 0.20), (0.30, 0.50, 0.20))


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
        Rows of each party that are labelled by hand, on average.
    truth : tuple of float
        Shares of the true stances.
    voice_right : float
        How often the predicted voice is right.
    outlets : int
        Where there are several, shares are by party and outlet; by outlet alone where there are ten or more.
    strata : tuple of str
        Columns that the sample is drawn by.
    mean_rows : int
        Rows of an article toward a party.
    alike : float
        In (0, 1): correlation of the stances of an article.
    compared : bool
        Whether parties are compared, and voices told apart.
    """

    name: str
    errors: tuple[tuple[float, ...], ...]
    size: int
    labelled: int
    truth: tuple[float, float, float] = (0.3, 0.55, 0.15)
    voice_right: float = 1.0
    outlets: int = 1
    strata: tuple[str, ...] = ("target", "voice")
    mean_rows: int = 5
    alike: float = 0.15
    compared: bool = False

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that make groups."""
        if self.outlets >= 10:
            return ("outlet",)
        return ("target", "outlet") if self.outlets > 1 else ("target",)


MANY = ("target", "outlet", "week", "voice", "stance")
WORLDS = (
    World("right 80 %, 50 labelled", STEADY, 1000, 50, compared=True),
    World("right 80 %", STEADY, 1000, 100, compared=True),
    World("right 80 %, strata of stance", STEADY, 1000, 100, strata=("target", "stance")),
    World("right 80 %, strata of all", STEADY, 1000, 100, strata=MANY),
    World("leans to neutral, 50 labelled", LEANING, 1000, 50),
    World("leans to neutral, 300 labelled", LEANING, 1000, 300, compared=True),
    World("leans to neutral, 900 labelled", LEANING, 1800, 900),
    World("right 95 %", GOOD, 1000, 100),
    World("twenty outlets, 100 labelled", LEANING, 500, 17, outlets=20),
    World("blind, 50 labelled", BLIND, 1000, 50),
    World("voice right 80 %", STEADY, 1000, 100, voice_right=0.8, compared=True),
    World("right 55 %", POOR, 1000, 100),
    World("blind, 100 labelled", BLIND, 1000, 100),
    World("rare criticism", STEADY, 1500, 300, truth=(0.05, 0.90, 0.05)),
    World("three outlets", LEANING, 1000, 150, outlets=3),
    World("articles of 20", LEANING, 1000, 100, mean_rows=20, alike=0.4, compared=True),
    World("few rows a party", LEANING, 150, 50),
)


def simulated(world: World, random: np.random.Generator) -> pd.DataFrame:
    """Simulate rows; ``truth`` and ``true_voice`` are the labels that a person would give.

    An article is of an outlet and a week; outlets differ where there are twenty.
    """
    n_articles = -(-world.size // world.mean_rows)
    mass = (1 - world.alike) / world.alike
    outlet = random.integers(world.outlets, size=n_articles)
    lean = np.tile(np.array(world.truth), (world.outlets, 1))
    if world.outlets >= 10:
        lean = random.dirichlet(np.array(world.truth) * 20, size=world.outlets)
    article = np.tile(np.repeat(np.arange(n_articles), world.mean_rows)[: world.size], PARTIES)
    # Each party has stances of its own in an article.
    shares = np.concatenate([_dirichlet(lean[outlet] * mass, random) for _ in range(PARTIES)])
    party = np.repeat(np.arange(PARTIES), world.size)
    truth = _drawn(shares[article + n_articles * party], random)
    predicted = _drawn(np.array(world.errors)[truth], random)
    own_voice = random.random(len(truth)) < 0.6
    predicted_own = np.where(random.random(len(truth)) < world.voice_right, own_voice, ~own_voice)
    week = random.integers(1, 5, size=n_articles)[article]
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(len(truth))],
            "article": _named("a", n_articles)[article], "outlet": _named("", world.outlets)[outlet[article]],
            "date": "", "week": _named("2030-0", 5)[week], "text": "",
            "target": _named("party ", PARTIES)[party],
            "voice": np.array([QUOTED, OWN_VOICE], dtype=object)[predicted_own.astype(int)],
            "stance": np.array(STANCES, dtype=object)[predicted],
            "true_voice": np.array([QUOTED, OWN_VOICE], dtype=object)[own_voice.astype(int)],
            "truth": np.array(STANCES, dtype=object)[truth],
        },
        dtype=object,
    )  # fmt: skip


def _named(prefix: str, count: int) -> np.ndarray:
    """Return numbered names, as an array that codes are turned to names by."""
    return np.array([f"{prefix}{number}" for number in range(count)], dtype=object)


def _dirichlet(masses: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw shares for each row of masses."""
    # A gamma variable of a tiny mass may be 0 for all labels at once.
    gammas = random.gamma(np.maximum(masses, 1e-9)) + 1e-12
    return np.asarray(gammas / gammas.sum(axis=1, keepdims=True))


def _drawn(shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw a code for each row of shares, by inverting their cumulative distribution."""
    return np.asarray((np.cumsum(shares, axis=1) < random.random((len(shares), 1))).sum(axis=1).clip(0, 2))
