from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from golden import Golden
from refused import listing, refused

from harness.values.errors import PredictionsError
from harness.values.labels import FRAMING, STANCE, LabelSet


def test_single_labels_round_trip() -> None:
    codes = STANCE.encode(["supportive", "critical", "neutral"])
    assert codes.tolist() == [2, 0, 1]
    assert STANCE.decode(codes) == ["supportive", "critical", "neutral"]


def test_multi_labels_round_trip_none_included() -> None:
    rows = [("morality",), (), ("conflict", "responsibility")]
    codes = FRAMING.encode(rows)
    assert codes.tolist() == [[0, 0, 0, 1, 0], [0] * 5, [1, 0, 0, 0, 1]]
    assert FRAMING.decode(codes) == rows


def test_no_rows_keep_their_shape() -> None:
    assert STANCE.encode([]).shape == (0,)
    assert FRAMING.encode([]).shape == (0, 5)


UNKNOWN = {
    "single-label": partial(STANCE.encode, ["against"]),
    "multi-label": partial(FRAMING.encode, [["strategy"]]),
}


def test_an_unknown_label_is_named_with_the_labels(golden: Golden) -> None:
    assert {type(refused(action)) for action in UNKNOWN.values()} == {PredictionsError}
    golden("values/labels", listing(UNKNOWN))


def test_a_tie_goes_to_the_first_label() -> None:
    assert STANCE.decide(np.array([[0.4, 0.4, 0.2]])).tolist() == [0]


def test_a_threshold_is_met_by_equality_and_missed_just_below() -> None:
    two = LabelSet(("a", "b"), multi=True)
    assert two.decide(np.array([[0.5, 0.4999]])).tolist() == [[1, 0]]
    assert two.decide(np.array([[0.5, 0.4999]]), thresholds=[0.6, 0.4]).tolist() == [[0, 1]]


def test_label_sets_that_make_no_sense_are_refused(golden: Golden) -> None:
    sets: list[tuple[tuple[str, ...], bool]] = [(("a", "a"), False), (("a",), False), ((), True)]
    lines = []
    for names, multi in sets:
        with pytest.raises(ValueError, match="label") as caught:
            LabelSet(names, multi)
        lines.append(f"{names}, {'several' if multi else 'one'} a row: {caught.value}")
    golden("values/label-sets", "\n".join(lines))


def test_one_frame_is_enough_for_a_multi_label_set() -> None:
    assert len(LabelSet(("a",), multi=True)) == 1
