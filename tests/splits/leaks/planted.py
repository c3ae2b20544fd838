"""Toy rows in three parts, into which tests plant what the gate has to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.corpora.checks import Raw, build
from harness.splits.leaks import Leaks, leaks
from harness.values.labels import STANCE
from harness.values.tables import Corpus

MAX_LEAKED = "audits.leaks.max_leaked_rows"
MAX_NEAR = "audits.leaks.max_near_rows"
"""Settings that allow more leaks, as a config and a refusal name them."""

PARTIES = ("Coastal Union", "Harbour Party", "Varna")
VERBS = ("blasted", "met", "praised")
SUBJECTS = [
    "voters",
    "farmers",
    "dockers",
    "teachers",
    "miners",
    "nurses",
    "drivers",
    "judges",
    "bakers",
    "sailors",
    "poets",
    "tailors",
]
PLACES = [
    "Ostrin",
    "Petrask",
    "Haldvik",
    "Yendra",
    "Aldersea",
    "Lanno",
    "Dunnel",
    "Karsund",
    "Brelland",
    "Sarovia",
    "Quessa",
]
WHY = [
    "tolls",
    "grain",
    "schools",
    "bridges",
    "wages",
    "rents",
    "trains",
    "harbours",
    "taxes",
    "water",
    "letters",
    "votes",
    "budgets",
]


Rows = list[dict[str, Any]]

BOILERPLATE = "the daily gazette reports from its newsroom in aldersea with files from all correspondents"


@dataclass(frozen=True)
class Fold:
    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]
    tuning: tuple[str, ...] = ()


def sentence(number: int) -> str:
    """Twelve words, of which two sentences share few."""
    who, where, why = number % 12, (number // 12 + number) % 11, (number * 5 + number // 7) % 13
    return (
        f"{SUBJECTS[who]} of {PLACES[where]} {VERBS[number % 3]} {PARTIES[(number // 3) % 3]} over {WHY[why]}"
        f" in season {number} and {PLACES[(where + who) % 11]} {WHY[(why + who) % 13]} number {number * 7}"
    )


def rows(n: int = 120) -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{k:03}",
            "text": sentence(k),
            "target": PARTIES[(k // 3) % 3],
            "stance": STANCE.names[k % 3],
            "group": f"g{k}",
            "split": ("train", "train", "train", "dev", "test")[k % 5],
        }
        for k in range(n)
    ]


def corpus_of(rows: Sequence[dict[str, Any]]) -> Corpus:
    frame = pd.DataFrame(list(rows), dtype=object)
    return build("planted", Raw(frame, [row["id"] for row in rows], "made up"), labels=STANCE)


def fold_of(rows: Sequence[dict[str, Any]]) -> Fold:
    ids = {
        part: tuple(row["id"] for row in rows if row["split"] == part) for part in ("train", "dev", "test")
    }
    half = len(ids["dev"]) // 2
    return Fold(ids["train"], ids["dev"][:half], ids["dev"][half:], ids["test"])


def without_groups(**columns: Any) -> Rows:
    """Rows without a group and without a word in common; columns by name, each value is of five rows."""
    return [
        row
        | {"group": None, "text": " ".join(f"{word}{number}" for word in row["text"].split())}
        | {name: value.format(number // 5) for name, value in columns.items()}
        for number, row in enumerate(rows())
    ]


def inspect(planted: Rows, **settings: Any) -> Leaks:
    encode = settings.pop("encode", None)
    return leaks(**settings).inspect(corpus_of(planted), [fold_of(planted)], STANCE, encode)


def counts(report: Leaks) -> dict[str, int]:
    """Everything that was counted and is not 0."""
    measures = [measure for measure in report.finding.measures if measure.name != "target_shortcut"]
    return {measure.name: int(measure.value) for measure in measures if measure.value}
