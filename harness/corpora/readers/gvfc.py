"""The workbook of the Gun Violence Frame Corpus in, a Corpus out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.corpora import tabular
from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped, is_missing, written
from harness.corpora.corpus_files import Part, read_parts
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
"""Codes of the workbook; 99 stands for none."""

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
        Where the workbook is; left out, ``HARNESS_GVFC`` says it.
    unframed : bool
        Keep headlines that have none of the frames.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        Without a split or groups. Beyond the usual columns: ``first_frame``, that which was named first.

    Raises
    ------
    CorpusError
        Where the workbook is missing or something is wrong with it.
    """
    home = load_card(NAME).folder(folder)
    raw = read_parts(load_card(NAME), home, [Part(home / FILE, "")], lambda part: _read(part, unframed))
    return build(NAME, raw, labels=labels, task=task)


def _read(part: Part, unframed: bool) -> Raw:
    import pandas as pd

    raw = tabular.read(part.path, tabular.PUBLISHED)
    lacking = [name for name in COLUMNS if name not in raw.frame.columns]
    if lacking:
        known = [str(name) for name in raw.frame.columns]
        raise CorpusError(
            Problem(raw.source, f"has no column {name!r}", suggest(name, known)) for name in lacking
        )
    rows, places, problems = [], [], []
    cells = zip(raw.places, *(raw.frame[name] for name in COLUMNS), strict=True)
    for number, (place, title, *codes) in enumerate(cells, start=2):
        found = [written(code) for code in codes if not is_missing(code) and written(code) != "99"]
        strange = [code for code in found if code not in FRAMES]
        problems += [
            Problem(f"{place}: theme", f"unknown code {code!r}", "known: 1 to 9, 99") for code in strange
        ]
        frames = tuple(dict.fromkeys(FRAMES[code] for code in found if code in FRAMES))
        if frames or unframed:
            first = frames[0] if frames else None
            rows.append({"id": f"headline:{number}", "text": title, "frames": frames, "first_frame": first})
            places.append(place)
    if problems:
        raise CorpusError(capped(problems, raw.source))
    return Raw(pd.DataFrame(rows, dtype=object), places, raw.source, {"text": "news_title"})
