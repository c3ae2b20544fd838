"""What a promotion does and says, the way back, and what cannot be promoted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from golden import Golden
from toys import prepared
from typer.testing import CliRunner

from harness.cli.main import app
from harness.serving import wheel
from harness.serving.decisions.abstention_rule import SERVES_NOTHING, AbstentionRule
from harness.serving.decisions.decider import Decider
from harness.tracking.promotion import (
    Promotion,
    PromotionRequest,
    RefusedPromotionError,
    promote,
    rollback,
    versions,
)
from harness.tracking.store import Store
from harness.values.errors import HarnessError, ModelError, PromotionError, StoreError
from harness.values.labels import STANCE
from tests.tracking.promotion.doctored_runs import (
    champion,
    in_this_process,
    message,
    named,
    policy,
    run_of,
    set_findings,
    set_predictions,
    set_validation,
    verdicts,
)
from tests.tracking.toy_runs import run_all, runs_by_name

__all__ = ["in_this_process"]

KFOLD = "{kind: kfold, k: 3, dev: 0, calibration: 0}"
HOLDOUT = "{kind: holdout, test: 0.4, dev: 0.2, calibration: 0}"


# Descriptions


def test_a_named_classifier_is_promoted_with_a_note_on_the_better_one(trained: Path) -> None:
    store = Store.open()
    set_validation(store, strong=0.9, verbs=0.8)
    assert promote(store, "toys", named("strong")).classifier == "strong"
    promotion = promote(store, "toys", named("verbs"))
    assert (promotion.version, promotion.previous, promotion.validation) == ("2", "1", 0.8)
    assert promotion.test == run_of(store, "verbs").data.metrics["test/f1_macro"]
    assert {"1", "(strong)", "0.900;"} <= set(promotion.notes[-1].split())


def test_a_promotion_is_described_with_its_notes(trained: Path, golden: Golden) -> None:
    store = Store.open()
    set_validation(store, strong=0.9, verbs=0.8, prior=0.7)
    for name in ("strong", "prior"):
        set_predictions(store, name, validation=0.5)
    descriptions = [promote(store, "toys", named("strong")).describe()]
    store.client.set_tag(run_of(store, "prior").info.run_id, "harness.leaks", "allowed")
    set_findings(store, "prior", party_swap="failed")
    descriptions += [promote(store, "toys", named("prior", dry_run=True)).describe()]
    descriptions += [promote(store, "toys", named("prior", force="a test")).describe() for _ in range(2)]
    descriptions += [rollback(store, "stance").describe()]
    golden("tracking/promotions", "\n\n".join(descriptions))


def test_what_it_learned_from_and_is_not_for_is_said(trained: Path) -> None:
    promotion = promote(Store.open(), "toys", named("verbs"))
    assert promotion.trained_on == "toys, 18 rows"
    assert promotion.not_for


# Rolling back


def test_rollback_goes_back_step_by_step_and_never_forth(trained: Path, golden: Golden) -> None:
    store = Store.open()
    policy(store, margin=1.0)
    for name in ("strong", "verbs", "prior"):
        promote(store, "toys", named(name))
    assert rollback(store, "stance").classifier == "verbs"
    assert champion(store) == "2"
    assert champion(store, alias="previous") == "1"
    assert rollback(store, "stance").classifier == "strong"
    assert champion(store) == "1"
    golden("tracking/no-previous-champion", message(PromotionError, lambda: rollback(store, "stance")))
    assert champion(store) == "1"
    actions = [event["action"] for event in versions.records(store, "stance", versions.EVENT)]
    assert actions == ["promoted"] * 3 + ["rolled back"] * 2


def test_what_was_rolled_back_is_passed_over(trained: Path) -> None:
    store = Store.open()
    policy(store, margin=1.0)
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    rollback(store, "stance")
    promote(store, "toys", named("prior"))
    assert rollback(store, "stance").classifier == "strong"


def test_without_a_record_the_alias_says_what_was_before(trained: Path, golden: Golden) -> None:
    """As in a store of an earlier version, which kept the alias alone."""
    store = Store.open()
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    store.client.delete_registered_model_tag("stance", versions.CHAMPIONS)
    assert rollback(store, "stance").classifier == "strong"
    golden("tracking/no-previous-champion", message(PromotionError, lambda: rollback(store, "stance")))


def test_an_alias_that_somebody_moved_counts(trained: Path) -> None:
    store = Store.open()
    for name in ("strong", "verbs"):
        promote(store, "toys", named(name))
    store.client.set_registered_model_alias("stance", "champion", "1")
    assert versions.champions(store, "stance") == ["1", "2", "1"]


def test_rollback_needs_no_name_where_there_is_one_champion(trained: Path) -> None:
    store = Store.open()
    assert "no champion" in message(PromotionError, lambda: rollback(store))
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    assert rollback(store).classifier == "strong"
    promote(store, "toys", named("verbs", model_name="mine"))
    assert "mine, stance" in message(PromotionError, lambda: rollback(store))


def test_rollback_to_a_model_whose_files_are_gone_leaves_the_champion(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    shutil.rmtree(files_of(store, "1"))
    refusal = message(RefusedPromotionError, lambda: rollback(store, "stance"))
    assert "version 1" in refusal
    assert champion(store) == "2"


# What cannot be promoted


def test_a_model_whose_files_are_gone_is_not_promoted_for_any_reason(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", named("strong"))
    shutil.rmtree(model_files(store, "verbs"))
    for force in ("", "a deadline"):
        with pytest.raises(RefusedPromotionError) as caught:
            promote(store, "toys", named("verbs", force=force))
        assert verdicts(caught.value)["reproduces"] == "failed"
    assert champion(store) == "1"


def test_a_model_that_was_changed_after_scoring_is_not_promoted(trained: Path) -> None:
    """Labels in another order: the model loads and answers, with swapped columns."""
    store = Store.open()
    path = model_files(store, "verbs") / "data" / "served" / "contract.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**contract, "labels": contract["labels"][::-1]}), encoding="utf-8")
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs", force="it loads"))
    assert verdicts(caught.value)["reproduces"] == "failed"


@pytest.mark.parametrize(
    ("below", "on_unmet", "word"),
    [
        (0.0, "refuse", "passed"),
        (SERVES_NOTHING, "refuse", "failed"),
        (SERVES_NOTHING, "serve", "warning"),
        (SERVES_NOTHING, "abstain", "warning"),
    ],
)
def test_a_model_whose_risk_is_not_met_is_refused_unless_the_config_says_otherwise(
    trained: Path, below: float, on_unmet: str, word: str
) -> None:
    store = Store.open()
    assert verdicts(promote(store, "toys", named("verbs", dry_run=True)))["abstention"] == "not applicable"
    path = model_files(store, "verbs") / "data" / "served" / "contract.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    rule = AbstentionRule(below, 0.2, "conformal", 0.9, 80, 20, 9, on_unmet=on_unmet)
    decider = contract["decisions"] or Decider(STANCE).plain()
    path.write_text(json.dumps({**contract, "decisions": {**decider, "abstention": rule.plain()}}))
    promotion = promote(store, "toys", named("verbs", dry_run=True))
    assert verdicts(promotion)["abstention"] == word
    assert ("abstention" in [result.name for result in promotion.failures]) is (word == "failed")


def test_a_model_of_an_earlier_version_has_nothing_to_reproduce(trained: Path) -> None:
    store = Store.open()
    files = model_files(store, "verbs")
    # Such a model has neither probes nor a seal.
    for name in ("probes.json", "manifest.json"):
        (files / "data" / "served" / name).unlink()
    about = (files / "MLmodel").read_text(encoding="utf-8").splitlines()
    unsealed = [line for line in about if "seal" not in line]
    (files / "MLmodel").write_text("\n".join(unsealed) + "\n", encoding="utf-8")
    run = run_of(store, "verbs")
    store.client.delete_tag(run.info.run_id, "harness.seal")
    store.client.delete_logged_model_tag(run.outputs.model_outputs[0].model_id, "harness.seal")
    assert verdicts(promote(store, "toys", named("verbs")))["reproduces"] == "not checked"


def model_files(store: Store, classifier: str) -> Path:
    import mlflow.artifacts

    with store.pointed():
        model = run_of(store, classifier).outputs.model_outputs[0].model_id
        return Path(mlflow.artifacts.download_artifacts(f"models:/{model}"))


def test_a_champion_scored_on_other_items_is_replaced_on_request_alone(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys")
    assert [outcome.error for outcome in run_all(prepared(trained, name="others", split=HOLDOUT), store)] == [
        None
    ]
    refusal = message(RefusedPromotionError, lambda: promote(store, "others", named("verbs")))
    fingerprints = {
        runs_by_name(store, "classifier", name)["verbs"].data.tags["harness.test_fingerprint"]
        for name in ("toys", "others")
    }
    assert len(fingerprints) == 2
    assert all(f"({fingerprint})" in refusal for fingerprint in fingerprints)
    assert champion(store) == "1"
    assert promote(store, "others", named("verbs", replace=True)).version == "2"


def test_another_name_has_a_champion_of_its_own(trained: Path) -> None:
    store = Store.open()
    assert promote(store, "toys", PromotionRequest(model_name="mine")).uri == "models:/mine@champion"
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
    message(error, lambda: promote(store, experiment, PromotionRequest(classifier=classifier or "")))
    assert store.client.search_registered_models() == []


def test_what_cannot_be_promoted_is_named(trained: Path, golden: Golden) -> None:
    store = Store.open()
    run_all(prepared(trained, name="blind", split=KFOLD), store)
    refusals: dict[str, tuple[type[HarnessError], Callable[[], object]]] = {
        "an unknown experiment": (StoreError, lambda: promote(store, "toy")),
        "an empty experiment": (PromotionError, lambda: promote(store, "Default")),
        "an unknown classifier": (
            PromotionError,
            lambda: promote(store, "toys", PromotionRequest(classifier="linear")),
        ),
        "no model": (PromotionError, lambda: promote(store, "toys", PromotionRequest(classifier="unsaved"))),
        "no validation": (PromotionError, lambda: promote(store, "blind")),
        "no previous champion": (PromotionError, lambda: rollback(store, "stance")),
    }
    lines = [f"{case}\n    {message(*refusal)}" for case, refusal in refusals.items()]
    golden("tracking/refused-promotions", "\n".join(lines))


def test_without_validation_a_classifier_is_promoted_by_name(trained: Path) -> None:
    store = Store.open()
    run_all(prepared(trained, name="blind", split=KFOLD), store)
    promotion = promote(store, "blind", PromotionRequest(classifier="verbs"))
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
    assert "99.0" in message(ModelError, lambda: promote(store, "toys", PromotionRequest(with_wheel=True)))
    assert store.client.search_registered_models() == []


def test_a_registry_that_keeps_copies_is_named(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers copy a model when it is registered: what is added afterwards is not in the version."""
    import mlflow.artifacts

    store = Store.open()
    promote(store, "toys")
    monkeypatch.setattr(mlflow.artifacts, "list_artifacts", lambda **_: [])
    assert "--model-name" in message(
        PromotionError, lambda: promote(store, "toys", PromotionRequest(with_wheel=True))
    )
