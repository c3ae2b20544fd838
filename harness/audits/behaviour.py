"""Pairs of sentences in, whether labels stay where they should and move where they should out.

A case is two sentences about one party, each with its stance. Where both have one stance the label must not
change (invariance); else the label, or the balance of probabilities, must move toward the second's stance
(direction). In YAML::

    - capability: negation
      target: Coastal Union
      cases:
        - text: Voters trust the Coastal Union.
          stance: supportive
          changed: Voters do not trust the Coastal Union.
          becomes: critical          # left out: the stance stays
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Queries, Subject
from harness.audits.intervals import share, shown
from harness.classifiers.protocol import Example
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.labels import STANCES
from harness.values.parties import find_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "behaviour"
SUITE = Path(__file__).parent / "suites" / "stance.yaml"
WORST = 20
FIELDS = ("text", "stance", "changed", "becomes")


@dataclass(frozen=True)
class Case:
    """Two sentences about one party.

    Attributes
    ----------
    capability : str
        What a classifier needs to get it right: ``negation``.
    target : str
    text, changed : str
    stance, becomes : str
        Of :data:`harness.values.labels.STANCES`.
    """

    capability: str
    target: str
    text: str
    stance: str
    changed: str
    becomes: str

    @property
    def direction(self) -> int:
        """1 where the second is more supportive, -1 where it is more critical, 0 for an invariance."""
        step = STANCES.index(self.becomes) - STANCES.index(self.stance)
        return (step > 0) - (step < 0)

    def examples(self) -> tuple[Example, Example]:
        """Return both sentences with their mentions of the party."""
        before, after = (
            Example(one, self.target, find_name(one, self.target)) for one in (self.text, self.changed)
        )
        return before, after


def behaviour(
    *, cases: tuple[Path, ...] = (), only: tuple[Path, ...] = (), margin: float = 0.05, failures: float = 0.25
) -> Behaviour:
    """Ask about pairs of short sentences that were written for stance, in English.

    Parameters
    ----------
    cases : tuple of Path
        YAML files with more cases, see :mod:`harness.audits.behaviour`.
    only : tuple of Path
        Files in place of the suite that ships with the package.
    margin : float
        How far the balance of probabilities has to move where it should, in [0, 2).
    failures : float
        Share of cases of one capability that may fail.

    Raises
    ------
    ConfigError
        With every option that is out of range, and everything that is wrong with a file: nobody should train
        for hours first.
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
        yield from (Problem(option, str(one)) for one in error.problems)


@dataclass(frozen=True)
class Behaviour:
    """See :func:`behaviour`."""

    files: tuple[Path, ...]
    margin: float
    failures: float
    needs_model = True

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Ask both sentences of every case whose stances are among the labels."""
        why = subject.without_parties()
        names = subject.labels.names
        if not why and not {STANCES[0], STANCES[-1]} <= set(names):
            why = f"The suite speaks of {STANCES[0]} and {STANCES[-1]}; the labels are {', '.join(names)}."
        if why:
            return not_applicable(NAME, why)
        known = [one for path in self.files for one in read(path) if {one.stance, one.becomes} <= set(names)]
        examples = tuple(example for one in known for example in one.examples())
        return Queries(examples, lambda answers: self._judged(subject, known, answers))

    def _judged(self, subject: Subject, cases: Sequence[Case], answers: Answers) -> Finding:
        names = subject.labels.names
        sides = np.array([STANCES.index(name) - 1 if name in STANCES else 0 for name in names], dtype=float)
        pairs = [one.examples() for one in cases]
        before, after = (answers.proba([pair[side] for pair in pairs]) for side in (0, 1))
        said = subject.labels.decide(before), subject.labels.decide(after)
        moved = (after - before) @ sides
        directions = np.array([one.direction for one in cases])
        steps = (sides[said[1]] - sides[said[0]]) * directions
        stuck = (moved * directions < max(self.margin, 1e-9)) & (steps <= 0)
        failed = np.where(directions == 0, said[0] != said[1], stuck)
        capabilities = list(dict.fromkeys(one.capability for one in cases))
        of = np.array([capabilities.index(one.capability) for one in cases])
        measures = [
            share(name, int(failed[of == k].sum()), int((of == k).sum()))
            for k, name in enumerate(capabilities)
        ]
        still = directions == 0
        whole = [
            share("invariance_failures", int(failed[still].sum()), int(still.sum())),
            share("direction_failures", int(failed[~still].sum()), int((~still).sum())),
        ]
        rows = _worst(cases, failed, moved, [[names[code] for code in codes] for codes in said])
        verdict, sentence = self._verdict(measures), self._sentence(measures, whole)
        ranked = sorted(measures, key=lambda one: -one.value)
        return Finding(NAME, verdict, sentence, (*whole, *ranked), (rows,) if rows.rows else ())

    def _verdict(self, measures: Sequence[Measure]) -> Verdict:
        if any(one.low > self.failures for one in measures):
            return "failed"
        return "warning" if any(one.value > self.failures for one in measures) else "passed"

    def _sentence(self, measures: Sequence[Measure], whole: Sequence[Measure]) -> str:
        still, moving = whole
        ranked = sorted(measures, key=lambda one: -one.value)
        weak = [f"{one.name.replace('_', ' ')} {shown(one)}" for one in ranked if one.low > self.failures]
        told = (
            f"Labels change where they should stay in {shown(still)} of {still.n} pairs, and do not move"
            f" where they should in {shown(moving)} of {moving.n}."
        )
        return f"{told} It fails most at {', '.join(weak[:4])}." if weak else told


@cache
def read(path: Path) -> tuple[Case, ...]:
    """Read the cases of a file.

    Raises
    ------
    CorpusError
        With everything that is wrong with it.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        blocks = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        raise CorpusError([Problem(str(path), f"cannot be read: {error}")]) from error
    if not isinstance(blocks, list) or not all(isinstance(one, Mapping) for one in blocks):
        raise CorpusError([Problem(str(path), "is not a list of capabilities with cases")])
    problems: list[Problem] = []
    cases = tuple(_cases(str(path), blocks, problems))
    if problems:
        raise CorpusError(problems)
    return cases


def _cases(where: str, blocks: Sequence[Mapping[str, Any]], problems: list[Problem]) -> Iterator[Case]:
    for number, block in enumerate(blocks, start=1):
        place = f"{where}: block {number}"
        lacking = [name for name in ("capability", "target", "cases") if not block.get(name)]
        if lacking:
            problems.append(Problem(place, f"lacks {' and '.join(lacking)}"))
            continue
        for k, fields in enumerate(block["cases"], start=1):
            fault = _fault(fields, str(block["target"]))
            if fault:
                problems.append(Problem(f"{place}: case {k}", fault))
                continue
            yield Case(
                str(block["capability"]),
                str(block["target"]),
                str(fields["text"]),
                str(fields["stance"]),
                str(fields["changed"]),
                str(fields.get("becomes", fields["stance"])),
            )


def _fault(fields: Any, target: str) -> str:
    if not isinstance(fields, Mapping):
        return f"is no case: {fields!r}"
    missing = [name for name in FIELDS[:3] if not fields.get(name)]
    if missing:
        return f"lacks {' and '.join(missing)}"
    unknown = [str(name) for name in fields if name not in FIELDS]
    if unknown:
        return f"has no use for {', '.join(unknown)}"
    for name in ("stance", "becomes"):
        if fields.get(name, STANCES[0]) not in STANCES:
            return f"{name} is {fields[name]!r}, not one of {', '.join(STANCES)}"
    for name in ("text", "changed"):
        if not find_name(str(fields[name]), target):
            return f"{name} does not name {target!r}"
    return ""


def _worst(
    cases: Sequence[Case], failed: NDArray[Any], moved: NDArray[Any], said: Sequence[Sequence[str]]
) -> Detail:
    """Show the failures that went furthest the wrong way; these sentences are the suite's own."""
    wrong = [k for k in range(len(cases)) if failed[k]]
    wrong.sort(
        key=lambda k: float(moved[k]) * cases[k].direction if cases[k].direction else -abs(float(moved[k]))
    )
    rows = tuple(
        (
            cases[k].capability.replace("_", " "),
            cases[k].target,
            cases[k].text,
            said[0][k],
            cases[k].changed,
            said[1][k],
            "the same" if not cases[k].direction else f"toward {cases[k].becomes}",
            float(moved[k]),
        )
        for k in wrong[:WORST]
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
    title = "Pairs that fail most, and how far the balance of probabilities moved: above 0 to supportive"
    return Detail("worst", title, columns, rows)
