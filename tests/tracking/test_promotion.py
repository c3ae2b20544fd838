from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from toys import prepared

from harness.runs.classifiers import run_classifiers
from harness.tracking.promotion import Promotion, promote, rollback
from harness.tracking.store import Store
from harness.values.errors import PromotionError, StoreError


def champion(store: Store, name: str = "stance") -> str:
    return str(store.client.get_model_version_by_alias(name, "champion").version)


def run_of(store: Store, classifier: str) -> Any:
    number = store.experiment("toys")
    text = f"tags.`harness.role` = 'classifier' and attributes.run_name = '{classifier}'"
    return store.client.search_runs([number], text)[0]


def test_the_best_on_select_is_made_champion_once(trained: Path) -> None:
    store = Store.open()
    first, second = promote(store, "toys"), promote(store, "toys")
    best = run_of(store, first.classifier)
    others = [run_of(store, name) for name in ("prior", "verbs", "strong")]
    assert best.data.metrics["validation/f1_macro"] == max(
        one.data.metrics["validation/f1_macro"] for one in others
    )
    assert (first.version, first.changed, first.previous) == ("1", True, None)
    assert (second.version, second.changed, second.previous) == ("1", False, None)
    assert len(store.client.search_model_versions("name = 'stance'")) == 1
    assert champion(store) == "1"
    assert first.uri == "models:/stance@champion"


def test_select_decides_and_test_does_not(trained: Path) -> None:
    """A villain: 'prior' is given the best test score there is, 'verbs' the best on validation."""
    store = Store.open()
    store.client.log_metric(run_of(store, "prior").info.run_id, "test/f1_macro", 1.0)
    store.client.log_metric(run_of(store, "verbs").info.run_id, "validation/f1_macro", 0.99)
    assert promote(store, "toys").classifier == "verbs"


def test_lower_is_better_where_the_metric_says_so(trained: Path) -> None:
    store = Store.open()
    for name, value in (("prior", 0.1), ("verbs", 0.2), ("strong", 0.3)):
        run = run_of(store, name).info.run_id
        store.client.set_tag(run, "harness.direction", "lower")
        store.client.log_metric(run, "validation/f1_macro", value)
    made = promote(store, "toys")
    assert made.classifier == "prior"
    assert made.notes == ("prior is a baseline: it looks at no word of a sentence.",)


def test_a_named_classifier_is_taken_and_the_better_one_mentioned(trained: Path) -> None:
    store = Store.open()
    store.client.log_metric(run_of(store, "strong").info.run_id, "validation/f1_macro", 0.9)
    store.client.log_metric(run_of(store, "verbs").info.run_id, "validation/f1_macro", 0.8)
    assert promote(store, "toys").classifier == "strong"
    made = promote(store, "toys", classifier="verbs")
    assert (made.version, made.previous) == ("2", "1")
    assert made.notes == (
        "version 1 (strong) had the better score on validation, 0.900; 'harness rollback' brings it back.",
    )
    test = run_of(store, "verbs").data.metrics["test/f1_macro"]
    assert made.describe() == (
        "stance version 2 (verbs) is now champion, in place of version 1: f1_macro 0.800 on validation,"
        f" {test:.3f} on test\nnote: {made.notes[0]}"
    )


def test_rollback_changes_places_and_back(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", classifier="strong")
    promote(store, "toys", classifier="verbs")
    assert rollback(store, "stance").classifier == "strong"
    assert champion(store) == "1"
    assert rollback(store, "stance").version == "2"
    assert champion(store) == "2"


def test_without_a_previous_champion_there_is_no_rollback(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys")
    with pytest.raises(PromotionError) as caught:
        rollback(store, "stance")
    assert str(caught.value) == "'stance' has had no champion before the present one"


def test_a_champion_judged_on_other_items_is_replaced_on_request_alone(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys")
    made = prepared(trained, name="others", split="{kind: holdout, test: 0.4, dev: 0.2, calibration: 0}")
    assert [one.error for one in run_classifiers(made, store)] == [None]
    with pytest.raises(PromotionError) as caught:
        promote(store, "others")
    assert str(caught.value).startswith(
        "the champion of 'stance', version 1, was judged on other test items ("
    )
    assert str(caught.value).endswith(
        "so their scores cannot be compared; --replace replaces it all the same"
    )
    assert champion(store) == "1"
    assert promote(store, "others", replace=True).version == "2"


def test_runs_that_were_judged_otherwise_are_no_candidates(trained: Path) -> None:
    store = Store.open()
    store.client.set_tag(run_of(store, "strong").info.run_id, "harness.test_fingerprint", "another")
    store.client.log_metric(run_of(store, "strong").info.run_id, "validation/f1_macro", 1.0)
    assert promote(store, "toys").classifier != "strong"


def test_another_name_is_another_champion(trained: Path) -> None:
    store = Store.open()
    assert promote(store, "toys", model_name="mine").uri == "models:/mine@champion"
    assert champion(store, "mine") == "1"


@pytest.mark.parametrize(
    ("experiment_name", "classifier", "error", "said"),
    [
        ("toy", None, StoreError, "there is no experiment 'toy'; known: Default, toys"),
        (
            *("toys", "linear", PromotionError),
            "'toys' has no finished run of 'linear'; finished: prior, strong, unsaved, verbs",
        ),
        ("toys", "unsaved", PromotionError, "'unsaved' has no model: it cannot be saved"),
        ("Default", None, PromotionError, "the experiment 'Default' has no finished run"),
    ],
)
def test_what_cannot_be_promoted_is_named(
    ladder: Path, experiment_name: str, classifier: str | None, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        promote(Store.open(ladder), experiment_name, classifier=classifier)
    assert str(caught.value) == said


def test_without_select_there_is_no_best(trained: Path) -> None:
    store = Store.open()
    made = prepared(trained, name="blind", split="{kind: kfold, k: 3, dev: 0, calibration: 0}")
    assert [one.error for one in run_classifiers(made, store)] == [None]
    with pytest.raises(PromotionError) as caught:
        promote(store, "blind")
    assert str(caught.value) == (
        "no run of 'blind' has both a model and a score on validation; name one with --classifier"
    )
    assert promote(store, "blind", classifier="verbs").classifier == "verbs"


def test_promoting_at_the_same_time_registers_once(trained: Path) -> None:
    def promoting(_: int) -> Promotion:
        return promote(Store.open(trained), "toys")

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(promoting, range(3)))
    assert {one.version for one in made} == {"1"}
    assert sorted(one.changed for one in made) == [False, False, True]
