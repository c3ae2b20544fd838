"""The files of x-stance in, a Corpus out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, is_missing, limit_problems, select_rows
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by
from harness.values.tables import Corpus

NAME = "xstance"

SHAPE = Shape(
    {"text": "comment", "target": "question", "stance": "label", "group": "author"},
    {"AGAINST": "critical", "FAVOR": "supportive"},
)
REQUIRED_FIELDS = ("id", "language", "question", "comment", "label", "author")
EXTRA_COLUMNS = ("language", "topic", "question_id", "numerical_label", "test_set")
SwissLanguage = Literal["de", "fr", "it"]


def _check_options(options: Mapping[str, Any]) -> None:
    if not options["languages"]:
        raise ConfigError([Problem("corpus.languages", "is empty", "known: de, fr, it")])


@checked_by(_check_options)
def xstance(
    *,
    folder: Path | None = None,
    languages: tuple[SwissLanguage, ...] = ("de", "fr", "it"),
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read x-stance.

    Parameters
    ----------
    folder : Path, optional
        Where ``train.jsonl`` and the others are; left out, that of ``HARNESS_XSTANCE`` or the cache.
    languages : tuple of {"de", "fr", "it"}
        Comments in these languages are read.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        ``target`` is the question, ``group`` the candidate. Beyond the usual columns: ``language``,
        ``topic``, ``question_id``, ``numerical_label``, ``test_set`` as published, and ``novelty``: what of a
        test row is new, ``comments``, ``questions`` or ``topics``.

    Raises
    ------
    ConfigError
        If no language is named.
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    files = [
        CorpusFile(home / f"{file}.jsonl", split, required=split != "test")
        for file, split in (("train", "train"), ("valid", "dev"), ("test", "test"))
    ]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    numbers = [number for number, language in enumerate(raw.frame["language"]) if language in languages]
    if not numbers:
        raise CorpusError([Problem(raw.source, f"has no comment in {', '.join(languages)}")])
    read = tuple(code for code in languages if code in set(raw.frame["language"]))
    return build(NAME, select_rows(raw, numbers), labels=labels, task=task, languages=read)


def _read(file: CorpusFile, task: Task) -> Raw:
    table = tabular.read(file.path, tabular.PUBLISHED)
    raw = canonical(table, SHAPE, task)
    # canonical() looks for missing columns only, and a column that some lines have is not missing.
    _check(table)
    ids = [f"{file.path.stem}:{number}" for number in table.frame["id"]]
    sets = table.frame["test_set"] if "test_set" in table.frame.columns else [None] * len(ids)
    novelty: list[Any] = [_novelty(name) for name in sets]
    columns = [name for name in raw.frame.columns if name in (*SHAPE.columns, *EXTRA_COLUMNS)]
    frame = raw.frame[columns].assign(split=file.split, id=ids, novelty=novelty)
    return replace(raw, frame=frame, label_hint=SHAPE.codes)


def _check(table: Raw) -> None:
    """Refuse lines that lack a field, or are in another language."""
    missing = [name for name in REQUIRED_FIELDS if name not in table.frame.columns]
    if missing:
        raise CorpusError(Problem(table.source, f"has no field {name!r}") for name in missing)
    problems = []
    columns = (table.frame[name] for name in REQUIRED_FIELDS)
    for where, *values in zip(table.locations, *columns, strict=True):
        fields = dict(zip(REQUIRED_FIELDS, values, strict=True))
        problems += [Problem(where, f"lacks {name!r}") for name, value in fields.items() if is_missing(value)]
        if not is_missing(fields["language"]) and fields["language"] not in ("de", "fr", "it"):
            what = f"unknown code {fields['language']!r}"
            problems.append(Problem(f"{where}: language", what, "known: de, fr, it"))
    if problems:
        raise CorpusError(limit_problems(problems, table.source))


def _novelty(name: Any) -> str | None:
    # Such as new_comments_defr: what is new, and the languages.
    match = re.match(r"new_(comments|questions|topics)_", name) if isinstance(name, str) else None
    return match[1] if match else None
