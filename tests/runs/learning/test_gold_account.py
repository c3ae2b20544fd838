"""What becomes of every row of gold, and when gold on test rows makes a new version of the test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from refused import refused

from harness.evaluation.prepared import Prepared
from harness.explorer.labelling.desk import LabelDesk
from harness.explorer.labelling.row_files import TaskOptions, read_task
from harness.explorer.labelling.vote_files import write_votes
from harness.explorer.labelling.vote_log import VoteLog, log_path
from harness.runs.learning.account import OUTCOMES, Account, account_for
from harness.runs.learning.corrected_training import with_corrections
from harness.runs.learning.curve import nested, sizes
from harness.runs.learning.gold_file import read_gold_file
from harness.runs.learning.mended_test import mend_test
from harness.values.errors import CorpusError
from harness.values.labels import STANCE
from harness.values.tables import Predictions
from tests.explorer.labelling.small_tasks import vote
from tests.runs.learning.gold_toys import gold_of, prepared, sentences, write_gold

Rows = list[dict[str, Any]]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Prepared, Rows]:
    return prepared(tmp_path, split="{kind: predefined}")


def account(tmp_path: Path, experiment: Prepared, gold: Rows, more: tuple[str, ...] = ()) -> Account:
    path = write_gold(tmp_path / "gold.csv", gold, more)
    plan = experiment.plan
    return account_for(experiment, read_gold_file(path, plan.config.task, plan.labels, tmp_path))


def outcomes(accounted: Account) -> list[str]:
    return [row.outcome for row in accounted.rows]


def test_every_row_is_accounted_for(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    split = experiment.splits[0]
    by_id = {row["id"]: row for row in rows}
    train, test = by_id["train0"], by_id["test0"]
    validation, calibration = (by_id[part[0]] for part in (split.validation, split.calibration))
    new = sentences(6, "new", 9)
    neighbour = {**new[1], "group": test["group"]}
    longer = {**new[2], "text": f"He said that {by_id['test3']['text']} and left"}
    gold = [
        *gold_of([train]),
        *gold_of([by_id["train1"]], gold="critical"),
        *gold_of([new[0], neighbour, longer, validation, calibration, test]),
        *gold_of([new[0]]),
        *gold_of([new[3]], gold=""),
        *(gold_of([new[4]], gold=label)[0] for label in ("critical", "neutral")),
    ]
    accounted = account(tmp_path, experiment, gold)
    assert outcomes(accounted) == [
        *("confirmed", "replaced", "added", "leak", "leak", "validation", "calibration", "test"),
        *("repeated", "unlabelled", "contradicted", "contradicted"),
    ]
    assert sum(accounted.counts.values()) == len(gold) == len(accounted.table())
    assert set(accounted.counts) <= set(OUTCOMES)
    by_group, by_text = (row.why for row in accounted.rows if row.outcome == "leak")
    assert test["group"] in by_group
    assert "test3" in by_text
    assert "text" not in accounted.table(texts=False).columns


def test_a_text_with_other_spaces_is_the_same_row(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    changed = {**rows[0], "text": f"  {rows[0]['text'].replace(' ', '  ')} "}
    assert outcomes(account(tmp_path, experiment, gold_of([changed]))) == ["confirmed"]


def test_another_party_in_a_test_sentence_is_a_leak(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    test = next(row for row in rows if row["split"] == "test")
    about_another = {**test, "target": "Ostrel", "group": ""}
    accounted = account(tmp_path, experiment, gold_of([about_another, *sentences(1, "new", 9)]))
    assert outcomes(accounted) == ["leak", "added"]


def test_values_that_a_split_keeps_apart_stay_apart(tmp_path: Path) -> None:
    rows = sentences(120, "row", 1)
    for number, row in enumerate(rows):
        row["target"] = f"Party {number // 12}"
    experiment, _ = prepared(tmp_path)
    from harness.config import plan
    from harness.evaluation.prepared import prepare
    from tests.runs.learning.gold_toys import CONFIG, write

    write(tmp_path / "apart.csv", rows, ["id", "text", "target", "stance", "group"])
    split = "{kind: disjoint, by: [target, group]}"
    (tmp_path / "apart.yaml").write_text(CONFIG.format(name="apart", split=split), encoding="utf-8")
    experiment = prepare(plan.read(tmp_path / "apart.yaml"))
    target_of = {row["id"]: row["target"] for row in rows}
    tested, trained = (target_of[getattr(experiment.splits[0], part)[0]] for part in ("test", "train"))
    new = sentences(2, "new", 9)
    gold = gold_of([{**new[0], "target": tested}, {**new[1], "target": trained}])
    assert outcomes(account(tmp_path, experiment, gold)) == ["leak", "added"]


def test_the_future_is_not_learned_from(tmp_path: Path) -> None:
    from harness.config import plan
    from harness.evaluation.prepared import prepare
    from tests.runs.learning.gold_toys import CONFIG, write

    rows = sentences(120, "row", 1)
    for number, row in enumerate(rows):
        row["date"] = f"2031-{1 + number // 12:02d}-01"
    write(tmp_path / "dated.csv", rows, ["id", "text", "target", "stance", "group", "date"])
    (tmp_path / "dated.yaml").write_text(
        CONFIG.format(name="dated", split="{kind: forward}"), encoding="utf-8"
    )
    experiment = prepare(plan.read(tmp_path / "dated.yaml"))
    new = sentences(3, "new", 9)
    for row, date in zip(new, ("2031-01-15", "2031-12-24", ""), strict=True):
        row["date"] = date
    assert outcomes(account(tmp_path, experiment, gold_of(new), ("date",))) == ["added", "leak", "leak"]


def test_training_changes_and_nothing_else(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    gold = [*gold_of(rows[:2], gold="supportive"), *gold_of(sentences(4, "new", 9))]
    corrected = with_corrections(experiment, account(tmp_path, experiment, gold).learned)
    (before,), (after,) = experiment.splits, corrected.splits
    assert (after.validation, after.calibration, after.test) == (
        before.validation, before.calibration, before.test,
    )  # fmt: skip
    assert len(after.train) == len(before.train) + 4
    train = corrected.labelled(after, "train")
    assert [experiment.plan.labels.names[code] for code in train.codes[:2]] == ["supportive"] * 2
    assert corrected.corpus.rows.dtypes.equals(experiment.corpus.rows.dtypes)
    assert corrected.corpus.fingerprint != experiment.corpus.fingerprint
    assert with_corrections(experiment, ()) is experiment


def test_subsets_are_nested_and_groups_stay_whole(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, _ = world
    learned = account(tmp_path, experiment, gold_of(sentences(120, "new", 9))).learned
    assert sizes(len(learned)) == [25, 50]
    for order in range(3):
        small, large = (nested(learned, size, order) for size in (25, 50))
        assert small == large[: len(small)]
        assert len(small) == 26
        groups = [row.gold.group for row in small]
        assert all(groups.count(group) == 2 for group in groups)
    assert nested(learned, 25, 0) != nested(learned, 25, 1)


@pytest.mark.parametrize("name", ["gold.csv", "gold.jsonl"])
def test_votes_decide_and_what_they_leave_open_is_left_out(
    tmp_path: Path, world: tuple[Prepared, Rows], name: str
) -> None:
    experiment, _ = world
    source = write_gold(tmp_path / "sample.csv", gold_of(sentences(5, "new", 9), gold=""))
    task = read_task(source, TaskOptions("sample"))
    log = VoteLog(log_path(tmp_path, "sample"))
    agreed, tied, skipped, settled, _ = task.by_key
    for item, votes in {
        agreed: ("critical", "critical"),
        tied: ("critical", "neutral"),
        settled: ("critical", "neutral"),
    }.items():
        for annotator, stance in zip(("Ada", "Ben"), votes, strict=True):
            vote(log, annotator, item, "stance", stance)
    vote(log, "Ada", skipped, "skip", "1")
    vote(log, "Cy", settled, "stance", "supportive", "settle")
    desk = LabelDesk(task, log)
    write_votes(tmp_path / name, desk.task, log.votes())
    expected = ["decided", "undecided", "skipped", "decided", "unlabelled"]
    plan = experiment.plan
    # What was written; and the file that was labelled, whose votes are in the store.
    for path in (tmp_path / name, source):
        gold = read_gold_file(path, plan.config.task, plan.labels, tmp_path)
        assert [row.state for row in gold.rows] == expected, path
        assert [row.label for row in gold.rows] == ["critical", None, None, "supportive", None]
    assert outcomes(account_for(experiment, gold)) == [
        *("added", "undecided", "skipped", "added", "unlabelled")
    ]


def test_a_cell_that_a_person_filled_in_decides_what_votes_leave_open(
    tmp_path: Path, world: tuple[Prepared, Rows]
) -> None:
    experiment, _ = world
    gold = gold_of(sentences(1, "new", 9), gold="neutral")
    for row in gold:
        row |= {"stance by Ada": "critical", "stance by Ben": "neutral"}
    accounted = account(tmp_path, experiment, gold, ("stance by Ada", "stance by Ben"))
    assert accounted.rows[0].gold.label == "neutral"


def test_nobody_counts_twice_or_settles_what_they_voted_on_under_another_spelling(
    tmp_path: Path, world: tuple[Prepared, Rows]
) -> None:
    experiment, _ = world
    differing = {"stance by Ada": "critical", "stance by Ben": "neutral"}
    more = (
        {"stance settled by ADA": "critical"},
        {"stance by ada": "critical"},
        {"stance settled by Cy": "neutral"},
    )
    gold = [
        row | differing | cells
        for row, cells in zip(gold_of(sentences(3, "new", 9), gold=""), more, strict=True)
    ]
    columns = tuple(dict.fromkeys(name for cells in (differing, *more) for name in cells))
    accounted = account(tmp_path, experiment, gold, columns)
    assert outcomes(accounted) == ["undecided", "undecided", "added"]
    assert [("ADA" in row.why) for row in accounted.rows] == [True, False, False]


def test_frames_are_gold_too(tmp_path: Path) -> None:
    from harness.config import plan
    from harness.evaluation.prepared import prepare
    from tests.runs.learning.gold_toys import write

    rows = sentences(60, "row", 1)
    for number, row in enumerate(rows):
        row |= {"frames": ("conflict", "morality|conflict", "")[number % 3], "split": "train"}
        if number >= 30:
            row["split"] = "dev" if number < 45 else "test"
    write(tmp_path / "framed.csv", rows, ["id", "text", "frames", "group", "split"])
    text = (
        "name: framed\ntask: framing\ncorpus: {kind: files, path: framed.csv}\nsplit: {kind: predefined}\n"
        "classifiers:\n  linear: {kind: linear}\n"
    )
    (tmp_path / "framed.yaml").write_text(text, encoding="utf-8")
    experiment = prepare(plan.read(tmp_path / "framed.yaml"))
    new = sentences(2, "new", 9)
    gold = [
        {**rows[0], "gold_frames": "conflict"},
        {**rows[1], "gold_frames": "none"},
        {**new[0], "gold_frames": "morality"},
        {**new[1], "gold_frames": ""},
    ]
    accounted = account(tmp_path, experiment, gold, ("gold_frames",))
    assert outcomes(accounted) == ["confirmed", "replaced", "added", "unlabelled"]
    corrected = with_corrections(experiment, accounted.learned)
    frames = dict(zip(corrected.corpus.rows["id"], corrected.corpus.rows["frames"], strict=True))
    assert frames["row1"] == ()
    assert frames[corrected.splits[0].train[-1]] == ("morality",)


def test_an_unknown_label_is_refused_by_row(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, _ = world
    gold = gold_of(sentences(2, "new", 9))
    gold[1]["gold"] = "suportive"
    error = refused(lambda: account(tmp_path, experiment, gold))
    assert isinstance(error, CorpusError)
    assert [problem.where.rpartition(": ")[2] for problem in error.problems] == ["row 2"]
    assert "supportive" in error.problems[0].hint


def of_test(rows: Rows) -> Rows:
    return [row for row in rows if row["split"] == "test"]


@pytest.mark.parametrize("pick", ["wrong", "uncertain", "disagreement", "slice"])
def test_picked_rows_of_test_are_refused(tmp_path: Path, world: tuple[Prepared, Rows], pick: str) -> None:
    experiment, rows = world
    gold = gold_of(of_test(rows)[:60], pick=pick, pi="0.5", gold="neutral")
    version, refusal = mend_test(experiment, account(tmp_path, experiment, gold).rows)
    assert version is None
    assert f"60 as {pick}" in refusal


@pytest.mark.parametrize(
    ("changes", "n"),
    [
        ({"pick": "", "pi": "0.5"}, 60),
        ({"pick": "random", "pi": ""}, 60),
        ({"pick": "random", "pi": "1.5"}, 60),
        # Half of the sample was deleted: its weights do not add up.
        ({"pick": "random", "pi": "0.5"}, 30),
        ({"pick": "random", "pi": "0.25"}, 60),
    ],
)
def test_a_sample_of_unknown_design_is_refused(
    tmp_path: Path, world: tuple[Prepared, Rows], changes: dict[str, str], n: int
) -> None:
    experiment, rows = world
    gold = gold_of(of_test(rows)[:n], **changes)
    version, refusal = mend_test(experiment, account(tmp_path, experiment, gold).rows)
    assert version is None
    assert refusal


def test_the_whole_test_set_needs_no_sample(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    gold = gold_of(of_test(rows))
    for row in gold[:30]:
        row["gold"] = "critical"
    version, refusal = mend_test(experiment, account(tmp_path, experiment, gold).rows)
    assert refusal == ""
    assert version is not None
    # Every third of the thirty was critical before.
    assert (len(version.labels), version.looked_at, version.n_test) == (20, 120, 120)
    assert version.share_changed == pytest.approx(20 / 120)
    assert version.table(experiment)["now"].tolist() == ["critical"] * 20


def test_a_skipped_row_of_a_sample_counts_as_drawn(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    gold = gold_of(of_test(rows)[:60], pick="random", pi="0.5")
    gold[0]["gold"] = ""
    gold[1]["gold"] = "critical"
    version, refusal = mend_test(experiment, account(tmp_path, experiment, gold).rows)
    assert refusal == ""
    assert version is not None
    assert (version.looked_at, len(version.labels)) == (59, 1)


def test_without_gold_on_test_there_is_nothing_to_say(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, _ = world
    accounted = account(tmp_path, experiment, gold_of(sentences(3, "new", 9)))
    assert mend_test(experiment, accounted.rows) == (None, "")


def test_a_new_version_changes_truth_and_no_answer(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, rows = world
    gold = gold_of(of_test(rows), gold="neutral")
    version, _ = mend_test(experiment, account(tmp_path, experiment, gold).rows)
    assert version is not None
    import numpy as np

    test = experiment.part(experiment.splits[0], "test")
    proba = np.full((len(test), 3), 1 / 3)
    answers = Predictions.of(test, experiment.plan.labels, proba, split="test")
    mended = version.applied(answers)
    assert set(mended.rows["truth"]) == {"neutral"}
    assert mended.rows["prediction"].equals(answers.rows["prediction"])
    assert mended.fingerprint() != answers.fingerprint()
    # Rows of other parts stay as they are.
    elsewhere = Predictions.of(test, experiment.plan.labels, proba, split="validation")
    assert version.applied(elsewhere).rows.equals(elsewhere.rows)


def test_a_digest_is_that_of_rows_labels_and_origin(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, _ = world
    gold = gold_of(sentences(3, "new", 9))
    digests = set()
    for changes in ({}, {"note": "read twice"}, {"pick": "wrong"}, {"gold": "neutral"}):
        path = write_gold(tmp_path / "gold.csv", [{**row, **changes} for row in gold], ("note",))
        digests.add(read_gold_file(path, "stance", experiment.plan.labels, tmp_path).digest)
    assert len(digests) == 3


def test_platform_records_are_gold(tmp_path: Path, world: tuple[Prepared, Rows]) -> None:
    experiment, _ = world
    source = write_gold(tmp_path / "sample.csv", gold_of(sentences(2, "new", 9), gold=""))
    task = read_task(source, TaskOptions("sample"))
    log = VoteLog(tmp_path / "elsewhere.db")
    for item in task.by_key:
        vote(log, "Ada", item, "stance", "critical")
    write_votes(tmp_path / "records.json", task, log.votes(), "label-studio")
    assert json.loads((tmp_path / "records.json").read_text())
    gold = read_gold_file(tmp_path / "records.json", "stance", experiment.plan.labels, tmp_path)
    assert [row.label for row in gold.rows] == ["critical"] * 2
    assert gold.rows[0].group == "newgroup 0"


@pytest.mark.parametrize("written", ["Critical ", "CRITICAL", "critical"])
def test_a_label_is_known_in_any_case(folder: Path, written: str) -> None:
    rows = gold_of(sentences(3, "new", 9), gold=written)
    file = read_gold_file(write_gold(folder / "gold.csv", rows), "stance", STANCE)
    assert {row.label for row in file.rows} == {"critical"}
