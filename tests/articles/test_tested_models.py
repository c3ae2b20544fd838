"""The errors that correct shares: of tables, of several seeds, of runs and models in the store."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toys
from golden import Golden

import harness
from harness.articles.tested_models import read_model, read_tested
from harness.tracking.store import Store
from harness.values.errors import ArticleError, HarnessError
from harness.values.labels import STANCES

CLASSIFIERS = "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}"


def write_sentences(folder: Path) -> None:
    """Write sentences of which every fifth has another label than its verb says."""
    with (folder / "sentences.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["id", "text", "target", "stance", "group", "split", "date"])
        for n in range(240):
            stance = STANCES[n % 3]
            text = f"Varna {toys.VERBS[stance]} Harbour Party for the {n}th time."
            label = STANCES[(n + 1) % 3] if n % 5 == 4 else stance
            split = ("train", "dev", "test", "test")[n // 60]
            table.writerow([f"s{n}", text, "Harbour Party", label, f"g{n // 3}", split, "2030-01-07"])


@pytest.fixture(scope="module")
def made(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two classifiers were run with two seeds, and one is champion."""
    folder = tmp_path_factory.mktemp("promoted")
    shutil.copytree(template / ".harness", folder / ".harness")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _run(folder)
    return folder


@pytest.fixture
def promoted(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def _run(folder: Path) -> None:
    config = toys.prepared(folder, CLASSIFIERS).plan.source
    write_sentences(folder)
    text = config.read_text(encoding="utf-8").replace("leaks: warn", "leaks: warn, target_use: warn")
    config.write_text(text, encoding="utf-8")
    harness.run(config, set={"audits": []})
    harness.promote("toys", classifier="verbs", force="a test")


def write_readings(path: Path) -> Path:
    rows = [
        {
            "article": f"a{n // 2}",
            "sentence": n % 2,
            "target": "Harbour Party",
            "sure": True,
            "own_voice": True,
            "stance": STANCES[n % 3],
            "text": f"Sentence {n}.",
        }
        for n in range(90)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_a_run_a_model_and_an_experiment_of_the_store_are_read(promoted: Path) -> None:
    store = Store.open()
    run_id = store.client.get_model_version_by_alias("stance", "champion").run_id
    file = Path(store.client.download_artifacts(run_id, "")) / "predictions.parquet"
    addresses = ("models:/stance@champion", "models:/stance/1", f"runs:/{run_id}", "toys/verbs")
    served = [read_model(address) for address in addresses]
    # Of two seeds the one that is served made the readings.
    for model in served:
        assert len(model.errors.truth) == model.n_items == 120
        assert "served" in model.seeds.split()
        np.testing.assert_array_equal(model.errors.rates, served[0].errors.rates)
    # Which one made them, a file does not say.
    of_file = read_model(str(file))
    assert len(of_file.errors.truth) == 240
    assert of_file.n_items == 120
    assert of_file.seeds
    assert read_tested(pd.read_parquet(file)).n_items == 120


def test_shares_are_corrected_by_the_champion(promoted: Path) -> None:
    readings = write_readings(promoted / "rows.csv")
    estimated = harness.shares(readings, tested="models:/stance@champion", by=["target"])
    both = estimated.table[estimated.table["voice"] == "all"].set_index("label")
    assert set(both["method"]) == {"acc"}
    # Every fifth item of a label is taken for the one before: a third each stays a third each.
    np.testing.assert_allclose(both["share"], 1 / 3, atol=0.02)
    assert any("served" in note for note in estimated.notes)
    frame = pd.read_csv(readings)
    again = harness.shares(frame, tested="toys/verbs", by=["target"], output=promoted / "out")
    pd.testing.assert_frame_equal(again.table, estimated.table)
    assert {path.name for path in again.written} == {"shares.csv", "shares.html"}
    assert estimated.plot() == estimated.plot("Harbour Party")
    assert estimated.plot().startswith(b"\x89PNG")
    assert "Harbour Party" in estimated._repr_html_()


def test_addresses_that_name_no_model_are_refused(promoted: Path, golden: Golden) -> None:
    lines = []
    for address in ("toys", "toys/verb", "toy/verbs", "runs:/0", "models:/stance@best", "gone.parquet"):
        with pytest.raises(HarnessError) as caught:
            read_model(address)
        lines.append(str(caught.value).replace(str(promoted), "FOLDER"))
    golden("articles/tested-model-errors", "\n".join(lines))


def test_a_party_that_is_not_there_has_no_plot(tmp_path: Path) -> None:
    estimated = harness.shares(write_readings(tmp_path / "rows.csv"), by=["target"])
    with pytest.raises(HarnessError):
        estimated.plot("Nobody")
    assert estimated.differences.empty
    with pytest.raises(ArticleError):
        harness.shares(pd.DataFrame({"article": []}))
