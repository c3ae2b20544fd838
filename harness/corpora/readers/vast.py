"""The files of VAST in, a Corpus out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical, with_ids
from harness.corpora.corpus_files import Part, read_parts
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "vast"

SHAPE = Shape(
    {"text": "post", "target": "new_topic", "stance": "label", "group": "arc_id", "id": "new_id"},
    {"0": "critical", "1": "supportive", "2": "neutral"},
)
KEPT = ("author", "ori_topic", "type_idx", "contains_topic?")


def vast(*, folder: Path | None = None, labels: LabelSet | None = None, task: Task = "stance") -> Corpus:
    """Read VAST.

    Parameters
    ----------
    folder : Path, optional
        Where ``vast_train.csv`` and the others are; left out, ``HARNESS_VAST`` says it.
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
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    parts = [Part(home / f"vast_{split}.csv", split, split == "train") for split in ("train", "dev", "test")]
    raw = read_parts(load_card(NAME), home, parts, lambda part: _read(part, task))
    return build(NAME, raw, labels=labels, task=task)


def _read(part: Part, task: Task) -> Raw:
    read = tabular.read(part.path, tabular.PUBLISHED)
    raw = canonical(read, SHAPE, task)
    seen = read.frame["seen?"] if "seen?" in read.frame.columns else [""] * len(read.frame)
    shots: list[Any] = [{"1": "few", "0": "zero"}.get(str(value)) for value in seen]
    ids = [f"{part.split}:{id_}" for id_ in raw.frame["id"]]
    kept = [name for name in raw.frame.columns if name in (*SHAPE.columns, *KEPT)]
    frame = raw.frame[kept].assign(split=part.split, shots=shots, id=None)
    return with_ids(replace(raw, frame=frame, remedy=SHAPE.codes), ids)
