"""Models are loaded by address: a registered version, a run, or a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden

import harness
from harness.serving.engine import LabelEngine
from harness.tracking.models import load, load_both
from harness.tracking.promotion import PromotionRequest, promote
from harness.tracking.store import Store
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import LabelSet
from tests.serving.toy_models import listing, refusal, write_model

ROWS = [
    {"text": "Varna praised the Harbour Party.", "target": "Harbour Party"},
    {"text": "Varna blasted Coastal Union.", "target": "Coastal Union"},
]
FRAMES = LabelSet(("conflict", "morality"), multi=True)
MISSING = {
    "an unknown name": "models:/nobody@champion",
    "an unknown version": "models:/nobody/1",
    "an unknown run": "runs:/0123456789abcdef0123456789abcdef",
    "an unknown folder": "nowhere",
}


def test_the_champion_is_loaded_from_the_store(trained: Path) -> None:
    promoted = promote(Store.open(), "toys")
    addresses = ("models:/stance@champion", f"models:/stance/{promoted.version}", f"runs:/{promoted.run_id}")
    tables = [harness.load(address).predict(ROWS) for address in addresses]
    assert all(table.equals(tables[0]) for table in tables)
    assert tables[0]["label"].tolist()[1] == "critical"


def test_a_champion_predicts_what_it_predicted_on_test(trained: Path) -> None:
    """The served model's labels are those of its seed's predictions: nothing is lost on the way."""
    store = Store.open()
    promoted = promote(store, "toys", PromotionRequest(classifier="verbs"))
    files = Path(store.client.download_artifacts(promoted.run_id, ""))
    trials = json.loads((files / "trials.json").read_text(encoding="utf-8"))
    (seed,) = (trial["seed"] for trial in trials["trials"] if trial["digest"] == trials["served"])
    scored = pd.read_parquet(files / "predictions.parquet")
    scored = scored[(scored["split"] == "test") & (scored["seed"] == seed)].set_index("id")
    rows = pd.read_csv("sentences.csv").set_index("id").loc[scored.index]
    served = load("models:/stance@champion").predict(rows[["text", "target"]])
    assert served["label"].tolist() == scored["prediction"].tolist()


@pytest.mark.parametrize("address", MISSING.values(), ids=MISSING)
def test_a_missing_model_is_not_a_foreign_one(folder: Path, address: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(address)
    assert not isinstance(caught.value, ForeignModelError)


def test_a_missing_model_is_named(folder: Path, golden: Golden) -> None:
    messages = {case: refusal(lambda a=address: load(a), folder) for case, address in MISSING.items()}  # type: ignore[misc]
    golden("tracking/missing-models", listing(messages))


def test_a_run_without_a_model_is_named(ladder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ladder)
    store = Store.open()
    (run,) = store.client.search_runs(
        [store.experiment("toys")], "tags.`harness.role` = 'classifier' and attributes.run_name = 'unsaved'"
    )
    message = refusal(lambda: load(f"runs:/{run.info.run_id}"))
    assert run.info.run_id in message
    assert "unsaved" in message


def test_a_folder_of_something_else_is_a_foreign_model(tmp_path: Path) -> None:
    with pytest.raises(ForeignModelError):
        load(tmp_path)


def test_a_folder_needs_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = write_model(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense")
    assert isinstance(load(str(address)).engine, LabelEngine)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_models_are_loaded_for_their_tasks(tmp_path: Path) -> None:
    votes = {"praised": [9.0, 9.0], "blasted": [9.0, 0.0]}
    stance = write_model(tmp_path / "stance")
    frames = write_model(tmp_path / "frames", labels=FRAMES, task="framing", votes=votes)
    both = load_both(stance, frames)
    assert (both.stance.uri, both.frames.uri) == (str(stance), str(frames))
    with pytest.raises(ModelError, match=str(frames)):
        load_both(frames, stance)
