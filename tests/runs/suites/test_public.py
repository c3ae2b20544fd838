"""The shipped suite of public corpora: it has them all, and runs those that cannot be here on made ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from sentences import numbers

from harness.corpora import describe
from harness.corpora.card import load_card
from harness.corpora.fetch.publishers import SOURCES
from harness.runs import suites
from harness.runs.suites import Suite, SuiteAbsence, SuiteCell
from harness.tracking.store import Store
from harness.values.yaml_files import read_yaml
from tests.corpora.grown import GROWN, write
from tests.corpora.grown_official import OFFICIAL

PUBLIC = Path(__file__).parents[3] / "configs" / "suites" / "public.yaml"

# Experiment → corpus, official metric, how many rows are scored in how many folds, if in several.
EXPERIMENTS = {
    "newsmtsc": ("newsmtsc", "f1_macro", [40]),
    "pstance": ("pstance", "favg_target_mean", [90]),
    "pstance-val": ("pstance", "favg_target_mean", [90]),
    "seesaw": ("seesaw", "f1_micro", [30]),
    "seesaw-valid": ("seesaw", "f1_micro", [30]),
    "gvfc": ("gvfc", "accuracy", [270, 10]),
    "narrative_frames": ("narrative_frames", "f1_macro", [40]),
    "narrative_frames-cv": ("narrative_frames", "f1_macro", [130, 5]),
    "vast": ("vast", "f1_macro", [40]),
    "semeval2016": ("semeval2016", "favg_pooled", [40]),
    "semeval2016-b": ("semeval2016", "favg_pooled", [40]),
    "tweeteval": ("tweeteval", "favg_pooled", [60]),
    "xstance": ("xstance", "f1_macro", [48]),
    "basil": ("basil", "f1_macro", [120, 5]),
    "media_frames": ("media_frames", "accuracy", [120, 5]),
    "semeval2023": ("semeval2023", "f1_micro", [28]),
}


def public(folder: Path, monkeypatch: pytest.MonkeyPatch, *present: str) -> Suite:
    """Read the suite where some corpora are present and no other is."""
    monkeypatch.setenv("HARNESS_CACHE", str(folder / "cache"))
    for card in describe.cards():
        if card.name in present:
            monkeypatch.setenv(card.variable, str(folder))
        elif card.variable:
            monkeypatch.delenv(card.variable, raising=False)
    return suites.read(PUBLIC)


def test_every_published_corpus_has_an_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = public(tmp_path, monkeypatch, *SOURCES)
    assert {entry.plan.corpus.kind for entry in suite.entries if entry.plan} == SOURCES.keys()
    assert {corpus for corpus, *_ in EXPERIMENTS.values()} == (GROWN | OFFICIAL).keys()


def test_a_corpus_that_is_not_there_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = public(tmp_path, monkeypatch, "basil")
    assert [entry.key for entry in suite.entries if entry.plan] == ["basil"]


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_an_experiment_runs_and_scores_by_the_official_metric(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, metric, items = EXPERIMENTS[key]
    suite = public(write(corpus, folder / "made"), monkeypatch, corpus)
    (entry,) = [one for one in suite.entries if one.key == key]
    assert entry.plan is not None
    trivial = next(c.name for c in entry.plan.classifiers if c.name in ("majority", "every-frame"))
    found = list(suites.run_entries(suite, Store.open(), only=[key], classifiers=[trivial, "linear"]))
    assert all(isinstance(one, SuiteCell) for one in found), found
    table = suites.rows(suite, [one for one in found if isinstance(one, SuiteCell)])
    ours = {row.classifier: row for row in table if not row.published}
    assert [(row.metric, numbers(row.items)) for row in ours.values()] == [(metric, items)] * 2
    # The made texts tell their label by a word.
    assert ours["linear"].value > ours[trivial].value
    assert all(row.corpus == key for row in table)
    assert all(row.metric == metric for row in ours.values())


@pytest.mark.parametrize("key", [*EXPERIMENTS, "vast-1"])
def test_an_experiment_on_the_corpus_itself_starts(key: str, folder: Path) -> None:
    suite = suites.read(PUBLIC)
    (entry,) = [one for one in suite.entries if one.key == key]
    if entry.plan is None:
        pytest.skip(f"the corpus of {key} is not here")
    trivial = next(c.name for c in entry.plan.classifiers if c.name in ("majority", "every-frame"))
    for part in suites.run_entries(suite, Store.open(folder), only=[key], classifiers=[trivial]):
        # Of some corpora the file of the test part is not here.
        assert isinstance(part, SuiteCell | SuiteAbsence), part


# Experiment → the part of the official split that it scores, as its card calls it.
OFFICIAL_PARTS = {
    "newsmtsc": "mt test",
    "pstance": "test",
    "pstance-val": "val",
    "seesaw": "test",
    "seesaw-valid": "valid",
    "narrative_frames": "test of the first fold",
    "vast": "test",
    "semeval2016": "test of A",
    "semeval2016-b": "test of B",
    "tweeteval": "test",
    "xstance": "test",
    "semeval2023": "dev",
}


@pytest.mark.parametrize("key", OFFICIAL_PARTS)
def test_the_suite_allows_the_repeats_of_the_card_and_no_more(key: str) -> None:
    config = read_yaml(PUBLIC)["experiments"][key]
    parts = {each.part: each.rows for each in load_card(config["corpus"]["kind"]).repeats}
    allowed = config.get("audits", {}).get("leaks", {}).get("max_leaked_rows", 0)
    assert allowed == max(0, parts[OFFICIAL_PARTS[key]])


def test_every_corpus_with_an_official_test_part_is_scored_on_it() -> None:
    experiments = read_yaml(PUBLIC)["experiments"]
    scored = {experiments[key]["corpus"]["kind"] for key, part in OFFICIAL_PARTS.items() if "test" in part}
    official = {card.name for card in describe.cards() if "test" in card.official_split and card.variable}
    # The labels of that test part are not published.
    assert official - scored == {"semeval2023"}
    assert all(load_card(name).repeats for name in official)


@pytest.mark.parametrize("key", ["pstance", "vast", "narrative_frames", "seesaw"])
def test_an_experiment_whose_test_files_are_missing_is_left_out(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write(key, folder / "made")
    for pattern in ("raw_test_*", "vast_test*", "Fold_1/test*"):
        for path in corpus.glob(pattern):
            path.unlink()
    for path in corpus.glob("meta/*.json"):
        if "test" in path.read_text(encoding="utf-8"):
            path.unlink()
    suite = public(corpus, monkeypatch, key)
    found = list(suites.run_entries(suite, Store.open(), only=[key], classifiers=["linear"]))
    assert [type(one) for one in found if one.entry.key == key] == [SuiteAbsence]
