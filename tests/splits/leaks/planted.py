"""Toy rows in three parts, into which tests plant what the gate has to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.corpora.checks import Raw, build
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


@dataclass(frozen=True)
class Fold:
    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]


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
