"""A way to make a classifier in, an AssertionError out where it breaks a law.

Every law takes a :class:`LawTrial`, so that the catalogue and broken classifiers are tested alike.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.classifiers.protocol import Classifier, Example, Labelled, Saveable
from harness.serving.contract import loader
from harness.values.labels import LabelSet

CLOSE = 1e-6


@dataclass(frozen=True)
class LawTrial:
    """A classifier, and the rows that a law tests it on.

    Attributes
    ----------
    make : callable
        Seed → an unfitted classifier.
    train, test : Labelled
    labels : LabelSet
    folder : Path
        Empty; the classifier is saved here.
    """

    make: Callable[[int], Classifier]
    train: Labelled
    test: Labelled
    labels: LabelSet
    folder: Path

    def fitted(self, seed: int = 1) -> Classifier:
        classifier = self.make(seed)
        classifier.fit(self.train, self.test)
        return classifier


def probabilities_are_probabilities(trial: LawTrial) -> None:
    proba = trial.fitted().predict_proba(trial.test.examples)
    assert proba.shape == (len(trial.test), len(trial.labels)), proba.shape
    assert proba.dtype == np.float64, proba.dtype
    assert np.isfinite(proba).all()
    assert ((proba >= 0) & (proba <= 1)).all()
    if not trial.labels.multi:
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=CLOSE)


def no_rows_give_no_rows(trial: LawTrial) -> None:
    assert trial.fitted().predict_proba([]).shape == (0, len(trial.labels))


def a_seed_determines_everything(trial: LawTrial) -> None:
    first, second = (trial.fitted(seed=3).predict_proba(trial.test.examples) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def deterministic_is_declared_truly(trial: LawTrial) -> None:
    first, second = (trial.fitted(seed).predict_proba(trial.test.examples) for seed in (1, 2))
    assert trial.make(1).deterministic == (first.tobytes() == second.tobytes())


def global_random_states_are_left_alone(trial: LawTrial) -> None:
    before = _random_states()
    trial.fitted().predict_proba(trial.test.examples)
    assert before == _random_states()


def order_changes_no_row(trial: LawTrial) -> None:
    classifier, examples = trial.fitted(), list(trial.test.examples)
    forward, backward = classifier.predict_proba(examples), classifier.predict_proba(examples[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=CLOSE)


def batches_change_no_row(trial: LawTrial) -> None:
    classifier, examples = trial.fitted(), list(trial.test.examples)
    alone = np.concatenate([classifier.predict_proba([example]) for example in examples])
    np.testing.assert_allclose(classifier.predict_proba(examples * 3), np.tile(alone, (3, 1)), atol=CLOSE)


STRANGE = (
    "",
    "x",
    " \t\n",
    "\x00\x1b[31m\u202e\u200b\ufeff",
    "\ud800 half a pair",
    "党は法案を批判した。 партия хвалит 🇫🇷👩‍👩‍👧 ﷽ e\u0301",
    "word " * 20_000,
    "w" * 100_000,
)


def any_text_is_answered(trial: LawTrial) -> None:
    classifier = trial.fitted()
    for text in STRANGE:
        middle = len(text) // 2
        for spans in ((), ((0, min(3, len(text))),) if text else (), ((middle, middle + 1),) if text else ()):
            proba = classifier.predict_proba([Example(text, "Varna", spans, "The Union")])
            assert proba.shape == (1, len(trial.labels))
            assert np.isfinite(proba).all()
    assert np.isfinite(classifier.predict_proba([Example("No party here.")])).all()


def loading_restores_what_was_saved(trial: LawTrial) -> None:
    classifier = trial.fitted()
    assert isinstance(classifier, Saveable)
    address = classifier.save(trial.folder)
    again = loader(address)(trial.folder, trial.labels)
    same = classifier.predict_proba(trial.test.examples).tobytes()
    assert again.predict_proba(trial.test.examples).tobytes() == same
    assert again.deterministic == classifier.deterministic
    files = [path for path in trial.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".py", ".bin"}]
    assert not [path.name for path in files if path.read_bytes()[:1] == b"\x80"], "looks like a pickle"


def target_none_ignores_the_target(trial: LawTrial) -> None:
    """Only for classifiers classifier with ``target: none``."""
    classifier, examples = trial.fitted(), list(trial.test.examples)
    before = classifier.predict_proba(examples)
    for change in (
        {"target": "Harbour Party"},
        {"spans": ()},
        {"spans": ((0, 2), (3, 4))},
        {"holder": "The Union"},
        {"target": None, "spans": ()},
    ):
        changed: list[Example] = [replace(example, **change) for example in examples]  # type: ignore[arg-type]
        assert classifier.predict_proba(changed).tobytes() == before.tobytes(), change


def other_targets_change_predictions(trial: LawTrial) -> None:
    """Only for classifiers that are shown the target: another span, or another name, changes something."""
    classifier, examples = trial.fitted(), list(trial.test.examples)
    before = classifier.predict_proba(examples)
    moved = [replace(example, target="league", spans=((0, 1),)) for example in examples]
    assert np.abs(classifier.predict_proba(moved) - before).max() > CLOSE


def fit_changes_no_input(trial: LawTrial) -> None:
    copies = copy.deepcopy((trial.train, trial.test))
    trial.fitted().predict_proba(trial.test.examples)
    for before, after in zip(copies, (trial.train, trial.test), strict=True):
        assert list(before.examples) == list(after.examples)
        assert before.codes.tobytes() == after.codes.tobytes()


def fitting_again_starts_anew(trial: LawTrial) -> None:
    classifier = trial.make(1)
    classifier.fit(_first_half(trial.train), trial.test)
    classifier.fit(trial.train, trial.test)
    fresh = trial.fitted().predict_proba(trial.test.examples)
    assert classifier.predict_proba(trial.test.examples).tobytes() == fresh.tobytes()


def a_label_may_be_absent(trial: LawTrial) -> None:
    """Train on rows without the last label, then on rows of one label only."""
    without_last = (
        trial.train.codes[:, -1] == 0 if trial.labels.multi else trial.train.codes < len(trial.labels) - 1
    )
    first = trial.train.codes[0]
    of_one_label = np.array([np.array_equal(code, first) for code in trial.train.codes])
    for selected in (without_last, of_one_label):
        indices = np.flatnonzero(selected)
        rows = [trial.train.examples[index] for index in indices.tolist()]
        part = replace(trial.train, examples=rows, codes=trial.train.codes[indices])
        classifier = trial.make(1)
        classifier.fit(part, part)
        proba = classifier.predict_proba(trial.test.examples)
        assert proba.shape == (len(trial.test), len(trial.labels))
        assert np.isfinite(proba).all()


LAWS: tuple[Callable[[LawTrial], None], ...] = (
    probabilities_are_probabilities,
    no_rows_give_no_rows,
    a_seed_determines_everything,
    deterministic_is_declared_truly,
    global_random_states_are_left_alone,
    order_changes_no_row,
    batches_change_no_row,
    any_text_is_answered,
    loading_restores_what_was_saved,
    fit_changes_no_input,
    fitting_again_starts_anew,
    a_label_may_be_absent,
)
"""Laws for every classifier."""


def _first_half(data: Labelled) -> Labelled:
    half = len(data) // 2
    return replace(data, examples=list(data.examples)[:half], codes=data.codes[:half])


def _random_states() -> tuple[Any, ...]:
    import torch

    name, keys, *rest = np.random.get_state()
    assert isinstance(keys, np.ndarray)
    return random.getstate(), name, keys.tobytes(), *rest, torch.get_rng_state().numpy().tobytes()
