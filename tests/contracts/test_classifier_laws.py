"""Villains, one law broken by each: the laws of classifiers must catch them, and the honest must pass."""

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
from tests.contracts.classifier_laws import Trial

Reals = NDArray[np.float64]


class Honest:
    """Breaks no law: probabilities from the length of the text and what stands at the target's span."""

    deterministic = True

    def __init__(self, labels: LabelSet, seed: int) -> None:
        self.labels, self.seed = labels, seed

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        self.shares_ = np.bincount(train.codes, minlength=len(self.labels)) / len(train)

    def score(self, one: Example) -> float:
        seen = "".join(one.text[start:end] for start, end in one.spans)
        return (len(one.text) % 7 + len(seen) + len(one.target or "")) / 100

    def predict_proba(self, examples: Examples) -> Reals:
        raised = np.array([self.shares_ + self.score(one) for one in examples])
        raised = raised.reshape(len(examples), len(self.labels))
        return raised / raised.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> str:
        np.save(folder / "shares.npy", self.shares_, allow_pickle=False)
        return f"{__name__}:load"


def load(folder: Path, labels: LabelSet) -> Honest:
    made = Honest(labels, 0)
    made.shares_ = np.load(folder / "shares.npy", allow_pickle=False)
    return made


class HonestAndBlind(Honest):
    def score(self, one: Example) -> float:
        return len(one.text) % 7 / 100


class Unnormalised(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * 0.9


class NotANumber(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * np.nan


class Transposed(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples).T


class Half(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples).astype(np.float16)  # type: ignore[return-value]


class Negative(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(examples) * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0]


class ChokesOnNothing(Honest):
    def predict_proba(self, examples: Examples) -> Reals:
        return np.stack([super(ChokesOnNothing, self).predict_proba([one])[0] for one in examples])


class Rolls(Honest):
    """Draws from nobody's seed."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        self.shares_ = self.shares_ + np.random.default_rng().uniform(0, 0.1, len(self.labels))


class SaysDeterministic(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        self.shares_ = self.shares_ + np.random.default_rng(self.seed).uniform(0, 0.1, len(self.labels))


class SaysRandom(Honest):
    """Would be trained five times for nothing."""

    deterministic = False


class SeedsEverybody(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        random.seed(0)


class SeedsNumpy(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        np.random.seed(0)


class SeedsTorch(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        import torch

        super().fit(train)
        torch.manual_seed(7)


class Sorts(Honest):
    """Batches by length and forgets to put the rows back."""

    def predict_proba(self, examples: Examples) -> Reals:
        return super().predict_proba(sorted(examples, key=self.score))


class Normalises(Honest):
    """Scales by what else is in the batch."""

    def predict_proba(self, examples: Examples) -> Reals:
        proba = super().predict_proba(examples)
        proba = proba + proba.mean(axis=0) if len(proba) else proba
        return proba / proba.sum(axis=1, keepdims=True)


class ChokesOnNoWords(Honest):
    def score(self, one: Example) -> float:
        return len(one.text.split()[0]) / 100


class ChokesOnHalfPairs(Honest):
    def score(self, one: Example) -> float:
        return len(one.text.encode()) % 7 / 100


class ChokesOnFraming(Honest):
    def score(self, one: Example) -> float:
        assert one.target is not None
        return super().score(one)


class Forgets(Honest):
    """Saves less than it learned."""

    def save(self, folder: Path) -> str:
        np.save(folder / "shares.npy", self.shares_.astype(np.float32), allow_pickle=False)
        return f"{__name__}:load"


class Pickles(Honest):
    def save(self, folder: Path) -> str:
        import pickle

        (folder / "extra").write_bytes(pickle.dumps(self.shares_))
        return super().save(folder)


class Unsaved(Honest):
    save = None  # type: ignore[assignment]


class SortsItsInput(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        train.codes.sort()


class DropsRows(Honest):
    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        super().fit(train)
        if isinstance(train.examples, list):
            train.examples.pop()


class Remembers(Honest):
    """Goes on from where the last fit ended."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        before = getattr(self, "shares_", np.zeros(len(self.labels)))
        super().fit(train)
        self.shares_ = self.shares_ + before


class CountsWhatOccurs(Honest):
    """Has a column only for labels that it met."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        self.shares_ = np.bincount(train.codes) / len(train)

    def predict_proba(self, examples: Examples) -> Reals:
        raised = np.array([self.shares_ + self.score(one) for one in examples])
        raised = raised.reshape(len(examples), -1) if len(examples) else np.zeros((0, len(self.labels)))
        return raised / raised.sum(axis=1, keepdims=True)


class PeeksAtTheTarget(HonestAndBlind):
    def score(self, one: Example) -> float:
        return super().score(one) + len(one.target or "") / 1e6


class PeeksAtTheSpan(HonestAndBlind):
    def score(self, one: Example) -> float:
        return super().score(one) + len(one.spans) / 1e6


class PeeksAtTheHolder(HonestAndBlind):
    def score(self, one: Example) -> float:
        return super().score(one) + (one.holder is not None) / 1e6


VILLAINS: tuple[tuple[Callable[[Trial], None], type[Honest]], ...] = (
    (laws.probabilities_are_probabilities, Unnormalised),
    (laws.probabilities_are_probabilities, NotANumber),
    (laws.probabilities_are_probabilities, Transposed),
    (laws.probabilities_are_probabilities, Half),
    (laws.probabilities_are_probabilities, Negative),
    (laws.no_rows_give_no_rows, ChokesOnNothing),
    (laws.a_seed_fixes_everything, Rolls),
    (laws.deterministic_is_said_truly, SaysDeterministic),
    (laws.deterministic_is_said_truly, SaysRandom),
    (laws.global_randomness_is_left_alone, SeedsEverybody),
    (laws.global_randomness_is_left_alone, SeedsNumpy),
    (laws.global_randomness_is_left_alone, SeedsTorch),
    (laws.order_changes_no_row, Sorts),
    (laws.batches_change_no_row, Normalises),
    (laws.any_text_is_answered, ChokesOnNoWords),
    (laws.any_text_is_answered, ChokesOnHalfPairs),
    (laws.any_text_is_answered, ChokesOnFraming),
    (laws.what_is_loaded_is_what_was_saved, Forgets),
    (laws.what_is_loaded_is_what_was_saved, Pickles),
    (laws.what_is_loaded_is_what_was_saved, Unsaved),
    (laws.fit_changes_no_input, SortsItsInput),
    (laws.fit_changes_no_input, DropsRows),
    (laws.fitting_again_forgets, Remembers),
    (laws.a_label_may_be_absent, CountsWhatOccurs),
    (laws.a_blind_one_sees_no_target, PeeksAtTheTarget),
    (laws.a_blind_one_sees_no_target, PeeksAtTheSpan),
    (laws.a_blind_one_sees_no_target, PeeksAtTheHolder),
    (laws.a_seeing_one_sees_the_target, HonestAndBlind),
)


def trial(kind: type[Honest], folder: Path) -> Trial:
    texts = ("Varna won again.", "The League met Varna.", "Varna lost!", "Varna, said the Union, met us.")
    examples = [Example(text, "Varna", ((text.index("Varna"), text.index("Varna") + 5),)) for text in texts]
    train = Labelled([*examples, *examples], np.array([2, 1, 0, 1, 2, 0, 0, 1]))

    def make(seed: int) -> Classifier:
        made: Any = kind(STANCE, seed)
        return made  # type: ignore[no-any-return]

    return Trial(make, train, Labelled(examples, np.array([2, 1, 0, 1])), STANCE, folder)


@pytest.mark.parametrize(("law", "villain"), VILLAINS, ids=lambda one: one.__name__)
def test_a_villain_is_caught(law: Callable[[Trial], None], villain: type[Honest], tmp_path: Path) -> None:
    with pytest.raises((AssertionError, TypeError, ValueError, IndexError, UnicodeError)):
        law(trial(villain, tmp_path))


EVERY_LAW = (*laws.LAWS, laws.a_seeing_one_sees_the_target)


@pytest.mark.parametrize("law", EVERY_LAW, ids=lambda law: law.__name__)
def test_the_honest_one_passes(law: Callable[[Trial], None], tmp_path: Path) -> None:
    law(trial(Honest, tmp_path))


def test_the_honest_blind_one_passes(tmp_path: Path) -> None:
    laws.a_blind_one_sees_no_target(trial(HonestAndBlind, tmp_path))


def test_every_law_has_a_villain() -> None:
    assert {law for law, _ in VILLAINS} == {*EVERY_LAW, laws.a_blind_one_sees_no_target}
