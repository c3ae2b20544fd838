"""Rows and shares in, random sets of row indices out: by group, each with its share of every label."""

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

    Indices = NDArray[np.int64]

By = Literal["group", "row"]
DEV, CALIBRATION = 0.15, 0.5
TIE = 1e-9
"""Needs that differ by less are equal: sums of shares carry rounding errors of about 1e-16 per term."""


@dataclass(frozen=True)
class Drawing:
    """How rows are drawn; see :func:`harness.splits.predefined` for the settings.

    Raises
    ------
    ConfigError
        With every setting that is out of range or has no effect.
    """

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
        """The shares of dev that go to validation and to calibration."""
        return 1 - self.calibration, self.calibration

    @property
    def shares(self) -> tuple[float, float, float]:
        """The shares of train, validation and calibration."""
        validation, calibration = self.halves
        return 1 - self.dev, self.dev * validation, self.dev * calibration

    def divide(
        self, corpus: Corpus, labels: LabelSet, indices: Indices, shares: Sequence[float], stream: str | int
    ) -> list[Indices]:
        """Divide rows at random.

        Parameters
        ----------
        corpus : Corpus
        labels : LabelSet
        indices : (n,) int array
            The rows to divide.
        shares : sequence of float
            Of each part; they sum to 1. A share of 0 gives an empty part.
        stream : str or int
            Names the random stream, see :func:`harness.values.seeds.derive`.

        Returns
        -------
        list of int arrays
            Row indices, one array per share.

        Raises
        ------
        SplitError
            Where there are fewer units than parts.
        """
        rows = corpus.rows.iloc[indices]
        # Sentences of one article are alike: divided between train and test, they inflate scores.
        units = units_of(rows["group"], rows["text"]) if self.by == "group" else np.arange(len(indices))
        n_units, nonempty = int(units.max(initial=-1)) + 1, np.flatnonzero(shares)
        if n_units < len(nonempty):
            raise SplitError(self._too_few(corpus, n_units, indices, nonempty))
        counts = counts_of(corpus, labels, indices) if self.stratify else np.ones((len(indices), 1))
        summed = np.zeros((n_units, counts.shape[1]))
        np.add.at(summed, units, counts)
        generator = seeds.generator(self.seed, "split", stream)
        drawn = nonempty[allocate(summed, np.take(shares, nonempty), generator)[units]]
        return [indices[drawn == part] for part in range(len(shares))]

    def _too_few(self, corpus: Corpus, n_units: int, indices: Indices, parts: NDArray[np.int64]) -> str:
        """Say what cannot be divided, of how many that is the rest, and which settings need fewer."""
        rows = corpus.rows
        n_all = len(rows) if self.by == "row" else int(units_of(rows["group"], rows["text"]).max()) + 1
        what = f"{n_units:,} {self.by}{'' if n_units == 1 else 's'}"
        text = f"{corpus.name}: {what} cannot be divided into {len(parts)} parts"
        # Of the folds of a cross-validation one is set aside for test; of a corpus with dev rows, those alone
        # are divided: the number would look wrong to who counts the groups of the file.
        if len(indices) < len(rows):
            text = f"{corpus.name}: of {n_all:,} {self.by}s, {n_units:,} {'is' if n_units == 1 else 'are'}"
            text += f" left, which cannot be divided into {len(parts)} parts"
        needed = "with dev: 0 all of it is for training, with calibration: 0 none of it for calibration"
        return f"{text}; {needed}" if len(indices) < len(rows) and self.dev else text


def allocate(
    counts: NDArray[np.float64], shares: NDArray[np.float64], generator: np.random.Generator
) -> Indices:
    """Assign units to parts so that every part gets its share of all rows and of every label.

    Units with equal counts are dealt out in proportion. Each unit that is left over goes to the part that
    lacks most, one after the other; then each of them is reconsidered once, and moved if that brings the
    parts nearer to their shares. A missing row weighs more, the rarer its label is.

    The idea is that of iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011), for whole groups:
    scikit-learn's splitters take neither groups whose rows have several labels each, nor unequal parts.

    Parameters
    ----------
    counts : (n_units, n_labels) array
        Rows of each label in a unit; every unit has a row.
    shares : (n_parts,) array
        Share of all rows for each part; positive, summing to 1. There are no more parts than units.
    generator : Generator
        Orders the units and breaks ties.

    Returns
    -------
    (n_units,) array
        The part of each unit; no part is empty.
    """
    # The last column counts all rows, so that sizes are balanced like labels.
    counts = np.column_stack([counts, counts.sum(axis=1)])
    total = counts.sum(axis=0)
    # Dividing by a label's total makes a missing row of a rare label outweigh one of a frequent label.
    weighted = counts / np.where(total > 0, total, 1)
    part = _dealt_in_proportion(counts, shares, generator)
    missing = shares[:, None] * total
    np.subtract.at(missing, part[part >= 0], counts[part >= 0])
    remaining = np.flatnonzero(part < 0)
    # The first units are placed while little is known of what will be missing in the end; a second pass
    # corrects that.
    for second_pass in (False, True):
        for unit in generator.permutation(remaining):
            if second_pass:
                missing[part[unit]] += counts[unit]
            need = missing @ weighted[unit]
            neediest = np.flatnonzero(need >= need.max() - TIE)
            if not second_pass or part[unit] not in neediest:
                part[unit] = generator.choice(neediest) if len(neediest) > 1 else neediest[0]
            missing[part[unit]] -= counts[unit]
    sizes = counts[:, -1]
    for empty in np.setdiff1d(np.arange(len(shares)), part):
        # Tiny shares may leave a part without units: it gets the smallest unit of the largest part.
        largest = np.flatnonzero(part == np.bincount(part).argmax())
        part[largest[sizes[largest].argmin()]] = empty
    return part


def _dealt_in_proportion(
    counts: NDArray[np.float64], shares: NDArray[np.float64], generator: np.random.Generator
) -> Indices:
    """Give every part its share, rounded down, of the units with equal counts; -1 for those left over."""
    _, kind_of, sizes = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    # Units with equal counts are interchangeable, so that dealing them out in proportion is exact, and leaves
    # less than one unit per part and kind to the greedy search. Sorting a random order by kind, stably, keeps
    # the order random within a kind.
    order = generator.permutation(len(counts))
    order = order[np.argsort(kind_of.ravel()[order], kind="stable")]
    # The tolerance is for products such as (1 - 0.9) * 10 = 0.9999999999999998, whose floor would be 0.
    whole = np.floor(shares * sizes[:, None] + TIE).astype(np.int64)
    dealt = np.column_stack([whole, sizes - whole.sum(axis=1)])
    part = np.empty(len(counts), dtype=np.int64)
    part[order] = np.repeat(np.tile([*range(len(shares)), -1], len(sizes)), dealt.ravel())
    return part


def units_of(groups: pd.Series[Any], texts: pd.Series[Any]) -> Indices:
    """Number the units that are never divided: rows of one group, or of one text where they have no group."""
    import pandas as pd

    # The 0 and 1 keep a text apart from a group of the same name.
    keys = [(0, text) if pd.isna(group) else (1, group) for group, text in zip(groups, texts, strict=True)]
    number = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)


def counts_of(corpus: Corpus, labels: LabelSet, indices: Indices) -> NDArray[np.float64]:
    """Return the labels of each row as 0 and 1; without any, a row has a 1 in a column of its own."""
    codes = corpus.truth(labels)[indices]
    if not labels.multi:
        return np.eye(len(labels))[codes]
    return np.column_stack([codes, codes.sum(axis=1) == 0]).astype(float)
