"""The articles and frames of SemEval-2023 Task 3, subtask 2, in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, limit_problems
from harness.corpora.columns import Shape, canonical
from harness.corpora.corpus_files import CorpusFile, read_all, read_files
from harness.corpora.tabular import Layout
from harness.corpora.text_files import content, short_path
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import POLICY_FRAMES, LabelSet, Task
from harness.values.option_checks import checked_by
from harness.values.tables import Corpus

FRAMES = tuple(name for name in POLICY_FRAMES if name != "other")

NAME = "semeval2023"

LAYOUT = Layout("tsv", quoted=False, header=("id", "frames"), settable=False)
LEGALITY = "Legality_Constitutionality_and_jurisprudence"
NAMES = {LEGALITY if name.startswith("legality") else name.capitalize(): name for name in FRAMES}
SHAPE = Shape(label_map=NAMES, separator=",")
COMMA = ("Legality,", "Legality_")
"""The task's description writes a comma in one name, where the files have an underscore."""
ISO_CODES = {"ge": "de", "gr": "el", "po": "pl"}
"""The task's codes of languages that are not those of ISO 639-1."""

TaskLanguage = Literal["en", "fr", "ge", "it", "po", "ru", "es", "gr", "ka"]


def _check_options(options: Mapping[str, Any]) -> None:
    if not options["languages"]:
        raise ConfigError([Problem("corpus.languages", "is empty", "try en")])


@checked_by(_check_options)
def semeval2023(
    *,
    folder: Path | None = None,
    languages: tuple[TaskLanguage, ...] = ("en",),
    scored: Literal["test", "dev"] = "test",
    labels: LabelSet | None = None,
    task: Task = "framing",
) -> Corpus:
    """Read SemEval-2023 Task 3, subtask 2.

    Parameters
    ----------
    folder : Path, optional
        Where the folders ``en``, ``fr``, … are, or their parent ``data``; left out, that of
        ``HARNESS_SEMEVAL2023`` or the cache.
    languages : tuple of str
        Articles in these languages are read.
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
        One row per article, which is its own group: title, blank line, body. Beyond the usual columns:
        ``language`` and ``title``.

    Raises
    ------
    ConfigError
        If no language is named.
    CorpusError
        If a required file is missing, or something is wrong with one.
    """
    outer = load_card(NAME).folder(folder)
    home = outer / "data" if (outer / "data").is_dir() else outer
    others = [("dev", "dev"), ("test", "test")] if scored == "test" else [("dev", "test")]
    # The labels of test are not published: without them, train and dev can still be used.
    files = [
        CorpusFile(home / language / f"{file}-labels-subtask-2.txt", split, required=file != "test")
        for language in languages
        for file, split in [("train", "train"), *others]
    ]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, task))
    read = tuple(ISO_CODES.get(code, code) for code in languages)
    return build(NAME, raw, labels=labels, task=task, languages=read)


def _read(file: CorpusFile, task: Task) -> Raw:
    table = tabular.read(file.path, LAYOUT)
    numbers = [str(number).strip() for number in table.frame["id"]]
    articles = file.path.with_name(file.path.name.replace("-labels-", "-articles-").removesuffix(".txt"))
    # The last part of the number alone: it comes from a file, and must not lead outside the folder.
    paths = [articles / f"article{Path(number).name}.txt" for number in numbers]
    try:
        texts = read_all(list(zip(paths, table.locations, strict=True)), lambda item: _text(*item))
    except CorpusError as error:
        raise CorpusError(limit_problems(error.problems, table.source)) from None
    frames = [str(names).replace(*COMMA) for names in table.frame["frames"]]
    raw = canonical(replace(table, frame=table.frame.assign(frames=frames, text=texts)), SHAPE, task)
    language = file.path.parent.name
    ids = [f"{language}:{number}" for number in numbers]
    titles: list[Any] = [text.split("\n", 1)[0].strip() for text in texts]
    frame = raw.frame.assign(id=ids, group=ids, language=language, title=titles, split=file.split)
    # A published corpus takes no label_map, so the hint that canonical() gives would mislead.
    return replace(raw, frame=frame, label_hint="")


def _text(path: Path, where: str) -> str:
    if not path.is_file():
        raise CorpusError([Problem(where, f"the article is missing: {short_path(path)}")])
    return content(path).strip()
