"""What cannot be divided, and settings that cannot be or do nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.splits import Splitter, holdout, kfold, predefined
from harness.values.catalog import bind
from harness.values.errors import ConfigError, SplitError
from harness.values.labels import STANCE
from tests.splits.articles import corpus_of, thirds


@pytest.mark.parametrize(
    "splitter, n_groups, message",
    [
        (kfold(k=5), 4, "mine: 4 groups cannot be divided into 5 parts"),
        (kfold(k=2), 4, "mine: 2 groups cannot be divided into 3 parts"),
        (kfold(k=2), 1, "mine: 1 group cannot be divided into 2 parts"),
        (holdout(), 3, "mine: 3 groups cannot be divided into 4 parts"),
        (holdout(by="row"), 1, "mine: 3 rows cannot be divided into 4 parts"),
    ],
)
def test_too_few_groups(splitter: Splitter, n_groups: int, message: str) -> None:
    with pytest.raises(SplitError) as caught:
        splitter.draw(corpus_of(n_groups=n_groups), STANCE)
    assert str(caught.value) == message


@pytest.mark.parametrize("splitter, n_groups", [(kfold(k=5, dev=0.0), 5), (kfold(k=2), 6), (holdout(), 4)])
def test_just_enough_groups(splitter: Splitter, n_groups: int) -> None:
    for split in splitter.draw(corpus_of(n_groups=n_groups), STANCE):
        assert split.train
        assert split.test


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: holdout(test=0.0), "test: should be a share above 0 and below 1, got 0.0"),
        (lambda: holdout(test=1.0), "test: should be a share above 0 and below 1, got 1.0"),
        (lambda: holdout(test=0.6, dev=0.4), "test: leaves no row to train on: test 0.6 and dev 0.4"),
        (lambda: kfold(k=1), "k: should be at least 2, got 1"),
        (
            lambda: predefined(dev=-0.1, calibration=1.0),
            "dev: should be a share from 0 to below 1, got -0.1\n"
            "calibration: should be a share from 0 to below 1, got 1.0",
        ),
        (lambda: kfold(dev=0.0, calibration=0.3), "calibration: has no effect without dev"),
    ],
)
def test_settings_that_cannot_be(make: Callable[[], Splitter], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


def no_dev(article: int) -> str:
    return "test" if article % 5 == 4 else "train"


@pytest.mark.parametrize(
    "splitter, declared, message",
    [
        (predefined(dev=0.2), thirds, "split.dev: has no effect: mine has dev rows of its own"),
        (predefined(calibration=0.0, seed=3), thirds, "split.seed: has no effect: nothing is drawn"),
        (
            predefined(dev=0.0, seed=3, by="row", stratify=False),
            no_dev,
            "split.by: has no effect: nothing is drawn\n"
            "split.stratify: has no effect: nothing is drawn\n"
            "split.seed: has no effect: nothing is drawn",
        ),
    ],
)
def test_settings_that_do_nothing_on_this_corpus(
    splitter: Splitter, declared: Callable[[int], str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        splitter.draw(corpus_of(split=declared), STANCE)
    assert str(caught.value) == message


def test_a_config_sets_the_seed_and_the_harness_does_not() -> None:
    bound = bind("split", "kfold", {"seed": 7, "k": 3})
    assert bound.canonical() == {
        "kind": "kfold",
        "k": 3,
        "dev": 0.15,
        "calibration": 0.5,
        "by": "group",
        "stratify": True,
        "seed": 7,
    }
    assert bound.make(labels=STANCE, seed=1) == kfold(k=3, seed=7)


def test_a_wrong_setting_is_told_with_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        bind("split", "holdout", {"test_size": 0.2, "by": "article"}, "split")
    assert str(caught.value).splitlines() == [
        "split.test_size: holdout takes no 'test_size'; did you mean 'test'?",
        "split.by: should be 'group' or 'row', got 'article'",
    ]
