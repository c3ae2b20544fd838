from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from refused import listing, places, refused

from harness.values.errors import CorpusError, PredictionsError
from harness.values.labels import FRAMING, STANCE, LabelSet, check_probabilities
from harness.values.memo import once
from harness.values.origins import origin
from harness.values.tables import (
    CORPUS_COLUMNS,
    SCORE_COLUMNS,
    Corpus,
    Predictions,
    Scores,
    fingerprint,
)

COLUMNS = ("id", "text", "target", "stance", "frames", "group")
ROWS = [
    ("a1", "Varna thanked Ostrel.", "Varna", "neutral", (), "a"),
    ("a2", "Varna thanked Ostrel.", "Ostrel", "supportive", (), "a"),
    ("b1", "Ostrel failed again.", "Ostrel", "critical", ("responsibility",), "b"),
    ("b2", "Rain fell.", None, None, ("human_interest",), "b"),
]


@pytest.fixture
def corpus() -> Corpus:
    rows = pd.DataFrame(ROWS, columns=list(COLUMNS)).reindex(columns=list(CORPUS_COLUMNS)).astype(object)
    rows = rows.astype({"start": "Int64", "end": "Int64"})
    return Corpus("small", rows, "small.csv")


def proba(n: int, k: int = 3) -> np.ndarray:
    return np.full((n, k), 1 / k)


def test_stance_scores_every_labelled_pair(corpus: Corpus) -> None:
    assert corpus.for_task("stance").rows["id"].tolist() == ["a1", "a2", "b1"]


def test_framing_scores_every_sentence_once_without_target(corpus: Corpus) -> None:
    framing = corpus.for_task("framing")
    assert framing.rows["id"].tolist() == ["a1", "b1", "b2"]
    assert framing.rows["target"].isna().all()
    assert framing.truth(FRAMING).sum(axis=0).tolist() == [0, 1, 0, 0, 1]


def test_a_corpus_without_labels_for_the_task_is_refused(corpus: Corpus) -> None:
    bare = Corpus("bare", corpus.rows.assign(stance=None), "bare.csv")
    with pytest.raises(CorpusError) as caught:
        bare.for_task("stance")
    assert places(caught.value) == ["bare.csv"]
    assert "'stance'" in str(caught.value)


def test_rows_are_taken_by_id_in_the_order_of_the_ids(corpus: Corpus) -> None:
    assert corpus.take(["b1", "a1"]).rows["id"].tolist() == ["b1", "a1"]


def test_rows_of_a_part_know_the_corpus_that_they_are_of(corpus: Corpus) -> None:
    part = corpus.take(["b1", "a1"]).take(["a1"])
    assert origin(part).corpus is corpus
    assert corpus.rows["id"].iloc[origin(part).positions].tolist() == ["a1"]
    # Other rows under the same names are no part of it.
    other = replace(part, rows=part.rows.assign(text="else"))
    assert origin(other).corpus is other


def test_a_corpus_ends_although_parts_of_it_are_remembered() -> None:
    rows = pd.DataFrame({"id": ["a", "b"], "text": ["Varna won.", "Varna lost."]})
    corpus = Corpus("toy", rows, "toy.csv")
    once(corpus, "part", partial(corpus.take, ["b"]))
    part, gone = corpus.take(["b"]), weakref.ref(corpus)
    del corpus
    gc.collect()
    assert gone() is None
    assert (origin(part).corpus is part, origin(part).positions.tolist()) == (True, [0])


def test_a_fingerprint_follows_the_content(corpus: Corpus) -> None:
    assert corpus.fingerprint == Corpus("other name", corpus.rows.copy()).fingerprint
    assert len(corpus.fingerprint) == 16
    for column, value in (
        ("text", "other"),
        ("stance", "critical"),
        ("frames", ("morality",)),
        ("split", "x"),
    ):
        rows = corpus.rows.copy()
        rows.at[0, column] = value
        assert Corpus("small", rows).fingerprint != corpus.fingerprint, column
    assert Corpus("small", corpus.rows.iloc[::-1]).fingerprint != corpus.fingerprint


def test_fingerprints_do_not_run_parts_together() -> None:
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])


def test_predictions_follow_the_rows_of_the_corpus(corpus: Corpus) -> None:
    stance = corpus.for_task("stance")
    table = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.2, 0.4, 0.4]])
    predictions = Predictions.of(stance, STANCE, table, run="mine", split="test", seed=4, fold=1)
    assert predictions.rows["prediction"].tolist() == ["neutral", "supportive", "neutral"]
    assert predictions.truth().tolist() == [1, 2, 0]
    assert predictions.predicted().tolist() == [1, 2, 1]
    assert predictions.proba().tolist() == table.tolist()
    keys = predictions.rows.loc[0, ["run", "split", "seed", "fold", "target", "group"]]
    assert keys.tolist() == ["mine", "test", 4, 1, "Varna", "a"]


def test_multi_label_predictions_hold_a_column_per_label(corpus: Corpus) -> None:
    framing = corpus.for_task("framing")
    table = np.array([[0.5, 0.1, 0, 0, 0], [0, 0, 0, 0, 0.9], [0.0, 0.49, 0, 0, 0]])
    predictions = Predictions.of(framing, FRAMING, table, split="test")
    assert predictions.rows["truth_responsibility"].tolist() == [0, 1, 0]
    assert predictions.predicted().tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    lower = Predictions.of(framing, FRAMING, table, thresholds=[0.6, 0.4, 0.5, 0.5, 0.5], split="test")
    assert lower.predicted()[:, :2].tolist() == [[0, 0], [0, 0], [0, 1]]


def test_predictions_survive_parquet(corpus: Corpus, tmp_path: Path) -> None:
    predictions = Predictions.of(corpus.for_task("stance"), STANCE, proba(3), split="test")
    predictions.write(tmp_path / "p.parquet")
    read = Predictions.read(tmp_path / "p.parquet", STANCE)
    pd.testing.assert_frame_equal(read.rows, predictions.rows, check_dtype=False)
    assert read.fingerprint() == predictions.fingerprint()


def test_the_item_fingerprint_sees_items_and_truth_only(corpus: Corpus) -> None:
    stance = corpus.for_task("stance")
    first = Predictions.of(stance, STANCE, proba(3), split="test", seed=1)
    second = Predictions.of(stance, STANCE, np.eye(3), split="test", seed=2)
    assert first.fingerprint() == second.fingerprint()
    assert first.fingerprint() == Predictions.concat([first, second]).fingerprint()
    changed = stance.rows.copy()
    changed.loc[0, "stance"] = "critical"
    assert (
        Predictions.of(Corpus("c", changed), STANCE, proba(3), split="test").fingerprint()
        != first.fingerprint()
    )


def test_rows_are_filtered_by_equality(corpus: Corpus) -> None:
    stance = corpus.for_task("stance")
    both = Predictions.concat(
        [Predictions.of(stance, STANCE, proba(3), split=part, seed=1) for part in ("validation", "test")]
    )
    assert len(both.only(split="test")) == 3
    assert len(both.only(split="test", seed=2)) == 0


def table_with(number: int, row: list[float]) -> np.ndarray:
    table = np.eye(3)
    table[number] = row
    return table


NO_PROBABILITIES = {
    "two rows for three": proba(2),
    "NaN in row 1": table_with(1, [np.nan, 0, 1]),
    "row 2 leaves [0, 1]": table_with(2, [1.2, -0.2, 0]),
    "row 0 sums to 0.9": table_with(0, [0.5, 0.4, 0]),
}


@pytest.mark.parametrize("case", NO_PROBABILITIES)
def test_what_is_no_probability_is_refused(corpus: Corpus, case: str) -> None:
    action = partial(Predictions.of, corpus.for_task("stance"), STANCE, NO_PROBABILITIES[case])
    assert type(refused(action)) is PredictionsError


def test_what_tables_refuse_says_why(corpus: Corpus, golden: Golden) -> None:
    stance, framing = corpus.for_task("stance"), corpus.for_task("framing")
    cases: dict[str, Callable[[], object]] = {
        case: partial(Predictions.of, stance, STANCE, table) for case, table in NO_PROBABILITIES.items()
    }
    columns = pd.DataFrame({"id": ["x"], "truth": ["a"]})
    cases["missing columns"] = partial(Predictions, LabelSet(("a", "b")), columns)
    tables = [Predictions.of(stance, STANCE, proba(3)), Predictions.of(framing, FRAMING, proba(3, 5))]
    cases["two label sets"] = partial(Predictions.concat, tables)
    cases["no score"] = partial(Scores(pd.DataFrame(columns=list(SCORE_COLUMNS))).value, "f1", "validation")
    assert {type(refused(action)) for action in cases.values()} == {PredictionsError}
    cases["no labelled row"] = partial(
        Corpus("bare", corpus.rows.assign(stance=None), "b.csv").for_task, "stance"
    )
    golden("values/tables", listing(cases))


def test_the_sum_of_probabilities_may_be_off_by_rounding_alone() -> None:
    check_probabilities(np.array([[0.5, 0.50009]]), (1, 2), sums_to_one=True)
    with pytest.raises(PredictionsError):
        check_probabilities(np.array([[0.5, 0.50011]]), (1, 2), sums_to_one=True)
    check_probabilities(np.array([[0.9, 0.9]]), (1, 2), sums_to_one=False)


def test_a_score_is_looked_up_by_metric_split_and_slice() -> None:
    rows = pd.DataFrame([("f1_macro", "test", "all", 0.5, 0.4, 0.6, 0.01, 10)], columns=list(SCORE_COLUMNS))
    assert Scores(rows).value("f1_macro") == 0.5
    with pytest.raises(PredictionsError, match="validation/f1_macro"):
        Scores(rows).value("f1_macro", "validation")
