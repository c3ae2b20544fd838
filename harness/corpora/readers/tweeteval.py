"""The stance files of TweetEval in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped
from harness.corpora.corpus_files import Part, read_parts
from harness.corpora.tabular import shown
from harness.corpora.text_files import lines
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
        Where the folders ``abortion``, ``atheism``, … are; left out, ``HARNESS_TWEETEVAL`` says it. The
        folder of the whole benchmark, which has them under ``datasets/stance``, will do.
    target : str
        Whose tweets are read.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        A row is called by file and line, ``hillary/train:2``.

    Raises
    ------
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    given = load_card(NAME).folder(folder)
    inner = given / "datasets" / "stance"
    home = inner if inner.is_dir() else given
    parts = [
        Part(home / name / f"{file}_text.txt", split, needed=split != "test")
        for file, split in (("train", "train"), ("val", "dev"), ("test", "test"))
        for name in (TARGETS if target == "all" else (target,))
    ]
    return build(NAME, read_parts(load_card(NAME), home, parts, _read), labels=labels, task=task)


def _read(part: Part) -> Raw:
    import pandas as pd

    coded = part.path.with_name(part.path.name.replace("_text", "_labels"))
    texts, codes = list(lines(part.path)), list(lines(coded))
    if len(texts) != len(codes):
        what = f"has {len(codes):,} lines, {part.path.name} {len(texts):,}"
        raise CorpusError([Problem(shown(coded), what, "is one of them cut off?")])
    problems = [
        Problem(place, f"unknown code {code!r}", f"known: {', '.join(CODES)}")
        for place, code in codes
        if code.strip() not in CODES
    ]
    if problems:
        raise CorpusError(capped(problems, shown(coded)))
    name, file = part.path.parent.name, part.path.name.removesuffix("_text.txt")
    frame = pd.DataFrame(
        {
            "id": [f"{name}/{file}:{number}" for number in range(1, len(texts) + 1)],
            "text": [text for _, text in texts],
            "target": TARGETS[name],
            "stance": [CODES[code.strip()] for _, code in codes],
            "split": part.split,
        },
        dtype=object,
    )
    return Raw(frame, [place for place, _ in texts], shown(part.path))
