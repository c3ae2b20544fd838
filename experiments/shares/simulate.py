"""How often the intervals of shares, and of their differences, cover the truth.

    python -m experiments.shares.simulate

Readings are simulated, so that their truth is known; a sample is drawn, written, labelled and read by
``harness sample`` and ``harness shares``. Writes ``results.csv`` and the tables of the README.
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

from experiments.shares.worlds import PARTIES, WORLDS, World, simulated
from harness.articles.gold_sample import labelled_gold, read_gold
from harness.articles.readings_table import ReadingsTable
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.share_differences import StanceDifference, share_differences
from harness.articles.shares import SHARE_VOICES, StanceShare, share_table
from harness.values.labels import STANCES
from harness.values.progress import progress

RESULTS = Path(__file__).parent / "results.csv"
INTERVALS = 2000


@dataclass(frozen=True)
class Outcome:
    """A share, or a difference of two, beside its truth.

    Attributes
    ----------
    label, voice, method : str
        ``difference`` as the voice: a difference of two parties.
    truth, truth_stream : float
        In the rows, and in the stream that they are from.
    value, naive : float
    gold_alone : float
        The estimate that ignores the model.
    covers, covers_stream, covers_naive : bool
    width, width_stream : float
    n_gold : int
    significant : bool
        Whether a difference is told from 0 in the stream, after Holm's correction.
    """

    label: str
    voice: str
    method: str
    truth: float
    truth_stream: float
    value: float
    naive: float
    gold_alone: float
    covers: bool
    covers_stream: bool
    covers_naive: bool
    width: float
    width_stream: float
    n_gold: int
    significant: bool = False


def once(world: World, random: np.random.Generator, folder: Path | None = None) -> Iterator[Outcome]:
    """Simulate rows and label a sample; yield the shares and the differences.

    With a folder, the sample is written and read again, as it is by hand.
    """
    rows = simulated(world, random)
    table = ReadingsTable(rows, 0)
    sample = draw_sample(table, world.labelled * PARTIES, by=world.strata, seed=int(random.integers(2**31)))
    chosen = sample["row"].astype(int)
    filled = sample.assign(gold=rows["truth"][chosen].array, gold_voice=rows["true_voice"][chosen].array)
    if folder is None:
        gold = labelled_gold(filled[["row", "pi", "stratum", "gold", "gold_voice"]], rows.set_index("row"))
    else:
        write_sample(filled, folder / "gold.csv")
        gold = read_gold(folder / "gold.csv", table)
    shares = share_table(table, gold, by=world.by, voices=SHARE_VOICES if world.compared else ("all",))
    columns = {name: rows[name].to_numpy() for name in ("target", "outlet", "true_voice", "truth")}
    labelled = {name: gold.rows[name].to_numpy() for name in ("target", "outlet", "gold", "gold_voice", "pi")}
    for share in shares.shares:
        if not np.isnan(share.corrected.value):
            yield _share_outcome(world, share, columns, labelled)
    if world.compared:
        for difference in share_differences(shares, "target"):
            yield _difference_outcome(difference, columns)


def _share_outcome(
    world: World, share: StanceShare, columns: dict[str, Any], labelled: dict[str, Any]
) -> Outcome:
    inside = np.all([columns[key] == value for key, value in share.group.items()], axis=0)
    mine = np.all([labelled[key] == value for key, value in share.group.items()], axis=0)
    if share.voice != "all":
        inside &= columns["true_voice"] == share.voice
        mine &= labelled["gold_voice"] == share.voice
    truth = float((columns["truth"][inside] == share.label).mean())
    weight = 1 / labelled["pi"][mine]
    is_mine = labelled["gold"][mine] == share.label
    alone = float((weight * is_mine).sum() / weight.sum()) if mine.any() else np.nan
    of_world, stream = world.truth[STANCES.index(share.label)], share.stream
    voice = "all" if share.voice == "all" else "own or quoted"
    return Outcome(
        share.label, voice, share.method, truth, of_world, share.corrected.value, share.naive.value, alone,
        share.corrected.low <= truth <= share.corrected.high, stream.low <= of_world <= stream.high,
        share.naive.low <= truth <= share.naive.high,
        share.corrected.high - share.corrected.low, stream.high - stream.low, share.n_gold,
    )  # fmt: skip


def _difference_outcome(difference: StanceDifference, columns: dict[str, Any]) -> Outcome:
    first, second = (
        float((columns["truth"][columns["target"] == party] == difference.label).mean())
        for party in (difference.first, difference.second)
    )
    rows, stream = difference.rows, difference.stream
    return Outcome(
        difference.label, "difference", "tuned", first - second, 0.0, rows.value, np.nan, np.nan,
        rows.low <= first - second <= rows.high, stream.low <= 0 <= stream.high, False,
        rows.high - rows.low, stream.high - stream.low, 0, difference.p_holm_stream <= 0.05,
    )  # fmt: skip


def rows(world: World, folder: Path) -> Iterator[dict[str, Any]]:
    """Simulate a world until there are two thousand intervals; yield a row for each voice and label."""
    random = np.random.default_rng(1)
    groups = world.outlets if world.outlets >= 10 else PARTIES * world.outlets
    # One sample goes through a file; of two thousand, that would be most of the time.
    draws = [
        list(once(world, random, None if number else folder)) for number in range(-(-INTERVALS // groups))
    ]
    table = pd.DataFrame([outcome for draw in draws for outcome in draw])
    # One false alarm in a table of differences is enough.
    alarms = np.mean([any(outcome.significant for outcome in draw) for draw in draws])
    # Methods are chosen by the data, so that their shares are counted together; pooled ones stand apart.
    pooled = table["method"] == "pooled"
    for (voice, label, is_pooled), part in table.groupby(["voice", "label", pooled]):
        # Of a difference, on either side.
        labelled = round(world.labelled if voice == "difference" else part["n_gold"].mean())
        is_share = voice != "difference"
        # Where outlets differ, each has a stream of its own.
        has_stream = world.outlets < 10
        yield {
            "world": world.name, "voice": voice, "label": label, "pooled": is_pooled, "intervals": len(part),
            "labelled": labelled,
            "items": f"{labelled * world.truth[STANCES.index(label)]:.1f}",
            "exact": f"{(part['method'] == 'exact').mean():.3f}",
            "truth": f"{part['truth'].mean():.3f}",
            "naive_bias": f"{(part['naive'] - part['truth']).mean():+.3f}" if is_share else "",
            "naive_coverage": f"{part['covers_naive'].mean():.4f}" if is_share else "",
            "bias": f"{(part['value'] - part['truth']).mean():+.4f}",
            "coverage": f"{part['covers'].mean():.4f}",
            "width": f"{part['width'].mean():.3f}",
            "coverage_stream": f"{part['covers_stream'].mean():.4f}" if has_stream else "",
            "width_stream": f"{part['width_stream'].mean():.3f}" if has_stream else "",
            "error_to_gold_alone": f"{_error(part, 'value') / _error(part, 'gold_alone'):.3f}"
            if is_share
            else "",
            "any_significant": "" if is_share else f"{alarms:.4f}",
        }  # fmt: skip


def _error(part: pd.DataFrame, column: str) -> float:
    """Return the root of the mean squared error of those that have a value."""
    return float(np.sqrt(((part[column] - part["truth"]) ** 2).mean()))


def main() -> None:
    """Simulate the worlds that are not in the table yet, and write it."""
    results: list[dict[str, Any]] = []
    if RESULTS.is_file():
        with RESULTS.open(encoding="utf-8", newline="") as handle:
            results = list(csv.DictReader(handle))
    done = {row["world"] for row in results}
    with TemporaryDirectory() as folder:
        for world in progress(WORLDS, "simulating", len(WORLDS), "worlds"):
            if world.name in done:
                continue
            results += rows(world, Path(folder))
            with RESULTS.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, list(results[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(results)


if __name__ == "__main__":
    main()
