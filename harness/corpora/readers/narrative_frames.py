"""The files of Narrative Frames in, a Corpus out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import Part, read_parts
from harness.corpora.tabular import Layout
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "narrative_frames"

CODES = {
    "AR": "responsibility",
    "HI": "human_interest",
    "CO": "conflict",
    "MO": "morality",
    "EC": "economic_consequences",
}
LAYOUT = Layout("tsv", quoted=False, header=("id", "outlet", "bias", "date", "text", *CODES), settable=False)
SHAPE = Shape({"frames": tuple(CODES), "group": "id"}, CODES)


def narrative_frames(
    *, folder: Path | None = None, fold: int = 1, labels: LabelSet | None = None, task: Task = "framing"
) -> Corpus:
    """Read Narrative Frames.

    Parameters
    ----------
    folder : Path, optional
        Where ``Fold_1`` and the others are; left out, ``HARNESS_NARRATIVE_FRAMES`` says it.
    fold : int
        Which of the five published folds.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row an article, which is its own group. Beyond the usual columns: ``bias``, of the outlet.

    Raises
    ------
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    home = load_card(NAME).folder(folder)
    parts = [
        Part(home / f"Fold_{fold}" / f"{split}.txt", split, split != "test")
        for split in ("train", "dev", "test")
    ]
    raw = read_parts(load_card(NAME), home, parts, lambda part: _read(part, task))
    return build(NAME, raw, labels=labels, task=task)


def _read(part: Part, task: Task) -> Raw:
    read = tabular.read(part.path, LAYOUT)
    # One row of the published files ends in "False)".
    last = [str(value).removesuffix(")") for value in read.frame["EC"]]
    raw = canonical(replace(read, frame=read.frame.assign(EC=last)), SHAPE, task)
    return replace(
        raw, frame=raw.frame.assign(split=part.split, id=[f"article:{n}" for n in read.frame["id"]])
    )
