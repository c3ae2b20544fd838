"""The articles and frames of SemEval-2023 Task 3, subtask 2, in, a Corpus out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import Part, read_all, read_parts
from harness.corpora.tabular import Layout, content, shown
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import POLICY_FRAMES, LabelSet, Task
from harness.values.tables import Corpus

FRAMES = tuple(name for name in POLICY_FRAMES if name != "other")

NAME = "semeval2023"

LAYOUT = Layout("tsv", quoted=False, header=("id", "frames"), settable=False)
LEGALITY = "Legality_Constitutionality_and_jurisprudence"
NAMES = {LEGALITY if name.startswith("legality") else name.capitalize(): name for name in FRAMES}
SHAPE = Shape(label_map=NAMES, separator=",")
COMMA = ("Legality,", "Legality_")
"""The task's description writes one name with a comma, where the files have an underscore."""
Language = Literal["en", "fr", "ge", "it", "po", "ru", "es", "gr", "ka"]


def semeval2023(
    *,
    folder: Path | None = None,
    languages: tuple[Language, ...] = ("en",),
    scored: Literal["test", "dev"] = "test",
    labels: LabelSet | None = None,
    task: Task = "framing",
) -> Corpus:
    """Read SemEval-2023 Task 3, subtask 2.

    Parameters
    ----------
    folder : Path, optional
        Where the folders ``en``, ``fr``, … are, or their parent ``data``; left out, ``HARNESS_SEMEVAL2023``
        says it.
    languages : tuple of str
        Which of them are read.
    scored : {"test", "dev"}
        Which published part is the test part. With ``dev``, whose articles are then no dev rows, dev is
        carved from train.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row an article, which is its own group: title, blank line, body. Beyond the usual columns:
        ``language`` and ``title``.

    Raises
    ------
    ConfigError
        Where no language is named.
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    if not languages:
        raise ConfigError([Problem("corpus.languages", "names none", "try en")])
    given = load_card(NAME).folder(folder)
    home = given / "data" if (given / "data").is_dir() else given
    others = [("dev", "dev"), ("test", "test")] if scored == "test" else [("dev", "test")]
    parts = [
        Part(home / language / f"{file}-labels-subtask-2.txt", split, needed=file != "test")
        for language in languages
        for file, split in [("train", "train"), *others]
    ]
    raw = read_parts(load_card(NAME), home, parts, lambda part: _read(part, task))
    return build(NAME, raw, labels=labels, task=task)


def _read(part: Part, task: Task) -> Raw:
    read = tabular.read(part.path, LAYOUT)
    numbers = [str(number).strip() for number in read.frame["id"]]
    articles = part.path.with_name(part.path.name.replace("-labels-", "-articles-").removesuffix(".txt"))
    files = [articles / f"article{Path(number).name}.txt" for number in numbers]
    try:
        texts = read_all(list(zip(files, read.places, strict=True)), lambda item: _text(*item))
    except CorpusError as error:
        raise CorpusError(capped(error.problems, read.source)) from None
    frames = [str(named).replace(*COMMA) for named in read.frame["frames"]]
    raw = canonical(replace(read, frame=read.frame.assign(frames=frames, text=texts)), SHAPE, task)
    language = part.path.parent.name
    ids = [f"{language}:{number}" for number in numbers]
    titles: list[Any] = [text.split("\n", 1)[0].strip() for text in texts]
    frame = raw.frame.assign(id=ids, group=ids, language=language, title=titles, split=part.split)
    return replace(raw, frame=frame, remedy="")


def _text(file: Path, place: str) -> str:
    if not file.is_file():
        raise CorpusError([Problem(place, f"names an article that is not there: {shown(file)}")])
    return content(file).strip()
