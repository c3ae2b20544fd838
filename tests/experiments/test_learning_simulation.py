"""The simulation of what ``harness learn`` says: small, and held to what it has to be."""

from __future__ import annotations

import pytest

from experiments.learning import simulate


def test_shares_of_verdicts_add_up_and_gains_are_what_is_said() -> None:
    rows = simulate.simulate(simulate.SETTINGS[0], 6)
    assert [row["gain"] for row in rows] == list(simulate.GAINS)
    for row in rows:
        shares = [row[name] for name in ("promote", "no gain", "worse", "vetoed", "undecided")]
        assert sum(shares) == pytest.approx(1)  # type: ignore[arg-type]


def test_a_larger_gain_takes_more_skill() -> None:
    skills = [simulate.skill_for(gain, 0.0) for gain in simulate.GAINS]
    assert skills[0] == pytest.approx(simulate.SKILL)
    assert skills == sorted(skills)
    assert skills[-1] > skills[0]
