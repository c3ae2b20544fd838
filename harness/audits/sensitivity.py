"""Test items with the target masked, withheld, alone or replaced in; how the predicted labels change out.

These inputs are unlike those that the classifier was trained on, so the audit overstates how much the target
is used; what reading it adds is measured by :mod:`harness.audits.target_use`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Queries, Subject
from harness.audits.intervals import format_share, kappa, rate
from harness.audits.verdicts import at_least, at_most, what_would_decide, worst_of
from harness.classifiers.inputs import Marks, view
from harness.classifiers.protocol import Example
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.formatting import counted
from harness.values.minimums import MIN_ITEMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "sensitivity"
MAX_IGNORED, MAX_IGNORED_HIGH = 0.05, 0.25
"""A classifier ignores the target if its label changes less often than the first when asked about another
party of the same sentence, and the interval stays below the second. All thresholds here are conventions."""

# A label that agrees with that of the name alone is largely the name's. With 0.8 a classifier that reads the
# name alone (kappa 1, three equal labels) could not fail with fewer than 25 articles of equal size, because
# the interval reaches lower; with 0.5 it fails from 8 on.
MAX_NAME_AGREEMENT = 0.5
"""Kappa of the label for the name alone with that for the sentence, above which the audit fails."""

MANY_MASKED_CHANGES = 0.25
"""Share of labels that change when the name is masked, above which the finding says so. It has no part in the
verdict: a placeholder is unlike all that a classifier was trained on."""

KINDS = ("masked", "withheld", "alone", "other", "absent")
"""The variants of an item, at most one of each."""

MAX_SHOWN_ROWS = 10
Variants = dict[str, dict[int, Example]]


def sensitivity(*, items: int = 200) -> Sensitivity:
    """Predict test items with the target masked, withheld, without the sentence, or replaced by another one.

    Parameters
    ----------
    items : int
        Number of test items drawn at random, at least 30; each has up to five variants.

    Raises
    ------
    ConfigError
        If it is lower.
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
        """Make the variants of the drawn items."""
        reason = subject.no_parties_reason() or subject.few_shared_reason()
        among = [row for row, example in enumerate(subject.examples) if example.target is not None]
        reason = reason or subject.few_items_reason(len(among), "test items have a target")
        if reason:
            return not_applicable(NAME, reason)
        rows = subject.sample_rows(self.items, NAME, among=among)
        variants = _variants(subject, rows)
        examples = tuple(example for by_row in variants.values() for example in by_row.values())
        return Queries(examples, lambda answers: _evaluate(subject, rows, variants, answers))


def _variants(subject: Subject, rows: Sequence[int]) -> Variants:
    """Return kind → row of the item → variant."""
    # The placeholder of `target: masked`: a classifier that was trained with it knows it.
    mask = Marks().mask
    variants: Variants = {kind: {} for kind in KINDS}
    targets = list(
        dict.fromkeys(example.target for example in subject.examples if example.target is not None)
    )
    for row in rows:
        example = subject.examples[row]
        name = str(example.target)
        if example.spans:
            masked = view(example, "masked")
            variants["masked"][row] = Example(masked.text, mask, masked.spans, example.holder)
        if subject.can_omit_target:
            variants["withheld"][row] = Example(example.text, None, (), example.holder)
        # The name as the whole sentence: a label that stays was not read off the sentence.
        variants["alone"][row] = Example(name, name, ((0, len(name)),))
        named = subject.targets_of.get(example.text, ())
        others = [target for target in named if target != example.target]
        # Chosen by the row number: different items get different parties, and runs stay reproducible.
        if others:
            variants["other"][row] = _with_target(subject, example, others[row % len(others)])
        # Not in the text either: the corpus may leave a party unlabelled that the sentence names.
        absent = [target for target in targets if target not in named and target not in example.text]
        if absent:
            variants["absent"][row] = replace(example, target=absent[row % len(absent)], spans=())
    return variants


def _with_target(subject: Subject, example: Example, target: str) -> Example:
    """Return the example of the corpus that has the same sentence with another party."""
    of_corpus = subject.corpus_example_of.get((example.text, target))
    return of_corpus or replace(
        example, target=target, spans=subject.tested.parties.spans(example.text, target)
    )


def _evaluate(subject: Subject, rows: Sequence[int], variants: Variants, answers: Answers) -> Finding:
    changes = {kind: _changes(subject, by_row, answers) for kind, by_row in variants.items() if by_row}
    measures = [
        rate(f"{kind}_changes", values, subject.clusters[list(variants[kind])])
        for kind, values in changes.items()
        # Without the sentence labels are expected to change; kappa, below, corrects agreement for chance.
        if kind != "alone"
    ]
    sentence_rows = np.array(list(variants["alone"]), dtype=np.int64)
    codes = np.stack([subject.predicted[sentence_rows], answers.predicted(list(variants["alone"].values()))])
    # Of a pair with a missing answer nobody knows whether it agrees.
    both = (codes >= 0).all(axis=0)
    in_sentence, name_alone = codes[:, both].tolist()
    clusters = subject.clusters[sentence_rows[both]]
    measures.append(kappa("name_alone_agreement", in_sentence, name_alone, len(subject.labels), clusters))
    measures.append(_all_parties_right(subject))
    by_name = {measure.name: measure for measure in measures}
    verdict, reasons = _verdict(by_name)
    drawn = f"{len(rows):,} of {counted(len(subject.examples), 'test item')}, drawn at random"
    sentence = " ".join([*reasons, *_sentences(by_name), f"Based on {drawn}."])
    return Finding(NAME, verdict, sentence, tuple(measures), tuple(_details(subject, variants, answers)))


def _changes(subject: Subject, by_row: dict[int, Example], answers: Answers) -> NDArray[np.float64]:
    """Return 1 for each label that changes; NaN, which no rate counts, where an answer is missing."""
    after, before = answers.predicted(list(by_row.values())), subject.predicted[list(by_row)]
    return np.where((after < 0) | (before < 0), np.nan, after != before)


def _all_parties_right(subject: Subject) -> Measure:
    """Score sentences whose targets have different labels: right if all of them are.

    A classifier that ignores the target gives one label to all, and is never right.
    """
    rows_of: dict[str, list[int]] = {}
    for row, example in enumerate(subject.examples):
        rows_of.setdefault(example.text, []).append(row)
    all_right, clusters = [], []
    for rows in rows_of.values():
        if len({int(subject.truth[row]) for row in rows}) > 1:
            all_right.append(float((subject.predicted[rows] == subject.truth[rows]).all()))
            # All rows of a sentence belong to one article.
            clusters.append(int(subject.clusters[rows[0]]))
    return rate("all_parties_right", np.array(all_right), np.array(clusters))


def _verdict(measures: dict[str, Measure]) -> tuple[Verdict, list[str]]:
    """Return the verdict, and the sentences that give its reasons."""
    unmeasured = Measure("", math.nan)
    verdicts: list[Verdict] = []
    reasons = []
    other = measures.get("other_changes", unmeasured)
    if other.value < MAX_IGNORED and other.high < MAX_IGNORED_HIGH:
        verdicts.append("failed")
        reasons.append("It gives all parties of a sentence the same label, whichever it is asked about.")
    else:
        verdicts.append(at_least(other, MAX_IGNORED))
        if verdicts[-1] != "passed":
            verdicts[-1] = "undecided"
            reasons.append(
                "Whether it reads which party of a sentence it is asked about is not shown."
                f" {what_would_decide(other, MAX_IGNORED)}"
            )
    alone = measures["name_alone_agreement"]
    verdicts.append(at_most(alone, MAX_NAME_AGREEMENT))
    if verdicts[-1] == "failed":
        reasons.append("Its label is largely the one that it gives to the party's name alone.")
    elif verdicts[-1] == "undecided":
        reasons.append(
            "Whether the party's name alone largely determines its label is not shown."
            f" {what_would_decide(alone, MAX_NAME_AGREEMENT)}"
        )
    if measures.get("masked_changes", unmeasured).low > MANY_MASKED_CHANGES:
        reasons.append("Labels change when a placeholder replaces the party's name.")
    return worst_of(verdicts), reasons


def _sentences(measures: dict[str, Measure]) -> Iterator[str]:
    conditions = {
        "other_changes": "asked about another party of the sentence",
        "absent_changes": "asked about a party that is not in it",
        "masked_changes": "with a placeholder for the party's name",
        "withheld_changes": "asked about no party",
    }
    shares = [
        f"{condition} {format_share(measures[name])}"
        for name, condition in conditions.items()
        if name in measures and not math.isnan(measures[name].value)
    ]
    if shares:
        yield f"Share of labels that change: {'; '.join(shares)}."
    right = measures["all_parties_right"]
    if not math.isnan(right.value):
        yield (
            f"Of {counted(right.n, 'sentence')} whose parties have different labels, all parties are right in"
            f" {format_share(right)}; a classifier that ignores the target achieves 0 %."
        )


def _details(subject: Subject, variants: Variants, answers: Answers) -> Iterator[Detail]:
    """Yield a table of the items whose label the placeholder changes most."""
    masked = variants["masked"]
    if not masked:
        return
    masked_rows = list(masked)
    before, after = subject.proba[masked_rows], answers.proba(list(masked.values()))
    change = np.nan_to_num(abs(after - before).max(axis=1), nan=-1.0)
    names = subject.labels.names
    rows: list[tuple[Any, ...]] = []
    for index in change.argsort(kind="stable")[::-1][: min(MAX_SHOWN_ROWS, (change >= 0).sum())].tolist():
        labels = names[int(before[index].argmax())], names[int(after[index].argmax())]
        if labels[0] != labels[1]:
            example = subject.examples[masked_rows[index]]
            rows.append((str(example.target), *labels, float(change[index]), example.text))
    if rows:
        columns = ("target", "label", "under a placeholder", "moved by", "text")
        yield Detail("masked", "Labels that depend on the party's name", columns, tuple(rows), ("text",))
