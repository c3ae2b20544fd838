from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from toys import prepared
from typer.testing import CliRunner

from harness.cli.main import app
from harness.serving import wheel
from harness.serving.reproduction import reproduce
from harness.tracking.promotion import (
    Promotion,
    PromotionRequest,
    RefusedPromotionError,
    gates,
    promote,
    rollback,
    versions,
)
from harness.tracking.store import Store
from harness.values.errors import HarnessError, ModelError, PromotionError, StoreError
from tests.tracking.promotion.doctored_runs import run_of, set_findings, set_predictions, set_seconds
from tests.tracking.toy_runs import run_all, runs_by_name

KFOLD = "{kind: kfold, k: 3, dev: 0, calibration: 0}"
HOLDOUT = "{kind: holdout, test: 0.4, dev: 0.2, calibration: 0}"
BLOCKING = ("leaks", "target_use", "sensitivity", "party_swap")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load models in this process: a fresh one takes a second each time, and has tests of its own."""
    monkeypatch.setattr(gates, "reproduce_in_fresh_process", reproduce)


def named(classifier: str, **more: Any) -> PromotionRequest:
    return PromotionRequest(classifier=classifier, **more)


def champion(store: Store, name: str = "stance", alias: str = "champion") -> str:
    return str(store.client.get_model_version_by_alias(name, alias).version)


def set_validation(store: Store, **scores: float) -> None:
    """Give classifiers other scores on validation, as they are logged."""
    for classifier, score in scores.items():
        store.client.log_metric(run_of(store, classifier).info.run_id, "validation/f1_macro", score)


def message(error: type[HarnessError], call: Callable[[], object]) -> str:
    """The message of an error of this very type."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    return str(caught.value)


def verdicts(promotion: Promotion | RefusedPromotionError) -> dict[str, str]:
    table = promotion.gates
    return dict(zip(table["gate"], table["verdict"], strict=True))


# The choice


def test_the_best_on_validation_is_registered_as_champion_once(trained: Path) -> None:
    store = Store.open()
    for name, share in (("verbs", 0.9), ("strong", 0.5), ("prior", 0.35)):
        set_predictions(store, name, validation=share)
    first, second = promote(store, "toys"), promote(store, "toys")
    assert first.classifier == "verbs"
    assert (first.version, first.changed, first.previous) == ("1", True, None)
    assert (second.version, second.changed, second.previous) == ("1", False, None)
    assert len(store.client.search_model_versions("name = 'stance'")) == 1
    assert champion(store) == "1"
    assert first.uri == "models:/stance@champion"


def test_validation_decides_and_test_does_not(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "verbs", validation=0.9, test=0.4)
    set_predictions(store, "strong", validation=0.5, test=1.0)
    set_predictions(store, "prior", validation=0.35, test=1.0)
    assert promote(store, "toys").classifier == "verbs"


def tie(store: Store) -> None:
    """Let three classifiers score alike on validation, 'strong' a little better."""
    for name, share in (("prior", 0.50), ("verbs", 0.50), ("strong", 0.51)):
        set_predictions(store, name, validation=share)
        set_seconds(store, name, 1.0)


def test_of_equal_classifiers_the_one_with_fewest_blocking_failures_is_taken(trained: Path) -> None:
    store = Store.open()
    tie(store)
    # More failures, but of audits that only warn.
    set_findings(store, "verbs", behaviour="failed", unseen="failed", annotators="failed")
    for name in ("strong", "prior"):
        set_findings(store, name, party_swap="failed", behaviour="passed", unseen="passed")
    assert promote(store, "toys").classifier == "verbs"


def test_of_those_the_one_with_fewest_failures_and_then_warnings(trained: Path) -> None:
    store = Store.open()
    tie(store)
    for name, unseen in (("strong", "failed"), ("prior", "warning"), ("verbs", "passed")):
        set_findings(store, name, behaviour="passed", unseen=unseen, annotators="passed")
    dry = PromotionRequest(dry_run=True)
    assert promote(store, "toys", dry).classifier == "verbs"
    set_findings(store, "verbs", behaviour="warning", annotators="warning")
    assert promote(store, "toys", dry).classifier == "prior"


def test_of_those_the_one_that_predicts_fastest(trained: Path) -> None:
    store = Store.open()
    tie(store)
    set_seconds(store, "prior", 0.5)
    promotion = promote(store, "toys", PromotionRequest(dry_run=True))
    assert promotion.classifier == "prior"
    assert "0.5 s" in promotion.choice


def test_runs_that_were_scored_on_other_items_are_no_candidates(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=1.0)
    store.client.set_tag(run_of(store, "strong").info.run_id, "harness.test_fingerprint", "another")
    assert promote(store, "toys").classifier != "strong"


def test_classifiers_of_another_config_of_the_experiment_are_chosen_by_name_alone(trained: Path) -> None:
    """What the last run has shown beside each other is what is chosen among."""
    store = Store.open()
    set_predictions(store, "strong", validation=1.0)
    run_all(prepared(trained, "  verbs: {kind: 'toys:verbs'}"), store)
    assert promote(store, "toys").classifier == "verbs"
    assert promote(store, "toys", named("strong")).classifier == "strong"


# The gates


@pytest.mark.parametrize("audit", BLOCKING)
def test_an_audit_that_blocks_stops_a_promotion_and_is_named(trained: Path, audit: str) -> None:
    store = Store.open()
    policy(store, audits={})
    set_findings(store, "verbs", **{"leaks": "passed", audit: "failed"})
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    assert verdicts(caught.value)[audit] == "failed"
    assert [word for word in verdicts(caught.value).values() if word == "failed"] == ["failed"]
    assert audit.replace("_", " ") in str(caught.value)
    assert store.client.search_registered_models() == []


def test_a_refusal_says_by_how_much(trained: Path, golden: Golden) -> None:
    store = Store.open()
    policy(store, audits={})
    set_findings(store, "verbs", party_swap="failed", leaks="failed")
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    golden("tracking/refused-by-gates", str(caught.value))


@pytest.mark.parametrize("word", ["warning", "undecided", "not applicable", "passed"])
def test_no_other_verdict_blocks(trained: Path, word: str) -> None:
    store = Store.open()
    set_findings(store, "verbs", **dict.fromkeys(BLOCKING, word))
    promotion = promote(store, "toys", named("verbs"))
    assert {verdicts(promotion)[audit] for audit in BLOCKING} == {word}
    noted = sum(note.partition(":")[0].replace(" ", "_") in BLOCKING for note in promotion.notes)
    assert noted == (4 if word in ("warning", "undecided") else 0)


def policy(store: Store, **settings: Any) -> None:
    """Set what the config of the experiment says of promotion."""
    text = json.dumps({"audits": {"leaks": "warn"}, **settings})
    store.client.set_experiment_tag(store.find_experiment("toys"), "harness.promotion", text)


def test_the_config_says_what_blocks(trained: Path) -> None:
    store = Store.open()
    set_findings(store, "verbs", party_swap="failed", behaviour="failed", unseen="failed")
    policy(store, audits={"leaks": "warn", "party_swap": "warn", "behaviour": "off", "unseen": "block"})
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    words = verdicts(caught.value)
    assert [words[name] for name in ("party_swap", "behaviour", "unseen")] == [
        "warning",
        "not checked",
        "failed",
    ]


def test_a_waiver_is_named_and_recorded(trained: Path) -> None:
    store = Store.open()
    set_findings(store, "verbs", party_swap="failed")
    policy(store, waive={"party_swap": "names are masked before labelling", "size": "never needed"})
    promotion = promote(store, "toys", named("verbs"))
    assert verdicts(promotion)["party_swap"] == "waived"
    assert verdicts(promotion)["size"] == "passed"
    tags = store.client.get_model_version("stance", "1").tags
    waivers = {name: text for name, text in tags.items() if name.startswith("harness.waived.")}
    assert list(waivers) == ["harness.waived.party_swap"]
    assert "names are masked before labelling" in waivers["harness.waived.party_swap"]
    assert "harness.forced" not in tags


def test_what_is_forced_is_recorded(trained: Path) -> None:
    store = Store.open()
    set_findings(store, "verbs", party_swap="failed")
    promotion = promote(store, "toys", named("verbs", force="a deadline"))
    assert promotion.changed
    tags = store.client.get_model_version("stance", "1").tags
    assert tags["harness.forced"] == "party_swap: a deadline"
    assert tags["harness.gate.party_swap"] == "failed"
    assert tags["harness.by"]
    assert tags["harness.at"]
    (event,) = versions.records(store, "stance", versions.EVENT)
    assert (event["forced"], event["reason"]) == ("party_swap", "a deadline")


def test_force_of_a_model_that_passes_leaves_no_trace(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", named("verbs", force="just in case"))
    assert "harness.forced" not in store.client.get_model_version("stance", "1").tags


@pytest.mark.parametrize(("limit", "word"), [(1.0, "passed"), (0.001, "failed"), (None, "not checked")])
def test_size_and_latency_have_limits(trained: Path, limit: float | None, word: str) -> None:
    store = Store.open()
    policy(store, max_megabytes=limit, max_milliseconds=None if limit is None else 1000 * limit)
    promotion = promote(store, "toys", named("verbs", dry_run=True))
    assert verdicts(promotion)["size"] == word
    assert verdicts(promotion)["latency"] in ({"not checked"} if limit is None else {"passed", "failed"})
    assert [result.name for result in promotion.failures].count("size") == (word == "failed")


def test_probabilities_that_claim_too_much_are_refused(trained: Path) -> None:
    """Half of 120 rows are right, and each was claimed with 99 %: an excess of 0.49."""
    store = Store.open()
    set_predictions(store, "verbs", validation=0.5)
    path = (
        Path(store.client.download_artifacts(run_of(store, "verbs").info.run_id, "")) / "predictions.parquet"
    )
    import pandas as pd

    rows = pd.read_parquet(path)
    for label in ("critical", "neutral", "supportive"):
        rows[f"p_{label}"] = (rows["prediction"] == label) * 0.985 + 0.005
    rows.to_parquet(path, index=False)
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    gate = caught.value.gates.set_index("gate").loc["calibration"]
    assert (gate["verdict"], gate["limit"]) == ("failed", 0.1)
    assert gate["value"] == pytest.approx(0.49, abs=0.02)


def test_a_dry_run_changes_nothing(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", named("strong"))
    set_findings(store, "verbs", party_swap="failed")
    with sqlite(store) as before:
        dry = promote(store, "toys", named("verbs", dry_run=True))
    with sqlite(store) as after:
        assert before == after
    assert (dry.dry, dry.changed, dry.version, dry.previous) == (True, False, "", "1")
    assert [result.name for result in dry.failures] == ["party_swap"]
    # Each look at test is recorded, and a dry run records nothing: so it does not look.
    assert verdicts(dry)["test"] == "not checked"


@contextmanager
def sqlite(store: Store) -> Iterator[list[str]]:
    """Everything that the database holds."""
    assert store.database is not None
    with closing(sqlite3.connect(store.database)) as connection:
        yield sorted(connection.iterdump())


# The veto by test


def test_test_may_veto_and_each_look_is_recorded(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.5, test=0.9)
    set_predictions(store, "verbs", validation=0.9, test=0.4)
    promote(store, "toys", named("strong"))
    assert versions.records(store, "stance", versions.LOOK) == []
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    gate = caught.value.gates.set_index("gate").loc["test"]
    assert (gate["verdict"], gate["limit"]) == ("failed", 0.01)
    assert gate["value"] > 0.4
    (look,) = versions.records(store, "stance", versions.LOOK)
    assert look["test"] == run_of(store, "verbs").data.tags["harness.test_fingerprint"]
    assert (look["champion"], look["verdict"]) == ("1", "failed")
    assert look["by"]
    assert look["at"]
    assert champion(store) == "1"


def test_a_better_test_score_passes_and_an_equal_one_is_undecided(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.5, test=0.5)
    set_predictions(store, "verbs", validation=0.5, test=0.9)
    promote(store, "toys", named("strong"))
    promotion = promote(store, "toys", named("verbs"))
    assert verdicts(promotion)["test"] == "passed"
    set_predictions(store, "prior", validation=0.5, test=0.88)
    assert verdicts(promote(store, "toys", named("prior")))["test"] == "undecided"


def test_the_margin_says_how_much_may_be_lost(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.5, test=0.9)
    set_predictions(store, "verbs", validation=0.5, test=0.4)
    policy(store, margin=0.99)
    promote(store, "toys", named("strong"))
    assert verdicts(promote(store, "toys", named("verbs")))["test"] == "passed"


def test_lower_is_better_where_the_metric_says_so(trained: Path) -> None:
    """By log loss 'verbs', surely wrong more often, is worse than the champion 'strong'."""
    store = Store.open()
    for name, share in (("strong", 0.9), ("verbs", 0.4), ("prior", 0.4)):
        set_predictions(store, name, validation=share, test=share)
        store.client.set_tag(run_of(store, name).info.run_id, "harness.primary", "log_loss")
    # The newest run says which of the others are comparable.
    store.client.set_tag(run_of(store, "unsaved").info.run_id, "harness.primary", "log_loss")
    assert promote(store, "toys").classifier == "strong"
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    assert caught.value.gates.set_index("gate").loc["test", "value"] > 0.1


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


def test_rollback_goes_back_step_by_step_and_never_forth(trained: Path) -> None:
    store = Store.open()
    policy(store, margin=1.0)
    for name in ("strong", "verbs", "prior"):
        promote(store, "toys", named(name))
    assert rollback(store, "stance").classifier == "verbs"
    assert champion(store) == "2"
    assert champion(store, alias="previous") == "1"
    assert rollback(store, "stance").classifier == "strong"
    assert champion(store) == "1"
    assert "no previous champion" in message(PromotionError, lambda: rollback(store, "stance"))
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


def test_without_a_record_the_alias_says_what_was_before(trained: Path) -> None:
    """As in a store of an earlier version, which kept the alias alone."""
    store = Store.open()
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    store.client.delete_registered_model_tag("stance", versions.CHAMPIONS)
    assert rollback(store, "stance").classifier == "strong"
    assert "no previous champion" in message(PromotionError, lambda: rollback(store, "stance"))


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


def test_a_model_of_an_earlier_version_has_nothing_to_reproduce(trained: Path) -> None:
    store = Store.open()
    (model_files(store, "verbs") / "data" / "served" / "probes.json").unlink()
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
