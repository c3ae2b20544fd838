"""Test items with the target masked, withheld, alone or exchanged in, how the labels answer out.

These inputs are unlike those that the classifier learned from, so they overstate how much it uses the target;
what it is worth is for :mod:`harness.audits.target_use` to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Queries, Subject
from harness.audits.intervals import kappa, rate, shown
from harness.classifiers.inputs import Marks, view
from harness.classifiers.protocol import Example
from harness.scoring.limitations import MIN_ITEMS
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "sensitivity"
IGNORED, HEEDED = 0.05, 0.25
"""Asked about another party of the same sentence, a classifier ignores it whose label changes less often than
the first, and surely less often than the second."""

NAME_SETTLES, NAME_TELLS = 0.8, 0.5
"""Agreement (kappa) of the label of the name alone with that of the sentence: failed, and a warning."""

NAME_MATTERS = 0.25
"""Labels that change when the name is masked, from which on there is a warning."""

KINDS = ("masked", "withheld", "alone", "other", "absent")
"""The variants of an item, one of each at most."""

WORST = 10
Variants = dict[str, dict[int, Example]]


def sensitivity(*, items: int = 200) -> Sensitivity:
    """Ask about test items with the target masked, withheld, alone without the sentence, or another one.

    Parameters
    ----------
    items : int
        So many test items are drawn at random, at least 30; up to five variants are made of each.

    Raises
    ------
    ConfigError
        Where it is lower.
    """
    if items < MIN_ITEMS:
        raise ConfigError([Problem("items", f"should be at least {MIN_ITEMS}, got {items}")])
    return Sensitivity(items)


@dataclass(frozen=True)
class Sensitivity:
    """See :func:`sensitivity`."""

    items: int
    needs_model = True

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Make the variants of the items that are drawn."""
        why = subject.without_parties() or subject.few_share()
        among = [place for place, one in enumerate(subject.examples) if one.target is not None]
        why = why or subject.too_few(len(among), "test items have a target")
        if why:
            return not_applicable(NAME, why)
        places = subject.drawn(self.items, NAME, among=among)
        variants = _variants(subject, places)
        examples = tuple(one for made in variants.values() for one in made.values())
        return Queries(examples, lambda answers: _judged(subject, places, variants, answers))


def _variants(subject: Subject, places: Sequence[int]) -> Variants:
    """Return kind → place of the item → variant."""
    mask = Marks().mask
    made: Variants = {kind: {} for kind in KINDS}
    targets = list(dict.fromkeys(one.target for one in subject.examples if one.target is not None))
    for place in places:
        one = subject.examples[place]
        name = str(one.target)
        if one.spans:
            seen = view(one, "masked")
            made["masked"][place] = Example(seen.text, mask, seen.spans, one.holder)
        if subject.accepts_no_target:
            made["withheld"][place] = Example(one.text, None, (), one.holder)
        made["alone"][place] = Example(name, name, ((0, len(name)),))
        named = subject.targets_of.get(one.text, ())
        others = [target for target in named if target != one.target]
        if others:
            made["other"][place] = _asked_about(subject, one, others[place % len(others)])
        absent = [target for target in targets if target not in named and target not in one.text]
        if absent:
            made["absent"][place] = replace(one, target=absent[place % len(absent)], spans=())
    return made


def _asked_about(subject: Subject, one: Example, target: str) -> Example:
    """Return the item of the corpus that asks the same sentence about another party."""
    known = subject.examples_by_question.get((one.text, target))
    return known or replace(one, target=target, spans=subject.tested.parties.spans(one.text, target))


def _judged(subject: Subject, places: Sequence[int], variants: Variants, answers: Answers) -> Finding:
    changes = {kind: _changes(subject, made, answers) for kind, made in variants.items() if made}
    measures = [
        rate(f"{kind}_changes", values, subject.clusters[list(variants[kind])])
        for kind, values in changes.items()
        if kind != "alone"
    ]
    alone = answers.said(list(variants["alone"].values())).tolist()
    own = subject.said[list(variants["alone"])].tolist()
    clusters = subject.clusters[list(variants["alone"])]
    measures.append(kappa("name_alone_agreement", own, alone, len(subject.labels), clusters))
    measures.append(_all_right(subject))
    by_name = {one.name: one for one in measures}
    verdict, reasons = _verdict(by_name)
    drawn = f"{len(places):,} of {len(subject.examples):,} test items, drawn at random"
    sentence = " ".join([*reasons, *_told(by_name), f"Asked on {drawn}."])
    return Finding(NAME, verdict, sentence, tuple(measures), tuple(_details(subject, variants, answers)))


def _changes(subject: Subject, made: dict[int, Example], answers: Answers) -> NDArray[np.float64]:
    said = answers.said(list(made.values()))
    return np.asarray(said != subject.said[list(made)], dtype=np.float64)


def _all_right(subject: Subject) -> Measure:
    """Score sentences whose targets are labelled differently: right where all of them are."""
    rows: dict[str, list[int]] = {}
    for place, one in enumerate(subject.examples):
        rows.setdefault(one.text, []).append(place)
    right, clusters = [], []
    for places in rows.values():
        if len({int(subject.truth[place]) for place in places}) > 1:
            right.append(float((subject.said[places] == subject.truth[places]).all()))
            clusters.append(int(subject.clusters[places[0]]))
    return rate("all_parties_right", np.array(right), np.array(clusters))


def _verdict(measures: dict[str, Measure]) -> tuple[Verdict, list[str]]:
    """Return the verdict, and the sentences that give its reasons."""
    failed, warned = [], []
    other = measures.get("other_changes", Measure("other_changes", math.nan))
    if other.value < IGNORED and other.high < HEEDED:
        failed.append("It gives all parties of a sentence one label, whichever it is asked about.")
    elif other.value < IGNORED and other.n >= MIN_ITEMS:
        warned.append("It gives all parties of a sentence one label, in too few articles to be sure of it.")
    alone = measures["name_alone_agreement"]
    if alone.low > NAME_SETTLES:
        failed.append("It gives the label that it gives to the party's name alone, whatever the sentence.")
    elif alone.low > NAME_TELLS:
        warned.append("The party's name alone tells much of the label that it gives.")
    masked = measures.get("masked_changes", Measure("masked_changes", math.nan))
    if masked.low > NAME_MATTERS:
        warned.append("Labels change when a placeholder stands for the party's name.")
    if failed:
        return "failed", [*failed, *warned]
    return ("warning", warned) if warned else ("passed", [])


def _told(measures: dict[str, Measure]) -> Iterator[str]:
    words = {
        "other_changes": "asked about another party of the sentence",
        "absent_changes": "asked about a party that is not in it",
        "masked_changes": "with a placeholder for the party's name",
        "withheld_changes": "asked about no party",
    }
    found = [
        f"{word} {shown(measures[name])}"
        for name, word in words.items()
        if name in measures and not math.isnan(measures[name].value)
    ]
    if found:
        yield f"So many labels change: {'; '.join(found)}."
    right = measures["all_parties_right"]
    if not math.isnan(right.value):
        yield (
            f"Of {right.n:,} sentences whose parties are labelled differently, all parties are right in"
            f" {shown(right)}; a classifier that is blind to the target gets none."
        )


def _details(subject: Subject, variants: Variants, answers: Answers) -> Iterator[Detail]:
    """Show the items whose label the name's placeholder changes most."""
    made = variants["masked"]
    if not made:
        return
    places = list(made)
    before, after = subject.proba[places], answers.proba(list(made.values()))
    moved = abs(after - before).max(axis=1)
    names = subject.labels.names
    rows: list[tuple[Any, ...]] = []
    for at in moved.argsort(kind="stable")[::-1][:WORST].tolist():
        said = names[int(before[at].argmax())], names[int(after[at].argmax())]
        if said[0] != said[1]:
            one = subject.examples[places[at]]
            rows.append((str(one.target), *said, float(moved[at]), one.text))
    if rows:
        columns = ("target", "label", "under a placeholder", "moved by", "text")
        yield Detail("masked", "Labels that hang on the party's name", columns, tuple(rows), ("text",))
