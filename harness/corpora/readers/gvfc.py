"""The workbook of the Gun Violence Frame Corpus in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, cell_text, is_missing, limit_problems
from harness.corpora.corpus_files import CorpusFile, read_files
from harness.values.errors import CorpusError, Problem, suggest
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

FRAMES: Mapping[str, str] = {
    "1": "gun_rights",
    "2": "gun_control",
    "3": "politics",
    "4": "mental_health",
    "5": "public_safety",
    "6": "race",
    "7": "public_opinion",
    "8": "society_culture",
    "9": "economic_consequences",
}
"""Codes of the workbook, in the order of the codebook."""
NO_FRAME = "99"

NAME = "gvfc"

FILE = "GVFC_headlines_and_annotations.xlsx"
COLUMNS = ("news_title", "Q3 Theme1", "Q3 Theme2")


def gvfc(
    *,
    folder: Path | None = None,
    unframed: bool = False,
    labels: LabelSet | None = None,
    task: Task = "framing",
) -> Corpus:
    """Read the Gun Violence Frame Corpus.

    Parameters
    ----------
    folder : Path, optional
        Where the workbook is; left out, that of ``HARNESS_GVFC`` or the cache.
    unframed : bool
        Keep headlines that have none of the frames.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Without a split or groups. Beyond the usual columns: ``first_frame``, the one that was coded first.

    Raises
    ------
    CorpusError
        If the workbook is missing or something is wrong with it.
    """
    home = load_card(NAME).folder(folder)
    files = [CorpusFile(home / FILE, "")]
    raw = read_files(load_card(NAME), home, files, lambda file: _read(file, unframed))
    return build(NAME, raw, labels=labels, task=task, languages=load_card(NAME).languages)


def _read(file: CorpusFile, unframed: bool) -> Raw:
    import pandas as pd

    raw = tabular.read(file.path, tabular.PUBLISHED)
    missing = [name for name in COLUMNS if name not in raw.frame.columns]
    if missing:
        columns = [str(name) for name in raw.frame.columns]
        raise CorpusError(
            Problem(raw.source, f"has no column {name!r}", suggest(name, columns)) for name in missing
        )
    rows, locations, problems = [], [], []
    cells = zip(raw.locations, *(raw.frame[name] for name in COLUMNS), strict=True)
    # The workbook has no ids, and headlines repeat: the id is a row's number, as Excel shows it (header: 1).
    for number, (where, title, *themes) in enumerate(cells, start=2):
        codes = [text for code in themes if not is_missing(code) and (text := cell_text(code)) != NO_FRAME]
        problems += [
            Problem(f"{where}: theme", f"unknown code {code!r}", "known: 1 to 9, 99")
            for code in codes
            if code not in FRAMES
        ]
        # In the order of coding: the official accuracy is that of the frame that was coded first.
        frames = tuple(dict.fromkeys(FRAMES[code] for code in codes if code in FRAMES))
        if frames or unframed:
            first = frames[0] if frames else None
            rows.append({"id": f"headline:{number}", "text": title, "frames": frames, "first_frame": first})
            locations.append(where)
    if problems:
        raise CorpusError(limit_problems(problems, raw.source))
    return Raw(pd.DataFrame(rows, dtype=object), locations, raw.source, {"text": "news_title"})
