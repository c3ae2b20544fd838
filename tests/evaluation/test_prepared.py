"""A prepared experiment, and its other task: the same articles, one fit, scores of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import both_toys
import pytest
import toys

import harness
from harness.config import plan
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared, labels_of, prepare, reads_both
from harness.evaluation.trial import list_trials, run_trial
from harness.runs.classifiers import ClassifierOutcome, run_classifiers
from harness.splits import PARTS
from harness.tracking.finished_runs import finished_runs, read_predictions
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.labels import FRAMING, STANCE, LabelSet

BOTH = "  joint: {kind: 'both_toys:both'}\n  verbs: {kind: 'toys:verbs'}"
KFOLD = "{kind: kfold, k: 3, dev: 0.2, calibration: 0}"


@pytest.fixture(autouse=True)
def nothing_fitted() -> None:
    both_toys.FITTED.clear()


def partyline(tmp_path: Path, split: str = "{kind: predefined}", task: str = "stance") -> Prepared:
    path = tmp_path / "p.yaml"
    text = f"name: p\ntask: {task}\ncorpus: {{kind: partyline, training: core}}\nsplit: {split}\n"
    path.write_text(text + "classifiers: {a: {kind: prior}}\n", encoding="utf-8")
    return prepare(plan.read(path))


@pytest.mark.parametrize("split", ["{kind: predefined}", "{kind: kfold, k: 3}"])
@pytest.mark.parametrize("task", ["stance", "framing"])
def test_the_other_task_has_the_same_articles_in_each_part(tmp_path: Path, split: str, task: str) -> None:
    prepared = partyline(tmp_path, split, task)
    other = prepared.other
    assert other is not None
    assert other.plan.config.task != task
    assert (other.plan.name, len(other.splits)) == (f"p-{other.plan.config.task}", len(prepared.splits))
    for first, second in zip(prepared.splits, other.splits, strict=True):
        for part in PARTS:
            groups = set(prepared.part(first, part).rows["group"])
            assert set(other.part(second, part).rows["group"]) <= groups
        n_left_out = len(other.corpus) - sum(len(second.part(part)) for part in PARTS)
        assert n_left_out < 0.02 * len(other.corpus)


def test_test_items_are_those_of_an_experiment_of_their_own(tmp_path: Path) -> None:
    other, alone = partyline(tmp_path).other, partyline(tmp_path, task="framing")
    assert other is not None
    assert set(other.splits[0].test) == set(alone.splits[0].test)
    assert other.plan.labels == alone.plan.labels


def test_labels_are_the_cards_or_those_that_occur(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path)
    plan_, entire = prepared.plan, prepared.entire
    assert entire is not None
    assert labels_of(plan_, entire, "stance") == STANCE
    assert labels_of(plan_, entire, "framing") == FRAMING
    frames = [("issue", "strategy") if n % 2 else () for n in range(len(entire))]
    renamed = replace(entire, rows=entire.rows.assign(frames=frames))
    assert labels_of(plan_, renamed, "framing") == LabelSet(("issue", "strategy"), multi=True)
    bare = replace(entire, rows=entire.rows.assign(frames=None))
    assert labels_of(plan_, bare, "framing") is None
    assert replace(prepared, entire=bare).other is None
    assert replace(prepared, entire=None).other is None


def test_what_reports_need_is_taken_from_the_experiment(tmp_path: Path) -> None:
    prepared = toys.prepared(
        tmp_path, split="{kind: kfold, k: 3, dev: 0.2, calibration: 0}", log_text="false"
    )
    info, rows = prepared.info, prepared.report_rows
    assert (info.name, info.task, info.labels) == ("toys", "stance", prepared.plan.labels)
    assert (info.n_seeds, info.shows_text, info.tuned_thresholds) == (2, False, True)
    assert (info.corpus.name, info.corpus.size) == ("toys", 54)
    assert info.corpus.fingerprint == prepared.corpus.fingerprint
    assert (info.split.kind, info.split.folds) == ("kfold", 3)
    assert info.split.sizes == {part: len(prepared.splits[0].part(part)) for part in PARTS}
    assert info.split.fingerprint == prepared.splits[0].fingerprint
    # Three folds score every row once.
    assert sorted(rows.test.rows["id"]) == sorted(prepared.corpus.rows["id"])
    assert (len(rows.cross_labelled), rows.frames, rows.stances) == (54, FRAMING.names, STANCE.names)


def test_what_is_printed_of_an_experiment_is_one_line(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path)
    (classifier,) = prepared.plan.classifiers
    results = [run_trial(prepared, trial, tmp_path / "t") for trial in list_trials(prepared, classifier)]
    result = pool_trials(prepared, classifier, results, tmp_path / "refit")
    finished_ = prepared.finish(result)
    values = [prepared, prepared.plan, prepared.corpus, results[0], results[0].trial, result]
    values += [result.predictions, result.scores, finished_, finished_.experiment, finished_.rows]
    texts = [repr(value) for value in values]
    assert [text for text in texts if len(text) > 110 or "\n" in text] == []
    assert [type(value).__name__ for value in values] == [text.partition("(")[0] for text in texts]


def test_rows_of_an_article_in_two_parts_follow_their_sentence(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path)
    rows = prepared.entire.rows.assign(group="one article")  # type: ignore[union-attr]
    entire = replace(prepared.entire, rows=rows)  # type: ignore[type-var]
    divided = Prepared(prepared.plan, entire.for_task("stance"), prepared.splits, entire)
    assert divided.other is not None
    assert set(divided.other.splits[0].test) == set(prepared.splits[0].test)


def run(prepared: Prepared) -> list[ClassifierOutcome]:
    outcomes = list(run_classifiers(prepared, Store.open()))
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return outcomes


def test_one_fit_per_seed_is_scored_on_both_tasks(folder: Path) -> None:
    prepared = toys.prepared(folder, BOTH)
    assert [reads_both(planned.bound) for planned in prepared.plan.classifiers] == [True, False]
    run(prepared)
    assert both_toys.FITTED == [(18, 18)] * 2
    store = Store.open()
    (joint,) = finished_runs(store, ["toys-framing"])
    assert (joint.name, joint.primary) == ("joint", "f1_macro")
    table = read_predictions(store, joint)
    assert table.labels == FRAMING
    assert sorted(table.rows["seed"].unique()) == [1, 2]
    assert set(table.only(split="test").rows["id"]) == set(prepared.splits[0].test)
    # A second run repeats nothing.
    assert [outcome.reused for outcome in run(prepared)] == [True, True]
    assert len(both_toys.FITTED) == 2


def test_it_predicts_the_other_task_as_a_classifier_of_that_task_alone_does(folder: Path) -> None:
    run(toys.prepared(folder, BOTH))
    alone = toys.prepared(folder, name="alone", task="framing")
    (outcome,) = run(alone)
    store = Store.open()
    table = read_predictions(store, finished_runs(store, ["toys-framing"])[0])
    assert outcome.result is not None
    columns = ["seed", "id", "p_conflict", "p_morality"]
    jointly, separately = (
        predicted.only(split="test").rows[columns].sort_values(["seed", "id"]).round(9)
        for predicted in (table, outcome.result.predictions)
    )
    assert jointly.to_numpy().tolist() == separately.to_numpy().tolist()


@pytest.mark.parametrize("split", ["", KFOLD])
def test_both_champions_are_one_network(folder: Path, split: str) -> None:
    prepared = toys.prepared(folder, "  joint: {kind: 'both_toys:both'}", split=split)
    run(prepared)
    store = Store.open()
    stance, frames = promote(store, "toys"), promote(store, "toys-framing")
    assert (stance.uri, frames.uri) == ("models:/stance@champion", "models:/framing@champion")
    loaded = harness.load_both(stance.uri, frames.uri)
    labelled = loaded.predict([{"text": "Varna praised Harbour Party again.", "target": "Harbour Party"}])
    assert labelled["label"].item() in STANCE.names
    trained = [model.engine.contract.trained_on for model in (loaded.stance, loaded.frames)]
    assert trained[0]["seed"] == trained[1]["seed"]
    heads = [model.engine.classifier.heads_ for model in (loaded.stance, loaded.frames)]  # type: ignore[attr-defined]
    assert heads[0][0].known_ == heads[1][1].known_
    assert heads[0][1].known_ == heads[1][0].known_
    # Once per fold and seed; with folds the served one is refitted on all rows.
    assert len(both_toys.FITTED) == (7 if split else 2)


def test_an_interrupted_second_task_is_finished_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = toys.prepared(folder, BOTH)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("harness.runs.classifiers._label_other_task", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(prepared)
    assert len(both_toys.FITTED) == 2
    run(prepared)
    assert len(both_toys.FITTED) == 2
    assert [finished_run.name for finished_run in finished_runs(Store.open(), ["toys-framing"])] == ["joint"]
