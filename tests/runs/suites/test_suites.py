"""Suites: what a file may say, what is run, what is written."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import toys
from golden import Golden
from refused import listing, places, refused
from sentences import numbers, words

from harness.cli import suites as cli_suites
from harness.cli.reporting import with_output_options
from harness.cli.screen import MIN_WIDTH
from harness.corpora import card as cards
from harness.corpora import describe
from harness.corpora.card import Published
from harness.evaluation.prepared import Prepared
from harness.runs import classifiers as run_of_classifiers
from harness.runs import suites
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.resources import Resources
from harness.runs.suites import Suite, SuiteCell, SuiteRow
from harness.runs.suites.table import floor, to_csv, to_markdown
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker
from harness.values.errors import ConfigError

SYSTEM = "BERT (Li 2021)"
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
    assert away.plan is None
    assert "HARNESS_GVFC" in words(away.absent)


BROKEN: dict[str, tuple[str, list[str]]] = {
    "of every experiment": (
        SUITE.replace("strength: 30.0", "strong: 30.0")
        .replace("k: 3", "k: 1")
        .replace("first: {verbs: 0.5, prior: 0.9}", "third: {verbs: 0.5}")
        .replace("[first, second]", "[first, secnd]"),
        [
            "two.yaml:22: floors.third",
            "two.yaml:24: means.both.1",
            "two.yaml:14: split.k",
            "two.yaml:17: classifiers.verbs.strong",
        ],
    ),
    "of a floor": (SUITE.replace("prior: 0.9", "prio: 0.9"), ["two.yaml:22: floors.first.prio"]),
    "of the suite itself": (
        "name: two\nexperments: {}\n",
        ["two.yaml:1: experiments", "two.yaml:2: experments"],
    ),
}


def test_all_problems_are_said_at_once_with_their_lines(suite: Suite, golden: Golden) -> None:
    def read(text: str) -> Suite:
        suite.path.write_text(text, encoding="utf-8")
        return suites.read(suite.path)

    cases: dict[str, Callable[[], object]] = {name: partial(read, text) for name, (text, _) in BROKEN.items()}
    for name, (_, where) in BROKEN.items():
        error = refused(cases[name])
        assert type(error) is ConfigError
        assert places(error) == where
    golden("runs/suite-problems", listing(cases))


def test_what_is_finished_is_not_repeated_and_stands_in_the_table(suite: Suite, golden: Golden) -> None:
    done = cells(suite, only=["first"], classifiers=["prior"])
    assert names(done) == [("first", "prior", False)]
    more = cells(suite, classifiers=["verbs"])
    assert names(more) == [("first", "prior", True), ("first", "verbs", False), ("second", "verbs", False)]
    assert [one[2] for one in names(cells(suite))] == [True, True, False, True]
    table = suites.rows(suite, cells(suite))
    shown = [(row.corpus, row.classifier, row.metric, numbers(row.items), row.reached) for row in table]
    assert shown == [
        ("first", "prior", "f1_macro", [27], False),
        ("first", "verbs", "f1_macro", [27], True),
        ("second", "prior", "accuracy", [54, 3], None),
        ("second", "verbs", "accuracy", [54, 3], None),
    ]
    golden("runs/suite-items", "\n".join(dict.fromkeys(f"{row.corpus}: {row.items}" for row in table)))


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
    assert [(row.corpus, row.classifier) for row in table if row.published] == [(after, SYSTEM)]
    lines = [row.corpus for row in table]
    assert lines[-1] == after
    assert lines == sorted(lines, key=["first", "second", "both"].index)


def test_unknown_names_are_refused_before_anything_runs(suite: Suite, golden: Golden) -> None:
    error = refused(lambda: cells(suite, only=["frist"], classifiers=["verb"]))
    assert type(error) is ConfigError
    assert places(error) == ["only", "classifier"]
    golden("runs/suite-unknown-names", str(error))


def test_a_failure_does_not_stop_the_others(
    suite: Suite, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    text = SUITE.replace("verbs: {strength: 30.0}", "verbs: ~").replace("k: 3", "k: 40")
    suite.path.write_text(text, encoding="utf-8")
    # Printed and reported first, and raised by the command line at the end.
    verb: Any = with_output_options(cli_suites.suite)
    with pytest.raises(suites.FailedSuiteError) as caught:
        verb(suite.path, json_=False, quiet=False)
    (failure,) = caught.value.run.failures
    assert str(caught.value) == failure
    assert failure.startswith("second: ")
    assert numbers(failure) == [18, 40]
    shown = capsys.readouterr().out.splitlines()
    (left_out,) = [line for line in shown if "HARNESS_GVFC" in line]
    assert "away" in words(left_out)
    (title,) = [line.rstrip() for line in shown if line.startswith("first: f1_macro ")]
    assert numbers(title) == [27]
    golden("runs/suite-failure", "\n".join((left_out, title, failure)))


def test_all_classifiers_of_an_experiment_are_handed_to_its_executor_together(
    suite: Suite, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = []

    @contextlib.contextmanager
    def recorded(prepared: Prepared, tracker: Tracker) -> Iterator[Ahead]:
        run = prepared.plan.config.run
        handed.append((run.executor, [classifier.name for classifier in prepared.plan.classifiers]))
        # Where trials run is tested elsewhere: here, in this process.
        yield Ahead(prepared, [], Resources(None, None, 2, 64.0))

    monkeypatch.setattr(run_of_classifiers, "running_ahead", recorded)
    suites.run_suite(suite.path, only=["first"], output=folder / "out", executor="processes")
    assert handed == [("processes", ["prior", "verbs"])]
    with pytest.raises(ConfigError, match="executor"):
        suites.run_suite(suite.path, only=["first"], executor="many")


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
    assert run.data.tags["mlflow.note.content"] == f"{suite.description}\n\n{markdown}"


def row(corpus: str, value: float, **about: object) -> SuiteRow:
    return SuiteRow(corpus, "linear", "f1_macro", value, f1_macro=value, **about)  # type: ignore[arg-type]


def test_a_mean_is_over_experiments_with_their_spread(suite: Suite, golden: Golden) -> None:
    from harness.runs.suites.table import _means

    found = [row("a", 0.3, floor=0.35, seconds=1.0), row("b", 0.4, floor=0.35, seconds=2.0)]
    (mean,) = _means("all", ("a", "b"), found)
    # The spread of .3 and .4 with one degree of freedom: √(2 · .05²) = .0707.
    assert (mean.value, mean.seed_sd, mean.reached) == (
        pytest.approx(0.35),
        pytest.approx(0.0707, abs=1e-4),
        True,
    )
    assert numbers(mean.items) == [2]
    assert words(mean.items)[-2:] == ["a", "b"]
    golden("runs/suite-mean", mean.items)
    assert _means("all", ("a", "b", "c"), found) == []


def test_a_floor_is_reached_by_equality() -> None:
    assert floor(row("a", 0.5, floor=0.5)) == "≥ 0.500"
    assert floor(row("a", 0.4999, floor=0.5)) == "missed 0.500"
    assert floor(row("a", 0.4999)) == ""


def test_what_is_not_there_is_left_empty() -> None:
    table = [row("a", 0.5), SuiteRow("a", SYSTEM, "f1_macro", 0.7, items="test", published=True)]
    assert to_csv(table).splitlines()[1:] == [
        "a,linear,f1_macro,0.5000,,,,0.5000,,,,,,False",
        f"a,{SYSTEM},f1_macro,0.7000,,,,,,,,test,,True",
    ]
    assert to_markdown(table).splitlines()[-1] == (
        f"| a | {SYSTEM} | f1_macro | 0.700 | – | – | – |  | test |  |"
    )
    assert math.isnan(table[1].f1_macro)


def test_a_published_number_stands_under_the_table_and_cuts_no_column_off(golden: Golden) -> None:
    from rich.console import Console

    long = "A system with a long name (Someone & Someone 2021)"
    table = [
        row("a", 0.5, low=0.4, high=0.6, floor=0.4, items="7 rows of test", seconds=3.0),
        SuiteRow("a", long, "f1_macro", 0.7, items="9 rows, dev and test together", published=True),
        SuiteRow("a", long, "f1_macro", 0.8, items="11 rows of another test", published=True),
    ]
    console = Console(width=MIN_WIDTH, record=True, file=io.StringIO())
    laid_out = cli_suites.suite_table(table)
    console.print(laid_out)
    shown = " ".join(console.export_text().split())
    assert "…" not in shown
    assert "linear 0.500 0.400–0.600 – 0.500 ≥ 0.400 3 s" in shown
    first, second = str(laid_out.caption).splitlines()
    assert (numbers(first), numbers(second)) == ([0.7, 9, 2021], [0.8, 11, 2021])
    for line, published in zip((first, second), table[1:], strict=True):
        assert line in shown
        assert published.items in line
        assert long in line
    golden("runs/suite-published", f"{first}\n{second}")


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
