"""Pairs of sentences in; whether labels stay and change as they should out.

A behavioural test in the sense of CheckList (Ribeiro et al. 2020). A case is two sentences about one party,
each with its stance. If both have the same stance, the label must not change (invariance); else the label, or
the balance of probabilities, must move toward the stance of the second (direction). In YAML::

    - capability: negation
      target: Coastal Union
      cases:
        - text: Voters trust the Coastal Union.
          stance: supportive
          changed: Voters do not trust the Coastal Union.
          becomes: critical          # omitted: the stance stays
      language: en                   # of the sentences; omitted: English
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Queries, Subject
from harness.audits.intervals import format_share, share
from harness.audits.verdicts import at_most, worst_of
from harness.classifiers.protocol import Example
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.formatting import counted
from harness.values.labels import STANCES, unstated_rows
from harness.values.language import codes
from harness.values.parties import find_name
from harness.values.unreadable import UnreadableError
from harness.values.yaml_files import read_yaml

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "behaviour"
SUITE = Path(__file__).parent / "suites" / "stance.yaml"
MAX_SHOWN_ROWS = 20
MAX_NAMED_CAPABILITIES = 4
MIN_MOVE = 1e-9
"""A shift of the balance has to exceed rounding, even with a margin of 0."""

FIELDS = ("text", "stance", "changed", "becomes")


@dataclass(frozen=True)
class BehaviourCase:
    """Two sentences about one party.

    Attributes
    ----------
    capability : str
        What a classifier needs to handle: ``negation``.
    target : str
    text, changed : str
    stance, becomes : str
        Of :data:`harness.values.labels.STANCES`: stance of the first and of the second sentence.
    language : str
        Code of the language of both.
    """

    capability: str
    target: str
    text: str
    stance: str
    changed: str
    becomes: str
    language: str = "en"

    @property
    def direction(self) -> int:
        """1 where the second is more supportive, -1 where it is more critical, 0 for an invariance."""
        step = STANCES.index(self.becomes) - STANCES.index(self.stance)
        return (step > 0) - (step < 0)

    def examples(self) -> tuple[Example, Example]:
        """Return both sentences with their mentions of the party."""
        before, after = (
            Example(text, self.target, find_name(text, self.target)) for text in (self.text, self.changed)
        )
        return before, after


def behaviour(
    *, cases: tuple[Path, ...] = (), only: tuple[Path, ...] = (), margin: float = 0.05, failures: float = 0.25
) -> Behaviour:
    """Test a classifier on pairs of short sentences that were written for stance; those shipped are English.

    Parameters
    ----------
    cases : tuple of Path
        YAML files with more cases, see :mod:`harness.audits.behaviour`.
    only : tuple of Path
        Files that replace the suite shipped with the package.
    margin : float
        How far the balance of probabilities has to move in a direction case, in [0, 2).
    failures : float
        Share of the cases of one capability that may fail, in [0, 1): the audit fails if the interval of one
        capability begins above it. It passes if no capability fails more often and all cases taken together
        are shown not to; otherwise it is undecided.

    Raises
    ------
    ConfigError
        Lists every option that is out of range, and every problem of a file: they are read here, not after
        hours of training.
    """
    wrong = (
        ("margin", not 0 <= margin < 2, f"should be from 0 to below 2, got {margin}"),
        ("failures", not 0 <= failures < 1, f"should be a share from 0 to below 1, got {failures}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in wrong if is_wrong]
    files = (*(only or (SUITE,)), *cases)
    problems += [fault for path in files for fault in _unreadable("only" if path in only else "cases", path)]
    if problems:
        raise ConfigError(problems)
    return Behaviour(files, margin, failures)


def _unreadable(option: str, path: Path) -> Iterator[Problem]:
    if not path.is_file():
        yield Problem(option, f"there is no {path}")
        return
    try:
        read(path)
    except CorpusError as error:
        yield from (Problem(option, str(problem)) for problem in error.problems)


@dataclass(frozen=True)
class Behaviour:
    """See :func:`behaviour`."""

    files: tuple[Path, ...]
    margin: float
    failures: float
    needs_model = True

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Return both sentences of every case whose stances are among the labels."""
        reason = subject.no_parties_reason()
        names = subject.labels.names
        if not reason and not {STANCES[0], STANCES[-1]} <= set(names):
            reason = f"The suite uses {STANCES[0]} and {STANCES[-1]}; the labels are {', '.join(names)}."
        cases = [case for path in self.files for case in read(path)]
        reason = reason or subject.no_language_reason(
            "The sentence pairs are", {case.language for case in cases}
        )
        if reason:
            return not_applicable(NAME, reason)
        spoken = set(subject.languages or (case.language for case in cases))
        cases = [
            case for case in cases if {case.stance, case.becomes} <= set(names) and case.language in spoken
        ]
        examples = tuple(example for case in cases for example in case.examples())
        return Queries(examples, lambda answers: self._evaluate(subject, cases, answers))

    def _evaluate(self, subject: Subject, cases: Sequence[BehaviourCase], answers: Answers) -> Finding:
        names = subject.labels.names
        # -1, 0, 1: critical, neutral, supportive; other labels do not shift the balance.
        sides = np.array([STANCES.index(name) - 1 if name in STANCES else 0 for name in names], dtype=float)
        pairs = [case.examples() for case in cases]
        both = [answers.proba([pair[side] for pair in pairs]) for side in (0, 1)]
        # A pair in which one sentence has no answer neither stays nor moves.
        answered = ~(unstated_rows(both[0]) | unstated_rows(both[1]))
        cases = [case for case, usable in zip(cases, answered, strict=True) if usable]
        before, after = (proba[answered] for proba in both)
        labels_before, labels_after = subject.labels.decide(before), subject.labels.decide(after)
        moved = (after - before) @ sides
        directions = np.array([case.direction for case in cases], dtype=np.int64)
        steps = (sides[labels_after] - sides[labels_before]) * directions
        # A label that moves the right way passes, even if the balance of the other two does not move.
        stuck = (moved * directions < max(self.margin, MIN_MOVE)) & (steps <= 0)
        # For an invariance the label decides: probabilities move a little with any change of words.
        failed = np.where(directions == 0, labels_before != labels_after, stuck)
        capabilities = list(dict.fromkeys(case.capability for case in cases))
        codes = np.array([capabilities.index(case.capability) for case in cases], dtype=np.int64)
        # The cases were written singly and stand in no article: they count as independent.
        measures = [
            share(name, int(failed[codes == code].sum()), int((codes == code).sum()))
            for code, name in enumerate(capabilities)
        ]
        invariant = directions == 0
        overall = [
            share("invariance_failures", int(failed[invariant].sum()), int(invariant.sum())),
            share("direction_failures", int(failed[~invariant].sum()), int((~invariant).sum())),
        ]
        labels = [[names[code] for code in row] for row in (labels_before, labels_after)]
        table = _failure_table(cases, failed, moved, labels)
        verdict, sentence = self._verdict(measures, overall), self._sentence(measures, overall)
        ranked = sorted(measures, key=lambda measure: -measure.value)
        return Finding(NAME, verdict, sentence, (*overall, *ranked), (table,) if table.rows else ())

    def _verdict(self, measures: Sequence[Measure], overall: Sequence[Measure]) -> Verdict:
        # A capability has few cases: its share fails the audit if it is too high with its whole interval, but
        # could not be shown to be low enough. For passing, the cases are taken together.
        capabilities = [at_most(measure, self.failures) for measure in measures]
        if "failed" in capabilities:
            return "failed"
        if all(measure.value <= self.failures for measure in measures):
            return worst_of(at_most(measure, self.failures) for measure in overall)
        return "undecided"

    def _sentence(self, measures: Sequence[Measure], overall: Sequence[Measure]) -> str:
        invariance, direction = overall
        ranked = sorted(measures, key=lambda measure: -measure.value)
        weak = [
            f"{measure.name.replace('_', ' ')} {format_share(measure)}"
            for measure in ranked
            if measure.low > self.failures
        ]
        sentence = (
            f"Labels change in {format_share(invariance)} of the {counted(invariance.n, 'pair')}"
            " where they should stay,"
            f" and do not move in {format_share(direction)} of the {counted(direction.n, 'pair')}"
            " where they should."
        )
        if weak:
            return f"{sentence} It fails most at {', '.join(weak[:MAX_NAMED_CAPABILITIES])}."
        open_ones = [measure for measure in ranked if measure.value > self.failures]
        if not open_ones:
            return sentence
        names = ", ".join(
            f"{measure.name.replace('_', ' ')} {format_share(measure)} of {measure.n}"
            for measure in open_ones[:MAX_NAMED_CAPABILITIES]
        )
        return f"{sentence} Too few pairs to decide: {names}; name files with more in audits.behaviour.cases."


@cache
def read(path: Path) -> tuple[BehaviourCase, ...]:
    """Read the cases of a file.

    Raises
    ------
    CorpusError
        Lists every problem of the file.
    """
    from ruamel.yaml.error import YAMLError

    try:
        blocks = read_yaml(path)
    except (UnreadableError, YAMLError) as error:
        raise CorpusError([Problem(str(path), str(error))]) from error.__cause__ or error
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise CorpusError([Problem(str(path), "is not a list of capabilities with cases")])
    problems: list[Problem] = []
    cases = tuple(_cases(str(path), blocks, problems))
    if problems:
        raise CorpusError(problems)
    return cases


def _cases(
    where: str, blocks: Sequence[Mapping[str, Any]], problems: list[Problem]
) -> Iterator[BehaviourCase]:
    """Yield the cases that are well-formed; append a problem for each of the others."""
    for number, block in enumerate(blocks, start=1):
        path = f"{where}: block {number}"
        missing = [name for name in ("capability", "target", "cases") if not block.get(name)]
        if missing:
            problems.append(Problem(path, f"lacks {' and '.join(missing)}"))
            continue
        try:
            (language,) = codes(str(block.get("language", "en")))
        except ValueError as error:
            problems.append(Problem(f"{path}: language", str(error)))
            continue
        for k, fields in enumerate(block["cases"], start=1):
            fault = _fault(fields, str(block["target"]))
            if fault:
                problems.append(Problem(f"{path}: case {k}", fault))
                continue
            yield BehaviourCase(
                str(block["capability"]),
                str(block["target"]),
                str(fields["text"]),
                str(fields["stance"]),
                str(fields["changed"]),
                str(fields.get("becomes", fields["stance"])),
                language,
            )


def _fault(fields: Any, target: str) -> str:
    """Return what is wrong with a case; the empty string if nothing is."""
    if not isinstance(fields, Mapping):
        return f"is not a case: {fields!r}"
    missing = [name for name in FIELDS[:3] if not fields.get(name)]
    if missing:
        return f"lacks {' and '.join(missing)}"
    unknown = [str(name) for name in fields if name not in FIELDS]
    if unknown:
        return f"has unknown fields: {', '.join(unknown)}"
    for name in ("stance", "becomes"):
        if fields.get(name, STANCES[0]) not in STANCES:
            return f"{name} is {fields[name]!r}, not one of {', '.join(STANCES)}"
    for name in ("text", "changed"):
        # Without a mention to mark, classifiers would get another kind of input than they were trained on.
        if not find_name(str(fields[name]), target):
            return f"{name} does not name {target!r}"
    return ""


def _failure_table(
    cases: Sequence[BehaviourCase],
    failed: NDArray[Any],
    moved: NDArray[Any],
    labels: Sequence[Sequence[str]],
) -> Detail:
    """Return the failures that went furthest the wrong way; the sentences are those of the suite."""
    before, after = labels

    def badness(index: int) -> float:
        step = float(moved[index])
        return step * cases[index].direction if cases[index].direction else -abs(step)

    worst = sorted((index for index in range(len(cases)) if failed[index]), key=badness)
    rows = tuple(
        (
            cases[index].capability.replace("_", " "),
            cases[index].target,
            cases[index].text,
            before[index],
            cases[index].changed,
            after[index],
            f"toward {cases[index].becomes}" if cases[index].direction else "the same",
            float(moved[index]),
        )
        for index in worst[:MAX_SHOWN_ROWS]
    )
    columns = (
        "capability",
        "target",
        "sentence",
        "label",
        "changed sentence",
        "its label",
        "expected",
        "moved by",
    )
    title = "Worst failures, and how far the balance of probabilities moved: above 0 toward supportive"
    return Detail("worst", title, columns, rows)
