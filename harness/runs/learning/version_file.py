"""A new version of a test set in, a file of rows that other configs name as their corpus out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.evaluation.prepared import Prepared
from harness.runs.learning.mended_test import MendedTest
from harness.splits import PARTS
from harness.values import gold_origin
from harness.values.errors import Problem
from harness.values.outputs import write_text
from harness.values.spreadsheets import guarded
from harness.values.tables import CORPUS_COLUMNS, Corpus, Predictions

ENDING = ".jsonl"

SPLIT_NAMES = {"train": "train", "validation": "dev", "calibration": "dev", "test": "test"}
"""Parts of a split, and what a file calls them."""


@dataclass(frozen=True)
class VersionFile:
    """A file with a new version of a test set.

    Attributes
    ----------
    path : Path
    parties : Path or None
        A registry beside it, where the corpus has one.
    rows : int
    fingerprint : str
        Of the test set: that of every run on it.
    """

    path: Path
    parties: Path | None
    rows: int
    fingerprint: str

    @property
    def config(self) -> str:
        """The lines of a config that take it as a corpus."""
        parties = f", parties: {self.parties.name}" if self.parties is not None else ""
        return f"corpus: {{kind: files, path: {self.path.name}{parties}}}\nsplit: {{kind: predefined}}"


def version_problems(path: Path) -> list[Problem]:
    """Say why a file would not be read again as it was written; nothing where it would."""
    if path.suffix.lower() == ENDING:
        return []
    return [Problem("--test-version", f"is written as JSON lines, got {path.name}", f"end it in {ENDING}")]


def write_version(path: Path, prepared: Prepared, version: MendedTest) -> VersionFile:
    """Write all rows that the split uses, with the corrected labels and with the part that each is in.

    Ids, spans and columns for slices stay, so that a run on the file has the same test rows, and compares
    with every other run on it.

    Parameters
    ----------
    path : Path
        See :func:`version_problems`.
    prepared : Prepared
        With one fold.
    version : MendedTest
        Of its test set.

    Raises
    ------
    OutputError
        Where the files cannot be written.
    """
    corpus, (split,) = version.corpus(prepared), prepared.splits
    part_of = {id_: SPLIT_NAMES[part] for part in PARTS for id_ in split.part(part)}
    # Where rows come from is no property of the test set: those of it are a random sample, or all.
    others = [name for name in corpus.rows.columns if name not in (*CORPUS_COLUMNS, gold_origin.COLUMN)]
    records = [
        {**_cells(row, others), "split": part_of[str(row["id"])]}
        for row in corpus.rows.to_dict("records")
        if str(row["id"]) in part_of
    ]
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    write_text(path, "".join(lines))
    parties = None
    if corpus.parties.parties:
        parties = path.with_name(f"{path.stem}-parties.yaml")
        # JSON is YAML, too.
        write_text(parties, json.dumps(corpus.parties.to_records(), ensure_ascii=False, indent=1) + "\n")
    return VersionFile(path, parties, len(records), _fingerprint(corpus.take(split.test), prepared))


def _cells(row: dict[Any, Any], others: list[str]) -> dict[str, Any]:
    """Return what a row holds, as JSON has it; columns that nest others belong to their reader alone."""
    cells: dict[str, Any] = {}
    for name in (*CORPUS_COLUMNS, *others):
        value = row[name]
        if isinstance(value, tuple | list) and name in CORPUS_COLUMNS:
            cells[name] = list(value)
        elif isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, str | bool | int) or (isinstance(value, float) and value == value):  # noqa: PLR0124
            cells[name] = guarded(value)
    return cells


def _fingerprint(tested: Corpus, prepared: Prepared) -> str:
    labels = prepared.plan.labels
    answers = np.full((len(tested), len(labels)), 1 / len(labels))
    return Predictions.of(tested, labels, answers, run="", split="test").fingerprint()
