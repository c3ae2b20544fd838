"""A corpus's name in, its data card and counts of what its files hold out, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from harness.corpora.card import Card, Repeats, card_of, load_card
from harness.values import catalog
from harness.values.commands import command_line
from harness.values.errors import ConfigError, Problem
from harness.values.formatting import number
from harness.values.labels import LabelSet
from harness.values.language import describe as describe_languages
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd

Alpha = Callable[[Iterable[Sequence[Any]]], float]
"""An agreement of votes, such as :func:`harness.scoring.statistics.krippendorff.alpha`."""

MAX_DIFFERENT_VALUES = 32
"""A column with no more different values than these is counted value by value."""

WIDTH = 100


@dataclass(frozen=True)
class CountTable:
    """Counts under a title, with a note below; the first column holds names."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __str__(self) -> str:
        lines = [row for row in (self.header, *self.rows) if any(row)]
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.header))]
        cells = [
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
            for line in lines
        ]
        note = [_hanging("  ", self.note)] if self.note else []
        return "\n".join([self.title, *("  " + "  ".join(line).rstrip() for line in cells), *note])


BLIND_BOUND_NOTE = (
    "The last count is an upper bound for every classifier that ignores the target: it gives one stance to "
    "all targets of a sentence, and is right at most this often if it always finds the most common one."
)


def cards() -> tuple[Card, ...]:
    """Return the data card of every corpus of the catalogue, in its order."""
    return tuple(map(load_card, catalog.CATALOGUES["corpus"]))


def describe(name: str, alpha: Alpha | None = None) -> str:
    """Write a data card, and counts of what the files hold, if they are there.

    Parameters
    ----------
    name : str
        Of the catalogue.
    alpha : callable, optional
        Measures agreement, if the corpus has votes; left out, agreement is not shown.

    Raises
    ------
    ConfigError
        For an unknown name, or a corpus of one's own without a card.
    CorpusError
        If the files exist and something is wrong with them.
    """
    factory = catalog.lookup("corpus", name, "corpus")
    card = card_of(name, factory)
    if card is None:
        hint = f"write one as CARD in {factory.__module__}"
        raise ConfigError([Problem(name, "has no data card", hint)])
    if card.variable and not card.default_folder():
        fetch = f"or fetch it ({command_line('corpus fetch', name)})"
        counts = [f"Set {card.variable} to its folder, {fetch}, to see what the files hold."]
    elif name in ("files", "hub", "joined"):
        # These hold what a config names: without one there is nothing to count.
        counts = []
    else:
        counts = [str(table) for table in contents(factory(), card, alpha)]
    return "\n\n".join([_card(card), *counts])


def contents(corpus: Corpus, card: Card, alpha: Alpha | None = None) -> list[CountTable]:
    """Count what a corpus holds.

    Parameters
    ----------
    corpus : Corpus
        As read, not yet narrowed to a task.
    card : Card
        Its tasks and labels.
    alpha : callable, optional
        See :func:`describe`.

    Returns
    -------
    list of CountTable
        Composition, labels by split, columns with few different values, agreement; those that apply.
    """
    tables = [_composition(corpus)]
    if "stance" in card.tasks and corpus.rows["stance"].notna().any():
        rows = corpus.for_task("stance").rows
        tables.append(_labels("Stance, (sentence, party) by split", rows, card.labels["stance"], "stance"))
    if "framing" in card.tasks and corpus.rows["frames"].notna().any():
        rows = corpus.for_task("framing").rows
        tables.append(_labels("Frames, sentences by split", rows, card.labels["framing"], "frames"))
    tables += _few_values(corpus.rows)
    if alpha is not None:
        tables += _agreement(corpus, card, alpha)
    return tables


def _card(card: Card) -> str:
    labels = []
    for task in card.tasks:
        several = " (several or none)" if card.labels[task].multi else ""
        labels.append(f"{task}: {', '.join(card.labels[task].names)}{several}")
    facts = {
        "Paper": card.paper,
        "Labels": "; ".join(labels),
        "Language": describe_languages(card.languages),
        "Official metric": card.official_metric,
        "Official split": card.official_split,
        "Labelling": card.labelling,
        "Licence": card.licence,
        "Address": card.address,
        "Folder in": card.variable,
    }
    lines = [f"{card.title} ({card.name})", "", fill(card.description, WIDTH), ""]
    lines += [_hanging(f"{name}: ", value) for name, value in facts.items() if value]
    if card.published:
        scores = [
            f"{score.system} {score.metric} {number(score.value)}, {score.items} ({score.source})"
            for score in card.published
        ]
        lines += ["Published:", *(_hanging("- ", line) for line in scores)]
    if card.repeats:
        lines.append("Rows of the official split that repeat train or dev:")
        lines += [_hanging("- ", _repeats(each)) for each in card.repeats]
    if card.flaws:
        lines += ["Known flaws:", *(_hanging("- ", flaw) for flaw in card.flaws)]
    return "\n".join(lines)


def _repeats(repeats: Repeats) -> str:
    number_of = "not counted" if repeats.rows < 0 else f"{repeats.rows:,}"
    return f"{repeats.part}: {number_of} ({repeats.basis})"


def _hanging(label: str, text: str) -> str:
    return fill(text, WIDTH, initial_indent=label, subsequent_indent="  ", break_on_hyphens=False)


def _composition(corpus: Corpus) -> CountTable:
    rows = corpus.rows
    # A sentence is a text within its article: the same words may occur in several articles.
    sentences = rows.groupby(["group", "text"], dropna=False, sort=False)
    parties, stances = sentences["target"].nunique(), sentences["stance"].nunique()
    several = parties[parties > 1]
    differing = int((stances[parties > 1] > 1).sum())
    # Where all targets of a sentence share a stance, it costs nothing to ignore the target.
    blind = _blind_bound(rows) if differing else 0
    targets = rows["target"].dropna()
    trained = set(rows.loc[rows["split"] == "train", "target"].dropna())
    tested = set(rows.loc[rows["split"] == "test", "target"].dropna())
    facts = [
        ("rows", len(rows), None),
        ("sentences", len(parties), None),
        ("groups (articles)", rows["group"].nunique(), None),
        ("different targets", targets.nunique(), None),
        ("test targets that are not in train", len(tested - trained), len(tested)),
        ("rows with a span", int(rows["start"].notna().sum()), len(rows)),
        ("rows with a holder", int(rows["holder"].notna().sum()), len(rows)),
        ("sentences with two targets or more", len(several), len(parties)),
        ("… whose stances differ", differing, len(several)),
        ("rows right with one stance per sentence, at best", blind, int(rows["stance"].notna().sum())),
    ]
    lines = [(name, f"{count:,}", _share(count, whole)) for name, count, whole in facts if count]
    return CountTable("Composition", ("", "", ""), tuple(lines), BLIND_BOUND_NOTE if blind else "")


def _blind_bound(rows: pd.DataFrame) -> int:
    """Count the rows that have the most common stance of their sentence."""
    stances = rows[rows["stance"].notna()].groupby(["group", "text", "stance"], dropna=False)
    return int(stances.size().groupby(["group", "text"], dropna=False).max().sum())


def _labels(title: str, rows: pd.DataFrame, labels: LabelSet, column: str) -> CountTable:
    several = [value if isinstance(value, tuple) else (value,) for value in rows[column]]
    names = [*labels.names, *(["none"] if labels.multi else [])]
    lines = []
    for part in [*_splits(rows), "all"]:
        within = [row for row, split in zip(several, rows["split"], strict=True) if part in (split, "all")]
        counts = [sum(name in row or (name == "none" and not row) for row in within) for name in names]
        cells = [f"{count:,} ({_share(count, len(within))})" for count in counts]
        lines.append((part, f"{len(within):,}", *cells))
    return CountTable(title, ("", "all", *names), tuple(lines))


def _few_values(rows: pd.DataFrame) -> list[CountTable]:
    splits = _splits(rows)
    candidates = ["target", "outlet", *(column for column in rows.columns if column not in CORPUS_COLUMNS)]
    tables = []
    for column in candidates:
        values = [value for value in rows[column] if isinstance(value, str)]
        counts = {value: values.count(value) for value in dict.fromkeys(values)} if values else {}
        if 1 < len(counts) <= MAX_DIFFERENT_VALUES:
            ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            parts = [rows.loc[rows["split"] == part, column].value_counts() for part in splits]
            lines = tuple(
                (
                    value,
                    f"{count:,}",
                    _share(count, len(rows)),
                    *(f"{int(part.get(value, 0)):,}" for part in parts),
                )
                for value, count in ranked
            )
            tables.append(CountTable(f"Rows by {column}", ("", "all", "", *splits), lines))
    return tables


def _splits(rows: pd.DataFrame) -> list[str]:
    return [part for part in ("train", "dev", "test") if (rows["split"] == part).any()]


def _agreement(corpus: Corpus, card: Card, alpha: Alpha) -> list[CountTable]:
    rows = corpus.rows
    # Frames and holder belong to the sentence, stance to each of its parties.
    sentences = rows.drop_duplicates(["group", "text"])
    measured: dict[str, list[tuple[Any, ...]]] = {"stance": _votes(rows, "votes")}
    if "frames_votes" in rows.columns:
        # A frame is a yes or no of each annotator: agreement is measured frame by frame.
        votes = _votes(sentences, "frames_votes")
        for name in card.labels["framing"].names:
            measured[f"frame {name}"] = [tuple(name in vote for vote in item) for item in votes]
    if "holder_votes" in rows.columns:
        measured["holder"] = _votes(sentences, "holder_votes")
    lines = tuple(
        (
            name,
            f"{len(votes):,}",
            _share(sum(len(set(item)) == 1 for item in votes), len(votes)),
            number(alpha(votes), missing="nan"),
        )
        for name, votes in measured.items()
        if votes
    )
    header = ("", "items", "all agree", "Krippendorff's alpha")
    return [CountTable("Agreement between annotators", header, lines)] if lines else []


def _votes(rows: pd.DataFrame, column: str) -> list[tuple[Any, ...]]:
    return [tuple(item) for item in rows[column] if isinstance(item, tuple) and len(item) > 1]


def _share(count: int, whole: int | None) -> str:
    return f"{100 * count / whole:.0f} %" if whole else ""
