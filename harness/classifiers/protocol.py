"""What every classifier is: ``fit(examples, labels)`` and ``predict_proba(examples)``.

A factory returns one. Its signature is the schema of its options: they are keyword-only, with their defaults.
``labels: LabelSet`` and ``seed: int`` are passed in by the harness, if the signature names them::

    def mine(*, strength: float = 1.0, target: Target = "marked", labels: LabelSet, seed: int) -> Classifier:
        return Mine(strength, target, labels, seed)
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet
from harness.values.parties import EMPTY, Registry, Span

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


Target = Literal["marked", "masked", "pair", "marked_pair", "none"]
"""How a classifier is shown the party; see :mod:`harness.classifiers.inputs`."""


@dataclass(frozen=True)
class Example:
    """An item to label.

    Parameters
    ----------
    text : str
        The sentence.
    target : str or None
        The party's name; None for framing.
    spans : tuple of (int, int)
        Where ``text`` names the target, the span of the corpus first; empty where it is not named.
    holder : str or None
        Whose stance it is, if that is annotated.
    """

    text: str
    target: str | None = None
    spans: tuple[Span, ...] = ()
    holder: str | None = None


Examples = Sequence[Example]


def examples_of(rows: pd.DataFrame, parties: Registry = EMPTY) -> list[Example]:
    """Turn rows of a corpus, or of a person's input, into examples.

    Parameters
    ----------
    rows : DataFrame
        ``text`` and, if there are such columns, ``target``, ``start``, ``end``, ``holder``.
    parties : Registry
        Where a row has a target but no span, mentions of the target are found by these names.

    Returns
    -------
    list of Example
        In the order of the rows.
    """
    columns = [_column(rows, name) for name in ("text", "target", "start", "end", "holder")]
    return [
        Example(
            str(text),
            None if target is None else str(target),
            _spans(str(text), target, start, end, parties),
            None if holder is None else str(holder),
        )
        for text, target, start, end, holder in zip(*columns, strict=True)
    ]


@dataclass(frozen=True)
class Labelled:
    """Examples with their encoded labels, ``(n,)`` or ``(n, k)``.

    ``other_task`` holds the rows of the other task from the same articles, for classifiers that learn stance
    and frames jointly; see :func:`learns_both_tasks`. ``groups`` names the article of each row, empty where
    it is unknown; None where that of none is known.
    """

    examples: Examples
    codes: NDArray[np.int64]
    other_task: Labelled | None = None
    groups: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.examples)


Factory = TypeVar("Factory", bound=Callable[..., Any])


def learns_both_tasks(factory: Factory) -> Factory:
    """Declare that a factory's classifiers learn stance and frames jointly.

    The harness then passes ``other_labels: LabelSet``, the labels of the other task, to the factory, and fits
    with :attr:`Labelled.other_task`; both are None where the corpus is labelled for one task alone::

        @learns_both_tasks
        def mine(*, labels: LabelSet, other_labels: LabelSet | None = None, seed: int) -> Mine:
            return Mine(labels, other_labels, seed)
    """
    vars(factory)["learns_both_tasks"] = True
    return factory


def knows_languages(*languages: str) -> Callable[[Factory], Factory]:
    """Declare that a factory's classifiers know some languages alone, such as ``en``.

    An experiment on a corpus in another language then says so beside its scores.
    """

    def declare(factory: Factory) -> Factory:
        vars(factory)["languages"] = languages
        return factory

    return declare


@runtime_checkable
class Classifier(Protocol):
    """What is trained, scored and compared.

    Attributes
    ----------
    deterministic : bool
        Whether the seed changes nothing: such a classifier is trained once, whatever the config's seeds.
    """

    deterministic: bool

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Learn from ``train``.

        Parameters
        ----------
        train : Labelled
            At least one example.
        validation : Labelled, optional
            Held-out rows for early stopping; no weights are fitted to them.
        """

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities in label order; rows sum to 1 for a single-label task."""


@runtime_checkable
class LabelsAlone(Protocol):
    """A classifier that may give labels without probabilities.

    Metrics that need probabilities are then left out, and so are calibration, thresholds and abstention; such
    a classifier cannot be served, since a served model promises probabilities.

    Attributes
    ----------
    has_probabilities : bool
        Whether ``predict_proba`` can be called; final once it is fitted. A classifier without this attribute
        has them.
    """

    has_probabilities: bool

    def predict(self, examples: Examples) -> NDArray[np.int64]:
        """Return codes, shaped as those of :meth:`harness.values.labels.LabelSet.decide`."""


def has_probabilities(classifier: Classifier) -> bool:
    """Say whether a fitted classifier gives probabilities, not labels alone."""
    return not isinstance(classifier, LabelsAlone) or classifier.has_probabilities


@runtime_checkable
class MayMiss(Protocol):
    """A classifier that may have no prediction for some rows, such as a language model that refuses.

    ``predict_proba`` returns NaN for such a row, and ``predict``
    :data:`harness.values.labels.MISSING_CODE`, of several labels for each. Of any other classifier that is an
    error. A missing prediction is a miss of the true label and a hit of none; see
    :mod:`harness.scoring.metrics.metric`.

    Attributes
    ----------
    may_miss : bool
    """

    may_miss: bool


def may_miss(classifier: Classifier) -> bool:
    """Say whether a classifier may have no prediction for some rows."""
    return isinstance(classifier, MayMiss) and classifier.may_miss


@runtime_checkable
class Metered(Protocol):
    """A classifier whose work costs more than time, such as requests to a server."""

    def usage(self) -> Mapping[str, float]:
        """Return what it took since ``fit``, by name, such as ``requests`` and ``cost``."""


@runtime_checkable
class Saveable(Protocol):
    """A classifier that can be served.

    ``save`` writes data only, no code and no pickle, into an existing empty folder, and returns the
    ``"package.module:function"`` that loads it: ``function(folder, labels) -> Classifier``.
    """

    def save(self, folder: Path) -> str:
        """Write what was learned; return the loader's address."""


@runtime_checkable
class Traced(Protocol):
    """A classifier with training curves: one dict per step (an epoch), with the same keys in each."""

    curves_: list[dict[str, float]]


@runtime_checkable
class Multithreaded(Protocol):
    """A classifier that computes with all threads that its process may use, as PyTorch does.

    Where trials run in several processes, such classifiers get the cores for which there are no others.

    Attributes
    ----------
    multithreaded : bool
    """

    multithreaded: bool


@runtime_checkable
class ReadsOtherTexts(Protocol):
    """A classifier that learns from texts beside the corpus; the leak gate looks for test in them."""

    def other_texts(self) -> Sequence[str]:
        """Return these texts, before or after ``fit``; empty where there are none."""


@runtime_checkable
class Resumable(Protocol):
    """A classifier whose training can be resumed after its process was killed.

    Attributes
    ----------
    checkpoint_dir : Path or None
        Set before ``fit``: a folder, created if missing, that belongs to this training alone. ``fit`` saves
        its state there and resumes from a state that it finds; the caller deletes the folder afterwards.
    """

    checkpoint_dir: Path | None


@runtime_checkable
class Watched(Protocol):
    """A classifier that is trained in steps (epochs), after each of which somebody may end it.

    Attributes
    ----------
    on_step : callable or None
        Set before ``fit``: called after each step with a score on ``validation``, higher is better; what it
        raises ends the training. A training that is resumed calls it for its earlier steps, too.
    n_steps : int
        Steps of a training that is not ended early.
    """

    on_step: Callable[[float], None] | None
    n_steps: int


def needs_no_training(factory: Factory) -> Factory:
    """Declare that a factory's classifiers learn nothing, or next to nothing, and take long to predict.

    Where their options are tuned within the training rows, a part of these as large as validation has to do.
    """
    vars(factory)["needs_no_training"] = True
    return factory


def fit(
    classifier: Classifier, train: Labelled, validation: Labelled | None, unfinished: Path | None
) -> None:
    """Fit a classifier; one that can resume keeps its state in ``unfinished``, and goes on from it."""
    if isinstance(classifier, Resumable):
        classifier.checkpoint_dir = unfinished
    classifier.fit(train, validation)


def save(classifier: Classifier, folder: Path) -> Path | None:
    """Save a fitted classifier as ``model/`` and ``loader.txt`` in a folder.

    Returns
    -------
    Path or None
        The folder; None if the classifier is not :class:`Saveable`, or has labels without probabilities.

    Raises
    ------
    ClassifierError
        Where a file holds the value of a secret: a model is handed on. Nothing is left of it then.
    """
    # Here, and not above: what labels alone loads little.
    from harness.values.secrets import secret_in

    if not isinstance(classifier, Saveable) or not has_probabilities(classifier):
        return None
    # What an interrupted attempt left must not be mixed with this one.
    shutil.rmtree(folder / "model", ignore_errors=True)
    (folder / "model").mkdir(parents=True)
    (folder / "loader.txt").write_text(classifier.save(folder / "model") + "\n", encoding="utf-8")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        shown = secret_in(file)
        if shown:
            shutil.rmtree(folder)
            raise ClassifierError(
                f"its save() writes the value of {shown} into {file.relative_to(folder)}: leave it out, and"
                " read the environment variable where the model is loaded"
            )
    return folder


@runtime_checkable
class Accelerated(Protocol):
    """A saved classifier with faster engines than the exact one, ``fp32``, which computes all scores.

    The exact engine is in use until :meth:`use` chooses another.
    """

    def accelerate(self, folder: Path, seen: Examples, held: Labelled) -> Mapping[str, Mapping[str, Any]]:
        """Add fast engines to what :meth:`Saveable.save` wrote.

        Parameters
        ----------
        folder : Path
            The folder that the classifier was saved in, and loaded from.
        seen : sequence of Example
            Training rows.
        held : Labelled
            Rows outside training; an engine that does not agree with the exact one on nearly all of them is
            refused.

        Returns
        -------
        mapping
            Per engine its measurements, or ``{"refused": reason}``.
        """

    def use(self, engine: str) -> None:
        """Choose the engine; ``auto`` takes the fastest of those that were not refused."""


def load(folder: Path, labels: LabelSet) -> Classifier:
    """Load what :func:`save` wrote in this process; a model of unknown origin is for serving to check."""
    module, _, name = (folder / "loader.txt").read_text(encoding="utf-8").strip().partition(":")
    classifier: Classifier = getattr(importlib.import_module(module), name)(folder / "model", labels)
    return classifier


def _column(rows: pd.DataFrame, name: str) -> list[Any]:
    if name not in rows.columns:
        return [None] * len(rows)
    # As objects, since None is lost in columns of numbers.
    column = rows[name].astype(object)
    return list(column.where(column.notna(), None))


def _spans(text: str, target: Any, start: Any, end: Any, parties: Registry) -> tuple[Span, ...]:
    # An annotated span is that of this row's target; the registry would also find other mentions of it.
    if start is not None and end is not None:
        return ((int(start), int(end)),)
    return parties.spans(text, str(target)) if target is not None else ()
