"""Rows and shares in, sets of places drawn at random out: by group, each with its share of every label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.values import seeds
from harness.values.errors import ConfigError, Problem, SplitError
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

By = Literal["group", "row"]
DEV, CALIBRATION = 0.15, 0.5
TIE = 1e-9
"""What rounding may make of two equal needs."""


@dataclass(frozen=True)
class Drawing:
    """How rows are drawn; :func:`harness.splits.predefined` says what each setting means."""

    dev: float = DEV
    calibration: float = CALIBRATION
    by: By = "group"
    stratify: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [
            Problem(name, f"should be a share from 0 to below 1, got {share}")
            for name, share in (("dev", self.dev), ("calibration", self.calibration))
            if not 0 <= share < 1
        ]
        if not problems and self.dev == 0 and self.calibration not in (0, CALIBRATION):
            problems.append(Problem("calibration", "has no effect without dev"))
        if problems:
            raise ConfigError(problems)

    @property
    def halves(self) -> tuple[float, float]:
        """The shares of dev that validation and calibration get."""
        return 1 - self.calibration, self.calibration

    @property
    def shares(self) -> tuple[float, float, float]:
        """The shares of train, validation and calibration."""
        validation, calibration = self.halves
        return 1 - self.dev, self.dev * validation, self.dev * calibration

    def divide(
        self, corpus: Corpus, labels: LabelSet, places: Places, shares: Sequence[float], stream: str | int
    ) -> list[Places]:
        """Draw one set of places for each share; the shares sum to 1, and a share of 0 gives an empty set."""
        rows = corpus.rows.iloc[places]
        units = units_of(rows["group"], rows["text"]) if self.by == "group" else np.arange(len(places))
        n_units, wanted = int(units.max(initial=-1)) + 1, np.flatnonzero(shares)
        if n_units < len(wanted):
            few = f"{n_units:,} {self.by}{'' if n_units == 1 else 's'}"
            raise SplitError(f"{corpus.name}: {few} cannot be divided into {len(wanted)} parts")
        counts = counts_of(corpus, labels, places) if self.stratify else np.ones((len(places), 1))
        summed = np.zeros((n_units, counts.shape[1]))
        np.add.at(summed, units, counts)
        generator = seeds.generator(self.seed, "split", stream)
        drawn = wanted[allocate(summed, np.take(shares, wanted), generator)[units]]
        return [places[drawn == part] for part in range(len(shares))]


def allocate(
    counts: NDArray[np.float64], shares: NDArray[np.float64], generator: np.random.Generator
) -> Places:
    """Deal units out to parts so that every part gets its share of all rows and of every label.

    Units with the same counts are dealt out in proportion. Those that are left over go, one after the other,
    where most is missing; then each of them is taken up once more, and moved where that brings the parts
    nearer to their shares. A missing row counts for the more, the rarer its label is. scikit-learn's
    splitters take neither groups whose rows have several labels each, nor unequal parts.

    Parameters
    ----------
    counts : (n_units, n_labels) array
        How many rows of each label a unit has; every unit has a row.
    shares : (n_parts,) array
        What part of all each is to get; positive, summing to 1. No more parts than units.
    generator : Generator
        Orders the units and breaks ties.

    Returns
    -------
    (n_units,) array
        The part of each unit; every part has one.
    """
    counts = np.column_stack([counts, counts.sum(axis=1)])
    total = counts.sum(axis=0)
    weighted = counts / np.where(total > 0, total, 1)
    part = _dealt_in_proportion(counts, shares, generator)
    missing = shares[:, None] * total
    np.subtract.at(missing, part[part >= 0], counts[part >= 0])
    left = np.flatnonzero(part < 0)
    for again in (False, True):
        for unit in generator.permutation(left):
            if again:
                missing[part[unit]] += counts[unit]
            need = missing @ weighted[unit]
            neediest = np.flatnonzero(need >= need.max() - TIE)
            if not again or part[unit] not in neediest:
                part[unit] = generator.choice(neediest) if len(neediest) > 1 else neediest[0]
            missing[part[unit]] -= counts[unit]
    sizes = counts[:, -1]
    for empty in np.setdiff1d(np.arange(len(shares)), part):
        richest = np.flatnonzero(part == np.bincount(part).argmax())
        part[richest[sizes[richest].argmin()]] = empty
    return part


def _dealt_in_proportion(
    counts: NDArray[np.float64], shares: NDArray[np.float64], generator: np.random.Generator
) -> Places:
    """Give every part its share, rounded down, of the units with the same counts; -1 for those left over."""
    _, alike, sizes = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    order = generator.permutation(len(counts))
    order = order[np.argsort(alike.ravel()[order], kind="stable")]
    whole = np.floor(shares * sizes[:, None] + TIE).astype(np.int64)
    dealt = np.column_stack([whole, sizes - whole.sum(axis=1)])
    part = np.empty(len(counts), dtype=np.int64)
    part[order] = np.repeat(np.tile([*range(len(shares)), -1], len(sizes)), dealt.ravel())
    return part


def units_of(groups: pd.Series[Any], texts: pd.Series[Any]) -> Places:
    """Number what stays together: rows of one group, and rows of one text where they have none."""
    import pandas as pd

    keys = [(0, text) if pd.isna(group) else (1, group) for group, text in zip(groups, texts, strict=True)]
    number = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)


def counts_of(corpus: Corpus, labels: LabelSet, places: Places) -> NDArray[np.float64]:
    """Count each row's labels; a row without one counts as having the label that there is none."""
    codes = corpus.truth(labels)[places]
    if not labels.multi:
        return np.eye(len(labels))[codes]
    return np.column_stack([codes, codes.sum(axis=1) == 0]).astype(float)
