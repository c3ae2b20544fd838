"""Words and characters in, the probabilities of a linear model out; trained in seconds.

The sentence is seen twice, as a whole and from the target: words before and after it are told apart and weigh
less the farther away they stand. Language-neutral.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.heads import Head, logistic, svm
from harness.classifiers.linear import terms
from harness.classifiers.linear.attribution import Shares, contributions
from harness.classifiers.linear.terms import Choice
from harness.classifiers.protocol import Examples, Labelled, Target
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

Model = Literal["logistic", "svm"]
_AT_ONCE = 4096


def linear(
    *,
    target: Target = "masked",
    model: Model = "logistic",
    C: float = 1.0,
    balanced: bool = True,
    words: int = 2,
    chars: tuple[int, int] | None = (2, 5),
    window: float = 10.0,
    min_count: int = 2,
    labels: LabelSet,
) -> Linear:
    """Make a linear classifier over TF-IDF n-grams of words and characters.

    The defaults were chosen on the development rows of NewsMTSC. Without n-grams of characters
    (``chars: null``) it is several times as fast and a little less accurate.

    Parameters
    ----------
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`. ``masked`` and ``marked`` tell apart
        what stands before and after the target; ``pair`` adds the words of its name, which a linear model
        cannot relate to the sentence; ``none`` is blind to it.
    model : {"logistic", "svm"}
        ``logistic``: logistic regression over all labels. ``svm``: a linear support vector machine a label,
        with probabilities by Platt scaling on five held-out folds of the training rows.
        A multi-label task has one of either a label.
    C : float
        Inverse strength of the L2 penalty; above 0.
    balanced : bool
        Whether every label counts the same in sum, however rare it is in training.
    words : int
        Words an n-gram has at most, 1 to 3.
    chars : tuple of int, or None
        Shortest and longest n-grams of the characters inside words, 1 to 8; None for words only.
    window : float
        In words: a term ``d`` words away from the target weighs ``exp(-(d - 1) / window)``; above 0.
    min_count : int
        Training rows a term must occur in; at least 1.
    labels : LabelSet
        Handed in.

    Raises
    ------
    ConfigError
        With every option that is out of range.
    """
    wrong = (
        ("C", not C > 0, f"should be above 0, got {C}"),
        ("words", not 1 <= words <= 3, f"should be 1, 2 or 3, got {words}"),
        (
            "chars",
            chars is not None and not 1 <= chars[0] <= chars[1] <= 8,
            f"should be two lengths from 1 to 8, the shorter first, got {chars and list(chars)}",
        ),
        ("window", not window > 0, f"should be above 0, got {window}"),
        ("min_count", min_count < 1, f"should be at least 1, got {min_count}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in wrong if is_wrong]
    if problems:
        raise ConfigError(problems)
    choice = Choice(target=target, words=words, chars=chars, window=window, min_count=min_count)
    return Linear(choice, model, C, balanced, labels)


class Linear:
    """TF-IDF terms and a linear head.

    Parameters
    ----------
    choice : Choice
        Which terms there are.
    model, C, balanced
        See :func:`linear`.
    labels : LabelSet

    Attributes
    ----------
    terms_ : Terms
    head_ : Head
    """

    deterministic = True

    def __init__(self, choice: Choice, model: Model, C: float, balanced: bool, labels: LabelSet) -> None:
        self.choice, self.model, self.C, self.balanced, self.labels = choice, model, C, balanced, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Learn terms and weights from ``train``."""
        fitted = logistic if self.model == "logistic" else svm
        self.terms_, rows = terms.learn(train.examples, self.choice)
        self.head_ = fitted(rows, train.codes, self.labels, C=self.C, balanced=self.balanced)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities."""
        parts = [
            self.head_.proba(self.terms_.rows(examples[start : start + _AT_ONCE]))
            for start in range(0, len(examples), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))

    def contributions(self, examples: Examples) -> list[Shares]:
        """Return what each word adds to each score, see :mod:`harness.classifiers.linear.attribution`."""
        return [contributions(self.terms_, self.head_.weights, example) for example in examples]

    def save(self, folder: Path) -> str:
        """Write terms and weights as JSON and plain arrays; return the loader's address."""
        self.terms_.write(folder)
        self.head_.write(folder)
        return "harness.classifiers.linear.classifier:load"


def load(folder: Path, labels: LabelSet) -> Linear:
    """Read what :meth:`Linear.save` wrote: it predicts, bit by bit, what the saved one did.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or has another number of labels.
    """
    found = terms.read(folder)
    made = Linear(found.choice, "logistic", 1.0, False, labels)
    made.terms_, made.head_ = found, Head.read(folder, labels)
    return made
