"""The stance files of TweetEval in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, limit_problems
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.corpora.text_files import lines, short_path
from harness.values.errors import CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "tweeteval"

TARGETS: Mapping[str, str] = {
    "abortion": "Legalization of Abortion",
    "atheism": "Atheism",
    "climate": "Climate Change is a Real Concern",
    "feminist": "Feminist Movement",
    "hillary": "Hillary Clinton",
}
"""Folder → the target as SemEval-2016 Task 6 names it."""

# 0 is none: other releases of the same tweets number the labels in another order.
CODES: Mapping[str, str] = {"0": "neutral", "1": "critical", "2": "supportive"}


def tweeteval(
    *,
    folder: Path | None = None,
    target: Literal["all", "abortion", "atheism", "climate", "feminist", "hillary"] = "all",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read TweetEval stance.

    Parameters
    ----------
    folder : Path, optional
        Where the folders ``abortion``, ``atheism``, … are, or the folder of the whole benchmark, which has
        them under ``datasets/stance``; left out, that of ``HARNESS_TWEETEVAL`` or the cache.
    target : str
        The target whose tweets are read.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Ids are file and line, ``hillary/train:2``.

    Raises
    ------
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    outer = load_card(NAME).folder(folder)
    inner = outer / "datasets" / "stance"
    home = inner if inner.is_dir() else outer
    files = [
        CorpusFile(home / name / f"{file}_text.txt", split, required=split != "test")
        for file, split in (("train", "train"), ("val", "dev"), ("test", "test"))
        for name in (TARGETS if target == "all" else (target,))
    ]
    return build(
        NAME,
        read_files(load_card(NAME), home, files, _read),
        labels=labels,
        task=task,
        languages=load_card(NAME).languages,
    )


def _read(file: CorpusFile) -> Raw:
    import pandas as pd

    labels = file.path.with_name(file.path.name.replace("_text", "_labels"))
    texts, codes = list(lines(file.path)), list(lines(labels))
    # Texts and labels are paired by their lines alone: a lost line would shift all labels after it.
    if len(texts) != len(codes):
        what = f"has {len(codes):,} lines, {file.path.name} {len(texts):,}"
        raise CorpusError([Problem(short_path(labels), what, "is one of them cut off?")])
    problems = [
        Problem(where, f"unknown code {code!r}", f"known: {', '.join(CODES)}")
        for where, code in codes
        if code.strip() not in CODES
    ]
    if problems:
        raise CorpusError(limit_problems(problems, short_path(labels)))
    target, part = file.path.parent.name, file.path.name.removesuffix("_text.txt")
    frame = pd.DataFrame(
        {
            "id": [f"{target}/{part}:{number}" for number in range(1, len(texts) + 1)],
            "text": [text for _, text in texts],
            "target": TARGETS[target],
            "stance": [CODES[code.strip()] for _, code in codes],
            "split": file.split,
        },
        dtype=object,
    )
    return Raw(frame, [where for where, _ in texts], short_path(file.path))
