"""Gold and a prepared experiment in; what becomes of each row of gold, all of them, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.evaluation.prepared import Prepared
from harness.runs.learning.gold_file import GoldFile, GoldRow, Label, row_key
from harness.splits import PARTS, Split
from harness.splits.leaks import Gate
from harness.splits.leaks.duplicates import NEAR_JACCARD
from harness.splits.leaks.evidence import Encode
from harness.splits.leaks.resembling import resembling
from harness.splits.split import TUNING

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal[
    "added",
    "replaced",
    "confirmed",
    "test",
    "validation",
    "calibration",
    "leak",
    "undecided",
    "skipped",
    "unlabelled",
    "repeated",
    "contradicted",
]

OUTCOMES: Mapping[Outcome, str] = {
    "added": "added to train",
    "replaced": "train row, its label replaced",
    "confirmed": "train row, its label confirmed",
    "test": "test row: never trained on",
    "validation": "validation row: never mended",
    "calibration": "calibration row: never mended",
    "leak": "left out: leaks into validation, calibration or test",
    "undecided": "left out: annotators differ, and nobody settled it",
    "skipped": "left out: skipped by annotators",
    "unlabelled": "left out: not labelled",
    "repeated": "left out: the same row stands in the gold before",
    "contradicted": "left out: stands in the gold with different labels",
}
"""What becomes of rows of gold, each of exactly one kind, and how a table words it."""

LEARNED: tuple[Outcome, ...] = ("added", "replaced", "confirmed")
"""What a training with the gold has."""

APART: tuple[Outcome, ...] = ("validation", "calibration", "test")
"""Parts that nothing that is learned may repeat: choices, thresholds and scores rest on them."""


@dataclass(frozen=True)
class AccountedRow:
    """A row of gold, and what became of it.

    Attributes
    ----------
    gold : GoldRow
    outcome : str
        One of :data:`OUTCOMES`.
    why : str
        More of the reason, where there is more to say; else empty.
    ids : tuple of str
        Rows of the corpus with this text and target; none for one that is added.
    """

    gold: GoldRow
    outcome: Outcome
    why: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What became of every row of a file of gold.

    Attributes
    ----------
    rows : tuple of AccountedRow
        In the order of the file; as many as it has.
    """

    rows: tuple[AccountedRow, ...] = field(repr=False)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many rows there are of each outcome, without those that there is none of."""
        counts = Counter(row.outcome for row in self.rows)
        return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}

    @property
    def learned(self) -> tuple[AccountedRow, ...]:
        """The rows that a training with the gold has."""
        return tuple(row for row in self.rows if row.outcome in LEARNED)

    def table(self, *, texts: bool = True) -> pd.DataFrame:
        """Return a table with a line for each row of gold; with its text where that may be shown."""
        import pandas as pd

        columns = ["row", "outcome", "why", "label", "pick", "ids", *(["text", "target"] if texts else [])]
        records = [
            {
                "row": row.gold.number,
                "outcome": row.outcome,
                "why": row.why,
                "label": row.gold.label_text,
                "pick": row.gold.pick,
                "ids": " ".join(row.ids),
                "text": row.gold.text,
                "target": row.gold.target,
            }
            for row in self.rows
        ]
        return pd.DataFrame(records, columns=columns)


def account_for(prepared: Prepared, gold: GoldFile, encode: Encode | None = None) -> Account:
    """Say what becomes of each row of gold.

    A row with the text and the target of a corpus row corrects that; every other one is new. New rows pass
    the leak gate: one that shares a group (an article), a value that the split keeps apart, or a sentence, as
    a whole, inside a longer one or nearly, with validation, calibration or test is left out. A train row that
    is corrected adds no text, and so no leak.

    Parameters
    ----------
    prepared : Prepared
        With one fold.
    gold : GoldFile
    encode : callable, optional
        Texts → vectors, used where the config's gate goes by them (``audits.leaks.embeddings``).
    """
    (split,) = prepared.splits
    part_of = {id_: part for part in PARTS for id_ in split.part(part)}
    part_of |= dict.fromkeys(split.tuning, "validation")
    ids_by_key: dict[tuple[str, str], list[str]] = {}
    corpus = prepared.corpus.rows
    for id_, text, target in zip(corpus["id"], corpus["text"], corpus["target"], strict=True):
        # A row that the split left out is as new as one that the corpus does not have.
        if str(id_) in part_of:
            ids_by_key.setdefault(row_key(str(text), _text(target)), []).append(str(id_))
    before = _labels_in_corpus(prepared)
    leaks = _leaks(prepared, split, [row for row in gold.rows if row.key not in ids_by_key], encode)
    # Two people may have labelled one row in two files that were put together.
    stated: dict[tuple[str, str], set[Any]] = {}
    for row in gold.rows:
        if row.label is not None:
            stated.setdefault(row.key, set()).add(row.label)
    # Row by row, in the order of the file: of equal ones the first counts.
    accounted: list[AccountedRow] = []
    seen: set[tuple[str, str]] = set()
    for row in gold.rows:
        ids = tuple(ids_by_key.get(row.key, ()))
        outcome, why = _unusable(row, seen, stated)
        if outcome is None:
            seen.add(row.key)
            parts = {part_of[id_] for id_ in ids}
            outcome, why = _joined(row, parts, {before[id_] for id_ in ids}, leaks)
        accounted.append(AccountedRow(row, outcome, why, ids))
    return Account(tuple(accounted))


def _unusable(
    row: GoldRow, seen: set[tuple[str, str]], stated: Mapping[tuple[str, str], set[Any]]
) -> tuple[Outcome | None, str]:
    """Say why a row of gold gives no label; None where it does."""
    if row.state != "decided":
        return row.state, row.note
    if len(stated[row.key]) > 1:
        return "contradicted", "labels " + ", ".join(sorted(map(str, stated[row.key])))
    return ("repeated", "") if row.key in seen else (None, "")


def _joined(
    row: GoldRow, parts: set[str], labels: set[Label], leaks: Mapping[int, str]
) -> tuple[Outcome, str]:
    # A text that stands in train and in test too is one of test: nothing may be learned from it.
    for part in reversed(APART):
        if part in parts:
            return part, ""
    if parts:
        return ("confirmed", "") if labels == {row.label} else ("replaced", "")
    return ("leak", leaks[row.number]) if row.number in leaks else ("added", "")


def _labels_in_corpus(prepared: Prepared) -> dict[str, Label]:
    rows = prepared.corpus.rows
    column = "frames" if prepared.plan.config.task == "framing" else "stance"
    return dict(zip(rows["id"].astype(str), rows[column], strict=True))


def _leaks(
    prepared: Prepared, split: Split, rows: Sequence[GoldRow], encode: Encode | None
) -> dict[int, str]:
    """Return which new rows would leak, by their numbers, and how."""
    apart_ids = [id_ for part in (*APART, TUNING) for id_ in split.part(part)]
    apart = prepared.take(apart_ids).rows
    bound = prepared.plan.audits.get("leaks")
    gate: Gate | None = bound.make() if bound is not None else None
    # Also where the config switches the gate off: of what is new, nothing stands in an official split.
    repeats = resembling(
        list(zip(apart["id"].astype(str), apart["text"].astype(str), strict=True)),
        [row.text for row in rows],
        gate.near if gate is not None else NEAR_JACCARD,
        encode=encode,
        cosine=gate.embeddings if gate is not None else None,
    )
    reasons = {rows[at].number: f"repeats {each.of}" for at, each in repeats.items()}
    # A repeat is the graver reason: it stands where both hold.
    for column, why in _kept_apart(prepared):
        values = set(apart[column].dropna().astype(str))
        for row in rows:
            value = row.group if column == "group" else _text(row.cells.get(column))
            if value and value in values:
                reasons.setdefault(row.number, f"{why} {value!r} is there, too")
    return reasons | dict(_too_late(prepared, apart, rows))


def _kept_apart(prepared: Prepared) -> Iterator[tuple[str, str]]:
    """Yield the columns whose values no two parts may share, and what a person calls them."""
    yield "group", "group"
    split = prepared.plan.split
    # The other splits keep groups apart alone.
    by = split.options.get("by", ()) if split.kind in ("disjoint", "leave_one_out") else ()
    for column in (by,) if isinstance(by, str) else by:
        if column != "group" and column in prepared.corpus.rows.columns:
            yield column, column


def _too_late(prepared: Prepared, apart: pd.DataFrame, rows: Sequence[GoldRow]) -> Iterator[tuple[int, str]]:
    """Yield the rows that a split forward in time would learn from the future by."""
    dates = apart["date"].dropna().astype(str)
    if prepared.plan.split.kind != "forward" or dates.empty:
        return
    # ISO dates: the order of texts is that of days.
    first = min(dates)
    for row in rows:
        date = _text(row.cells.get("date"))
        if not date or date >= first:
            yield row.number, f"its date is not before {first}" if date else "it has no date"


def _text(value: Any) -> str:
    # A cell without a value is None in one table and NaN, which is unequal to itself, in another.
    return "" if value is None or value != value else str(value)  # noqa: PLR0124
