"""What a config says of promotion: its defaults, and that it repeats no run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config import plan
from harness.config.promotion_policy import ACTIONS, PromotionPolicy
from harness.evaluation.prepared import prepare
from harness.evaluation.trial import list_trials
from harness.tracking import names
from harness.values.catalog import CATALOGUES

WAIVER = "it must be"
SMALL = "name: small\ncorpus: {kind: partyline}\nclassifiers: {prior: {kind: prior}}\n"


def plan_of(folder: Path, promotion: str = "") -> plan.Plan:
    path = folder / "mine.yaml"
    path.write_text(SMALL + promotion, encoding="utf-8")
    return plan.read(path)


def test_every_audit_of_the_catalogue_has_a_default() -> None:
    assert set(ACTIONS) == set(CATALOGUES["audit"])


def test_defaults_are_written_out_and_read_back(tmp_path: Path) -> None:
    resolved = plan_of(tmp_path, f"promotion: {{audits: {{unseen: off}}, waive: {{size: {WAIVER}}}}}\n")
    written = resolved.canonical()["promotion"]
    assert written["audits"] == {**ACTIONS, "unseen": "off"}
    assert (written["waive"], written["margin"]) == ({"size": WAIVER}, 0.01)
    again = tmp_path / "again.yaml"
    again.write_text(resolved.config_text, encoding="utf-8")
    assert plan.read(again).canonical() == resolved.canonical()


def test_an_audit_of_ones_own_is_known_and_warns(tmp_path: Path) -> None:
    text = "audits: {mine: {kind: 'harness.audits.behaviour:behaviour'}}\n"
    assert plan_of(tmp_path, text).promotion.action("mine") == "warn"
    assert plan_of(tmp_path, text + "promotion: {audits: {mine: block}}\n").promotion.blocks("mine")


@pytest.mark.parametrize(
    ("audits", "waive", "blocks"),
    [
        ({}, {}, True),
        ({"leaks": "warn"}, {}, False),
        ({"leaks": "off"}, {}, False),
        ({}, {"leaks": "known"}, False),
    ],
)
def test_what_blocks(audits: dict[str, str], waive: dict[str, str], blocks: bool) -> None:
    assert PromotionPolicy.model_validate({"audits": audits, "waive": waive}).blocks("leaks") == blocks


def test_another_rule_of_promotion_repeats_no_run(tmp_path: Path) -> None:
    digests = []
    for promotion in ("", "promotion: {audits: {party_swap: off}, margin: 0.5, max_megabytes: 1}\n"):
        prepared = prepare(plan_of(tmp_path, promotion))
        (classifier,) = prepared.plan.classifiers
        trials = list_trials(prepared, classifier)
        digests.append([names.parent_digest(prepared.plan, classifier, trials), *(t.digest for t in trials)])
    assert digests[0] == digests[1]
