"""A plan in, what its own files hold out; nothing of a user's code is called and nothing is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.config.plan import Plan
from harness.corpora.survey import survey, survey_file
from harness.values.secrets import reveal
from harness.values.tables import Corpus

FILES = "files"
"""The reader of one's own files. Published corpora are not read: they were read by others before."""


def reads_own_files(plan: Plan) -> bool:
    """Say whether a plan's corpus is of one's own files, alone or joined with others."""
    return plan.corpus.kind == FILES


def describe_data(plan: Plan, corpus: Corpus) -> Iterator[str]:
    """Yield what was seen in the files of a plan, a line each.

    Parameters
    ----------
    plan : Plan
    corpus : Corpus
        Of the plan, for its task.
    """
    for path in _paths(plan.corpus.options["path"]):
        yield survey_file(path, reveal(dict(plan.corpus.options)))
    yield from survey(corpus, plan.labels)


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _paths(inner)
    else:
        for inner in value:
            yield from _paths(inner)
