"""Labels of items under other parties' names in, flips, shifts and the bias of each party's name out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Subject
from harness.audits.intervals import mean, rate, share, shown
from harness.classifiers.protocol import Example
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.findings import Detail, Finding, Measure, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "party_swap"
FEWEST = 10
"""Items of a party below which its bias is not given."""

SHOWN_PAIRS, WORST = 40, 12
Bias = tuple[str, Measure, float]
"""A party, what its name does to the balance of probabilities, and p, corrected for the number of parties."""


@dataclass(frozen=True)
class Swap:
    """One test item under another party's name."""

    place: int
    party: str
    other: str
    example: Example


def judged(
    subject: Subject, swaps: Sequence[Swap], answers: Answers, *, flips: float, bias: float
) -> Finding:
    """Say how often labels flip, and which names move them.

    Parameters
    ----------
    subject : Subject
    swaps : sequence of Swap
    answers : Answers
    flips : float
        Share of labels that may flip before the audit fails.
    bias : float
        How far one party's name may move the balance of probabilities before it fails.
    """
    places = np.array([one.place for one in swaps])
    clusters = subject.clusters[places]
    proba = answers.proba([one.example for one in swaps])
    before, after = subject.said[places], subject.labels.decide(proba)
    shift = subject.lean(proba) - subject.lean(subject.proba[places])
    moved = after - before
    biases = _biases(subject, swaps, proba)
    measures = [
        rate("flips", moved != 0, clusters),
        rate(f"flips_to_{subject.labels.names[-1]}", moved > 0, clusters),
        rate(f"flips_to_{subject.labels.names[0]}", moved < 0, clusters),
        mean("shift", shift, clusters),
        mean("shift_size", abs(shift), clusters),
        *_of_parties(biases),
    ]
    established = [one for one in biases if one[2] <= SIGNIFICANCE_LEVEL and abs(one[1].value) >= bias / 2]
    details = (
        _bias_table(subject, biases),
        _pair_table(subject, swaps, moved, shift),
        _worst_table(subject, swaps, after, shift),
    )
    return Finding(
        NAME,
        _verdict(measures[0], established, flips, bias),
        _sentence(subject, swaps, measures, established),
        tuple(measures),
        tuple(one for one in details if one.rows),
    )


def _verdict(found: Measure, established: Sequence[Bias], flips: float, bias: float) -> Verdict:
    if found.low > flips or any(abs(one.value) >= bias for _, one, _ in established):
        return "failed"
    return "warning" if established or found.value > flips / 2 else "passed"


def _of_parties(biases: Sequence[Bias]) -> list[Measure]:
    """Return ``party_bias`` of each party, and before them the one farthest from 0."""
    own = [replace(one, name=f"party_bias_{_slug(name)}") for name, one, _ in biases]
    farthest = max(own, key=lambda one: abs(one.value), default=None)
    return [replace(farthest, name="party_bias_most"), *own] if farthest is not None else []


def _biases(subject: Subject, swaps: Sequence[Swap], proba: NDArray[np.float64]) -> list[Bias]:
    """Measure what each party's name does to the balance: party, mean effect, p corrected for their number.

    The balance of an item under a name, less its mean over all names that the item was asked under.
    """
    lean = subject.lean(proba)
    under: dict[int, dict[str, float]] = {}
    before = subject.lean(subject.proba)
    for swap, value in zip(swaps, lean, strict=True):
        own = under.setdefault(swap.place, {swap.party: float(before[swap.place])})
        own[swap.other] = float(value)
    effects: dict[str, list[tuple[int, float]]] = {}
    for place, values in under.items():
        middle = float(np.mean(list(values.values())))
        for party, value in values.items():
            effects.setdefault(party, []).append((place, value - middle))
    measured = []
    for party, found in sorted(effects.items()):
        if len(found) >= FEWEST:
            one = mean(party, [value for _, value in found], subject.clusters[[place for place, _ in found]])
            measured.append((party, one, _p(one)))
    corrected = holm([p for *_, p in measured]) if measured else ()
    return [(party, one, float(p)) for (party, one, _), p in zip(measured, corrected, strict=True)]


def _p(measure: Measure) -> float:
    """Return a two-sided p-value from an interval, taken as normal."""
    from statistics import NormalDist

    width = (measure.high - measure.low) / (2 * NormalDist().inv_cdf(0.975))
    if math.isnan(width):
        return 1.0
    if width == 0:
        return 1.0 if measure.value == 0 else 0.0
    return 2 * (1 - NormalDist().cdf(abs(measure.value) / width))


def _sentence(
    subject: Subject,
    swaps: Sequence[Swap],
    measures: Sequence[Measure],
    established: Sequence[Bias],
) -> str:
    flips, up, down = measures[:3]
    first, last = subject.labels.names[0], subject.labels.names[-1]
    told = [
        f"Under another party's name {shown(flips)} of the labels flip: {shown(up)} toward {last},"
        f" {shown(down)} toward {first}."
    ]
    ranked = sorted(established, key=lambda one: -abs(one[1].value))
    for party, one, _ in ranked[:3]:
        side = last if one.value > 0 else first
        told.append(
            f"The name {party} alone moves the balance of probabilities by {one.value:+.2f}"
            f" ({one.low:+.2f} to {one.high:+.2f}), toward {side}."
        )
    if len(ranked) > 3:
        told.append(f"{len(ranked) - 3} more parties are moved too.")
    n = len({one.place for one in swaps})
    told.append(f"{len(swaps):,} exchanges in {n:,} of {len(subject.examples):,} test items.")
    return " ".join(told)


def _bias_table(subject: Subject, biases: Sequence[Bias]) -> Detail:
    rows = tuple(
        (name, one.n, one.value, one.low, one.high, "<0.001" if p < 0.001 else p)
        for name, one, p in sorted(biases, key=lambda one: one[1].value)
    )
    first, last = subject.labels.names[0], subject.labels.names[-1]
    title = f"What each party's name does: below 0 toward {first}, above 0 toward {last}; p is corrected"
    return Detail("bias", title, ("party", "items", "bias", "low", "high", "p"), rows)


def _pair_table(subject: Subject, swaps: Sequence[Swap], moved: Any, shift: Any) -> Detail:
    pairs: dict[tuple[str, str], list[int]] = {}
    for at, one in enumerate(swaps):
        pairs.setdefault((one.party, one.other), []).append(at)
    rows: list[tuple[Any, ...]] = []
    for names, places in pairs.items():
        flips = share("flips", int((moved[places] != 0).sum()), len(places))
        up, down = int((moved[places] > 0).sum()), int((moved[places] < 0).sum())
        numbers = (len(places), flips.value, flips.low, flips.high, up, down, float(shift[places].mean()))
        rows.append((*names, *numbers))
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
    return Detail("pairs", "Pair by pair, most flips first", columns, tuple(rows[:SHOWN_PAIRS]))


def _worst_table(subject: Subject, swaps: Sequence[Swap], after: Any, shift: Any) -> Detail:
    names = subject.labels.names
    rows: list[tuple[Any, ...]] = []
    for at in abs(shift).argsort(kind="stable")[::-1].tolist():
        one = swaps[at]
        before = names[int(subject.said[one.place])]
        if names[int(after[at])] != before and len(rows) < WORST:
            text = subject.examples[one.place].text
            rows.append(
                (
                    one.party,
                    before,
                    one.other,
                    names[int(after[at])],
                    float(shift[at]),
                    text,
                    one.example.text,
                )
            )
    columns = ("party", "label", "under the name", "label then", "shift", "text", "text then")
    return Detail("worst", "The labels that flip most", columns, tuple(rows), ("text", "text then"))


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()
