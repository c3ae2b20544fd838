from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from inspect import isfunction
from pathlib import Path
from typing import Any

import pytest
import toys
from golden import Golden
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from harness.cli import catalogue
from harness.cli import main as cli
from harness.runs.experiment import FailedClassifiersError
from harness.values.catalog import CATALOGUES, Section, lookup, options_model, plain
from harness.values.errors import ConfigError, StoreError
from harness.values.other_kinds import other_kinds

ROOT = Path(__file__).parents[2]
HEAVY = ("sklearn", "pandas", "mlflow", "torch", "transformers", "datasets", "scipy", "matplotlib")
PROMOTE = "harness promote --experiment toys"
SMALL = "name: small\ncorpus: {kind: partyline}\nclassifiers: {prior: {kind: prior}}\n"


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), catch_exceptions=False)


def process(*words: str, folder: Path = ROOT, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def imported_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_and_validate_load_nothing_heavy() -> None:
    helped = imported_by(
        "from harness.cli import main as cli\nfrom typer.testing import CliRunner\n"
        "assert not CliRunner().invoke(cli.app, ['--help']).exit_code"
    )
    assert not helped.intersection(HEAVY)
    validated = imported_by(
        "from harness.config import plan\nfrom pathlib import Path\n"
        "plan.read(Path('configs/quickstart.yaml'))"
    )
    assert not validated.intersection(HEAVY)


def test_a_run_loads_no_library_that_its_classifiers_do_not_need(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    loaded = imported_by(
        f"import os\nimport harness\nos.chdir({str(tmp_path)!r})\nharness.run('small.yaml')\n"
        "assert 'mlflow' in sys.modules"
    )
    # Each takes from 0.3 s (matplotlib) to 5 s (transformers on torch), more than all that is computed here.
    assert not loaded.intersection({"matplotlib", "torch", "transformers", "datasets", "cleanlab"})


def test_every_verb_is_documented() -> None:
    shown = call("--help").output
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__.strip("_")  # type: ignore[union-attr]
        assert name in shown
        assert command.callback is not None
        assert (command.callback.__doc__ or "").strip(), name


def test_validate_reports_all_files_and_all_problems(tmp_path: Path, golden: Golden) -> None:
    good, bad, worse = (tmp_path / f"{name}.yaml" for name in ("good", "bad", "worse"))
    good.write_text(SMALL, encoding="utf-8")
    bad.write_text(SMALL + "sedes: [1]\n", encoding="utf-8")
    worse.write_text("a: [\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        call("validate", str(good), str(bad), str(worse))
    assert [problem.where for problem in caught.value.problems] == [f"{bad}:4: sedes", f"{worse}:2"]
    golden("cli/validate", str(caught.value).replace(str(tmp_path), "FOLDER"))


def test_a_problem_ends_with_code_2_and_no_traceback(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(SMALL + "sedes: [1]\n", encoding="utf-8")
    done = process("run", "bad.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bad.yaml:4: sedes: ")
    assert re.findall("'(.+?)'", done.stderr) == ["sedes", "seeds"]
    golden("cli/unknown-setting", done.stderr)
    assert not (tmp_path / ".harness").exists()


def test_a_run_shows_each_classifier_the_table_and_what_is_next(folder: Path, golden: Golden) -> None:
    toys.write_corpus(folder)
    toys.prepared(folder, "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}")
    shown = call("run", "toys.yaml").output
    assert re.findall(r"\d+", shown.splitlines()[0]) == ["54", "18", "9", "0", "27"]
    assert PROMOTE in shown
    table = [line.split() for line in shown.splitlines() if line.strip().startswith(("prior", "verbs"))]
    assert [row[:2] for row in table[-2:]] == [["prior", table[-2][1]], ["verbs", "*"]]
    again = call("run", "toys.yaml").output
    # A line and a row for each, in the same word.
    assert (len(re.findall(r"\breused\b", shown)), len(re.findall(r"\breused\b", again))) == (0, 4)
    # Without durations, which the first run shows.
    golden("cli/run", "\n".join(line.rstrip() for line in again.splitlines()))
    assert (folder / ".harness" / "last").read_text(encoding="utf-8") == "toys\n"


def test_a_classifier_that_fails_does_not_stop_the_others(folder: Path, golden: Golden) -> None:
    toys.prepared(
        folder,
        "  early: {kind: 'toys:refusing'}\n  prior: {kind: prior}",
        split="{kind: kfold, k: 2, dev: 0, calibration: 0}",
    )
    runner = CliRunner()
    result = runner.invoke(cli.app, ["run", "toys.yaml"])
    assert isinstance(result.exception, FailedClassifiersError)
    assert list(result.exception.run.failed) == ["early"]
    golden("cli/failed-classifier", str(result.exception))
    assert "prior: f1_macro" in result.output
    assert "95 % interval" in result.output


def test_where_all_classifiers_fail_no_empty_table_is_shown(folder: Path) -> None:
    toys.prepared(
        folder,
        "  early: {kind: 'toys:refusing'}",
        split="{kind: kfold, k: 2, dev: 0, calibration: 0}",
    )
    result = CliRunner().invoke(cli.app, ["run", "toys.yaml"])
    assert isinstance(result.exception, FailedClassifiersError)
    assert "early: failed" in result.output
    assert not re.findall("95 % interval|, on test", result.output)


def test_what_was_run_is_promoted_and_labels_files_and_streams(folder: Path) -> None:
    toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}")
    call("run", "toys.yaml")
    promoted = call("promote").output
    words = re.findall(r"\w+", promoted.splitlines()[0])
    assert {"stance", "1", "verbs", "champion", "f1_macro"} <= set(words)
    table = folder / "in.csv"
    table.write_text("text,target\nVarna blasted Harbour Party,Harbour Party\n", encoding="utf-8")
    call("predict", "--input", "in.csv", "--output", "out.jsonl")
    row = json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))
    assert (row["target"], row["label"], row["abstain"]) == ("Harbour Party", "critical", False)
    streamed = process("predict", folder=folder, text=table.read_text(encoding="utf-8"))
    assert streamed.returncode == 0, streamed.stderr
    assert streamed.stdout.splitlines()[1].startswith("Varna blasted Harbour Party,Harbour Party,critical,")


def test_without_a_run_there_is_nothing_to_promote(folder: Path, golden: Golden) -> None:
    with pytest.raises(StoreError) as caught:
        call("promote")
    golden("cli/nothing-to-promote", str(caught.value).replace(str(folder), "FOLDER"))
    (folder / "quickstart.yaml").touch()
    with pytest.raises(StoreError) as caught:
        call("promote")
    golden("cli/nothing-to-promote-yet", str(caught.value).replace(str(folder), "FOLDER"))


@pytest.mark.parametrize("section", ["", "corpus", "split", "classifier", "metric"])
def test_list_names_every_entry(section: str) -> None:
    shown = call("list", *([section] if section else [])).output
    for name, entries in CATALOGUES.items():
        for kind in entries:
            assert (f"\n  {kind}: " in shown) == (section in ("", name)), (name, kind)


def test_list_of_an_unknown_section_suggests(golden: Golden) -> None:
    with pytest.raises(ConfigError) as caught:
        call("list", "corpora")
    (problem,) = caught.value.problems
    assert "'corpora'" in problem.what
    assert "'corpus'" in problem.hint
    golden("cli/unknown-catalogue", str(caught.value))


def test_list_of_an_unknown_kind_suggests() -> None:
    with pytest.raises(ConfigError, match=r"^there is no classifier 'linaer'; did you mean 'linear'\?$"):
        call("list", "classifier", "linaer")


@pytest.mark.parametrize("section", CATALOGUES)
def test_defaults_are_listed_as_a_config_would_write_them(section: Section) -> None:
    for entry in catalogue.entries(section):
        factory = lookup(section, entry.kind, entry.kind)
        fields = options_model(factory, section).model_fields if isfunction(factory) else {}
        nested: dict[str, Any] = {}
        for option in entry.options:
            *groups, name = option.name.split(".")
            group = nested
            for inner in groups:
                group = group.setdefault(inner, {})
            group[name] = YAML(typ="safe", pure=True).load(option.default)
        expected = {
            name: catalogue.REQUIRED if field.is_required() else plain(field.default)
            for name, field in fields.items()
        }
        for name, kinds in other_kinds(factory).items() if isfunction(factory) else ():
            expected[name]["kind"] = kinds.usual
        assert nested == expected, entry.kind


@pytest.mark.parametrize("section", ["corpus", "split", "classifier", "audit"])
def test_every_option_of_the_catalogue_says_what_it_means(section: str) -> None:
    for entry in catalogue.entries(section):
        assert entry.what
        # Nested options are those of another kind, which documents them.
        silent = [option.name for option in entry.options if not option.meaning and "." not in option.name]
        assert silent == [], entry.kind


def test_list_of_one_kind_explains_its_options(golden: Golden) -> None:
    golden("cli/list-classifier-linear", call("list", "classifier", "linear").output)
    golden("cli/list-classifier-encoder", call("list", "classifier", "encoder").output)


def test_schema_is_json() -> None:
    assert json.loads(call("schema").output)["title"] == "ExperimentConfig"


def test_corpora_are_listed_and_described() -> None:
    assert "partyline" in call("corpus", "list").output
    assert call("corpus", "describe", "partyline").output.startswith("Partyline (partyline)")


def test_relocate_says_that_nothing_was_to_do(folder: Path) -> None:
    assert call("relocate").output.strip()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_a_terminal_is_not_waited_at_for_rows(folder: Path) -> None:
    _, terminal = os.openpty()
    answer = subprocess.run(
        [sys.executable, "-m", "harness", "predict"], stdin=terminal, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "--input" in answer.stderr
