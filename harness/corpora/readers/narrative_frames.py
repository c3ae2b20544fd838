"""The files of Narrative Frames in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.corpora.tabular import Layout
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by
from harness.values.tables import Corpus

NAME = "narrative_frames"

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = ("train", "dev", "test")


def _check_options(options: Mapping[str, Any]) -> None:
    if "train" not in options["parts"]:
        raise ConfigError([Problem("corpus.parts", "lacks train, without which nothing can be trained")])


CODES = {
    "AR": "responsibility",
    "HI": "human_interest",
    "CO": "conflict",
    "MO": "morality",
    "EC": "economic_consequences",
}
# Unpaired quotation marks, in 46 of 258 training texts of the first fold, would start a quoted field.
LAYOUT = Layout("tsv", quoted=False, header=("id", "outlet", "bias", "date", "text", *CODES), settable=False)
SHAPE = Shape({"frames": tuple(CODES), "group": "id"}, CODES)


@checked_by(_check_options)
def narrative_frames(
    *,
    folder: Path | None = None,
    fold: int = 1,
    parts: tuple[Part, ...] = PARTS,
    labels: LabelSet | None = None,
    task: Task = "framing",
) -> Corpus:
    """Read Narrative Frames.

    Parameters
    ----------
    folder : Path, optional
        Where ``Fold_1`` and the others are; left out, that of ``HARNESS_NARRATIVE_FRAMES`` or the cache.
    fold : int
        Which of the five published folds.
    parts : tuple of {"train", "dev", "test"}
        Which published parts are read: ``[train, dev]`` is for a cross-validation that leaves test alone.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row per article, which is its own group. Beyond the usual columns: ``bias``, of the outlet.

    Raises
    ------
    ConfigError
        If ``parts`` lacks train.
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    files = [
        CorpusFile(home / f"Fold_{fold}" / f"{part}.txt", part, part != "test")
        for part in PARTS
        if part in parts
    ]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    return build(NAME, raw, labels=labels, task=task, languages=load_card(NAME).languages)


def _read(file: CorpusFile, task: Task) -> Raw:
    table = tabular.read(file.path, LAYOUT)
    # One row of the published files ends in "False)".
    last = [str(value).removesuffix(")") for value in table.frame["EC"]]
    raw = canonical(replace(table, frame=table.frame.assign(EC=last)), SHAPE, task)
    ids = [f"article:{number}" for number in table.frame["id"]]
    return replace(raw, frame=raw.frame.assign(split=file.split, id=ids))
