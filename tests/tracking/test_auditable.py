"""What can be audited: a model of the harness, a pyfunc, a function; all give probabilities for examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden

from harness.classifiers.protocol import Example
from harness.serving.inference import load_folder
from harness.tracking.auditable import auditable, load_for_audit, read_probabilities, rows_of
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import STANCE
from tests.serving.toy_models import listing, refusal, write_model

EXAMPLES = [
    Example("Varna praised Ostrel.", "Ostrel", ((14, 20),)),
    Example("Varna blasted Ostrel.", "Ostrel"),
]
COLUMNS = ["p_critical", "p_neutral", "p_supportive"]


def test_a_model_of_the_harness_is_audited_by_its_calibrated_probabilities(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    model = auditable(folder)
    assert (model.uri, model.task, model.labels, model.can_omit_target) == (
        *(str(folder), "stance", STANCE),
        True,
    )
    expected = load_folder(folder).predict(rows_of(EXAMPLES))[COLUMNS]
    np.testing.assert_array_equal(model.predict(EXAMPLES, STANCE), expected)
    np.testing.assert_array_equal(
        auditable(load_folder(folder)).predict(EXAMPLES, STANCE), model.predict(EXAMPLES, STANCE)
    )


def test_a_function_of_a_table_is_audited() -> None:
    def certain(table: pd.DataFrame) -> pd.DataFrame:
        assert list(table.columns) == ["text", "target", "target_start", "target_end", "holder"]
        return pd.DataFrame([[1.0, 0.0, 0.0]] * len(table), columns=COLUMNS)

    model = auditable(certain)
    assert (model.uri, model.task, model.labels, model.can_omit_target) == ("certain", None, None, False)
    assert model.predict(EXAMPLES, STANCE).tolist() == [[1.0, 0.0, 0.0]] * 2


def test_a_folder_of_something_else_is_tried_as_a_pyfunc(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_for_audit(str(tmp_path))
    assert not isinstance(caught.value, ForeignModelError)
    assert str(tmp_path) in str(caught.value)


def test_a_missing_model_is_not_tried_as_a_pyfunc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.tracking.auditable._pyfunc", pytest.fail)
    with pytest.raises(ModelError, match="nowhere"):
        load_for_audit(str(tmp_path / "nowhere"))


def test_rows_for_a_pyfunc_have_the_types_of_a_signature() -> None:
    table = rows_of([Example("A met B.", "B", ((6, 7), (0, 1)), "A"), Example("A met B.", "C")])
    assert table.to_dict("records")[0] == {
        "text": "A met B.",
        "target": "B",
        "target_start": 6.0,
        "target_end": 7.0,
        "holder": "A",
    }
    assert table["holder"].tolist() == ["A", None]
    assert table["target_start"].dtype == table["target_end"].dtype == np.float64


def test_probabilities_are_read_in_the_order_of_the_labels() -> None:
    answer = pd.DataFrame({"p_supportive": [0.5], "p_critical": [0.2], "p_neutral": [0.3], "other": ["x"]})
    assert read_probabilities("m", answer, STANCE, 1).tolist() == [[0.2, 0.3, 0.5]]


def test_answers_without_a_column_or_a_row_are_refused(golden: Golden) -> None:
    answers: dict[str, Any] = {
        "a column is missing": pd.DataFrame([[0.5] * 3] * 3, columns=["label", "p_critical", "p_supportive"]),
        "a row is missing": pd.DataFrame([[0.5] * 3] * 2, columns=COLUMNS),
        "no table": "critical",
    }
    messages = {
        case: refusal(lambda answer=answer: read_probabilities("theirs", answer, STANCE, 3))  # type: ignore[misc]
        for case, answer in answers.items()
    }
    golden("tracking/unusable-answers", listing(messages))
