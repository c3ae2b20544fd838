"""Which classifier of an experiment is taken: by validation, then audits, then cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import prepared

from harness.tracking.promotion import (
    PromotionRequest,
    promote,
)
from harness.tracking.store import Store
from tests.tracking.promotion.doctored_runs import (
    champion,
    in_this_process,
    named,
    run_of,
    set_findings,
    set_predictions,
    set_seconds,
)
from tests.tracking.toy_runs import run_all

__all__ = ["in_this_process"]


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
    # A baseline would give way whatever its audits.
    store.client.set_tag(run_of(store, "prior").info.run_id, "harness.kind", "toys:verbs")


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


@pytest.mark.parametrize(("seconds", "taken"), [(0.79, "prior"), (0.81, "strong"), (1.0, "strong")])
def test_a_small_difference_in_time_is_none(trained: Path, seconds: float, taken: str) -> None:
    """1.0 s lies between 0.8 s and 1.6 s, steps of a factor of two from 0.1 s on."""
    store = Store.open()
    tie(store)
    set_seconds(store, "prior", seconds)
    assert promote(store, "toys", PromotionRequest(dry_run=True)).classifier == taken


def test_a_baseline_gives_way_to_what_reads(trained: Path) -> None:
    store = Store.open()
    tie(store)
    store.client.set_tag(run_of(store, "prior").info.run_id, "harness.kind", "prior")
    set_seconds(store, "prior", 0.01)
    for name in ("strong", "verbs"):
        set_findings(store, name, unseen="failed")
    promotion = promote(store, "toys", PromotionRequest(dry_run=True))
    assert promotion.classifier == "strong"
    set_predictions(store, "verbs", validation=0.35)
    set_predictions(store, "strong", validation=0.35)
    assert promote(store, "toys", PromotionRequest(dry_run=True)).classifier == "prior"


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
