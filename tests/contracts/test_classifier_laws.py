"""Broken classifiers, each of which breaks a law: the laws must catch them, and a correct one must pass."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.classifiers.protocol import Classifier, Example, Examples, Labelled
from harness.values.labels import STANCE, LabelSet
from tests.contracts import classifier_laws as laws
from tests.contracts.classifier_laws import LawTrial

Reals = NDArray[np.float64]


class Correct:
    """Breaks no law: probabilities from the lengths of the text and of the mentions of the target."""

    deterministic = True

    def __init__(self, labels: LabelSet, seed: int) -> None:
        self.labels, self.seed = labels, seed

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        self.shares_ = np.bincount(train.codes, minlength=len(self.labels)) / len(train)

    def score(self, example: Example) -> float:
        mentions = "".join(example.text[start:end] for start, end in example.spans)
        return (len(example.text) % 7 + len(mentions) + len(example.target or "")) / 100

    def predict_proba(self, examples: Examples) -> Reals:
        scores = np.array([self.shares_ + self.score(example) for example in examples])
        scores = scores.reshape(len(examples), len(self.labels))
        return scores / scores.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> str:
        np.save(folder / "shares.npy", self.shares_, allow_pickle=False)
        return f"{__name__}:load"


def load(folder: Path, labels: LabelSet) -> Correct:
    classifier = Correct(labels, 0)
    classifier.shares_ = np.load(folder / "shares.npy", allow_pickle=False)
    return classifier


class CorrectAndBlind(Correct):
    def score(self, example: Example) -> float:
        return len(example.text) % 7 / 100


class Unnormalised(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * 0.9


class NotANumber(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * np.nan


class Transposed(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples).T


class Half(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples).astype(np.float16)  # type: ignore[return-value]


class Negative(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0]


class ChokesOnNothing(Correct):
    def predict_proba(self, examples: Examples) -> Reals:
        return np.stack([super(ChokesOnNothing, self).predict_proba([example])[0] for example in examples])


class Rolls(Correct):
    """Draws at random without the seed."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        self.shares_ = self.shares_ + np.random.default_rng().uniform(0, 0.1, len(self.labels))


class SaysDeterministic(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        self.shares_ = self.shares_ + np.random.default_rng(self.seed).uniform(0, 0.1, len(self.labels))


class SaysRandom(Correct):
    """Would be trained once per seed in vain."""

    deterministic = False


class SeedsEverybody(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        random.seed(0)


class SeedsNumpy(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        np.random.seed(0)


class SeedsTorch(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        import torch

        super().fit(train)
        torch.manual_seed(7)


class Sorts(Correct):
    """Batches by length and does not restore the order of the rows."""

    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(sorted(examples, key=self.score))


class Normalises(Correct):
    """Scales by the other rows of the batch."""

    def predict_proba(self, examples: Examples) -> Reals:
        proba = super().predict_proba(examples)
        proba = proba + proba.mean(axis=0) if len(proba) else proba
        return proba / proba.sum(axis=1, keepdims=True)


class ChokesOnNoWords(Correct):
    def score(self, example: Example) -> float:
        return len(example.text.split()[0]) / 100


class ChokesOnHalfPairs(Correct):
    def score(self, example: Example) -> float:
        return len(example.text.encode()) % 7 / 100


class ChokesOnFraming(Correct):
    def score(self, example: Example) -> float:
        assert example.target is not None
        return super().score(example)


class Forgets(Correct):
    """Saves less than it learned."""

    def save(self, folder: Path) -> str:
        np.save(folder / "shares.npy", self.shares_.astype(np.float32), allow_pickle=False)
        return f"{__name__}:load"


class Pickles(Correct):
    def save(self, folder: Path) -> str:
        import pickle

        (folder / "extra").write_bytes(pickle.dumps(self.shares_))
        return super().save(folder)


class Unsaved(Correct):
    save = None  # type: ignore[assignment]


class SortsItsInput(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        train.codes.sort()


class DropsRows(Correct):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        if isinstance(train.examples, list):
            train.examples.pop()


class Remembers(Correct):
    """Continues from the last fit."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        before = getattr(self, "shares_", np.zeros(len(self.labels)))
        super().fit(train)
        self.shares_ = self.shares_ + before


class CountsWhatOccurs(Correct):
    """Has columns only for the labels of its training rows."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        self.shares_ = np.bincount(train.codes) / len(train)

    def predict_proba(self, examples: Examples) -> Reals:
        scores = np.array([self.shares_ + self.score(example) for example in examples])
        scores = scores.reshape(len(examples), -1) if len(examples) else np.zeros((0, len(self.labels)))
        return scores / scores.sum(axis=1, keepdims=True)


class PeeksAtTheTarget(CorrectAndBlind):
    def score(self, example: Example) -> float:
        return super().score(example) + len(example.target or "") / 1e6


class PeeksAtTheSpan(CorrectAndBlind):
    def score(self, example: Example) -> float:
        return super().score(example) + len(example.spans) / 1e6


class PeeksAtTheHolder(CorrectAndBlind):
    def score(self, example: Example) -> float:
        return super().score(example) + (example.holder is not None) / 1e6


BROKEN: tuple[tuple[Callable[[LawTrial], None], type[Correct]], ...] = (
    (laws.probabilities_are_probabilities, Unnormalised),
    (laws.probabilities_are_probabilities, NotANumber),
    (laws.probabilities_are_probabilities, Transposed),
    (laws.probabilities_are_probabilities, Half),
    (laws.probabilities_are_probabilities, Negative),
    (laws.no_rows_give_no_rows, ChokesOnNothing),
    (laws.a_seed_determines_everything, Rolls),
    (laws.deterministic_is_declared_truly, SaysDeterministic),
    (laws.deterministic_is_declared_truly, SaysRandom),
    (laws.global_random_states_are_left_alone, SeedsEverybody),
    (laws.global_random_states_are_left_alone, SeedsNumpy),
    (laws.global_random_states_are_left_alone, SeedsTorch),
    (laws.order_changes_no_row, Sorts),
    (laws.batches_change_no_row, Normalises),
    (laws.any_text_is_answered, ChokesOnNoWords),
    (laws.any_text_is_answered, ChokesOnHalfPairs),
    (laws.any_text_is_answered, ChokesOnFraming),
    (laws.loading_restores_what_was_saved, Forgets),
    (laws.loading_restores_what_was_saved, Pickles),
    (laws.loading_restores_what_was_saved, Unsaved),
    (laws.fit_changes_no_input, SortsItsInput),
    (laws.fit_changes_no_input, DropsRows),
    (laws.fitting_again_starts_anew, Remembers),
    (laws.a_label_may_be_absent, CountsWhatOccurs),
    (laws.target_none_ignores_the_target, PeeksAtTheTarget),
    (laws.target_none_ignores_the_target, PeeksAtTheSpan),
    (laws.target_none_ignores_the_target, PeeksAtTheHolder),
    (laws.other_targets_change_predictions, CorrectAndBlind),
)


def trial(kind: type[Correct], folder: Path) -> LawTrial:
    texts = ("Varna won again.", "The League met Varna.", "Varna lost!", "Varna, said the Union, met us.")
    examples = [Example(text, "Varna", ((text.index("Varna"), text.index("Varna") + 5),)) for text in texts]
    train = Labelled([*examples, *examples], np.array([2, 1, 0, 1, 2, 0, 0, 1]))

    def make(seed: int) -> Classifier:
        classifier: Any = kind(STANCE, seed)
        return classifier  # type: ignore[no-any-return]

    return LawTrial(make, train, Labelled(examples, np.array([2, 1, 0, 1])), STANCE, folder)


@pytest.mark.parametrize(("law", "broken"), BROKEN, ids=lambda value: value.__name__)
def test_a_broken_classifier_is_caught(
    law: Callable[[LawTrial], None], broken: type[Correct], tmp_path: Path
) -> None:
    with pytest.raises((AssertionError, TypeError, ValueError, IndexError, UnicodeError)):
        law(trial(broken, tmp_path))


EVERY_LAW = (*laws.LAWS, laws.other_targets_change_predictions)


@pytest.mark.parametrize("law", EVERY_LAW, ids=lambda law: law.__name__)
def test_the_correct_classifier_passes(law: Callable[[LawTrial], None], tmp_path: Path) -> None:
    law(trial(Correct, tmp_path))


def test_the_correct_classifier_without_target_passes(tmp_path: Path) -> None:
    laws.target_none_ignores_the_target(trial(CorrectAndBlind, tmp_path))


def test_every_law_is_broken_by_a_classifier() -> None:
    assert {law for law, _ in BROKEN} == {*EVERY_LAW, laws.target_none_ignores_the_target}
