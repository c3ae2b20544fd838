"""Mutated configs: each is resolved, or refused as a ConfigError."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import load, plan
from harness.values.errors import ConfigError
from harness.values.limits import CONFIG_BYTES, CONFIG_FILES, DEPTH, SEED, YAML_NODES
from tests.faults.conftest import Tally
from tests.faults.fuzz.fuzzing import edited, fuzz, tried

CONFIGS = Path(__file__).parents[3] / "configs"
LARGE = """\
name: large
description: all sections
task: stance
corpus:
  {kind: files, path: rows.csv, columns: {text: sentence, target: party, stance: label}, encoding: utf-8}
split: {kind: holdout, test_size: 0.2, seed: 3}
seeds: [1, 2]
metrics: [f1_macro, accuracy]
slices: [target]
calibration: {kind: temperature}
abstention: {risk: 0.1, method: learn_then_test, certainty: 0.9}
primary: f1_macro
classifiers:
  linear: &linear {kind: linear, tune: {C: [0.1, 1]}}
  other: {kind: linear, C: 2.0, target: none}
  prior: {kind: prior}
audits:
  leaks: {action: warn}
  behaviour: {failures: 0.3}
  party_swap: off
promotion: {audits: {leaks: block}, waive: {size: it is small}, margin: 0.01}
tracking: {log_text: false, tags: {team: a}}
"""
ORIGINALS = [LARGE, *(path.read_text(encoding="utf-8") for path in sorted(CONFIGS.glob("*.yaml")))]
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

FOUND = {
    "a mapping in a list of audits": "name: a\naudits: [leaks, behaviour: {failures: 0.1}]\n",
    "a merge of an alias that is no mapping": "b: &b [1]\nname: a\nclassifiers: {x: {<<: *b}}\n",
    "a mapping of merged keys alone": "b: &b {kind: linear}\nname: a\nclassifiers: {x: {<<: *b}}\n",
    "a merge of nothing": "name: a\n<<: \n",
    "a misspelt option of a group that may be left out": (
        "name: a\ncorpus: {kind: partyline}\n"
        "classifiers: {x: {kind: llm, url: 'http://a/v1', model: m, prices: {inptu: 1, output: 2}}}\n"
    ),
    "a user that is not there": "name: a\ncorpus: {kind: files, path: ~nosuchuser/rows.csv}\n",
    "a user that is not there, alone": "name: a\ncorpus: {kind: basil, path: ~nosuchuser}\n",
    "a null character in a path": 'name: a\ncorpus: {kind: files, path: "a\\0b.csv"}\n',
    "a null character in a parent": 'name: a\nextends: "a\\0b.yaml"\n',
    "an encoding of no text": "name: a\ncorpus: {kind: files, path: a.csv, encoding: hex}\n",
    "an encoding with a null character": 'name: a\ncorpus: {kind: files, path: a.csv, encoding: "a\\0"}\n',
    "a line end for a delimiter": 'name: a\ncorpus: {kind: files, path: a.csv, delimiter: "\\n"}\n',
    "a seed of 26 digits": f"name: a\nseeds: [{'9' * 26}]\n",
    "a seed of a split of 26 digits": f"name: a\nsplit: {{kind: holdout, seed: {'9' * 26}}}\n",
    "a number of 5,000 digits": f"name: a\nseeds: [{'9' * 5000}]\n",
    "an infinite seed": "name: a\nseeds: [.inf]\n",
    "a tag that is none": "name: !!int x\n",
    "binary data": "name: !!binary aGVsbG8=\n",
    "a set": "name: !!set {a, b}\n",
    "a date that is none": "name: 2031-13-45\n",
    "a list as a key": "? [a, b]\n: c\n",
    "a mapping as a key": "{a: b}: c\nname: a\n",
    "an alias inside of its anchor": "a: &a [*a]\n",
    "a bomb of aliases": BOMB,
    "a bomb of merge keys": MERGES,
    "a value that is deep": "a: " + "[" * 3000 + "]" * 3000,
    "half a character": 'name: "\\ud83d"\n',
    "a control character": "name: \x01\n",
    "a document after another": "name: a\n---\nname: b\n",
    "metrics that are no names": "name: a\nmetrics: [{a: b}, [c], ~, 1]\n",
    "classifiers that are no mappings": "classifiers: {a: ~, b: [1], c: {kind: [x]}, d: {kind: {y: z}}}\n",
    "audits by kinds that are none": "name: a\naudits: {a: {kind: 3}, b: {kind: [x]}, c: {kind: 'x:y:z'}}\n",
    "an anchor that is set twice": "a: &a {x: 1}\nb: &a {x: 2}\nc: *a\n",
    "a file that is a folder": "extends: .\n",
}


def resolved(text: str, folder: Path, sets: tuple[str, ...] = ()) -> str:
    path = folder / "mine.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return tried(lambda: plan.resolve(load.load(path, sets)), ConfigError)


@pytest.mark.parametrize("name", FOUND)
def test_inputs_that_ended_in_a_traceback(tmp_path: Path, name: str) -> None:
    assert resolved(FOUND[name], tmp_path)


@pytest.mark.parametrize(
    "text", ["a=[" + "[" * 3000, "a=*b", "a=&a [*a]", "a=!!int x", f"seeds=[{'9' * 26}]"]
)
def test_settings_of_the_command_line(tmp_path: Path, text: str) -> None:
    assert resolved(LARGE, tmp_path, (text,))


def configs_fuzzed(count: int, number: int) -> None:
    @fuzz(count, number=number)
    @given(text=edited(st.sampled_from(ORIGINALS)))
    def config_is_resolved_or_refused(text: str) -> None:
        resolved(text, FOLDER[0])

    config_is_resolved_or_refused()


FOLDER: list[Path] = []


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    FOLDER[:] = [tmp_path]
    (tmp_path / "rows.csv").write_text("sentence,party,label\nVarna won.,Varna,critical\n")


def test_mutated_configs() -> None:
    configs_fuzzed(60, 1)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(1, 6))
def test_1000_mutated_configs(number: int, tally: Tally) -> None:
    configs_fuzzed(1000, number)
    tally("a mutated config", 1000)


# --- Limits, each on both sides ---


def test_a_config_at_the_limit_of_its_size(tmp_path: Path) -> None:
    head = "name: a\n#"
    at_limit = head + "x" * (CONFIG_BYTES.maximum - len(head))
    assert CONFIG_BYTES.problem not in resolved(at_limit, tmp_path)
    assert CONFIG_BYTES.problem in resolved(at_limit + "x", tmp_path)


def test_a_config_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    with path.open("wb") as file:
        file.write(b"name: a\n")
        file.truncate(100_000_000)
    assert CONFIG_BYTES.problem in tried(lambda: load.load(path), ConfigError)


def test_depth_at_the_limit(tmp_path: Path) -> None:
    # The document itself is a level.
    for depth, refused in ((DEPTH.maximum - 1, False), (DEPTH.maximum, True)):
        text = f"description: {'[' * depth}{']' * depth}\n"
        assert (DEPTH.problem in resolved(text, tmp_path)) == refused


def test_aliases_at_the_limit(tmp_path: Path) -> None:
    for count, refused in ((99, False), (101, True)):
        text = f"a: &a [{', '.join(['x'] * 1000)}]\nb: [{', '.join(['*a'] * (count - 1))}]\n"
        assert (YAML_NODES.problem in resolved(text, tmp_path)) == refused


def test_seeds_at_the_limit(tmp_path: Path) -> None:
    for value, refused in ((SEED.maximum, False), (SEED.maximum + 1, True)):
        assert ("seeds.0" in resolved(f"seeds: [{value}]\n", tmp_path)) == refused
        text = f"split: {{kind: holdout, seed: {value}}}\n"
        assert ("split.seed" in resolved(text, tmp_path)) == refused


def test_configs_that_extend_each_other_at_the_limit(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("description: a\n")
    for count, refused in ((CONFIG_FILES.maximum - 1, False), (CONFIG_FILES.maximum, True)):
        text = f"extends: [{', '.join(['base.yaml'] * count)}]\n"
        assert (CONFIG_FILES.problem in resolved(text, tmp_path)) == refused


def test_a_ladder_of_configs_is_not_exponential(tmp_path: Path) -> None:
    for step in range(30):
        (tmp_path / f"{step}.yaml").write_text(f"extends: [{step + 1}.yaml, {step + 1}.yaml]\n")
    (tmp_path / "30.yaml").write_text("name: a\n")
    assert CONFIG_FILES.problem in tried(lambda: load.load(tmp_path / "0.yaml"), ConfigError)


def test_merging_many_keys_is_linear(tmp_path: Path) -> None:
    tags = "".join(f"    k{n}: v\n" for n in range(6000))
    assert len(tags) < CONFIG_BYTES.maximum
    (tmp_path / "base.yaml").write_text(f"tracking:\n  tags:\n{tags}")
    (tmp_path / "mine.yaml").write_text("extends: [base.yaml]\n")
    assert len(load.load(tmp_path / "mine.yaml").data["tracking"]["tags"]) == 6000
