"""Labels by several people and predictions in; their agreement, and rows probably mislabelled, out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Queries, Subject, clusters_of
from harness.audits.intervals import alphas, format_share, gap, mean, rate
from harness.audits.mislabelled import LabelIssues, issues_of
from harness.scoring.metrics.calibration import without_gaps
from harness.scoring.score import score
from harness.values.findings import Detail, Finding, Measure, Verdict, not_applicable
from harness.values.formatting import agreeing, counted, interval, number
from harness.values.memo import once
from harness.values.minimums import MIN_ISSUE_ROWS
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "annotators"
MAX_MISLABELLED = 0.1
"""If more than this share of the rows look mislabelled, errors of the classifier are the likelier cause."""

RELIABLE, TENTATIVE = 0.8, 0.667
"""Bounds of alpha (Krippendorff 2004, Content Analysis): from the first on, labels are reliable; below the
second, no conclusion may rest on them."""


def annotators(*, mislabelled: bool = True) -> Annotators:
    """Compare a classifier with the people who labelled the corpus.

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
        """Compare votes with predictions; no prediction is needed."""
        votes = votes_of(subject)
        issues = issues_of(subject) if self.mislabelled else None
        n = sum(map(bool, votes))
        reason = subject.few_items_reason(n, "test items have votes of several people")
        if reason:
            reason = reason if n else "The corpus has no votes of several people."
            if issues is None or not issues.rows:
                return not_applicable(NAME, reason)
            sentence = f"{reason} {_issue_sentence(issues)}"
            return Finding(NAME, "not applicable", sentence, (issues.measure,), (issues.table,))
        measures = tuple(_measured(subject, votes))
        by_name = {measure.name: measure for measure in measures}
        details: tuple[Detail, ...] = ()
        if issues is not None and issues.rows:
            measures, details = (*measures, issues.measure), (issues.table,)
        sentence = " ".join(_sentences(subject, by_name, issues))
        return Finding(NAME, _verdict(by_name["alpha"]), sentence, measures, details)


def votes_of(subject: Subject) -> list[tuple[Any, ...]]:
    """Return the votes on each tested row, empty for rows with fewer than two.

    Stance: column ``votes``, one label per person; framing: ``frames_votes``, the frames of each person.
    """
    column = "frames_votes" if subject.labels.multi else "votes"
    if column not in subject.tested.rows.columns:
        return [()] * len(subject.tested)
    return _several(subject, subject.tested.rows[column])


def _several(subject: Subject, values: Iterable[Any]) -> list[tuple[Any, ...]]:
    # A vote for a label outside the label set, such as "cannot tell", is no vote.
    names = set(subject.labels.names)
    votes_of_rows = []
    for value in values:
        votes = tuple(value) if isinstance(value, tuple | list) else ()
        if subject.labels.multi:
            votes = tuple(tuple(name for name in vote if name in names) for vote in votes)
        else:
            votes = tuple(vote for vote in votes if vote in names)
        votes_of_rows.append(votes if len(votes) > 1 else ())
    return votes_of_rows


def _measured(subject: Subject, votes: Sequence[tuple[Any, ...]]) -> Iterator[Measure]:
    rows = [row for row, item in enumerate(votes) if item]
    voted = [votes[row] for row in rows]
    clusters = subject.clusters[rows]
    # What people agree on does not depend on the classifier.
    yield from once(
        subject.tested,
        (NAME, subject.labels, subject.metric.name),
        lambda: _of_people(subject, rows, voted, clusters),
    )
    agreed = np.array([len({_key(vote) for vote in item}) == 1 for item in voted])
    correct = subject.predicted[rows] == subject.truth[rows]
    correct = (correct.all(axis=1) if subject.labels.multi else correct).astype(float)
    yield rate("agreed_right", correct[agreed], clusters[agreed])
    yield rate("disputed_right", correct[~agreed], clusters[~agreed])
    if MIN_ISSUE_ROWS <= agreed.sum() <= len(agreed) - MIN_ISSUE_ROWS:
        yield gap("agreed_gap", correct, agreed, clusters)
    # Soft labels: the shares of the votes. Their own entropy is the lowest possible cross-entropy.
    shares = np.stack([_shares(subject, item) for item in voted])
    stated = without_gaps(subject.proba[rows], multi=subject.labels.multi)
    yield mean("soft_cross_entropy", _cross_entropy(subject, shares, stated), clusters)
    yield mean("soft_cross_entropy_floor", _cross_entropy(subject, shares, shares), clusters)


def _of_people(
    subject: Subject, rows: Sequence[int], voted: Sequence[tuple[Any, ...]], clusters: Any
) -> tuple[Measure, Measure]:
    """Return how far people agree, and what one person's labels score."""
    every = subject.corpus.voted
    if every is None:
        agreement = alphas("alpha", _questions(subject, voted), clusters)
        return agreement, replace(_score_of_people(subject, rows, voted), name="ceiling")
    # Tied votes make no label: among labelled rows, what people differ on would be missing. Which of the tied
    # rows would have been tested is unknown; so all rows with votes count.
    items = _several(subject, every["votes"])
    several = [row for row, item in enumerate(items) if item]
    questions = _questions(subject, [items[row] for row in several])
    return alphas("alpha", questions, clusters_of(every)[several]), Measure("ceiling", math.nan)


def _questions(subject: Subject, voted: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """Return the votes by question: one question for a single label, else one per label, yes or no."""
    if not subject.labels.multi:
        return [list(voted)]
    return [[tuple(name in vote for vote in item) for item in voted] for name in subject.labels.names]


def _score_of_people(subject: Subject, rows: Sequence[int], voted: Sequence[tuple[Any, ...]]) -> Measure:
    """Score people like classifiers: the votes of each against the gold labels, mean over people."""
    # Votes have no names: the first column of votes stands for a first person, and so on.
    persons = min(map(len, voted))
    corpus = subject.tested.take([str(subject.tested.rows["id"].iloc[row]) for row in rows])
    parts = []
    # A person takes the place of a seed: the mean over seeds is the mean over people. Each helped to make the
    # gold labels, so that this ceiling is rather too high.
    for person in range(persons):
        codes = subject.labels.encode([item[person] for item in voted])
        proba = codes.astype(float) if subject.labels.multi else np.eye(len(subject.labels))[codes]
        parts.append(
            Predictions.of(
                corpus, subject.labels, proba, decided=codes, run="people", split="test", seed=person
            )
        )
    metric = subject.metric
    # People give labels, not probabilities.
    if metric.probabilities:
        return Measure("ceiling", math.nan)
    scored = score(Predictions.concat(parts), [metric], draws=1_000).rows
    total = scored[scored["slice"] == "all"].iloc[0]
    return Measure("ceiling", float(total["value"]), float(total["low"]), float(total["high"]), len(rows))


def _shares(subject: Subject, item: tuple[Any, ...]) -> NDArray[np.float64]:
    codes = subject.labels.encode(list(item))
    rows = codes.astype(float) if subject.labels.multi else np.eye(len(subject.labels))[codes]
    return np.asarray(rows.mean(axis=0), dtype=np.float64)


def _cross_entropy(subject: Subject, shares: Any, proba: Any) -> NDArray[np.float64]:
    """Return the cross-entropy of probabilities and the shares of the votes, in nats, ``(n,)``."""
    # One probability of 0 would make the mean infinite.
    inside = np.clip(proba, 1e-6, 1 - 1e-6)
    each = -shares * np.log(inside)
    if subject.labels.multi:
        each = each - (1 - shares) * np.log1p(-inside)
    return np.asarray(each.sum(axis=1))


def _key(vote: Any) -> Any:
    # The order in which somebody lists frames is no disagreement.
    return frozenset(vote) if isinstance(vote, tuple) else vote


def _verdict(alpha: Measure) -> Verdict:
    """Judge alpha by its bounds; an interval that reaches past the next bound but one leaves it undecided."""
    if alpha.value >= RELIABLE and alpha.low >= TENTATIVE:
        return "passed"
    if alpha.value < TENTATIVE and alpha.high < RELIABLE:
        return "failed"
    # Tentative is a band of its own: a value in it is a warning, not an open question.
    return "warning" if alpha.low >= TENTATIVE and alpha.high < RELIABLE else "undecided"


def _sentences(subject: Subject, measures: dict[str, Measure], issues: LabelIssues | None) -> Iterator[str]:
    alpha = measures["alpha"]
    word = {
        "passed": "reliable",
        "warning": "tentative",
        "undecided": "which band of reliability it is in is undecided",
        "failed": "too low to rest conclusions on",
    }
    if math.isnan(alpha.value):
        yield "All people gave the same label throughout, so their agreement cannot be measured."
    else:
        bounds = "" if math.isnan(alpha.low) else f" ({interval(alpha.low, alpha.high, places=2)})"
        yield f"Krippendorff's alpha is {number(alpha.value, places=2)}{bounds}: {word[_verdict(alpha)]}."
    every = subject.corpus.voted
    if every is not None:
        tied, voted = int(every["tied"].sum()), counted(len(every), "row")
        yield (
            f"Of {voted} with several votes, {tied:,} {agreeing(tied, 'has', 'have')} no label, since votes"
            f" are tied: {agreeing(tied, 'it counts', 'they count')} here, and {agreeing(tied, 'is', 'are')}"
            " not tested."
        )
    ceiling, metric = measures["ceiling"], subject.metric.name
    if not math.isnan(ceiling.value):
        yield (
            f"One person's labels score {number(ceiling.value)} in {metric} against the gold labels that they"
            f" contributed to, {subject.name} {number(_score(subject))}."
        )
    agreed, disputed = measures["agreed_right"], measures["disputed_right"]
    if agreed.n and disputed.n:
        yield (
            f"It is right in {format_share(agreed)} of the items that people agreed on, in"
            f" {format_share(disputed)} of the {disputed.n} others."
        )
    if issues is not None and issues.rows:
        yield _issue_sentence(issues)


def _issue_sentence(issues: LabelIssues) -> str:
    measure = issues.measure
    many = measure.value > MAX_MISLABELLED * measure.n
    doubt = "; that many suggest errors of the classifier rather than of the labels" if many else ""
    return (
        f"{measure.value:,.0f} of {counted(measure.n, 'row')} look mislabelled, judged by this"
        f" classifier{doubt};"
        f" the {len(issues.rows)} most probable are listed."
    )


def _score(subject: Subject) -> float:
    predictions = Predictions.of(
        subject.tested,
        subject.labels,
        subject.proba,
        may_miss=subject.may_miss,
        run=subject.name,
        split="test",
    )
    return score(predictions, [subject.metric], draws=0).value(subject.metric.name)
