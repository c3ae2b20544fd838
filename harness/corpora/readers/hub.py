"""A dataset of the Hugging Face hub, or a folder that holds one, in; a Corpus out.

::

    corpus:
      kind: hub
      repo: someone/some-dataset
      revision: 5f0c1d2                # a commit: the name alone may mean other rows tomorrow
      columns: {target: entity, stance: label}
      label_map: {negative: critical, positive: supportive}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.corpora.aggregation import Aggregation
from harness.corpora.checks import SPLITS, Raw, build, concatenate, declared
from harness.corpora.columns import Shape, canonical, shape_of, with_ids
from harness.corpora.spans import check_targets
from harness.corpora.text_files import short_path
from harness.corpora.votes import settle
from harness.values.errors import ConfigError, CorpusError, Problem, UnavailableError, suggest
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by, raise_all
from harness.values.parties import EMPTY
from harness.values.parties import read as read_parties
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import datasets
    import pandas as pd


def _check_options(options: Mapping[str, Any]) -> None:
    where = (options[name] for name in ("repo", "revision", "folder", "subset"))
    raise_all(lambda: declared(options["language"]), lambda: _check_place(*where), lambda: shape_of(options))


@checked_by(_check_options)
def hub(
    *,
    repo: str | None = None,
    revision: str | None = None,
    folder: Path | None = None,
    subset: str | None = None,
    splits: Mapping[str, str] | None = None,
    name: str | None = None,
    columns: Mapping[str, str | tuple[str, ...]] | None = None,
    label_map: Mapping[str, str | None] | None = None,
    target: str | None = None,
    separator: str = "|",
    aggregate: Aggregation | None = None,
    parties: Path | None = None,
    language: str | tuple[str, ...] = (),
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read a dataset.

    Parameters
    ----------
    repo : str, optional
        Its name on the hub; either this or ``folder``.
    revision : str, optional
        Commit, tag or branch; required with ``repo``.
    folder : Path, optional
        Written by ``save_to_disk``, or holding data files of one format, named after their splits.
    subset : str, optional
        The dataset's configuration, if it has several.
    splits : mapping, optional
        The dataset's split → train, dev or test; others are not read. Left out, all are, by their own names.
    name : str, optional
        The corpus's name in runs; left out, the last part of the dataset's name.
    columns, label_map, target, separator, aggregate
        See :class:`harness.corpora.columns.Shape`; ``label_map`` applies to the dataset's names of codes.
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
        A row without an ``id`` gets its split and number, ``train:1``.

    Raises
    ------
    ConfigError
        If options contradict each other.
    CorpusError
        If the dataset cannot be loaded, with what to do, or with everything that is wrong with its rows. It
        is an UnavailableError where the hub cannot be reached.
    """
    languages = declared(language)
    shape = Shape(columns or {}, label_map or {}, target, separator, aggregate)
    source = short_path(folder) if folder is not None else f"{repo}@{revision}"
    loaded = _local(folder) if folder is not None else _remote(str(repo), str(revision), subset)
    parts = _splits(loaded, splits, source)
    raw = concatenate([_read(part, shape, source, task) for part in parts], source)
    registry = EMPTY if parties is None else read_parties(parties)
    if task == "stance":
        raw = check_targets(raw, registry)
    # "someone/some-dataset" would be a folder in the names of runs.
    short = folder.name if folder is not None else str(repo).rpartition("/")[2]
    return build(name or short, raw, labels=labels, task=task, parties=registry, languages=languages)


@dataclass(frozen=True)
class DatasetSplit:
    """One split: its name in the dataset (empty if it has no splits), its name here, and its rows."""

    key: str
    split: str | None
    rows: datasets.Dataset


def _check_place(repo: str | None, revision: str | None, folder: Path | None, subset: str | None) -> None:
    problems = []
    if (repo is None) == (folder is None):
        what = "is required, or corpus.folder" if repo is None else "cannot be combined with corpus.folder"
        problems.append(Problem("corpus.repo", what))
    elif repo is not None and revision is None:
        hint = "write the commit: without it, the rows may change"
        problems.append(Problem("corpus.revision", "is required for a dataset on the hub", hint))
    elif folder is not None:
        remote = {"revision": revision, "subset": subset}
        useless = [option for option, value in remote.items() if value is not None]
        problems += [Problem(f"corpus.{option}", "has no effect with a folder") for option in useless]
    if problems:
        raise ConfigError(problems)


def _remote(repo: str, revision: str, subset: str | None) -> Any:
    import datasets

    try:
        return datasets.load_dataset(repo, subset, revision=revision)
    except (datasets.exceptions.DatasetsError, OSError, ValueError) as error:
        hint = "the first time needs a network, later the cache is read; a folder needs no network"
        # Where the hub answers that there is no such dataset, the config is wrong.
        kind = UnavailableError if isinstance(error, ConnectionError) else CorpusError
        raise kind([Problem(f"{repo}@{revision}", _reason(error), hint)]) from error


def _local(folder: Path) -> Any:
    import datasets

    if not folder.is_dir():
        raise CorpusError([Problem(short_path(folder), "is not a folder")])
    # The library's error for an empty file does not say which file it is.
    blank = [path for path in sorted(folder.glob("*.*")) if path.is_file() and not path.stat().st_size]
    if blank:
        raise CorpusError(Problem(short_path(path), "is empty") for path in blank)
    # Files that save_to_disk leaves, for one split and for several.
    saved = any((folder / name).is_file() for name in ("state.json", "dataset_dict.json"))
    try:
        return datasets.load_from_disk(str(folder)) if saved else datasets.load_dataset(str(folder))
    except (datasets.exceptions.DatasetsError, OSError, ValueError) as error:
        hint = "the kind files also reads CSV, JSONL and Parquet, and names the line of a problem"
        raise CorpusError([Problem(short_path(folder), _reason(error), "" if saved else hint)]) from error


def _reason(error: BaseException) -> str:
    """Return why a dataset cannot be loaded."""
    # The library wraps the error that it met, once or twice.
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"cannot be loaded: {lines[0].rstrip('.')}"


def _splits(loaded: Any, splits: Mapping[str, str] | None, source: str) -> list[DatasetSplit]:
    # save_to_disk may have written a single split, which has no name then.
    if not isinstance(loaded, Mapping):
        if splits is not None:
            raise ConfigError([Problem("corpus.splits", "has no effect: the dataset has no splits")])
        return [DatasetSplit("", None, loaded)]
    chosen = {key: key for key in loaded} if splits is None else splits
    problems = [
        Problem(source, f"has no split {key!r}", suggest(key, loaded)) for key in chosen if key not in loaded
    ]
    hint = "write splits: {…: train, …: dev, …: test}"
    unknown = [split for split in chosen.values() if split.lower() not in SPLITS]
    problems += [Problem(source, f"unknown split {split!r}", hint) for split in unknown]
    if problems:
        raise CorpusError(problems)
    return [DatasetSplit(key, SPLITS[split.lower()], loaded[key]) for key, split in chosen.items()]


def _read(part: DatasetSplit, shape: Shape, source: str, task: Task) -> Raw:
    name = f"{source}: {part.key}".removesuffix(": ")
    numbers = range(1, len(part.rows) + 1)
    raw = Raw(_frame(part.rows), [f"{name} row {n}" for n in numbers], name)
    raw = settle(canonical(raw, shape, task), shape, task)
    # A column that the config names wins: a dataset may be published as one part and hold its split in it.
    if part.split is not None and "split" not in shape.columns:
        raw = replace(raw, frame=raw.frame.assign(split=part.split))
    # Of several annotations of an item the first row is left, so that its number is taken from there.
    return with_ids(raw, [f"{part.key or 'row'}:{where.rpartition(' ')[2]}" for where in raw.locations])


def _frame(rows: datasets.Dataset) -> pd.DataFrame:
    """Turn rows into a table, with the names of labels for their codes."""
    import datasets
    import pandas as pd

    frame: pd.DataFrame = rows.to_pandas()
    for column, feature in rows.features.items():
        # A list of labels holds the feature of its items one level down.
        labels = getattr(feature, "feature", feature)
        if isinstance(labels, datasets.ClassLabel):
            decoded = [_decoded(codes, labels.names) for codes in frame[column]]
            frame[column] = pd.Series(decoded, index=frame.index, dtype=object)
    return frame


def _decoded(codes: Any, names: list[str]) -> Any:
    """Return the name of a code, or of several; none for -1, by which the library marks a withheld label."""
    if hasattr(codes, "__iter__"):
        return [names[int(code)] for code in codes if code >= 0]
    return names[int(codes)] if codes is not None and codes >= 0 else None
