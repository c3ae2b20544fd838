"""What to label next: each rule picks what it says, and only a random sample may score or correct."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from articles.test_shares import HEADER, line

import harness
from harness.articles.drift import read_stream
from harness.articles.frames_by_stance import frames_by_stance
from harness.articles.gold_sample import read_gold
from harness.articles.picking import pick_readings, pick_rows, uncertainty
from harness.articles.readings_table import load_readings
from harness.articles.sampling import stratified
from harness.articles.tested_models import read_tested
from harness.config.plan.objects import plan_of
from harness.evaluation.prepared import prepare
from harness.explorer.answers import ExploredClassifier, answered_rows
from harness.explorer.finished_experiments import Explored
from harness.explorer.page_data import Described
from harness.explorer.sampled_rows import SamplingRule, sample_experiment
from harness.values.errors import ArticleError, CorpusError
from harness.values.gold_origin import OTHERS, Pick, picked_otherwise
from harness.values.labels import STANCE
from harness.values.tables import Corpus, Predictions

ROWS = 60


def corpus() -> Corpus:
    rows = pd.DataFrame(
        {
            "id": [f"s{n}" for n in range(ROWS)],
            "text": [f"Saffron Party opened bridge {n}." for n in range(ROWS)],
            "target": ["Saffron Party", "New Compass", "Salt Road Party"] * (ROWS // 3),
            "start": pd.array([0] * ROWS, dtype="Int64"),
            "end": pd.array([13] * ROWS, dtype="Int64"),
            "stance": ["neutral"] * ROWS,
            "group": [f"g{n // 2}" for n in range(ROWS)],
            "outlet": ["Bulletin" if n < 15 else "Herald" for n in range(ROWS)],
        }
    )
    for name in ("holder", "frames", "date", "votes", "split"):
        rows[name] = None
    return Corpus("small", rows)


def explored(*names: str) -> Explored:
    """Two classifiers: the first is wrong on the first ten rows and ever surer, the second never wrong."""
    data = corpus()
    margins = np.linspace(0.02, 0.6, ROWS)
    proba = np.stack([np.full(ROWS, 0.2) - margins / 4, 0.4 + margins / 2, 0.4 - margins / 4], axis=1)
    proba[:10] = proba[:10][:, [1, 0, 2]]
    certain = np.tile([0.05, 0.9, 0.05], (ROWS, 1))
    answers = {"first": proba / proba.sum(axis=1, keepdims=True), "second": certain}
    classifiers = [
        ExploredClassifier(name, Predictions.of(data, STANCE, answers[name], run=name, split="test"))
        for name in names
    ]
    details = data.rows[["id", "text", "target", "start", "end", "group", "outlet"]].assign(date="")
    return Explored((), answered_rows(classifiers), details, Described("small", "stance", "small", True))


def numbers(drawn: pd.DataFrame) -> list[int]:
    return sorted(int(id_[1:]) for id_ in drawn["id"])


def test_each_rule_picks_what_it_says() -> None:
    both = explored("first", "second")
    assert numbers(sample_experiment(both, 50, SamplingRule("wrong"))) == list(range(10))
    assert numbers(sample_experiment(both, 50, SamplingRule("disagreement"))) == list(range(10))
    assert numbers(sample_experiment(both, 5, SamplingRule("uncertain"))) == list(range(5))
    herald = SamplingRule("slice", where=("outlet", "Bulletin"))
    assert numbers(sample_experiment(both, 50, herald)) == list(range(15))
    with pytest.raises(ArticleError):
        sample_experiment(both, 5, SamplingRule("wrong", classifier="second"))


@pytest.mark.parametrize("pick", ["random", "uncertain", "wrong", "disagreement"])
def test_a_sample_says_where_it_comes_from_and_no_label(pick: Pick) -> None:
    drawn = sample_experiment(explored("first", "second"), 8, SamplingRule(pick))
    assert set(drawn["pick"]) == {pick}
    assert not {"prediction", "stance", "truth"} & set(drawn.columns)
    assert set(drawn["gold"]) == {""}
    if pick == "random":
        # Of each stratum of 20 rows 3: the probabilities represent all rows.
        assert (1 / drawn["pi"]).sum() == pytest.approx(ROWS)
    else:
        assert set(drawn["pi"]) == {""}


def test_a_random_sample_repeats_with_its_seed_and_each_row_is_as_likely() -> None:
    table = corpus().rows
    counts = np.zeros(ROWS)
    for seed in range(300):
        drawn = stratified(table, ("target",), 15, seed=seed)
        counts[[int(id_[1:]) for id_ in drawn["id"]]] += 1
    # 5 of 20 rows: 75 of 300 times, with a standard deviation of 7.5; 4 of them are rare among 60 rows.
    assert np.abs(counts - 75).max() < 4.5 * math.sqrt(300 * 0.25 * 0.75)
    assert (
        stratified(table, (), 15, seed=3)["id"].tolist() == stratified(table, (), 15, seed=3)["id"].tolist()
    )


def test_uncertainty_by_hand() -> None:
    proba = np.array([[0.5, 0.4, 0.1], [0.9, 0.05, 0.05], [np.nan] * 3])
    assert uncertainty(proba) == pytest.approx([0.9, 0.15, np.nan], nan_ok=True)
    assert uncertainty(np.array([[0.9, 0.4], [0.5, 0.0]]), multi=True) == pytest.approx([0.8, 1.0])


def test_the_order_of_picked_rows_tells_nothing() -> None:
    table = corpus().rows
    drawn = pick_rows(table, np.ones(ROWS, bool), 30, "uncertain", first=np.linspace(1, 0, ROWS))
    assert numbers(drawn) == list(range(30))
    assert drawn["id"].tolist() != [f"s{n}" for n in range(30)]


@pytest.mark.parametrize("pick", OTHERS)
def test_picked_rows_correct_no_shares(tmp_path: Path, pick: Pick) -> None:
    table = tmp_path / "readings.csv"
    table.write_text(HEADER + "".join(line(n) for n in range(120)))
    readings = load_readings(table)
    drawn = pick_readings(table, 40, where=("target", readings.rows["target"].iloc[0]))
    gold = tmp_path / "gold.csv"
    drawn.assign(pick=pick, gold="critical", pi=1.0, stratum="all").to_csv(gold, index=False)
    with pytest.raises(ArticleError) as refused:
        read_gold(gold, readings)
    assert picked_otherwise(drawn.assign(pick=pick)["pick"]) in refused.value.problems[0].what


def picked_config(folder: Path, pick: str, part: str) -> dict[str, Any]:
    rows = corpus().rows[["id", "text", "target", "group"]].assign(pick="")
    rows["stance"] = ["critical", "neutral", "supportive"] * (ROWS // 3)
    rows["split"] = ["train"] * 30 + ["dev"] * 10 + ["test"] * 20
    rows.loc[rows["split"] == part, "pick"] = pick
    rows.to_csv(folder / "gold.csv", index=False)
    return {
        "name": "picked",
        "corpus": {"kind": "files", "path": str(folder / "gold.csv")},
        "split": {"kind": "predefined"},
        "classifiers": {"majority": {"kind": "majority"}},
    }


@pytest.mark.parametrize(("pick", "part", "refused"), [
    ("wrong", "test", "20 as wrong"), ("uncertain", "dev", "as uncertain"),
    ("wrong", "train", ""), ("random", "test", ""), ("a hotel", "test", ""),
])  # fmt: skip
def test_picked_rows_score_choose_and_calibrate_no_model(
    tmp_path: Path, pick: str, part: str, refused: str
) -> None:
    config = picked_config(tmp_path, pick, part)
    if not refused:
        assert len(prepare(plan_of(config, ())).splits) == 1
        return
    with pytest.raises(CorpusError) as problems:
        prepare(plan_of(config, ()))
    assert refused in problems.value.problems[0].what


def undecided(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys(("p_critical", "p_neutral", "p_supportive"), 1 / 3), index=rows.index)


@pytest.mark.parametrize("by", ["table", "config"])
def test_no_model_is_audited_on_picked_rows(tmp_path: Path, by: str) -> None:
    config = picked_config(tmp_path, "wrong", "test")
    audited = tmp_path / ("gold.csv" if by == "table" else "picked.yaml")
    if by == "config":
        audited.write_text(json.dumps(config))
    audited_on = {"corpus": str(audited), "set": {"audits": ["parity"]}, "track": False}
    with pytest.raises(CorpusError) as refused:
        harness.audit(undecided, **audited_on)
    assert "20 as wrong" in refused.value.problems[0].what
    # What is learned from may have any origin: the audited rows are those of test.
    picked_config(tmp_path, "wrong", "train")
    assert len(harness.audit(undecided, **audited_on).findings) == 1


READERS: dict[str, Callable[[Path], object]] = {
    "drift": read_stream,
    "shares": load_readings,
    "crosstab": frames_by_stance,
    "tested model": read_tested,
}


@pytest.mark.parametrize("reader", READERS)
def test_no_rates_are_computed_of_picked_rows(tmp_path: Path, reader: str) -> None:
    columns = "article,sentence,target,sure,own_voice,stance,text,date,label,frames,truth,prediction"
    columns += ",p_critical,pick\n"
    cells = "a{n},1,New Compass,True,True,critical,Text {n},2030-01-01,critical,conflict,critical,critical,1"
    for pick in ("random", "uncertain"):
        path = tmp_path / f"{pick}.csv"
        path.write_text(columns + "".join(f"{cells.format(n=n)},{pick}\n" for n in range(40)))
    READERS[reader](tmp_path / "random.csv")
    with pytest.raises(ArticleError) as refused:
        READERS[reader](tmp_path / "uncertain.csv")
    assert "40 as uncertain" in refused.value.problems[0].what
