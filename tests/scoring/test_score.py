"""Predictions in, Scores out."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from sentences import numbers
from sklearn.metrics import f1_score

from harness.scoring import score as scoring
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.limitations import few_groups_limitation, limitations
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import default_names, resolve
from harness.scoring.score import score, seed_values
from harness.values.errors import ConfigError, PredictionsError
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.tables import SCORE_COLUMNS, Corpus, Predictions

N = 90


def predictions(
    labels: LabelSet, *, splits: tuple[str, ...] = ("test",), n_seeds: int = 3, n: int = N
) -> Predictions:
    """Random rows: three items a group, five targets, right more often than not."""
    stream, k, parts = np.random.default_rng(0), len(labels), []
    for split in splits:
        truth = [labels.names[code] for code in stream.integers(0, k, n)]
        frames = [tuple(name for name in labels.names if stream.random() < 0.4) for _ in range(n)]
        corpus = pd.DataFrame(
            {
                "id": [f"{split}{index}" for index in range(n)],
                "target": [f"t{index % 5}" for index in range(n)],
                "group": [f"g{index // 3}" for index in range(n)],
                "stance": truth,
                "frames": frames,
            }
        )
        codes = labels.encode(frames if labels.multi else truth)
        signal = codes * 2.0 - 1 if labels.multi else np.eye(k)[codes]
        for seed in range(1, n_seeds + 1):
            logits = stream.normal(size=(n, k)) + signal
            proba = (
                1 / (1 + np.exp(-logits))
                if labels.multi
                else np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            )
            parts.append(
                Predictions.of(Corpus("made", corpus), labels, proba, run="r", split=split, seed=seed)
            )
    return Predictions.concat(parts)


def with_rows(table: Predictions, **columns: Any) -> Predictions:
    return replace(table, rows=table.rows.assign(**columns))


@pytest.mark.parametrize("labels", [STANCE, FRAMING])
def test_every_standard_metric_has_a_value_within_its_interval(labels: LabelSet) -> None:
    metrics = resolve(None, "f1_macro", labels)
    rows = score(predictions(labels, splits=("validation", "test")), metrics, draws=300).rows
    keys = [key for metric in metrics for key in metric.keys(labels)]
    assert list(rows.columns) == list(SCORE_COLUMNS)
    assert rows["metric"].tolist() == keys * 2
    assert rows["split"].tolist() == ["validation"] * len(keys) + ["test"] * len(keys)
    assert (rows["slice"] == "all").all()
    assert (rows["n"] == N).all()
    assert (rows["low"] < rows["value"]).all()
    assert (rows["value"] < rows["high"]).all()
    assert (rows["seed_sd"] > 0).all()


def test_a_value_is_the_mean_over_seeds_and_its_spread_is_theirs() -> None:
    table = predictions(STANCE)
    scores = score(table, resolve(["f1_macro", "f1"], "f1_macro", STANCE), draws=50)
    each = []
    for _, of_seed in table.rows.groupby("seed"):
        each.append(f1_score(of_seed["truth"], of_seed["prediction"], labels=STANCE.names, average=None))
    row = scores.rows.set_index("metric").loc["f1_macro"]
    assert row["value"] == pytest.approx(np.mean(each))
    assert row["seed_sd"] == pytest.approx(np.std(np.mean(each, axis=1), ddof=1))
    assert scores.value("f1_critical") == pytest.approx(np.mean(each, axis=0)[0])


def test_folds_are_pooled_before_scoring() -> None:
    table = predictions(STANCE, n_seeds=2)
    folded = with_rows(table, fold=[index % 3 for index in range(len(table))])
    metrics = resolve(["f1_macro", "ece_equal_mass"], "f1_macro", STANCE)
    pooled, single = (score(each, metrics, draws=40).rows for each in (folded, table))
    ends = ["low", "high"]
    pd.testing.assert_frame_equal(pooled.drop(columns=ends), single.drop(columns=ends))
    # About the classifier trained anew: once, 3 folds multiply the variance by 1 + 3/2.
    wider = (pooled["high"] - pooled["low"]) / (single["high"] - single["low"])
    assert wider.to_numpy() == pytest.approx(math.sqrt(2.5))


def test_one_seed_has_no_spread() -> None:
    rows = score(predictions(STANCE, n_seeds=1), resolve(None, "f1_macro", STANCE), draws=20).rows
    assert rows["seed_sd"].isna().all()
    assert rows["low"].notna().all()


def test_no_draws_no_interval() -> None:
    rows = score(predictions(STANCE), resolve(None, "f1_macro", STANCE), draws=0).rows
    assert rows[["low", "high"]].isna().all(axis=None)
    assert rows[["value", "seed_sd"]].notna().all(axis=None)


def test_one_group_no_interval_rather_than_one_made_up() -> None:
    table = with_rows(predictions(STANCE), group="only")
    rows = score(table, resolve(None, "f1_macro", STANCE), draws=20).rows
    assert rows[["low", "high"]].isna().all(axis=None)
    assert rows["value"].notna().all()


def test_the_same_again() -> None:
    table, metrics = predictions(FRAMING), resolve(None, "f1_macro", FRAMING)
    first = score(table, metrics, draws=60).rows
    pd.testing.assert_frame_equal(first, score(table, metrics, draws=60).rows)
    # A metric's interval does not depend on which others are scored beside it.
    alone = score(
        table, resolve(["average_precision_macro"], "average_precision_macro", FRAMING), draws=60
    ).rows
    there = first[first["metric"] == "average_precision_macro"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, there)
    other = score(table, metrics, draws=60, seed=1).rows
    assert (other["value"] == first["value"]).all()
    assert (other["low"] != first["low"]).any()


def test_groups_widen_the_interval() -> None:
    # Each group holds one sentence three times over.
    table = predictions(STANCE, n_seeds=1)
    first = table.rows.groupby("group").head(1)
    again = pd.concat([first.assign(id=first["id"] + f"-{copy}") for copy in range(3)])
    copied = replace(table, rows=again)
    metrics = resolve(["accuracy"], "accuracy", STANCE)
    width = {
        name: float((rows["high"] - rows["low"]).iloc[0])
        for name, rows in (
            ("clustered", score(copied, metrics).rows),
            ("items", score(with_rows(copied, group=None), metrics).rows),
        )
    }
    assert width["clustered"] / width["items"] == pytest.approx(np.sqrt(3), rel=0.15)


def test_slices_stand_beside_the_whole() -> None:
    table = predictions(STANCE, splits=("validation", "test"))
    slices = {
        "early": {f"test{index}" for index in range(30)},
        "t0": {f"test{5 * index}" for index in range(18)},
    }
    metrics = resolve(["accuracy"], "accuracy", STANCE)
    rows = score(table, metrics, draws=100, slices=slices).rows
    assert rows[["split", "slice", "n"]].values.tolist() == [
        ["validation", "all", N],
        ["test", "all", N],
        ["test", "early", 30],
        ["test", "t0", 18],
    ]
    early = replace(table, rows=table.rows[table.rows["id"].isin(slices["early"])])
    expected = score(early, metrics, draws=100).rows.assign(slice="early")
    pd.testing.assert_frame_equal(rows[rows["slice"] == "early"].reset_index(drop=True), expected)


def test_a_biased_metric_is_within_its_interval_all_the_same() -> None:
    # Ninety targets named once or twice: a draw that misses a row of a target has it worse off.
    table = with_rows(predictions(STANCE), target=[f"t{index % 70}" for index in range(N)] * 3)
    row = score(table, resolve(["favg_target_mean"], "favg_target_mean", STANCE), draws=500).rows.iloc[0]
    sample = AlignedPredictions.of(table)
    assert (
        row["low"]
        < row["value"]
        == pytest.approx(
            seed_values(sample, resolve(["favg_target_mean"], "favg_target_mean", STANCE)[0]).mean()
        )
    )
    assert row["value"] < row["high"]


def test_a_metric_of_ones_own_over_the_whole_table() -> None:
    """Without weights it is computed draw by draw: slower, and the same."""
    plain = Metric("mean_top", lambda truth, proba: proba.max(axis=1).mean(), "table", "single")
    quick = Metric("mean_top", lambda truth, proba, predicted: proba.max(axis=1), "items", "single")
    table = predictions(STANCE)
    slow, fast = (score(table, [metric], draws=50).rows for metric in (plain, quick))
    # The interval of a sum over items is widened by the jackknife, too.
    ends = ["low", "high"]
    pd.testing.assert_frame_equal(slow.drop(columns=ends), fast.drop(columns=ends))
    np.testing.assert_allclose(slow[ends], fast[ends], atol=5e-4)


def test_metrics_over_the_whole_table_get_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    table, metrics = predictions(STANCE), resolve(["ece_equal_width", "f1_macro"], "f1_macro", STANCE)
    few = score(table, metrics, draws=40).rows
    monkeypatch.setattr(scoring, "TABLE_DRAWS", 40)
    many = score(table, metrics, draws=400).rows
    assert many["low"][0] == few["low"][0]
    assert many["low"][1] != few["low"][1]


def test_small_portions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table, metrics = predictions(STANCE), resolve(None, "f1_macro", STANCE)
    whole = score(table, metrics, draws=30).rows
    monkeypatch.setattr(scoring, "PORTION", 1)
    pd.testing.assert_frame_equal(score(table, metrics, draws=30).rows, whole)


def test_an_undefined_value_is_no_number() -> None:
    undefined = Metric("odd", lambda counts: counts[..., 0, 0] * np.nan, "counts", "single")
    row = score(predictions(STANCE), [undefined], draws=20).rows.iloc[0]
    assert np.isnan([row["value"], row["low"], row["high"]]).all()


def test_what_is_refused(golden: Golden) -> None:
    table = predictions(STANCE, n_seeds=1)
    with pytest.raises(ConfigError) as wrong_task:
        score(table, resolve(["jaccard", "hamming_loss"], "jaccard", FRAMING))
    assert [problem.where for problem in wrong_task.value.problems] == ["metrics.0", "metrics.1"]
    with pytest.raises(PredictionsError) as no_rows:
        score(table.only(split="dev"), resolve(None, "f1_macro", STANCE))
    without = with_rows(table, **{f"p_{name}": np.nan for name in STANCE.names})
    with pytest.raises(PredictionsError) as no_probabilities:
        score(without, resolve(["brier", "log_loss"], "brier", STANCE))
    errors = [wrong_task, no_rows, no_probabilities]
    golden("scoring/score-errors", "\n".join(str(error.value) for error in errors))


def test_no_metrics_no_scores() -> None:
    assert score(predictions(STANCE), []).rows.empty


def test_what_limits_the_scores_is_told(golden: Golden) -> None:
    table = predictions(STANCE, n_seeds=2, n=150)
    assert limitations(table) == ()
    grouped = with_rows(table, group="only", target=[None, *["t"] * 149] * 2)
    lacking = with_rows(grouped, truth=table.rows["truth"].replace("supportive", "neutral"))
    biased = resolve(["f1_macro", "ece_equal_mass", "favg_target_mean"], "f1_macro", STANCE)
    sentences = limitations(lacking, biased)
    assert len(sentences) == 4
    golden("scoring/limitations", "\n".join(sentences))


@pytest.mark.parametrize(("n", "limited"), [(147, True), (150, False)])
def test_few_groups_are_a_limitation(n: int, limited: bool) -> None:
    expected = (f"test: {few_groups_limitation(49)}",) if limited else ()
    assert limitations(predictions(FRAMING, n_seeds=1, n=n)) == expected


def test_rows_without_groups_are_counted_as_rows() -> None:
    table = predictions(FRAMING, n_seeds=1, n=49)
    alone = limitations(with_rows(table, group=[f"g{item}" for item in range(49)]))
    paired = limitations(with_rows(table, group=[f"g{item // 2}" for item in range(49)]))
    assert f"test: {few_groups_limitation(49, 'row')}" in alone
    assert f"test: {few_groups_limitation(25)}" in paired


def words(sentence: str) -> set[str]:
    return set(re.findall(r"[\w%]+", sentence))


@pytest.mark.parametrize(("n", "limited"), [(199, True), (200, False)])
def test_few_groups_are_a_limitation_of_rank_metrics(n: int, limited: bool, golden: Golden) -> None:
    ranks = resolve(["average_precision_macro"], "average_precision_macro", FRAMING)
    table = with_rows(predictions(FRAMING, n_seeds=1, n=n), group=[f"g{item}" for item in range(n)])
    sentences = limitations(table, ranks)
    assert len(sentences) == limited
    assert all({"199", "200", "average_precision_macro"} <= words(sentence) for sentence in sentences)
    assert limitations(table) == ()
    if limited:
        golden("scoring/limitation-of-ranks", sentences[0])


@pytest.mark.parametrize("n_ungrouped", [0, 1, 210])
def test_rows_without_a_group_are_a_limitation(n_ungrouped: int, golden: Golden) -> None:
    table = predictions(FRAMING, n_seeds=2, n=210)
    group = [None if index < n_ungrouped else f"g{index}" for index in range(210)]
    sentences = limitations(with_rows(table, group=[*group, *group]))
    assert len(sentences) == (1 if n_ungrouped else 0)
    # Each item is counted once, however many seeds there are.
    assert [numbers(sentence) for sentence in sentences] == [[n_ungrouped, 210]] * len(sentences)
    if n_ungrouped == 210:
        golden("scoring/limitation-of-rows-without-groups", sentences[0])


@pytest.mark.parametrize("name", ["rmsce_debiased", "auroc"])
def test_no_interval_is_without_width(name: str) -> None:
    """Predictions that are certain and right: every draw has the same value."""
    labels = LabelSet(("critical", "supportive"))
    table = predictions(labels, n_seeds=1, n=60)
    sure = {f"p_{label}": (table.rows["truth"] == label).astype(float) for label in labels.names}
    certain = Predictions(labels, table.rows.assign(prediction=table.rows["truth"], **sure))
    rows = score(certain, resolve([name, "accuracy"], "accuracy", labels)).rows
    certain_rows = rows[rows["metric"].str.startswith(name)]
    assert len(certain_rows) > 0
    assert certain_rows["low"].isna().all()


@pytest.mark.parametrize(("largest", "limited"), [(33, False), (34, True)])
def test_very_unequal_groups_are_a_limitation(largest: int, limited: bool, golden: Golden) -> None:
    # 180 items, one group of 33 or 34, the others alone: 180² / (33² + 147) = 26.2, but of 34: 24.9.
    table = predictions(FRAMING, n_seeds=1, n=180)
    group = [f"g{max(0, index - largest + 1)}" for index in range(180)]
    sentences = limitations(with_rows(table, group=group))
    assert len(sentences) == limited
    # 34 of 180 items.
    assert all("19%" in words(sentence) for sentence in sentences)
    if limited:
        golden("scoring/limitation-of-unequal-groups", sentences[0])


def test_the_standard_set_of_a_label_set_without_sides() -> None:
    labels = LabelSet(("economy", "health"))
    rows = score(predictions(labels), resolve(None, "f1_macro", labels), draws=10).rows
    assert "favg_pooled" not in set(rows["metric"])
    assert {"f1_economy", "f1_health"} <= set(rows["metric"])
    assert len(default_names(labels)) == 15
