"""The files of P-Stance in, a Corpus out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical, with_ids
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "pstance"

POLITICIANS = ("trump", "biden", "bernie")
SHAPE = Shape(
    {"text": "Tweet", "target": "Target", "stance": "Stance"},
    {"AGAINST": "critical", "FAVOR": "supportive"},
)


def pstance(
    *,
    folder: Path | None = None,
    politician: Literal["all", "trump", "biden", "bernie"] = "all",
    scored: Literal["test", "val"] = "test",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read P-Stance.

    Parameters
    ----------
    folder : Path, optional
        Where ``raw_train_trump.csv`` and the others are; left out, that of ``HARNESS_PSTANCE`` or the cache.
    politician : {"all", "trump", "biden", "bernie"}
        The target whose tweets are read.
    scored : {"test", "val"}
        Which published part is the test part. With ``val``, whose rows are then not dev rows, dev is drawn
        from train.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Ids are file and line, ``raw_train_trump.csv:2``.

    Raises
    ------
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    chosen = POLITICIANS if politician == "all" else (politician,)
    # Where val is scored, the test files are neither read nor required.
    others = [("val", "dev", True), ("test", "test", False)] if scored == "test" else [("val", "test", True)]
    files = [
        CorpusFile(home / f"raw_{file}_{name}.csv", split, needed)
        for file, split, needed in [("train", "train", True), *others]
        for name in chosen
    ]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    return build(NAME, raw, labels=labels, task=task, languages=load_card(NAME).languages)


def _read(file: CorpusFile, task: Task) -> Raw:
    raw = canonical(tabular.read(file.path, tabular.PUBLISHED), SHAPE, task)
    raw = replace(raw, frame=raw.frame.assign(split=file.split), label_hint=SHAPE.codes)
    # The files have no ids. File and line, without the folder, are the same wherever the files lie.
    return with_ids(raw, [file.path.name + where.removeprefix(raw.source) for where in raw.locations])
