from __future__ import annotations

import html
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toys
from golden import Golden
from sentences import numbers

from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import list_trials, run_trial
from harness.reports import figures, pages
from harness.reports.model_card import card_of, model_card
from harness.reports.run_summary import Summary
from harness.scoring.crosstab import EVERY_PARTY
from harness.scoring.score import score
from harness.serving.trust import trust_line
from harness.values.catalog import CATALOGUES, lookup
from harness.values.labels import FRAMING, STANCE

STACKED = '<table class="errors stacked">'
SENTENCE_FIRST = ".stacked td.text { order: -1; flex-basis: 100%; min-width: 0; }"


def summary_of(prepared: Prepared, folder: Path) -> Summary:
    """Run an experiment of one classifier without any tracking."""
    (classifier,) = prepared.plan.classifiers
    trials = list_trials(prepared, classifier)
    results = [run_trial(prepared, trial, folder / trial.digest) for trial in trials]
    return Summary(prepared.finish(pool_trials(prepared, classifier, results, folder / "refit")))


def toy_summary(folder: Path, **options: str) -> Summary:
    return summary_of(toys.prepared(folder, **options), folder)


@pytest.fixture(scope="module")
def stance(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return toy_summary(tmp_path_factory.mktemp("stance"))


@pytest.fixture(scope="module")
def framing(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return toy_summary(tmp_path_factory.mktemp("framing"), task="framing")


def page_text(summary: Summary, about: pages.About = pages.About()) -> str:
    """Return what a reader sees of a report, one text a line, without the folder of the test."""
    _, parser = read(pages.run_page(summary, about))
    lines = [" ".join(text.split()) for text in parser.text if text.strip()]
    style = next(number for number, line in enumerate(lines) if line.startswith(":root"))
    return re.sub(r'"path": "[^"]*/', '"path": "', "\n".join([*lines[:style], *lines[style + 1 :]]))


class PageParser(HTMLParser):
    """Gathers what a reader sees, and what a browser would load or run."""

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


def read(page: str) -> tuple[str, PageParser]:
    parser = PageParser()
    parser.feed(page)
    return " ".join(" ".join(parser.text).split()), parser


def test_labels_are_counted_by_hand(stance: Summary) -> None:
    """Test rows: 27, stances in turn, every sixth labelled neutral.

    Rows 27 … 53: n % 3 gives 9 critical, 9 neutral, 9 supportive; those with n % 6 = 5 (29, 35, 41, 47, 53:
    all supportive by n % 3) are neutral instead: 9 critical, 14 neutral, 4 supportive.
    """
    rows = stance.by_label
    assert [(row.name, row.support) for row in rows] == [("critical", 9), ("neutral", 14), ("supportive", 4)]
    assert sum(row.predicted for row in rows) == 27
    assert rows[0].f1 == 1.0


def test_each_party_has_its_true_and_predicted_counts(stance: Summary) -> None:
    by_name = {row.name: row for row in stance.by_target}
    assert {name: row.n for name, row in by_name.items()} == dict.fromkeys(toys.PARTIES, 9)
    # Whom "blasted" (n % 3 = 0) strikes is the party after the first: always critical, always known.
    assert by_name["Harbour Party"].counts == ((9, 9), (0, 0), (0, 0))
    assert by_name["Harbour Party"].accuracy == 1.0


def test_the_most_confident_errors_are_wrong_and_sorted(stance: Summary) -> None:
    errors = stance.errors
    assert errors
    assert all(error.truth != error.predicted for error in errors)
    confidences = [error.confidence for error in errors]
    assert confidences == sorted(confidences, reverse=True)
    assert all(error.mention == error.target for error in errors)
    assert errors[0].before + errors[0].mention + errors[0].after in set(stance.rows.test.rows["text"])


def test_errors_of_frames_name_the_frame(framing: Summary) -> None:
    errors = framing.errors
    assert errors
    assert {(error.predicted, error.truth) for error in errors} <= {
        pair for name in framing.labels.names for pair in ((name, f"not {name}"), (f"not {name}", name))
    }


@pytest.mark.parametrize("case", ["stance", "framing"])
def test_the_page_loads_nothing_and_runs_nothing(case: str, request: pytest.FixtureRequest) -> None:
    page = pages.run_page(request.getfixturevalue(case))
    _, parser = read(page)
    assert not parser.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert parser.fetched == []
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page


def test_what_comes_from_a_corpus_or_a_config_is_escaped(stance: Summary) -> None:
    page = pages.run_page(stance)
    text, parser = read(page)
    assert "<i>" in stance.experiment.description
    assert stance.experiment.description in text
    assert not {"i", "b"} & parser.tags
    assert "<b>" in toys.PLACES[-1]
    assert html.escape(toys.PLACES[-1]) in page
    assert f"<mark>{stance.errors[0].mention}</mark>" in page


@pytest.mark.parametrize("case", ["stance", "framing"])
def test_what_the_page_says(case: str, request: pytest.FixtureRequest, golden: Golden) -> None:
    about = pages.About("today", "a machine", "abc", True, {"numpy": "1"})
    golden(f"reports/run_page_{case}", page_text(request.getfixturevalue(case), about))


def test_the_page_shows_the_primary_score_first(stance: Summary) -> None:
    scores = stance.scores
    row = scores[(scores["metric"] == "f1_macro") & (scores["split"] == "test")].iloc[0]
    (verdict,) = re.findall(r'<div class="verdict">(.*?)<dl', pages.run_page(stance), flags=re.DOTALL)
    numbers = re.findall(r"\d+\.\d+", verdict)
    assert numbers == [f"{row[name]:.3f}" for name in ("value", "low", "high", "seed_sd")]
    assert stance.experiment.corpus.fingerprint in page_text(stance)


def spread_sentence(summary: Summary) -> str:
    """Return what follows the interval of the primary score: the seeds."""
    (verdict,) = re.findall(r'<div class="verdict">(.*?)<span', pages.run_page(summary), flags=re.DOTALL)
    return str(verdict).strip().splitlines()[-1]


def test_the_page_says_why_there_is_no_spread_over_seeds(tmp_path: Path, golden: Golden) -> None:
    cases = {
        "one seed": {"seeds": "[1]"},
        "a deterministic classifier": {"classifiers": "  none: {kind: 'toys:unsaved'}"},
    }
    sentences = []
    for name, options in cases.items():
        (tmp_path / name).mkdir()
        sentences.append(f"{name}: {spread_sentence(toy_summary(tmp_path / name, **options))}")
    golden("reports/no_spread", "\n".join(sentences))


def test_sentences_are_left_out_where_the_config_says_so(tmp_path: Path) -> None:
    summary = toy_summary(tmp_path, log_text="false")
    text = page_text(summary)
    assert "log_text: false" in text
    assert not [sentence for sentence in summary.rows.test.rows["text"] if sentence in text]
    assert summary.errors[0].id in text


def test_stance_is_crossed_with_the_gold_frames(stance: Summary) -> None:
    """Of 27 test rows nine praise; of these n = 29, 35, 41, 47, 53 are labelled neutral, without a frame."""
    (table,) = stance.crossed
    assert (table.party, table.n, table.groups) == (EVERY_PARTY, 27, 9)
    assert table.frames == (*FRAMING.names, "none", "all")
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.predicted.value * 27 for cell in table.cells}
    assert [true["all", name] for name in STANCE.names] == pytest.approx([9, 14, 4])
    assert [true["morality", name] for name in STANCE.names] == pytest.approx([0, 0, 4])
    predicted = stance.test.rows["prediction"]
    assert [given["all", name] for name in STANCE.names] == pytest.approx(
        [(predicted == n).sum() for n in STANCE.names]
    )
    assert given["morality", "all"] == pytest.approx(4)
    assert 'class="crossed"' in pages.run_page(stance)


def test_frames_are_crossed_with_the_gold_stance(framing: Summary) -> None:
    (table,) = framing.crossed
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.predicted.value * 27 for cell in table.cells}
    assert (true["morality", "all"], true["none", "neutral"]) == pytest.approx((4, 14))
    assert given["morality", "all"] == pytest.approx(framing.test.rows["prediction_morality"].sum())
    assert given["all", "neutral"] == pytest.approx(14)


def test_a_single_frame_is_crossed_as_several_are(tmp_path: Path) -> None:
    """Nine rows attack, four praise and are not neutral: none is a label here, and no second row."""
    summary = toy_summary(tmp_path, task="framing\nmulti: false\nlabels: [conflict, morality, none]")
    (table,) = summary.crossed
    assert table.frames == ("conflict", "morality", "none", "all")
    true = {(cell.frame, cell.stance): cell.true.value * 27 for cell in table.cells}
    given = {(cell.frame, cell.stance): cell.predicted.value * 27 for cell in table.cells}
    assert [true[name, "all"] for name in table.frames] == pytest.approx([9, 4, 14, 27])
    predicted = summary.test.rows["prediction"]
    assert given["morality", "all"] == pytest.approx((predicted == "morality").sum())
    assert given["none", "all"] == pytest.approx((predicted == "none").sum())


def test_a_corpus_without_frames_has_no_such_table(tmp_path: Path) -> None:
    toy = toys.prepared(tmp_path)
    bare = replace(toy.corpus, rows=toy.corpus.rows.assign(frames=None))
    summary = summary_of(replace(toy, corpus=bare, entire=bare), tmp_path)
    assert summary.crossed == ()
    assert 'class="crossed"' not in pages.run_page(summary)


def test_directions_are_shown(stance: Summary) -> None:
    rows = {row["name"]: row["direction"] for row in pages.score_rows(stance)}
    assert (rows["f1_macro"], rows["log_loss"], rows["f1_critical"]) == ("higher", "lower", "higher")


def test_the_card_states_the_score_of_the_served_model(stance: Summary) -> None:
    assert stance.result.served is not None
    seed = stance.result.served.trial.seed
    test = stance.result.predictions.only(split="test", seed=seed)
    value = score(test, [stance.experiment.primary]).value("f1_macro")
    card = model_card(stance)
    assert f"| f1_macro | {value:.3f} |" in card
    assert stance.experiment.corpus.fingerprint in card


def test_what_the_card_says(stance: Summary, framing: Summary, tmp_path: Path, golden: Golden) -> None:
    refitted = toy_summary(tmp_path, split="{kind: kfold, k: 3, dev: 0.2, calibration: 0}")
    for name, summary in {"stance": stance, "framing": framing, "refitted": refitted}.items():
        golden(f"reports/model_card_{name}", model_card(summary))


def drawn() -> dict[str, Callable[[], bytes]]:
    curves = {"a seed 1": [{"loss": 1.0, "f1": 0.1}, {"loss": 0.5}], "a seed 2": [{"loss": 0.9, "f1": 0.2}]}
    return {
        "curves": lambda: figures.curves_png(curves, "curves"),
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


def test_the_first_box_says_baseline_sample_audits_and_trust(stance: Summary) -> None:
    page = pages.run_page(stance)
    (box,) = re.findall(r'<div class="verdict">(.*?)</dl></div>', page, flags=re.DOTALL)
    assert stance.baseline is not None
    assert f"{stance.baseline.value:.3f}" in box
    (sample,) = re.findall("<dt>sample</dt><dd>(.*?)</dd>", box, flags=re.DOTALL)
    assert numbers(sample)[:2] == [27, stance.n_groups]
    assert stance.audits_in_short in box
    assert trust_line(card_of(stance)) in unescape(box)
    assert stance.experiment.primary.gloss in box


@pytest.mark.parametrize("name", CATALOGUES["metric"])
def test_every_metric_of_the_catalogue_is_explained(name: str) -> None:
    gloss = lookup("metric", name, "metric").gloss
    # A clause that goes on from the name, not a definition.
    assert 20 <= len(gloss) <= 100
    assert gloss[0].islower() or gloss.startswith(("F1", "MCC"))
    assert not gloss.endswith(".")


def test_on_a_phone_the_sentence_of_an_error_comes_first(stance: Summary) -> None:
    page = pages.run_page(stance)
    assert STACKED in page
    assert SENTENCE_FIRST in page


def test_repeated_folds_show_each_item_once_and_both_intervals(tmp_path: Path, golden: Golden) -> None:
    repeated = toy_summary(tmp_path, split="{kind: kfold, k: 3, repeats: 2, dev: 0.2, calibration: 0}")
    assert len(repeated.test) == repeated.experiment.corpus.size
    assert repeated.experiment.split.described == "3 folds × 2 repeats"
    assert repeated.confusion.sum() == repeated.experiment.corpus.size
    variance = repeated.variance
    assert variance is not None
    row = repeated.scores[repeated.scores["split"] == "test"].set_index("metric").loc["f1_macro"]
    assert row["low"] <= variance.fitted[0] <= row["value"] <= variance.fitted[1] <= row["high"]
    assert set(pages.variance_sources(variance)) == set(variance.parts)
    text = page_text(repeated)
    golden("reports/run-page-repeated-folds", text[: text.index("Confusion matrix")])
