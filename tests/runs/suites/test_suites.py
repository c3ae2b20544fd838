"""Suites: what a file may say, what is run, what is written."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toys

from harness.cli import suites as cli_suites
from harness.cli.reporting import with_output_options
from harness.cli.screen import MIN_WIDTH
from harness.corpora import card as cards
from harness.corpora import describe
from harness.corpora.card import Published
from harness.runs import suites
from harness.runs.suites import Suite, SuiteCell, SuiteRow
from harness.runs.suites.table import floor, to_csv, to_markdown
from harness.tracking.store import Store
from harness.values.errors import ConfigError

SUITE = """\
name: two
description: Do verbs tell?
common:
  split: {kind: predefined, calibration: 0}
  classifiers:
    prior: {kind: prior}
    verbs: {kind: 'toys:verbs'}
experiments:
  first:
    corpus: {kind: files, path: sentences.csv}
    seeds: [1, 2]
  second:
    corpus: {kind: files, path: sentences.csv}
    split: {kind: kfold, k: 3, calibration: 0}
    primary: accuracy
    classifiers:
      verbs: {strength: 30.0}
  away:
    corpus: {kind: gvfc}
    task: framing
floors:
  first: {verbs: 0.5, prior: 0.9}
means:
  both: [first, second]
"""


@pytest.fixture
def suite(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.delenv("HARNESS_GVFC", raising=False)
    toys.write_corpus(folder)
    (folder / "two.yaml").write_text(SUITE, encoding="utf-8")
    return suites.read(folder / "two.yaml")


def cells(suite: Suite, **choice: object) -> list[SuiteCell]:
    found = list(suites.run_entries(suite, Store.open(), **choice))  # type: ignore[arg-type]
    assert all(isinstance(one, SuiteCell) for one in found), found
    return found  # type: ignore[return-value]


def names(found: list[SuiteCell]) -> list[tuple[str, str, bool]]:
    return [(one.entry.key, one.outcome.classifier.name, one.outcome.reused) for one in found]


def test_every_experiment_starts_from_what_is_common(suite: Suite) -> None:
    first, second, away = suite.entries
    assert first.plan is not None
    assert second.plan is not None
    assert (first.plan.name, second.plan.name) == ("two-first", "two-second")
    assert (first.plan.config.seeds, second.plan.config.seeds) == ((1, 2), (1,))
    assert (first.plan.split.kind, second.plan.split.kind) == ("predefined", "kfold")
    strengths = [
        [one.bound.options for one in entry.plan.classifiers][1]["strength"]
        for entry in (first, second)
        if entry.plan is not None
    ]
    assert strengths == [1.0, 30.0]
    assert (away.plan, away.absent) == (None, "the environment variable HARNESS_GVFC is not set")


def test_all_problems_are_said_at_once_with_their_lines(suite: Suite) -> None:
    text = SUITE.replace("strength: 30.0", "strong: 30.0").replace("k: 3", "k: 1")
    text = text.replace("first: {verbs: 0.5, prior: 0.9}", "third: {verbs: 0.5}").replace(
        "[first, second]", "[first, secnd]"
    )
    suite.path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        suites.read(suite.path)
    assert str(caught.value).splitlines() == [
        "two.yaml:22: floors.third: there is no experiment 'third'; known: away, first, second",
        "two.yaml:24: means.both.1: there is no experiment 'secnd'; did you mean 'second'?",
        "two.yaml:14: split.k: should be at least 2, got 1",
        "two.yaml:17: classifiers.verbs.strong: toys:verbs takes no 'strong'; did you mean 'strength'?",
    ]
    suite.path.write_text(SUITE.replace("prior: 0.9", "prio: 0.9"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        suites.read(suite.path)
    assert str(caught.value) == "two.yaml:22: floors.first.prio: first has no classifier 'prio'"
    suite.path.write_text("name: two\nexperments: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        suites.read(suite.path)
    assert str(caught.value).splitlines() == [
        "two.yaml:1: experiments: is required",
        "two.yaml:2: experments: there is no setting 'experments'; did you mean 'experiments'?",
    ]


def test_what_is_finished_is_not_repeated_and_stands_in_the_table(suite: Suite) -> None:
    done = cells(suite, only=["first"], classifiers=["prior"])
    assert names(done) == [("first", "prior", False)]
    more = cells(suite, classifiers=["verbs"])
    assert names(more) == [("first", "prior", True), ("first", "verbs", False), ("second", "verbs", False)]
    assert [one[2] for one in names(cells(suite))] == [True, True, False, True]
    table = suites.rows(suite, cells(suite))
    shown = [(row.corpus, row.classifier, row.metric, row.items, row.reached) for row in table]
    assert shown == [
        ("first", "prior", "f1_macro", "27 rows of test", False),
        ("first", "verbs", "f1_macro", "27 rows of test", True),
        ("second", "prior", "accuracy", "54 rows, 3 folds", None),
        ("second", "verbs", "accuracy", "54 rows, 3 folds", None),
    ]


@pytest.mark.parametrize(
    ("text", "only", "after"),
    [
        (SUITE, (), "second"),  # of two metrics there is no mean
        (SUITE.replace("    primary: accuracy\n", ""), (), "both"),
        (SUITE.replace("    primary: accuracy\n", ""), ["first"], "first"),
    ],
)
def test_published_numbers_stand_once_a_corpus(
    text: str, only: list[str], after: str, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = Published("BERT", "f1_macro", 0.7, "test", "Li 2021")
    numbered = replace(cards.load_card("files"), published=(number,))
    monkeypatch.setattr(cards, "load_card", lambda _: numbered)
    suite.path.write_text(text, encoding="utf-8")
    read = suites.read(suite.path)
    table = suites.rows(read, cells(read, only=only))
    assert [(row.corpus, row.classifier) for row in table if row.published] == [(after, "BERT (Li 2021)")]
    lines = [row.corpus for row in table]
    assert lines[-1] == after
    assert lines == sorted(lines, key=["first", "second", "both"].index)


def test_unknown_names_are_refused_before_anything_runs(suite: Suite) -> None:
    with pytest.raises(ConfigError) as caught:
        cells(suite, only=["frist"], classifiers=["verb"])
    assert str(caught.value).splitlines() == [
        "only: two has no experiment 'frist'; did you mean 'first'?",
        "classifier: two has no classifier 'verb'; did you mean 'verbs'?",
    ]


def test_a_failure_does_not_stop_the_others(suite: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    text = SUITE.replace("verbs: {strength: 30.0}", "verbs: ~").replace("k: 3", "k: 40")
    suite.path.write_text(text, encoding="utf-8")
    # Printed and reported first, and raised by the command line at the end.
    verb: Any = with_output_options(cli_suites.suite)
    with pytest.raises(suites.FailedSuiteError) as caught:
        verb(suite.path, json_=False, quiet=False)
    assert str(caught.value) == "second: sentences: 18 groups cannot be divided into 40 parts"
    shown = capsys.readouterr().out
    assert "note: away is left out: the environment variable HARNESS_GVFC is not set" in shown
    assert "first: f1_macro on 27 rows of test" in shown


def test_the_table_is_written_and_logged_once(suite: Suite, folder: Path) -> None:
    for _ in range(2):
        suites.run_suite(suite.path, only=["first"], classifiers=["prior"], output=folder / "out")
    table = list(csv.DictReader(io.StringIO((folder / "out" / "table.csv").read_text(encoding="utf-8"))))
    assert [(row["corpus"], row["classifier"]) for row in table] == [("first", "prior")]
    client = Store.open().client
    number = client.get_experiment_by_name("two").experiment_id
    (run,) = client.search_runs([number])
    assert run.data.metrics["first/prior"] == pytest.approx(float(table[0]["value"]), abs=1e-4)
    markdown = (folder / "out" / "table.md").read_text(encoding="utf-8")
    assert run.data.tags["mlflow.note.content"] == f"Do verbs tell?\n\n{markdown}"


def row(corpus: str, value: float, **about: object) -> SuiteRow:
    return SuiteRow(corpus, "linear", "f1_macro", value, f1_macro=value, **about)  # type: ignore[arg-type]


def test_a_mean_is_over_experiments_with_their_spread(suite: Suite) -> None:
    from harness.runs.suites.table import _means

    found = [row("a", 0.3, floor=0.35, seconds=1.0), row("b", 0.4, floor=0.35, seconds=2.0)]
    (mean,) = _means("all", ("a", "b"), found)
    # The spread of .3 and .4 with one degree of freedom: √(2 · .05²) = .0707.
    assert (mean.value, mean.seed_sd, mean.reached) == (
        pytest.approx(0.35),
        pytest.approx(0.0707, abs=1e-4),
        True,
    )
    assert mean.items == "mean of 2: a, b"
    assert _means("all", ("a", "b", "c"), found) == []


def test_a_floor_is_reached_by_equality() -> None:
    assert floor(row("a", 0.5, floor=0.5)) == "≥ 0.500"
    assert floor(row("a", 0.4999, floor=0.5)) == "missed 0.500"
    assert floor(row("a", 0.4999)) == ""


def test_what_is_not_there_is_left_empty() -> None:
    table = [row("a", 0.5), SuiteRow("a", "BERT (Li 2021)", "f1_macro", 0.7, items="test", published=True)]
    assert to_csv(table).splitlines()[1:] == [
        "a,linear,f1_macro,0.5000,,,,0.5000,,,,,,False",
        "a,BERT (Li 2021),f1_macro,0.7000,,,,,,,,test,,True",
    ]
    assert to_markdown(table).splitlines()[-1] == (
        "| a | BERT (Li 2021) | f1_macro | 0.700 | – | – | – |  | test |  |"
    )
    assert math.isnan(table[1].f1_macro)


def test_a_published_number_stands_under_the_table_and_cuts_no_column_off() -> None:
    from rich.console import Console

    long = "A system with a long name (Someone & Someone 2021)"
    table = [
        row("a", 0.5, low=0.4, high=0.6, floor=0.4, items="7 rows of test", seconds=3.0),
        SuiteRow("a", long, "f1_macro", 0.7, items="9 rows, dev and test together", published=True),
        SuiteRow("a", long, "f1_macro", 0.8, items="11 rows of another test", published=True),
    ]
    console = Console(width=MIN_WIDTH, record=True, file=io.StringIO())
    console.print(cli_suites.suite_table(table))
    said = " ".join(console.export_text().split())
    assert "…" not in said
    assert "linear 0.500 0.400–0.600 – 0.500 ≥ 0.400 3 s" in said
    assert f"published: f1_macro 0.700 on 9 rows, dev and test together, {long}" in said
    assert f"published: f1_macro 0.800 on 11 rows of another test, {long}" in said


def test_published_numbers_name_their_items() -> None:
    for card in describe.cards():
        for one in card.published:
            assert isinstance(one, Published)
            assert 0 < one.value < 1
            assert one.items
            assert one.source


@pytest.mark.parametrize("path", sorted(Path("configs/suites").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_suite_resolves(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for card in describe.cards():
        if card.variable:
            monkeypatch.setenv(card.variable, str(tmp_path))
    assert all(entry.plan is not None for entry in suites.read(path).entries)
