"""A CSV of predictions made elsewhere in, a run that compares alike out; and every way to get it wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import toys

from harness.evaluation import external
from harness.evaluation.prepared import Prepared
from harness.runs import experiment
from harness.tracking.store import Store
from harness.values.errors import ConfigError, PredictionsError

Rows = list[dict[str, str]]


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """27 test items, s27 to s53; 9 of validation, s18 to s26; 18 to train on."""
    return toys.prepared(tmp_path)


def rows(prepared: Prepared, *, seeds: tuple[str, ...] = ("1",), proba: bool = False) -> Rows:
    """The truth, told by everybody."""
    told = prepared.part(prepared.splits[0], "test").rows
    table = []
    for seed in seeds:
        for id_, stance in zip(told["id"], told["stance"], strict=True):
            row = {"id": id_, "prediction": stance, "seed": seed}
            if proba:
                row |= {f"p_{name}": "0.8" if name == stance else "0.1" for name in toys.VERBS}
            table.append(row)
    return table


def write(folder: Path, table: Rows) -> Path:
    path = folder / "theirs.csv"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def read(prepared: Prepared, table: Rows) -> external.ExternalPredictions:
    return external.read(write(prepared.plan.source.parent, table), prepared, name="theirs")


def refused(prepared: Prepared, table: Rows) -> list[str]:
    """Return the problems without the path that each of them names."""
    with pytest.raises(PredictionsError) as caught:
        read(prepared, table)
    path = prepared.plan.source.parent / "theirs.csv"
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_labels_alone_are_set_beside_the_corpus(prepared: Prepared) -> None:
    found = read(prepared, rows(prepared, seeds=("1", "2")))
    table = found.predictions
    assert (len(table), set(table.rows["split"]), set(table.rows["seed"])) == (54, {"test"}, {1, 2})
    assert (table.rows["truth"] == table.rows["prediction"]).all()
    assert (table.rows["run"] == "theirs").all()
    assert table.rows["group"].notna().all()
    assert not table.has_probabilities
    assert found.notes == (
        "There are no probabilities, so log_loss, brier, ece_equal_mass, ece_equal_width, aurc are left out.",
    )


def test_probabilities_are_taken_and_may_decide(prepared: Prepared) -> None:
    table = rows(prepared, proba=True)
    found = read(prepared, table)
    assert found.predictions.has_probabilities
    assert found.notes == ()
    silent = [{name: value for name, value in row.items() if name != "prediction"} for row in table]
    decided = read(prepared, silent).predictions
    assert decided.rows.equals(found.predictions.rows)
    # Rounded ones are scaled to sum to 1.
    rounded = [{**row, "p_neutral": "0.1004"} for row in table[:1]] + table[1:]
    assert np.allclose(read(prepared, rounded).predictions.proba().sum(axis=1), 1, atol=1e-12)


def test_a_table_of_our_own_making_has_label_for_prediction(prepared: Prepared) -> None:
    table = [{"id": row["id"], "text": "…", "label": row["prediction"]} for row in rows(prepared)]
    assert set(read(prepared, table).predictions.rows["seed"]) == {0}


def test_what_differs_from_its_probabilities_is_noted(prepared: Prepared) -> None:
    table = rows(prepared, proba=True)
    table[0]["prediction"] = "supportive" if table[0]["prediction"] != "supportive" else "critical"
    assert read(prepared, table).notes == (
        "In 1 rows the prediction is not what the probabilities would decide.",
    )


def test_select_counts_where_it_is_whole_and_train_is_left_out(prepared: Prepared) -> None:
    whole = [{"id": id_, "prediction": "neutral", "seed": "1"} for id_ in prepared.corpus.rows["id"].tolist()]
    found = read(prepared, whole)
    assert set(found.predictions.rows["split"]) == {"validation", "test"}
    assert found.notes[0] == "18 items of train, or of parts that are not there in whole, are left out."
    part = [row for row in whole if row["id"] not in ("s18",)]
    assert set(read(prepared, part).predictions.rows["split"]) == {"test"}


def test_frames_are_parted_by_bars(tmp_path: Path) -> None:
    made = toys.prepared(tmp_path, task="framing")
    told = made.part(made.splits[0], "test").rows
    table = [
        {"id": id_, "prediction": " | ".join(frames)}
        for id_, frames in zip(told["id"], told["frames"], strict=True)
    ]
    found = read(made, table).predictions
    assert (found.truth() == found.predicted()).all()
    table[0]["prediction"] = "none"
    assert read(made, table).predictions.predicted()[0].sum() == 0


def changed(table: Rows, place: int, **values: str) -> Rows:
    return [row | (values if number == place else {}) for number, row in enumerate(table)]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"prediction": "critcal"}, "line 3: unknown label 'critcal'; did you mean 'critical'?"),
        ({"prediction": ""}, "line 3: unknown label ''; known: critical, neutral, supportive"),
        ({"seed": "one"}, "line 3: seed: should be a whole number of 0 or more, got 'one'"),
        ({"seed": "-1"}, "line 3: seed: should be a whole number of 0 or more, got '-1'"),
        ({"p_neutral": "nan"}, "line 3: probabilities are not finite: 0.1, nan, 0.1"),
        ({"p_neutral": "inf"}, "line 3: probabilities are not finite: 0.1, inf, 0.1"),
        ({"p_neutral": ""}, "line 3: probabilities should be numbers, got '0.1', '', '0.1'"),
        ({"p_neutral": "1.3"}, "line 3: probabilities leave [0, 1]: 0.1, 1.3, 0.1"),
        ({"p_neutral": "0.7"}, "line 3: probabilities sum to 0.9, not to 1: 0.1, 0.7, 0.1"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(prepared: Prepared, values: dict[str, str], problem: str) -> None:
    table = rows(prepared, proba=True)
    assert table[1]["prediction"] == "neutral"
    assert refused(prepared, changed(table, 1, **values)) == [problem]


@pytest.mark.parametrize(("value", "taken"), [("0.8011", False), ("0.8009", True)])
def test_how_far_probabilities_may_sum_from_one(prepared: Prepared, value: str, taken: bool) -> None:
    table = changed(rows(prepared, proba=True), 1, p_neutral=value)
    if taken:
        assert read(prepared, table).predictions.has_probabilities
    else:
        expected = "line 3: probabilities sum to 1.001, not to 1: 0.1, 0.8011, 0.1"
        assert refused(prepared, table) == [expected]


def test_ids_that_repeat_lack_or_are_strange_are_named(prepared: Prepared) -> None:
    table = rows(prepared)
    assert refused(prepared, [*table, table[4]]) == [
        "line 29: id 's31' of seed 1 stands in line 6 too",
    ]
    assert refused(prepared, table[2:]) == ["seed 1: test item 's27' is missing, and 1 more"]
    assert refused(prepared, changed(table, 3, id="x")) == [
        "line 5: id 'x' is not in toys",
        "seed 1: test item 's30' is missing",
    ]
    assert refused(prepared, changed(table, 3, id=" ")) == ["line 5: has no id"]
    several = rows(prepared, seeds=("1", "2"))
    assert refused(prepared, several[:-1]) == ["seed 2: test item 's53' is missing"]


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        (("text", "prediction"), ["has no column 'id'; its columns are text, prediction"]),
        (("id", "said"), ["has neither a column 'prediction' nor probabilities (p_<label>)"]),
        (("id", "p_critical", "p_neutral"), ["has probabilities, but no column p_supportive"]),
        (
            ("id", "p_critical", "p_neutral", "p_suportive"),
            [
                "column 'p_suportive': there is no such label; did you mean 'p_supportive'?",
                "has probabilities, but no column p_supportive",
            ],
        ),
    ],
)
def test_columns_that_lack_are_named(
    prepared: Prepared, header: tuple[str, ...], problems: list[str]
) -> None:
    assert refused(prepared, [dict.fromkeys(header, "1")]) == problems


def test_files_that_are_no_table_are_refused(prepared: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"

    def said() -> str:
        with pytest.raises(PredictionsError) as caught:
            external.read(path, prepared, name="theirs")
        return str(caught.value).removeprefix(f"{path}: ")

    assert said() == f"cannot be read: [Errno 2] No such file or directory: '{path}'"
    path.write_bytes("id,prediction\né,neutral\n".encode("latin-1"))
    assert said() == "cannot be read: it is no UTF-8 text"
    path.write_text("id,prediction\n", encoding="utf-8")
    assert said() == "holds no rows"


def test_of_many_problems_twenty_are_shown(prepared: Prepared) -> None:
    table = [row | {"prediction": "?"} for row in rows(prepared)]
    found = refused(prepared, table)
    assert len(found) == 21
    assert found[-1] == "and 7 more problems"


def test_they_are_logged_once_as_a_run_without_a_model(folder: Path) -> None:
    made = toys.prepared(folder)
    store, table = Store.open(), read(made, rows(made, seeds=("1", "2")))
    first = experiment.log_external(made, store, table, name="theirs")
    assert first.scores.value("f1_macro") == 1
    assert "brier" not in set(first.scores.rows["metric"])
    again = experiment.log_external(made, store, table, name="theirs")
    assert again.scores.value("f1_macro") == 1
    (run,) = store.client.search_runs([store.experiment("toys")])
    assert (run.info.run_name, run.info.status) == ("theirs", "FINISHED")
    assert run.data.tags["harness.role"] == "classifier"
    assert run.data.tags["harness.kind"] == "external"
    assert run.data.tags["harness.model"] == "none: the predictions were made elsewhere"
    assert run.data.metrics["test/f1_macro"] == 1
    names = {one.path for one in store.client.list_artifacts(run.info.run_id, "figures")}
    assert names == {"figures/confusion_matrix.png", "figures/frames_by_party.png"}
    page = Path(store.client.download_artifacts(run.info.run_id, "report.html")).read_text(encoding="utf-8")
    assert "No probabilities were given with these predictions" in page
    assert "harness score THEIR-TABLE.csv --config toys.yaml --name theirs" in page


def test_other_predictions_under_the_same_name_are_another_run(folder: Path) -> None:
    made, store = toys.prepared(folder), Store.open()
    table = rows(made)
    experiment.log_external(made, store, read(made, table), name="theirs")
    table[0]["prediction"] = "supportive"
    experiment.log_external(made, store, read(made, table), name="theirs")
    assert len(store.client.search_runs([store.experiment("toys")])) == 2


def test_a_classifiers_name_is_taken(folder: Path) -> None:
    made = toys.prepared(folder)
    with pytest.raises(ConfigError) as caught:
        experiment.log_external(made, Store.open(), read(made, rows(made)), name="verbs")
    assert str(caught.value) == ("name: the config has a classifier called 'verbs'; name the run with --name")
