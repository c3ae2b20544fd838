"""Examples in, the probabilities of a linear model over words and characters out; trained in seconds.

The sentence is counted twice: as a whole, and from the target, where words before and after it are different
terms with weights that decay with the distance. Language-neutral.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.heads import Head, logistic, svm
from harness.classifiers.linear import terms
from harness.classifiers.linear.attribution import WordContributions, contributions
from harness.classifiers.linear.terms import TermOptions
from harness.classifiers.protocol import Examples, Labelled, Target
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

Model = Literal["logistic", "svm"]
_BATCH_ROWS = 4096
"""Rows whose terms are in memory at a time."""


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
    """Fit a linear classifier over TF-IDF n-grams of words and characters.

    The defaults were chosen on the development rows of NewsMTSC. Without n-grams of characters
    (``chars: null``) it is several times as fast and a little less accurate.

    Parameters
    ----------
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`. ``masked`` and ``marked`` distinguish
        words before and after the target; ``pair`` adds the words of its name, which a linear model cannot
        relate to the sentence; ``none`` ignores it.
    model : {"logistic", "svm"}
        ``logistic``: logistic regression over all labels. ``svm``: a linear support vector machine per label,
        with probabilities by Platt scaling on five held-out folds of the training rows.
        For a multi-label task, either is fitted per label.
    C : float
        Inverse strength of the L2 penalty; above 0.
    balanced : bool
        Whether labels get equal total weight, however rare they are in training.
    words : int
        Words in an n-gram, at most; 1 to 3.
    chars : tuple of int, or None
        Shortest and longest n-grams of the characters inside words, 1 to 8; None for words only.
    window : float
        In words: a term ``d`` words away from the target has weight ``exp(-(d - 1) / window)``; above 0.
    min_count : int
        Training rows that a term must occur in; at least 1.
    labels : LabelSet
        Of the task; passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range.
    """
    checks = (
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
    problems = [Problem(where, what) for where, is_wrong, what in checks if is_wrong]
    if problems:
        raise ConfigError(problems)
    options = TermOptions(target=target, words=words, chars=chars, window=window, min_count=min_count)
    return Linear(options, model, C, balanced, labels)


class Linear:
    """TF-IDF terms and a linear head.

    Parameters
    ----------
    options : TermOptions
        Which terms are counted.
    model, C, balanced
        See :func:`linear`.
    labels : LabelSet

    Attributes
    ----------
    terms_ : Terms
    head_ : Head
    """

    deterministic = True

    def __init__(
        self, options: TermOptions, model: Model, C: float, balanced: bool, labels: LabelSet
    ) -> None:
        self.options, self.model, self.C, self.balanced, self.labels = options, model, C, balanced, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Learn terms and weights from ``train``."""
        fit_head = logistic if self.model == "logistic" else svm
        self.terms_, rows = terms.learn(train.examples, self.options)
        self.head_ = fit_head(rows, train.codes, self.labels, C=self.C, balanced=self.balanced)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities."""
        # In pieces, so that a million rows need no more memory than a few thousand.
        parts = [
            self.head_.proba(self.terms_.rows(examples[start : start + _BATCH_ROWS]))
            for start in range(0, len(examples), _BATCH_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))

    def contributions(self, examples: Examples) -> list[WordContributions]:
        """Return what each word contributes, see :mod:`harness.classifiers.linear.attribution`."""
        return [contributions(self.terms_, self.head_.weights, example) for example in examples]

    def save(self, folder: Path) -> str:
        """Write terms and weights as JSON and plain arrays; return the loader's address."""
        self.terms_.write(folder)
        self.head_.write(folder)
        return "harness.classifiers.linear.classifier:load"


def load(folder: Path, labels: LabelSet) -> Linear:
    """Read what :meth:`Linear.save` wrote; it predicts the same bits as the classifier that was saved.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or has another number of labels.
    """
    learned = terms.read(folder)
    # The model's kind and penalty matter for fitting alone.
    classifier = Linear(learned.options, "logistic", 1.0, False, labels)
    classifier.terms_, classifier.head_ = learned, Head.read(folder, labels)
    return classifier
