"""Several corpora in, one Corpus of all their rows out.

A model for real coverage is often best trained on more than one corpus::

    corpus:
      kind: joined
      of:
        - {kind: newsmtsc, dev: both}
        - {kind: partyline}

Each part keeps its own split, so that what is official stays so; scores by corpus are the slices of column
``corpus``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.values import catalog
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.parties import Party, Registry
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd


def joined(
    *, of: tuple[Mapping[str, Any], ...], labels: LabelSet | None = None, task: Task = "stance"
) -> Corpus:
    """Read corpora and put their rows under each other.

    Parameters
    ----------
    of : tuple of mapping
        The parts, two or more, each as it would stand under ``corpus``.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance", "framing"}
        What the corpora are read for.

    Returns
    -------
    Corpus
        Ids and groups begin with the part's kind (``newsmtsc-2`` where it is the second of that kind), which
        column ``corpus`` names too. Where two parts know a party of one name, the first says its aliases.

    Raises
    ------
    ConfigError
        Where a part cannot be bound.
    CorpusError
        With everything that is wrong with the corpora.
    """
    import pandas as pd

    parts = bound(of)
    read: list[tuple[str, Corpus]] = []
    problems: list[Problem] = []
    for name, part in parts.items():
        try:
            read.append((name, part.make(labels=labels, task=task)))
        except CorpusError as error:
            problems += error.problems
    if problems:
        raise CorpusError(problems)
    rows = pd.concat([_named(name, corpus) for name, corpus in read], ignore_index=True)
    rows = rows.astype({"start": "Int64", "end": "Int64"})
    others = [column for column in rows.columns if column not in CORPUS_COLUMNS]
    parties = Registry(tuple(_parties([corpus for _, corpus in read])))
    source = "; ".join(corpus.source for _, corpus in read)
    return Corpus("+".join(parts), rows[[*CORPUS_COLUMNS, *others]], source, parties)


def bound(of: Sequence[Mapping[str, Any]]) -> dict[str, catalog.Bound]:
    """Bind the parts, each under a name of its own.

    Raises
    ------
    ConfigError
        With every problem of every part.
    """
    found: dict[str, catalog.Bound] = {}
    problems: list[Problem] = []
    for place, part in enumerate(of):
        kind = str(part.get("kind"))
        options = {name: value for name, value in part.items() if name != "kind"}
        earlier = sum(one.kind == kind for one in found.values())
        try:
            one = catalog.bind("corpus", kind, options, f"corpus.of.{place}")
        except ConfigError as error:
            problems += error.problems
        else:
            found[kind if not earlier else f"{kind}-{earlier + 1}"] = one
    if problems:
        raise ConfigError(problems)
    return found


def _named(name: str, corpus: Corpus) -> pd.DataFrame:
    import pandas as pd

    rows = corpus.rows
    groups = [f"{name}:{group}" if isinstance(group, str) else None for group in rows["group"]]
    ids = name + ":" + rows["id"].astype(str)
    return rows.assign(id=ids, group=pd.Series(groups, index=rows.index, dtype=object), corpus=name).astype(
        object
    )


def _parties(corpora: Sequence[Corpus]) -> Iterator[Party]:
    known: set[str] = set()
    for corpus in corpora:
        yield from (party for party in corpus.parties.parties if party.name not in known)
        known |= {party.name for party in corpus.parties.parties}
