"""Configs and models that name code: what only looks never runs it, what runs it asks first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from golden import Golden

from harness.config import plan
from harness.config.load import load
from harness.serving import contract
from harness.values import own_code
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError, HarnessError, ModelError
from harness.values.own_code import OwnCode, UntrustedCodeError
from harness.values.own_signature import COMPUTED, first_text, signature_of
from tests.faults.own_configs import executed, refusal


def test_looking_at_a_config_checks_the_options_and_runs_nothing(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    with own_code.access("read"):
        plan.resolve(load(config(options=", cutoff: 80, words: [a]")))
        for options, wrong in (
            (", cutof: 80", "cutof"),
            (", cutoff: many", "cutoff"),
            (", words: 3", "words"),
        ):
            assert wrong in refusal(config(options=options))
        # What the source does not tell is left to the run, and a default that it computes is a default.
        (tmp_path / "made_of_test.py").write_text(
            "def make(*, a: int = len('ab'), labels): ...\n", encoding="utf-8"
        )
        plan.resolve(load(config("made_of_test:make")))
        plan.resolve(load(config("mine_of_test:computed", ", anything: 1")))
        assert "nothing" in refusal(config("mine_of_test:nothing"))
        assert "no_such_module" in refusal(config("no_such_module:length"))
    assert not executed(tmp_path)


def test_running_asks_first_and_remembers(config: Callable[..., Path], tmp_path: Path) -> None:
    path = config()
    assert str(tmp_path / "mine_of_test.py") in refusal(path)
    assert not executed(tmp_path)
    own_code.trust(own_code.code_in(tmp_path / "mine_of_test.py"))
    plan.resolve(load(path))
    assert executed(tmp_path)


@pytest.mark.parametrize("changed", ["mine_of_test.py", "helper_of_test.py"])
def test_code_that_was_changed_is_trusted_no_more(
    config: Callable[..., Path], tmp_path: Path, changed: str
) -> None:
    path = config()
    own_code.trust(own_code.code_in(tmp_path / "mine_of_test.py"))
    with (tmp_path / changed).open("a", encoding="utf-8") as file:
        file.write("\n# another line\n")
    assert "--trust" in refusal(path)
    assert not executed(tmp_path)


def test_trusting_once_is_enough_whatever_it_is(config: Callable[..., Path], tmp_path: Path) -> None:
    path = config()
    with own_code.access("all"):
        plan.resolve(load(path))
    assert executed(tmp_path)


@pytest.mark.parametrize(
    "kind",
    [
        "os:system",
        "subprocess:run",
        "builtins:exec",
        "shutil:rmtree",
        "os.path:join",
        "harness.values.seeds:derive",
    ],
)
@pytest.mark.parametrize("level", ["read", "trusted", "all"])
def test_what_is_nobodys_own_is_refused_whatever_is_trusted(
    config: Callable[..., Path], kind: str, level: own_code.Access
) -> None:
    with own_code.access(level):
        assert kind in refusal(config(kind))


@pytest.mark.parametrize("section", sorted(CATALOGUES))
def test_every_section_that_names_code_is_guarded(
    config: Callable[..., Path], tmp_path: Path, section: str
) -> None:
    path = config()
    kind = '"mine_of_test:length"'
    text = path.read_text(encoding="utf-8").replace('kind: "mine_of_test:length"', "kind: prior")
    text = {
        "corpus": text.replace("kind: partyline", f"kind: {kind}"),
        "split": f"{text}split: {{kind: {kind}}}\n",
        "classifier": text.replace("kind: prior", f"kind: {kind}"),
        "metric": f"{text}metrics: [f1_macro, {kind}]\n",
        "audit": text.replace("audits: []", f"audits: {{mine: {{kind: {kind}}}}}"),
    }[section]
    path.write_text(text, encoding="utf-8")
    assert "--trust" in refusal(path)
    with own_code.access("read"):
        plan.resolve(load(path))
    assert not executed(tmp_path)


def test_the_verbs_ask(config: Callable[..., Path], tmp_path: Path, golden: Golden) -> None:
    path = config()
    environment = {key: value for key, value in os.environ.items() if key != own_code.VARIABLE}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"

    def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness", "--store", str(tmp_path / "store"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert harness("validate", str(path)).returncode == 0
    refused = harness("run", str(path))
    assert (refused.returncode, executed(tmp_path)) == (2, False)
    golden("faults/untrusted-code", refused.stderr.replace(str(tmp_path), "FOLDER"))
    assert harness("run", "--trust", str(path), "--quiet").returncode == 0
    assert executed(tmp_path)
    trusted = json.loads(harness("trust", str(tmp_path / "mine_of_test.py"), "--json").stdout)
    assert [Path(source).name for source in trusted["sources"]] == ["helper_of_test.py", "mine_of_test.py"]
    assert harness("run", str(path), "--quiet").returncode == 0
    assert len(json.loads(harness("trust", "--json").stdout)["trusted"]) == 1


def test_a_model_names_no_code_that_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Callable[..., Path]
) -> None:
    config()
    (tmp_path / "loaders_of_test.py").write_text(
        f"open({str(tmp_path / 'mark')!r}, 'w').close()\ndef load(folder, labels): return 1\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for address in (
        "loaders_of_test:load",
        "os:system",
        "harness.values.seeds:derive",
        "harness.cli.main:main",
    ):
        with pytest.raises(ModelError):
            contract.loader(address)
    assert not executed(tmp_path)
    own_code.trust(own_code.code_in(tmp_path / "loaders_of_test.py"))
    assert callable(contract.loader("loaders_of_test:load"))
    assert callable(contract.loader("harness.classifiers.linear.classifier:load"))


def test_a_package_is_read_without_importing_its_parents(
    config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config()
    package = tmp_path / "package_of_test"
    package.mkdir()
    (package / "__init__.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\n", encoding="utf-8")
    (package / "part.py").write_text("from . import other\ndef make(*, a: int = 1): ...\n", encoding="utf-8")
    (package / "other.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = own_code.locate("package_of_test.part:make")
    assert [path.name for path in code.sources()] == ["__init__.py", "other.py", "part.py"]
    assert code.digest() == OwnCode("part", "", code.file).digest()
    signature = code.signature()
    assert signature is not None
    assert signature.__annotations__ == {"a": int}
    assert not executed(tmp_path)


def test_signatures_are_read_as_python_has_them(tmp_path: Path) -> None:
    path = tmp_path / "source.py"
    path.write_text(
        "from typing import Literal\n"
        "def plain(a, *, b: 'int | None' = None, c: Literal['x', 'y'] = 'x', d: Odd = other(), **more): ...\n"
        "class Made:\n    def __init__(self, e: dict[str, float], f: tuple[int, int] = (1, 2)): ...\n"
        "class Inherits(Made): ...\n"
        "@decorated\ndef hidden(a): ...\n"
        "MINE = Metric('agreement', len)\nTHEIRS = Metric(name='other')\nUNTOLD = made()\n",
        encoding="utf-8",
    )
    plain, made = (signature_of(path, name) for name in ("plain", "Made"))
    assert plain is not None
    assert made is not None
    assert list(plain.__signature__.parameters) == ["a", "b", "c", "d", "more"]
    assert plain.__signature__.parameters["d"].default == COMPUTED
    assert plain.__annotations__["b"] == int | None
    assert list(made.__signature__.parameters) == ["e", "f"]
    assert made.__annotations__["f"] == tuple[int, int]
    assert signature_of(path, "Inherits") is signature_of(path, "hidden") is None
    with pytest.raises(AttributeError):
        signature_of(path, "absent")
    with pytest.raises(TypeError):
        plain()
    assert [first_text(path, name) for name in ("MINE", "THEIRS", "UNTOLD")] == [
        "agreement",
        "other",
        "untold",
    ]


def test_what_is_no_code_cannot_be_trusted(tmp_path: Path, config: Callable[..., Path]) -> None:
    config()
    for path in (tmp_path / "absent.py", tmp_path / "mine.yaml", tmp_path):
        with pytest.raises(UntrustedCodeError):
            own_code.code_in(path)
    own_code.trust_file().parent.mkdir(parents=True)
    for damaged in ("", "[1]", "{"):
        own_code.trust_file().write_text(damaged, encoding="utf-8")
        assert own_code.trusted() == {}
    assert issubclass(ConfigError, HarnessError)
