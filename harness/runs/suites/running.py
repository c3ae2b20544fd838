"""A Suite and a store in, the outcome of each of its classifiers on each corpus out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from harness.config.plan import PlannedClassifier
from harness.evaluation.prepared import prepare
from harness.runs.classifiers import ClassifierOutcome, check_leaks, finished_classifiers, run_classifiers
from harness.runs.suites.suite import Suite, SuiteEntry
from harness.tracking.store import Store
from harness.values.errors import ConfigError, HarnessError, MissingPartError, Problem, suggest


@dataclass(frozen=True)
class SuiteCell:
    """One classifier on one corpus.

    Attributes
    ----------
    entry : SuiteEntry
    outcome : ClassifierOutcome
    """

    entry: SuiteEntry
    outcome: ClassifierOutcome


@dataclass(frozen=True)
class SuiteFailure:
    """An experiment that could not be prepared."""

    entry: SuiteEntry
    error: HarnessError


@dataclass(frozen=True)
class SuiteAbsence:
    """An experiment whose official test part is not there, and why."""

    entry: SuiteEntry
    reason: str


def run_entries(
    suite: Suite,
    store: Store,
    *,
    only: Collection[str] = (),
    classifiers: Collection[str] = (),
    fresh: bool = False,
) -> Iterator[SuiteCell | SuiteFailure | SuiteAbsence]:
    """Run what is not yet finished, corpus by corpus.

    Parameters
    ----------
    suite : Suite
    store : Store
    only, classifiers : collection of str
        Keys of experiments and names of classifiers to run; empty, all. What is left out is not run, and
        taken in where it is finished already, so that the table is always whole.
    fresh : bool
        Repeat what is finished, of what is chosen.

    Yields
    ------
    SuiteCell, SuiteFailure or SuiteAbsence
        As soon as a classifier ends.

    Raises
    ------
    ConfigError
        At once, where a name is unknown.
    """
    _check(suite, only, classifiers)
    for entry in suite.entries:
        if entry.plan is None:
            continue
        names = [classifier.name for classifier in entry.plan.classifiers if not only or entry.key in only]
        chosen = [name for name in names if not classifiers or name in classifiers]
        try:
            prepared = prepare(entry.plan)
            # The gate takes time, and there is nothing to stop where nothing is run.
            leaks = check_leaks(prepared) if chosen else None
        # Not everybody has the test files, which some publishers give on request or not at all.
        except MissingPartError as error:
            yield SuiteAbsence(entry, str(error))
            continue
        # A corpus that cannot be read, or leaks, must not keep the others from being run.
        except HarnessError as error:
            yield SuiteFailure(entry, error)
            continue
        # What is run and what is only looked up stay in the order of the config.
        for is_run, group in groupby(entry.plan.classifiers, partial(_is_chosen, chosen)):
            # All of a group at once: the trials of one are run while another is scored, see run.executor.
            part = replace(prepared, plan=replace(entry.plan, classifiers=tuple(group)))
            outcomes = (
                run_classifiers(part, store, fresh=fresh, leaks=leaks)
                if is_run
                else finished_classifiers(part, store)
            )
            yield from (SuiteCell(entry, outcome) for outcome in outcomes)


def _is_chosen(names: Collection[str], classifier: PlannedClassifier) -> bool:
    return classifier.name in names


def _check(suite: Suite, only: Collection[str], classifiers: Collection[str]) -> None:
    keys = [entry.key for entry in suite.entries]
    names = {
        classifier.name for entry in suite.entries if entry.plan for classifier in entry.plan.classifiers
    }
    problems = [
        Problem("only", f"{suite.name} has no experiment {key!r}", suggest(key, keys))
        for key in only
        if key not in keys
    ]
    problems += [
        Problem("classifier", f"{suite.name} has no classifier {name!r}", suggest(name, names))
        for name in classifiers
        if name not in names
    ]
    if problems:
        raise ConfigError(problems)
