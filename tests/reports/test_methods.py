"""The methods paragraph of a paper: from facts, and from a store."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from sentences import numbers

from harness.reports.methods import ABSTENTION, REFERENCES, MethodsFacts, ScoredClassifier, as_markdown
from harness.reports.methods import methods as describe
from harness.runs.methods import methods
from harness.serving.decisions.abstention_rule import SERVES_NOTHING, AbstentionRule
from harness.tracking.run_files import read_findings
from harness.tracking.store import Store
from harness.values.errors import StoreError
from tests.tracking.promotion.doctored_runs import files_of_run

CONFIG: dict[str, Any] = {
    "task": "stance",
    "labels": ["supportive", "critical", "neutral"],
    "split": {"kind": "kfold", "k": 5, "by": "group", "stratify": True, "seed": 7},
    "classifiers": {"linear": {"kind": "linear", "tune": {"C": [0.1, 1.0]}}, "prior": {"kind": "prior"}},
    "calibration": {"kind": "temperature"},
    "audits": {"leaks": {"kind": "leaks"}},
    "primary": "f1_macro",
}
WEIGHED = {
    "decision": "least_cost",
    "prevalence": {"critical": 0.5, "neutral": 0.3, "supportive": 0.2},
    "adjust": True,
    "costs": {"critical": {"supportive": 5.0, "neutral": 2.0}},
    "abstention": {"risk": 0.2, "method": "conformal"},
}
UNMET = AbstentionRule(SERVES_NOTHING, 0.2, "conformal", 0.9, 80, 31, 4, on_unmet="serve").statement
LINEAR = ScoredClassifier("linear", "linear", 3, False, 0.61, 0.55, 0.67)
PRIOR = ScoredClassifier("prior", "prior", 1, True, 0.2, 0.18, 0.22)
THEIRS = ScoredClassifier("theirs", "", 1, False, 0.7, math.nan, math.nan)
FACTS = MethodsFacts(
    config=CONFIG,
    corpus="NewsMTSC",
    paper="Hamborg & Donnay 2021, NewsMTSC, EACL",
    fingerprint="0123456789abcdef",
    rows={"train": 700, "validation": 80, "calibration": 80, "test": 215},
    folds=5,
    n_rows=1_075,
    classifiers=(LINEAR, PRIOR),
    n_items=1_075,
    n_groups=320,
    versions={"harness": "1.0", "python": "3.12.1"},
)
ASKED = ScoredClassifier(
    "asked",
    "llm",
    1,
    True,
    0.6,
    0.5,
    0.7,
    source={
        "model": "tiny-2",
        "address": "https://llm.example.org/v1",
        "api": "logprobs",
        "answered": "2026-11-29",
    },
)
ENTAILED = ScoredClassifier("entailed", "zero_shot", 1, True, 0.5, 0.4, 0.6)
STUDENT = ScoredClassifier("student", "distilled", 3, False, 0.6, 0.5, 0.7)
LLM: dict[str, Any] = {"kind": "llm", "url": "https://llm.example.org/v1", "model": "tiny", "api": "auto"}
ZERO_SHOT = {"kind": "zero_shot", "checkpoint": "owner/nli", "hypothesis": "It is {label}."}
FRAMING = {
    "task": "framing",
    "multi": True,
    "labels": ["conflict", "human_interest"],
    "thresholds": "tuned",
    "calibration": {"kind": "isotonic"},
    "abstention": {"risk": 0.1, "method": "learn_then_test", "certainty": 0.9},
    "audits": {"leaks": "off"},
    "split": {"kind": "holdout", "by": "row", "stratify": False},
}


def test_paragraphs(golden: Golden) -> None:
    framing = replace(
        FACTS,
        config=CONFIG | FRAMING,
        classifiers=(replace(LINEAR, name="linear_*x*"),),
        folds=1,
        n_items=215,
        n_groups=215,
        paper="",
        fingerprint="",
        versions={},
    )
    external = replace(FACTS, config=CONFIG | {"calibration": None}, classifiers=(PRIOR, THEIRS))
    # Deterministic, and what it decides by is not the usual: there is no mean over seeds to tell of.
    weighed = replace(
        FACTS,
        config=CONFIG | WEIGHED,
        classifiers=(replace(PRIOR, abstention=UNMET), replace(PRIOR, name="other", abstention=UNMET)),
        leaks="49 of 72 test rows are near duplicates of train or dev.",
    )
    options = {"shots": {"count": 6, "by": "balanced"}, "debias": "prior", "prompt": "prompts/mine.md"}
    classifiers = {
        "asked": LLM | {"tune": {}},
        "shown": LLM | options | {"repeats": 3},
        "entailed": ZERO_SHOT,
        "student": {"kind": "distilled", "teacher": LLM},
    }
    shown = replace(ASKED, name="shown", n_seeds=2, deterministic=False, source={})
    models = replace(
        FACTS,
        config=CONFIG | {"classifiers": classifiers},
        classifiers=(ASKED, shown, ENTAILED, STUDENT),
    )
    parts = {
        "stance, folds": FACTS,
        "framing, one": framing,
        "predictions of others": external,
        "weighed": weighed,
        "models that are asked": models,
    }
    texts = [f"# {name}\n{as_markdown(describe(facts))}" for name, facts in parts.items()]
    golden("reports/methods", "\n".join(texts))


def test_missing_predictions_are_named_with_their_share() -> None:
    text = describe(replace(FACTS, classifiers=(LINEAR, replace(PRIOR, name="asked", missing=0.05)))).text
    (sentence,) = [each for each in text.split(". ") if "issing" in each]
    assert numbers(sentence) == [5]
    assert "asked" in sentence


@pytest.mark.parametrize(("each", "options"), [(ASKED, LLM), (ENTAILED, ZERO_SHOT)], ids=["llm", "zero_shot"])
def test_what_is_asked_is_not_said_to_be_trained(each: ScoredClassifier, options: dict[str, Any]) -> None:
    facts = replace(FACTS, config=CONFIG | {"classifiers": {each.name: options}}, classifiers=(each,))
    text = describe(facts).text
    (sentence,) = re.findall(rf"{each.name} \({each.kind}\).*?trained.*?\.", text)
    assert "once" not in sentence.split()
    for value in (*each.source.values(), *(options[name] for name in ("checkpoint",) if name in options)):
        assert value in sentence


def test_what_was_tuned_is_not_said_to_be_what_the_config_has() -> None:
    options = LLM | {"prompt": "a.md", "shots": 0, "tune": {"prompt": ["a.md", "b.md"], "shots": [0, 6]}}
    facts = replace(FACTS, config=CONFIG | {"classifiers": {"asked": options}}, classifiers=(ASKED,))
    text = describe(facts).text
    assert "a.md" not in text
    assert "no examples" not in text
    assert re.search("prompt, shots chosen", text)


def test_what_is_not_done_is_not_said() -> None:
    both = describe(FACTS)
    assert "Holm" in both.text
    assert any(work.startswith("Holm") for work in both.references)
    alone = describe(replace(FACTS, classifiers=(LINEAR,)))
    assert "Holm" not in alone.text
    assert not any(work.startswith("Holm") for work in alone.references)
    without = describe(replace(FACTS, config=CONFIG | {"audits": {"leaks": "off"}, "calibration": None}))
    assert not any(work.startswith(("Broder", "Guo")) for work in without.references)
    no_interval = describe(replace(FACTS, classifiers=(replace(LINEAR, low=math.nan, high=math.nan),)))
    assert not any(work.startswith("Davison") for work in no_interval.references)


def test_every_method_with_a_reference_can_be_named() -> None:
    """A reference is cited where its method stands in the paragraph: none is orphaned."""
    kinds = ("temperature", "platt", "isotonic")
    cited = {
        work
        for kind, method in zip(kinds, ABSTENTION, strict=True)
        for work in describe(
            replace(
                FACTS,
                config=CONFIG
                | WEIGHED
                | {"calibration": {"kind": kind}, "abstention": {"risk": 0.2, "method": method}},
            )
        ).references
    }
    zero_shot = replace(
        FACTS, config=CONFIG | {"classifiers": {"entailed": ZERO_SHOT}}, classifiers=(ENTAILED,)
    )
    cited |= set(describe(zero_shot).references)
    assert set(REFERENCES.values()) <= cited


def test_an_experiment_is_described_from_its_runs(trained: Path) -> None:
    described = methods("toys")
    runs = Store.open(trained).client.search_runs([Store.open(trained).experiment("toys")])
    names = {run.info.run_name for run in runs if run.data.tags["harness.role"] == "classifier"}
    assert names == {"prior", "verbs", "strong", "unsaved"}
    assert all(f"{name} (" in described.text for name in names)
    parent = next(run for run in runs if run.info.run_name == "verbs")
    assert round(parent.data.metrics["test/f1_macro"], 3) in numbers(described.text)
    assert parent.inputs.dataset_inputs[0].dataset.digest in described.text
    (leaks,) = [
        finding for finding in read_findings(files_of_run(Store.open(), "verbs")) if finding.audit == "leaks"
    ]
    assert leaks.sentence in described.text


def test_an_unknown_experiment_is_refused(trained: Path) -> None:
    with pytest.raises(StoreError):
        methods("nowhere")
