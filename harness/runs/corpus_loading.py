"""A corpus's name in, its rows out; or its files, fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.load import document_of
from harness.config.plan import card_of
from harness.config.plan.resolve import resolve
from harness.values import catalog
from harness.values.errors import ConfigError, Problem
from harness.values.labels import Task
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from harness.corpora.fetch.fetching import FetchedCorpus


def load_corpus(kind: str, *, task: Task | None = None, **options: Any) -> Corpus:
    """Read a corpus.

    Parameters
    ----------
    kind : str
        As in a config: ``"partyline"``, ``"vast"``, ``"files"``, …
    task : {"stance", "framing"}, optional
        Left out, the first task that the corpus has labels for.
    **options
        Those of the corpus in a config: ``path="sentences.csv"`` of ``"files"``.

    Returns
    -------
    Corpus
        ``rows`` is a DataFrame: id, text, target, start, end, holder, stance, frames, group, …

    Raises
    ------
    ConfigError
        Where the corpus or an option is unknown, or its files are not found.
    CorpusError
        With what is wrong in the files.

    Examples
    --------
    >>> import harness
    >>> len(harness.load_corpus("partyline").rows)
    8580
    """
    # Callers in notebooks are not type-checked: a table or a path is a common guess.
    given: object = kind
    name = given if isinstance(given, str) else ""
    if not name or (name not in catalog.CATALOGUES["corpus"] and Path(name).suffix):
        hint = "a table of yours: load_corpus('files', path='sentences.csv')"
        raise ConfigError([Problem("kind", f"is no corpus: {type(kind).__name__} {str(kind)[:40]!r}", hint)])
    # A config needs a classifier; this one is never fitted.
    data = {
        "name": "corpus",
        "corpus": {"kind": kind, **options},
        "classifiers": {"prior": {"kind": "prior"}},
    }
    if task is None and kind in catalog.CATALOGUES["corpus"]:
        card = card_of(catalog.bind("corpus", kind, options, "corpus"))
        task = card.tasks[0] if card is not None else None
    plan = resolve(document_of({**data, "task": task or "stance"}))
    corpus: Corpus = plan.corpus.make(labels=plan.labels, task=plan.config.task)
    return corpus


def fetch_corpus(name: str, *, mirror: str = "", source: str | Path | None = None) -> FetchedCorpus:
    """Download a published corpus into the cache, or take it from a folder of yours.

    Parameters
    ----------
    name : str
        Of the catalogue.
    mirror : str
        An address that offers the same files; left empty, the publishers'.
    source : path, optional
        A folder, or zip archive, that has them: nothing is downloaded.

    Returns
    -------
    FetchedCorpus
        The folder, and how far each file could be checked.

    Raises
    ------
    ConfigError
        For an unknown name, or one that is not fetched.
    FetchError
        Where something stands in the way, with what to do.
    """
    from harness.corpora.fetch.fetching import fetch

    return fetch(name, mirror=mirror, copy_from=Path(source) if source is not None else None)
