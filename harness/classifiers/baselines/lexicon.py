"""Sentiment words in, stance out: how far a word list alone gets. English only.

The list is VADER's (Hutto & Gilbert 2014, MIT licence), frozen in ``lexicons/``. What positive and negative
words before the target, after it and in the whole sentence say about stance is learned: a logistic regression
over eight sums, fitted on the training rows. The words of the target's name never count.
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
from harness.classifiers.linear.tokens import tokenize, views_of
from harness.classifiers.protocol import Examples, Labelled, Target, knows_languages
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
NEGATION_SCOPE = 3
"""Words after a negation that it reverses; as in VADER."""

NEGATED = -0.74
"""Factor for the valence of a negated word; VADER's constant (Hutto & Gilbert 2014)."""

_FILE = "lexicon.json"


@knows_languages("en")
def lexicon(
    *, target: Literal["marked", "none"] = "marked", window: float = 10.0, labels: LabelSet
) -> Lexicon:
    """Predict stance from sentiment words alone. Languages: English, whose words the list has.

    On text in another language no word counts, and the most frequent label is predicted.

    Parameters
    ----------
    target : {"marked", "none"}
        ``marked`` weights words by their distance to the target, separately before and after it; ``none``
        adds up the whole sentence only.
    window : float
        In words: a word ``d`` words away from the target has weight ``exp(-(d - 1) / window)``; above 0.
    labels : LabelSet
        Of the task; passed in by the harness: critical and supportive, with or without neutral.

    Raises
    ------
    ConfigError
        For other labels, and where the window is not above 0.
    """
    problems = []
    if labels.multi or not {"critical", "supportive"} <= set(labels.names) <= set(STANCES):
        what = f"the lexicon predicts stance, not the labels {', '.join(labels.names)}"
        problems.append(Problem("", what, "use linear, embedding or encoder"))
    if not window > 0:
        problems.append(Problem("window", f"should be above 0, got {window}"))
    if problems:
        raise ConfigError(problems)
    return Lexicon(target, window, labels)


class Lexicon:
    """A logistic regression over sums of valences.

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
        """Fit the logistic regression on ``train``."""
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
        """Return ``(n, 8)`` sums, as log(1 + sum): positive valences, negative valences and number of words
        with a valence before the target; the same after it; both kinds of valences in the whole sentence.
        """
        # Masked, so that the words of a name ("Liberty Alliance") carry no sentiment.
        target: Target = "masked" if self.target == "marked" else "none"
        tokens = tokenize(views_of(examples, target), target)
        # The press writes ’ where VADER's words and NEGATION have an apostrophe.
        plain = [word.replace("’", "'") for word in tokens.words]
        valence = np.array([self.words_.get(word, 0.0) for word in plain])[tokens.code]
        negates = np.array([NEGATION.fullmatch(word) is not None for word in plain], dtype=bool)[tokens.code]
        valence = np.where(_negated(negates, tokens.row), NEGATED * valence, valence)
        positive, negative = np.maximum(valence, 0), np.maximum(-valence, 0)
        # A word next to the target has weight 1; weights decay as in the linear classifier.
        near = np.exp(-np.maximum(np.abs(tokens.offset) - 1, 0) / self.window)
        sides = [near * (tokens.offset < 0), near * (tokens.offset > 0)]
        columns = [side * value for side in sides for value in (positive, negative, valence != 0)]
        columns += [positive, negative]
        sums = [np.bincount(tokens.row, weights=column, minlength=tokens.n_rows) for column in columns]
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
        classifier = Lexicon(state["target"], float(state["window"]), labels)
        classifier.words_ = {str(word): float(valence) for word, valence in state["words"].items()}
    classifier.head_ = Head.read(folder, labels)
    return classifier


@cache
def valences() -> Mapping[str, float]:
    """Return the word list: lower-case word → mean valence, from -4 (most negative) to 4."""
    text = (files("harness.classifiers.baselines") / "lexicons" / "vader.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {word: float(valence) for word, valence in rows}


def _negated(negates: NDArray[np.bool_], row: Integers) -> NDArray[np.bool_]:
    """Return which words are in the scope of a negation of their row."""
    negated = np.zeros(len(negates), dtype=bool)
    for step in range(1, NEGATION_SCOPE + 1):
        negated[step:] |= negates[:-step] & (row[step:] == row[:-step])
    return negated
