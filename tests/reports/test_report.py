from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toys
from toys import prepared

from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.evaluation.trial import list_trials, run_trial
from harness.reports import figures, pages
from harness.reports.framed import framed_png
from harness.reports.model_card import model_card
from harness.reports.summary import Summary
from harness.scoring.crosstab import CrossTable, cross_tables
from harness.scoring.metrics.calibration import ReliabilityBin
from harness.scoring.score import score
from harness.values.labels import FRAMING, STANCE, LabelSet

Made = tuple[Prepared, ClassifierResult]


def finished(folder: Path, **options: str) -> Made:
    """Run an experiment of one classifier without any tracking."""
    made = prepared(folder, **options)
    (classifier,) = made.plan.classifiers
    trials = list_trials(made, classifier)
    results = [run_trial(made, trial, folder / trial.digest) for trial in trials]
    return made, pool_trials(made, classifier, results, folder / "refit")


@pytest.fixture(scope="module")
def stance(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return finished(tmp_path_factory.mktemp("stance"))


@pytest.fixture(scope="module")
def framing(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return finished(tmp_path_factory.mktemp("framing"), task="framing")


class Words(HTMLParser):
    """What a reader sees, and what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> tuple[str, Words]:
    parser = Words()
    parser.feed(page)
    return " ".join(" ".join(parser.text).split()), parser


def test_labels_are_counted_by_hand(stance: Made) -> None:
    """Test rows: 27, stances in turn, each sixth one said to be neutral.

    Rows 27 … 53: n % 3 gives 9 critical, 9 neutral, 9 supportive; those with n % 6 = 5 (29, 35, 41, 47, 53:
    all supportive by n % 3) are neutral instead: 9 critical, 14 neutral, 4 supportive.
    """
    rows = Summary(*stance).by_label
    assert [(row.name, row.support) for row in rows] == [("critical", 9), ("neutral", 14), ("supportive", 4)]
    assert sum(row.given for row in rows) == 27
    assert rows[0].f1 == 1.0


def test_each_party_has_its_true_and_given_counts(stance: Made) -> None:
    summary = Summary(*stance)
    by_name = {row.name: row for row in summary.by_target}
    assert {name: row.n for name, row in by_name.items()} == dict.fromkeys(toys.PARTIES, 9)
    # Whom "blasted" (n % 3 = 0) strikes is the party after the first: always critical, always known.
    assert by_name["Harbour Party"].counts == ((9, 9), (0, 0), (0, 0))
    assert by_name["Harbour Party"].accuracy == 1.0


def test_the_worst_errors_are_wrong_and_sorted(stance: Made) -> None:
    errors = Summary(*stance).errors
    assert errors
    assert all(one.truth != one.said for one in errors)
    sure = [one.confidence for one in errors]
    assert sure == sorted(sure, reverse=True)
    assert all(one.mention == one.target for one in errors)
    assert errors[0].before + errors[0].mention + errors[0].after in set(stance[0].corpus.rows["text"])


def test_errors_of_frames_name_the_frame(framing: Made) -> None:
    errors = Summary(*framing).errors
    assert errors
    assert {(one.said, one.truth) for one in errors} <= {
        pair
        for name in framing[0].plan.labels.names
        for pair in ((name, f"not {name}"), (f"not {name}", name))
    }


@pytest.mark.parametrize("case", ["stance", "framing"])
def test_the_page_asks_for_nothing_and_runs_nothing(case: str, request: pytest.FixtureRequest) -> None:
    page = pages.run_page(*request.getfixturevalue(case))
    _, parser = read(page)
    assert not parser.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert parser.fetched == []
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page


def test_what_comes_from_a_corpus_or_a_config_is_escaped(stance: Made) -> None:
    page = pages.run_page(*stance)
    text, parser = read(page)
    assert "Do verbs <i>say</i> enough?" in text
    assert "i" not in parser.tags
    assert "b" not in parser.tags
    assert "by &lt;b&gt;letter&lt;/b&gt;, for the" in page


def test_the_page_says_what_was_run_and_how_well(stance: Made) -> None:
    made, result = stance
    about = pages.About("today", "a machine", "abc", True, {"numpy": "1"})
    text, _ = read(pages.run_page(made, result, about))
    row = Summary(*stance).scores
    value = row[(row["metric"] == "f1_macro") & (row["split"] == "test")]["value"].iloc[0]
    assert f"f1_macro {value:.3f} on 27 test items, 95 % interval" in text
    assert "over 2 seeds." in text
    assert made.corpus.fingerprint in text
    assert "abc with changes that were not committed" in text
    assert "harness run toys.yaml --fresh" in text
    assert '"strength": 1.0' in text
    assert "<mark>Coastal Union</mark>" in pages.run_page(made, result)


def test_one_seed_says_that_the_spread_is_unknown(tmp_path: Path) -> None:
    text, _ = read(pages.run_page(*finished(tmp_path, seeds="[1]")))
    assert "one seed, so nothing is known of the spread between seeds." in text


def test_a_classifier_that_the_seed_does_not_change_says_so(tmp_path: Path) -> None:
    text, _ = read(pages.run_page(*finished(tmp_path, classifiers="  none: {kind: 'toys:unsaved'}")))
    assert "the seed changes nothing about this classifier." in text


def test_sentences_are_left_out_where_the_config_says_so(tmp_path: Path) -> None:
    made, result = finished(tmp_path, log_text="false")
    text, _ = read(pages.run_page(made, result))
    assert "sentences are left out, as the config asks" in text
    assert "time." not in text
    assert Summary(made, result).errors[0].id in text


def test_stance_is_crossed_with_the_gold_frames(stance: Made) -> None:
    """Of 27 test rows nine praise; of these n = 29, 35, 41, 47, 53 are labelled neutral, without a frame."""
    summary = Summary(*stance)
    (table,) = summary.crossed
    assert (table.party, table.n, table.groups) == ("all parties", 27, 9)
    assert table.frames == (*FRAMING.names, "none", "all")
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.given.value * 27 for cell in table.cells}
    assert [true["all", name] for name in STANCE.names] == pytest.approx([9, 14, 4])
    assert [true["morality", name] for name in STANCE.names] == pytest.approx([0, 0, 4])
    said = summary.test.rows["prediction"]
    assert [given["all", name] for name in STANCE.names] == pytest.approx(
        [(said == n).sum() for n in STANCE.names]
    )
    assert given["morality", "all"] == pytest.approx(4)
    text, _ = read(pages.run_page(*stance))
    assert "How parties are framed" in text
    assert "(its stances, the gold frames)" in text


def test_frames_are_crossed_with_the_gold_stance(framing: Made) -> None:
    summary = Summary(*framing)
    (table,) = summary.crossed
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.given.value * 27 for cell in table.cells}
    assert (true["morality", "all"], true["none", "neutral"]) == pytest.approx((4, 14))
    assert given["morality", "all"] == pytest.approx(summary.test.rows["prediction_morality"].sum())
    assert given["all", "neutral"] == pytest.approx(14)


def test_a_single_frame_is_crossed_as_several_are(tmp_path: Path) -> None:
    """Nine rows attack, four praise and are not neutral: none is a label here, and no second row."""
    made, result = finished(tmp_path, task="framing\nmulti: false\nlabels: [conflict, morality, none]")
    (table,) = Summary(made, result).crossed
    assert table.frames == ("conflict", "morality", "none", "all")
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.given.value * 27 for cell in table.cells}
    assert [true[name, "all"] for name in table.frames] == pytest.approx([9, 4, 14, 27])
    said = Summary(made, result).test.rows["prediction"]
    assert given["morality", "all"] == pytest.approx((said == "morality").sum())
    assert given["none", "all"] == pytest.approx((said == "none").sum())


def test_a_corpus_without_frames_has_no_such_table(stance: Made) -> None:
    prepared_, result = stance
    bare = replace(prepared_.corpus, rows=prepared_.corpus.rows.assign(frames=None))
    without = replace(prepared_, corpus=bare, entire=bare)
    assert Summary(without, result).crossed == ()
    assert "How parties are framed" not in read(pages.run_page(without, result))[0]


def test_directions_are_shown(stance: Made) -> None:
    rows = {row["name"]: row["direction"] for row in pages.score_rows(Summary(*stance))}
    assert (rows["f1_macro"], rows["log_loss"], rows["f1_critical"]) == ("higher", "lower", "higher")


def test_the_card_states_the_score_of_the_served_model(stance: Made) -> None:
    made, result = stance
    card = model_card(made, result)
    assert result.served is not None
    seed = result.served.trial.seed
    own = score(result.predictions.only(split="test", seed=seed), [made.plan.primary]).value("f1_macro")
    assert f"| f1_macro | {own:.3f} |" in card
    assert card.startswith(
        "# verbs (toys)\n\nLabels sentences by stance toward a named party. A `toys:verbs`"
    )
    assert f"This very model (seed {seed}) on 27 test items:" in card
    assert "Over 2 seeds f1_macro is" in card
    assert "- Labels: `critical`, `neutral`, `supportive`.\n" in card
    assert made.corpus.fingerprint in card


def test_the_card_of_a_refit_says_that_no_test_is_left(tmp_path: Path) -> None:
    card = model_card(*finished(tmp_path, split="{kind: kfold, k: 3, dev: 0.2, calibration: 0}"))
    assert "This model was fitted once more on all rows, so no test is left for it." in card


def test_the_card_of_a_framing_model_takes_text_alone(framing: Made) -> None:
    card = model_card(*framing)
    assert "- Input: `text`.\n" in card
    assert "`responsibility`; several or none at once.\n" in card


def crossed() -> tuple[CrossTable, ...]:
    columns = ["party", "group", "given_frames", "given_stance"]
    rows = [
        (f"P{n % 8}", f"g{n % 30}", ("conflict",) * (n % 3 > 0), STANCE.names[n % 5 % 3]) for n in range(200)
    ]
    return cross_tables(pd.DataFrame(rows, columns=columns), ("conflict", "human_interest"), STANCE.names)


def drawn() -> dict[str, Callable[[], bytes]]:
    frames = LabelSet(("conflict", "human_interest"), multi=True)
    bins = [ReliabilityBin(0, 0.5, 0.4, 0.3, 5), ReliabilityBin(0.5, 1, 0.7, 0.9, 5)]
    curves = {"a seed 1": [{"loss": 1.0, "f1": 0.1}, {"loss": 0.5}], "a seed 2": [{"loss": 0.9, "f1": 0.2}]}
    empty = np.zeros((3, 3), dtype=np.int64)
    return {
        "single": lambda: figures.confusion_png(np.arange(9).reshape(3, 3), STANCE, "single"),
        "multi": lambda: figures.confusion_png(np.arange(8).reshape(2, 2, 2), frames, "multi"),
        "nothing": lambda: figures.confusion_png(empty, STANCE, "nothing"),
        "reliability": lambda: figures.reliability_png(bins, "reliability"),
        "curves": lambda: figures.curves_png(curves, "curves"),
        "crossed": lambda: framed_png(crossed(), "crossed"),
        "crossed, stance": lambda: framed_png(crossed(), "crossed", "stance"),
        "one curve": lambda: figures.curves_png({"a": [{"loss": 1.0}]}, "one"),
    }


@pytest.mark.parametrize("name", drawn())
def test_figures_are_png_of_a_size_to_be_read_and_always_the_same(name: str) -> None:
    image = drawn()[name]()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", image[16:24])
    assert 250 <= width <= 1200
    assert 200 <= height <= 1000
    assert len(image) < 100_000
    assert drawn()[name]() == image
    assert not re.search(rb"20\d\d-\d\d-\d\d", image)
