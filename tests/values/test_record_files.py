"""A damaged record is one error that names its file, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.classifiers.encoder.engines import record
from harness.serving import probes, trust
from harness.serving.contract import Contract
from harness.values.errors import ClassifierError, HarnessError, ModelError
from harness.values.record_files import read_record

DAMAGES = {
    "no JSON": "{",
    "not UTF-8": b"\xff\xfe",
    "another type": "[1]",
    "no key": "{}",
    "another type inside": '{"weights": "a", "padding": [], "offers": 3, "labels": 1, "proba": 1, "rows": 2}',
}
READERS: dict[str, tuple[Any, type[HarnessError]]] = {
    probes.FILE: (probes.read_probes, ModelError),
    record.FILE: (record.read, ClassifierError),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", READERS)
def test_every_reader_of_a_record_answers_damage_with_its_error(
    name: str, damage: str | bytes, tmp_path: Path
) -> None:
    read, error = READERS[name]
    path = tmp_path / name
    assert read(tmp_path) is None
    path.write_bytes(damage if isinstance(damage, bytes) else damage.encode())
    with pytest.raises(error) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} is damaged: ")


@pytest.mark.parametrize("damage", ["{", "[1]", '{"classifier": "a", "corpus": "b", "value": "high"}'])
def test_a_damaged_card_is_an_error_and_no_card_is_none(damage: str, tmp_path: Path) -> None:
    (tmp_path / trust.FILE).write_text(damage)
    contract: Contract = None  # type: ignore[assignment]  # only asked where there is no card
    with pytest.raises(ModelError, match="is damaged: "):
        trust.ModelCard.read(tmp_path, contract)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("{}")
    with pytest.raises(ModelError) as caught:
        read_record(path, lambda data: data["format"], ModelError)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert repr("format") in message
