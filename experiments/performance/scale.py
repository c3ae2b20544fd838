"""A hundred million and ten thousand million rows on paper: hours, cost, storage, failures; and a simulation.

    python -m experiments.performance.scale [--core-hour 0.05] [--gpu-hour 3] [--tb-month 25] [--draws 400]

Rows a second are those that the other sections of ``results.md`` measured; what is not measured is an input:
prices, how often a machine is taken away, how many parts meet a slow one. The formulas are held by a seeded
simulation of parts that are slow and workers that fail, which takes seconds.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.performance import section

CHUNK = 2048
"""Rows of a chunk: what a worker that fails loses at most, since a draft is on the disk after each."""

ATTEMPTS = 3
"""So often ``--executor processes`` begins a part whose process is killed."""

ROWS = (10**8, 10**10)
SEED = 20261129
HOUR = 3600.0
BYTES = 10**12
"""Of a terabyte."""


@dataclass(frozen=True)
class Classifier:
    """What labels, on one unit of a machine.

    Attributes
    ----------
    name, unit : str
        What is paid by the hour: ``core`` or ``GPU``.
    rate : float
        Rows a second of one unit, reading and writing included.
    """

    name: str
    unit: str
    rate: float


WORDS, CHARS = 35_069.0, 7_959.0
"""Sentences a second of `linear` on one core, by words alone and by default (section Linear classifiers)."""

WORDS_WITH_FILES = 18_035.0
"""Rows a second of the whole command, CSV to CSV, by words (section Memory)."""

FILES = 1 / WORDS_WITH_FILES - 1 / WORDS
"""Seconds a row that reading and writing take beside computing: what the two figures above differ by."""

CLASSIFIERS = (
    Classifier("linear, words only", "core", WORDS_WITH_FILES),
    Classifier("linear", "core", 1 / (1 / CHARS + FILES)),
    # 783 rows a second on two cores, CSV to CSV (section Memory).
    Classifier("encoder, int8", "core", 783 / 2),
    # Of one H200, tokenizing included (section On a GPU); files come on top.
    Classifier("encoder, fp32", "GPU", 1 / (1 / 9_501 + FILES)),
)


@dataclass(frozen=True)
class Job:
    """Rows that are labelled in parts.

    Attributes
    ----------
    rows : int
    rate : float
        Rows a second of a worker.
    workers, parts : int
        Parts are of equal length, and each is labelled by one worker.
    slow : float
        Share of the parts that meet a slow machine.
    factor : float
        How many times longer these take.
    hours_between_failures : float
        Of one worker, on average; failures are a Poisson process.
    restart : float
        Seconds until a failed worker labels again: another machine, loading the model, reading up to the row.
    resumed : bool
        Whether a part goes on after its last whole chunk; otherwise it begins anew.
    """

    rows: int
    rate: float
    workers: int
    parts: int
    slow: float = 0.02
    factor: float = 3.0
    hours_between_failures: float = 24.0
    restart: float = 120.0
    resumed: bool = True

    @property
    def seconds(self) -> float:
        """Of a part that is neither slow nor fails."""
        return self.rows / self.parts / self.rate

    @property
    def failure_rate(self) -> float:
        """Failures a second of a worker."""
        return 1 / (self.hours_between_failures * HOUR)

    @property
    def segments(self) -> int:
        """Pieces of a part, each of which is lost as a whole where a worker fails in it."""
        return max(math.ceil(self.rows / self.parts / CHUNK), 1) if self.resumed else 1


def expected_seconds(job: Job, slowness: float = 1.0) -> float:
    """Return how long a part takes on average, failures included.

    A piece of ``c`` seconds that begins anew after each failure, ``R`` seconds later, takes
    ``(1/λ + R)(exp(λc) - 1)`` on average (Daly 2006, "A higher order estimate of the optimum checkpoint
    interval for restart dumps", equation 9, nothing failing during a restart).

    Worked by hand: c = 100 s, λ = 0.01/s, R = 50 s: (100 + 50)(e - 1) = 257.7 s.

    Parameters
    ----------
    job : Job
    slowness : float
        How many times longer the part takes.
    """
    rate, piece = job.failure_rate, job.seconds * slowness / job.segments
    return job.segments * (1 / rate + job.restart) * math.expm1(rate * piece)


def expected_work(job: Job) -> float:
    """Return the seconds of all workers together, on average."""
    mixed = (1 - job.slow) * expected_seconds(job) + job.slow * expected_seconds(job, job.factor)
    return job.parts * mixed


def expected_failures(job: Job) -> float:
    """Return how many workers fail on average: of each piece, ``exp(λc) - 1``."""
    rate, piece = job.failure_rate, job.seconds / job.segments
    mixed = (1 - job.slow) * math.expm1(rate * piece) + job.slow * math.expm1(rate * piece * job.factor)
    return job.parts * job.segments * mixed


def gives_up(job: Job, attempts: int = ATTEMPTS) -> float:
    """Return the probability that some part is ended ``attempts`` times, which ends the call.

    The failures of a resumed part are those of its running time, near enough Poisson; a part that begins anew
    fails each time with the same probability.
    """

    def of_part(slowness: float) -> float:
        load = job.failure_rate * job.seconds * slowness
        if not job.resumed:
            return (-math.expm1(-load)) ** attempts
        fewer: float = sum(math.exp(-load) * load**n / math.factorial(n) for n in range(attempts))
        return max(1 - fewer, 0.0)

    survives = (1 - job.slow) * math.log1p(-of_part(1.0)) + job.slow * math.log1p(-of_part(job.factor))
    return -math.expm1(job.parts * survives)


def bounds(durations: NDArray[np.float64], workers: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return between what the time until the last part lies, whatever the order of the parts (Graham 1969).

    Parameters
    ----------
    durations : (draws, parts) array
        Seconds of each part.
    workers : int
    """
    share, longest = durations.sum(axis=1) / workers, durations.max(axis=1)
    return np.maximum(share, longest), share + (1 - 1 / workers) * longest


def expected_longest(job: Job) -> float:
    """Return the time until the last part where each worker has one part and nothing fails, on average."""
    any_slow = 1 - (1 - job.slow) ** job.workers
    return job.seconds * (1 + (job.factor - 1) * any_slow)


def durations(
    job: Job, draws: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw how long each part takes, and how often its worker fails, both ``(draws, parts)``."""
    shape = (draws, job.parts)
    slowness = np.where(random.random(shape) < job.slow, job.factor, 1.0)
    piece = job.seconds * slowness / job.segments
    succeeds = np.exp(-job.failure_rate * piece)
    # Failures before all pieces have succeeded once, whatever the order in which they are tried.
    failures = random.negative_binomial(job.segments, succeeds)
    flat, n = failures.ravel(), int(failures.sum())
    # Where in its piece each failure falls: an exponential time, given that it is within the piece.
    within = np.repeat(piece.ravel(), flat)
    share = random.random(n) * -np.expm1(-job.failure_rate * within)
    lost = -np.log1p(-share) / job.failure_rate
    owner = np.repeat(np.arange(flat.size), flat)
    wasted = np.bincount(owner, lost, flat.size).reshape(shape) + failures * job.restart
    return job.seconds * slowness + wasted, failures


def last_end(durations: NDArray[np.float64], workers: int) -> NDArray[np.float64]:
    """Return the time until the last part ends; a worker that is free takes the next part."""
    free_at = np.zeros((len(durations), workers))
    draw = np.arange(len(durations))
    for part in durations.T:
        free_at[draw, free_at.argmin(axis=1)] += part
    return free_at.max(axis=1)


def bytes_per_row() -> dict[str, float]:
    """Measure what a distinct sentence of the packaged corpus takes, with a party, as input and labelled.

    Probabilities are drawn at random: those of a model compress no worse.
    """
    import pandas as pd

    import harness

    corpus = harness.load_corpus("partyline")
    rows: pd.DataFrame = corpus.rows[["text", "target"]].drop_duplicates("text")
    random = np.random.default_rng(SEED)
    labelled = rows.assign(label=random.choice(["critical", "neutral", "supportive"], len(rows)))
    for number, name in enumerate(("critical", "neutral", "supportive")):
        labelled[f"p_{name}"] = random.dirichlet([1.0, 1.0, 1.0], len(rows))[:, number]
    labelled["abstain"] = False
    with tempfile.TemporaryDirectory() as folder:
        sizes = {}
        for name, table in (("input", rows), ("labelled", labelled)):
            path = Path(folder) / f"{name}.parquet"
            table.to_parquet(path, index=False)
            sizes[name] = path.stat().st_size / len(table)
        path = Path(folder) / "labelled.csv"
        labelled.to_csv(path, index=False)
        sizes["CSV"] = path.stat().st_size / len(labelled)
    return sizes


def simulated(job: Job, draws: int) -> dict[str, float]:
    """Simulate a job; return means over the draws, and quantiles of the hours until the last part."""
    random = np.random.default_rng(SEED)
    taken, failures = durations(job, draws, random)
    ends = last_end(taken, job.workers)
    return {
        "work": float(taken.sum(axis=1).mean()),
        "failures": float(failures.sum(axis=1).mean()),
        "gives up": float((failures >= ATTEMPTS).any(axis=1).mean()),
        "hours": float(np.median(ends)) / HOUR,
        "hours, 95 of 100": float(np.quantile(ends, 0.95)) / HOUR,
        "ideal": float(taken.sum(axis=1).mean()) / job.workers / HOUR,
    }


@dataclass(frozen=True)
class Prices:
    """What is paid, in any currency.

    Attributes
    ----------
    core_hour, gpu_hour : float
    tb_month : float
        Storage.
    """

    core_hour: float
    gpu_hour: float
    tb_month: float

    def of(self, classifier: Classifier) -> float:
        """Return the price of an hour of a unit."""
        return self.gpu_hour if classifier.unit == "GPU" else self.core_hour


def plan_rows(prices: Prices) -> list[str]:
    """Return the table of hours and costs."""
    lines = [
        "| rows | classifier | rows a second of a unit | unit hours | on 64 units, hours | cost |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for rows in ROWS:
        for classifier in CLASSIFIERS:
            hours = rows / classifier.rate / HOUR
            lines.append(
                f"| {rows:,} | {classifier.name} | {classifier.rate:,.0f} a {classifier.unit} |"
                f" {hours:,.1f} | {hours / 64:,.2f} | {hours * prices.of(classifier):,.2f} |"
            )
    return lines


def storage_rows(sizes: dict[str, float], prices: Prices) -> list[str]:
    """Return the table of storage: at most a draft, the parts and the joined file lie side by side."""
    lines = [
        "| rows | input, GB | labelled Parquet, GB | labelled CSV, GB | at most, Parquet, GB | a month |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for rows in ROWS:
        gb = {name: size * rows / 10**9 for name, size in sizes.items()}
        most = gb["input"] + 2 * gb["labelled"]
        cost = (gb["input"] + gb["labelled"]) * 10**9 / BYTES * prices.tb_month
        lines.append(
            f"| {rows:,} | {gb['input']:,.0f} | {gb['labelled']:,.0f} | {gb['CSV']:,.0f} | {most:,.0f} |"
            f" {cost:,.2f} |"
        )
    return lines


def jobs() -> dict[str, Job]:
    """Return the jobs that are simulated: ten thousand million rows, the encoder on 256 cores."""
    encoder = Job(10**10, CLASSIFIERS[2].rate, 256, 256)
    return {
        "a part a worker, begun anew": replace(encoder, resumed=False),
        "a part a worker, resumed": encoder,
        "4 parts a worker, begun anew": replace(encoder, parts=1024, resumed=False),
        "4 parts a worker, resumed": replace(encoder, parts=1024),
        "16 parts a worker, begun anew": replace(encoder, parts=4096, resumed=False),
        "16 parts a worker, resumed": replace(encoder, parts=4096),
    }


def simulation_rows(draws: int) -> list[str]:
    """Return the table of the simulation beside the formulas."""
    lines = [
        "| 256 workers | hours of a part | failures | core hours, formula | simulated | until the last part,"
        " hours | 95 of 100 | some part ended 3 times, formula | simulated |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, job in jobs().items():
        result = simulated(job, draws)
        lines.append(
            f"| {name} | {job.seconds / HOUR:.2f} | {expected_failures(job):,.0f} |"
            f" {expected_work(job) / HOUR:,.0f} | {result['work'] / HOUR:,.0f} | {result['hours']:.2f} |"
            f" {result['hours, 95 of 100']:.2f} | {gives_up(job):.3f} | {result['gives up']:.3f} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute the plan, simulate it, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core-hour", type=float, default=0.05, help="price of a core for an hour")
    parser.add_argument("--gpu-hour", type=float, default=3.0, help="price of a GPU for an hour")
    parser.add_argument("--tb-month", type=float, default=25.0, help="price of a terabyte for a month")
    parser.add_argument("--draws", type=int, default=100, help="simulated jobs of each kind")
    asked = parser.parse_args(arguments)
    prices, sizes, job = Prices(asked.core_hour, asked.gpu_hour, asked.tb_month), bytes_per_row(), Job
    files, table = f"{FILES * 1e6:.0f}", "\n".join
    core, gpu, month = f"{asked.core_hour:g}", f"{asked.gpu_hour:g}", f"{asked.tb_month:g}"
    text = f"""\
Rows a second are those of other sections, with the time that reading and writing take beside computing
({files} µs a row) where a section measured computing alone. Prices are inputs, assumed and nobody's offer:
{core} for an hour of a core, {gpu} of a GPU, {month} for a terabyte a month.

{table(plan_rows(prices))}

A distinct sentence of Partyline takes {sizes["input"]:.0f} bytes in Parquet with its party,
{sizes["labelled"]:.0f} labelled, and {sizes["CSV"]:.0f} as labelled CSV.
At most, input, parts and the joined file lie side by side.

{table(storage_rows(sizes, prices))}

Ten thousand million rows by the encoder, int8. Assumed: {job.slow:.0%} of the parts meet a machine
{job.factor:g} times slower; a worker fails once in {job.hours_between_failures:g} hours, and labels
again after {job.restart:g} seconds. {asked.draws} simulated jobs of each kind; hours until the last
part are medians.

{table(simulation_rows(asked.draws))}"""
    section.write("Scale", "python -m experiments.performance.scale", text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
