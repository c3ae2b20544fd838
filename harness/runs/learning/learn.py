"""Gold and a config in, the champion trained without and with it, and whether that paid, out.

What ``harness learn`` and :func:`harness.learn` do. How it is decided stands in
:mod:`harness.scoring.comparison.correction_verdict`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.config.plan import Plan
from harness.config.plan.objects import Config, Overrides, overrides_as_text, plan_of
from harness.config.plan.resolve import read as read_plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import vectors
from harness.runs.comparison import compare_runs
from harness.runs.learning.account import Account, Outcome, account_for
from harness.runs.learning.champion import LearningClassifier, learning_classifier
from harness.runs.learning.corrected_training import with_corrections
from harness.runs.learning.curve import REPEATS, CurveStudy, LearningCurve
from harness.runs.learning.gold_file import GoldFile, read_gold_file
from harness.runs.learning.learned_runs import LearnedRuns, PartScore, score_on
from harness.runs.learning.learning_record import read_curve, record
from harness.runs.learning.mended_test import MendedTest, mend_test
from harness.runs.learning.needed import needed
from harness.runs.learning.pair import GoldTraining, TrainedRun, cost_of, training
from harness.runs.learning.version_file import version_problems, write_version
from harness.runs.learning.watching import LearnObserver
from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.correction_verdict import SMALLEST_GAIN, Gain, judge
from harness.tracking import remnants
from harness.tracking.finished_runs import file_of, finished_runs
from harness.tracking.store import Store, last_experiment, pending
from harness.values import own_code
from harness.values.commands import command_line
from harness.values.errors import ConfigError, Problem
from harness.values.formatting import counted
from harness.values.tables import fingerprint


def learn(
    gold: str | Path,
    config: Config | None = None,
    *,
    experiment: str = "",
    classifier: str = "",
    set: Overrides = (),  # noqa: A002 (named as --set is)
    after: Sequence[str | Path] = (),
    curve: int = REPEATS,
    smallest: float = SMALLEST_GAIN,
    test_version: str | Path | None = None,
    allow_leaks: bool = False,
    trust: bool = False,
    observer: LearnObserver | None = None,
) -> LearnedRuns:
    """Train what the champion is without and with labels by hand, and say by a paired test whether that paid.

    Both are runs of the config's experiment. There is no verdict where no row can be learned from.

    Parameters
    ----------
    gold : path
        See :func:`harness.runs.learning.gold_file.read_gold_file`.
    config : path, mapping or Plan, optional
        Left out, that of ``experiment``, or of the one that was run last.
    experiment, classifier : str
        The second of the config; left out, what the champion is.
    set : mapping or sequence of str
    after : sequence of paths
        Gold that was learned before, the oldest first: both trainings have it.
    curve : int
        Orders of the learning curve; 0 for none.
    smallest : float
        The smallest gain that counts, above 0.
    test_version : path, optional
        A JSON Lines file for the new version of the test set, if there is one: a corpus for other configs.
    allow_leaks, trust : bool
        As for :func:`harness.run`.
    observer : LearnObserver, optional

    Raises
    ------
    ConfigError, CorpusError, LeakError, ClassifierError
        As for :func:`harness.run`, and where the gold is not what it should be.
    """
    observer = observer or LearnObserver()
    _check(curve, smallest, test_version)
    store = remnants.opened(observer.note)
    with own_code.access("all" if trust else "trusted"):
        plan = _plan(store, config, experiment, set)
    prepared, files = _read(plan, store, (*after, gold), observer)
    chosen = learning_classifier(store, plan, classifier)
    # As after a run: `harness promote` without a name means this experiment.
    last_experiment.remember(store, plan.name)
    pair, account, base = _pair(prepared, chosen, files, observer)
    version, refusal = mend_test(base, account.rows)
    observer.accounted(account, version, refusal)
    if test_version is not None:
        _write_version(Path(test_version), base, version, observer)
    learned = LearnedRuns(
        plan.name, files[-1], chosen, account, base.plan.primary.name, version=version, refusal=refusal
    )
    if not account.learned:
        return _without_training(learned, store, pair[0], observer, allow_leaks=allow_leaks)
    observer.costs(cost_of(store, pair, len(account.learned), curve))
    without, corrected = (each.run(store, observer, allow_leaks=allow_leaks) for each in pair)
    measured = _curve(store, pair, (without, corrected), account, curve, observer)
    learned = _judged(learned, store, (without, corrected), measured, smallest)
    record(store, learned, base)
    return learned


def _read(
    plan: Plan, store: Store, paths: Sequence[str | Path], observer: LearnObserver
) -> tuple[Prepared, list[GoldFile]]:
    with observer.stage(f"reading {plan.corpus.kind}"):
        prepared = prepare(plan)
        _check_split(prepared)
        task, labels = plan.config.task, plan.labels
        return prepared, [read_gold_file(Path(path), task, labels, store.home) for path in paths]


def _write_version(path: Path, base: Prepared, version: MendedTest | None, observer: LearnObserver) -> None:
    """Write the new version of the test set, before anything is trained: it does not depend on that."""
    if version is None:
        observer.note(f"{path} was not written: there is no new version of the test set")
        return
    observer.version_written(write_version(path, base, version))


def _check(curve: int, smallest: float, test_version: str | Path | None) -> None:
    problems = version_problems(Path(test_version)) if test_version is not None else []
    if curve < 0:
        problems.append(Problem("--curve", f"should be 0 or more, got {curve}"))
    if not smallest > 0:
        problems.append(Problem("--gain", f"should be above 0, got {smallest}"))
    if problems:
        raise ConfigError(problems)


def _plan(store: Store, config: Config | None, experiment: str, sets: Overrides) -> Plan:
    """Resolve the config that is given, or the one that the runs of an experiment hold."""
    if config is not None:
        if experiment:
            raise ConfigError([Problem("--experiment", "has no effect beside a config", "name one of them")])
        return plan_of(config, sets)
    name = experiment or last_experiment.recall(store)
    newest = finished_runs(store, [name])[-1]
    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        return read_plan(file_of(store, newest.run_id, "config.yaml", copies), overrides_as_text(sets))


def _check_split(prepared: Prepared) -> None:
    """Refuse a split in which there is no single test set, or nothing to choose by.

    Raises
    ------
    ConfigError
    """
    kind, splits = prepared.plan.split.kind, prepared.splits
    if len(splits) > 1:
        what = f"{kind} tests {counted(len(splits), 'fold')}: of folds, each row of gold may be one of test"
        raise ConfigError([Problem("split", what, "take holdout, predefined, disjoint or forward")])
    if not splits[0].validation:
        what = "there are no validation rows, and whether gold paid is chosen by them"
        raise ConfigError([Problem("split", what, "set split.dev above 0, and split.calibration below 1")])


def _pair(
    prepared: Prepared, chosen: LearningClassifier, files: Sequence[GoldFile], observer: LearnObserver
) -> tuple[tuple[GoldTraining, GoldTraining], Account, Prepared]:
    """Return the two trainings, what becomes of the newest gold, and the experiment without that."""
    bound = prepared.plan.audits.get("leaks")
    encode = vectors if bound is not None and bound.make().embeddings is not None else None
    learned: list[tuple[str, str, Mapping[Outcome, int]]] = []
    trainings = [training(prepared, chosen.planned, ())]
    base = prepared
    # File by file: a row of the second may correct one that the first has added.
    for number, file in enumerate(files):
        base = prepared
        with observer.stage(f"looking for leaks of {file.path.name}"):
            account = account_for(base, file, encode)
        prepared = with_corrections(base, account.learned, file.path.name)
        learned = [*learned, (file.digest, file.path.name, account.counts)]
        trainings.append(training(prepared, chosen.planned, learned))
        if number < len(files) - 1 and not account.learned:
            observer.note(f"no row of {file.path} can be learned from")
    # Against a model without it, gold of before would be counted as a gain of now.
    forgotten = [digest for digest in chosen.learned if digest not in {digest for digest, _, _ in learned}]
    if forgotten:
        observer.note(
            f"the champion has learned from {counted(len(forgotten), 'file')} of gold that"
            f" {'is' if len(forgotten) == 1 else 'are'} not named: the comparison is with"
            f" {trainings[-2].planned.name}, which has not; name such files with --after"
        )
    return (trainings[-2], trainings[-1]), account, base


def _without_training(
    learned: LearnedRuns, store: Store, before: GoldTraining, observer: LearnObserver, *, allow_leaks: bool
) -> LearnedRuns:
    """Score the champion on the new version of the test set, where there is one; nothing can be learned."""
    if learned.version is None:
        return learned
    run = before.run(store, observer, allow_leaks=allow_leaks)
    return replace(learned, without=run, scores=_scores([run], learned.version, learned.metric))


def _curve(
    store: Store,
    pair: tuple[GoldTraining, GoldTraining],
    runs: tuple[TrainedRun, TrainedRun],
    account: Account,
    repeats: int,
    observer: LearnObserver,
) -> LearningCurve | None:
    """Measure the learning curve, or read that of an earlier call; None where none is asked for."""
    if not repeats:
        return None
    study = CurveStudy(pair[0].prepared, account.learned, runs[0].result, runs[1].result, repeats)
    digest = fingerprint([pair[0].digest(), pair[1].digest(), str(study.orders)])
    earlier = read_curve(store, runs[1].logged, digest)
    if earlier is not None:
        return earlier
    # As an unfinished training, so that what is left of it goes when it is too old.
    folder = pending.folder_of(store, f"{pending.PREFIX}curve-{digest}")
    return replace(study.measure(folder, observer.curve_began), digest=digest)


def _judged(
    learned: LearnedRuns,
    store: Store,
    runs: tuple[TrainedRun, TrainedRun],
    curve: LearningCurve | None,
    smallest: float,
) -> LearnedRuns:
    without, corrected = runs
    tables = [(run.name, run.result.predictions) for run in runs]
    deterministic = {run.name for run in runs if run.deterministic}
    metric = learned.metric
    validation = compare(tables, metric, split="validation", deterministic=deterministic)
    # Logged, so that it counts as a look at test.
    command = command_line("compare", experiment=learned.experiment, metric=metric)
    compared = compare_runs(store, [run.logged for run in runs], metric, command=command)
    tests = [Gain.of(compared.comparison, corrected.name)]
    if learned.version is not None:
        # The same answers, another truth: nothing is labelled again.
        mended = [(name, learned.version.applied(table)) for name, table in tables]
        on_new = compare(mended, metric, deterministic=deterministic)
        tests.append(Gain.of(on_new, corrected.name, "test with corrected labels"))
    verdict = judge(Gain.of(validation, corrected.name), tests, smallest)
    return replace(
        learned,
        without=without,
        corrected=corrected,
        verdict=verdict,
        needed=needed(verdict, validation, curve) if verdict.decision == "undecided" else None,
        curve=curve,
        scores=_scores(list(runs), learned.version, metric),
        notes=_notes(validation, compared.comparison),
    )


def _scores(runs: Sequence[TrainedRun], version: MendedTest | None, metric: str) -> tuple[PartScore, ...]:
    """Score each run on validation, on test, and on the new version of the test set where there is one."""
    scores = []
    for run in runs:
        predictions = run.result.predictions
        scores += [
            score_on(run.name, part, predictions.only(split=part), metric) for part in ("validation", "test")
        ]
        if version is not None:
            mended = version.applied(predictions).only(split="test")
            scores.append(score_on(run.name, "test with corrected labels", mended, metric))
    return tuple(scores)


def _notes(validation: Comparison, test: Comparison) -> tuple[str, ...]:
    """Return what limits the comparisons, each sentence with the rows that it is about."""
    return tuple(
        f"{comparison.split}: {sentence}"
        for comparison in (validation, test)
        for sentence in comparison.limitations
    )
