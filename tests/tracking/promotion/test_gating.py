"""Gates of an experiment's runs: what stops a promotion, what overrules it, and what is recorded."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden
from sentences import numbers

from harness.runs.comparison import compare_logged
from harness.tracking.looks import Looks, looks_at
from harness.tracking.promotion import (
    Promotion,
    RefusedPromotionError,
    promote,
    versions,
)
from harness.tracking.store import Store
from tests.tracking.promotion.doctored_runs import (
    champion,
    files_of_run,
    in_this_process,
    named,
    policy,
    run_of,
    set_findings,
    set_predictions,
    verdicts,
)

__all__ = ["in_this_process"]

WAIVER = "names are masked before labelling"
DEADLINE = "a deadline"
BLOCKING = ("leaks", "target_use", "sensitivity", "party_swap")


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
    policy(store, waive={"party_swap": WAIVER, "size": "never needed"})
    promotion = promote(store, "toys", named("verbs"))
    assert verdicts(promotion)["party_swap"] == "waived"
    assert verdicts(promotion)["size"] == "passed"
    tags = store.client.get_model_version("stance", "1").tags
    waivers = {name: text for name, text in tags.items() if name.startswith("harness.waived.")}
    assert list(waivers) == ["harness.waived.party_swap"]
    assert WAIVER in waivers["harness.waived.party_swap"]
    assert "harness.forced" not in tags


def test_what_is_forced_is_recorded(trained: Path) -> None:
    store = Store.open()
    set_findings(store, "verbs", party_swap="failed")
    promotion = promote(store, "toys", named("verbs", force=DEADLINE))
    assert promotion.changed
    tags = store.client.get_model_version("stance", "1").tags
    assert tags["harness.forced"] == f"party_swap: {DEADLINE}"
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


def test_a_model_may_have_to_be_so_many_times_as_fast(trained: Path) -> None:
    store = Store.open()
    policy(store, times_as_fast=0.001)
    assert verdicts(promote(store, "toys", named("strong")))["speed"] == "not applicable"
    assert verdicts(promote(store, "toys", named("verbs", dry_run=True)))["speed"] == "passed"
    policy(store, times_as_fast=1000.0)
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("verbs"))
    # The champion itself is not asked to be faster than it is.
    assert verdicts(promote(store, "toys", named("strong")))["speed"] == "not applicable"
    # The ratio that was measured, beside the one that was asked.
    gate = caught.value.gates.set_index("gate").loc["speed"]
    assert gate["limit"] == 1000
    assert 0 < gate["value"] < 1000
    policy(store, times_as_fast=None)
    assert "speed" not in verdicts(promote(store, "toys", named("verbs")))


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


def test_a_model_that_is_not_shown_to_be_no_worse_may_be_refused(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.5, test=0.9)
    set_predictions(store, "prior", validation=0.5, test=0.88)
    policy(store, no_worse=True)
    promote(store, "toys", named("strong"))
    with pytest.raises(RefusedPromotionError) as caught:
        promote(store, "toys", named("prior"))
    assert verdicts(caught.value)["test"] == "failed"
    # What is shown to lose less than that is promoted, and so is what wins.
    policy(store, no_worse=True, margin=0.5)
    assert verdicts(promote(store, "toys", named("prior")))["test"] == "passed"


def test_looks_at_test_items_are_counted(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.5, test=0.5)
    set_predictions(store, "verbs", validation=0.5, test=0.9)
    items = run_of(store, "verbs").data.tags["harness.test_fingerprint"]
    assert looks_at(store, items) == Looks(runs=4, comparisons=0, promotions=0)
    promote(store, "toys", named("strong"))
    promote(store, "toys", named("verbs"))
    assert looks_at(store, items) == Looks(runs=4, comparisons=0, promotions=1)
    compare_logged(store, ["toys"])
    assert looks_at(store, items) == Looks(runs=4, comparisons=1, promotions=1)
    # An equal comparison shows nothing new, and is not logged again.
    compared = compare_logged(store, ["toys"])
    assert looks_at(store, items).comparisons == 1
    assert numbers(compared.comparison.limitations[-1]) == [4, 1, 1]
    assert looks_at(store, "other items") == Looks(0, 0, 0)


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


@pytest.mark.parametrize(
    ("right", "verdict"), [(0.25, "failed"), (0.37, "undecided"), (0.6, "passed"), (0.0, "failed")]
)
def test_what_scores_no_better_than_guessing_is_refused(trained: Path, right: float, verdict: str) -> None:
    store = Store.open()
    set_predictions(store, "verbs", validation=right)
    try:
        outcome: Promotion | RefusedPromotionError = promote(store, "toys", named("verbs"))
    except RefusedPromotionError as error:
        outcome = error
    assert verdicts(outcome)["baseline"] == verdict
    # Undecided is printed, and does not block.
    assert isinstance(outcome, RefusedPromotionError) is (verdict == "failed")
    gate = outcome.gates.set_index("gate").loc["baseline"]
    # Three labels of the same size, dealt out at random.
    assert gate["limit"] == pytest.approx(1 / 3, abs=0.03)


def test_a_baseline_need_not_beat_itself(trained: Path) -> None:
    store = Store.open()
    assert verdicts(promote(store, "toys", named("prior")))["baseline"] == "not applicable"


def test_few_validation_rows_pass_no_gate_of_scores(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "verbs", validation=0.9)
    path = files_of_run(store, "verbs") / "predictions.parquet"
    rows = pd.read_parquet(path)
    rows[(rows["split"] != "validation") | rows["id"].isin([f"validation{k}" for k in range(19)])].to_parquet(
        path
    )
    promotion = promote(store, "toys", named("verbs"))
    assert {verdicts(promotion)[gate] for gate in ("baseline", "calibration")} == {"undecided"}
    assert re.search(r"not shown on validation, 19\b", promotion.describe())


def test_without_an_interval_no_gate_tells_of_a_tie(trained: Path) -> None:
    store = Store.open()
    for name, share in (("strong", 0.7), ("verbs", 0.6)):
        set_predictions(store, name, validation=share, test=share)
        path = files_of_run(store, name) / "predictions.parquet"
        pd.read_parquet(path).assign(group="one article").to_parquet(path)
    promote(store, "toys", named("strong"))
    gates = promote(store, "toys", named("verbs")).gates.set_index("gate")
    for gate in ("baseline", "test"):
        assert gates.loc[gate, "verdict"] == "undecided"
        assert "(" not in gates.loc[gate, "sentence"]
        assert "told from" not in gates.loc[gate, "sentence"]


def test_promotion_says_how_often_the_model_gave_no_answer(trained: Path) -> None:
    store = Store.open()
    set_predictions(store, "strong", validation=0.9, test=0.9)
    assert "no answer" not in promote(store, "toys", named("strong")).describe()
    set_predictions(store, "verbs", validation=0.9, test=0.9)
    path = files_of_run(store, "verbs") / "predictions.parquet"
    rows = pd.read_parquet(path)
    refused = rows["split"].eq("test") & rows.groupby("split").cumcount().lt(20)
    rows.loc[refused, "prediction"] = None
    rows.loc[refused, [name for name in rows.columns if name.startswith("p_")]] = float("nan")
    rows.to_parquet(path)
    policy(store, margin=0.99)
    n_test = int(rows["split"].eq("test").sum())
    (note,) = [note for note in promote(store, "toys", named("verbs")).notes if "no answer" in note]
    assert numbers(note)[:2] == [20, n_test]
    assert "validation" not in note
