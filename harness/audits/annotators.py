"""Several people's labels and predictions in, what agreement allows and which rows look mislabelled out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Queries, Subject
from harness.audits.intervals import alphas, gap, mean, rate, shown
from harness.audits.mislabelled import FEWEST, Issues, issues_of
from harness.scoring.score import score
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "annotators"
MANY = 0.1
"""Share of rows that look mislabelled, from which on the classifier is the likelier to be wrong."""

RELIABLE, TENTATIVE = 0.8, 0.667
"""Krippendorff (2004): above the first, conclusions may rest on the labels; below the second none may."""


def annotators(*, mislabelled: bool = True) -> Annotators:
    """Set a classifier beside the people who labelled the corpus.

    Parameters
    ----------
    mislabelled : bool
        Whether rows that are probably mislabelled are listed, by confident learning (Northcutt et al. 2021,
        cleanlab) on the probabilities of rows that the classifier was not trained on.
    """
    return Annotators(mislabelled)


@dataclass(frozen=True)
class Annotators:
    """See :func:`annotators`."""

    mislabelled: bool
    needs_model = False

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Read votes and predictions; nothing is asked."""
        votes = votes_of(subject)
        issues = issues_of(subject) if self.mislabelled else None
        n = sum(map(bool, votes))
        why = subject.too_few(n, "test items have votes of several people")
        if why:
            why = why if n else "The corpus holds no votes of several people."
            if issues is None or not issues.rows:
                return not_applicable(NAME, why)
            told = f"{why} {_suspects(issues)}"
            return Finding(NAME, "not applicable", told, (issues.measure,), (issues.table,))
        measures = tuple(_measured(subject, votes))
        by_name = {one.name: one for one in measures}
        details: tuple[Detail, ...] = ()
        if issues is not None and issues.rows:
            measures, details = (*measures, issues.measure), (issues.table,)
        sentence = " ".join(_sentences(subject, by_name, issues))
        return Finding(NAME, _verdict(by_name["alpha"]), sentence, measures, details)


def votes_of(subject: Subject) -> list[tuple[Any, ...]]:
    """Return the votes on each tested row, empty where fewer than two are known.

    Of stance they stand in ``votes``, one label a person; of framing in ``frames_votes``, the frames of each.
    """
    column = "frames_votes" if subject.labels.multi else "votes"
    if column not in subject.tested.rows.columns:
        return [()] * len(subject.tested)
    known = set(subject.labels.names)
    found = []
    for value in subject.tested.rows[column]:
        votes = tuple(value) if isinstance(value, tuple | list) else ()
        if subject.labels.multi:
            votes = tuple(tuple(name for name in vote if name in known) for vote in votes)
        else:
            votes = tuple(vote for vote in votes if vote in known)
        found.append(votes if len(votes) > 1 else ())
    return found


def _measured(subject: Subject, votes: Sequence[tuple[Any, ...]]) -> Iterator[Measure]:
    places = [k for k, item in enumerate(votes) if item]
    voted = [votes[k] for k in places]
    clusters = subject.clusters[places]
    yield alphas("alpha", _questions(subject, voted), clusters)
    yield replace(_of_people(subject, places, voted), name="ceiling")
    agreed = np.array([len({_key(vote) for vote in item}) == 1 for item in voted])
    right = subject.said[places] == subject.truth[places]
    right = (right.all(axis=1) if subject.labels.multi else right).astype(float)
    yield rate("agreed_right", right[agreed], clusters[agreed])
    yield rate("disputed_right", right[~agreed], clusters[~agreed])
    if FEWEST <= agreed.sum() <= len(agreed) - FEWEST:
        yield gap("agreed_gap", right, agreed, clusters)
    shares = np.stack([_shares(subject, item) for item in voted])
    yield mean("soft_cross_entropy", _cross_entropy(subject, shares, subject.proba[places]), clusters)
    yield mean("soft_cross_entropy_floor", _cross_entropy(subject, shares, shares), clusters)


def _questions(subject: Subject, voted: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """Return what people were asked: one label of an item, or of several labels at once each, yes or no."""
    if not subject.labels.multi:
        return [list(voted)]
    return [[tuple(name in vote for vote in item) for item in voted] for name in subject.labels.names]


def _of_people(subject: Subject, places: Sequence[int], voted: Sequence[tuple[Any, ...]]) -> Measure:
    """Score people as if they were classifiers: each one's votes against the gold label, mean over people."""
    persons = min(map(len, voted))
    corpus = subject.tested.take([str(subject.tested.rows["id"].iloc[k]) for k in places])
    parts = []
    for person in range(persons):
        codes = subject.labels.encode([item[person] for item in voted])
        proba = codes.astype(float) if subject.labels.multi else np.eye(len(subject.labels))[codes]
        parts.append(
            Predictions.of(
                corpus, subject.labels, proba, decided=codes, run="people", split="test", seed=person
            )
        )
    metric = subject.metric
    if metric.probabilities:
        return Measure("ceiling", math.nan)
    scored = score(Predictions.concat(parts), [metric], draws=1_000).rows
    row = scored[scored["slice"] == "all"].iloc[0]
    return Measure("ceiling", float(row["value"]), float(row["low"]), float(row["high"]), len(places))


def _shares(subject: Subject, item: tuple[Any, ...]) -> NDArray[np.float64]:
    codes = subject.labels.encode(list(item))
    rows = codes.astype(float) if subject.labels.multi else np.eye(len(subject.labels))[codes]
    return np.asarray(rows.mean(axis=0), dtype=np.float64)


def _cross_entropy(subject: Subject, shares: Any, proba: Any) -> NDArray[np.float64]:
    """Return the cross-entropy of stated probabilities to the shares of the votes, in nats, ``(n,)``."""
    inside = np.clip(proba, 1e-6, 1 - 1e-6)
    each = -shares * np.log(inside)
    if subject.labels.multi:
        each = each - (1 - shares) * np.log1p(-inside)
    return np.asarray(each.sum(axis=1))


def _key(vote: Any) -> Any:
    return frozenset(vote) if isinstance(vote, tuple) else vote


def _verdict(alpha: Measure) -> Verdict:
    """Read alpha by its bounds; where its interval reaches past the next bound too, it is tentative."""
    if alpha.value >= RELIABLE and alpha.low >= TENTATIVE:
        return "passed"
    return "failed" if alpha.value < TENTATIVE and alpha.high < RELIABLE else "warning"


def _sentences(subject: Subject, measures: dict[str, Measure], issues: Issues | None) -> Iterator[str]:
    found = measures["alpha"]
    word = {"passed": "reliable", "warning": "tentative", "failed": "too low to rest conclusions on"}
    if math.isnan(found.value):
        yield "All people gave one and the same label, which says nothing of how well they agree."
    else:
        interval = "" if math.isnan(found.low) else f" ({found.low:.2f} to {found.high:.2f})"
        yield f"Krippendorff's alpha is {found.value:.2f}{interval}: {word[_verdict(found)]}."
    ceiling, metric = measures["ceiling"], subject.metric.name
    if not math.isnan(ceiling.value):
        own = _own(subject)
        yield (
            f"One person's labels score {ceiling.value:.3f} in {metric} against the gold labels that they"
            f" helped to make, {subject.name} {own:.3f}."
        )
    agreed, disputed = measures["agreed_right"], measures["disputed_right"]
    if agreed.n and disputed.n:
        yield (
            f"It is right in {shown(agreed)} of the items that people agreed on, in {shown(disputed)} of the"
            f" {disputed.n} others."
        )
    if issues is not None and issues.rows:
        yield _suspects(issues)


def _suspects(issues: Issues) -> str:
    found = issues.measure
    many = found.value > MANY * found.n
    doubt = "; so many say more of the classifier than of the labels" if many else ""
    return (
        f"{found.value:,.0f} of {found.n:,} rows look mislabelled, as far as this classifier can tell{doubt};"
        f" the {len(issues.rows)} likeliest are listed."
    )


def _own(subject: Subject) -> float:
    made = Predictions.of(subject.tested, subject.labels, subject.proba, run=subject.name, split="test")
    return score(made, [subject.metric], draws=0).value(subject.metric.name)
