"""Outcomes of a suite in, its one table out: numbers only, as rows, CSV and Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from harness.corpora.card import Card
from harness.runs.classifiers import ClassifierOutcome
from harness.runs.suites.running import SuiteCell
from harness.runs.suites.suite import Suite, SuiteEntry
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.retraining import described
from harness.values import formatting
from harness.values.formatting import counted, duration, number
from harness.values.spreadsheets import table_text

EXPECTED = "f1_macro"
"""What floors are of."""

HEADINGS = (
    "corpus",
    "classifier",
    "metric",
    "value",
    "95 % interval",
    "seed sd",
    "macro-F1",
    "floor",
    "items",
    "time",
)


@dataclass(frozen=True)
class SuiteRow:
    """One classifier on one corpus, a published number, or a mean.

    Attributes
    ----------
    corpus, classifier : str
        Key of the experiment; name of the classifier, or the published system.
    metric : str
        The experiment's primary metric: the official one of the corpus.
    value, low, high, seed_sd : float
        Mean over seeds, 95 % interval over items and seeds, standard deviation over seeds (of a mean, over
        its experiments); NaN where there is none.
    f1_macro, f1_macro_low, f1_macro_high : float
    floor : float
        The macro-F1 that is expected; NaN where none is.
    items : str
        What was scored.
    seconds : float
        Fitting and predicting, all trials together.
    published : bool
    """

    corpus: str
    classifier: str
    metric: str
    value: float
    low: float = math.nan
    high: float = math.nan
    seed_sd: float = math.nan
    f1_macro: float = math.nan
    f1_macro_low: float = math.nan
    f1_macro_high: float = math.nan
    floor: float = math.nan
    items: str = ""
    seconds: float = math.nan
    published: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether macro-F1 is at the floor or above; None without a floor."""
        return None if math.isnan(self.floor) else self.f1_macro >= self.floor


def rows(suite: Suite, cells: Iterable[SuiteCell]) -> tuple[SuiteRow, ...]:
    """Set up the table: the classifiers of each experiment, then the means.

    What was published of a corpus stands once: after the mean of its experiments, else after their last.
    """
    finished = [cell for cell in cells if cell.outcome.result is not None]
    sections: list[tuple[str, list[SuiteRow]]] = []
    for entry in suite.entries:
        scored = [_row(cell.entry, cell.outcome) for cell in finished if cell.entry.key == entry.key]
        sections += [(entry.key, scored)] if scored else []
    scored = [row for _, section in sections for row in section]
    means = [(name, _means(name, keys, scored)) for name, keys in suite.means.items()]
    sections += [(name, averaged) for name, averaged in means if averaged]
    cards = _cards_by_section(suite, [key for key, _ in sections])
    return tuple(row for key, section in sections for row in (*section, *_published(key, cards.get(key))))


def _cards_by_section(suite: Suite, keys: Sequence[str]) -> dict[str, Card]:
    """Choose the section that published numbers follow: a mean over one corpus counts as its last."""
    cards = {entry.key: entry.card for entry in suite.entries if entry.card is not None}
    for name, averaged in suite.means.items():
        averaged_cards = [cards.get(key) for key in averaged]
        first = averaged_cards[0] if averaged_cards else None
        if first is not None and averaged_cards.count(first) == len(averaged_cards):
            cards[name] = first
    # A later section takes the place of an earlier one, so that each card is shown once.
    last = {card.name: key for key in keys if (card := cards.get(key)) is not None}
    return {key: cards[key] for key in last.values()}


def to_csv(table: Sequence[SuiteRow]) -> str:
    """Write the table as CSV; a missing value is an empty field."""
    names = [field.name for field in fields(SuiteRow)]
    return table_text(names, ({name: _written(getattr(row, name), name) for name in names} for row in table))


def to_markdown(table: Sequence[SuiteRow]) -> str:
    """Write the table as Markdown."""
    head = f"| {' | '.join(HEADINGS)} |\n{'|---' * len(HEADINGS)}|\n"
    return head + "".join(
        f"| {row.corpus} | {row.classifier} | {row.metric} | {number(row.value)} | {interval(row)} |"
        f" {number(row.seed_sd)} | {number(row.f1_macro)} | {floor(row)} | {row.items} | {time(row)} |\n"
        for row in table
    )


def interval(row: SuiteRow) -> str:
    """Write a row's interval."""
    return formatting.interval(row.low, row.high, between="–")


def floor(row: SuiteRow) -> str:
    """Write what was expected, and whether it was reached."""
    if row.reached is None:
        return ""
    return f"{'≥' if row.reached else 'missed'} {number(row.floor)}"


def time(row: SuiteRow) -> str:
    """Write how long it took."""
    return duration(row.seconds, minutes_from=120)


def _row(entry: SuiteEntry, outcome: ClassifierOutcome) -> SuiteRow:
    assert entry.plan is not None
    assert outcome.result is not None
    result, metric = outcome.result, entry.plan.primary.name
    scores = result.scores.rows
    whole = scores[(scores["split"] == "test") & (scores["slice"] == "all")].to_dict("records")
    by_metric = {row["metric"]: row for row in whole}
    primary = by_metric[metric]
    expected = by_metric.get(EXPECTED, dict.fromkeys(("value", "low", "high"), math.nan))
    design = AlignedPredictions.of(result.predictions.only(split="test")).design
    scored = counted(int(primary["n"]), "row")
    return SuiteRow(
        entry.key,
        outcome.classifier.name,
        metric,
        primary["value"],
        primary["low"],
        primary["high"],
        primary["seed_sd"],
        expected["value"],
        expected["low"],
        expected["high"],
        floor=entry.floors.get(outcome.classifier.name, math.nan),
        items=f"{scored}, {described(design)}" if design.cross_validated else f"{scored} of test",
        # Of the trials, not of this call: what was finished earlier shows the time that it took.
        seconds=sum(sum(trial.seconds.values()) for trial in result.trials),
    )


def _published(key: str, card: Card | None) -> list[SuiteRow]:
    return [
        SuiteRow(
            key,
            f"{score.system} ({score.source})",
            score.metric,
            score.value,
            items=score.items,
            published=True,
        )
        for score in (card.published if card is not None else ())
    ]


def _means(name: str, keys: Sequence[str], table: Sequence[SuiteRow]) -> list[SuiteRow]:
    """Average the classifiers that are finished in every one of the experiments."""
    by_classifier: dict[str, list[SuiteRow]] = {}
    for row in table:
        if row.corpus in keys and not row.published:
            by_classifier.setdefault(row.classifier, []).append(row)
    return [
        _mean(replace(scored[0], corpus=name), scored)
        for scored in by_classifier.values()
        # A mean over fewer corpora, or over different metrics, would pass for that over all of them.
        if len(scored) == len(keys) and len({row.metric for row in scored}) == 1
    ]


def _mean(row: SuiteRow, averaged: Sequence[SuiteRow]) -> SuiteRow:
    values, n = [each.value for each in averaged], len(averaged)
    mean = sum(values) / n
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else math.nan
    return SuiteRow(
        row.corpus,
        row.classifier,
        row.metric,
        mean,
        seed_sd=sd,
        f1_macro=sum(each.f1_macro for each in averaged) / n,
        floor=sum(each.floor for each in averaged) / n,
        items=f"mean of {n}: {', '.join(each.corpus for each in averaged)}",
        seconds=sum(each.seconds for each in averaged),
    )


def _written(value: Any, name: str) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.1f}" if name == "seconds" else f"{value:.4f}"
