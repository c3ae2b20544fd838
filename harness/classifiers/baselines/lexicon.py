"""Sentiment words in, stance out: what a word list alone can tell. English only.

The list is VADER's (Hutto & Gilbert 2014, MIT licence), frozen beside this module. How far positive and
negative words before the target, after it and in the whole sentence speak for a stance is learned: a logistic
regression over eight sums, fitted on the training rows. The words of the target's own name never count.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.heads import Head, logistic
from harness.classifiers.linear.tokens import shown, tokens
from harness.classifiers.protocol import Examples, Labelled, Target
from harness.classifiers.saved_files import reading
from harness.values.errors import ConfigError, Problem
from harness.values.labels import STANCES, LabelSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

NEGATION = re.compile(
    r"no|not|never|neither|nor|none|nobody|nothing|nowhere|without|hardly|scarcely|barely|cannot|\w+n't"
)
REACH = 3
"""Words after a negation that it turns around."""

TURNED = -0.74
"""What the valence of a turned word is multiplied by; VADER's constant."""

_FILE = "lexicon.json"


def lexicon(
    *, target: Literal["marked", "none"] = "marked", window: float = 10.0, labels: LabelSet
) -> Lexicon:
    """Make a stance classifier that knows nothing but sentiment words. English only.

    Parameters
    ----------
    target : {"marked", "none"}
        ``marked`` weighs words by their distance to the target, before and after it apart; ``none`` adds up
        the whole sentence only.
    window : float
        In words: a word ``d`` words away from the target weighs ``exp(-(d - 1) / window)``; above 0.
    labels : LabelSet
        Handed in: critical and supportive, with or without neutral.

    Raises
    ------
    ConfigError
        For other labels, and where the window is not above 0.
    """
    problems = []
    if labels.multi or not {"critical", "supportive"} <= set(labels.names) <= set(STANCES):
        what = f"the lexicon knows stance alone, not the labels {', '.join(labels.names)}"
        problems.append(Problem("", what, "use linear, embedding or encoder"))
    if not window > 0:
        problems.append(Problem("window", f"should be above 0, got {window}"))
    if problems:
        raise ConfigError(problems)
    return Lexicon(target, window, labels)


class Lexicon:
    """Sums of valences, and a logistic regression over them.

    Parameters
    ----------
    target, window
        See :func:`lexicon`.
    labels : LabelSet

    Attributes
    ----------
    words_ : mapping
        Word → valence, from -4 to 4.
    head_ : Head
    """

    deterministic = True

    def __init__(self, target: Literal["marked", "none"], window: float, labels: LabelSet) -> None:
        self.target, self.window, self.labels = target, window, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Learn what the sums say from ``train``."""
        self.words_ = valences()
        self.head_ = logistic(self._sums(train.examples), train.codes, self.labels, C=1.0)

    def predict_proba(self, examples: Examples) -> Reals:
        """Return ``(n, k)`` probabilities."""
        return self.head_.proba(self._sums(examples))

    def save(self, folder: Path) -> str:
        """Write the words and the head; return the loader's address."""
        state = {"target": self.target, "window": self.window, "words": dict(self.words_)}
        (folder / _FILE).write_text(json.dumps(state) + "\n", encoding="utf-8")
        self.head_.write(folder)
        return "harness.classifiers.baselines.lexicon:load"

    def _sums(self, examples: Examples) -> Reals:
        """Add up, ``(n, 8)``: how positive and how negative the words before the target are, and how many;
        the same after it; how positive and how negative all words are. Sums grow with their logarithm.
        """
        target: Target = "masked" if self.target == "marked" else "none"
        found = tokens(shown(examples, target), target)
        plain = [word.replace("’", "'") for word in found.words]
        valence = np.array([self.words_.get(word, 0.0) for word in plain])[found.code]
        negates = np.array([NEGATION.fullmatch(word) is not None for word in plain], dtype=bool)[found.code]
        valence = np.where(_turned(negates, found.row), TURNED * valence, valence)
        positive, negative = np.maximum(valence, 0), np.maximum(-valence, 0)
        near = np.exp(-np.maximum(np.abs(found.offset) - 1, 0) / self.window)
        sides = [near * (found.offset < 0), near * (found.offset > 0)]
        columns = [side * value for side in sides for value in (positive, negative, valence != 0)]
        columns += [positive, negative]
        sums = [np.bincount(found.row, weights=one, minlength=found.n_rows) for one in columns]
        return np.log1p(np.stack(sums, axis=1))


def load(folder: Path, labels: LabelSet) -> Lexicon:
    """Read what :meth:`Lexicon.save` wrote.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or has another number of labels.
    """
    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        made = Lexicon(state["target"], float(state["window"]), labels)
        made.words_ = {str(word): float(valence) for word, valence in state["words"].items()}
    made.head_ = Head.read(folder, labels)
    return made


@cache
def valences() -> Mapping[str, float]:
    """Return the word list: lower-case word → mean valence, from -4 (most negative) to 4."""
    text = (files("harness.classifiers.baselines") / "lexicons" / "vader.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {word: float(valence) for word, valence in rows}


def _turned(negates: NDArray[np.bool_], row: Integers) -> NDArray[np.bool_]:
    """Find the words that follow a negation of their row within its reach."""
    turned = np.zeros(len(negates), dtype=bool)
    for step in range(1, REACH + 1):
        turned[step:] |= negates[:-step] & (row[step:] == row[:-step])
    return turned
