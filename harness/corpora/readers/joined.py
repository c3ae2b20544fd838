"""Several corpora in, one Corpus with all their rows out.

A model for real coverage is often best trained on several corpora::

    corpus:
      kind: joined
      of:
        - {kind: newsmtsc, dev: both}
        - {kind: partyline}

Each part keeps its own, official split. Scores by corpus are slices of the column ``corpus``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.values import catalog
from harness.values.errors import ConfigError, CorpusError, Problem, UnavailableError
from harness.values.labels import LabelSet, Task
from harness.values.parties import Party, Registry
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd


def joined(
    *, of: tuple[Mapping[str, Any], ...], labels: LabelSet | None = None, task: Task = "stance"
) -> Corpus:
    """Read corpora and concatenate their rows.

    Parameters
    ----------
    of : tuple of mapping
        The parts, two or more, each as it would be written under ``corpus``.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance", "framing"}
        What the corpora are read for.

    Returns
    -------
    Corpus
        Ids and groups begin with the part's kind (``newsmtsc-2`` for the second of a kind), which the column
        ``corpus`` holds too. If two parts have a party of the same name, the first one's aliases count.

    Raises
    ------
    ConfigError
        If a part cannot be bound.
    CorpusError
        With everything that is wrong with the corpora.
    """
    import pandas as pd

    parts = bind_parts(of)
    corpora: dict[str, Corpus] = {}
    errors: list[CorpusError] = []
    for name, part in parts.items():
        try:
            corpora[name] = part.make(labels=labels, task=task)
        except CorpusError as error:
            errors.append(error)
    if errors:
        unavailable = all(isinstance(error, UnavailableError) for error in errors)
        kind = UnavailableError if unavailable else CorpusError
        raise kind(problem for error in errors for problem in error.problems)
    rows = pd.concat([_prefixed(name, corpus) for name, corpus in corpora.items()], ignore_index=True)
    # Concatenated as objects, since a part may have no spans at all; here they become offsets again.
    rows = rows.astype({"start": "Int64", "end": "Int64"})
    others = [column for column in rows.columns if column not in CORPUS_COLUMNS]
    parties = Registry(tuple(_parties(corpora.values())))
    source = "; ".join(corpus.source for corpus in corpora.values())
    # A part of unknown language would otherwise pass for one in the languages of the others.
    languages = tuple(dict.fromkeys(code for corpus in corpora.values() for code in corpus.languages))
    unknown = not all(corpus.languages for corpus in corpora.values())
    name, table = "+".join(parts), rows[[*CORPUS_COLUMNS, *others]]
    return Corpus(name, table, source, parties, languages=() if unknown else languages)


def bind_parts(of: Sequence[Mapping[str, Any]]) -> dict[str, catalog.Bound]:
    """Bind the parts, each under its own name.

    Raises
    ------
    ConfigError
        With every problem of every part.
    """
    parts: dict[str, catalog.Bound] = {}
    problems: list[Problem] = []
    for index, options in enumerate(of):
        kind = str(options.get("kind"))
        others = {name: value for name, value in options.items() if name != "kind"}
        earlier = sum(part.kind == kind for part in parts.values())
        try:
            part = catalog.bind("corpus", kind, others, f"corpus.of.{index}")
        except ConfigError as error:
            problems += error.problems
        else:
            parts[kind if not earlier else f"{kind}-{earlier + 1}"] = part
    if problems:
        raise ConfigError(problems)
    return parts


def _prefixed(name: str, corpus: Corpus) -> pd.DataFrame:
    """Put the part's name in front of its ids and groups: those of two corpora may be equal by chance."""
    import pandas as pd

    rows = corpus.rows
    groups = [f"{name}:{group}" if isinstance(group, str) else None for group in rows["group"]]
    ids = name + ":" + rows["id"].astype(str)
    return rows.assign(id=ids, group=pd.Series(groups, index=rows.index, dtype=object), corpus=name).astype(
        object
    )


def _parties(corpora: Iterable[Corpus]) -> Iterator[Party]:
    seen: set[str] = set()
    for corpus in corpora:
        yield from (party for party in corpus.parties.parties if party.name not in seen)
        seen |= {party.name for party in corpus.parties.parties}
