"""The files of SemEval-2016 Task 6 in, a Corpus out.

Two sets of files were published: those of the competition (``semeval2016-task6-trainingdata.txt``, …), and
those with further annotations (``trainingdata-all-annotations.txt``, …). Either is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import Part, read_parts
from harness.corpora.tabular import Layout
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "semeval2016"

LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "annotations": {
        "train": "trainingdata-all-annotations.txt",
        "trial": "trialdata-all-annotations.txt",
        "A": "testdata-taskA-all-annotations.txt",
        "B": "testdata-taskB-all-annotations.txt",
    },
    "competition": {
        "train": "semeval2016-task6-trainingdata.txt",
        "trial": "semeval2016-task6-trialdata.txt",
        "A": "SemEval2016-Task6-subtaskA-testdata-gold.txt",
        "B": "SemEval2016-Task6-subtaskB-testdata-gold.txt",
    },
}
"""What the files are called in either layout."""

SHAPE = Shape(
    {"id": "ID", "text": "Tweet", "target": "Target", "stance": "Stance"},
    {"AGAINST": "critical", "FAVOR": "supportive", "NONE": "neutral"},
)
Target = Literal[
    "all",
    "Atheism",
    "Climate Change is a Real Concern",
    "Feminist Movement",
    "Hillary Clinton",
    "Legalization of Abortion",
]


def semeval2016(
    *,
    folder: Path | None = None,
    subtask: Literal["A", "B"] = "A",
    target: Target = "all",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read SemEval-2016 Task 6.

    Parameters
    ----------
    folder : Path, optional
        Where the files of either layout are; left out, ``HARNESS_SEMEVAL2016`` says it.
    subtask : {"A", "B"}
        Whose test tweets are the test part. The training tweets are those of A either way.
    target : str
        Whose tweets are read, of A.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Without dev rows. Beyond the usual columns, where the files have them: ``opinion_towards`` and
        ``sentiment``.

    Raises
    ------
    ConfigError
        Where ``target`` is set for B.
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    if subtask == "B" and target != "all":
        what = "has no effect with subtask B: its one target is not among those of the training tweets"
        raise ConfigError([Problem("corpus.target", what)])
    home = _home(load_card(NAME).folder(folder))
    files = LAYOUTS["competition" if (home / LAYOUTS["competition"]["train"]).is_file() else "annotations"]
    parts = [
        Part(home / files["train"], "train"),
        Part(home / files["trial"], "train", needed=False),
        Part(home / files[subtask], "test", needed=False),
    ]
    raw = read_parts(load_card(NAME), home, parts, lambda part: _read(part, task))
    return build(NAME, _of_target(raw, target), labels=labels, task=task)


def _home(folder: Path) -> Path:
    """Step into the folder that the publishers' archive makes."""
    inner = folder / "data-all-annotations"
    return inner if inner.is_dir() else folder


def _read(part: Part, task: Task) -> Raw:
    layout = Layout("tsv", _encoding(part.path), quoted=False, settable=False)
    raw = canonical(tabular.read(part.path, layout), SHAPE, task)
    others = {column: column.lower().replace(" ", "_") for column in map(str, raw.frame.columns)}
    return replace(raw, frame=raw.frame.rename(columns=others).assign(split=part.split), remedy=SHAPE.codes)


def _encoding(path: Path) -> str:
    """Tell latin-1, as published, from a file that someone saved again.

    Any bytes are latin-1, so that a wrong encoding would go unseen: text in UTF-8, which latin-1 text is not
    but by accident, is read as what it is, and UTF-16 is then no file with these columns.
    """
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except UnicodeDecodeError:
        # NUL is in no text but that of UTF-16: told as not being utf-8, with the line.
        return "utf-8" if b"\0" in data else "latin-1"
    except OSError:
        pass
    return "utf-8"


def _of_target(raw: Raw, target: Target) -> Raw:
    if target == "all":
        return raw
    kept = [row for row, named in enumerate(raw.frame["target"]) if named == target]
    if not kept:
        raise CorpusError([Problem(raw.source, f"has no tweet on {target!r}")])
    places = [raw.places[row] for row in kept]
    return replace(raw, frame=raw.frame.iloc[kept].reset_index(drop=True), places=places)
