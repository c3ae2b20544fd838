"""Audits of an experiment: the twin is trained once, and every finding is logged and shown."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from golden import Golden
from ruamel.yaml import YAML

from harness.audits.experiment_audits import EXTERNAL, twin_of
from harness.config import plan
from harness.evaluation import external
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import ClassifierOutcome, run_classifiers
from harness.runs.external import log_external
from harness.tracking import names
from harness.tracking.run_metrics import MEASURES
from harness.tracking.store import Store
from harness.values.findings import verdicts_in_short
from tests.audits import toy_world

LADDER = """\
  prior: {kind: prior}
  linear: {kind: linear}
  linear-blind: {kind: linear, target: none}
  unsaved: {kind: 'toys:unsaved'}"""


CONFIG = """\
name: world
corpus: {{kind: files, path: sentences.csv, parties: parties.yaml}}
split: {split}
{more}
classifiers:
{classifiers}
"""


def prepared(
    folder: Path, classifiers: str, *, split: str = "{kind: predefined}", more: str = ""
) -> Prepared:
    """A corpus whose sentences name two parties each."""
    toy_world.corpus_of().rows.dropna(axis="columns", how="all").to_csv(folder / "sentences.csv", index=False)
    YAML().dump(toy_world.REGISTRY.to_records(), folder / "parties.yaml")
    path = folder / "world.yaml"
    path.write_text(CONFIG.format(split=split, more=more, classifiers=classifiers), encoding="utf-8")
    return prepare(plan.read(path))


def findings_of(outcomes: list[ClassifierOutcome]) -> dict[str, dict[str, str]]:
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return {
        outcome.classifier.name: {finding.audit: finding.verdict for finding in outcome.result.findings}
        for outcome in outcomes
        if outcome.result is not None
    }


def test_a_twin_has_all_options_but_the_target(tmp_path: Path) -> None:
    prior, linear, blind, _ = prepared(tmp_path, LADDER).plan.classifiers
    assert twin_of(prior) is None
    twin = twin_of(linear)
    assert twin is not None
    assert twin.canonical() == blind.canonical()


def test_every_audit_is_logged_and_shown(folder: Path) -> None:
    planned, store = prepared(folder, LADDER), Store.open(folder)
    outcomes = list(run_classifiers(planned, store))
    verdicts = findings_of(outcomes)
    assert all(list(by_audit) == list(planned.plan.audits) for by_audit in verdicts.values())
    assert verdicts["linear-blind"]["target_use"] == "failed"
    assert verdicts["prior"]["target_use"] == "not applicable"
    assert verdicts["unsaved"]["behaviour"] == "not applicable"
    # The twin of linear was trained in its run, and is the trial of linear-blind: two trials, not three.
    runs = store.client.search_runs([store.experiment("world")])
    trials = [run.info.run_name for run in runs if run.data.tags[names.ROLE] == names.TRIAL]
    twin = twin_of(planned.plan.classifiers[1])
    assert twin is not None
    assert sorted(trials) == [f"{name} seed 1" for name in ("linear", twin.name, "prior", "unsaved")]
    parent = next(run for run in runs if run.info.run_name == "linear")
    assert parent.data.tags[names.AUDITS] == verdicts_in_short(verdicts["linear"])
    measures = pd.read_csv(store.client.download_artifacts(parent.info.run_id, MEASURES))
    assert {"audit/behaviour_negation", "audit/target_use_difference_low"} <= set(measures["key"])
    page = next((folder / ".harness").rglob(f"{parent.info.run_id}/artifacts/report.html"))
    text = page.read_text(encoding="utf-8")
    assert text.count('class="audits"') == 1
    for name in planned.plan.audits:
        assert f'<th scope="row">{name.replace("_", " ")}</th>' in text
    # Everything is taken up again as it was found.
    again = list(run_classifiers(planned, store))
    assert all(outcome.reused for outcome in again)
    assert findings_of(again) == verdicts


def test_a_fresh_run_trains_a_twin_once_too(folder: Path) -> None:
    planned, store = prepared(folder, LADDER.split("\n", 1)[1]), Store.open(folder)
    list(run_classifiers(planned, store))
    list(run_classifiers(planned, store, fresh=True))
    runs = store.client.search_runs([store.experiment("world")])
    trials = [run.info.run_name for run in runs if run.data.tags[names.ROLE] == names.TRIAL]
    linear, blind, _ = planned.plan.classifiers
    twin = twin_of(linear)
    assert twin is not None
    assert trials.count(f"{twin.name} seed 1") == 2
    assert f"{blind.name} seed 1" not in trials


def test_a_twin_that_would_take_too_long_says_what_it_costs(folder: Path, golden: Golden) -> None:
    planned = prepared(folder, "  linear: {kind: linear}", more="audits: {target_use: {minutes: 0}}")
    (outcome,) = run_classifiers(planned, Store.open(folder))
    assert outcome.result is not None
    (finding,) = [candidate for candidate in outcome.result.findings if candidate.audit == "target_use"]
    assert finding.verdict == "not applicable"
    assert re.search(r"\baudits\.target_use\.minutes: 1\b", finding.sentence)
    # On a busy machine the training takes longer.
    golden("audits/twin-too-expensive", re.sub(r"about \d+ s\b", "about N s", finding.sentence))


def test_after_cross_validation_a_model_is_asked_about_rows_that_it_never_saw(folder: Path) -> None:
    planned = prepared(folder, "  linear: {kind: linear}", split="{kind: kfold, k: 3}")
    (outcome,) = run_classifiers(planned, Store.open(folder))
    assert outcome.error is None
    assert outcome.result is not None
    (finding,) = [candidate for candidate in outcome.result.findings if candidate.audit == "sensitivity"]
    fold = len(planned.splits[0].test)
    assert re.findall(r"\d+", finding.sentence)[-2:] == [str(fold)] * 2


def test_what_was_predicted_elsewhere_is_audited_as_far_as_it_can_be(folder: Path) -> None:
    planned = prepared(folder, "  prior: {kind: prior}")
    test = planned.corpus.take(planned.splits[0].test).rows
    table = folder / "theirs.csv"
    test.assign(prediction=test["stance"])[["id", "prediction"]].to_csv(table, index=False)
    result = log_external(
        planned, Store.open(folder), external.read(table, planned, name="theirs"), name="theirs"
    )
    findings = {finding.audit: finding for finding in result.findings}
    needs_model = ("target_use", "sensitivity", "party_swap", "behaviour")
    assert {findings[name].sentence for name in needs_model} == {EXTERNAL.reason}
    assert {findings[name].verdict for name in needs_model} == {"not applicable"}


def test_one_party_at_a_time(folder: Path, golden: Golden) -> None:
    planned = prepared(folder, "  linear: {kind: linear}", split="{kind: leave_one_out, dev: 0.5}")
    (outcome,) = run_classifiers(planned, Store.open(folder))
    assert outcome.result is not None
    (finding,) = [candidate for candidate in outcome.result.findings if candidate.audit == "unseen"]
    assert finding.verdict != "not applicable"
    # No test item is seen: the rows that were held out for calibration stand in.
    n = {measure.name: measure.n for measure in finding.measures}
    assert n["unseen_right"] == sum(len(split.test) for split in planned.splits)
    assert n["seen_right"] == sum(len(split.calibration) for split in planned.splits)
    golden("audits/unseen-party-at-a-time", re.sub(r"[-+]?\d+(\.\d+)?", "N", finding.sentence))
