"""The shipped suite of public corpora: it has them all, and runs those that cannot be here on made ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from sentences import numbers

from harness.corpora import describe
from harness.corpora.fetch.publishers import SOURCES
from harness.runs import suites
from harness.runs.suites import Suite, SuiteCell
from harness.tracking.store import Store
from tests.corpora.grown import GROWN, write

PUBLIC = Path(__file__).parents[3] / "configs" / "suites" / "public.yaml"

# Experiment → corpus, official metric, how many rows are scored in how many folds, if in several.
EXPERIMENTS = {
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
    assert {corpus for corpus, *_ in EXPERIMENTS.values()} == GROWN.keys()


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
    assert all(row.corpus == key and row.metric == metric for row in table)
