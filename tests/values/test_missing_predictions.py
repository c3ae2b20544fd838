"""How a missing prediction is held: it survives files, joins and subsets, and is never taken for a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.values.errors import PredictionsError
from harness.values.labels import FRAMING, STANCE, LabelSet, confidence, missing_rows
from harness.values.tables import Corpus, Predictions
from tests.gaps import some, without_answers
from tests.scoring.comparison.toy_runs import run

LABEL_SETS = pytest.mark.parametrize("labels", [STANCE, FRAMING], ids=["single", "multi"])


@LABEL_SETS
def test_a_row_without_probabilities_has_no_label(labels: LabelSet) -> None:
    proba = np.full((3, len(labels)), 1 / len(labels))
    proba[1] = np.nan
    codes = labels.decide(proba)
    assert missing_rows(codes).tolist() == [False, True, False]
    names = labels.decode_predicted(codes)
    assert [name is None for name in names] == [False, True, False]
    assert np.isnan(confidence(proba, codes)).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="missing"):
        labels.decode(codes)


@LABEL_SETS
def test_a_file_keeps_what_is_missing(labels: LabelSet, tmp_path: Path) -> None:
    table = run("one", 1.0, labels=labels)
    gappy = without_answers(table, some(table))
    assert 0 < gappy.missing().sum() < len(table)
    gappy.write(tmp_path / "predictions.parquet")
    again = Predictions.read(tmp_path / "predictions.parquet", labels)
    np.testing.assert_array_equal(again.predicted(), gappy.predicted())
    np.testing.assert_array_equal(again.proba(), gappy.proba())
    # What is read and written again is the same file, so that a resumed run does not differ.
    again.write(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "predictions.parquet").read_bytes()
    column = f"prediction_{labels.names[0]}" if labels.multi else "prediction"
    assert again.rows[column].isna().to_numpy().tolist() == gappy.missing().tolist()


@LABEL_SETS
def test_a_csv_file_keeps_it_as_an_empty_cell(labels: LabelSet, tmp_path: Path) -> None:
    table = run("one", 1.0, labels=labels, n_seeds=1)
    gappy = without_answers(table, some(table))
    gappy.rows.to_csv(tmp_path / "predictions.csv", index=False)
    again = Predictions(labels, pd.read_csv(tmp_path / "predictions.csv"))
    np.testing.assert_array_equal(again.predicted(), gappy.predicted())


@LABEL_SETS
def test_tables_with_and_without_gaps_are_stacked_and_taken_apart(labels: LabelSet) -> None:
    whole = run("one", 1.0, labels=labels, n_seeds=2)
    first, second = (whole.only(seed=seed) for seed in (1, 2))
    gappy = without_answers(first, some(first))
    stacked = Predictions.concat([gappy, second])
    assert stacked.missing().sum() == gappy.missing().sum()
    np.testing.assert_array_equal(stacked.only(seed=2).predicted(), second.predicted())
    answered = stacked.answered()
    assert len(answered) == len(stacked) - gappy.missing().sum()
    assert not answered.missing().any()
    assert second.answered() is second
    assert stacked.fingerprint() == whole.fingerprint()


def test_a_classifier_has_to_say_that_it_may_miss() -> None:
    corpus = Corpus(
        "two", pd.DataFrame({"id": ["a", "b"], "target": None, "group": None, "stance": "neutral"})
    )
    proba = np.array([[0.2, 0.5, 0.3], [np.nan] * 3])
    assert Predictions.of(corpus, STANCE, proba, may_miss=True).missing().tolist() == [False, True]
    with pytest.raises(PredictionsError, match="row 1"):
        Predictions.of(corpus, STANCE, proba)
    with pytest.raises(PredictionsError, match="row 1"):
        Predictions.of(corpus, STANCE, np.full((2, 3), np.nan), decided=np.array([1, -1]))
    # One number that is not finite is a fault of the classifier, not a missing answer.
    proba[0, 0] = np.nan
    with pytest.raises(PredictionsError, match="row 0"):
        Predictions.of(corpus, STANCE, proba, may_miss=True)


def test_a_truth_is_never_missing() -> None:
    table = run("one", 1.0, n_seeds=1)
    rows = table.rows.assign(truth=table.rows["truth"].astype(object).where(table.rows.index != 3, None))
    with pytest.raises(PredictionsError):
        Predictions(STANCE, rows).truth()
