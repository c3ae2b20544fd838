"""Framing from config to served label: several frames, a single one, a user's own set."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import harness
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import run_classifiers
from harness.scoring.slices import slices_of
from harness.tracking.finished_runs import finished_runs, read_predictions
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.labels import LabelSet

SENTENCES = {
    "strategy": "The leader polls well at the {}.",
    "strategy|issue": "The leader argues over tolls at the {}.",
    "issue": "The plan caps tolls at the {}.",
    "": "Rain fell at the {}.",
}
PLACES = ("quay", "hall", "dock", "inn", "mill", "gate", "ford", "pier", "yard", "barn", "weir", "lock")
CONFIG = """\
name: own
task: framing
labels: {labels}
{multi}
corpus: {{kind: files, path: own.csv}}
split: {{kind: predefined, calibration: 0}}
classifiers:
  majority: {{kind: majority}}
  linear: {{kind: linear, target: none}}
"""


def prepared(folder: Path, labels: str, multi: str = "") -> Prepared:
    with (folder / "own.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["id", "text", "frames", "split"])
        for n, place in enumerate(PLACES):
            split = ("train", "train", "train", "train", "dev", "test")[n // 2]
            for k, (frames, text) in enumerate(SENTENCES.items()):
                table.writerow([f"{n}.{k}", text.format(place), frames, split])
    path = folder / "own.yaml"
    path.write_text(CONFIG.format(labels=labels, multi=multi), encoding="utf-8")
    return prepare(plan.read(path))


CASES = {
    "several": ("[strategy, issue]", "", LabelSet(("strategy", "issue"), multi=True), "strategy|issue"),
    "first": ("[strategy, issue]", "multi: false", LabelSet(("strategy", "issue")), "strategy"),
    "first or none": (
        "[strategy, issue, none]",
        "multi: false",
        LabelSet(("strategy", "issue", "none")),
        "strategy",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_train_score_log_promote_serve_predict(folder: Path, name: str) -> None:
    labels, multi, expected, said = CASES[name]
    made = prepared(folder, labels, multi)
    store = Store.open()
    outcomes = list(run_classifiers(made, store))
    assert [one.error for one in outcomes] == [None, None]
    run = next(one for one in finished_runs(store, ["own"]) if one.name == "linear")
    table = read_predictions(store, run)
    assert table.labels == expected
    scores = outcomes[1].result.scores  # type: ignore[union-attr]
    assert scores.value("f1_macro") == 1.0
    assert promote(store, "own").uri == "models:/framing@champion"
    texts = [SENTENCES[frames].format("old bridge") for frames in ("strategy|issue", "")]
    labelled = harness.load("models:/framing@champion").predict([{"text": text} for text in texts])
    unframed = {"several": "", "first or none": "none"}.get(name)
    assert labelled["label"][0] == said
    assert unframed is None or labelled["label"][1] == unframed
    unsure = ["unsure"] * expected.multi
    assert list(labelled.columns) == ["label", *(f"p_{one}" for one in expected.names), "abstain", *unsure]


def test_a_sentence_without_a_frame_is_left_out_where_each_has_one(folder: Path) -> None:
    assert len(prepared(folder, "[strategy, issue]", "multi: false").corpus) == 36
    assert len(prepared(folder, "[strategy, issue, none]", "multi: false").corpus) == 48
    assert len(prepared(folder, "[strategy, issue]").corpus) == 48


def test_slices_by_label_follow_the_task(folder: Path) -> None:
    several = prepared(folder, "[strategy, issue]")
    one = prepared(folder, "[strategy, issue]", "multi: false")
    found = [
        {cut.value: len(cut.ids) for cut in slices_of(made.corpus, made.splits, made.plan.labels, ["label"])}
        for made in (several, one)
    ]
    assert found == [{"issue": 4, "strategy": 4, "none": 2}, {"strategy": 4, "issue": 2}]
