"""A CSV of external predictions in, a run like any other out; and every way in which a table can be wrong."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
import toys
from golden import Golden
from sentences import numbers, words

from harness.evaluation import external
from harness.evaluation.external import ExternalPredictionsError
from harness.evaluation.pooled_scores import score_splits
from harness.evaluation.prepared import Prepared
from harness.runs.external import log_external
from harness.tracking.store import Store
from harness.values.errors import ConfigError, Problem

Table = list[dict[str, str]]


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """27 test items, s27 to s53; 9 of validation, s18 to s26; 18 to train on."""
    return toys.prepared(tmp_path)


def rows(prepared: Prepared, *, seeds: tuple[str, ...] = ("1",), proba: bool = False) -> Table:
    """Return a table that predicts the truth with every seed."""
    test = prepared.part(prepared.splits[0], "test").rows
    table = []
    for seed in seeds:
        for id_, stance in zip(test["id"], test["stance"], strict=True):
            row = {"id": id_, "prediction": stance, "seed": seed}
            if proba:
                row |= {f"p_{name}": "0.8" if name == stance else "0.1" for name in toys.VERBS}
            table.append(row)
    return table


def write(folder: Path, table: Table) -> Path:
    path = folder / "theirs.csv"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def read(prepared: Prepared, table: Table) -> external.ExternalPredictions:
    return external.read(write(prepared.plan.source.parent, table), prepared, name="theirs")


def problems_of(prepared: Prepared, table: Table) -> tuple[Problem, ...]:
    """Return the problems for which a table is refused."""
    with pytest.raises(ExternalPredictionsError) as caught:
        read(prepared, table)
    path = prepared.plan.source.parent / "theirs.csv"
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())
    return caught.value.problems


def places(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.where for problem in problems]


def test_labels_alone_are_joined_with_the_corpus(prepared: Prepared) -> None:
    theirs = read(prepared, rows(prepared, seeds=("1", "2")))
    table = theirs.predictions
    assert (len(table), set(table.rows["split"]), set(table.rows["seed"])) == (54, {"test"}, {1, 2})
    assert (table.rows["truth"] == table.rows["prediction"]).all()
    assert (table.rows["run"] == "theirs").all()
    assert table.rows["group"].notna().all()
    assert not table.has_probabilities
    (note,) = theirs.notes
    names = ["auroc", "average_precision", "log_loss", "brier", "ece_equal_mass", "ece_equal_width"]
    assert words(note.rpartition(": ")[2]) == [*names, "rmsce_debiased", "aurc"]


def test_probabilities_are_read_and_may_decide(prepared: Prepared) -> None:
    table = rows(prepared, proba=True)
    theirs = read(prepared, table)
    assert theirs.predictions.has_probabilities
    assert theirs.notes == ()
    without_labels = [{name: value for name, value in row.items() if name != "prediction"} for row in table]
    decided = read(prepared, without_labels).predictions
    assert decided.rows.equals(theirs.predictions.rows)
    # Rounded ones are scaled to sum to 1.
    rounded = [{**row, "p_neutral": "0.1004"} for row in table[:1]] + table[1:]
    assert np.allclose(read(prepared, rounded).predictions.proba().sum(axis=1), 1, atol=1e-12)


def test_a_column_label_stands_for_prediction(prepared: Prepared) -> None:
    table = [{"id": row["id"], "text": "…", "label": row["prediction"]} for row in rows(prepared)]
    assert set(read(prepared, table).predictions.rows["seed"]) == {0}


def test_predictions_that_differ_from_their_probabilities_are_counted(prepared: Prepared) -> None:
    table = rows(prepared, proba=True)
    table[0]["prediction"] = "supportive" if table[0]["prediction"] != "supportive" else "critical"
    (note,) = read(prepared, table).notes
    assert numbers(note) == [1]


def test_validation_counts_where_it_is_complete_and_train_is_left_out(prepared: Prepared) -> None:
    whole = [{"id": id_, "prediction": "neutral", "seed": "1"} for id_ in prepared.corpus.rows["id"].tolist()]
    theirs = read(prepared, whole)
    assert set(theirs.predictions.rows["split"]) == {"validation", "test"}
    assert numbers(theirs.notes[0]) == [18]
    incomplete = [row for row in whole if row["id"] != "s18"]
    assert set(read(prepared, incomplete).predictions.rows["split"]) == {"test"}


def test_what_is_noted(prepared: Prepared, tmp_path: Path, golden: Golden) -> None:
    table = rows(prepared, proba=True)
    table[0]["prediction"] = "supportive" if table[0]["prediction"] != "supportive" else "critical"
    (tmp_path / "folds").mkdir()
    folds = toys.prepared(tmp_path / "folds", split="{kind: kfold, k: 3}")
    everything = [{"id": id_, "prediction": "neutral"} for id_ in prepared.corpus.rows["id"].tolist()]
    cases = [read(prepared, table), read(prepared, everything), read(folds, everything)]
    golden("evaluation/external_notes", "\n".join(note for case in cases for note in case.notes))


def test_frames_are_separated_by_bars(tmp_path: Path) -> None:
    framing = toys.prepared(tmp_path, task="framing")
    test = framing.part(framing.splits[0], "test").rows
    table = [
        {"id": id_, "prediction": " | ".join(frames)}
        for id_, frames in zip(test["id"], test["frames"], strict=True)
    ]
    theirs = read(framing, table).predictions
    assert (theirs.truth() == theirs.predicted()).all()
    table[0]["prediction"] = "none"
    assert read(framing, table).predictions.predicted()[0].sum() == 0


@pytest.mark.parametrize("proba", [False, True])
def test_an_empty_row_is_a_missing_prediction(prepared: Prepared, proba: bool) -> None:
    table = rows(prepared, proba=proba)
    for row in table[:5]:
        row.update({name: "" for name in row if name.startswith(("p_", "prediction"))})
    theirs = read(prepared, table)
    test = theirs.predictions.only(split="test")
    assert test.missing().tolist() == [True] * 5 + [False] * 22
    assert test.has_probabilities == proba
    (note,) = [note for note in theirs.notes if "no prediction" in note]
    assert numbers(note) == [5]
    scores, _ = score_splits(prepared, theirs.predictions)
    # All others are right.
    assert scores.value("accuracy") == pytest.approx(22 / 27)


def test_a_column_says_what_is_missing_where_empty_means_no_label(tmp_path: Path) -> None:
    framing = toys.prepared(tmp_path, task="framing")
    test = framing.part(framing.splits[0], "test").rows
    table = [{"id": id_, "prediction": "", "missing": "false"} for id_ in test["id"]]
    assert not read(framing, table).predictions.missing().any()
    table[0]["missing"] = "True"
    assert read(framing, table).predictions.missing().tolist() == [True] + [False] * (len(table) - 1)


def test_a_table_of_gaps_is_refused(prepared: Prepared) -> None:
    (problem,) = problems_of(prepared, [row | {"prediction": ""} for row in rows(prepared)])
    assert problem.where == ""


def changed(table: Table, index: int, **values: str) -> Table:
    return [row | (values if number == index else {}) for number, row in enumerate(table)]


BROKEN_ROWS: list[dict[str, str]] = [
    {"prediction": "critcal"},
    {"prediction": ""},
    {"seed": "one"},
    {"seed": "-1"},
    {"p_neutral": "nan"},
    {"p_neutral": "inf"},
    {"p_neutral": ""},
    {"p_neutral": "1.3"},
    {"p_neutral": "0.7"},
]


@pytest.mark.parametrize("values", BROKEN_ROWS, ids=str)
def test_a_row_that_cannot_be_used_is_named(prepared: Prepared, values: dict[str, str]) -> None:
    table = rows(prepared, proba=True)
    assert table[1]["prediction"] == "neutral"
    (problem,) = problems_of(prepared, changed(table, 1, **values))
    ((column, value),) = values.items()
    assert problem.where == "line 3"
    assert value in problem.what
    assert {"p_neutral": "probabilities", "prediction": "label", "seed": "seed"}[column] in problem.what


def test_what_is_said_of_broken_rows_and_columns(prepared: Prepared, golden: Golden) -> None:
    table = rows(prepared, proba=True)
    lines = []
    for values in BROKEN_ROWS:
        lines += [f"{values}: {problem}" for problem in problems_of(prepared, changed(table, 1, **values))]
    for header in BROKEN_HEADERS:
        problems = problems_of(prepared, [dict.fromkeys(header, "1")])
        lines += [f"{', '.join(header)}: {problem}" for problem in problems]
    for broken in (
        [*rows(prepared), rows(prepared)[4]],
        rows(prepared)[2:],
        changed(rows(prepared), 3, id="x"),
    ):
        lines += [str(problem) for problem in problems_of(prepared, broken)]
    golden("evaluation/external_problems", "\n".join(lines))


@pytest.mark.parametrize(("value", "accepted"), [("0.8011", False), ("0.8009", True)])
def test_how_far_probabilities_may_sum_from_one(prepared: Prepared, value: str, accepted: bool) -> None:
    table = changed(rows(prepared, proba=True), 1, p_neutral=value)
    if accepted:
        assert read(prepared, table).predictions.has_probabilities
    else:
        (problem,) = problems_of(prepared, table)
        assert problem.where == "line 3"
        assert "1.001" in problem.what


def test_ids_that_repeat_or_are_missing_or_unknown_are_named(prepared: Prepared) -> None:
    table = rows(prepared)
    (repeated,) = problems_of(prepared, [*table, table[4]])
    assert (repeated.where, "'s31'" in repeated.what, "line 6" in repeated.what) == ("line 29", True, True)
    (missing,) = problems_of(prepared, table[2:])
    assert (missing.where, "'s27'" in missing.what, "1 more" in missing.what) == ("seed 1", True, True)
    unknown, replaced = problems_of(prepared, changed(table, 3, id="x"))
    assert (unknown.where, "'x'" in unknown.what) == ("line 5", True)
    assert (replaced.where, "'s30'" in replaced.what) == ("seed 1", True)
    assert places(problems_of(prepared, changed(table, 3, id=" "))) == ["line 5"]
    (of_second_seed,) = problems_of(prepared, rows(prepared, seeds=("1", "2"))[:-1])
    assert (of_second_seed.where, "'s53'" in of_second_seed.what) == ("seed 2", True)


BROKEN_HEADERS = {
    ("text", "prediction"): ["'id'"],
    ("id", "said"): ["'prediction'"],
    ("id", "p_critical", "p_neutral"): ["p_supportive"],
    ("id", "p_critical", "p_neutral", "p_suportive"): ["column 'p_suportive'", "p_supportive"],
}


@pytest.mark.parametrize("header", BROKEN_HEADERS, ids=", ".join)
def test_columns_that_are_missing_are_named(prepared: Prepared, header: tuple[str, ...]) -> None:
    problems = problems_of(prepared, [dict.fromkeys(header, "1")])
    named = zip(problems, BROKEN_HEADERS[header], strict=True)
    assert all(name in f"{problem.where} {problem.what}" for problem, name in named)


def test_files_that_are_no_table_are_refused(prepared: Prepared, tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "theirs.csv"

    def problem() -> Problem:
        with pytest.raises(ExternalPredictionsError) as caught:
            external.read(path, prepared, name="theirs")
        assert str(caught.value).startswith(f"{path}: ")
        (only,) = caught.value.problems
        return only

    missing = problem()
    assert os.strerror(errno.ENOENT) in missing.what
    path.write_bytes("id,prediction\né,neutral\n".encode("latin-1"))
    encoded = problem()
    assert "UTF-8" in encoded.what
    path.write_text("id,prediction\n", encoding="utf-8")
    lines = [str(each).replace(str(path), path.name) for each in (missing, encoded, problem())]
    golden("evaluation/external_files", "\n".join(lines))


def test_of_many_problems_twenty_are_listed(prepared: Prepared) -> None:
    table = [row | {"prediction": "?"} for row in rows(prepared)]
    with pytest.raises(ExternalPredictionsError) as caught:
        read(prepared, table)
    lines = str(caught.value).splitlines()
    assert (len(caught.value.problems), len(lines)) == (27, 21)
    assert "7 more" in lines[-1]


def test_they_are_logged_once_as_a_run_without_a_model(folder: Path, golden: Golden) -> None:
    made = toys.prepared(folder)
    store, table = Store.open(), read(made, rows(made, seeds=("1", "2")))
    first = log_external(made, store, table, name="theirs")
    assert first.scores.value("f1_macro") == 1
    assert "brier" not in set(first.scores.rows["metric"])
    again = log_external(made, store, table, name="theirs")
    assert again.scores.value("f1_macro") == 1
    (run,) = store.client.search_runs([store.experiment("toys")])
    assert (run.info.run_name, run.info.status) == ("theirs", "FINISHED")
    assert run.data.tags["harness.role"] == "classifier"
    assert run.data.tags["harness.kind"] == "external"
    assert run.data.tags["harness.model"].startswith("none: ")
    golden("evaluation/external_model", run.data.tags["harness.model"])
    assert run.data.metrics["test/f1_macro"] == 1
    names = {file.path for file in store.client.list_artifacts(run.info.run_id, "figures")}
    assert names == {f"figures/{name}.svg" for name in ("confusion_matrix", "frames_by_party", "scores")}
    page = Path(store.client.download_artifacts(run.info.run_id, "report.html")).read_text(encoding="utf-8")
    assert 'aria-label="Reliability' not in page
    assert "harness score PREDICTIONS.csv --config toys.yaml --name theirs" in page


def test_other_predictions_under_the_same_name_are_another_run(folder: Path) -> None:
    made, store = toys.prepared(folder), Store.open()
    table = rows(made)
    log_external(made, store, read(made, table), name="theirs")
    table[0]["prediction"] = "supportive"
    log_external(made, store, read(made, table), name="theirs")
    assert len(store.client.search_runs([store.experiment("toys")])) == 2


def test_the_name_of_a_classifier_is_refused(folder: Path) -> None:
    toy = toys.prepared(folder)
    with pytest.raises(ConfigError) as caught:
        log_external(toy, Store.open(), read(toy, rows(toy)), name="verbs")
    (problem,) = caught.value.problems
    assert problem.where == "name"
    assert "'verbs'" in problem.what
