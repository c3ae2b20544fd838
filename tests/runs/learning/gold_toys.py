"""A made-up corpus whose sentences are unlike each other, and files of gold, for tests of learning."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare

VERBS: Mapping[str, Sequence[str]] = {
    "critical": ("blasted", "mocked", "sued", "scolded", "shamed", "loathed"),
    "neutral": ("met", "called", "visited", "joined", "hosted", "heard"),
    "supportive": ("praised", "thanked", "cheered", "lauded", "backed", "loved"),
}
LABELS = tuple(VERBS)
SYLLABLES = ("ba", "co", "di", "fu", "ga", "hel", "jor", "kim", "lus", "mar", "nev", "pol", "rys", "tov")
WORDS = tuple(first + second for first in SYLLABLES for second in SYLLABLES)
GOLD_COLUMNS = ("id", "pick", "pi", "text", "target", "group", "gold")

CONFIG = """\
name: {name}
model_name: {name}
corpus: {{kind: files, path: {name}.csv}}
split: {split}
seeds: [1, 2]
promotion: {{calibration: null}}
audits: {{target_use: off, sensitivity: off, party_swap: off, behaviour: off, parity: off, unseen: off}}
classifiers:
  linear: {{kind: linear, words: 1, chars: null, target: none}}
"""


def sentences(n: int, prefix: str, seed: int, verbs: int = 6, split: str = "") -> list[dict[str, Any]]:
    """Make sentences of which only a verb says the stance: the first ``verbs`` of each are used."""
    stream = random.Random(seed)
    rows = []
    for k in range(n):
        stance = LABELS[k % 3]
        words = stream.sample(WORDS, 9)
        words.insert(4, stream.choice(VERBS[stance][:verbs]))
        text = " ".join((*words, "Varna")).capitalize()
        row = {"id": f"{prefix}{k}", "text": text, "target": "Varna", "stance": stance}
        rows.append({**row, "group": f"{prefix}group {k // 2}", "split": split})
    return rows


def write(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, columns, extrasaction="ignore", restval="")
        table.writeheader()
        table.writerows(rows)
    return path


def experiment(
    folder: Path,
    train: int = 30,
    verbs: int = 2,
    name: str = "small",
    split: str = "{kind: predefined, calibration: 0}",
) -> list[dict[str, Any]]:
    """Write a corpus and its config; return its rows. Train has the first verbs alone."""
    rows = [
        *sentences(train, "train", 1, verbs, "train"),
        *sentences(120, "dev", 2, 6, "dev"),
        *sentences(120, "test", 3, 6, "test"),
    ]
    write(folder / f"{name}.csv", rows, list(rows[0]))
    (folder / f"{name}.yaml").write_text(CONFIG.format(name=name, split=split), encoding="utf-8")
    return rows


def prepared(folder: Path, **changes: Any) -> tuple[Prepared, list[dict[str, Any]]]:
    rows = experiment(folder, **changes)
    return prepare(plan.read(folder / "small.yaml")), rows


def gold_of(rows: Iterable[Mapping[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    """Return rows of gold with the true labels, unless ``changes`` says otherwise."""
    return [{**row, "gold": row["stance"], **changes} for row in rows]


def write_gold(path: Path, rows: Iterable[Mapping[str, Any]], more: Sequence[str] = ()) -> Path:
    return write(path, rows, [*GOLD_COLUMNS, *more])


def flipped(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return gold in which every label is another one."""
    return [{**row, "gold": LABELS[(LABELS.index(row["stance"]) + 1) % 3]} for row in rows]
