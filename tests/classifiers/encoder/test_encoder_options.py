from __future__ import annotations

import pytest

from harness.classifiers.encoder import encoder
from harness.classifiers.encoder.options import Options, Regularization, Schedule, from_record
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE


def test_options_come_back_from_their_record() -> None:
    options = Options(epochs=7, schedule=Schedule(warmup=0.3), regularization=Regularization(ema=0.5))
    assert from_record(options.to_record()) == options


def test_all_that_is_out_of_range_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        encoder(
            epochs=0,
            learning_rate=0.0,
            batch_size=0,
            max_tokens=15,
            schedule=Schedule(warmup=1.0, weight_decay=-1.0, clip=0.0),
            regularization=Regularization(dropout=1.0, label_smoothing=-0.1, ema=1.0),
            labels=FRAMING,
            seed=1,
        )
    assert str(error.value).splitlines() == [
        "epochs: should be at least 1, got 0",
        "learning_rate: should be above 0, got 0.0",
        "batch_size: should be at least 1, got 0",
        "max_tokens: should be at least 16, got 15",
        "schedule.warmup: should be in [0, 1), got 1.0",
        "schedule.weight_decay: should be at least 0, got -1.0",
        "schedule.clip: should be above 0, got 0.0",
        "regularization.dropout: should be in [0, 1), got 1.0",
        "regularization.label_smoothing: should be in [0, 1), got -0.1",
        "regularization.ema: should be in [0, 1), got 1.0",
    ]


def test_the_smallest_that_is_in_range() -> None:
    encoder(
        epochs=1,
        learning_rate=1e-9,
        batch_size=1,
        max_tokens=16,
        schedule=Schedule(warmup=0.0, weight_decay=0.0),
        regularization=Regularization(dropout=0.0, label_smoothing=0.0, ema=0.0),
        labels=STANCE,
        seed=1,
    )


def test_a_checkpoint_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        encoder(checkpoint="./nowhere", labels=STANCE, seed=1)
    assert str(error.value) == "checkpoint: there is no folder './nowhere'"
