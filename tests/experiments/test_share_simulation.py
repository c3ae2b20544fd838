"""The simulation of shares: that it runs, and that its results say what is claimed of them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

TOP = Path(__file__).parents[2]
ERROR = 0.0049
"""The standard error of a share of 2,000 at 0.95."""
MIN_ITEMS = 10


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(TOP), *sys.path])
    from experiments.shares import simulate as module

    return module


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    rows = pd.read_csv(TOP / "experiments" / "shares" / "results.csv")
    together = rows.groupby(["world", "voice", "label"])["intervals"].sum()
    assert (together >= 1_980).all()
    return rows


def test_every_world_is_in_the_results(results: pd.DataFrame, simulate: ModuleType) -> None:
    assert set(results["world"]) == {world.name for world in simulate.WORLDS}


def test_no_interval_of_a_share_covers_less_than_93_per_cent(results: pd.DataFrame) -> None:
    rows = results[~results["pooled"]]
    enough = rows[rows["items"] >= MIN_ITEMS]
    assert len(enough) >= 30
    for column in ("coverage", "coverage_stream"):
        assert enough[column].min() >= 0.93
        # And on average they cover what they say, or a little more.
        assert 0.95 - ERROR <= enough[column].mean() <= 0.97
    # Fewer items: exact intervals cover too much rather than too little.
    assert rows["coverage"].min() >= 0.93
    assert (rows["bias"].abs() <= 0.01).all()


def test_coverage_is_94_to_96_per_cent_from_a_hundred_labels_on(results: pd.DataFrame) -> None:
    # A model that errs in a few labelled rows alone is covered more often, and so is a sample by predictions.
    ordinary = results["world"].str.contains("right 80 %$|leans") & (results["voice"] == "all")
    rows = results[ordinary & (results["items"] >= MIN_ITEMS) & (results["labelled"] >= 100)]
    assert len(rows) >= 9
    for column in ("coverage", "coverage_stream"):
        assert rows[column].between(0.94 - ERROR, 0.96 + ERROR).all()
    others = results[(results["items"] >= MIN_ITEMS) & ~results["pooled"]]
    assert others["coverage"].max() <= 0.985


def test_naive_intervals_fail_where_the_model_leans(results: pd.DataFrame) -> None:
    leaning = results[results["world"].str.startswith("leans") & (results["voice"] == "all")]
    assert (leaning[leaning["label"] != "supportive"]["naive_coverage"] < 0.05).all()
    # A rare stance has wide intervals even where they are wrong.
    assert (leaning["naive_coverage"] < 0.2).all()


def test_a_useless_model_costs_next_to_nothing_and_a_good_one_spares_labels(results: pd.DataFrame) -> None:
    rows = results[(results["voice"] == "all") & ~results["pooled"]]
    assert rows["world"].str.startswith("blind").any()
    assert rows["error_to_gold_alone"].max() <= 1.03
    useful = rows[rows["world"].isin(["right 80 %", "right 95 %"]) & (rows["exact"] < 0.1)]
    # The square is the share of labels that do as well.
    assert (useful["error_to_gold_alone"] ** 2).max() < 0.7


def test_pooled_intervals_hold_on_average_over_groups(results: pd.DataFrame) -> None:
    pooled = results[results["pooled"]]
    assert len(pooled) == 3
    assert pooled["coverage"].between(0.93, 0.99).all()


def test_differences_are_covered_and_false_alarms_rare(results: pd.DataFrame) -> None:
    rows = results[results["voice"] == "difference"]
    assert len(rows) >= 9
    for column in ("coverage", "coverage_stream"):
        assert rows[column].between(0.93, 0.98).all()
    # Of 45 differences, none of which there is in the stream, any is significant in so many tables.
    assert rows["any_significant"].max() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 334)


def test_a_share_of_the_simulation_stands_beside_its_truth(simulate: ModuleType, tmp_path: Path) -> None:
    from experiments.shares.worlds import PARTIES, STEADY, World

    world = World("census", STEADY, 40, 200, voice_right=0.8, compared=True)
    for folder in (tmp_path, None):
        outcomes = list(simulate.once(world, np.random.default_rng(0), folder))
        shares = [outcome for outcome in outcomes if outcome.voice != "difference"]
        # All rows are drawn and labelled, so every share is the truth.
        assert len(shares) == 9 * PARTIES
        assert all(outcome.value == pytest.approx(outcome.truth) for outcome in shares)
        assert len(outcomes) - len(shares) == 3 * PARTIES * (PARTIES - 1) / 2


def test_a_world_is_what_it_says() -> None:
    from experiments.shares.worlds import PARTIES, STEADY, World, simulated

    world = World("w", STEADY, 2000, 10, outlets=3, mean_rows=20, alike=0.4)
    rows = simulated(world, np.random.default_rng(0))
    assert len(rows) == 2000 * PARTIES
    assert rows.groupby("article")["outlet"].nunique().max() == 1
    assert set(rows["outlet"]) == {"0", "1", "2"}
    for stance, share in zip(("critical", "neutral", "supportive"), world.truth, strict=True):
        assert (rows["truth"] == stance).mean() == pytest.approx(share, abs=0.04)
    right = (rows["truth"] == rows["stance"]).mean()
    assert right == pytest.approx(0.8, abs=0.02)
    # Rows of an article are alike; those of another world, hardly.
    spread = [
        (simulated(each, np.random.default_rng(0))["truth"] == "critical")
        .groupby(simulated(each, np.random.default_rng(0))["article"])
        .mean()
        .std()
        for each in (world, replace(world, alike=0.01))
    ]
    assert spread[0] > 2 * spread[1]
