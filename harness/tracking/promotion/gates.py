"""A candidate, its model and the present champion in; the result of every gate out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.config.promotion_policy import PromotionPolicy
from harness.evaluation.choice import BASELINES
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.baseline import without_skill
from harness.scoring.comparison import compare
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.metrics.calibration import chance_corrected_ece
from harness.serving.contract import Contract
from harness.serving.inference.model import data_folder
from harness.serving.reproduction import Reproduction, reproduce_in_fresh_process
from harness.tracking import names
from harness.tracking.models import files_of
from harness.tracking.promotion.candidates import Candidate
from harness.tracking.store import Store
from harness.values.commands import command_line
from harness.values.errors import ModelError, PredictionsError
from harness.values.findings import Finding
from harness.values.formatting import agreeing, counted, interval, number
from harness.values.gates import GateResult, GateVerdict
from harness.values.minimums import MIN_SCORED_ROWS

MEGABYTE = 1_000_000
EARLIER = "packed by an earlier version"

MEASURED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "party_swap": (("flips", "flips"), ("party_bias_most", "bias")),
    "behaviour": (("invariance_failures", "failures"), ("direction_failures", "failures")),
    "unseen": (("gap", "large"),),
    "parity": (("largest_gap", "large"),),
}
"""Audits whose limits are options: measures, each with the option that limits it."""


@dataclass(frozen=True)
class Rival:
    """The champion that a candidate would replace.

    Attributes
    ----------
    version : str
    candidate : Candidate or None
        Its run; None where that was deleted.
    test_items : str or None
        Fingerprint of the test items that it was scored on.
    """

    version: str
    candidate: Candidate | None
    test_items: str | None


def audit_gates(candidate: Candidate, policy: PromotionPolicy) -> Iterator[GateResult]:
    """Yield a gate for each audit of the policy, and for each that the run has beside them."""
    findings = {finding.audit: finding for finding in candidate.files.findings}
    options = candidate.files.config.get("audits", {})
    for name in dict.fromkeys((*policy.audits, *findings)):
        action = policy.action(name)
        if action == "off":
            yield GateResult(name, "not checked", "The config switches this gate off.")
        elif name not in findings:
            yield GateResult(name, "not checked", "The audit did not run.")
        else:
            finding = findings[name]
            # A warning of an audit is no failure; a failure of an audit that only warns is a warning.
            verdict: GateVerdict = finding.verdict
            if verdict == "failed" and action == "warn":
                verdict = "warning"
            value, limit = _decisive(finding, options.get(name))
            yield GateResult(name, verdict, finding.sentence or f"The audit {finding.verdict}.", value, limit)


def items_gate(
    candidate: Candidate, rival: Rival | None, *, replace: bool, experiment: str = ""
) -> GateResult:
    """Compare the test items of a candidate with those of the champion: on others, scores do not compare.

    Parameters
    ----------
    candidate : Candidate
    rival : Rival or None
    replace : bool
    experiment : str
        Of the candidate, for the command line that replaces the champion; left out, that run last.
    """
    name = "test_items"
    if rival is None:
        return GateResult(name, "not applicable", "There is no champion yet.")
    before, now = rival.test_items, candidate.tags.get(names.TEST)
    if before == now:
        return GateResult(name, "passed", "It was scored on the same test items as the champion.")
    replacing = command_line("promote", "--replace", **({"experiment": experiment} if experiment else {}))
    result = GateResult(
        name,
        "failed",
        f"The champion, version {rival.version}, was scored on other test items ({before}) than"
        f" {candidate.name!r} ({now}), so their scores do not compare. Keep both: give this one another"
        f" model_name in its config, and run that again; or replace the champion: `{replacing}`.",
    )
    return result.waived("--replace") if replace else result


def veto_gate(
    candidate: Candidate, rival: Rival | None, margin: float, *, no_worse: bool = False
) -> GateResult:
    """Compare a candidate with the champion on test: an established loss beyond the margin is a veto.

    With ``no_worse``, it is one as well that the loss is not shown to be within the margin.
    """
    name = "test"
    if rival is None:
        return GateResult(name, "not applicable", "There is no champion to compare with.")
    other = rival.candidate
    if other is not None and other.run_id == candidate.run_id:
        return GateResult(name, "not applicable", "It is the champion.")
    if rival.test_items != candidate.tags.get(names.TEST):
        return GateResult(name, "not checked", "The champion was scored on other test items.")
    tables = [part.files.predictions if part is not None else None for part in (other, candidate)]
    if other is None or tables[0] is None or tables[1] is None:
        return GateResult(name, "not checked", "The predictions of the champion or of this run are gone.")
    champion, challenger = f"version {rival.version}", candidate.name
    steady = {
        label
        for label, part in ((champion, other), (challenger, candidate))
        if part.tags.get(names.DETERMINISTIC) == "true"
    }
    try:
        comparison = compare(
            [(champion, tables[0]), (challenger, tables[1])], candidate.primary, deterministic=steady
        )
    except PredictionsError as error:
        return GateResult(name, "not checked", f"The two do not compare: {error}.")
    pair = comparison.pair(champion, challenger)
    gap = pair.difference
    # The difference is that of the better run; lower may be better. What is lost is positive here.
    ends = (gap.low, gap.high) if comparison.scalar_metric.higher_is_better else (-gap.high, -gap.low)
    value = abs(gap.value)
    if pair.better != champion:
        value, ends = -value, (-ends[1], -ends[0])
    result = _lost(name, value, ends, margin, f"{champion} in {candidate.primary}")
    if no_worse and result.verdict == "undecided":
        sentence = f"{result.sentence} The config asks for a model that is shown to lose no more."
        return replace(result, verdict="failed", sentence=sentence)
    return result


def _lost(name: str, value: float, ends: tuple[float, float], margin: float, what: str) -> GateResult:
    """Judge how much is lost against the champion, with the interval of the loss.

    Parameters
    ----------
    name : str
        Of the gate.
    value : float
        What the candidate scores less than the champion.
    ends : tuple of (float, float)
    margin : float
        What may be lost.
    what : str
        ``"version 2 in f1_macro"``.
    """
    low, high = ends
    verdict: GateVerdict = "undecided"
    if low > margin:
        verdict = "failed"
    elif high <= margin:
        verdict = "passed"
    words = {"failed": "Worse than", "passed": "Not worse than", "undecided": _untold(low, high)}
    sentence = (
        f"{words[verdict]} {what}: on test the difference is {number(-value, signed=True)}"
        f"{_in_brackets(-high, -low, signed=True)}, and {number(margin)} may be lost."
    )
    return GateResult(name, verdict, sentence, value, margin)


def _untold(low: float, high: float) -> str:
    """Return how an undecided comparison begins: only an interval can show that it is close."""
    return "No interval tells it from" if math.isnan(low + high) else "Cannot be told from"


def _in_brackets(low: float, high: float, *, signed: bool = False) -> str:
    return "" if math.isnan(low + high) else f" ({interval(low, high, signed=signed)})"


def baseline_gate(candidate: Candidate) -> GateResult:
    """Refuse what scores no better on validation than an answer without reading."""
    name, predictions = "baseline", candidate.files.predictions
    if candidate.tags.get(names.KIND) in BASELINES:
        return GateResult(name, "not applicable", "It is a baseline itself.")
    if predictions is None:
        return GateResult(name, "not checked", "The predictions of this run are gone.")
    rows = predictions.only(split="validation")
    if rows.rows.empty:
        return GateResult(name, "not checked", "There are no validation rows.")
    metric = ScalarMetric.named(candidate.primary, rows.labels)
    baseline = without_skill(rows, metric.metric)
    if baseline is None:
        return GateResult(name, "not applicable", f"An answer without reading has no {candidate.primary}.")
    sample = AlignedPredictions.of(rows)
    if sample.n_items < MIN_SCORED_ROWS:
        return GateResult(name, "undecided", _too_few(sample.n_items))
    value, (low, high) = float(metric.by_seed(sample).mean()), metric.interval(sample)
    gain, least = value - baseline.value, low - baseline.value
    if not metric.higher_is_better:
        gain, least = -gain, baseline.value - high
    verdict: GateVerdict = "failed" if gain <= 0 else "passed" if least > 0 else "undecided"
    words = {"failed": "No better than", "passed": "Better than", "undecided": _untold(low, high)}
    sentence = (
        f"{words[verdict]} {baseline.words}: {candidate.primary} {number(value)}{_in_brackets(low, high)} on"
        f" {counted(sample.n_items, 'validation row')}, where that scores {number(baseline.value)}."
    )
    return GateResult(name, verdict, sentence, value, baseline.value)


def calibration_gate(candidate: Candidate, limit: float | None) -> GateResult:
    """Judge the probabilities of the served seed on validation, beyond what chance alone gives."""
    name, predictions = "calibration", candidate.files.predictions
    if limit is None:
        return GateResult(name, "not checked", "The config sets no limit.")
    if predictions is None:
        return GateResult(name, "not checked", "The predictions of this run are gone.")
    rows = predictions.only(split="validation")
    if rows.rows.empty:
        return GateResult(name, "not checked", "There are no validation rows.")
    if not rows.has_probabilities:
        return GateResult(name, "not applicable", "There are no probabilities.")
    seeds = sorted(int(seed) for seed in rows.rows["seed"].unique())
    served = candidate.files.served_seed
    of_seed = rows.only(seed=served if served in seeds else seeds[0]).answered()
    if len(of_seed) < MIN_SCORED_ROWS:
        return GateResult(name, "undecided", _too_few(len(of_seed)), limit=limit)
    error = chance_corrected_ece(of_seed.truth(), of_seed.proba())
    verdict: GateVerdict = "passed"
    if error.excess > limit:
        verdict = "failed" if error.observed > error.chance_high else "undecided"
    sentence = (
        f"Expected calibration error on {len(of_seed):,} validation rows: {number(error.observed)}, of which"
        f" {number(error.chance)} are expected of perfect probabilities on so few rows."
    )
    return GateResult(name, verdict, sentence, error.excess, limit)


def _too_few(n: int) -> str:
    return f"{counted(n, 'validation row')} {agreeing(n, 'is', 'are')} too few to say."


def model_gates(
    store: Store, address: str, policy: PromotionPolicy, champion: str | None
) -> tuple[GateResult, ...]:
    """Load a model in a fresh process, and weigh and time it.

    Parameters
    ----------
    store : Store
    address : str
        ``models:/…``.
    policy : PromotionPolicy
    champion : str or None
        Address of the champion, which is timed where the policy asks how many times as fast the model is.
    """
    reproduction, size = tried(store, address)
    return (
        reproduction_gate(reproduction),
        _limited("size", size, policy.max_megabytes, "MB"),
        _limited("latency", reproduction.milliseconds, policy.max_milliseconds, "ms a sentence"),
        *speed_gate(store, reproduction.milliseconds, champion, policy.times_as_fast),
    )


def speed_gate(
    store: Store, milliseconds: float, champion: str | None, times: float | None
) -> Iterator[GateResult]:
    """Time the champion as the candidate was timed just before: only so do the two compare.

    Parameters
    ----------
    store : Store
    milliseconds : float
        Of the candidate, for a sentence.
    champion : str or None
        Its address; None where there is none, or it is the candidate.
    times : float or None
        How many times as fast the candidate has to be; None does not ask, and nothing is timed.
    """
    name = "speed"
    if times is None:
        return
    if champion is None:
        yield GateResult(name, "not applicable", "There is no other champion to compare with.")
        return
    rival, _ = tried(store, champion)
    ratio = rival.milliseconds / milliseconds if milliseconds > 0 else math.nan
    if math.isnan(ratio):
        yield GateResult(name, "not checked", "One of the two could not be timed.")
        return
    sentence = (
        f"{milliseconds:,.1f} ms a sentence, the champion {rival.milliseconds:,.1f}:"
        f" {ratio:.1f} times as fast, of {times:g} asked."
    )
    yield GateResult(name, "passed" if ratio >= times else "failed", sentence, ratio, times)


def abstention_gate(store: Store, address: str) -> GateResult:
    """Refuse a model whose threshold does not meet the share of wrong labels that was wanted of it."""
    name = "abstention"
    try:
        with files_of(store, address) as folder:
            rule = Contract.read(data_folder(folder)).effective_decider.rule
    except ModelError as error:
        return GateResult(name, "not checked", f"The contract cannot be read: {error}.")
    if rule is None:
        return GateResult(name, "not applicable", "The config wants no risk.")
    if rule.risk_met:
        return GateResult(name, "passed", rule.statement)
    verdict: GateVerdict = "failed" if rule.on_unmet == "refuse" else "warning"
    return GateResult(name, verdict, rule.statement, limit=rule.risk)


def tried(store: Store, address: str) -> tuple[Reproduction, float]:
    """Return how a model fares in a fresh process, and its size in MB; NaN where its files are gone."""
    try:
        with files_of(store, address) as folder:
            return reproduce_in_fresh_process(folder), megabytes(folder)
    except ModelError as error:
        return Reproduction(problem=str(error)), math.nan


def reproduction_gate(reproduction: Reproduction) -> GateResult:
    """Judge how a model fared in a fresh process."""
    name = "reproduces"
    if reproduction.problem:
        return GateResult(name, "failed", f"It cannot be used in a fresh process: {reproduction.problem}.")
    if not reproduction.rows:
        sentence = f"It loads and labels in a fresh process; {EARLIER}, it has no answers to compare with."
        return GateResult(name, "not checked", sentence)
    engine, difference, tolerance = reproduction.worst
    if reproduction.holds:
        sentence = f"A fresh process gave the recorded answers to {counted(reproduction.rows, 'row')}."
        return GateResult(name, "passed", sentence, difference, tolerance)
    relabelled = reproduction.relabelled
    rows = f"{counted(relabelled, 'row')} {agreeing(relabelled, 'is', 'are')}"
    changed = f", {rows} labelled otherwise" if relabelled else ""
    sentence = (
        f"In a fresh process its probabilities differ by up to {difference:.3g} from the recorded ones"
        f" ({engine}, allowed {tolerance:g}){changed}: its files are not those that were scored."
    )
    return GateResult(name, "failed", sentence, difference, tolerance)


def megabytes(folder: Path) -> float:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def _limited(name: str, value: float, limit: float | None, unit: str) -> GateResult:
    if math.isnan(value):
        return GateResult(name, "not checked", "It could not be measured.")
    if limit is None:
        return GateResult(name, "not checked", f"{value:,.1f} {unit}; the config sets no limit.", value)
    sentence = f"{value:,.1f} {unit}, of {limit:,.0f} allowed."
    return GateResult(name, "passed" if value <= limit else "failed", sentence, value, limit)


def _decisive(finding: Finding, options: Any) -> tuple[float, float]:
    """Return the measure of an audit that is nearest to its limit, or farthest beyond it, and that limit."""
    limits = options if isinstance(options, Mapping) else {}
    pairs = [
        (finding.value(measure), float(limits[option]))
        for measure, option in MEASURED.get(finding.audit, ())
        if isinstance(limits.get(option), int | float) and not math.isnan(finding.value(measure))
    ]
    return max(
        pairs, key=lambda pair: pair[0] / pair[1] if pair[1] else math.inf, default=(math.nan, math.nan)
    )
