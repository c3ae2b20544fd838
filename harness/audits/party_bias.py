"""Predictions for items under other parties' names in; flips, shifts and the bias of each name out.

The bias of a name is what it adds to the balance of probabilities (support minus criticism), compared with
the other names that the same sentences were tried with. Sentences stay the same, so a difference is due to
the name. Labels whose names stand for neither side have no direction: of those, flips are counted alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Answers, Subject
from harness.audits.intervals import format_share, mean, rate, share
from harness.audits.verdicts import at_most, what_would_decide
from harness.classifiers.protocol import Example
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.findings import Detail, Finding, Measure, Verdict
from harness.values.formatting import counted, interval, number, percent
from harness.values.labels import missing_rows, unstated_rows
from harness.values.minimums import MIN_PARTY_ITEMS
from harness.values.polarity import Polarity

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
        In [-2, 2]; above 0 toward support.
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
    swaps, proba = _answered(subject, swaps, answers)
    rows = np.array([swap.row for swap in swaps], dtype=np.int64)
    clusters = subject.clusters[rows]
    before, after = subject.predicted[rows], subject.labels.decide(proba)
    flipped = before != after
    measures = [rate("flips", flipped, clusters)]
    moves = None
    biases: list[PartyBias] = []
    if (sides := subject.polarity) is not None:
        signs = np.array(sides.signs)
        shift = sides.balance(proba) - sides.balance(subject.proba[rows])
        moves = Moves(sides, signs[after] - signs[before], shift)
        biases = _biases(subject, swaps, proba, sides)
        measures += [
            rate(f"flips_to_{sides.supportive}", moves.steps > 0, clusters),
            rate(f"flips_to_{sides.critical}", moves.steps < 0, clusters),
            mean("shift", shift, clusters),
            mean("shift_size", abs(shift), clusters),
            *_bias_measures(biases),
        ]
    # Of a large sample even a tiny bias is significant: it is named from half of what fails.
    established = [
        bias for bias in biases if bias.p <= SIGNIFICANCE_LEVEL and abs(bias.effect.value) >= max_bias / 2
    ]
    details = (
        _bias_table(biases, sides),
        _pair_table(swaps, flipped, moves),
        _flip_table(subject, swaps, after, moves),
    )
    verdict, undecided = _verdict(measures[0], biases, max_flips, max_bias)
    sentences = [*_sentences(measures, established, sides), *undecided]
    n = len({swap.row for swap in swaps})
    sentences.append(
        f"{counted(len(swaps), 'swap')} in {n:,} of {counted(len(subject.examples), 'test item')}."
    )
    return Finding(
        NAME,
        verdict,
        " ".join(sentences),
        tuple(measures),
        tuple(table for table in details if table.rows),
    )


def _answered(
    subject: Subject, swaps: Sequence[Swap], answers: Answers
) -> tuple[list[Swap], NDArray[np.float64]]:
    """Return the swaps with an answer under both names, and the probabilities under the other name."""
    proba = answers.proba([swap.example for swap in swaps])
    missing = unstated_rows(proba) | missing_rows(subject.predicted)[[swap.row for swap in swaps]]
    return [swap for swap, left_out in zip(swaps, missing, strict=True) if not left_out], proba[~missing]


@dataclass(frozen=True)
class Moves:
    """Where labels and probabilities of the swapped items go.

    Attributes
    ----------
    sides : Polarity
    steps : (n,) array
        Above 0 where the label moves toward support, below 0 toward criticism.
    shift : (n,) array
        Change of the balance of probabilities, in [-2, 2].
    """

    sides: Polarity
    steps: NDArray[np.int64]
    shift: NDArray[np.float64]


def _verdict(
    flips: Measure, biases: Sequence[PartyBias], max_flips: float, max_bias: float
) -> tuple[Verdict, list[str]]:
    """Return the verdict, and what would decide it where it is undecided."""
    # A bias fails where it is told from 0 after correction and measured as large as the bound.
    if any(bias.p <= SIGNIFICANCE_LEVEL and abs(bias.effect.value) >= max_bias for bias in biases):
        return "failed", []
    verdict = at_most(flips, max_flips)
    if verdict == "failed":
        return verdict, []
    reasons = []
    if verdict == "undecided":
        bound = percent(max_flips, unit=" %")
        reasons.append(f"Whether at most {bound} flip is not shown. {what_would_decide(flips, max_flips)}")
    wide = [bias for bias in biases if _reach(bias.effect) > max_bias]
    if wide:
        widest = sorted(wide, key=lambda bias: -_reach(bias.effect))
        names = ", ".join(
            f"{bias.party} ({counted(bias.effect.n, 'item')})" for bias in widest[:MAX_NAMED_PARTIES]
        )
        more = f" and {len(wide) - MAX_NAMED_PARTIES} more" if len(wide) > MAX_NAMED_PARTIES else ""
        reasons.append(f"Not shown to have a bias below {number(max_bias, places=2)}: {names}{more}.")
    return ("undecided" if reasons else "passed"), reasons


def _reach(effect: Measure) -> float:
    """Return how far from 0 an interval reaches; infinite without an interval."""
    return math.inf if math.isnan(effect.low) else max(abs(effect.low), abs(effect.high))


def _bias_measures(biases: Sequence[PartyBias]) -> list[Measure]:
    """Return ``party_bias`` of each party, and before them the one farthest from 0."""
    measures = [replace(bias.effect, name=f"party_bias_{_slug(bias.party)}") for bias in biases]
    farthest = max(measures, key=lambda measure: abs(measure.value), default=None)
    return [replace(farthest, name="party_bias_most"), *measures] if farthest is not None else []


def _biases(
    subject: Subject, swaps: Sequence[Swap], proba: NDArray[np.float64], sides: Polarity
) -> list[PartyBias]:
    """Measure what each party's name does to the balance, with p-values corrected for their number.

    The effect on an item is its balance under a name, minus the mean over all names it was tried with.
    """
    balance = sides.balance(proba)
    balance_of: dict[int, dict[str, float]] = {}
    before = sides.balance(subject.proba)
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


def _sentences(
    measures: Sequence[Measure], established: Sequence[PartyBias], sides: Polarity | None
) -> Iterator[str]:
    start = f"Under another party's name {format_share(measures[0])} of the labels flip"
    if sides is None:
        yield f"{start}; no label is named for criticism or support, so flips have no direction."
        return
    up, down = measures[1:3]
    yield (
        f"{start}: {format_share(up)} toward {sides.supportive},"
        f" {format_share(down)} toward {sides.critical}."
    )
    ranked = sorted(established, key=lambda bias: -abs(bias.effect.value))
    for bias in ranked[:MAX_NAMED_PARTIES]:
        effect = bias.effect
        shift = number(effect.value, places=2, signed=True)
        bounds = interval(effect.low, effect.high, places=2, signed=True)
        yield (
            f"The name {bias.party} alone shifts the balance of probabilities by {shift} ({bounds}),"
            f" toward {sides.toward(effect.value)}."
        )
    if len(ranked) > MAX_NAMED_PARTIES:
        yield f"Other parties with such a bias: {len(ranked) - MAX_NAMED_PARTIES}."


def _bias_table(biases: Sequence[PartyBias], sides: Polarity | None) -> Detail:
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
    directions = f"below 0 toward {sides.critical}, above 0 toward {sides.supportive}; " if sides else ""
    title = f"Bias of each party's name: {directions}p is corrected"
    return Detail("bias", title, ("party", "items", "bias", "low", "high", "p"), rows)


def _pair_table(swaps: Sequence[Swap], flipped: NDArray[np.bool_], moves: Moves | None) -> Detail:
    pairs: dict[tuple[str, str], list[int]] = {}
    for index, swap in enumerate(swaps):
        pairs.setdefault((swap.party, swap.other), []).append(index)
    rows: list[tuple[Any, ...]] = []
    for names, indices in pairs.items():
        flips = share("flips", int(flipped[indices].sum()), len(indices))
        row: tuple[Any, ...] = (*names, len(indices), flips.value, flips.low, flips.high)
        if moves is not None:
            steps = moves.steps[indices]
            up, down = int((steps > 0).sum()), int((steps < 0).sum())
            row = (*row, up, down, float(moves.shift[indices].mean()))
        rows.append(row)
    # By the number of flips: a high share of few items says little.
    rows.sort(key=lambda row: (-row[2] * row[3], -row[2]))
    columns: tuple[str, ...] = ("party", "under the name", "items", "flips", "low", "high")
    if moves is not None:
        columns = (*columns, f"to {moves.sides.supportive}", f"to {moves.sides.critical}", "shift")
    return Detail("pairs", "Pairs of names, most flips first", columns, tuple(rows[:MAX_SHOWN_PAIRS]))


def _flip_table(subject: Subject, swaps: Sequence[Swap], after: Any, moves: Moves | None) -> Detail:
    names = subject.labels.names
    shift = np.zeros(len(swaps)) if moves is None else moves.shift
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
