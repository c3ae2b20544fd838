"""The other task beside the one that an experiment is about: same articles, one fit, scores of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import both_toys
import pytest
import toys

import harness
from harness.config import plan
from harness.evaluation.prepared import Prepared, labels_of, prepare, reads_both
from harness.runs.classifiers import ClassifierOutcome, run_classifiers
from harness.tracking.finished import finished_runs, read_predictions
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
    text = f"name: p\ntask: {task}\ncorpus: {{kind: partyline}}\nsplit: {split}\n"
    path.write_text(text + "classifiers: {a: {kind: prior}}\n", encoding="utf-8")
    return prepare(plan.read(path))


@pytest.mark.parametrize("split", ["{kind: predefined}", "{kind: kfold, k: 3}"])
@pytest.mark.parametrize("task", ["stance", "framing"])
def test_the_other_task_has_the_same_articles_in_each_part(tmp_path: Path, split: str, task: str) -> None:
    made = partyline(tmp_path, split, task)
    other = made.other
    assert other is not None
    assert other.plan.config.task != task
    assert (other.plan.name, len(other.splits)) == (f"p-{other.plan.config.task}", len(made.splits))
    for own, theirs in zip(made.splits, other.splits, strict=True):
        for part in ("train", "validation", "calibration", "test"):
            groups = [set(one.part(of, part).rows["group"]) for one, of in ((made, own), (other, theirs))]
            assert groups[1] <= groups[0]
        left = len(other.corpus) - sum(
            len(theirs.part(part)) for part in ("train", "validation", "calibration", "test")
        )
        assert left < 0.02 * len(other.corpus)


def test_test_items_are_those_of_an_experiment_of_their_own(tmp_path: Path) -> None:
    other, alone = partyline(tmp_path).other, partyline(tmp_path, task="framing")
    assert other is not None
    assert set(other.splits[0].test) == set(alone.splits[0].test)
    assert other.plan.labels == alone.plan.labels


def test_labels_are_the_cards_or_those_that_occur(tmp_path: Path) -> None:
    made = toys.prepared(tmp_path)
    assert made.entire is not None
    assert labels_of(made.plan, made.entire, "stance") == STANCE
    assert labels_of(made.plan, made.entire, "framing") == FRAMING
    own = [("issue", "strategy") if n % 2 else () for n in range(len(made.entire))]
    named = replace(made.entire, rows=made.entire.rows.assign(frames=own))
    assert labels_of(made.plan, named, "framing") == LabelSet(("issue", "strategy"), multi=True)
    bare = replace(made.entire, rows=made.entire.rows.assign(frames=None))
    assert labels_of(made.plan, bare, "framing") is None
    assert replace(made, entire=bare).other is None
    assert replace(made, entire=None).other is None


def test_rows_of_an_article_in_two_parts_go_by_their_sentence(tmp_path: Path) -> None:
    made = toys.prepared(tmp_path)
    rows = made.entire.rows.assign(group="one article")  # type: ignore[union-attr]
    entire = replace(made.entire, rows=rows)  # type: ignore[type-var]
    torn = Prepared(made.plan, entire.for_task("stance"), made.splits, entire)
    assert torn.other is not None
    assert set(torn.other.splits[0].test) == set(made.splits[0].test)


def ran(made: Prepared, **options: bool) -> list[ClassifierOutcome]:
    outcomes = list(run_classifiers(made, Store.open(), **options))  # type: ignore[arg-type]
    assert [one.error for one in outcomes] == [None] * len(outcomes)
    return outcomes


def test_one_fit_a_seed_is_scored_on_both_tasks(folder: Path) -> None:
    made = toys.prepared(folder, BOTH)
    assert [reads_both(one.bound) for one in made.plan.classifiers] == [True, False]
    ran(made)
    assert both_toys.FITTED == [(18, 18)] * 2
    store = Store.open()
    (run,) = finished_runs(store, ["toys-framing"])
    assert (run.name, run.primary) == ("joint", "f1_macro")
    table = read_predictions(store, run)
    assert table.labels == FRAMING
    assert sorted(table.rows["seed"].unique()) == [1, 2]
    assert set(table.only(split="test").rows["id"]) == set(made.splits[0].test)
    # Again: nothing is repeated.
    assert [one.reused for one in ran(made)] == [True, True]
    assert len(both_toys.FITTED) == 2


def test_what_it_says_of_the_other_task_is_what_a_classifier_of_its_own_would(folder: Path) -> None:
    ran(toys.prepared(folder, BOTH))
    alone = toys.prepared(folder, name="alone", task="framing")
    (outcome,) = ran(alone)
    store = Store.open()
    table = read_predictions(store, finished_runs(store, ["toys-framing"])[0])
    assert outcome.result is not None
    own = outcome.result.predictions
    columns = ["seed", "id", "p_conflict", "p_morality"]
    both_ = [
        one.only(split="test").rows[columns].sort_values(["seed", "id"]).round(9) for one in (table, own)
    ]
    assert both_[0].to_numpy().tolist() == both_[1].to_numpy().tolist()


@pytest.mark.parametrize("split", ["", KFOLD])
def test_both_champions_are_one_network(folder: Path, split: str) -> None:
    made = toys.prepared(folder, "  joint: {kind: 'both_toys:both'}", split=split)
    ran(made)
    store = Store.open()
    stance, frames = promote(store, "toys"), promote(store, "toys-framing")
    assert (stance.uri, frames.uri) == ("models:/stance@champion", "models:/framing@champion")
    loaded = harness.load_both(stance.uri, frames.uri)
    found = loaded.predict([{"text": "Varna praised Harbour Party again.", "target": "Harbour Party"}])
    assert found["stance"].item() in STANCE.names
    trained = [one.engine.contract.trained_on for one in (loaded.stance, loaded.frames)]
    assert trained[0]["seed"] == trained[1]["seed"]
    known = [one.engine.classifier.heads_ for one in (loaded.stance, loaded.frames)]  # type: ignore[attr-defined]
    assert known[0][0].known_ == known[1][1].known_
    assert known[0][1].known_ == known[1][0].known_
    # Each fold and seed once, and with folds the served one on all rows.
    assert len(both_toys.FITTED) == (7 if split else 2)


def test_an_interrupted_second_task_is_finished_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = toys.prepared(folder, BOTH)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("harness.runs.classifiers._label_other_task", stopped)
        with pytest.raises(KeyboardInterrupt):
            ran(made)
    assert len(both_toys.FITTED) == 2
    ran(made)
    assert len(both_toys.FITTED) == 2
    assert [one.name for one in finished_runs(Store.open(), ["toys-framing"])] == ["joint"]
