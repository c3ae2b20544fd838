"""Corpus and splits in, named parts of the test items out: by party, outlet, label, length and more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.splits import Split, seen_in_training
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import NO_FRAME, LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import pandas as pd

LENGTHS = (15, 25, 40)
"""Most words of a sentence in each bin but the last."""

QUOTATION = re.compile(r"“[^”]+”|„[^“”]+[“”]|«[^»]+»|\"[^\"]+\"|``.+?''|(?<!\w)‘[^’]+\s[^’]+’(?!\w)")
"""Speech within quotation marks, of any of the usual kinds; a single pair only around several words."""

UNSLICED = ("id", "text", "start", "end", "stance", "frames", "group", "split", "votes")
"""Columns of a corpus whose values are nobody's slices, or have a name of their own here."""

Values = Sequence[Sequence[str]]
"""The slices that each row is in."""


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
        """As it is scored: ``target=Harbour Party``."""
        return f"{self.column}={self.value}"


def known_columns(corpus: Corpus) -> tuple[str, ...]:
    """Return what a config can slice this corpus by."""
    return (*KINDS, *(name for name in corpus.rows.columns if name not in (*UNSLICED, *KINDS)))


def check(corpus: Corpus, columns: Sequence[str] | None) -> None:
    """Hold a config's ``slices`` to the corpus.

    Raises
    ------
    ConfigError
        With every column that the corpus lacks or that is named twice.
    """
    known, problems = known_columns(corpus), []
    for place, name in enumerate(columns or ()):
        if name not in known:
            hint = suggest(name, known)
            problems.append(Problem(f"slices.{place}", f"{corpus.name} has no column {name!r}", hint))
        elif columns and name in columns[:place]:
            problems.append(Problem(f"slices.{place}", f"{name!r} is named twice"))
    if problems:
        raise ConfigError(problems)


def slices_of(
    corpus: Corpus, splits: Sequence[Split], labels: LabelSet, columns: Sequence[str] | None = None
) -> tuple[Slice, ...]:
    """Cut the test items of all folds into slices.

    Parameters
    ----------
    corpus : Corpus
        What the task scores.
    splits : sequence of Split
        One a fold.
    labels : LabelSet
    columns : sequence of str, optional
        Names of :data:`KINDS`, or columns of the corpus; left out, all of :data:`KINDS`.

    Returns
    -------
    tuple of Slice
        Column by column, the largest slice of each first. A column that does not tell the items apart, such
        as the outlet where none is known, gives none.
    """
    from collections import defaultdict

    check(corpus, columns)
    test = corpus.take(list(dict.fromkeys(id_ for split in splits for id_ in split.test)))
    ids = test.rows["id"].astype(str).tolist()
    found: list[Slice] = []
    for column in KINDS if columns is None else columns:
        make = KINDS.get(column, lambda _, rows, name=column: _of_column(rows, name))
        members: dict[str, set[str]] = defaultdict(set)
        for id_, values in zip(ids, make(_Source(corpus, splits, labels), test.rows), strict=True):
            for value in values:
                members[value].add(id_)
        largest = sorted(members.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        if len(largest) > 1 or (largest and len(largest[0][1]) < len(ids)):
            found += [Slice(column, value, frozenset(inside)) for value, inside in largest]
    return tuple(found)


@dataclass(frozen=True)
class _Source:
    corpus: Corpus
    splits: Sequence[Split]
    labels: LabelSet


def _of_column(rows: pd.DataFrame, name: str) -> Values:
    return [() if _absent(value) else (str(value),) for value in rows[name]]


def _labels(source: _Source, rows: pd.DataFrame) -> Values:
    named = source.labels.decode(replace(source.corpus, rows=rows).truth(source.labels))
    return [(one,) if isinstance(one, str) else one or (NO_FRAME,) for one in named]


def _lengths(_: _Source, rows: pd.DataFrame) -> Values:
    return [(_bin(len(text.split())),) for text in rows["text"]]


def _bin(words: int) -> str:
    lowest = 1
    for most in LENGTHS:
        if words <= most:
            return f"{lowest}–{most} words"
        lowest = most + 1
    return f"{lowest} words or more"


def _targets(source: _Source, rows: pd.DataFrame) -> Values:
    """Count the targets that the corpus has of a sentence, in whichever split they stand."""
    named = source.corpus.rows[source.corpus.rows["target"].notna()]
    counts = named.groupby(["text"])["target"].nunique().to_dict()
    return [
        () if _absent(target) else (_count(counts[text]),)
        for text, target in zip(rows["text"], rows["target"], strict=True)
    ]


def _count(targets: int) -> str:
    return "3 or more" if targets > 2 else str(targets)


def _quoted(_: _Source, rows: pd.DataFrame) -> Values:
    return [("yes" if QUOTATION.search(text) else "no",) for text in rows["text"]]


def _span(_: _Source, rows: pd.DataFrame) -> Values:
    known = zip(rows["target"], rows["start"], strict=True)
    return [() if _absent(target) else ("unknown" if _absent(at) else "known",) for target, at in known]


def _article(source: _Source, rows: pd.DataFrame) -> Values:
    """Say whether other sentences of the article were trained on."""
    was_seen = {
        id_: yes
        for split in source.splits
        for id_, yes in zip(split.test, seen_in_training(source.corpus, split), strict=True)
    }
    return [
        () if _absent(group) else ("seen in training" if was_seen[id_] else "not seen in training",)
        for id_, group in zip(rows["id"], rows["group"], strict=True)
    ]


def _absent(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


KINDS: Mapping[str, Callable[[_Source, Any], Values]] = MappingProxyType(
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
"""Name → what it tells apart. ``targets`` is how many a sentence has, ``article`` whether others of its
sentences stand in train; any other column of a corpus can be named beside these."""
