"""Configs and models that name code: what only looks never runs it, what runs it asks first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib._bootstrap_external import _code_to_hash_pyc
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

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

MINE = """
from pathlib import Path
import {helper}

Path({mark!r}).write_text("executed")


class Length:
    deterministic = True

    def __init__(self, cutoff, labels):
        self.cutoff, self.labels = cutoff, labels

    def fit(self, train, validation=None):
        pass

    def predict_proba(self, examples):
        import numpy as np

        return np.full((len(examples), len(self.labels)), 1 / len(self.labels))


def length(*, cutoff: int = 100, words: tuple[str, ...] = (), labels=None, seed: int = 0):
    return Length(cutoff, labels)


computed = length
"""
CONFIG = """
name: mine
corpus: {{kind: partyline}}
audits: []
classifiers:
  mine: {{kind: "{kind}"{options}}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a config beside code that leaves a mark when it is run, on a machine that trusts nothing."""
    monkeypatch.delenv(own_code.VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setattr(own_code, "LOADED", set())
    (tmp_path / "mine_of_test.py").write_text(
        MINE.format(helper="helper_of_test", mark=str(tmp_path / "mark")), encoding="utf-8"
    )
    (tmp_path / "helper_of_test.py").write_text("import json\n", encoding="utf-8")
    for name in ("mine_of_test", "helper_of_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def write(kind: str = "mine_of_test:length", options: str = "") -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(CONFIG.format(kind=kind, options=options), encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        plan.resolve(load(path))
    return "\n".join(str(problem) for problem in refused.value.problems)


def executed(folder: Path) -> bool:
    return (folder / "mark").exists()


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


SHADOWS = (
    "gzip",
    "queue",
    "statistics",
    "logging",
    "concurrent",
    "numpy",
    "torch",
    "sklearn",
    "yaml",
    "mlflow",
)


def marking(folder: Path) -> str:
    """Return code that leaves the mark."""
    return f"open({str(folder / 'mark')!r}, 'w').close()\n"


@pytest.mark.parametrize("verb", [("validate",), ("run", "--quiet")])
def test_files_that_are_called_like_libraries_are_never_run(
    config: Callable[..., Path], tmp_path: Path, verb: tuple[str, ...]
) -> None:
    """Whatever a library imports while a config is resolved, it is not taken from the config's folder."""
    path = config("mine_of_test:absent")
    text = path.read_text(encoding="utf-8")
    kinds = "\n".join(f"  {kind}: {{kind: {kind}}}" for kind in ("linear", "embedding", "encoder", "lexicon"))
    path.write_text(text + kinds + "\n", encoding="utf-8")
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(marking(tmp_path), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != own_code.VARIABLE}
    command = [sys.executable, "-m", "harness", "--store", str(tmp_path / "store"), *verb, str(path)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, "classifiers.mine.kind" in answer.stderr) == (2, True)
    assert not executed(tmp_path)


def test_bytecode_is_never_run(config: Callable[..., Path], tmp_path: Path) -> None:
    """Bytecode may say of itself that nobody need look whether it is that of its source."""
    path = config()
    for name in ("mine_of_test", "helper_of_test"):
        source = tmp_path / f"{name}.py"
        if name == "mine_of_test":
            source.write_text("import helper_of_test\ndef length(*, a: int = 1): ...\n", encoding="utf-8")
        code = compile(marking(tmp_path) + "def length(*, a=1): ...", str(source), "exec")
        cached = Path(cache_from_source(str(source)))
        cached.parent.mkdir(exist_ok=True)
        cached.write_bytes(_code_to_hash_pyc(code, bytes(8), checked=False))
    own_code.trust(own_code.code_in(tmp_path / "mine_of_test.py"))
    plan.resolve(load(path))
    assert not executed(tmp_path)


def test_modules_of_one_name_in_two_folders_are_two(config: Callable[..., Path], tmp_path: Path) -> None:
    """The second config is given its own code, helpers too, and so is the first one after it."""
    config()
    made = []
    with own_code.access("all"):
        for folder in ("first", "second", "first"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "helper_of_test.py").write_text(f"NAME = {folder!r}\n", encoding="utf-8")
            (tmp_path / folder / "mine_of_test.py").write_text(
                f"import helper_of_test\ndef make():\n    return {folder!r}, helper_of_test.NAME\n",
                encoding="utf-8",
            )
            with own_code.beside(tmp_path / folder):
                made.append(own_code.imported("mine_of_test:make")())
    assert made == [("first", "first"), ("second", "second"), ("first", "first")]


def test_the_packages_around_a_module_are_part_of_what_is_trusted(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    config()
    inner = tmp_path / "package_of_test" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (inner / "part.py").write_text("def make(): return 5\n", encoding="utf-8")
    code = own_code.code_in(inner / "part.py")
    assert [path.parent.name for path in code.sources()] == ["package_of_test", "inner", "inner"]
    own_code.trust(code)
    with own_code.beside(tmp_path):
        assert own_code.imported("package_of_test.inner.part:make")() == 5
        (inner.parent / "__init__.py").write_text(marking(tmp_path), encoding="utf-8")
        with pytest.raises(UntrustedCodeError):
            own_code.imported("package_of_test.inner.part:make")
    assert not executed(tmp_path)


def test_what_is_trusted_imports_its_own_modules_when_it_is_called_and_no_others(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    config()
    package = tmp_path / "package_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "later.py").write_text("VALUE = 7\n", encoding="utf-8")
    (package / "part.py").write_text(
        "import importlib\n"
        "def make():\n    from package_of_test.later import VALUE\n    return VALUE\n"
        "def find(name): return importlib.import_module(name)\n",
        encoding="utf-8",
    )
    own_code.trust(own_code.code_in(package / "part.py"))
    for hidden in (package / "hidden.py", tmp_path / "hidden_of_test.py"):
        hidden.write_text(marking(tmp_path), encoding="utf-8")
    with own_code.beside(tmp_path):
        make, find = (own_code.imported(f"package_of_test.part:{name}") for name in ("make", "find"))
    assert make() == 7
    # Nobody has read these: their names are not in the source.
    for name in ("package_of_test.hidden", "hidden_of_test"):
        with pytest.raises(ModuleNotFoundError):
            find(name)
    assert not executed(tmp_path)


@pytest.mark.parametrize(
    "address", ["pydantic_core._pydantic_core:to_json", "numpy._core._multiarray_umath:array"]
)
def test_compiled_code_is_nobodys_own(config: Callable[..., Path], address: str) -> None:
    """It has no source, and lies in memory already."""
    import importlib

    importlib.import_module(address.partition(":")[0])
    assert address in refusal(config(address))


@pytest.mark.parametrize("script", ["bin/harness", "harness/__main__.py"])
def test_the_command_line_itself_is_nobodys_own(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    module = ModuleType("__main__")
    vars(module).update(__file__=f"/usr/{script}", main=dict)
    monkeypatch.setitem(sys.modules, "__main__", module)
    assert "cannot be imported" in refusal(config("__main__:main"))
    vars(module)["__file__"] = "/home/ann/study.py"
    assert own_code.imported("__main__:main") is dict


def test_what_a_notebook_made_is_its_own(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config()
    module = ModuleType("notebook_of_test")
    vars(module)["make"] = dict
    monkeypatch.setitem(sys.modules, "notebook_of_test", module)
    assert own_code.imported("notebook_of_test:make") is dict


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
