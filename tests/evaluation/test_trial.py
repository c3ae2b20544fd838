from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toys

from harness.evaluation import trial as trial_module
from harness.evaluation.attempts import begin_attempt
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial, TrialResult
from harness.evaluation.trial import list_trials, refit, run_trial, served_trial
from harness.values.catalog import bind
from harness.values.errors import ClassifierError, PredictionsError
from harness.values.labels import STANCE
from harness.values.tables import Predictions


def trial_of(prepared: Prepared, number: int = 0, classifier: int = 0) -> Trial:
    return list_trials(prepared, prepared.plan.classifiers[classifier])[number]


def run(prepared: Prepared, folder: Path, number: int = 0, classifier: int = 0) -> TrialResult:
    return run_trial(prepared, trial_of(prepared, number, classifier), folder)


def test_a_trial_predicts_every_part_but_train(tmp_path: Path) -> None:
    result = run(toys.prepared(tmp_path), tmp_path / "work")
    assert result.predictions.rows.groupby("split").size().to_dict() == {"validation": 9, "test": 27}
    assert set(result.predictions.rows["run"]) == {"verbs"}
    assert set(result.seconds) == {"fit", "predict"}
    assert [curve["loss"] for curve in result.curves] == [1.0, 0.5, 1 / 3]
    assert (tmp_path / "work" / "loader.txt").read_text(encoding="utf-8") == "toys:load\n"


def test_a_resumed_training_took_as_long_as_all_of_its_attempts(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, "  lasting: {kind: 'toys:lasting'}")
    trial, unfinished = trial_of(prepared), tmp_path / "unfinished"
    for attempt in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_trial(prepared, trial, tmp_path / "work", unfinished)
        # As if it had saved its state, and had been killed, 100 seconds after it began.
        state = unfinished / "0" / f"attempt {attempt}"
        os.utime(state, (time.time() + 100,) * 2)
    assert 200 < run_trial(prepared, trial, tmp_path / "work", unfinished).seconds["fit"] < 260


def test_what_was_noted_of_an_attempt_and_cannot_be_read_counts_as_nothing(tmp_path: Path) -> None:
    classifier, folder = toys.Lasting(1.0, "", STANCE, 1), tmp_path / "0"
    assert begin_attempt(classifier, folder) == 0
    assert begin_attempt(toys.Verbs(1.0, "", STANCE, 1), folder) == 0
    folder.mkdir()
    (folder / "state").touch()
    (note,) = tmp_path.glob("*.attempts")
    note.write_text('{"seconds": 5', encoding="utf-8")
    assert begin_attempt(classifier, folder) == 0


def test_trials_are_seeds_times_folds(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, seeds="[4, 5]", split="{kind: kfold, k: 3}")
    trials = list_trials(prepared, prepared.plan.classifiers[0])
    assert [(trial.seed, trial.fold) for trial in trials] == [
        (seed, fold) for seed in (4, 5) for fold in sorted({trial.fold for trial in trials})
    ]
    assert len({trial.digest for trial in trials}) == 6
    assert len({trial.name for trial in trials}) == 6


def test_a_deterministic_classifier_runs_once_whatever_the_seeds(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, "  once: {kind: 'toys:unsaved'}", seeds="[4, 5, 6]")
    assert [trial.seed for trial in list_trials(prepared, prepared.plan.classifiers[0])] == [4]


def test_the_same_trial_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (run(toys.prepared(tmp_path), tmp_path / name) for name in ("a", "b"))
    assert first.predictions.proba().tobytes() == second.predictions.proba().tobytes()
    other = run(toys.prepared(tmp_path), tmp_path / "c", number=1)
    assert first.predictions.proba().tobytes() != other.predictions.proba().tobytes()


def test_a_digest_follows_options_seed_fold_and_data_and_nothing_else(tmp_path: Path) -> None:
    base = trial_of(toys.prepared(tmp_path)).digest
    assert trial_of(toys.prepared(tmp_path, name="renamed")).digest == base
    assert trial_of(toys.prepared(tmp_path, log_text="false")).digest == base
    assert trial_of(toys.prepared(tmp_path, "  other: {kind: 'toys:verbs'}")).digest == base
    assert trial_of(toys.prepared(tmp_path, "  verbs: {kind: 'toys:verbs', strength: 2.0}")).digest != base
    assert trial_of(toys.prepared(tmp_path), 1).digest != base
    prepared = toys.prepared(tmp_path)
    rows = prepared.corpus.rows.copy()
    rows.loc[0, "text"] += "!"
    changed = dataclasses.replace(prepared, corpus=dataclasses.replace(prepared.corpus, rows=rows))
    assert trial_of(changed).digest != base


def test_a_digest_follows_the_content_of_a_file_that_a_classifier_reads(tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    classifiers = f"  distilled: {{kind: distilled, unlabelled: {file}}}"
    digests = []
    for text in ("text\nVarna won.\n", "text\nVarna lost.\n", "text\nVarna won.\n"):
        file.write_text(text, encoding="utf-8")
        digests.append(trial_of(toys.prepared(tmp_path, classifiers)).digest)
    assert digests[0] == digests[2] != digests[1]


def test_a_grid_is_searched_and_the_best_kept(tmp_path: Path) -> None:
    # With a strength of 0 all labels are equally probable; 5.0 separates them.
    prepared = toys.prepared(tmp_path, "  verbs: {kind: 'toys:verbs', tune: {strength: [0.0, 5.0]}}")
    result = run(prepared, tmp_path / "work")
    assert result.options["strength"] == 5.0
    assert len(list_trials(prepared, prepared.plan.classifiers[0])) == 2


def test_a_grid_for_a_metric_that_should_be_low_takes_the_lowest(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, "  verbs: {kind: 'toys:verbs', tune: {strength: [5.0, 0.0]}}")
    loss = next(metric for metric in prepared.plan.metrics if metric.name == "log_loss")
    lower = dataclasses.replace(prepared, plan=dataclasses.replace(prepared.plan, primary=loss))
    assert run(lower, tmp_path / "work").options["strength"] == 5.0


def test_a_grid_without_validation_rows_is_searched_on_folds_of_train(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, "  verbs: {kind: 'toys:verbs', tune: {strength: [0.0, 5.0]}}")
    bare = dataclasses.replace(
        prepared, splits=tuple(dataclasses.replace(split, validation=()) for split in prepared.splits)
    )
    assert run(bare, tmp_path / "work").options["strength"] == 5.0


def test_framing_rows_are_sentences_with_several_labels(tmp_path: Path) -> None:
    result = run(toys.prepared(tmp_path, task="framing"), tmp_path / "work")
    assert result.predictions.labels.multi
    assert result.predictions.rows["target"].isna().all()


@pytest.mark.parametrize(
    ("values", "served"),
    [([0.1, 0.9, 0.5], 2), ([0.4, 0.2], 1), ([0.7], 0), ([0.3, 0.1, 0.2, 0.4], 2)],
)
def test_the_served_seed_is_the_median_on_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[float], served: int
) -> None:
    prepared = toys.prepared(tmp_path)
    first = run(prepared, tmp_path / "work")
    results = [
        dataclasses.replace(first, trial=dataclasses.replace(first.trial, seed=seed))
        for seed in range(len(values))
    ]
    rows = first.predictions.rows
    decided = Predictions(
        first.predictions.labels, pd.concat([rows.assign(seed=seed) for seed in range(len(values))])
    )
    monkeypatch.setattr(
        trial_module, "validation_score", lambda table, metric: values[table.rows["seed"].iloc[0]]
    )
    assert served_trial(results, decided, prepared.plan.primary).trial.seed == served


def test_without_validation_rows_the_first_seed_is_served(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path)
    results = [run(prepared, tmp_path / str(n), n) for n in (0, 1)]
    bare = [
        dataclasses.replace(result, predictions=result.predictions.only(split="test")) for result in results
    ]
    decided = Predictions.concat([result.predictions for result in bare])
    assert served_trial(bare, decided, prepared.plan.primary).trial.seed == results[0].trial.seed


def test_a_refit_on_the_same_rows_is_the_same_model(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path)
    result = run(prepared, tmp_path / "a")
    again = refit(prepared, result, tmp_path / "b", whole=False)
    assert again == tmp_path / "b"
    assert (tmp_path / "a/model/verbs.json").read_bytes() == (tmp_path / "b/model/verbs.json").read_bytes()


def test_a_classifier_without_save_leaves_no_model(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, "  once: {kind: 'toys:unsaved'}")
    result = run(prepared, tmp_path / "work")
    assert result.folder is None
    assert refit(prepared, result, tmp_path / "work", whole=False) is None


class Unfinished:
    """Not a classifier: it lacks predict_proba."""

    deterministic = True

    def fit(self, train: object, validation: object = None) -> None:
        """Learn nothing."""


class Overcertain(Unfinished):
    """Gives every label a probability of 1."""

    def predict_proba(self, examples: list[object]) -> np.ndarray:
        return np.ones((len(examples), 3))


def with_classifier(prepared: Prepared, classifier: object) -> Prepared:
    planned = prepared.plan.classifiers[0]
    bound = dataclasses.replace(planned.bound, kind="mine", factory=lambda **_: classifier)
    return dataclasses.replace(
        prepared,
        plan=dataclasses.replace(prepared.plan, classifiers=(dataclasses.replace(planned, bound=bound),)),
    )


def test_a_factory_that_returns_no_classifier_is_refused(tmp_path: Path) -> None:
    prepared = with_classifier(toys.prepared(tmp_path), Unfinished())
    with pytest.raises(ClassifierError, match=r"^mine .* Unfinished, .* predict_proba "):
        list_trials(prepared, prepared.plan.classifiers[0])


def test_probabilities_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    prepared = with_classifier(toys.prepared(tmp_path), Overcertain())
    with pytest.raises(PredictionsError, match=r"^row 0 .*: \[1\.0, 1\.0, 1\.0\]$"):
        run(prepared, tmp_path / "work")


def test_each_fold_has_its_own_seed(tmp_path: Path) -> None:
    prepared = toys.prepared(tmp_path, seeds="[1]", split="{kind: kfold, k: 2}")
    seeds_seen: list[int] = []
    planned = prepared.plan.classifiers[0]
    original = planned.bound.factory

    def spy(**options: object) -> object:
        seeds_seen.append(int(str(options["seed"])))
        return original(**options)

    def factory(*, labels: object, seed: int, **options: object) -> object:
        return spy(labels=labels, seed=seed, **options)

    bound = dataclasses.replace(bind("classifier", "toys:verbs", {}), factory=factory)
    spied = dataclasses.replace(planned, bound=bound)
    plan = dataclasses.replace(prepared.plan, classifiers=(spied,))
    prepared = dataclasses.replace(prepared, plan=plan)
    for trial in list_trials(prepared, spied):
        run_trial(prepared, trial, tmp_path / "work")
    assert len(set(seeds_seen[1:])) == 2
