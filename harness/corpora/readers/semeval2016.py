"""The files of SemEval-2016 Task 6 in, a Corpus out.

Two sets of files were published: those of the competition (``semeval2016-task6-trainingdata.txt``, …), and
those with further annotations (``trainingdata-all-annotations.txt``, …). Both are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, select_rows
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.corpora.tabular import Layout
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by
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
"""Names of the files in both layouts."""

SHAPE = Shape(
    {"id": "ID", "text": "Tweet", "target": "Target", "stance": "Stance"},
    {"AGAINST": "critical", "FAVOR": "supportive", "NONE": "neutral"},
)
TaskTarget = Literal[
    "all",
    "Atheism",
    "Climate Change is a Real Concern",
    "Feminist Movement",
    "Hillary Clinton",
    "Legalization of Abortion",
]


def _check_options(options: Mapping[str, Any]) -> None:
    if options["subtask"] == "B" and options["target"] != "all":
        what = "has no effect with subtask B: its one target is not among those of the training tweets"
        raise ConfigError([Problem("corpus.target", what)])


@checked_by(_check_options)
def semeval2016(
    *,
    folder: Path | None = None,
    subtask: Literal["A", "B"] = "A",
    target: TaskTarget = "all",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read SemEval-2016 Task 6.

    Parameters
    ----------
    folder : Path, optional
        Where the files of either layout are; left out, that of ``HARNESS_SEMEVAL2016`` or the cache.
    subtask : {"A", "B"}
        Whose test tweets are the test part. The training tweets are always those of A.
    target : str
        The target whose tweets are read, for A.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Without dev rows. Beyond the usual columns, if the files have them: ``opinion_towards`` and
        ``sentiment``.

    Raises
    ------
    ConfigError
        If ``target`` is set for B.
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    home = _home(load_card(NAME).folder(folder))
    names = LAYOUTS["competition" if (home / LAYOUTS["competition"]["train"]).is_file() else "annotations"]
    # The organisers count the trial tweets of A among those to train on.
    files = [
        CorpusFile(home / names["train"], "train"),
        CorpusFile(home / names["trial"], "train", required=False),
        CorpusFile(home / names[subtask], "test", required=False),
    ]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    return build(NAME, _of_target(raw, target), labels=labels, task=task, languages=load_card(NAME).languages)


def _home(folder: Path) -> Path:
    """Return the folder inside, if it is the one that the publishers' archive makes."""
    inner = folder / "data-all-annotations"
    return inner if inner.is_dir() else folder


def _read(file: CorpusFile, task: Task) -> Raw:
    # Unquoted as published: an unpaired quotation mark in a tweet would swallow the rows after it.
    layout = Layout("tsv", _encoding(file.path), quoted=False, settable=False)
    raw = canonical(tabular.read(file.path, layout), SHAPE, task)
    others = {column: column.lower().replace(" ", "_") for column in map(str, raw.frame.columns)}
    return replace(
        raw, frame=raw.frame.rename(columns=others).assign(split=file.split), label_hint=SHAPE.codes
    )


def _encoding(path: Path) -> str:
    """Tell latin-1, as published, from a file that someone saved again."""
    # Any bytes are valid latin-1, so a wrong encoding would go unnoticed. Latin-1 text is valid UTF-8 only by
    # accident: what is valid UTF-8 was saved again, and is read as UTF-8.
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except UnicodeDecodeError:
        # Only UTF-16 text holds NUL: read as UTF-8 it is refused, with the line.
        return "utf-8" if b"\0" in data else "latin-1"
    except OSError:
        pass
    return "utf-8"


def _of_target(raw: Raw, target: TaskTarget) -> Raw:
    if target == "all":
        return raw
    numbers = [number for number, name in enumerate(raw.frame["target"]) if name == target]
    if not numbers:
        raise CorpusError([Problem(raw.source, f"has no tweet on {target!r}")])
    return select_rows(raw, numbers)
