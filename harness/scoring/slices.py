"""Corpus and splits in; named slices of the test items by party, outlet, label, length and more out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.splits import Split, seen_in_training
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import NO_FRAME, LabelSet
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import pandas as pd

MAX_WORDS = (15, 25, 40)
"""Largest number of words of a sentence in each bin but the last."""

# ``…'' is how corpora that are tokenised like the Penn Treebank write double quotes.
QUOTATION = re.compile(
    r"“[^“”]+”|„[^„“”]+[“”]|«[^«»]+»|\"[^\"]+\"|``(?:(?!``).)+?''|(?<!\w)‘[^‘’\s]++\s[^‘’]++’(?!\w)"
)
"""Text in quotation marks of any usual kind; single quotes only around several words, since they are
apostrophes too."""

UNSLICED = ("id", "text", "start", "end", "stance", "frames", "group", "split", "votes")
"""Columns of a corpus that do not make useful slices, or that a slice of another name covers."""

SliceValues = Sequence[Sequence[str]]
"""The slices that each row belongs to."""


@dataclass(frozen=True)
class Slice:
    """Some of the test items.

    Attributes
    ----------
    column, value : str
        ``target`` and ``Harbour Party``, say.
    ids : frozenset of str
    """

    column: str
    value: str
    ids: frozenset[str]

    @property
    def name(self) -> str:
        """Name in the table of scores: ``target=Harbour Party``."""
        return f"{self.column}={self.value}"


def known_columns(corpus: Corpus) -> tuple[str, ...]:
    """Return the columns that a config can slice this corpus by."""
    return (*KINDS, *(name for name in corpus.rows.columns if name not in (*UNSLICED, *KINDS)))


def check(corpus: Corpus, columns: Sequence[str] | None) -> None:
    """Check the ``slices`` of a config against the corpus.

    Raises
    ------
    ConfigError
        Lists every column that the corpus lacks or that is named twice.
    """
    available, problems = known_columns(corpus), []
    for index, name in enumerate(columns or ()):
        if name not in available:
            hint = suggest(name, available)
            problems.append(Problem(f"slices.{index}", f"{corpus.name} has no column {name!r}", hint))
        elif columns and name in columns[:index]:
            problems.append(Problem(f"slices.{index}", f"{name!r} is named twice"))
    if problems:
        raise ConfigError(problems)


def slices_of(
    corpus: Corpus, splits: Sequence[Split], labels: LabelSet, columns: Sequence[str] | None = None
) -> tuple[Slice, ...]:
    """Cut the test items of all folds into slices.

    Parameters
    ----------
    corpus : Corpus
        The rows that the task scores.
    splits : sequence of Split
        One per fold.
    labels : LabelSet
    columns : sequence of str, optional
        Names of :data:`KINDS`, or columns of the corpus; all of :data:`KINDS` by default.

    Returns
    -------
    tuple of Slice
        Column by column, the largest slice of each first. A column that does not distinguish the items, such
        as an outlet that is always missing, gives none.
    """
    from collections import defaultdict

    check(corpus, columns)
    # With folds, an item may be tested in several of them: it belongs to a slice once.
    test = corpus.take(list(dict.fromkeys(id_ for split in splits for id_ in split.test)))
    ids = test.rows["id"].astype(str).tolist()
    slices: list[Slice] = []
    for column in KINDS if columns is None else columns:
        make = KINDS.get(column, lambda _, rows, name=column: _of_column(rows, name))
        members: dict[str, set[str]] = defaultdict(set)
        for id_, values in zip(ids, make(_Context(corpus, splits, labels), test.rows), strict=True):
            for value in values:
                members[value].add(id_)
        largest = sorted(members.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        # A single value that all items have distinguishes nothing; one that only some have does.
        if len(largest) > 1 or (largest and len(largest[0][1]) < len(ids)):
            slices += [Slice(column, value, frozenset(inside)) for value, inside in largest]
    return tuple(slices)


def comparable_slices(corpus: Corpus, splits: Sequence[Split], labels: LabelSet) -> tuple[Slice, ...]:
    """Cut the test items by all that two runs may differ on: standard slices and columns of the corpus.

    Label and target are left out: predictions hold them. So are slices that are too small to compare runs on,
    and columns that hold more than one value a row, such as votes.
    """
    columns = [
        name
        for name in known_columns(corpus)
        if name not in ("label", "target") and (name in KINDS or _is_plain(corpus.rows[name]))
    ]
    return tuple(cut for cut in slices_of(corpus, splits, labels, columns) if len(cut.ids) >= MIN_ITEMS)


def _is_plain(column: pd.Series[Any]) -> bool:
    return all(isinstance(value, str | int) for value in column.dropna())


@dataclass(frozen=True)
class _Context:
    corpus: Corpus
    splits: Sequence[Split]
    labels: LabelSet


def _of_column(rows: pd.DataFrame, name: str) -> SliceValues:
    return [() if _absent(value) else (str(value),) for value in rows[name]]


def _labels(context: _Context, rows: pd.DataFrame) -> SliceValues:
    decoded = context.labels.decode(replace(context.corpus, rows=rows).truth(context.labels))
    return [(names,) if isinstance(names, str) else names or (NO_FRAME,) for names in decoded]


def _lengths(_: _Context, rows: pd.DataFrame) -> SliceValues:
    return [(_bin(len(text.split())),) for text in rows["text"]]


def _bin(words: int) -> str:
    lowest = 1
    for highest in MAX_WORDS:
        if words <= highest:
            return f"{lowest}–{highest} words"
        lowest = highest + 1
    return f"{lowest} words or more"


def _targets(context: _Context, rows: pd.DataFrame) -> SliceValues:
    """Count the targets of each sentence in the whole corpus, whichever split they are in."""
    named = context.corpus.rows[context.corpus.rows["target"].notna()]
    counts = named.groupby(["text"])["target"].nunique().to_dict()
    return [
        () if _absent(target) else (_count(counts[text]),)
        for text, target in zip(rows["text"], rows["target"], strict=True)
    ]


def _count(targets: int) -> str:
    return "3 or more" if targets > 2 else str(targets)


def _quoted(_: _Context, rows: pd.DataFrame) -> SliceValues:
    return [("yes" if QUOTATION.search(text) else "no",) for text in rows["text"]]


def _span(_: _Context, rows: pd.DataFrame) -> SliceValues:
    pairs = zip(rows["target"], rows["start"], strict=True)
    return [() if _absent(target) else ("unknown" if _absent(start) else "known",) for target, start in pairs]


def _article(context: _Context, rows: pd.DataFrame) -> SliceValues:
    """Return whether other sentences of the article are in the training rows."""
    was_seen = {
        id_: yes
        for split in context.splits
        for id_, yes in zip(split.test, seen_in_training(context.corpus, split), strict=True)
    }
    return [
        () if _absent(group) else ("seen in training" if was_seen[id_] else "not seen in training",)
        for id_, group in zip(rows["id"], rows["group"], strict=True)
    ]


def _absent(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


KINDS: Mapping[str, Callable[[_Context, Any], SliceValues]] = MappingProxyType(
    {
        "label": _labels,
        "target": lambda _, rows: _of_column(rows, "target"),
        "outlet": lambda _, rows: _of_column(rows, "outlet"),
        "length": _lengths,
        "targets": _targets,
        "quoted": _quoted,
        "span": _span,
        "article": _article,
    }
)
"""Name of a slice column → function that computes its values. ``targets`` is the number of targets of the
sentence, ``article`` whether other sentences of its article are in train. Any other column of a corpus can be
named in addition to these."""
