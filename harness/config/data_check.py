"""A plan in, what its corpus holds out; nothing of a user's code is called and nothing is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.config.plan import Plan
from harness.corpora.survey import survey, survey_file
from harness.values.catalog import CATALOGUES
from harness.values.secrets import reveal
from harness.values.tables import Corpus


def is_readable(plan: Plan) -> bool:
    """Say whether a plan's corpus is one of the catalogue: a factory of the user's own is not called."""
    parts = plan.corpus.options.get("of") or ()
    kinds = [plan.corpus.kind, *(part["kind"] for part in parts)]
    return all(kind in CATALOGUES["corpus"] for kind in kinds)


def describe_data(plan: Plan, corpus: Corpus) -> Iterator[str]:
    """Yield what was seen in the corpus of a plan, a line each.

    Parameters
    ----------
    plan : Plan
    corpus : Corpus
        Of the plan, for its task.
    """
    for options in _own_files(plan):
        for path in _paths(options["path"]):
            yield survey_file(path, reveal(dict(options)))
    yield from survey(corpus, plan.labels)


def _own_files(plan: Plan) -> Iterator[Mapping[str, Any]]:
    """Yield the options of each reader of files, alone or joined with others."""
    parts = plan.corpus.options.get("of") or (plan.corpus.canonical(),)
    yield from (part for part in parts if part["kind"] == "files")


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, str | Path):
        yield Path(value)
    else:
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(inner)
