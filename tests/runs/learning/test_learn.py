"""Training with gold and without: what is said of a gain, of none, of a loss, and of too little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from refused import places, refused
from typer.testing import CliRunner

import harness
from harness.cli.main import app
from harness.runs.learning.curve import CurveStudy
from harness.runs.learning.learned_runs import LearnedRuns
from harness.runs.learning.version_file import VersionFile
from harness.tracking import names
from harness.tracking.finished_runs import read_file
from harness.tracking.looks import looks_at
from harness.tracking.store import Store
from harness.values.errors import ConfigError, CorpusError
from tests.runs.learning.gold_toys import experiment, flipped, gold_of, sentences, write_gold


def learn(folder: Path, gold: list[dict[str, Any]], **options: Any) -> LearnedRuns:
    write_gold(folder / "gold.csv", gold)
    return harness.learn(folder / "gold.csv", folder / "small.yaml", **{"curve": 0, **options})


def test_a_large_gain_is_promoted_and_leaves_an_ordinary_pair_of_runs(folder: Path) -> None:
    experiment(folder)
    gold = gold_of(sentences(150, "new", 9))
    learned = learn(folder, gold, curve=2)
    assert learned.verdict is not None
    assert (learned.verdict.decision, learned.verdict.reason) == ("promote", "gain")
    assert learned.verdict.validation.low > 0
    assert learned.account.counts == {"added": 150}
    assert learned.without is not None
    assert learned.corrected is not None
    assert (learned.without.name, learned.corrected.name) == ("linear", "linear-learned")
    # The pair compares and promotes as any other.
    compared = harness.compare("small")
    assert set(compared.table["name"]) == {"linear", "linear-learned"}
    promoted = harness.promote("small", classifier="linear-learned")
    assert promoted.changed
    store = Store.open(reading=True)
    run = store.client.get_run(learned.corrected.logged.run_id)
    tags = run.data.tags
    assert tags[names.GOLD] == learned.gold.digest
    assert (tags[names.GOLD_ADDED], tags[names.GOLD_REPLACED]) == ("150", "0")
    assert tags[names.LEARNED_FROM] == "linear"
    # The comparison that learn made, the one above, and the two runs.
    looks = looks_at(store, tags[names.TEST])
    assert (looks.runs, looks.comparisons) == (2, 1)
    written = json.loads(read_file(store, learned.corrected.logged, "learning/verdict.json") or b"")
    assert written["verdict"]["decision"] == "promote"
    for name in ("account.csv", "curve.csv", "curve.png"):
        assert read_file(store, learned.corrected.logged, f"learning/{name}")


def test_the_curve_rises_from_none_to_all_and_is_measured_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment(folder)
    gold = gold_of(sentences(150, "new", 9))
    curve = learn(folder, gold, curve=2).curve
    assert curve is not None
    # Groups have two rows: 25 labels are 26.
    assert [point.labels for point in curve.points] == [0, 26, 50, 100, 150]
    assert curve.repeats == 2
    assert curve.points[0].value < curve.points[2].value < curve.points[-1].value
    assert curve.points[-1].gain == pytest.approx(curve.points[-1].value - curve.points[0].value)
    assert 0 < curve.next_labels[0] < curve.points[-1].gain
    monkeypatch.setattr(CurveStudy, "measure", lambda *_: pytest.fail("it is there from before"))
    again = learn(folder, gold, curve=2).curve
    assert again is not None
    assert again.points[1:] == curve.points[1:]
    assert again.slope == curve.slope


def test_what_was_trained_before_is_not_trained_again(folder: Path) -> None:
    experiment(folder)
    run = harness.run(folder / "small.yaml")
    learned = learn(folder, gold_of(sentences(30, "new", 9)))
    assert learned.without is not None
    assert f"runs:/{learned.without.logged.run_id}" == run["linear"].address


def test_a_little_gold_cannot_be_told(folder: Path) -> None:
    experiment(folder, train=120, verbs=6)
    learned = learn(folder, gold_of(sentences(10, "new", 9)), curve=1)
    assert learned.verdict is not None
    assert learned.verdict.decision == "undecided"
    assert learned.needed is not None
    # Fewest labels first; and rows of validation, of which there are too few.
    assert learned.needed.fewest <= learned.needed.labels <= learned.needed.most
    assert learned.needed.rows > learned.needed.have_rows == 120
    assert learned.needed.sentence in learned.sentence


def test_wrong_labels_are_kept_out(folder: Path) -> None:
    experiment(folder, train=150, verbs=6)
    learned = learn(folder, flipped(sentences(150, "new", 9)))
    assert learned.verdict is not None
    assert (learned.verdict.decision, learned.verdict.reason) == ("keep", "worse")
    assert learned.needed is None


def test_labels_of_train_are_replaced_and_counted(folder: Path) -> None:
    rows = experiment(folder, train=90, verbs=6)
    train = [row for row in rows if row["split"] == "train"]
    gold = [*flipped(train[:20]), *gold_of(train[20:50])]
    learned = learn(folder, gold)
    assert learned.account.counts == {"replaced": 20, "confirmed": 30}
    assert learned.verdict is not None


def test_of_wrong_test_rows_nothing_is_learned_or_mended(folder: Path) -> None:
    rows = experiment(folder)
    test = [row for row in rows if row["split"] == "test"][:12]
    learned = learn(folder, gold_of(test, pick="wrong"))
    assert learned.account.counts == {"test": 12}
    assert (learned.verdict, learned.version, learned.scores) == (None, None, ())
    assert "12 as wrong" in learned.refusal


def test_a_random_sample_of_test_makes_a_new_version(folder: Path) -> None:
    rows = experiment(folder)
    test = [row for row in rows if row["split"] == "test"]
    sample = gold_of(test[:60], pick="random", pi="0.5")
    for row in sample[:6]:
        row["gold"] = "neutral"
    file = folder / "mended.jsonl"
    written = Listening([])
    learned = learn(
        folder, [*sample, *gold_of(sentences(150, "new", 9))], test_version=file, observer=written
    )
    assert learned.version is not None
    assert len(learned.version.labels) == 4  # of the six, two were neutral
    assert learned.version.share_changed == pytest.approx(4 / 60)
    where = [(score.run, score.where) for score in learned.scores]
    mended = "test with corrected labels"
    assert where == [
        *(("linear", part) for part in ("validation", "test", mended)),
        *(("linear-learned", part) for part in ("validation", "test", mended)),
    ]
    prints = {score.where: score.fingerprint for score in learned.scores}
    assert len(set(prints.values())) == 3
    assert learned.verdict is not None
    assert [gain.where for gain in learned.verdict.tests] == ["test", mended]
    # The new version is a corpus: the same rows in the same parts, the corrected labels, one fingerprint.
    (version,) = written.versions
    assert version.fingerprint == prints[mended]
    changed = (folder / "small.yaml").read_text().splitlines()
    config = "\n".join(line for line in changed if not line.startswith(("corpus:", "split:")))
    (folder / "mended.yaml").write_text(
        f"{config}\n{version.config}\n".replace("name: small", "name: mended")
    )
    result = harness.run(folder / "mended.yaml", track=False)["linear"].result
    test = result.predictions.only(split="test")
    assert test.fingerprint() == version.fingerprint
    (score,) = (s for s in learned.scores if (s.run, s.where) == ("linear", mended))
    assert result.scores.value("f1_macro", "test") == pytest.approx(score.value)


def test_where_no_label_of_test_is_corrected_no_version_is_written(folder: Path) -> None:
    experiment(folder)
    notes: list[str] = []
    gold = gold_of(sentences(12, "new", 9))
    with pytest.raises(ConfigError):
        learn(folder, gold, test_version=folder / "mended.csv")
    rows = [row for row in experiment(folder) if row["split"] == "test"][:12]
    learn(folder, gold_of(rows, pick="wrong"), test_version=folder / "m.jsonl", observer=Listening(notes))
    assert any("m.jsonl" in note for note in notes)
    assert not (folder / "m.jsonl").exists()


def test_gold_that_was_learned_before_is_in_both(folder: Path) -> None:
    experiment(folder)
    first, second = gold_of(sentences(60, "new", 9)), gold_of(sentences(60, "newer", 10))
    write_gold(folder / "first.csv", first)
    before = harness.learn(folder / "first.csv", folder / "small.yaml", curve=0)
    harness.promote("small", classifier="linear-learned")
    notes: list[str] = []
    forgetful = learn(folder, second, observer=Listening(notes))
    assert forgetful.without is not None
    assert any("--after" in note for note in notes)
    learned = learn(folder, second, after=[folder / "first.csv"])
    assert learned.without is not None
    assert learned.corrected is not None
    assert before.corrected is not None
    # What the first gold gave is not trained again.
    assert learned.without.logged.run_id == before.corrected.logged.run_id
    assert learned.corrected.name == "linear-learned-2"


class Listening(harness.LearnObserver):
    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        self.versions: list[VersionFile] = []

    def version_written(self, file: VersionFile) -> None:
        self.versions.append(file)

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_the_experiment_holds_the_config(folder: Path) -> None:
    experiment(folder)
    harness.run(folder / "small.yaml")
    write_gold(folder / "gold.csv", gold_of(sentences(30, "new", 9)))
    learned = harness.learn(folder / "gold.csv", curve=0)
    assert learned.experiment == "small"


@pytest.mark.parametrize(
    ("split", "where"),
    [
        ("{kind: kfold, k: 3}", "split"),
        ("{kind: holdout, dev: 0}", "split"),
    ],
)
def test_a_split_without_one_test_set_or_validation_is_refused(folder: Path, split: str, where: str) -> None:
    experiment(folder, split=split)
    error = refused(lambda: learn(folder, gold_of(sentences(30, "new", 9))))
    assert isinstance(error, ConfigError)
    assert places(error) == [where]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"curve": -1}, "--curve"),
        ({"smallest": 0.0}, "--gain"),
        ({"classifier": "no such"}, "--classifier"),
        ({"experiment": "small"}, "--experiment"),
    ],
)
def test_options_that_cannot_be_used_are_refused(folder: Path, options: dict[str, Any], where: str) -> None:
    experiment(folder)
    error = refused(lambda: learn(folder, gold_of(sentences(30, "new", 9)), **options))
    assert places(error) == [where]


def test_gold_without_labels_and_with_unknown_ones_is_refused(folder: Path) -> None:
    experiment(folder)
    new = sentences(6, "new", 9)
    for gold in (gold_of(new, gold=""), gold_of(new, gold="friendly")):
        assert isinstance(refused(lambda gold=gold: learn(folder, gold)), CorpusError)  # type: ignore[misc]


def test_the_command_line_promotes_where_that_is_the_verdict(folder: Path) -> None:
    experiment(folder)
    write_gold(folder / "gold.csv", gold_of(sentences(150, "new", 9)))
    words = ["learn", "gold.csv", "--config", "small.yaml", "--curve", "0"]
    outcome = CliRunner().invoke(app, [*words, "--promote", "--json"])
    report = json.loads(outcome.stdout)
    assert report["decision"] == "promote"
    assert report["counts"] == {"added": 150}
    assert report["promotion"]["uri"] == "models:/small@champion"
    printed = CliRunner().invoke(app, words).stdout
    assert report["sentence"].split(":")[0][:40] in " ".join(printed.split())
    next_step = "promote --experiment small --classifier linear-learned"
    assert next_step in printed


def test_the_command_line_fails_where_nothing_can_be_learned(folder: Path) -> None:
    rows = experiment(folder)
    test = [row for row in rows if row["split"] == "test"][:12]
    write_gold(folder / "gold.csv", gold_of(test, pick="wrong"))
    outcome = CliRunner().invoke(app, ["learn", "gold.csv", "--config", "small.yaml", "--json"])
    report = json.loads(outcome.stdout)
    assert outcome.exit_code == 1
    assert report["counts"] == {"test": 12}
    assert report["decision"] is None
    assert "12 as wrong" in report["test_refusal"]
