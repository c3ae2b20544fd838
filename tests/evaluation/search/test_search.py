"""What is tuned is judged on rows that promotion does not see, and resumed to the same candidates."""

from __future__ import annotations

import csv
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys

from harness.classifiers.protocol import Classifier
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.results import TrialResult
from harness.evaluation.search.finalists import Measured
from harness.evaluation.search.judging import Fitted, Judge
from harness.evaluation.search.record import SearchRecord
from harness.evaluation.search.search import JOURNAL, Chosen, search
from harness.evaluation.search.study import Drawn, Judged
from harness.evaluation.search.tuning_rows import tuning_rows
from harness.evaluation.trial import list_trials, run_trial, searching_trial
from harness.scoring.score import score
from harness.splits.tuning_half import MIN_GROUPS
from harness.values.errors import ClassifierError, HarnessWarning

RANDOM = "search: random, trials: 6"
STRENGTH = "space: {strength: {low: 0.01, high: 7.9, log: true}}"


def verbs(tune: str, kind: str = "toys:verbs", options: str = "") -> str:
    return f"  verbs: {{kind: '{kind}', {options}tune: {{{tune}}}}}"


def written(folder: Path, classifiers: str, dev: int, *, train: int = 30, seeds: str = "[1]") -> Prepared:
    """Prepare an experiment on invented sentences, each an article of its own; labels are drawn at random."""
    folder.mkdir(parents=True, exist_ok=True)
    stream = np.random.default_rng(5)
    with (folder / "sentences.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["id", "text", "target", "stance", "frames", "group", "split"])
        for part, n in (("train", train), ("dev", dev), ("test", 30)):
            for row in range(n):
                name = f"{part}{row}"
                label = list(toys.VERBS)[stream.integers(3)]
                text = f"Varna met the envoy of {name}."
                table.writerow([name, text, "Varna", label, "", name, part])
    text = toys.CONFIG.format(
        name="toys", task="stance", seeds=seeds, log_text="true", classifiers=classifiers
    ).replace("primary: f1_macro", "primary: accuracy\nmetrics: [accuracy, log_loss]")
    path = folder / "toys.yaml"
    path.write_text(text, encoding="utf-8")
    return prepare(plan.read(path))


def run(prepared: Prepared, folder: Path, number: int = 0) -> TrialResult:
    trial = list_trials(prepared, prepared.plan.classifiers[0])[number]
    return run_trial(prepared, trial, folder / f"model{number}", folder / f"unfinished{number}")


def record_of(result: TrialResult) -> SearchRecord:
    assert result.search is not None
    return result.search


def candidates(record: SearchRecord) -> list[tuple[object, str, str]]:
    # As text: what failed has no score, and NaN is no number that equals another.
    return [(dict(each.options), str(each.score), each.state) for each in record.candidates]


@pytest.mark.parametrize(("dev", "halved"), [(MIN_GROUPS - 1, False), (MIN_GROUPS, True)])
def test_validation_is_halved_from_fifty_groups_on(tmp_path: Path, dev: int, halved: bool) -> None:
    tuned = written(tmp_path / "tuned", verbs(f"{RANDOM}, {STRENGTH}"), dev)
    (split,) = tuned.splits
    assert len(split.tuning) == (dev // 2 if halved else 0)
    assert len(split.tuning) + len(split.validation) == dev
    assert not set(split.tuning) & set(split.validation)
    # Without options to tune nothing changes, whatever the size.
    plain = written(tmp_path / "plain", "  verbs: {kind: 'toys:verbs'}", dev)
    assert not plain.splits[0].tuning
    assert (plain.splits[0].fingerprint == split.fingerprint) is not halved
    assert ("tuning" in tuned.info.split.sizes) is halved


def test_below_fifty_groups_every_training_row_is_judged_by_a_classifier_of_other_groups(
    tmp_path: Path,
) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, {STRENGTH}"), 9)
    (split,) = prepared.splits
    rows = tuning_rows(prepared, split, prepared.plan.classifiers[0])
    assert (rows.how, len(rows.parts)) == ("folds", 5)
    assert sorted(rows.ids) == sorted(split.train)
    for inner_prepared, inner, part in rows.parts:
        assert not set(inner.train) & set(inner.part(part))
        assert set(inner.train) | set(inner.part(part)) == set(split.train)
        assert inner_prepared.splits == (inner,)


def test_what_needs_no_training_is_judged_on_a_part_of_train_as_large_as_validation(tmp_path: Path) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, {STRENGTH}"), 9, train=90)
    classifier = prepared.plan.classifiers[0]
    factory = replace(classifier.bound).factory

    def untrained(**options: object) -> object:
        return factory(**options)

    vars(untrained)["needs_no_training"] = True
    asked = replace(classifier, bound=replace(classifier.bound, factory=untrained))
    rows = tuning_rows(prepared, prepared.splits[0], asked)
    assert (rows.how, len(rows.parts), len(rows.ids)) == ("part", 1, 9)


def test_too_few_training_rows_to_divide_are_refused(tmp_path: Path) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, {STRENGTH}"), 9, train=3)
    with pytest.raises(ClassifierError, match=r"^verbs .* 3 groups.* 5 parts$"):
        run(prepared, tmp_path)


@pytest.mark.parametrize("dev", [20, 160])
def test_of_equal_candidates_the_chosen_one_looks_good_to_tuning_and_to_validation_does_not(
    tmp_path: Path, dev: int
) -> None:
    # Every candidate guesses; whichever is chosen is right one time in three.
    guesses = verbs("search: grid, space: {draw: [1, 2, 3, 4, 5, 6]}", "search_toys:guess")
    seeds = list(range(1, 9))
    prepared = written(tmp_path, guesses, dev, train=80, seeds=str(seeds))
    results = [run(prepared, tmp_path, number) for number in range(len(seeds))]
    metric = [prepared.plan.primary]
    scores = [
        score(result.predictions, metric, draws=0).value("accuracy", "validation") for result in results
    ]
    on_tuning = np.array([record_of(result).best.score for result in results]) - 1 / 3
    on_validation = np.array(scores) - 1 / 3
    optimism = np.array([record_of(result).optimism for result in results])
    error = np.sqrt(2 / 9 / len(prepared.splits[0].validation) / len(seeds))
    assert abs(on_validation.mean()) < 3 * error
    assert on_tuning.mean() > 0.04
    assert on_tuning.min() > 0
    assert optimism.mean() == pytest.approx(on_tuning.mean(), abs=0.03)


# By folds it is the second of five trainings of the third candidate; by half, a candidate each.
@pytest.mark.parametrize(("dev", "fatal", "batch"), [(9, 11, 1), (60, 0, 1), (60, 10, 1), (60, 10, 5)])
def test_a_search_that_was_killed_ends_with_the_same_candidates(
    tmp_path: Path, dev: int, fatal: int, batch: int
) -> None:
    def prepared(name: str, fatal: int) -> Prepared:
        trainings = tmp_path / name
        trainings.mkdir(exist_ok=True)
        # The folder and the killing are options: they stand in no digest that matters here.
        options = f"folder: {trainings}, fatal: {fatal}, "
        space = "space: {strength: {low: 0.01, high: 9.0, log: true}}"
        tune = f"search: tpe, trials: 12, batch: {batch}, {space}"
        return written(tmp_path, verbs(tune, "search_toys:counted", options), dev)

    whole = run(prepared("whole", -1), tmp_path / "a")
    prepared("killed", fatal)
    code = (
        "from pathlib import Path; from harness.config import plan;"
        "from harness.evaluation.prepared import prepare;"
        "from harness.evaluation.trial import list_trials, run_trial;"
        f"prepared = prepare(plan.read(Path({str(tmp_path / 'toys.yaml')!r})));"
        "trial = list_trials(prepared, prepared.plan.classifiers[0])[0];"
        f"folder = Path({str(tmp_path / 'b')!r});"
        "run_trial(prepared, trial, folder / 'model0', folder / 'unfinished0')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert killed.returncode == -9
    resumed = run(prepared("killed", -1), tmp_path / "b")
    assert candidates(record_of(resumed)) == candidates(record_of(whole))
    assert resumed.options["strength"] == whole.options["strength"]
    assert resumed.predictions.proba().tobytes() == whole.predictions.proba().tobytes()
    # The candidates of the process that was killed count.
    assert resumed.seconds["fit"] >= record_of(resumed).seconds
    # What was finished was not trained again: at most the candidate that was cut off, and the chosen one.
    first, second = (len(list((tmp_path / name).iterdir())) for name in ("whole", "killed"))
    assert second <= first + (6 if dev < MIN_GROUPS else 2)


class Backwards:
    """Judges the last candidate of a batch first, each as it would arrive in another process."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.widths: list[int] = []

    def judged(self, drawn: Sequence[Drawn]) -> Iterator[Fitted]:
        self.widths.append(len(drawn))
        ended = [self.judge(pickle.loads(pickle.dumps(each))) for each in reversed(drawn)]
        return (replace(each, classifier=None) for each in reversed(ended))

    def measured(self, judged: Judged, fitted: Classifier | None) -> tuple[Measured, Classifier | None]:
        raise NotImplementedError


def beside(prepared: Prepared, folder: Path) -> tuple[Chosen, list[int]]:
    """Search with the candidates of a batch in another order than theirs; return how many came at once."""
    classifier = prepared.plan.classifiers[0]
    trial = list_trials(prepared, classifier)[0]
    rows = tuning_rows(prepared, prepared.splits[0], classifier)
    workers = Backwards(Judge(prepared, trial, rows, folder))
    return search(prepared, trial, folder, workers), workers.widths


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize(
    ("kind", "tune"),
    [
        ("toys:verbs", "search: tpe, trials: 14"),
        ("search_toys:stepwise", "search: random, trials: 20, prune: hyperband"),
    ],
)
def test_candidates_side_by_side_are_those_of_their_batches(
    tmp_path: Path, batch: int, kind: str, tune: str
) -> None:
    prepared = written(tmp_path, verbs(f"{tune}, batch: {batch}, {STRENGTH}", kind), 60)
    trial = list_trials(prepared, prepared.plan.classifiers[0])[0]
    alone = search(prepared, trial, tmp_path / "alone")
    others, widths = beside(prepared, tmp_path / "beside")
    assert candidates(others.record) == candidates(alone.record)
    assert max(widths) == batch
    assert others.classifier is None
    assert alone.classifier is not None


def test_another_batch_is_another_trial_and_none_is_the_trial_of_before(tmp_path: Path) -> None:
    digests = {}
    for batch in ("", "batch: 1, ", "batch: 4, "):
        prepared = written(tmp_path, verbs(f"{RANDOM}, {batch}{STRENGTH}"), 60)
        (classifier,) = prepared.plan.classifiers
        digests[batch] = list_trials(prepared, classifier)[0].digest
        assert ("batch" in classifier.canonical()["tune"]) is ("4" in batch)
    assert digests[""] == digests["batch: 1, "] != digests["batch: 4, "]


def test_twins_of_a_batch_are_fitted_once_whether_the_search_was_cut_off_or_not(tmp_path: Path) -> None:
    tune = "search: random, trials: 8, batch: 8, space: {strength: [1.0, 9.0]}"
    (tmp_path / "marks").mkdir()
    options = f"folder: {tmp_path / 'marks'}, "
    prepared = written(tmp_path, verbs(tune, "search_toys:counted", options), 60)
    trial = list_trials(prepared, prepared.plan.classifiers[0])[0]
    whole = search(prepared, trial, tmp_path / "whole")
    states = [each.state for each in whole.record.candidates]
    # One of 9 fails, and one that failed is not repeated.
    assert (states.count("complete"), "repeated" in states, states.count("failed") > 1) == (1, True, True)
    others, widths = beside(prepared, tmp_path / "beside")
    assert candidates(others.record) == candidates(whole.record)
    assert widths[0] == 2
    # Told of five, and killed.
    journal = (tmp_path / "whole" / JOURNAL).read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / JOURNAL).write_bytes(b"".join(journal[:6]))
    again = search(prepared, trial, tmp_path / "cut")
    assert candidates(again.record) == candidates(whole.record)


def test_a_candidate_that_fails_is_left_out_and_one_of_a_grid_fails_the_classifier(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    options = f"folder: {tmp_path / 'marks'}, "
    tune = "search: grid, space: {strength: [9.0, 2.0, 8.5]}"
    prepared = written(tmp_path, verbs(tune, "search_toys:counted", options), 60)
    result = run(prepared, tmp_path)
    assert [(each.state, each.reason) for each in record_of(result).candidates] == [
        ("failed", "too strong"),
        ("complete", ""),
        ("failed", "too strong"),
    ]
    assert result.options["strength"] == 2.0
    grid = written(tmp_path, verbs("strength: [2.0, 9.0]", "search_toys:counted", options), 60)
    with pytest.raises(ClassifierError, match="^too strong$"):
        run(grid, tmp_path / "grid")
    strong = verbs("search: grid, space: {strength: [9.0, 8.5]}", "search_toys:counted", options)
    with pytest.raises(ClassifierError, match=r"none of 2 candidates of verbs .* too strong$"):
        run(written(tmp_path, strong, 60), tmp_path / "strong")


def test_options_that_were_tried_are_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    options = f"folder: {tmp_path / 'marks'}, "
    tune = "search: random, trials: 9, space: {strength: [1.0, 2.0]}"
    result = run(written(tmp_path, verbs(tune, "search_toys:counted", options), 60), tmp_path)
    record = record_of(result)
    assert (len(record.candidates), record.n_fitted) == (9, 2)
    assert len(list((tmp_path / "marks").iterdir())) == 2
    assert {each.score for each in record.candidates} == {record.best.score}


def test_no_candidate_begins_after_the_minutes_are_over(tmp_path: Path) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, minutes: 0.000001, {STRENGTH}"), 60)
    assert len(record_of(run(prepared, tmp_path)).candidates) == 1


def test_for_a_metric_that_should_be_low_the_lowest_is_chosen(tmp_path: Path) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, {STRENGTH}"), 60)
    loss = next(metric for metric in prepared.plan.metrics if metric.name == "log_loss")
    record = record_of(run(replace(prepared, plan=replace(prepared.plan, primary=loss)), tmp_path))
    assert record.direction == "lower"
    assert record.best.score == min(each.score for each in record.candidates)
    assert record.optimism >= 0


def test_once_a_fold_the_other_seeds_use_the_options_of_the_first(tmp_path: Path) -> None:
    prepared = written(tmp_path, verbs(f"{RANDOM}, once: true, {STRENGTH}"), 60, seeds="[3, 4]")
    trials = list_trials(prepared, prepared.plan.classifiers[0])
    assert [searching_trial(trial, trials) for trial in trials] == [None, trials[0]]
    first = run(prepared, tmp_path)
    second = run_trial(prepared, trials[1], tmp_path / "second", searched_by=first)
    assert (second.search, second.options) == (None, first.options)
    # Another first seed chooses other options: it is another trial.
    other = written(tmp_path, verbs(f"{RANDOM}, once: true, {STRENGTH}"), 60, seeds="[5, 4]")
    assert list_trials(other, other.plan.classifiers[0])[1].digest != trials[1].digest


def test_trainings_that_fall_behind_end_early(tmp_path: Path) -> None:
    tune = f"search: random, trials: 20, prune: hyperband, {STRENGTH}"
    record = record_of(run(written(tmp_path, verbs(tune, "search_toys:stepwise"), 60), tmp_path))
    pruned = [each for each in record.candidates if each.state == "pruned"]
    assert 0 < len(pruned) < 20
    # The score of a pruned one is its last on the way: strength times a step before the last.
    assert all(each.score / float(each.options["strength"]) < 9 for each in pruned)
    assert record.best.state == "complete"


@pytest.mark.parametrize(("trials", "warned"), [(12, True), (60, False)])
def test_too_few_candidates_for_tpe_in_a_bracket_are_warned_of(
    tmp_path: Path, trials: int, warned: bool, recwarn: pytest.WarningsRecorder
) -> None:
    tune = f"search: tpe, trials: {trials}, minutes: 0.000001, prune: hyperband, {STRENGTH}"
    prepared = written(tmp_path, verbs(tune, "search_toys:stepwise"), 60)
    trial = list_trials(prepared, prepared.plan.classifiers[0])[0]
    if warned:
        with pytest.warns(HarnessWarning, match=r"12 candidates in 3 brackets .* 57 candidates"):
            search(prepared, trial, tmp_path / "search")
    else:
        search(prepared, trial, tmp_path / "search")
        assert not recwarn.list


def test_finalists_are_timed_and_the_chosen_one_is_fast_enough(tmp_path: Path) -> None:
    space = "space: {pause: [0.0, 1.0, 10.0]}"
    corpus = toys.prepared(tmp_path, verbs(f"search: grid, {space}", "search_toys:slow"))
    best = record_of(run(corpus, tmp_path / "best"))
    assert (best.best.options["pause"], best.finalists, best.front) == (10.0, (), frozenset())
    tune = f"search: grid, at_least: {{rows_per_second: 300}}, {space}"
    fast = run(toys.prepared(tmp_path, verbs(tune, "search_toys:slow")), tmp_path / "fast")
    record = record_of(fast)
    assert fast.options["pause"] < 10
    assert record.best.score < best.best.score
    assert record.finalists[-1].rows_per_second == pytest.approx(100, rel=0.3)
    everything = f"search: grid, objectives: [score, rows_per_second, megabytes], {space}"
    weighed = record_of(run(toys.prepared(tmp_path, verbs(everything, "search_toys:slow")), tmp_path / "all"))
    assert weighed.best.options["pause"] == 10.0
    assert len(weighed.finalists) == 3
    assert {0, 2} <= weighed.front
    assert all(each.megabytes > 0 for each in weighed.finalists)
    impossible = f"search: grid, at_least: {{rows_per_second: 1.0e+9}}, {space}"
    with pytest.raises(ClassifierError, match=r"none of 3 finalists .*1e\+09; the fastest, candidate 0"):
        run(toys.prepared(tmp_path, verbs(impossible, "search_toys:slow")), tmp_path / "none")


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    record = record_of(run(written(tmp_path, verbs(f"{RANDOM}, {STRENGTH}"), 60), tmp_path))
    assert str(SearchRecord.read(record.plain())) == str(record)
