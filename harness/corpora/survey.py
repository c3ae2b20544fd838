"""A corpus in, what was seen in it out, line by line: what ``harness validate`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.values.errors import listed
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.language import describe
from harness.values.row_files import (
    DELIMITERS,
    file_format,
    likely_encoding,
    open_binary,
    shown_delimiter,
)
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE = 2**20
"""Bytes of a file that its encoding is looked for in."""

MAX_NAMES = 8
"""Columns or parties that a line names; of more it gives the number."""


def survey(corpus: Corpus, labels: LabelSet) -> Iterator[str]:
    """Yield what a corpus holds, a line each: rows and parties, labels, articles, outlets, dates, votes, …

    Parameters
    ----------
    corpus : Corpus
        The rows of its task, see :meth:`harness.values.tables.Corpus.for_task`.
    labels : LabelSet
    """
    rows = corpus.rows
    sentences = len(rows.drop_duplicates(["group", "text"]))
    parties = rows["target"].dropna()
    counts = [counted(len(rows), "row"), counted(sentences, "sentence")]
    if len(parties):
        names = parties.value_counts()
        shown = ", ".join(f"{name} {count:,}" for name, count in names.head(MAX_NAMES).items())
        more = ", …" if len(names) > MAX_NAMES else ""
        counts.append(f"{counted(len(names), 'party', 'parties')} ({shown}{more})")
    yield ", ".join(counts)
    codes = corpus.truth(labels)
    per_label = codes.sum(axis=0) if labels.multi else [(codes == k).sum() for k in range(len(labels))]
    yield "labels: " + ", ".join(
        f"{name} {count:,}" for name, count in zip(labels.names, per_label, strict=True)
    )
    facts = [_groups(rows["group"]), *(_values(rows, name) for name in ("outlet", "holder")), _dates(rows)]
    facts += [f"language: {describe(corpus.languages) or 'unknown'}", _counts(rows, "split"), _votes(corpus)]
    # Of a joined corpus, whose parts differ in size.
    facts += [_counts(rows, "corpus")] if "corpus" in rows.columns else []
    yield from (fact for fact in facts if fact)
    others = [str(name) for name in rows.columns if name not in CORPUS_COLUMNS]
    if others:
        yield f"other columns, for slices: {listed(others)}"


def survey_file(path: Path, options: Mapping[str, Any]) -> str:
    """Say how a file is written.

    Parameters
    ----------
    path : Path
    options : mapping
        Those of the reader ``files``.
    """
    kind = options.get("format") or file_format(path)
    if kind not in ("csv", "tsv", "jsonl"):
        return f"{path.name}: {'Excel' if kind == 'xlsx' else 'Parquet'}"
    with open_binary(path) as file:
        data = file.read(SAMPLE)
    declared = str(options.get("encoding") or "utf-8")
    # ASCII reads alike in all of them.
    encoding = declared if declared != "utf-8" else likely_encoding(data)
    if kind == "jsonl":
        return f"{path.name}: JSONL, {encoding}"
    delimiter = str(options.get("delimiter") or DELIMITERS[kind])
    return f"{path.name}: {kind.upper()}, {encoding}, delimiter {shown_delimiter(delimiter)}"


def _groups(column: Any) -> str:
    groups = column.dropna()
    if not len(groups):
        return "no groups (articles): sentences of one article may lie in train and in test"
    without = len(column) - len(groups)
    return f"groups (articles): {groups.nunique():,}" + (
        f", {counted(without, 'row')} without one" if without else ""
    )


def _values(rows: Any, name: str) -> str:
    values = sorted(set(rows[name].dropna()))
    more = ", …" if len(values) > MAX_NAMES else ""
    return f"{name}s: {len(values):,} ({listed(values[:MAX_NAMES])}{more})" if values else ""


def _dates(rows: Any) -> str:
    dates = sorted(rows["date"].dropna().astype(str))
    if not dates:
        return ""
    without = len(rows) - len(dates)
    return f"dates: {dates[0]} to {dates[-1]}" + (
        f", {counted(without, 'row')} without one" if without else ""
    )


def _counts(rows: Any, name: str) -> str:
    counts = rows[name].dropna().value_counts()
    shown = ", ".join(f"{value} {count:,}" for value, count in counts.items())
    return f"{name}: {shown}" if shown else ""


def _votes(corpus: Corpus) -> str:
    # With those whose votes are tied: they have no label, and what people differ on is there.
    rows = corpus.rows if corpus.voted is None else corpus.voted
    name = "frames_votes" if "frames_votes" in rows.columns else "votes"
    votes = [value for value in rows[name] if isinstance(value, tuple) and len(value) > 1]
    if not votes:
        return ""
    agree = sum(len(set(value)) == 1 for value in votes)
    return f"votes: {counted(len(votes), 'row')} with two or more, all agree on {agree:,}"
