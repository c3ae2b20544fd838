"""Predictions for items under other parties' names in; flips, shifts and the bias of each name out.

The bias of a name is what it adds to the balance of probabilities (last label minus first), compared with the
other names that the same sentences were tried with. Sentences stay the same, so a difference is due to the
name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Subject
from harness.audits.intervals import format_share, mean, rate, share
from harness.classifiers.protocol import Example
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.findings import Detail, Finding, Measure, Verdict
from harness.values.formatting import counted, interval, number
from harness.values.minimums import MIN_PARTY_ITEMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "party_swap"
MAX_NAMED_PARTIES, MAX_SHOWN_PAIRS, MAX_SHOWN_FLIPS = 3, 40, 12


@dataclass(frozen=True)
class Swap:
    """One test item under another party's name.

    Attributes
    ----------
    row : int
        Position among the tested rows.
    party, other : str
        The party that the item is about, and the one whose name replaces it.
    example : Example
        The renamed item.
    """

    row: int
    party: str
    other: str
    example: Example


@dataclass(frozen=True)
class PartyBias:
    """What the name of a party does to the balance of probabilities.

    Attributes
    ----------
    party : str
    effect : Measure
        In [-2, 2]; above 0 toward the last label.
    p : float
        Corrected for the number of parties.
    """

    party: str
    effect: Measure
    p: float


def evaluate(
    subject: Subject, swaps: Sequence[Swap], answers: Answers, *, max_flips: float, max_bias: float
) -> Finding:
    """Find how often labels flip, and which names shift the probabilities.

    Parameters
    ----------
    subject : Subject
    swaps : sequence of Swap
    answers : Answers
    max_flips : float
        Share of labels that may flip before the audit fails.
    max_bias : float
        How far one party's name may shift the balance of probabilities before it fails.
    """
    rows = np.array([swap.row for swap in swaps])
    clusters = subject.clusters[rows]
    proba = answers.proba([swap.example for swap in swaps])
    before, after = subject.predicted[rows], subject.labels.decide(proba)
    shift = subject.balance(proba) - subject.balance(subject.proba[rows])
    # Codes follow the order of the labels, so that the sign is the direction.
    steps = after - before
    biases = _biases(subject, swaps, proba)
    measures = [
        rate("flips", steps != 0, clusters),
        rate(f"flips_to_{subject.labels.names[-1]}", steps > 0, clusters),
        rate(f"flips_to_{subject.labels.names[0]}", steps < 0, clusters),
        mean("shift", shift, clusters),
        mean("shift_size", abs(shift), clusters),
        *_bias_measures(biases),
    ]
    # Of a large sample even a tiny bias is significant: it counts from half of what fails.
    established = [
        bias for bias in biases if bias.p <= SIGNIFICANCE_LEVEL and abs(bias.effect.value) >= max_bias / 2
    ]
    details = (
        _bias_table(subject, biases),
        _pair_table(subject, swaps, steps, shift),
        _flip_table(subject, swaps, after, shift),
    )
    return Finding(
        NAME,
        _verdict(measures[0], established, max_flips, max_bias),
        _sentence(subject, swaps, measures, established),
        tuple(measures),
        tuple(table for table in details if table.rows),
    )


def _verdict(flips: Measure, established: Sequence[PartyBias], max_flips: float, max_bias: float) -> Verdict:
    if flips.low > max_flips or any(abs(bias.effect.value) >= max_bias for bias in established):
        return "failed"
    return "warning" if established or flips.value > max_flips / 2 else "passed"


def _bias_measures(biases: Sequence[PartyBias]) -> list[Measure]:
    """Return ``party_bias`` of each party, and before them the one farthest from 0."""
    measures = [replace(bias.effect, name=f"party_bias_{_slug(bias.party)}") for bias in biases]
    farthest = max(measures, key=lambda measure: abs(measure.value), default=None)
    return [replace(farthest, name="party_bias_most"), *measures] if farthest is not None else []


def _biases(subject: Subject, swaps: Sequence[Swap], proba: NDArray[np.float64]) -> list[PartyBias]:
    """Measure what each party's name does to the balance, with p-values corrected for their number.

    The effect on an item is its balance under a name, minus the mean over all names it was tried with.
    """
    balance = subject.balance(proba)
    balance_of: dict[int, dict[str, float]] = {}
    before = subject.balance(subject.proba)
    for swap, value in zip(swaps, balance, strict=True):
        # The name that the sentence really has is one of those compared.
        by_party = balance_of.setdefault(swap.row, {swap.party: float(before[swap.row])})
        by_party[swap.other] = float(value)
    effects: dict[str, list[tuple[int, float]]] = {}
    for row, values in balance_of.items():
        # Centred within the item: what the sentence says cancels, what the name adds remains.
        middle = float(np.mean(list(values.values())))
        for party, value in values.items():
            effects.setdefault(party, []).append((row, value - middle))
    measured = []
    for party, pairs in sorted(effects.items()):
        if len(pairs) >= MIN_PARTY_ITEMS:
            clusters = subject.clusters[[row for row, _ in pairs]]
            measured.append(mean(party, [value for _, value in pairs], clusters))
    corrected = holm([_p(effect) for effect in measured]) if measured else ()
    return [PartyBias(effect.name, effect, float(p)) for effect, p in zip(measured, corrected, strict=True)]


def _p(measure: Measure) -> float:
    """Return the two-sided p-value of 0 from an interval, assuming that the estimate is normal."""
    from statistics import NormalDist

    se = (measure.high - measure.low) / (2 * NormalDist().inv_cdf(0.975))
    if math.isnan(se):
        return 1.0
    # Without any spread, an effect other than 0 is certain.
    if se == 0:
        return 1.0 if measure.value == 0 else 0.0
    return 2 * (1 - NormalDist().cdf(abs(measure.value) / se))


def _sentence(
    subject: Subject,
    swaps: Sequence[Swap],
    measures: Sequence[Measure],
    established: Sequence[PartyBias],
) -> str:
    flips, up, down = measures[:3]
    first, last = subject.labels.names[0], subject.labels.names[-1]
    sentences = [
        f"Under another party's name {format_share(flips)} of the labels flip:"
        f" {format_share(up)} toward {last}, {format_share(down)} toward {first}."
    ]
    ranked = sorted(established, key=lambda bias: -abs(bias.effect.value))
    for bias in ranked[:MAX_NAMED_PARTIES]:
        effect = bias.effect
        side = last if effect.value > 0 else first
        shift = number(effect.value, places=2, signed=True)
        bounds = interval(effect.low, effect.high, places=2, signed=True)
        sentences.append(
            f"The name {bias.party} alone shifts the balance of probabilities by {shift} ({bounds}),"
            f" toward {side}."
        )
    if len(ranked) > MAX_NAMED_PARTIES:
        sentences.append(f"Other parties with such a bias: {len(ranked) - MAX_NAMED_PARTIES}.")
    n = len({swap.row for swap in swaps})
    sentences.append(f"{len(swaps):,} swaps in {n:,} of {counted(len(subject.examples), 'test item')}.")
    return " ".join(sentences)


def _bias_table(subject: Subject, biases: Sequence[PartyBias]) -> Detail:
    rows = tuple(
        (
            bias.party,
            bias.effect.n,
            bias.effect.value,
            bias.effect.low,
            bias.effect.high,
            "<0.001" if bias.p < 0.001 else bias.p,
        )
        for bias in sorted(biases, key=lambda bias: bias.effect.value)
    )
    first, last = subject.labels.names[0], subject.labels.names[-1]
    title = f"Bias of each party's name: below 0 toward {first}, above 0 toward {last}; p is corrected"
    return Detail("bias", title, ("party", "items", "bias", "low", "high", "p"), rows)


def _pair_table(subject: Subject, swaps: Sequence[Swap], steps: Any, shift: Any) -> Detail:
    pairs: dict[tuple[str, str], list[int]] = {}
    for index, swap in enumerate(swaps):
        pairs.setdefault((swap.party, swap.other), []).append(index)
    rows: list[tuple[Any, ...]] = []
    for names, indices in pairs.items():
        flips = share("flips", int((steps[indices] != 0).sum()), len(indices))
        up, down = int((steps[indices] > 0).sum()), int((steps[indices] < 0).sum())
        mean_shift = float(shift[indices].mean())
        rows.append((*names, len(indices), flips.value, flips.low, flips.high, up, down, mean_shift))
    # By the number of flips: a high share of few items says little.
    rows.sort(key=lambda row: (-row[2] * row[3], -row[2]))
    first, last = subject.labels.names[0], subject.labels.names[-1]
    columns = (
        "party",
        "under the name",
        "items",
        "flips",
        "low",
        "high",
        f"to {last}",
        f"to {first}",
        "shift",
    )
    return Detail("pairs", "Pairs of names, most flips first", columns, tuple(rows[:MAX_SHOWN_PAIRS]))


def _flip_table(subject: Subject, swaps: Sequence[Swap], after: Any, shift: Any) -> Detail:
    names = subject.labels.names
    rows: list[tuple[Any, ...]] = []
    for index in abs(shift).argsort(kind="stable")[::-1].tolist():
        swap = swaps[index]
        label_before, label_after = names[int(subject.predicted[swap.row])], names[int(after[index])]
        if label_after != label_before and len(rows) < MAX_SHOWN_FLIPS:
            text = subject.examples[swap.row].text
            rows.append(
                (
                    swap.party,
                    label_before,
                    swap.other,
                    label_after,
                    float(shift[index]),
                    text,
                    swap.example.text,
                )
            )
    columns = ("party", "label", "under the name", "label then", "shift", "text", "text then")
    return Detail("worst", "Flips with the largest shift", columns, tuple(rows), ("text", "text then"))


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()
