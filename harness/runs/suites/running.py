"""A Suite and a store in, the outcome of each of its classifiers on each corpus out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from harness.evaluation.prepared import prepare
from harness.runs import experiment
from harness.runs.experiment import Outcome
from harness.runs.suites.suite import Entry, Suite
from harness.tracking.store import Store
from harness.values.errors import ConfigError, HarnessError, Problem, suggest


@dataclass(frozen=True)
class Cell:
    """One classifier on one corpus.

    Attributes
    ----------
    entry : Entry
    outcome : Outcome
    """

    entry: Entry
    outcome: Outcome


@dataclass(frozen=True)
class Failure:
    """An experiment that could not be prepared."""

    entry: Entry
    error: HarnessError


def run(
    suite: Suite,
    store: Store,
    *,
    only: Collection[str] = (),
    classifiers: Collection[str] = (),
    fresh: bool = False,
) -> Iterator[Cell | Failure]:
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
    Cell or Failure
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
        names = [one.name for one in entry.plan.classifiers if not only or entry.key in only]
        chosen = [name for name in names if not classifiers or name in classifiers]
        try:
            prepared = prepare(entry.plan)
            leaks = experiment.gate(prepared) if chosen else None
        except HarnessError as error:
            yield Failure(entry, error)
            continue
        for classifier in entry.plan.classifiers:
            one = replace(prepared, plan=replace(entry.plan, classifiers=(classifier,)))
            found = (
                experiment.run(one, store, fresh=fresh, leaks=leaks)
                if classifier.name in chosen
                else experiment.finished(one, store)
            )
            yield from (Cell(entry, outcome) for outcome in found)


def _check(suite: Suite, only: Collection[str], classifiers: Collection[str]) -> None:
    keys = [entry.key for entry in suite.entries]
    names = {one.name for entry in suite.entries if entry.plan for one in entry.plan.classifiers}
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
