from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden import Golden

from harness.config import plan
from harness.config.load import load
from harness.config.plan.plan import loadable
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE, LabelSet

ROOT = Path(__file__).parents[2]
BAD = Path(__file__).parent / "bad_configs"
SHIPPED = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name != "suites")


def plan_of(folder: Path, text: str) -> plan.Plan:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return plan.read(path)


SMALL = "name: small\ncorpus: {kind: partyline}\nclassifiers: {prior: {kind: prior}}\n"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_problem_of_a_bad_config_is_listed(
    path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as caught:
        plan.read(Path(path.name))
    golden(f"config/{path.stem}", str(caught.value).replace(str(BAD), "FOLDER"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_config_resolves_and_names_its_schema(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The folder need only exist: its files are read with the corpus.
    for name in ("HARNESS_NEWSMTSC", "HARNESS_XSTANCE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert plan.read(path).classifiers
    depth = "../" * (len(path.relative_to(ROOT / "configs").parts) - 1)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={depth}schema.json"


def test_the_committed_schema_is_the_one_the_code_writes() -> None:
    from harness.config.schema import json_schema

    committed = json.loads((ROOT / "configs" / "schema.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(json_schema())), "run: make schema"


def test_defaults_of_an_experiment(tmp_path: Path) -> None:
    resolved = plan_of(tmp_path, SMALL)
    assert resolved.labels == STANCE
    assert (resolved.primary.name, resolved.model_name, resolved.config.seeds) == ("f1_macro", "stance", (1,))
    assert resolved.split.kind == "predefined"


def test_framing_has_the_generic_frames_unless_others_are_declared(tmp_path: Path) -> None:
    assert plan_of(tmp_path, SMALL + "task: framing\n").labels == FRAMING
    declared = plan_of(tmp_path, SMALL + "task: framing\nlabels: [strategy, issue]\n").labels
    assert (declared.names, declared.multi) == (("strategy", "issue"), True)


def test_a_set_of_frames_is_referred_to_by_name(tmp_path: Path) -> None:
    resolved = plan_of(tmp_path, SMALL + "task: framing\nlabels: policy_frames\n")
    assert (len(resolved.labels), resolved.labels.names[0], resolved.labels.names[-1]) == (
        15,
        "economic",
        "other",
    )
    assert plan_of(tmp_path, SMALL + "task: framing\nlabels: generic_frames\n").labels == FRAMING
    assert plan_of(tmp_path, resolved.config_text).labels == resolved.labels


def test_a_config_can_score_one_frame_per_row(tmp_path: Path) -> None:
    resolved = plan_of(tmp_path, SMALL + "task: framing\nmulti: false\n")
    assert resolved.labels == LabelSet(FRAMING.names)
    assert plan_of(tmp_path, resolved.config_text).labels == resolved.labels
    assert "accuracy" in [metric.name for metric in resolved.metrics]


def test_a_grid_holds_every_combination(tmp_path: Path) -> None:
    text = SMALL.replace(
        "{prior: {kind: prior}}", "{a: {kind: linear, tune: {C: [1, 2], target: [none, marked]}}}"
    )
    grid = plan_of(tmp_path, text).classifiers[0].grid()
    assert [(bound.options["C"], bound.options["target"]) for bound in grid] == [
        (1.0, "none"),
        (1.0, "marked"),
        (2.0, "none"),
        (2.0, "marked"),
    ]


def test_the_canonical_config_resolves_to_the_same_plan(tmp_path: Path) -> None:
    resolved = plan_of(tmp_path, SMALL)
    again = tmp_path / "again.yaml"
    again.write_text(resolved.config_text, encoding="utf-8")
    assert plan.read(again).canonical() == resolved.canonical()
    assert plan.read(again).digest == resolved.digest


def test_the_logged_config_of_a_tuned_classifier_can_be_resolved(tmp_path: Path) -> None:
    text = SMALL.replace("{prior: {kind: prior}}", "{a: {kind: linear, tune: {C: [1, 2]}}, b: {kind: prior}}")
    planned = plan_of(tmp_path, text)
    again = plan_of(tmp_path, planned.config_text)
    assert (again.digest, again.classifiers[0].tune) == (planned.digest, {"C": (1.0, 2.0)})
    # As earlier versions have logged it.
    assert plan_of(tmp_path, json.dumps(loadable(planned.canonical()))).digest == planned.digest


def test_the_digest_follows_what_matters(tmp_path: Path) -> None:
    digest = plan_of(tmp_path, SMALL).digest
    assert plan_of(tmp_path, "# a comment\n" + SMALL).digest == digest
    assert plan_of(tmp_path, SMALL + "seeds: [2]\n").digest != digest


def test_a_users_own_classifier_lies_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "own_factory.py").write_text(
        "from harness.classifiers.baselines.constant import prior\n\n\ndef mine(*, labels, seed):\n"
        "    return prior(labels=labels)\n",
        encoding="utf-8",
    )
    resolved = plan_of(tmp_path, SMALL.replace("kind: prior", "kind: own_factory:mine"))
    assert resolved.classifiers[0].bound.kind == "own_factory:mine"


def test_set_reaches_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert plan.read(path, ["seeds=[4, 5]"]).config.seeds == (4, 5)
    with pytest.raises(ConfigError) as caught:
        plan.resolve(load(path, ["seed=4"]))
    (problem,) = caught.value.problems
    assert problem.where == "--set: seed"
    assert "'seeds'" in problem.hint


def test_a_corpus_variable_that_is_unset_or_wrong_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(tmp_path)
    text = SMALL.replace("partyline", "newsmtsc")
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    with pytest.raises(ConfigError) as caught:
        plan_of(Path(), text)
    (unset,) = caught.value.problems
    assert unset.where == "mine.yaml:2: corpus"
    assert "HARNESS_NEWSMTSC" in unset.what
    assert "newsmtsc" in unset.hint.split()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    (tmp_path / "corpora" / "newsmtsc").mkdir(parents=True)
    assert plan_of(Path(), text).corpus.kind == "newsmtsc"
    monkeypatch.setenv("HARNESS_NEWSMTSC", "/nowhere/at/all")
    with pytest.raises(ConfigError) as caught:
        plan_of(Path(), text)
    (missing,) = caught.value.problems
    assert missing.where == "mine.yaml:2: corpus"
    assert "/nowhere/at/all" in missing.what
    golden("config/corpus-variable", f"{unset}\n{missing}")


def audits_of(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    path = folder / "audited.yaml"
    path.write_text(SMALL + text, encoding="utf-8")
    resolved = plan.read(path)
    path.write_text(resolved.config_text, encoding="utf-8")
    assert plan.read(path).audits == resolved.audits  # the canonical config says the same
    return {name: dict(bound.options) for name, bound in resolved.audits.items()}


def test_all_audits_run_unless_a_config_says_otherwise(tmp_path: Path) -> None:
    assert set(audits_of(tmp_path, "")) == set(CATALOGUES["audit"])


def test_an_audit_takes_options_or_is_switched_off(tmp_path: Path) -> None:
    assert audits_of(tmp_path, "audits: {leaks: {max_leaked_rows: 3}}\n")["leaks"]["max_leaked_rows"] == 3
    assert "leaks" not in audits_of(tmp_path, "audits: {leaks: off}\n")


def test_a_list_of_audits_always_includes_the_leak_gate(tmp_path: Path) -> None:
    assert set(audits_of(tmp_path, "audits: []\n")) == {"leaks"}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("audits: all\n", ["4: audits"]),
        ("audits: [leak]\n", ["4: audits.0"]),
        ("audits:\n  leaks: {near: 2.0}\n  leeks: {}\n", ["5: audits.leaks.near", "6: audits.leeks.kind"]),
        ("audits: {leaks: {near_: 2.0}}\n", ["4: audits.leaks.near_"]),
        ("audits: {leaks: on}\n", ["4: audits.leaks"]),
    ],
)
def test_every_problem_of_the_audits_is_listed(
    tmp_path: Path, text: str, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "audited.yaml"
    path.write_text(SMALL + text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        plan.read(path)
    assert [problem.where for problem in caught.value.problems] == [
        f"audited.yaml:{where}" for where in places
    ]


def test_costs_reach_the_labels_and_the_metrics(tmp_path: Path) -> None:
    costs = "costs: {critical: {supportive: 5}}\nprimary: expected_cost\n"
    planned = plan_of(tmp_path, SMALL + costs)
    assert planned.labels.costs is not None
    assert not planned.labels.costs.decides
    assert planned.primary.high == 5
    assert "expected_cost" in [metric.name for metric in planned.metrics]
    # Configs without costs keep the digest of earlier versions.
    assert not {"costs", "decision"} & set(plan_of(tmp_path, SMALL).canonical())
    canonical = planned.canonical()
    assert canonical["costs"] == {"critical": {"supportive": 5.0}}
    assert plan_of(tmp_path, planned.config_text).digest == planned.digest
    by_costs = plan_of(tmp_path, SMALL + costs + "decision: least_cost\n")
    assert by_costs.digest != planned.digest
