"""What the explorer's page holds: the rows of all classifiers side by side, packed, and not too many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toys
from typer.testing import CliRunner

from harness.cli.main import app
from harness.explorer import answers, binary_table, page_data, run_files, scored_rows
from harness.explorer.answering import answering_of
from harness.explorer.explained_rows import UnexplainableError, explained
from harness.explorer.explanations import Explanations
from harness.explorer.finished_experiments import Explored, explore
from harness.explorer.page_writer import PAGE, explorer_page
from harness.runs.classifiers import run_classifiers
from harness.scoring.slices import Slice
from harness.tracking.finished_runs import finished_runs
from harness.tracking.store import Store
from harness.values.errors import ConfigError, PredictionsError
from harness.values.findings import Detail, Finding
from harness.values.tables import Predictions
from tests.explorer import made_up

DESCRIBED = page_data.Described("made up", "stance", "made up")
LIMIT = page_data.ROOM_FOR_PAGE + 9_000


def test_columns_come_back_as_they_were_packed() -> None:
    columns = {
        "bytes": np.arange(5, dtype=np.uint8),
        "table": np.arange(12, dtype=np.int32).reshape(3, 4) - 2,
        "empty": np.empty(0, dtype=np.uint16),
    }
    packed = binary_table.pack({"text": "é \ud800 😀", "n": 1}, columns)
    assert packed == binary_table.pack({"text": "é \ud800 😀", "n": 1}, columns)
    head, unpacked = binary_table.unpack(packed)
    assert head == {"text": "é \ud800 😀", "n": 1}
    assert {name: array.tolist() for name, array in unpacked.items()} == {
        name: array.ravel().tolist() for name, array in columns.items()
    }


def test_every_seed_keeps_its_answer_and_most_seeds_win() -> None:
    classifier = made_up.classifier("a", seeds=5, missing=0.2)
    rows = answers.answered_rows([classifier])
    table = classifier.predictions.rows
    (answer,) = rows.answers
    for position, id_ in enumerate(rows.ids):
        of_row = table[table["id"] == id_].sort_values("seed")
        given = [None if code < 0 else made_up.LABELS.names[code] for code in answer.codes[:, position]]
        assert given == [label if isinstance(label, str) else None for label in of_row["prediction"]]
        label = answer.label[position]
        counts = [given.count(name) for name in given]
        assert given.count(None if label < 0 else made_up.LABELS.names[label]) == max(counts)
        assert answer.abstained[position] == of_row["abstain"].sum()
        expected = of_row[["p_critical", "p_neutral", "p_supportive"]].mean().to_numpy()
        np.testing.assert_allclose(answer.proba[position], expected)


def test_rows_that_a_classifier_was_not_scored_on_have_no_answer_of_it() -> None:
    first, second = made_up.classifier("a", 60), made_up.classifier("b", 60, salt=1)
    some = second.predictions.rows["id"].isin([f"row-{row}" for row in range(20)])
    part = answers.ExploredClassifier(
        "b", type(second.predictions)(made_up.LABELS, second.predictions.rows[some])
    )
    rows = answers.answered_rows([first, part])
    assert len(rows) == 60
    assert (rows.answers[1].label == answers.NOT_SCORED).sum() == 40
    assert np.isnan(rows.answers[1].proba[rows.answers[1].label == answers.NOT_SCORED]).all()


def test_the_same_id_with_another_truth_is_another_row() -> None:
    first = made_up.classifier("a", 6)
    second = made_up.classifier("b", 6, truth=["critical"] * 6)
    differing = int((first.predictions.only(split="test").rows["truth"].head(6) != "critical").sum())
    assert len(answers.answered_rows([first, second])) == 6 + differing


def test_several_labels_are_one_set() -> None:
    classifier = made_up.framing("a")
    rows = answers.answered_rows([classifier])
    table = classifier.predictions.rows
    for position in range(len(rows)):
        members = rows.sets[rows.truth[position]]
        expected = [k for k, name in enumerate(made_up.FRAMES.names) if table[f"truth_{name}"].iloc[position]]
        assert list(members) == expected


def test_classifiers_of_other_labels_are_refused() -> None:
    with pytest.raises(PredictionsError, match="explore them one at a time"):
        answers.answered_rows([made_up.classifier("a"), made_up.framing("b")])


def test_folds_that_repeat_show_each_row_once(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, split="{kind: kfold, k: 3, repeats: 2}")
    (outcome,) = run_classifiers(prepared, tmp_path / "results")
    assert outcome.result is not None
    explored = answers.ExploredClassifier("verbs", outcome.result.predictions)
    rows = answers.answered_rows([explored])
    assert len(set(zip(rows.splits, rows.ids, strict=True))) == len(rows)
    assert (rows.splits == "test").sum() == 54
    # Two seeds, two repeats.
    assert len(rows.answers[0].codes) == 4


def test_validation_rows_of_several_folds_stand_once_for_each() -> None:
    folds = []
    for fold, first in enumerate((0, 4), start=1):
        table = made_up.classifier("a", 12, seeds=2, salt=fold, missing=0.2).predictions.rows
        ids = {f"row-{row}" for row in range(first, first + 8)}
        folds.append(table[table["id"].isin(ids)].assign(split="validation", fold=fold))
    table = pd.concat(folds, ignore_index=True)
    rows = answers.answered_rows([answers.ExploredClassifier("a", Predictions(made_up.LABELS, table))])
    assert len(rows) == 16
    (answer,) = rows.answers
    for position, (fold, id_) in enumerate(zip(rows.folds, rows.ids, strict=True)):
        of_row = table[(table["fold"] == fold) & (table["id"] == id_)].sort_values("seed")
        given = [None if code < 0 else made_up.LABELS.names[code] for code in answer.codes[:, position]]
        assert given == [label if isinstance(label, str) else None for label in of_row["prediction"]]
        assert answer.abstained[position] == of_row["abstain"].sum()
    head, columns = binary_table.unpack(page_data.page_data(rows, made_up.details([]), DESCRIBED))
    assert [head["fold"][code] for code in columns["fold"]] == ["1"] * 8 + ["2"] * 8


def test_the_page_holds_the_scores_of_the_run(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, split="{kind: kfold, k: 3, repeats: 2}")
    (outcome,) = run_classifiers(prepared, tmp_path / "results")
    assert outcome.result is not None
    result = outcome.result
    logged = result.scores.rows.set_index(["metric", "split", "slice"])
    computed, taken = (
        answers.answered_rows([answers.ExploredClassifier("a", result.predictions, scores=scores)]).answers[0]
        for scores in (None, result.scores)
    )
    assert {split: values.plain() for split, values in computed.scores.items()} == {
        split: values.plain() for split, values in taken.scores.items()
    }
    for split, values in taken.scores.items():
        expected = logged.loc[("f1_macro", split, "all"), ["value", "low", "high"]].tolist()
        np.testing.assert_allclose(values.f1_macro, expected)
    assert (taken.repeats, taken.scores["test"].stretch > 1) == (2, True)


def sizes(rows: answers.AnsweredRows, texts: list[str], limit: int) -> dict[str, object]:
    packed = page_data.page_data(rows, made_up.details(texts), DESCRIBED, limit=limit)
    assert len(explorer_page(packed, DESCRIBED).encode()) <= limit
    return binary_table.unpack(packed)[0]


def test_a_page_that_would_be_too_large_keeps_all_wrong_rows() -> None:
    right = made_up.classifier("a", 4000, seeds=1)
    table = right.predictions.rows
    mostly = table.assign(prediction=table["truth"].where(np.arange(4000) % 50 != 0, table["prediction"]))
    rows = answers.answered_rows(
        [answers.ExploredClassifier("a", type(right.predictions)(made_up.LABELS, mostly))]
    )
    head = sizes(rows, [f"sentence {row}" for row in range(4000)], LIMIT)
    assert head["of"] == 4000
    assert int(rows.wrong.sum()) < int(str(head["n"])) < 4000
    assert head["wrong"] == [int(rows.wrong.sum())] * 2


def test_where_the_wrong_rows_are_too_many_they_are_sampled() -> None:
    rows = answers.answered_rows([made_up.classifier("a", 4000, seeds=1)])
    head = sizes(rows, [f"sentence {row}" for row in range(4000)], LIMIT - 4_000)
    shown, every = head["wrong"]  # type: ignore[misc]
    assert shown == head["n"] < every == rows.wrong.sum()


def test_offsets_count_as_browsers_do() -> None:
    text = "😀 Varna met 😀"
    rows = answers.answered_rows([made_up.classifier("a", 1, seeds=1)])
    packed = page_data.page_data(rows, made_up.details([text], start=[2], end=[7]), DESCRIBED)
    _, columns = binary_table.unpack(packed)
    start, end = int(columns["start"][0]), int(columns["end"][0])
    assert text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == "Varna"


def test_audits_and_slices_point_to_their_rows() -> None:
    classifier = made_up.classifier("a", 8)
    finding = Finding(
        "party_swap",
        "failed",
        "",
        details=(
            Detail(
                "worst",
                "",
                ("party", "label", "shift", "text"),
                (("Varna", "neutral", 0.5, "third"),),
                ("text",),
            ),
            Detail("listed", "", ("id", "likely"), (("row-5", "critical"), ("row-99", "neutral"))),
        ),
    )
    explored = answers.ExploredClassifier("a", classifier.predictions, (finding,))
    rows = answers.answered_rows(
        [explored], [Slice("outlet", "Post", frozenset({"row-1", "row-3", "row-77"}))]
    )
    texts = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "third"]
    head, _ = binary_table.unpack(page_data.page_data(rows, made_up.details(texts), DESCRIBED))
    # The sentence of row 7 is the same, toward another party.
    assert head["audits"] == [
        [2, 0, "party_swap", [["label", "neutral"], ["shift", "0.500"]]],
        [5, 0, "party_swap", [["likely", "critical"]]],
    ]
    assert head["slices"] == [["outlet", "Post", [1, 3]]]


@pytest.mark.parametrize("log_text", ["true", "false"])
def test_sentences_are_left_out_where_they_may_not_be_logged(folder: Path, log_text: str) -> None:
    prepared = toys.prepared(folder, log_text=log_text)
    store = Store.open(folder)
    for outcome in run_classifiers(prepared, store):
        assert outcome.error is None
    explored = explore(store, ["toys"])
    (run,) = explored.runs
    artifacts = Path(store.client.download_artifacts(run.run_id, ""))
    pages = [explored.page(), (artifacts / PAGE).read_text(encoding="utf-8")]
    table = scored_rows.read_rows((artifacts / scored_rows.ROWS).read_bytes())
    assert set(table.columns) & set(scored_rows.TEXTUAL) == (
        set(scored_rows.TEXTUAL) if log_text == "true" else set()
    )
    for page in pages:
        data = page.partition('id="data">')[2].partition("<")[0]
        head, _ = binary_table.unpack(data)
        held = any(verb in str(head) for verb in toys.VERBS.values())
        assert held == head["shows_text"] == (log_text == "true")


def test_each_run_and_each_comparison_keep_their_page(trained: Path) -> None:
    from harness.runs.comparison import compare

    store = Store.open(trained)
    explored = explore(store, ["toys"])
    assert {run.name for run in explored.runs} == {"prior", "verbs", "strong", "unsaved"}
    compared = compare("toys")
    page = Path(store.client.download_artifacts(compared.run_id, "")) / PAGE
    head, _ = binary_table.unpack(
        page.read_text(encoding="utf-8").partition('id="data">')[2].partition("<")[0]
    )
    assert {classifier["name"] for classifier in head["classifiers"]} == {run.name for run in explored.runs}


def head_of(page: str) -> dict[str, Any]:
    return binary_table.unpack(page.partition('id="data">')[2].partition("<")[0])[0]


def test_runs_without_a_page_get_theirs_on_demand(folder: Path) -> None:
    # Runs of this store alone: MLflow remembers where the files of a run lie, also of one that was copied.
    store = Store.open(folder)
    classifiers = "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}\n  other: {kind: 'toys:verbs'}"
    outcomes = run_classifiers(toys.prepared(folder, classifiers), store)
    assert [outcome.error for outcome in outcomes] == [None] * 3
    folders = {
        run.name: Path(store.client.download_artifacts(run.run_id, ""))
        for run in finished_runs(store, ["toys"])
    }
    before = head_of((folders["verbs"] / PAGE).read_text(encoding="utf-8"))
    # As runs of earlier versions: one with the table of its rows, one without.
    for name in ("verbs", "prior"):
        (folders[name] / PAGE).unlink()
    (folders["prior"] / scored_rows.ROWS).unlink()
    logged = CliRunner().invoke(app, ["explore", "toys", "--log"])
    assert logged.exit_code == 0, logged.output
    assert [name for name, folder in folders.items() if not (folder / PAGE).is_file()] == [], logged.output
    after = head_of((folders["verbs"] / PAGE).read_text(encoding="utf-8"))
    assert [each["name"] for each in after["classifiers"]] == [each["name"] for each in before["classifiers"]]
    assert {key: after[key] for key in ("title", "labels", "n", "of", "task")} == {
        key: before[key] for key in ("title", "labels", "n", "of", "task")
    }
    assert run_files.log_missing_pages(store, finished_runs(store, ["toys"])) == []
    refused = CliRunner().invoke(app, ["explore", "toys", "--log", "--explain", "3", "--output", "page.html"])
    assert isinstance(refused.exception, ConfigError)
    assert not Path("page.html").exists()


def test_of_experiments_with_different_labels_those_that_fit_are_shown(folder: Path) -> None:
    store = Store.open(folder)
    for name, task in (("toys", "stance"), ("frames", "framing")):
        prepared = toys.prepared(folder, name=name, task=task)
        assert [outcome.error for outcome in run_classifiers(prepared, store)] == [None]
    explored = explore(store, ["toys", "frames"])
    assert [run.name for run in explored.runs] == ["toys/verbs"]
    (note,) = explored.described.notes
    assert "frames/verbs" in note
    assert "explore frames" in note


def test_a_classifier_whose_run_failed_is_named(folder: Path) -> None:
    store = Store.open(folder)
    classifiers = "  verbs: {kind: 'toys:verbs'}\n  other: {kind: 'toys:verbs'}"
    outcomes = run_classifiers(toys.prepared(folder, classifiers), store)
    assert [outcome.error for outcome in outcomes] == [None, None]
    # Another config of the same names: a classifier fails that had finished, and one that never did.
    for name in ("verbs", "third"):
        failing = toys.prepared(folder, f"  {name}: {{kind: 'toys:verbs', fails: 'no luck'}}")
        with pytest.raises(RuntimeError):
            list(run_classifiers(failing, store))
    explored = explore(store, ["toys"])
    assert {run.name for run in explored.runs} == {"verbs", "other"}
    earlier, absent = explored.described.notes
    assert ("verbs" in earlier, "earlier" in earlier) == (True, True)
    assert ("third" in absent, "left out" in absent) == (True, True)


def explained_page(folder: Path, size: int) -> tuple[Explored, Explanations, dict[str, Any]]:
    explored = explore(Store.open(folder), ["toys"])
    explanations = explained(answering_of(Store.open(folder), explored), explored, size)
    page = explored.page(explanations=explanations)
    return explored, explanations, binary_table.unpack(page.partition('id="data">')[2].partition("<")[0])[0]


def test_words_are_told_of_the_wrong_rows_first(trained: Path) -> None:
    explored, explanations, head = explained_page(trained, 20)
    wrong = np.flatnonzero(explored.rows.wrong & (explored.rows.splits == "test"))
    assert set(wrong) < set(explanations.at)
    assert len(explanations.at) == 20
    # The one that cannot be saved has no model to be asked.
    assert ["unsaved" in note for note in explanations.notes] == [True]
    names = [classifier["name"] for classifier in head["classifiers"]]
    assert {names[classifier] for _, classifier, _, _ in head["why"]} == {"prior", "verbs", "strong"}
    moved = {(row, names[classifier]): words for row, classifier, _, words in head["why"]}
    for row in explanations.at:
        (text, weight, method), *_ = moved[(int(row), "strong")]
        assert (text in toys.VERBS.values(), weight > 0, method) == (True, True, "occlusion")


def test_of_many_wrong_rows_some_are_explained(trained: Path) -> None:
    explored, explanations, _ = explained_page(trained, 3)
    assert explored.rows.wrong[explanations.at].tolist() == [True] * 3


def test_explained_rows_that_a_small_page_leaves_out_take_their_words_along(trained: Path) -> None:
    explored, explanations, _ = explained_page(trained, 1_000)
    whole = explored.page(explanations=explanations)
    small = explored.page(explanations=explanations, limit=page_data.ROOM_FOR_PAGE + 2_000)
    heads = [
        binary_table.unpack(text.partition('id="data">')[2].partition("<")[0])[0] for text in (whole, small)
    ]
    assert len(heads[1]["why"]) < len(heads[0]["why"])
    assert {row for row, *_ in heads[1]["why"]} <= set(range(heads[1]["n"]))


def test_no_word_is_told_where_sentences_may_not_be_shown(folder: Path) -> None:
    prepared = toys.prepared(folder, log_text="false")
    assert [outcome.error for outcome in run_classifiers(prepared, Store.open(folder))] == [None]
    with pytest.raises(UnexplainableError, match="log_text"):
        explained_page(folder, 5)


def test_a_run_of_an_earlier_version_shows_the_sentences_of_its_table(trained: Path) -> None:
    store = Store.open(trained)
    for run in explore(store, ["toys"]).runs:
        (Path(store.client.download_artifacts(run.run_id, "")) / scored_rows.ROWS).unlink()
    explored = explore(store, ["toys"])
    assert len(explored.details) == 27
    assert "[" in explored.details["text"].iloc[0]


def test_files_of_a_run_without_a_store(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, task="framing")
    (outcome,) = run_classifiers(prepared, tmp_path / "results")
    assert outcome.result is not None
    files = run_files.explorer_files(prepared, outcome.result, "")
    assert set(files) == {PAGE, scored_rows.ROWS}
    assert (tmp_path / "results" / "toys" / "verbs" / PAGE).is_file()
