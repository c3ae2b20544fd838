"""Simulates what the verdict of ``harness learn`` says where nothing, .02 or .05 was gained.

    python -m experiments.learning.simulate                     # everything: about 10 minutes of one core
    python -m experiments.learning.simulate --only articles-35 --repeats 50 --output part.csv

Writes ``verdicts.csv`` in this folder: for each size of validation and each true gain, how often the rule of
``harness.scoring.comparison.correction_verdict`` says what. Two classifiers of the world of
``experiments.statistics.worlds`` share most of what they get wrong, as one that was trained twice does.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.statistics.worlds import LARGE, SKILL, Items, World, items
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.correction_verdict import CorrectionVerdict, Gain, judge
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.paired import Resampled, difference, resampled
from harness.values import seeds
from harness.values.labels import LabelSet
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("verdicts.csv")
REPEATS = 600
DRAWS = 1_000
GAINS = (0.0, 0.02, 0.05)
SHARED = 0.9
"""Correlation of what two trainings read into a sentence that has another label."""

METRIC = "f1_macro"


@dataclass(frozen=True)
class Setting:
    """How large validation is; test has twice as many articles."""

    name: str
    world: World


ALIKE = {"shift": 0.0, "noise": 0.0, "n_seeds": 1}
SETTINGS = (
    Setting("articles-10", World("validation", 10, mean_size=14, **ALIKE)),  # type: ignore[arg-type]
    Setting("articles-20", World("validation", 20, mean_size=14, **ALIKE)),  # type: ignore[arg-type]
    Setting("articles-35", World("validation", 35, mean_size=13, **ALIKE)),  # type: ignore[arg-type]
    Setting("articles-100", World("validation", 100, mean_size=4, **ALIKE)),  # type: ignore[arg-type]
    Setting("articles-400", World("validation", 400, mean_size=3, **ALIKE)),  # type: ignore[arg-type]
    Setting("seeds-3", World("validation", 100, mean_size=4, n_seeds=3)),
    Setting("seeds-5", World("validation", 100, mean_size=4, n_seeds=5)),
)


def answers(
    world: World, test_set: Items, skills: tuple[float, float], stream: np.random.Generator
) -> list[np.ndarray]:
    """Draw the answers of a classifier trained without and with gold, ``(n_seeds, n)`` each."""
    n, k = len(test_set.clusters), len(world.labels)
    n_clusters = int(test_set.clusters.max()) + 1

    def leaning() -> np.ndarray:
        of_cluster = stream.normal(size=(n_clusters, k))[test_set.clusters]
        drawn: np.ndarray = 0.4 * of_cluster + 0.6 * stream.normal(size=(n, k))
        return drawn

    shared, one_hot = leaning(), np.eye(k)[test_set.truth]
    answered = []
    for skill in skills:
        read = SHARED**0.5 * shared + (1 - SHARED) ** 0.5 * leaning()
        shifts = skill + world.shift * stream.normal(size=world.n_seeds)
        raised = (shifts[:, None] - test_set.hard)[..., None] * one_hot + read
        raised = raised + world.noise * stream.normal(size=(world.n_seeds, n, k))
        answered.append(raised.argmax(axis=-1))
    return answered


def aligned(world: World, test_set: Items, predicted: np.ndarray) -> AlignedPredictions:
    ids = np.arange(len(test_set.clusters)).astype(str).astype(object)
    proba = np.full((*predicted.shape, len(world.labels)), np.nan)
    parts = world.labels, ids, test_set.truth, predicted, proba, test_set.clusters, test_set.targets
    return AlignedPredictions(*parts, tuple(range(len(predicted)))).compact()


def measured_gain(where: str, without: AlignedPredictions, corrected: AlignedPredictions, seed: int) -> Gain:
    """Return the gain with its interval, as a comparison gives it."""
    metric = scored_by(without.labels)
    resamples = Draws(without.n_clusters, DRAWS, seed)

    def run(sample: AlignedPredictions, name: str) -> Resampled:
        drawn = np.concatenate([metric.drawn(sample, weights) for weights in resamples.blocks()])
        return resampled(metric.by_seed(sample), drawn, resamples, name)

    gap = difference(
        run(corrected, "with"), run(without, "without"), without.n_items, without.effective_clusters
    )
    return Gain(where, gap.value, gap.low, gap.high, without.n_items, gap.detectable)


@lru_cache
def scored_by(labels: LabelSet) -> ScalarMetric:
    # Looked up once: that goes through the whole catalogue.
    return ScalarMetric.named(METRIC, labels)


@lru_cache
def skill_for(gain: float, noise: float) -> float:
    """Return the skill that scores higher by a gain than :data:`SKILL`, on very many articles."""
    world = World("large", LARGE // 4, mean_size=4.0, n_seeds=1, shift=0.0, noise=noise)
    stream = seeds.generator(0, "learn", "large")
    test_set = items(world, stream)
    grid = SKILL + np.linspace(0.0, 0.6, 7)
    scores = []
    for skill in grid:
        same = seeds.generator(1, "learn", "answers")
        (predicted, _) = answers(world, test_set, (float(skill), SKILL), same)
        metric = scored_by(world.labels)
        scores.append(float(metric.by_seed(aligned(world, test_set, predicted)).mean()))
    return float(np.interp(scores[0] + gain, scores, grid))


def verdict_of(setting: Setting, gain: float, repeat: int) -> CorrectionVerdict:
    """Draw validation and test once, and judge."""
    world = setting.world
    stream = seeds.generator(repeat, "learn", setting.name, str(gain))
    skills = (SKILL, skill_for(gain, world.noise))
    gains = []
    for where, clusters in (("validation", world.clusters), ("test", 2 * world.clusters)):
        part = replace(world, clusters=clusters)
        test_set = items(part, stream)
        pair = [aligned(part, test_set, each) for each in answers(part, test_set, skills, stream)]
        gains.append(measured_gain(where, *pair, repeat))
    return judge(gains[0], gains[1:])


def simulate(setting: Setting, repeats: int) -> list[dict[str, object]]:
    rows = []
    for gain in GAINS:
        # How often nothing is taken for a gain is what matters most, and rare.
        n = repeats if gain == 0 else max(1, repeats // 3)
        drawn = [verdict_of(setting, gain, repeat) for repeat in range(n)]
        reasons = Counter(verdict.reason for verdict in drawn)
        counts = {name: reasons[name] / n for name in ("gain", "no gain", "worse", "vetoed", "undecided")}
        width = float(np.median([verdict.validation.high - verdict.validation.low for verdict in drawn]))
        rows.append(
            {
                "setting": setting.name,
                "groups": setting.world.clusters,
                "rows": float(np.mean([verdict.validation.n_items for verdict in drawn])),
                "gain": gain,
                "repeats": n,
                "promote": counts.pop("gain"),
                **counts,
                "interval width": width,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="settings, separated by commas")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of no gain; of gains a third")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    wanted = [name for name in arguments.only.split(",") if name]
    chosen = [setting for setting in SETTINGS if not wanted or setting.name in wanted]
    rows: list[dict[str, object]] = []
    for setting in progress(chosen, "settings", len(chosen), "settings"):
        rows += simulate(setting, arguments.repeats)
        # One setting at a time: what is done is not lost.
        pd.DataFrame(rows).round(4).to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
