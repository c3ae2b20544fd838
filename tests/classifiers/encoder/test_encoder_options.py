"""Options of the encoder: their ranges, and how they come back from a record."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.classifiers.encoder import encoder
from harness.classifiers.encoder.options import Options, Regularization, Schedule, from_record
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE
from tests.golden import Golden


def test_options_come_back_from_their_record() -> None:
    options = Options(epochs=7, schedule=Schedule(warmup=0.3), regularization=Regularization(r_drop=0.5))
    assert from_record(options.to_record()) == options


def test_every_option_out_of_range_is_reported_at_once(golden: Golden) -> None:
    with pytest.raises(ConfigError) as caught:
        encoder(
            epochs=0,
            learning_rate=0.0,
            batch_size=0,
            max_tokens=15,
            schedule=Schedule(warmup=1.0, weight_decay=-1.0, clip=0.0, patience=-1),
            regularization=Regularization(
                dropout=1.0,
                label_smoothing=-0.1,
                r_drop=-1.0,
                adversarial=float("inf"),
                class_weights=1.1,
            ),
            labels=FRAMING,
            seed=1,
        )
    assert [problem.where for problem in caught.value.problems] == [
        *("epochs", "learning_rate", "batch_size", "max_tokens"),
        *(f"schedule.{name}" for name in ("warmup", "weight_decay", "clip", "patience")),
        *(f"regularization.{name}" for name in ("dropout", "label_smoothing", "r_drop")),
        *("regularization.adversarial", "regularization.class_weights"),
    ]
    golden("classifiers/encoder-options", str(caught.value))


def test_the_smallest_values_in_range_are_accepted() -> None:
    encoder(
        epochs=1,
        learning_rate=1e-9,
        batch_size=1,
        max_tokens=16,
        schedule=Schedule(warmup=0.0, weight_decay=0.0, patience=0),
        regularization=Regularization(dropout=0.0, label_smoothing=0.0),
        labels=STANCE,
        seed=1,
    )


@pytest.mark.parametrize(
    ("kind", "options", "where", "suggested"),
    [
        ("distilled", {"trust": 0.5}, "mine.trust", "teacher_weight"),
        ("distilled", {"student": {"epoch": 2}}, "mine.student.epoch", "epochs"),
        (
            "joint_encoder",
            {"encoder": {"schedule": {"warmpu": 0.1}}},
            "mine.encoder.schedule.warmpu",
            "warmup",
        ),
    ],
)
def test_unknown_and_former_options_come_with_a_hint(
    kind: str, options: dict[str, Any], where: str, suggested: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        bind("classifier", kind, options, "mine")
    (problem,) = caught.value.problems
    assert problem.where == where
    assert re.findall("'(.+?)'", problem.hint) == [suggested]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("encoder", "regularization"),
        ("joint_encoder", "encoder.regularization"),
        ("distilled", "teacher.regularization"),
    ],
)
def test_weight_averaging_was_removed(kind: str, path: str, golden: Golden) -> None:
    options: dict[str, Any] = {"ema": 0.995}
    for group in reversed(path.split(".")):
        options = {group: options}
    with pytest.raises(ConfigError) as caught:
        bind("classifier", kind, options)
    assert [problem.where for problem in caught.value.problems] == [f"{path}.ema"]
    golden("classifiers/encoder-ema", str(caught.value).replace(path, "GROUP"))


def test_a_record_with_a_removed_option_is_read_and_one_with_an_unknown_option_is_not() -> None:
    options = Options(epochs=7)
    record = options.to_record()
    record["regularization"] |= {"ema": 0.995}
    assert from_record(record) == options
    record["regularization"] |= {"emma": 0.995}
    with pytest.raises(TypeError, match="emma"):
        from_record(record)


def test_a_missing_checkpoint_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"\./nowhere") as caught:
        encoder(checkpoint="./nowhere", labels=STANCE, seed=1)
    assert [problem.where for problem in caught.value.problems] == ["checkpoint"]
