"""Shares without gold from a table of readings, and the verb; on a real corpus, too."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.articles.quantified_shares import quantification_notes, quantified, read_probabilities
from harness.articles.readings_table import load_readings
from harness.articles.shares import NAIVE, share_table
from harness.articles.tested_models import read_tested
from harness.cli.main import app
from harness.scoring.statistics.quantification import adjusted_count
from harness.values.errors import ArticleError
from harness.values.labels import STANCES

RATES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.25, 0.7]])
"""How often a true label (row) is taken for which."""


def predictions_of(truth: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels by the rates, and probabilities that are calibrated for equal shares."""
    given = np.array([draw.choice(3, p=RATES[code]) for code in truth], dtype=np.int64)
    columns = RATES / RATES.sum(axis=0)
    return given, columns.T[given]


def write_tested(path: Path, n: int = 600, truth: np.ndarray | None = None) -> Path:
    draw = np.random.default_rng(1)
    truth = np.arange(n) % 3 if truth is None else truth
    given, proba = predictions_of(truth, draw)
    rows = pd.DataFrame(
        {
            "id": [f"t{k}" for k in range(len(truth))],
            "truth": [STANCES[code] for code in truth],
            "prediction": [STANCES[code] for code in given],
            "split": "test",
            "seed": 1,
            "group": [f"g{k // 3}" for k in range(len(truth))],
            **{f"p_{name}": proba[:, code] for code, name in enumerate(STANCES)},
        }
    )
    rows.to_csv(path, index=False)
    return path


def write_readings(path: Path, truth: np.ndarray, targets: list[str] | None = None) -> Path:
    given, proba = predictions_of(truth, np.random.default_rng(2))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        columns = ["article", "sentence", "target", "sure", "own_voice", "stance", "text", "outlet", "date"]
        writer.writerow([*columns, *(f"p_{name}" for name in STANCES)])
        for k, code in enumerate(given):
            target = targets[k] if targets else "Varna"
            row = [f"a{k // 2}", k % 2, target, True, True, STANCES[code], f"Sentence {k}.", "Ledger", ""]
            writer.writerow([*row, *proba[k]])
    return path


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(3).choice(3, 3_000, p=[0.6, 0.3, 0.1])


@pytest.mark.parametrize("method", ["acc", "emq"])
def test_shares_are_nearer_the_truth_than_counting(tmp_path: Path, truth: np.ndarray, method: str) -> None:
    tested = read_tested(write_tested(tmp_path / "tested.csv", 3_000))
    path = write_readings(tmp_path / "rows.csv", truth)
    readings = load_readings(path)
    naive = share_table(readings, by=["target"])
    table = quantified(naive, readings, tested, method, read_probabilities(path, tested.labels))
    for share in table.shares:
        if share.voice != "all":
            continue
        true = float((truth == STANCES.index(share.label)).mean())
        assert share.method == method
        assert share.stream.low < true < share.stream.high
        assert abs(share.corrected.value - true) < 0.05
    counted = {share.label: share.naive.value for share in table.shares if share.voice == "all"}
    assert max(abs(counted[STANCES[k]] - float((truth == k).mean())) for k in range(3)) > 0.1


def test_small_groups_stay_naive_and_are_counted(tmp_path: Path, truth: np.ndarray) -> None:
    targets = ["Ostrel" if k < 20 else "Varna" for k in range(300)]
    readings = load_readings(write_readings(tmp_path / "rows.csv", truth[:300], targets))
    tested = read_tested(write_tested(tmp_path / "tested.csv"))
    table = quantified(share_table(readings, by=["target"]), readings, tested, "acc")
    methods = {share.group["target"]: share.method for share in table.shares if share.voice == "all"}
    assert methods == {"Ostrel": NAIVE, "Varna": "acc"}
    notes = list(quantification_notes(table.shares, tested, "acc"))
    assert {"1", "2"} <= set(notes[-1].split())


def test_a_confusion_that_cannot_be_inverted_leaves_shares_naive(
    tmp_path: Path, truth: np.ndarray, golden: Golden
) -> None:
    path = write_tested(tmp_path / "tested.csv")
    rows = pd.read_csv(path).assign(prediction="neutral")
    rows.to_csv(path, index=False)
    readings = load_readings(write_readings(tmp_path / "rows.csv", truth[:200]))
    tested = read_tested(path)
    table = quantified(share_table(readings, by=["target"]), readings, tested, "acc")
    assert {share.method for share in table.shares} == {NAIVE}
    notes = {
        "blind": quantification_notes(table.shares, tested, "acc"),
        "emq": quantification_notes([], read_tested(write_tested(path)), "emq"),
    }
    golden("articles/quantification-notes", "\n".join(f"{k}: {n}" for k, of in notes.items() for n in of))


def test_tables_that_cannot_be_used_are_refused(tmp_path: Path, truth: np.ndarray, golden: Golden) -> None:
    path = write_tested(tmp_path / "tested.csv")
    rows = pd.read_csv(path)
    readings = load_readings(write_readings(tmp_path / "rows.csv", truth[:200]))
    tables = {
        "no truth": rows.drop(columns="truth"),
        "no probabilities": rows.drop(columns="p_neutral"),
        "no test rows": rows.assign(split="validation"),
        "a rare label": rows[(rows["truth"] != "neutral") | (rows.index < 6)],
    }
    lines = []
    for name, table in tables.items():
        file = tmp_path / "bad.csv"
        table.to_csv(file, index=False)
        with pytest.raises(ArticleError) as caught:
            read_tested(file)
        lines.append(f"{name}: {str(caught.value).replace(str(tmp_path), 'FOLDER')}")
    other = rows.rename(columns={"p_neutral": "p_none"}).replace("neutral", "none")
    other.to_csv(path, index=False)
    for method in ("acc", "akk"):
        with pytest.raises(ArticleError) as caught:
            quantified(share_table(readings, by=["target"]), readings, read_tested(path), method)
        lines.append(f"{method}: {str(caught.value).replace(str(tmp_path), 'FOLDER')}")
    golden("articles/quantification-errors", "\n".join(lines))


def test_the_verb(tmp_path: Path, truth: np.ndarray) -> None:
    rows = write_readings(tmp_path / "rows.csv", truth[:400])
    tested = write_tested(tmp_path / "tested.csv")
    out = tmp_path / "out"
    for method in ("acc", "emq"):
        arguments = ["shares", str(rows), "--by", "target", "--tested", str(tested), "--quantify", method]
        done = CliRunner().invoke(app, [*arguments, "--output", str(out)])
        assert done.exit_code == 0, done.output
        table = pd.read_csv(out / "shares.csv")
        assert set(table.loc[table["voice"] == "all", "method"]) == {method}
        whole = table[table["voice"] == "all"]
        assert whole[["share", "low_stream", "high_stream"]].notna().all(axis=None)
        # The interval is for the stream: of these rows it would be another.
        assert whole[["low", "high"]].isna().all(axis=None)
        line = next(line for line in done.output.splitlines() if line.startswith("all "))
        bounds = whole.iloc[0][["low_stream", "high_stream"]]
        assert line.split()[-3:-1] == ["–", "–".join(f"{bound:.3f}" for bound in bounds)]
        page = (out / "shares.html").read_text(encoding="utf-8")
        assert "nan" not in page.lower().partition("<h2>all shares</h2>")[2]
        assert "condition number" in " ".join(done.output.split())
    gold = CliRunner().invoke(app, ["shares", str(rows), "--tested", str(tested), "--gold", str(rows)])
    assert gold.exit_code == 1


def test_on_a_real_corpus_the_adjusted_count_is_that_of_the_confusion(tmp_path: Path) -> None:
    corpus = harness.load_corpus("partyline").rows
    rows = corpus[corpus["split"] == "test"].reset_index(drop=True)
    stances = np.array([STANCES.index(stance) for stance in rows["stance"]])
    articles = rows["group"].astype("category").cat.codes.to_numpy()
    half = articles % 2 == 0
    tested = read_tested(write_tested(tmp_path / "tested.csv", truth=stances[half]))
    path = write_readings(tmp_path / "rows.csv", stances[~half])
    readings = load_readings(path)
    table = quantified(share_table(readings, by=["target"]), readings, tested, "acc")
    shares: dict[str, Any] = {share.label: share for share in table.shares if share.voice == "all"}
    confusion = pd.crosstab(tested.errors.predicted, tested.errors.truth, normalize="columns").to_numpy()
    counted = readings.rows["stance"].value_counts(normalize=True)[list(STANCES)].to_numpy()
    expected = adjusted_count(confusion, counted)
    np.testing.assert_allclose([shares[name].corrected.value for name in STANCES], expected, atol=1e-9)
    for code, name in enumerate(STANCES):
        true = (stances[~half] == code).mean()
        assert shares[name].stream.low < true < shares[name].stream.high


def test_rows_whose_prediction_is_missing_tell_nothing(tmp_path: Path) -> None:
    path = write_tested(tmp_path / "tested.csv", 900)
    rows = pd.read_csv(path)
    whole = read_tested(path)
    refused = rows.assign(prediction=np.where(rows.index % 9 == 0, None, rows["prediction"]))
    refused.loc[refused.index % 9 == 0, [f"p_{name}" for name in STANCES]] = np.nan
    refused.to_csv(path, index=False)
    tested = read_tested(path)
    assert len(tested.errors.truth) == 800
    assert np.isfinite(tested.errors.proba).all()
    assert np.array_equal(tested.errors.predicted, whole.errors.predicted[np.arange(900) % 9 != 0])
