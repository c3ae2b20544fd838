"""Compared runs and what is known of each in; why one is better, for pages and screens, out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.scoring.comparison import Comparison
from harness.scoring.comparison.disagreement import Disagreement, RunItems, SliceDifference, disagreement
from harness.scoring.slices import Slice
from harness.values.findings import Findings, verdicts_in_short
from harness.values.formatting import counted, interval, number, percent

MAX_EXPLAINED = 5
"""Runs that the best run is compared with item by item."""

SCREEN_ITEMS = 2


@dataclass(frozen=True)
class RunEvidence:
    """What is known of a run beside its predictions.

    Attributes
    ----------
    findings : sequence of Finding
        Of its audits.
    sentences : mapping
        Id of a test item → its sentence; empty where sentences may not be shown.
    report : str
        Path or address of its report; empty where there is none.
    slices : sequence of Slice
        Of its test items, beside those of label and party.
    predict_seconds : float
        In which a trial labelled its rows, on average; NaN where that is unknown.
    n_candidates : int
        Sets of options that its longest search trained; 0 where it was not tuned.
    """

    findings: Findings = ()
    sentences: Mapping[str, str] = field(default_factory=dict)
    report: str = ""
    slices: Sequence[Slice] = ()
    predict_seconds: float = math.nan
    n_candidates: int = 0


@dataclass(frozen=True)
class ComparisonReasons:
    """Why runs differ.

    Attributes
    ----------
    audits : mapping
        Audit → run → verdict, for the runs in the order of their ranks; of audits that any run had.
    disagreements : tuple of Disagreement
        Of the best run with those that follow it.
    sentences : mapping
        Id → sentence, of the items in ``disagreements``.
    reports : mapping
        Run → its report.
    """

    audits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    disagreements: tuple[Disagreement, ...] = ()
    sentences: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)


NO_REASONS = ComparisonReasons()


def comparison_reasons(
    comparison: Comparison, items: Mapping[str, RunItems], evidence: Mapping[str, RunEvidence]
) -> ComparisonReasons:
    """Say why the runs of a comparison differ.

    Parameters
    ----------
    comparison : Comparison
    items : mapping
        Run → its test items; of the runs that were compared.
    evidence : mapping
        Run → what else is known of it.
    """
    ranked = [run.name for run in comparison.runs]
    best, *others = ranked
    # All runs have the same test items; those of earlier versions carry no slices of them.
    slices = next(
        (evidence[name].slices for name in ranked if name in evidence and evidence[name].slices), ()
    )
    disagreements = tuple(
        disagreement((best, name), items[best], items[name], slices=slices)
        for name in others[:MAX_EXPLAINED]
        if best in items and name in items
    )
    shown = {item.id for pair in disagreements for item in pair.items}
    sentences = {
        id_: sentence
        for name in ranked
        for id_, sentence in evidence.get(name, RunEvidence()).sentences.items()
        if id_ in shown
    }
    reports = {name: evidence[name].report for name in ranked if name in evidence and evidence[name].report}
    return ComparisonReasons(_audits(ranked, evidence), disagreements, sentences, reports)


def _audits(ranked: Sequence[str], evidence: Mapping[str, RunEvidence]) -> dict[str, dict[str, str]]:
    audits: dict[str, dict[str, str]] = {}
    for name in ranked:
        for finding in evidence.get(name, RunEvidence()).findings:
            audits.setdefault(finding.audit.replace("_", " "), {})[name] = finding.verdict
    return audits


def reason_sentences(reasons: ComparisonReasons) -> list[str]:
    """Say in short why the best run and the next one differ: audits, items, slices, sentences."""
    if not reasons.disagreements:
        return []
    pair = reasons.disagreements[0]
    sentences = [_audit_sentences((pair.better, pair.worse), reasons.audits)] if reasons.audits else []
    sentences.append(
        f"Of {counted(pair.n, 'item')} only {pair.better} labels {pair.only_better:,} correctly,"
        f" only {pair.worse}"
        f" {pair.only_worse:,}; both {pair.both:,}, neither {pair.neither:,}."
    )
    sentences.append(slice_sentence(pair))
    sentences += [
        f"{reasons.sentences[item.id]} ({item.truth}): {pair.better} says {item.better},"
        f" {pair.worse} {item.worse}."
        for item in pair.items
        if item.id in reasons.sentences
    ][:SCREEN_ITEMS]
    return sentences


def _audit_sentences(names: tuple[str, str], audits: Mapping[str, Mapping[str, str]]) -> str:
    """Say what the audits of two runs found, in the words of all other screens."""
    sentences = []
    for name in names:
        verdicts = {audit: of_run[name] for audit, of_run in audits.items() if name in of_run}
        sentences.append(f"Audits of {name}: {verdicts_in_short(verdicts)}.")
    return " ".join(sentences)


def slice_sentence(pair: Disagreement) -> str:
    """Say in which slices two runs differ; where in none, on which they differ most."""
    established = [entry for entry in pair.slices if entry.established]
    if established:
        listed = "; ".join(_slice(pair, entry) for entry in established[:3])
        return f"Slices where they differ: {listed}."
    if not pair.slices:
        return "No slice is large enough to compare them on."
    largest = max(pair.slices, key=lambda entry: abs(entry.difference))
    return f"They differ significantly in no slice; most on {_slice(pair, largest)}."


def _slice(pair: Disagreement, entry: SliceDifference) -> str:
    return (
        f"{entry.column} {entry.value} ({counted(entry.n, 'item')}): {pair.better}"
        f" {percent(entry.better)} correct,"
        f" {pair.worse} {percent(entry.worse)}, difference {number(entry.difference, signed=True)}"
        f" ({interval(entry.low, entry.high, signed=True)})"
    )
