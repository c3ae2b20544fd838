"""Your own CSV, TSV, JSONL, Parquet or Excel files in, a Corpus out.

A minimal config::

    corpus:
      kind: files
      path: mine.csv
      columns: {text: sentence, target: party, stance: label}
      label_map: {neg: critical, neu: neutral, pos: supportive}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.corpora import tabular
from harness.corpora.aggregation import Aggregation
from harness.corpora.aside import Aside
from harness.corpora.checks import SPLITS, Raw, build, concatenate, declared
from harness.corpora.columns import Shape, canonical, shape_of, with_ids
from harness.corpora.corpus_files import read_all
from harness.corpora.spans import check_targets
from harness.corpora.tabular import Layout
from harness.corpora.text_files import short_path
from harness.corpora.votes import settle
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by, raise_all
from harness.values.parties import EMPTY
from harness.values.parties import read as read_parties
from harness.values.row_files import FileFormat
from harness.values.tables import Corpus

Paths = Path | tuple[Path, ...] | Mapping[str, Path | tuple[Path, ...]]


@dataclass(frozen=True)
class SplitFile:
    """One file, the name that its ids begin with, and its split, if the config names one."""

    path: Path
    name: str
    split: str | None = None


def _check_options(options: Mapping[str, Any]) -> None:
    raise_all(
        lambda: declared(options["language"]),
        lambda: Layout(*(options[name] for name in ("format", "encoding", "delimiter", "quoted"))),
        lambda: shape_of(options),
        lambda: _files(options["path"]),
        lambda: _check_split(options["path"], options["columns"] or {}),
    )


def _check_split(path: Paths, columns: Mapping[str, Any]) -> None:
    if isinstance(path, Mapping) and "split" in columns:
        raise ConfigError([Problem("corpus.columns.split", "has no effect if path names the splits")])


@checked_by(_check_options)
def files(
    *,
    path: Paths,
    name: str | None = None,
    columns: Mapping[str, str | tuple[str, ...]] | None = None,
    label_map: Mapping[str, str | None] | None = None,
    target: str | None = None,
    separator: str = "|",
    aggregate: Aggregation | None = None,
    format: FileFormat | None = None,  # noqa: A002 - the option's name
    encoding: str = "utf-8",
    delimiter: str = "",
    quoted: bool = True,
    skip_bad: Path | None = None,
    parties: Path | None = None,
    language: str | tuple[str, ...] = (),
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read files.

    Parameters
    ----------
    path : Path, tuple of Path, or mapping
        One file, several, or split (train, dev, test) → file or files.
    name : str, optional
        The corpus's name in runs; left out, that of the first file.
    columns, label_map, target, separator, aggregate
        See :class:`harness.corpora.columns.Shape`.
    format, encoding, delimiter, quoted
        See :class:`harness.corpora.tabular.Layout`.
    skip_bad : Path, optional
        A CSV file, written anew whenever the corpus is read, for rows that are wrong: they are set aside and
        counted. Left out, they are refused, as a file that is wrong as a whole always is.
    parties : Path, optional
        A party registry, see :mod:`harness.values.parties`.
    language : str or tuple of str
        That of the texts, ``de`` or ``[de, fr]``; left out, it is detected.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance", "framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        A row without an ``id`` gets its location, ``mine.csv:17``; one without a ``group`` is a group of its
        own.

    Raises
    ------
    ConfigError
        If options contradict each other.
    CorpusError
        With everything that is wrong with the files.
    """
    languages = declared(language)
    layout = Layout(format, encoding, delimiter, quoted)
    shape = Shape(columns or {}, label_map or {}, target, separator, aggregate)
    sources = _files(path)
    # All files are read before any problem is raised, so that a user sees the problems of all.
    aside = None if skip_bad is None else Aside()
    raws = read_all(sources, lambda source: _read(source, layout, shape, task, aside))
    raw = concatenate(raws, ", ".join(raw.source for raw in raws))
    registry = EMPTY if parties is None else read_parties(parties)
    if task == "stance":
        raw = check_targets(raw, registry)
    stem = sources[0].path.stem
    corpus = build(name or stem, raw, labels=labels, task=task, parties=registry, languages=languages)
    return corpus if aside is None else _noted(corpus, aside, skip_bad)


def _noted(corpus: Corpus, aside: Aside, path: Path | None) -> Corpus:
    """Write the rows that were set aside, and say how many they are."""
    assert path is not None
    aside.write(path)
    notes = (aside.note(short_path(path), len(corpus.rows)),) if len(aside) else ()
    return replace(corpus, notes=(*corpus.notes, *notes))


def _files(path: Paths) -> list[SplitFile]:
    splits = path if isinstance(path, Mapping) else {"": path}
    listed = [(split, (paths,) if isinstance(paths, Path) else paths) for split, paths in splits.items()]
    problems = [
        Problem(f"corpus.path.{split}", f"unknown split {split!r}", suggest(split, SPLITS))
        for split in splits
        if split and split.lower() not in SPLITS
    ]
    if not any(paths for _, paths in listed):
        problems.append(Problem("corpus.path", "names no file"))
    if problems:
        raise ConfigError(problems)
    names = [file.name for _, paths in listed for file in paths]
    # Ids begin with the file's name, so that they stay the same wherever the files lie. train/data.csv and
    # test/data.csv need their folder's name too.
    depth = 1 if len(set(names)) == len(names) else 2
    return [
        SplitFile(file, "/".join(file.parts[-depth:]), SPLITS.get(split.lower()))
        for split, paths in listed
        for file in paths
    ]


def _read(file: SplitFile, layout: Layout, shape: Shape, task: Task, aside: Aside | None) -> Raw:
    raw = settle(canonical(tabular.read(file.path, layout, aside), shape, task), shape, task)
    if file.split is not None:
        raw = replace(raw, frame=raw.frame.assign(split=file.split))
    return with_ids(raw, [file.name + where.removeprefix(raw.source) for where in raw.locations])
