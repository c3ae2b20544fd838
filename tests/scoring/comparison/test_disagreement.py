"""Where two runs differ, on made-up runs whose differences are planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from golden import Golden
from scoring.comparison.toy_runs import frames, run

from harness.reports.comparison_reasons import (
    MAX_EXPLAINED,
    RunEvidence,
    comparison_reasons,
    reason_sentences,
    slice_sentence,
)
from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.disagreement import MAX_ITEMS, RunItems, disagreement
from harness.scoring.slices import Slice
from harness.values.findings import Finding
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import Predictions


def spoiled(predictions: Predictions, party: str) -> Predictions:
    """The same run, but wrong and certain of it on every item of a party."""
    rows = predictions.rows.copy()
    names = predictions.labels.names
    for index in rows.index[rows["target"] == party]:
        wrong = names[(names.index(rows.at[index, "truth"]) + 1) % len(names)]
        for name in names:
            rows.at[index, f"p_{name}"] = 1.0 if name == wrong else 0.0
        rows.at[index, "prediction"] = wrong
    return replace(predictions, rows=rows)


GOOD = run("good", 2.0, n_seeds=1)
BAD = spoiled(GOOD, "t1")


def test_a_planted_difference_is_found_in_its_slice_alone() -> None:
    pair = disagreement(("good", "bad"), RunItems.of(GOOD), RunItems.of(BAD))
    first = pair.slices[0]
    assert (first.column, first.value, first.n, first.worse) == ("party", "t1", 60, 0.0)
    assert first.established
    assert first.low > 0
    others = [entry for entry in pair.slices if entry.column == "party" and entry.value != "t1"]
    assert len(others) == 3
    assert all(entry.difference == 0 and not entry.established for entry in others)
    assert pair.both + pair.neither + pair.only_better + pair.only_worse == pair.n == 240
    assert pair.only_worse == 0
    assert pair.only_better == round(first.better * 60)
    assert "party t1 (60 items)" in slice_sentence(pair)


def test_a_planted_difference_is_found_in_any_slice_that_a_run_carries() -> None:
    ids = [str(id_) for id_ in GOOD.rows["id"]]
    # Outlet Post has the items of party t1, Wire the others.
    of_party = frozenset(GOOD.rows.loc[GOOD.rows["target"] == "t1", "id"])
    slices = (Slice("outlet", "Post", of_party), Slice("outlet", "Wire", frozenset(ids) - of_party))
    pair = disagreement(("good", "bad"), RunItems.of(GOOD), RunItems.of(BAD), slices=slices)
    by_name = {(entry.column, entry.value): entry for entry in pair.slices}
    post, wire = by_name["outlet", "Post"], by_name["outlet", "Wire"]
    assert (post.n, post.worse, post.established) == (60, 0.0, True)
    assert (wire.n, wire.difference, wire.established) == (180, 0.0, False)
    assert post.difference == by_name["party", "t1"].difference


def test_more_slices_are_corrected_for() -> None:
    ids = sorted(str(id_) for id_ in GOOD.rows["id"])
    # Parts of 30 items that have nothing to do with the difference.
    parts = tuple(Slice("part", str(k), frozenset(ids[30 * k : 30 * k + 30])) for k in range(8))
    weak = run("weak", 1.6, n_seeds=1)
    few = disagreement(("good", "weak"), RunItems.of(GOOD), RunItems.of(weak))
    many = disagreement(("good", "weak"), RunItems.of(GOOD), RunItems.of(weak), slices=parts)
    before = {(entry.column, entry.value): entry.p for entry in few.slices}
    after = {(entry.column, entry.value): entry.p for entry in many.slices}
    assert len(after) == len(before) + len(parts)
    assert all(after[name] >= p for name, p in before.items())
    assert any(after[name] > p for name, p in before.items())


@pytest.mark.parametrize("n", [MIN_ITEMS - 1, MIN_ITEMS])
def test_a_slice_that_a_run_carries_must_be_large_enough(n: int) -> None:
    ids = sorted(str(id_) for id_ in GOOD.rows["id"])
    items = RunItems.of(GOOD)
    pair = disagreement(("a", "b"), items, items, slices=[Slice("part", "first", frozenset(ids[:n]))])
    assert sum(entry.column == "part" for entry in pair.slices) == (n >= MIN_ITEMS)


def test_the_disputed_items_are_those_with_the_largest_gap() -> None:
    pair = disagreement(("good", "bad"), RunItems.of(GOOD), RunItems.of(BAD))
    assert len(pair.items) == MAX_ITEMS
    assert {item.party for item in pair.items} == {"t1"}
    gaps = [abs(item.gap) for item in pair.items]
    assert gaps == sorted(gaps, reverse=True)
    assert all(item.better != item.worse for item in pair.items)


def test_equal_runs_differ_nowhere() -> None:
    pair = disagreement(("a", "b"), RunItems.of(GOOD), RunItems.of(GOOD))
    assert (pair.only_better, pair.only_worse, pair.items) == (0, 0, ())
    assert not [entry for entry in pair.slices if entry.established]
    assert slice_sentence(pair).startswith("They differ significantly in no slice; most on ")


@pytest.mark.parametrize(("n", "parties"), [(4 * MIN_ITEMS - 4, 0), (4 * MIN_ITEMS, 4)])
def test_small_slices_are_left_out(n: int, parties: int) -> None:
    """Four parties in turn: each has a quarter of the items."""
    items = RunItems.of(run("x", 1.0, n=n))
    pair = disagreement(("a", "b"), items, items)
    assert sum(entry.column == "party" for entry in pair.slices) == parties


def test_frames_have_slices_by_label_and_no_parties() -> None:
    pair = disagreement(("a", "b"), RunItems.of(frames("a", 2.0)), RunItems.of(frames("b", 0.2)))
    assert {entry.column for entry in pair.slices} == {"label"}
    assert pair.items
    assert all(-1 <= item.gap <= 1 for item in pair.items)


def test_equal_seeds_give_equal_results() -> None:
    better, worse = RunItems.of(run("a", 1.5)), RunItems.of(run("b", 1.0))
    assert disagreement(("a", "b"), better, worse) == disagreement(("a", "b"), better, worse)


def test_without_probabilities_the_gap_is_whether_it_is_right() -> None:
    bare = GOOD.rows.drop(columns=[f"p_{name}" for name in GOOD.labels.names])
    items = RunItems.of(GOOD)
    plain = replace(items, has_probabilities=False)
    assert set(np.unique(plain.of_truth)) <= {0.0, 1.0}
    assert len(bare) == len(GOOD.rows)


def _of_one_warning(comparison: Comparison, items: dict[str, RunItems]) -> str:
    warned = {name: RunEvidence([Finding("leaks", "warning", "")]) for name in items}
    first = reason_sentences(comparison_reasons(comparison, items, warned))[0]
    assert first.count("warning leaks") == 2
    # As predict's closing line does: a warning is no failure, and nothing is counted that there is not.
    assert not any(letter.isdigit() for letter in first)
    return first


def test_reasons_name_audits_slices_and_sentences(golden: Golden) -> None:
    tables = {"good": GOOD, "bad": BAD}
    comparison = compare(tables.items(), "f1_macro")
    items = {name: RunItems.of(table) for name, table in tables.items()}
    sentence = {str(id_): f"Sentence {id_}." for id_ in GOOD.rows["id"]}
    evidence = {
        "good": RunEvidence([Finding("party_swap", "passed", "")], sentence, "a/report.html"),
        "bad": RunEvidence([Finding("party_swap", "failed", ""), Finding("leaks", "passed", "")]),
    }
    assert "failed" not in _of_one_warning(comparison, items)
    reasons = comparison_reasons(comparison, items, evidence)
    assert reasons.audits == {"party swap": {"good": "passed", "bad": "failed"}, "leaks": {"bad": "passed"}}
    assert reasons.reports == {"good": "a/report.html"}
    (pair,) = reasons.disagreements
    assert set(reasons.sentences) == {item.id for item in pair.items}
    text = reason_sentences(reasons)
    golden("scoring/failed-audits", text[0])
    assert text[-1].startswith(f"Sentence {pair.items[1].id}. ({pair.items[1].truth}): good says ")


def test_slices_of_any_compared_run_serve_all_of_them() -> None:
    tables = {"good": GOOD, "bad": BAD}
    comparison = compare(tables.items(), "f1_macro")
    items = {name: RunItems.of(table) for name, table in tables.items()}
    cut = Slice("outlet", "Post", frozenset(sorted(map(str, GOOD.rows["id"]))[:60]))
    # A run of an earlier version carries none.
    evidence = {"good": RunEvidence(), "bad": RunEvidence(slices=[cut])}
    (pair,) = comparison_reasons(comparison, items, evidence).disagreements
    assert "outlet" in {entry.column for entry in pair.slices}


def test_of_many_runs_the_best_is_explained_beside_the_next_ones() -> None:
    tables = {f"r{number}": run(f"r{number}", 2.0 - number / 4) for number in range(MAX_EXPLAINED + 2)}
    comparison = compare(tables.items(), "f1_macro")
    items = {name: RunItems.of(table) for name, table in tables.items()}
    reasons = comparison_reasons(comparison, items, {})
    assert [pair.worse for pair in reasons.disagreements] == [
        entry.name for entry in comparison.runs[1 : MAX_EXPLAINED + 1]
    ]
    assert reasons.audits == {}
