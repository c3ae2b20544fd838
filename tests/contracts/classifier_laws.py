"""A way to make a classifier in, an AssertionError out where it breaks a law.

Every law takes a :class:`Trial`, so that it can be held against the catalogue and against villains alike.
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
class Trial:
    """What a law needs.

    Attributes
    ----------
    make : callable
        Of a seed; returns an unfitted classifier.
    train, test : Labelled
    labels : LabelSet
    folder : Path
        Empty, for what is saved.
    """

    make: Callable[[int], Classifier]
    train: Labelled
    test: Labelled
    labels: LabelSet
    folder: Path

    def fitted(self, seed: int = 1) -> Classifier:
        made = self.make(seed)
        made.fit(self.train, self.test)
        return made


def probabilities_are_probabilities(trial: Trial) -> None:
    proba = trial.fitted().predict_proba(trial.test.examples)
    assert proba.shape == (len(trial.test), len(trial.labels)), proba.shape
    assert proba.dtype == np.float64, proba.dtype
    assert np.isfinite(proba).all()
    assert ((proba >= 0) & (proba <= 1)).all()
    if not trial.labels.multi:
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=CLOSE)


def no_rows_give_no_rows(trial: Trial) -> None:
    assert trial.fitted().predict_proba([]).shape == (0, len(trial.labels))


def a_seed_fixes_everything(trial: Trial) -> None:
    one, two = (trial.fitted(seed=3).predict_proba(trial.test.examples) for _ in range(2))
    assert one.tobytes() == two.tobytes()


def deterministic_is_said_truly(trial: Trial) -> None:
    one, two = (trial.fitted(seed).predict_proba(trial.test.examples) for seed in (1, 2))
    assert trial.make(1).deterministic == (one.tobytes() == two.tobytes())


def global_randomness_is_left_alone(trial: Trial) -> None:
    before = _random_states()
    trial.fitted().predict_proba(trial.test.examples)
    assert before == _random_states()


def order_changes_no_row(trial: Trial) -> None:
    made, examples = trial.fitted(), list(trial.test.examples)
    forward, backward = made.predict_proba(examples), made.predict_proba(examples[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=CLOSE)


def batches_change_no_row(trial: Trial) -> None:
    made, examples = trial.fitted(), list(trial.test.examples)
    alone = np.concatenate([made.predict_proba([one]) for one in examples])
    np.testing.assert_allclose(made.predict_proba(examples * 3), np.tile(alone, (3, 1)), atol=CLOSE)


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


def any_text_is_answered(trial: Trial) -> None:
    made = trial.fitted()
    for text in STRANGE:
        middle = len(text) // 2
        for spans in ((), ((0, min(3, len(text))),) if text else (), ((middle, middle + 1),) if text else ()):
            proba = made.predict_proba([Example(text, "Varna", spans, "The Union")])
            assert proba.shape == (1, len(trial.labels))
            assert np.isfinite(proba).all()
    assert np.isfinite(made.predict_proba([Example("No party here.")])).all()


def what_is_loaded_is_what_was_saved(trial: Trial) -> None:
    made = trial.fitted()
    assert isinstance(made, Saveable)
    address = made.save(trial.folder)
    again = loader(address)(trial.folder, trial.labels)
    same = made.predict_proba(trial.test.examples).tobytes()
    assert again.predict_proba(trial.test.examples).tobytes() == same
    assert again.deterministic == made.deterministic
    files = [path for path in trial.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".py", ".bin"}]
    assert not [path.name for path in files if path.read_bytes()[:1] == b"\x80"], "looks like a pickle"


def a_blind_one_sees_no_target(trial: Trial) -> None:
    """Only for classifiers made with ``target: none``."""
    made, examples = trial.fitted(), list(trial.test.examples)
    seen = made.predict_proba(examples)
    for change in (
        {"target": "Harbour Party"},
        {"spans": ()},
        {"spans": ((0, 2), (3, 4))},
        {"holder": "The Union"},
        {"target": None, "spans": ()},
    ):
        changed: list[Example] = [replace(one, **change) for one in examples]  # type: ignore[arg-type]
        assert made.predict_proba(changed).tobytes() == seen.tobytes(), change


def a_seeing_one_sees_the_target(trial: Trial) -> None:
    """Only for classifiers that are shown the target: another span, or another name, changes something."""
    made, examples = trial.fitted(), list(trial.test.examples)
    seen = made.predict_proba(examples)
    moved = [replace(one, target="league", spans=((0, 1),)) for one in examples]
    assert np.abs(made.predict_proba(moved) - seen).max() > CLOSE


def fit_changes_no_input(trial: Trial) -> None:
    given = copy.deepcopy((trial.train, trial.test))
    trial.fitted().predict_proba(trial.test.examples)
    for before, after in zip(given, (trial.train, trial.test), strict=True):
        assert list(before.examples) == list(after.examples)
        assert before.codes.tobytes() == after.codes.tobytes()


def fitting_again_forgets(trial: Trial) -> None:
    made = trial.make(1)
    made.fit(_first_half(trial.train), trial.test)
    made.fit(trial.train, trial.test)
    fresh = trial.fitted().predict_proba(trial.test.examples)
    assert made.predict_proba(trial.test.examples).tobytes() == fresh.tobytes()


def a_label_may_be_absent(trial: Trial) -> None:
    """Train on rows without the last label, then on rows of one label only."""
    absent = (
        trial.train.codes[:, -1] == 0 if trial.labels.multi else trial.train.codes < len(trial.labels) - 1
    )
    first = trial.train.codes[0]
    alike = np.array([np.array_equal(code, first) for code in trial.train.codes])
    for kept in (absent, alike):
        chosen = np.flatnonzero(kept)
        rows = [trial.train.examples[at] for at in chosen.tolist()]
        part = replace(trial.train, examples=rows, codes=trial.train.codes[chosen])
        made = trial.make(1)
        made.fit(part, part)
        proba = made.predict_proba(trial.test.examples)
        assert proba.shape == (len(trial.test), len(trial.labels))
        assert np.isfinite(proba).all()


LAWS: tuple[Callable[[Trial], None], ...] = (
    probabilities_are_probabilities,
    no_rows_give_no_rows,
    a_seed_fixes_everything,
    deterministic_is_said_truly,
    global_randomness_is_left_alone,
    order_changes_no_row,
    batches_change_no_row,
    any_text_is_answered,
    what_is_loaded_is_what_was_saved,
    fit_changes_no_input,
    fitting_again_forgets,
    a_label_may_be_absent,
)
"""Those that hold for every classifier."""


def _first_half(data: Labelled) -> Labelled:
    half = len(data) // 2
    return replace(data, examples=list(data.examples)[:half], codes=data.codes[:half])


def _random_states() -> tuple[Any, ...]:
    import torch

    name, keys, *rest = np.random.get_state()
    assert isinstance(keys, np.ndarray)
    return random.getstate(), name, keys.tobytes(), *rest, torch.get_rng_state().numpy().tobytes()
