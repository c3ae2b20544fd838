"""The files of x-stance in, a Corpus out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped, is_missing
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import Part, read_parts
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "xstance"

SHAPE = Shape(
    {"text": "comment", "target": "question", "stance": "label", "group": "author"},
    {"AGAINST": "critical", "FAVOR": "supportive"},
)
NEEDED = ("id", "language", "question", "comment", "label", "author")
KEPT = ("language", "topic", "question_id", "numerical_label", "test_set")
Language = Literal["de", "fr", "it"]


def xstance(
    *,
    folder: Path | None = None,
    languages: tuple[Language, ...] = ("de", "fr", "it"),
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read x-stance.

    Parameters
    ----------
    folder : Path, optional
        Where ``train.jsonl`` and the others are; left out, ``HARNESS_XSTANCE`` says it.
    languages : tuple of {"de", "fr", "it"}
        Comments in these are read.
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
        Where no language is named.
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    if not languages:
        raise ConfigError([Problem("corpus.languages", "names none", "known: de, fr, it")])
    home = load_card(NAME).folder(folder)
    parts = [
        Part(home / f"{file}.jsonl", split, needed=split != "test")
        for file, split in (("train", "train"), ("valid", "dev"), ("test", "test"))
    ]
    raw = read_parts(load_card(NAME), home, parts, lambda part: _read(part, task))
    kept = [row for row, language in enumerate(raw.frame["language"]) if language in languages]
    if not kept:
        raise CorpusError([Problem(raw.source, f"has no comment in {', '.join(languages)}")])
    frame = raw.frame.iloc[kept].reset_index(drop=True)
    raw = replace(raw, frame=frame, places=[raw.places[row] for row in kept])
    return build(NAME, raw, labels=labels, task=task)


def _read(part: Part, task: Task) -> Raw:
    read = tabular.read(part.path, tabular.PUBLISHED)
    raw = canonical(read, SHAPE, task)
    _check(read)
    ids = [f"{part.path.stem}:{number}" for number in read.frame["id"]]
    sets = read.frame["test_set"] if "test_set" in read.frame.columns else [None] * len(ids)
    novelty: list[Any] = [_novelty(name) for name in sets]
    kept = [name for name in raw.frame.columns if name in (*SHAPE.columns, *KEPT)]
    frame = raw.frame[kept].assign(split=part.split, id=ids, novelty=novelty)
    return replace(raw, frame=frame, remedy=SHAPE.codes)


def _check(read: Raw) -> None:
    """Refuse lines that lack a field, or are in another language."""
    absent = [name for name in NEEDED if name not in read.frame.columns]
    if absent:
        raise CorpusError(Problem(read.source, f"has no field {name!r}") for name in absent)
    problems = []
    for place, *values in zip(read.places, *(read.frame[name] for name in NEEDED), strict=True):
        given = dict(zip(NEEDED, values, strict=True))
        problems += [Problem(place, f"lacks {name!r}") for name, value in given.items() if is_missing(value)]
        if not is_missing(given["language"]) and given["language"] not in ("de", "fr", "it"):
            what = f"unknown code {given['language']!r}"
            problems.append(Problem(f"{place}: language", what, "known: de, fr, it"))
    if problems:
        raise CorpusError(capped(problems, read.source))


def _novelty(name: Any) -> str | None:
    found = re.match(r"new_(comments|questions|topics)_", name) if isinstance(name, str) else None
    return found[1] if found else None
