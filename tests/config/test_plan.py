from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.config import plan
from harness.config.load import load
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE, LabelSet

ROOT = Path(__file__).parents[2]
BAD = Path(__file__).parent / "bad_configs"
SHIPPED = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name != "suites")


def written(folder: Path, text: str) -> plan.Plan:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return plan.read(path)


SMALL = "name: small\ncorpus: {kind: partyline}\nclassifiers: {prior: {kind: prior}}\n"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_config_is_answered_with_every_problem(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as caught:
        plan.read(Path(path.name))
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert f"{caught.value}\n".replace(str(BAD), "HERE") == expected


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_config_resolves_and_names_its_schema(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # What the variables hold is looked at when the corpus is read, not here.
    for name in ("HARNESS_NEWSMTSC",):
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
    made = written(tmp_path, SMALL)
    assert made.labels == STANCE
    assert (made.primary.name, made.model_name, made.config.seeds) == ("f1_macro", "stance", (1,))
    assert made.split.kind == "predefined"


def test_framing_takes_the_news_frames_unless_others_are_declared(tmp_path: Path) -> None:
    assert written(tmp_path, SMALL + "task: framing\n").labels == FRAMING
    own = written(tmp_path, SMALL + "task: framing\nlabels: [strategy, issue]\n").labels
    assert (own.names, own.multi) == (("strategy", "issue"), True)


def test_a_set_of_frames_goes_by_its_name(tmp_path: Path) -> None:
    made = written(tmp_path, SMALL + "task: framing\nlabels: policy_frames\n")
    assert (len(made.labels), made.labels.names[0], made.labels.names[-1]) == (15, "economic", "other")
    assert written(tmp_path, SMALL + "task: framing\nlabels: generic_frames\n").labels == FRAMING
    assert written(tmp_path, made.config_text).labels == made.labels


def test_one_frame_a_row_is_asked_for(tmp_path: Path) -> None:
    made = written(tmp_path, SMALL + "task: framing\nmulti: false\n")
    assert made.labels == LabelSet(FRAMING.names)
    assert written(tmp_path, made.config_text).labels == made.labels
    assert "accuracy" in [metric.name for metric in made.metrics]


def test_a_grid_holds_every_combination(tmp_path: Path) -> None:
    text = SMALL.replace(
        "{prior: {kind: prior}}", "{a: {kind: linear, tune: {C: [1, 2], target: [none, marked]}}}"
    )
    grid = written(tmp_path, text).classifiers[0].grid()
    assert [(one.options["C"], one.options["target"]) for one in grid] == [
        (1.0, "none"),
        (1.0, "marked"),
        (2.0, "none"),
        (2.0, "marked"),
    ]


def test_the_canonical_config_resolves_to_the_same_plan(tmp_path: Path) -> None:
    made = written(tmp_path, SMALL)
    again = tmp_path / "again.yaml"
    again.write_text(made.config_text, encoding="utf-8")
    assert plan.read(again).canonical() == made.canonical()
    assert plan.read(again).digest == made.digest


def test_the_digest_follows_what_matters(tmp_path: Path) -> None:
    one = written(tmp_path, SMALL)
    assert written(tmp_path, "# a comment\n" + SMALL).digest == one.digest
    assert written(tmp_path, SMALL + "seeds: [2]\n").digest != one.digest


def test_a_users_own_classifier_lies_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "own_factory.py").write_text(
        "from harness.classifiers.baselines.constant import prior\n\n\ndef mine(*, labels, seed):\n"
        "    return prior(labels=labels)\n",
        encoding="utf-8",
    )
    made = written(tmp_path, SMALL.replace("kind: prior", "kind: own_factory:mine"))
    assert made.classifiers[0].bound.kind == "own_factory:mine"


def test_set_reaches_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert plan.read(path, ["seeds=[4, 5]"]).config.seeds == (4, 5)
    with pytest.raises(ConfigError) as caught:
        plan.resolve(load(path, ["seed=4"]))
    assert str(caught.value) == "--set: seed: there is no setting 'seed'; did you mean 'seeds'?"


def test_a_corpus_variable_that_is_unset_or_wrong_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = SMALL.replace("partyline", "newsmtsc")
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    with pytest.raises(ConfigError) as caught:
        written(Path(), text)
    assert str(caught.value) == (
        "mine.yaml:2: corpus: the environment variable HARNESS_NEWSMTSC is not set;"
        " set it to the folder of NewsMTSC (https://github.com/fhamborg/NewsMTSC), write corpus.folder,"
        " or see harness corpus fetch newsmtsc"
    )
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    (tmp_path / "corpora" / "newsmtsc").mkdir(parents=True)
    assert written(Path(), text).corpus.kind == "newsmtsc"
    monkeypatch.setenv("HARNESS_NEWSMTSC", "/nowhere/at/all")
    with pytest.raises(ConfigError) as caught:
        written(Path(), text)
    assert (
        str(caught.value)
        == "mine.yaml:2: corpus: HARNESS_NEWSMTSC says /nowhere/at/all, which does not exist"
    )


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


def test_of_a_list_the_gate_is_always_one(tmp_path: Path) -> None:
    assert set(audits_of(tmp_path, "audits: []\n")) == {"leaks"}


def test_everything_wrong_with_audits_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "audited.yaml"
    for text, problems in {
        "audits: all\n": ["4: audits: should be a list or a mapping of audits, got 'all'"],
        "audits: [leak]\n": ["4: audits.0: unknown audit 'leak'; did you mean 'leaks'?"],
        "audits:\n  leaks: {near: 2.0}\n  leeks: {}\n": [
            "5: audits.leaks.near: should be a share above 0 and up to 1, got 2.0",
            "6: audits.leeks.kind: unknown audit 'leeks'; did you mean 'leaks'?",
        ],
        "audits: {leaks: {near_: 2.0}}\n": [
            "4: audits.leaks.near_: leaks takes no 'near_'; did you mean 'near'?"
        ],
        "audits: {leaks: on}\n": ["4: audits.leaks: should be a mapping of options, or 'off', got 'on'"],
    }.items():
        path.write_text(SMALL + text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            plan.read(path)
        assert str(caught.value).splitlines() == [f"{path}:{problem}" for problem in problems]
