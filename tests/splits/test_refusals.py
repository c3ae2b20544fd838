"""What cannot be divided, and settings that are out of range or have no effect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from golden import Golden
from refused import listing, places, refused

from harness.splits import Splitter, holdout, kfold, predefined
from harness.values.catalog import bind
from harness.values.errors import ConfigError, SplitError
from harness.values.labels import STANCE
from tests.splits.articles import corpus_of, thirds


def no_dev(article: int) -> str:
    return "test" if article % 5 == 4 else "train"


def draw(splitter: Splitter, n_groups: int = 40, split: Callable[[int], str | None] = lambda _: None) -> None:
    splitter.draw(corpus_of(n_groups=n_groups, split=split), STANCE)


TOO_FEW_UNITS = {
    "4 groups in 5 folds": partial(draw, kfold(k=5), 4),
    "2 groups outside a fold in 3 parts": partial(draw, kfold(k=2), 4),
    "1 group in 2 folds": partial(draw, kfold(k=2), 1),
    "3 groups in 4 parts": partial(draw, holdout(), 3),
    "3 rows in 4 parts": partial(draw, holdout(by="row"), 1),
}
NOT_DECLARED = {
    "no split declared": partial(draw, predefined()),
    "no test declared": partial(draw, predefined(), split=lambda article: "train" if article else "dev"),
    "no train declared": partial(draw, predefined(), split=lambda _: "test"),
}
OUT_OF_RANGE: dict[str, tuple[Callable[[], object], list[str]]] = {
    "no test": (partial(holdout, test=0.0), ["test"]),
    "nothing but test": (partial(holdout, test=1.0), ["test"]),
    "no train": (partial(holdout, test=0.6, dev=0.4), ["test"]),
    "one fold": (partial(kfold, k=1), ["k"]),
    "no repeat": (partial(kfold, k=1, repeats=0), ["k", "repeats"]),
    "shares below 0 and up to 1": (partial(predefined, dev=-0.1, calibration=1.0), ["dev", "calibration"]),
    "calibration without dev": (partial(kfold, dev=0.0, calibration=0.3), ["calibration"]),
}
WITHOUT_EFFECT: dict[str, tuple[Callable[[], object], list[str]]] = {
    "the corpus has dev": (partial(draw, predefined(dev=0.2), split=thirds), ["split.dev"]),
    "dev is not divided": (
        partial(draw, predefined(calibration=0.0, seed=3), split=thirds),
        ["split.seed"],
    ),
    "there is no dev": (
        partial(draw, predefined(dev=0.0, seed=3, by="row", stratify=False), split=no_dev),
        ["split.by", "split.stratify", "split.seed"],
    ),
}
UNKNOWN: dict[str, tuple[Callable[[], object], list[str]]] = {
    "mistyped": (
        partial(bind, "split", "holdout", {"test_size": 0.2, "by": "article"}, "split"),
        ["split.test_size", "split.by"],
    )
}
SETTINGS = OUT_OF_RANGE | WITHOUT_EFFECT | UNKNOWN


@pytest.mark.parametrize("case", [*TOO_FEW_UNITS, *NOT_DECLARED])
def test_rows_that_cannot_be_divided(case: str) -> None:
    assert type(refused((TOO_FEW_UNITS | NOT_DECLARED)[case])) is SplitError


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_are_refused(case: str) -> None:
    action, where = SETTINGS[case]
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == where


def test_what_is_refused_says_why(golden: Golden) -> None:
    settings = {case: action for case, (action, _) in SETTINGS.items()}
    golden("splits/refusals", listing(TOO_FEW_UNITS | NOT_DECLARED | settings))


@pytest.mark.parametrize("splitter, n_groups", [(kfold(k=5, dev=0.0), 5), (kfold(k=2), 6), (holdout(), 4)])
def test_just_enough_groups(splitter: Splitter, n_groups: int) -> None:
    for split in splitter.draw(corpus_of(n_groups=n_groups), STANCE):
        assert split.train
        assert split.test


def test_a_config_sets_the_seed_and_the_harness_does_not() -> None:
    bound = bind("split", "kfold", {"seed": 7, "k": 3})
    assert bound.canonical() == {
        "kind": "kfold",
        "k": 3,
        "repeats": 1,
        "dev": 0.15,
        "calibration": 0.5,
        "by": "group",
        "stratify": True,
        "seed": 7,
    }
    assert bound.make(labels=STANCE, seed=1) == kfold(k=3, seed=7)
