from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from toys import prepared
from typer.testing import CliRunner

from harness.cli.main import app
from harness.serving import wheel
from harness.tracking.promotion import Promotion, promote, rollback
from harness.tracking.store import Store
from harness.values.errors import HarnessError, ModelError, PromotionError, StoreError
from tests.tracking.toy_runs import run_all, runs_by_name

KFOLD = "{kind: kfold, k: 3, dev: 0, calibration: 0}"
HOLDOUT = "{kind: holdout, test: 0.4, dev: 0.2, calibration: 0}"


def champion(store: Store, name: str = "stance") -> str:
    return str(store.client.get_model_version_by_alias(name, "champion").version)


def run_of(store: Store, classifier: str) -> Any:
    return runs_by_name(store, "classifier")[classifier]


def set_validation(store: Store, **scores: float) -> None:
    """Give classifiers other scores on validation."""
    for classifier, score in scores.items():
        store.client.log_metric(run_of(store, classifier).info.run_id, "validation/f1_macro", score)


def message(error: type[HarnessError], call: Callable[[], object]) -> str:
    """The message of an error of this very type."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    return str(caught.value)


def test_the_best_on_validation_is_registered_as_champion_once(trained: Path) -> None:
    store = Store.open()
    first, second = promote(store, "toys"), promote(store, "toys")
    scores = {
        name: run_of(store, name).data.metrics["validation/f1_macro"] for name in ("prior", "verbs", "strong")
    }
    assert scores[first.classifier] == max(scores.values()) == first.validation
    assert (first.version, first.changed, first.previous) == ("1", True, None)
    assert (second.version, second.changed, second.previous) == ("1", False, None)
    assert len(store.client.search_model_versions("name = 'stance'")) == 1
    assert champion(store) == "1"
    assert first.uri == "models:/stance@champion"


def test_validation_decides_and_test_does_not(trained: Path) -> None:
    """'prior' gets the best test score there is, 'verbs' the best on validation."""
    store = Store.open()
    store.client.log_metric(run_of(store, "prior").info.run_id, "test/f1_macro", 1.0)
    set_validation(store, verbs=0.99)
    assert promote(store, "toys").classifier == "verbs"


def test_lower_is_better_where_the_metric_says_so(trained: Path) -> None:
    store = Store.open()
    set_validation(store, prior=0.1, verbs=0.2, strong=0.3)
    for name in ("prior", "verbs", "strong"):
        store.client.set_tag(run_of(store, name).info.run_id, "harness.direction", "lower")
    promotion = promote(store, "toys")
    assert promotion.classifier == "prior"
    assert len(promotion.notes) == 1  # that it is a baseline


def test_a_named_classifier_is_promoted_with_a_note_on_the_better_one(trained: Path) -> None:
    store = Store.open()
    set_validation(store, strong=0.9, verbs=0.8)
    assert promote(store, "toys").classifier == "strong"
    promotion = promote(store, "toys", classifier="verbs")
    assert (promotion.version, promotion.previous, promotion.validation) == ("2", "1", 0.8)
    assert promotion.test == run_of(store, "verbs").data.metrics["test/f1_macro"]
    (note,) = promotion.notes
    assert {"1", "(strong)", "0.900;"} <= set(note.split())


def test_a_promotion_is_described_with_its_notes(trained: Path, golden: Golden) -> None:
    store = Store.open()
    set_validation(store, strong=0.9, verbs=0.8, prior=0.7)
    descriptions = [promote(store, "toys", classifier="strong").describe()]
    store.client.set_tag(run_of(store, "prior").info.run_id, "harness.leaks", "allowed")
    descriptions += [promote(store, "toys", classifier="prior").describe() for _ in range(2)]
    descriptions += [rollback(store, "stance").describe()]
    golden("tracking/promotions", "\n\n".join(descriptions))


def test_rollback_exchanges_the_aliases_and_back(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", classifier="strong")
    promote(store, "toys", classifier="verbs")
    assert rollback(store, "stance").classifier == "strong"
    assert champion(store) == "1"
    assert rollback(store, "stance").version == "2"
    assert champion(store) == "2"


def test_a_champion_scored_on_other_items_is_replaced_on_request_alone(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys")
    assert [outcome.error for outcome in run_all(prepared(trained, name="others", split=HOLDOUT), store)] == [
        None
    ]
    refusal = message(PromotionError, lambda: promote(store, "others"))
    fingerprints = {
        runs_by_name(store, "classifier", name)["verbs"].data.tags["harness.test_fingerprint"]
        for name in ("toys", "others")
    }
    assert len(fingerprints) == 2
    assert all(f"({fingerprint})" in refusal for fingerprint in fingerprints)
    assert champion(store) == "1"
    assert promote(store, "others", replace=True).version == "2"


def test_runs_that_were_scored_on_other_items_are_no_candidates(trained: Path) -> None:
    store = Store.open()
    set_validation(store, strong=1.0)
    store.client.set_tag(run_of(store, "strong").info.run_id, "harness.test_fingerprint", "another")
    assert promote(store, "toys").classifier != "strong"


def test_another_name_has_a_champion_of_its_own(trained: Path) -> None:
    store = Store.open()
    assert promote(store, "toys", model_name="mine").uri == "models:/mine@champion"
    assert champion(store, "mine") == "1"


@pytest.mark.parametrize(
    ("experiment", "classifier", "error"),
    [
        ("toy", None, StoreError),
        ("toys", "linear", PromotionError),
        ("toys", "unsaved", PromotionError),
        ("Default", None, PromotionError),
    ],
)
def test_a_refused_promotion_registers_nothing(
    ladder: Path, experiment: str, classifier: str | None, error: type[HarnessError]
) -> None:
    store = Store.open(ladder)
    message(error, lambda: promote(store, experiment, classifier=classifier))
    assert store.client.search_registered_models() == []


def test_what_cannot_be_promoted_is_named(trained: Path, golden: Golden) -> None:
    store = Store.open()
    run_all(prepared(trained, name="blind", split=KFOLD), store)
    refusals: dict[str, tuple[type[HarnessError], Callable[[], object]]] = {
        "an unknown experiment": (StoreError, lambda: promote(store, "toy")),
        "an empty experiment": (PromotionError, lambda: promote(store, "Default")),
        "an unknown classifier": (PromotionError, lambda: promote(store, "toys", classifier="linear")),
        "no model": (PromotionError, lambda: promote(store, "toys", classifier="unsaved")),
        "no validation": (PromotionError, lambda: promote(store, "blind")),
        "no previous champion": (PromotionError, lambda: rollback(store, "stance")),
    }
    lines = [f"{case}\n    {message(*refusal)}" for case, refusal in refusals.items()]
    golden("tracking/refused-promotions", "\n".join(lines))


def test_without_validation_a_classifier_is_promoted_by_name(trained: Path) -> None:
    store = Store.open()
    run_all(prepared(trained, name="blind", split=KFOLD), store)
    promotion = promote(store, "blind", classifier="verbs")
    assert (promotion.classifier, promotion.version) == ("verbs", "1")


def test_promoting_at_the_same_time_registers_once(trained: Path) -> None:
    def promote_toys(_: int) -> Promotion:
        return promote(Store.open(trained), "toys")

    with ThreadPoolExecutor(3) as pool:
        promotions = list(pool.map(promote_toys, range(3)))
    assert {promotion.version for promotion in promotions} == {"1"}
    assert sorted(promotion.changed for promotion in promotions) == [False, False, True]


# The wheel


def files_of(store: Store, version: str) -> Path:
    """A copy of the files of a registered version."""
    import mlflow.artifacts

    with store.pointed():
        return Path(mlflow.artifacts.download_artifacts(f"models:/stance/{version}"))


def test_a_wheel_is_added_on_request_even_to_a_version_that_is_registered(trained: Path) -> None:
    import mlflow.pyfunc

    store = Store.open()
    promotion = promote(store, "toys")
    files = files_of(store, promotion.version)
    before = {path.relative_to(files) for path in files.rglob("*")}
    assert CliRunner().invoke(app, ["promote", "-e", "toys", "--with-wheel"]).exit_code == 0
    after = {path.relative_to(files) for path in files.rglob("*")}
    assert {str(path) for path in after - before} == {"wheels", f"wheels/{wheel.wheel_name()}"}
    assert (files / "requirements.txt").read_text().splitlines()[0] == f"wheels/{wheel.wheel_name()}"
    assert champion(store) == promotion.version == "1"
    rows = [{"text": "Varna blasted Coastal Union.", "target": "Coastal Union"}]
    import pandas as pd

    labelled = mlflow.pyfunc.load_model(str(files)).predict(pd.DataFrame(rows))
    assert labelled["label"].tolist() == ["critical"]


def test_a_wheel_of_another_version_is_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open()
    monkeypatch.setattr(wheel, "VERSION", "99.0")
    assert "99.0" in message(ModelError, lambda: promote(store, "toys", with_wheel=True))
    assert store.client.search_registered_models() == []


def test_a_registry_that_keeps_copies_is_named(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers copy a model when it is registered: what is added afterwards is not in the version."""
    import mlflow.artifacts

    store = Store.open()
    promote(store, "toys")
    monkeypatch.setattr(mlflow.artifacts, "list_artifacts", lambda **_: [])
    assert "--model-name" in message(PromotionError, lambda: promote(store, "toys", with_wheel=True))
