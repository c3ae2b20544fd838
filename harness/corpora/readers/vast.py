"""The files of VAST in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical, with_ids
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by
from harness.values.tables import Corpus

NAME = "vast"

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = ("train", "dev", "test")


def _check_options(options: Mapping[str, Any]) -> None:
    if "train" not in options["parts"]:
        raise ConfigError([Problem("corpus.parts", "lacks train, without which nothing can be trained")])


SHAPE = Shape(
    # ori_topic was extracted by a heuristic; new_topic is what the annotators made of it, and judged. arc_id
    # is described as the id of the article, but in train every post has one of its own.
    {"text": "post", "target": "new_topic", "stance": "label", "group": "arc_id", "id": "new_id"},
    {"0": "critical", "1": "supportive", "2": "neutral"},
)
EXTRA_COLUMNS = ("author", "ori_topic", "type_idx", "contains_topic?")


@checked_by(_check_options)
def vast(
    *,
    folder: Path | None = None,
    parts: tuple[Part, ...] = PARTS,
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read VAST.

    Parameters
    ----------
    folder : Path, optional
        Where ``vast_train.csv`` and the others are; left out, that of ``HARNESS_VAST`` or the cache.
    parts : tuple of {"train", "dev", "test"}
        Which published parts are read: ``[train]`` is for a split that is drawn anew.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        ``group`` is the post. Beyond the usual columns: ``author``, ``ori_topic``, ``type_idx``,
        ``contains_topic?`` as published, and ``shots``, ``few`` or ``zero``, of the topic.

    Raises
    ------
    ConfigError
        If ``parts`` lacks train.
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    files = [CorpusFile(home / f"vast_{part}.csv", part, part == "train") for part in PARTS if part in parts]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    return build(NAME, raw, labels=labels, task=task, languages=load_card(NAME).languages)


def _read(file: CorpusFile, task: Task) -> Raw:
    table = tabular.read(file.path, tabular.PUBLISHED)
    raw = canonical(table, SHAPE, task)
    seen = table.frame["seen?"] if "seen?" in table.frame.columns else [""] * len(table.frame)
    shots: list[Any] = [{"1": "few", "0": "zero"}.get(str(value)) for value in seen]
    ids = [f"{file.split}:{id_}" for id_ in raw.frame["id"]]
    # The column "text" of the files is a tokenised copy of the post, and others are derived from it too.
    columns = [name for name in raw.frame.columns if name in (*SHAPE.columns, *EXTRA_COLUMNS)]
    frame = raw.frame[columns].assign(split=file.split, shots=shots, id=None)
    return with_ids(replace(raw, frame=frame, label_hint=SHAPE.codes), ids)
