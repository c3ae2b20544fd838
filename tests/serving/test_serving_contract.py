from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from sentences import words

from harness.serving.contract import Contract, loader
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.calibrators import Temperature
from harness.serving.decisions.decider import Decider
from harness.serving.engine import LabelEngine
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import STANCE, LabelSet
from harness.values.legacy import LOADERS
from tests.serving.toy_models import listing, refusal

CONTRACT = Contract("stance", STANCE, "toys:load")


def decisions(**changed: Any) -> dict[str, Any]:
    """The decisions of a contract, with something wrong in them."""
    return Decider(STANCE).plain() | changed


DAMAGED: dict[str, dict[str, Any]] = {
    "an older format": {"format": 1},
    "a newer format": {"format": 3},
    "no format": {"format": None},
    "an unknown task": {"task": "weather"},
    "an unknown calibration": {"decisions": decisions(calibration={"kind": "magic"})},
    "temperature 0": {"decisions": decisions(calibration={"kind": "temperature", "temperatures": [0]})},
    "no number": {"decisions": decisions(calibration={"kind": "temperature", "temperatures": ["warm"]})},
    "thresholds of one label": {"decisions": decisions(thresholds=[0.5, 0.5, 0.5])},
    "half a rule": {"decisions": decisions(abstention={"below": 0.5})},
    "a label twice": {"labels": ["a", "a"]},
    "unknown holders": {"holders": "some"},
}
NO_LOADERS = ("os:system", "shutil:rmtree", "numpy:array", "toys:write_corpus", "not_there:load", "None", "")


@pytest.mark.parametrize(
    "contract",
    [
        CONTRACT,
        Contract(
            "framing",
            LabelSet(("a", "b"), multi=True),
            "mine.frames:load",
            Decider(
                LabelSet(("a", "b"), multi=True),
                Temperature((1.5, 0.7)),
                (0.4, 0.6),
                AbstentionRule(0.7, 0.1, "conformal", 0.9, n=80, groups=20, largest=9),
                ("Few rows.",),
            ),
            classifier={"kind": "linear", "C": 1.0},
            trained_on={"corpus": "x", "seed": 3},
            versions={"numpy": "2"},
        ),
    ],
)
def test_a_contract_is_read_as_it_was_written(tmp_path: Path, contract: Contract) -> None:
    contract.write(tmp_path)
    assert Contract.read(tmp_path) == contract


def test_a_damaged_contract_is_refused(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "contract.json"
    messages = {}
    for case, change in DAMAGED.items():
        CONTRACT.write(tmp_path)
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        messages[case] = refusal(lambda: Contract.read(tmp_path), tmp_path)
    path.write_text("{")
    messages["not JSON"] = refusal(lambda: Contract.read(tmp_path), tmp_path)
    golden("serving/damaged-contracts", listing(messages))


def test_a_folder_without_a_contract_is_a_foreign_model(tmp_path: Path) -> None:
    with pytest.raises(ForeignModelError):
        LabelEngine.read(tmp_path)


def test_a_damaged_contract_is_not_a_foreign_model(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text("{")
    with pytest.raises(ModelError) as caught:
        LabelEngine.read(tmp_path)
    assert not isinstance(caught.value, ForeignModelError)


def test_only_functions_that_were_written_to_load_models_are_called(golden: Golden) -> None:
    messages = {
        address or "the empty string": refusal(lambda address=address: loader(address))  # type: ignore[misc]
        for address in NO_LOADERS
    }
    golden("serving/no-loaders", listing(messages))


def test_the_address_of_the_encoder_has_never_changed() -> None:
    assert loader("harness.classifiers.encoder:load").__name__ == "load"


@pytest.mark.parametrize(("old", "new"), LOADERS.items(), ids=LOADERS)
def test_old_addresses_of_loaders_lead_to_the_present_ones(old: str, new: str) -> None:
    assert loader(old) is loader(new)


def test_a_contract_keeps_its_languages_and_holders(tmp_path: Path) -> None:
    contract = Contract("stance", STANCE, "toys:load", languages=("de", "fr"), holders="quoted")
    contract.write(tmp_path)
    assert Contract.read(tmp_path) == contract
    assert words(contract.language) == ["German", "and", "French"]


def test_a_contract_of_an_earlier_version_has_no_language_and_no_holders(tmp_path: Path) -> None:
    CONTRACT.write(tmp_path)
    path = tmp_path / "contract.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["languages"], data["holders"]
    path.write_text(json.dumps(data), encoding="utf-8")
    assert Contract.read(tmp_path).languages == ()
    assert Contract.read(tmp_path).holders == "none"
    assert CONTRACT.language == ""


def test_the_language_does_not_tell_models_apart(tmp_path: Path) -> None:
    # An interrupted labelling goes on with the model of an earlier version.
    assert repr(Contract("stance", STANCE, "toys:load", languages=("de",))) == repr(CONTRACT)
