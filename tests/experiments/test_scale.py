"""The plan for very many rows: its formulas and the simulation of slow parts and failing workers agree."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.performance import scale
from experiments.performance.scale import Job

DRAWS = 2000
SMALL = Job(2048 * 400, 400.0, 8, 8, slow=0.1, hours_between_failures=0.2, restart=60.0)
"""A part takes 256 seconds, and a worker fails every 12 minutes."""


def drawn(job: Job, draws: int = DRAWS) -> tuple[np.ndarray, np.ndarray]:
    return scale.durations(job, draws, np.random.default_rng(1))


def near(values: np.ndarray, expected: float) -> bool:
    """Whether a mean is within four standard errors of what is expected."""
    return abs(values.mean() - expected) < 4 * values.std(ddof=1) / math.sqrt(len(values))


def test_a_piece_that_begins_anew_takes_what_the_formula_says() -> None:
    job = Job(1, 0.01, 1, 1, hours_between_failures=100 / 3600, restart=50.0, resumed=False)
    # By hand: 100 s, a failure every 100 s, 50 s until it begins anew: (100 + 50)(e - 1).
    assert scale.expected_seconds(job) == pytest.approx(150 * (math.e - 1))


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize("parts", [8, 40])
def test_formulas_and_simulation_agree(resumed: bool, parts: int) -> None:
    job = replace(SMALL, resumed=resumed, parts=parts)
    taken, failures = drawn(job)
    assert near(taken.sum(axis=1), scale.expected_work(job))
    assert near(failures.sum(axis=1).astype(float), scale.expected_failures(job))


@pytest.mark.parametrize("resumed", [True, False])
def test_how_often_a_call_gives_up(resumed: bool) -> None:
    job = replace(SMALL, resumed=resumed, parts=8, hours_between_failures=1.0)
    _, failures = drawn(job, 20_000)
    gives_up = (failures >= scale.ATTEMPTS).any(axis=1).astype(float)
    assert 0.001 < scale.gives_up(job) < 0.5
    # A resumed part has a piece more for each failure: a few in a hundred beside Poisson.
    assert gives_up.mean() == pytest.approx(scale.gives_up(job), rel=0.2)


def test_a_formula_without_the_slow_parts_would_be_seen() -> None:
    taken, _ = drawn(SMALL)
    assert not near(taken.sum(axis=1), scale.expected_work(replace(SMALL, slow=0.0)))
    assert not near(taken.sum(axis=1), scale.expected_work(replace(SMALL, restart=0.0)))
    assert not near(taken.sum(axis=1), scale.expected_work(replace(SMALL, resumed=False)))


def test_the_longest_of_parts_that_are_dealt_out() -> None:
    job = replace(SMALL, hours_between_failures=1e9)
    taken, failures = drawn(job)
    assert failures.sum() == 0
    assert near(scale.last_end(taken, job.workers), scale.expected_longest(job))


@pytest.mark.parametrize("parts", [8, 9, 40, 160])
def test_the_last_end_is_within_its_bounds(parts: int) -> None:
    taken, _ = drawn(replace(SMALL, parts=parts), 200)
    ends = scale.last_end(taken, SMALL.workers)
    low, high = scale.bounds(taken, SMALL.workers)
    assert (ends >= low - 1e-6).all()
    assert (ends <= high + 1e-6).all()


def test_a_schedule_by_hand() -> None:
    # Two workers: 5 | 3, then 4 after 3, then 1 after 5, then 2 after 6: ends 8 and 7.
    assert scale.last_end(np.array([[5.0, 3.0, 4.0, 1.0, 2.0]]), 2).tolist() == [8.0]


def test_more_parts_leave_less_to_the_slowest() -> None:
    hours = [
        scale.simulated(replace(SMALL, parts=parts, hours_between_failures=1e6), 200)["hours"]
        for parts in (8, 32, 128)
    ]
    assert hours == sorted(hours, reverse=True)


def test_hours_and_costs_follow_from_rates_and_prices() -> None:
    lines = scale.plan_rows(scale.Prices(2.0, 30.0, 1.0))
    words = next(line for line in lines if "words only" in line)
    hours = 1e8 / 18_035 / 3600
    assert f"| {hours:,.1f} |" in words
    assert words.endswith(f"| {2 * hours:,.2f} |")


def test_a_seed_gives_the_same_numbers() -> None:
    assert scale.simulated(SMALL, 50) == scale.simulated(SMALL, 50)
